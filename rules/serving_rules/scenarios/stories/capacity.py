"""More load than replicas: the ceiling, cold starts, zero."""

from __future__ import annotations

from serving_rules.scenarios.autoscaler import Settings
from serving_rules.scenarios.deployment import Deployment
from serving_rules.scenarios.stories.common import LONG, MEDIUM, SHORT, burns, everywhere
from serving_rules.scenarios.stories.profiles import bursts, steady, steps
from serving_rules.scenarios.story import Scenario, fires

__all__ = ["SCENARIOS"]


def _early_scale_down() -> Deployment:
    """Replicas leave in each lull, and the load is back before the next have started."""
    return Deployment(bursts(LONG, 2, 4.4, every=40, lasting=30), Settings(scale_down_delay=300))


def _single_requests() -> Deployment:
    load = steady(0, MEDIUM)
    for minute in (10, 40, 70, 100, 130):
        load[minute] = 1 / 60
    return Deployment(load, Settings(min_replicas=0, scale_down_delay=300), environment="internal")


def _given_up_on() -> Deployment:
    """The queue grows without end, and more and more people close the page."""
    chat = Deployment(steps(SHORT, (0, 0.5), (10, 1.5)), Settings(min_replicas=0, max_replicas=1))
    chat.answer("499", 0.2, 0, 19, seconds=30)
    chat.answer("499", 4, 20, SHORT, seconds=30)
    return chat


def _refused() -> Deployment:
    """A step past capacity with the policy to refuse what finds no slot: nothing queues."""
    chat = Deployment(steps(SHORT, (0, 2), (10, 6)), Settings(max_replicas=6))
    chat.policy = "REJECT_ON_FULL"
    chat.answer("429", 60, 11, SHORT, seconds=0.1)
    chat.hold(chat.in_flight, 24, 11, SHORT)
    chat.seconds["200"][11:] = [4.0] * (SHORT - 10)
    return chat


_STEP_PAST = (
    fires("ServingCapacityExhausted/critical", 13, 25),
    fires("ServingCapacitySaturated/warning", 15, 30),
)
_FLOOD = (
    fires("ServingColdFlood/warning", 10, 12),
    fires("ServingCapacityExhausted/critical", 10, 40),
    fires("ServingCapacitySaturated/warning", 10, 40),
)
_SLOW = burns("Latency", 14, 55, "1h", "6h", because="The queue alone takes longer than a minute.")


def _stories() -> tuple[Scenario, ...]:
    return (
        Scenario(
            "step-past-capacity",
            "Load steps to half as much again as the ceiling can carry.",
            SHORT,
            (Deployment(steps(SHORT, (0, 2), (10, 9)), Settings(max_replicas=6)),),
            (*_STEP_PAST, *_SLOW),
            everywhere(
                SHORT,
                (*_STEP_PAST, *_SLOW),
                plain=_SLOW,
            ),
        ),
        Scenario(
            "saturation-then-recovery",
            "Twenty minutes beyond the ceiling, then the load is gone and the queue drains.",
            SHORT,
            (Deployment(steps(SHORT, (0, 2), (10, 7), (30, 2)), Settings(max_replicas=6)),),
            (*_STEP_PAST, *_SLOW),
        ),
        Scenario(
            "max-one-overloaded",
            "One replica is all there may be, and it is not enough.",
            SHORT,
            (_given_up_on(),),
            (*_STEP_PAST, fires("ServingClientsGivingUp/warning", 25, 45), *_SLOW),
        ),
        Scenario(
            "reject-on-full",
            "Load steps past the ceiling of a deployment that refuses what it cannot take.",
            SHORT,
            (_refused(),),
            (
                *_STEP_PAST,
                fires("ServingRequestsShed/warning", 20, 26),
                *burns("Availability", 15, 55, "6h", because="What is refused is not served."),
            ),
        ),
        Scenario(
            "flood-from-zero",
            "From nothing to fifty requests a second while nothing runs.",
            SHORT,
            (Deployment(steps(SHORT, (0, 0), (10, 50)), Settings(min_replicas=0, max_replicas=30), service=2, start=110),),
            _FLOOD,
            everywhere(SHORT, _FLOOD, plain=()),
        ),
        Scenario(
            "bursts-short-delay",
            "A burst of two minutes each quarter of an hour, to zero in between: the delay is half a minute.",
            MEDIUM,
            (Deployment(bursts(MEDIUM, 0, 2, every=15, lasting=2, first=5), Settings(min_replicas=0, scale_down_delay=30)),),
            (fires("ServingColdFlood/warning", 5, 10), fires("ServingScaleToZeroChurn/warning", 50, 68)),
        ),
        Scenario(
            "rare-requests-from-zero",
            "One request each half hour wakes a replica each time.",
            MEDIUM,
            (_single_requests(),),
            (fires("ServingScaleToZeroChurn/info", 100, 120),),
        ),
        Scenario(
            "early-scale-down",
            "Lulls a little longer than the delay; each time the load comes back to too few replicas.",
            LONG,
            (_early_scale_down(),),
            (fires("ServingLatencyAfterScaleDown/warning", 160, 220),),
        ),
    )


SCENARIOS = _stories()
