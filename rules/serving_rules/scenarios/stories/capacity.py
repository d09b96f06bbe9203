"""More load than replicas: the ceiling, cold starts, zero."""

from __future__ import annotations

from serving_rules.scenarios.autoscaler import Settings
from serving_rules.scenarios.deployment import Deployment
from serving_rules.scenarios.stories.common import MEDIUM, everywhere
from serving_rules.scenarios.stories.profiles import bursts, steady, steps
from serving_rules.scenarios.story import Scenario, fires

__all__ = ["SCENARIOS"]


def _early_scale_down() -> Deployment:
    """Replicas leave in each lull, and the load is back before the next have started."""
    return Deployment(bursts(MEDIUM, 2, 4.4, every=40, lasting=30), Settings(scale_down_delay=300))


def _single_requests() -> Deployment:
    load = steady(0, MEDIUM)
    for minute in (10, 40, 70, 100, 130):
        load[minute] = 1 / 60
    return Deployment(load, Settings(min_replicas=0, scale_down_delay=300), environment="internal")


def _given_up_on() -> Deployment:
    """The queue grows without end, and more and more people close the page."""
    chat = Deployment(steps(MEDIUM, (0, 0.5), (30, 1.5)), Settings(min_replicas=0, max_replicas=1))
    for minute in range(0, MEDIUM + 1, 10):
        chat.answer("499", 0.2 if minute < 40 else 4, minute, min(minute + 9, MEDIUM), seconds=30)
    return chat


def _refused() -> Deployment:
    """The same step past capacity with the policy to refuse what finds no slot: the queue stays short."""
    chat = Deployment(steps(MEDIUM, (0, 2), (30, 6)), Settings(max_replicas=6))
    chat.policy = "REJECT_ON_FULL"
    chat.answer("429", 180, 31, MEDIUM, seconds=0.1)
    chat.hold(chat.in_flight, 24, 31, MEDIUM)
    return chat


_STEP_PAST = (
    fires("ServingCapacityExhausted/critical", 32, 45),
    fires("ServingCapacitySaturated/warning", 32, 50),
)
_FLOOD = (
    fires("ServingColdFlood/warning", 30, 32),
    fires("ServingCapacityExhausted/critical", 30, 60),
    fires("ServingCapacitySaturated/warning", 30, 60),
)


def _stories() -> tuple[Scenario, ...]:
    return (
        Scenario(
            "step-past-capacity",
            "Load steps to one and a half times what the ceiling can carry.",
            MEDIUM,
            (Deployment(steps(MEDIUM, (0, 2), (30, 9)), Settings(max_replicas=6)),),
            _STEP_PAST,
            everywhere(MEDIUM, _STEP_PAST, plain=()),
        ),
        Scenario(
            "saturation-then-recovery",
            "Half an hour beyond the ceiling, then the load is gone and the queue drains.",
            MEDIUM,
            (Deployment(steps(MEDIUM, (0, 2), (30, 7), (60, 2)), Settings(max_replicas=6)),),
            _STEP_PAST,
        ),
        Scenario(
            "max-one-overloaded",
            "One replica is all there may be, and it is not enough.",
            MEDIUM,
            (_given_up_on(),),
            (*_STEP_PAST, fires("ServingClientsGivingUp/warning", 45, 65)),
        ),
        Scenario(
            "reject-on-full",
            "Load steps past the ceiling of a deployment that refuses what it cannot take.",
            MEDIUM,
            (_refused(),),
            (*_STEP_PAST, fires("ServingRequestsShed/warning", 40, 46)),
        ),
        Scenario(
            "flood-from-zero",
            "From nothing to fifty requests a second while nothing runs.",
            MEDIUM,
            (Deployment(steps(MEDIUM, (0, 0), (30, 50)), Settings(min_replicas=0, max_replicas=30), service=2, start=110),),
            _FLOOD,
            everywhere(MEDIUM, _FLOOD, serving_from=32),
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
            MEDIUM,
            (_early_scale_down(),),
            (fires("ServingLatencyAfterScaleDown/warning", 80, 130),),
        ),
    )


SCENARIOS = _stories()
