"""Replicas on their way: slow, stuck, crashing, or without hardware."""

from __future__ import annotations

from serving_rules.scenarios.autoscaler import Settings
from serving_rules.scenarios.deployment import Deployment
from serving_rules.scenarios.samples import Values
from serving_rules.scenarios.stories.common import MEDIUM, SHORT, burns, everywhere, without
from serving_rules.scenarios.stories.profiles import steady, steps
from serving_rules.scenarios.story import Scenario, fires

__all__ = ["SCENARIOS"]


def _slow() -> Deployment:
    chat = Deployment(steps(MEDIUM, (0, 2), (10, 3.5)), start=5400)
    chat.in_phase["weight_download"] = [*chat.starting]
    return chat


def _no_hardware() -> Deployment:
    """A new deployment for which there is no GPU: no replica, no log, and after half an hour it is inactive."""
    chat = Deployment(steady(0, SHORT), Settings(min_replicas=0), environment="", start=1)
    chat.born, chat.created = 5, 300.0
    chat.starting = [*steps(SHORT, (0, 0), (15, 1), (48, 0))]
    chat.status = [*["BUILDING"] * 15, *["DEPLOYING"] * 33, *["INACTIVE"] * (SHORT - 47)]
    for values in chat.set.values():
        values[:] = [None] * len(values)
    chat.in_phase["scheduling"] = [*chat.starting]
    return chat


def _no_hardware_for_more() -> Deployment:
    """Four replicas serve; three more wait for hardware that does not come."""
    chat = Deployment(steady(2.8, SHORT), Settings(max_replicas=6))
    chat.active = [4.0] * (SHORT + 1)
    chat.starting = [*steps(SHORT, (0, 0), (10, 3))]
    chat.in_flight = [*steps(SHORT, (0, 11), (10, 15))]
    chat.in_phase["scheduling"] = [*chat.starting]
    return chat


def _crash_on_load() -> Deployment:
    """At zero; requests wake a replica that crashes each time it has loaded. Each waits for twenty minutes and gets a 500."""
    chat = Deployment(steady(0, SHORT), Settings(min_replicas=0), environment="internal")
    trying: Values = [float(minute >= 5) for minute in range(SHORT + 1)]
    chat.starting = [value if (minute - 5) % 9 < 5 else 0 for minute, value in enumerate(trying)]
    chat.in_flight = [float(min(2 * max(0, minute - 4), 40)) for minute in range(SHORT + 1)]
    chat.answer("500", 2, 25, SHORT, seconds=1200)
    chat.restart(*range(10, SHORT, 9))
    chat.startups["FAILED"] = [float(minute >= 10 and (minute - 10) % 9 == 0) for minute in range(SHORT + 1)]
    chat.status = [*["SCALED_TO_ZERO"] * 5, *["WAKING_UP"] * (SHORT - 4)]
    return chat


_WAIT = "What waits for a replica waits for longer than a minute."

_SLOW = (
    fires("ServingColdStartGap/critical", 10, 40),
    fires("ServingReplicasStuckStarting/critical", 25, 80),
    *burns("Latency", 15, 140, "1h", "6h", "1d", because=_WAIT),
)
_CRASHING = (
    fires("ServingColdFlood/warning", 9, 14, because="Ten requests wait, and nothing runs."),
    fires("ServingRequestsParked/critical", 7, 11, because="Users wait while nothing serves, whatever the cause."),
    fires("ServingRestartLoop/critical", 25, 40),
    fires("ServingDeploymentStuck/warning", 25, 29, because="It is waking up and never arrives."),
    fires("ServingReplicasStuckStarting/critical", 10, 29, because="Nothing comes up, and requests wait."),
    fires("ServingRequestsExpired/critical", 27, 35, because="They have waited for twenty minutes."),
    *burns("Availability", 26, 55, "1h", "6h", because="Every answer is a 500."),
)


def _stories() -> tuple[Scenario, ...]:
    return (
        Scenario(
            "slow-starts",
            "Load grows by three quarters, and a replica takes an hour and a half to start.",
            MEDIUM,
            (_slow(),),
            _SLOW,
            everywhere(
                MEDIUM,
                _SLOW,
                # Without a concurrency target nobody knows that requests wait.
                plain=(
                    *without(_SLOW, "ServingColdStartGap", "ServingReplicasStuckStarting"),
                    fires("ServingReplicasStuckStarting/warning", 25, 80),
                ),
            ),
        ),
        Scenario(
            "quick-starts",
            "The same load, with replicas that start in twenty seconds.",
            SHORT,
            (Deployment(steps(SHORT, (0, 2), (10, 3.5)), start=20),),
        ),
        Scenario(
            "sequential-starts",
            "One replica after the other starts, and each arrives.",
            SHORT,
            (Deployment([1.5 + 0.1 * (minute // 2) for minute in range(SHORT + 1)], start=240),),
        ),
        Scenario(
            "no-hardware",
            "A new deployment for which there is no hardware.",
            SHORT,
            (_no_hardware(),),
            (
                fires("ServingDeploymentStuck/warning", 35, 40),
                fires("ServingReplicasStuckStarting/critical", 35, 40),
                fires("ServingDeploymentNeverStarted/warning", 48, 49),
            ),
        ),
        Scenario(
            "no-hardware-for-more",
            "A deployment that serves wants more replicas, and no hardware is left.",
            SHORT,
            (_no_hardware_for_more(),),
            (fires("ServingReplicasStuckStarting/warning", 25, 35),),
        ),
        Scenario(
            "crash-on-load",
            "A deployment at zero is woken, and its replica crashes whenever it has loaded.",
            SHORT,
            (_crash_on_load(),),
            _CRASHING,
            everywhere(
                SHORT,
                _CRASHING,
                plain=without(_CRASHING, "ServingDeploymentStuck", "ServingColdFlood"),
                no_pod_health=without(_CRASHING, "ServingRestartLoop"),
            ),
        ),
    )


SCENARIOS = _stories()
