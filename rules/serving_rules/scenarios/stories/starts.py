"""Replicas on their way: slow, stuck, crashing, or without hardware."""

from __future__ import annotations

from serving_rules.scenarios.autoscaler import Settings
from serving_rules.scenarios.deployment import Deployment
from serving_rules.scenarios.samples import Values
from serving_rules.scenarios.stories.common import MEDIUM, everywhere
from serving_rules.scenarios.stories.profiles import steady, steps
from serving_rules.scenarios.story import Scenario, fires

__all__ = ["SCENARIOS"]


def _slow() -> Deployment:
    chat = Deployment(steps(MEDIUM, (0, 2), (30, 3.5)), start=5400)
    chat.in_phase["weight_download"] = [*chat.starting]
    return chat


def _no_hardware() -> Deployment:
    """A new deployment for which there is no GPU: no replica, no log, and after an hour and a half it is inactive."""
    chat = Deployment(steady(0, MEDIUM), Settings(min_replicas=0), environment="", start=1)
    chat.born, chat.created = 10, 600.0
    chat.starting = [*steps(MEDIUM, (0, 0), (20, 1), (110, 0))]
    chat.status = [*["BUILDING"] * 20, *["DEPLOYING"] * 90, *["INACTIVE"] * (MEDIUM - 109)]
    for values in chat.set.values():
        values[:] = [None] * len(values)
    chat.in_phase["scheduling"] = [*chat.starting]
    return chat


def _no_hardware_for_more() -> Deployment:
    """Two replicas serve; three more wait for hardware that does not come."""
    chat = Deployment(steady(2.8, MEDIUM), Settings(max_replicas=6))
    chat.active = [4.0] * (MEDIUM + 1)
    chat.starting = [*steps(MEDIUM, (0, 0), (30, 3))]
    chat.in_flight = [*steps(MEDIUM, (0, 8), (30, 16))]
    chat.in_phase["scheduling"] = [*chat.starting]
    return chat


def _crash_on_load() -> Deployment:
    """At zero; requests wake a replica that crashes each time it has loaded. Each waits for twenty minutes and is answered with 500."""
    chat = Deployment(steady(0, MEDIUM), Settings(min_replicas=0), environment="internal")
    trying: Values = [float(minute >= 20) for minute in range(MEDIUM + 1)]
    chat.starting = [value if (minute - 20) % 9 < 5 else 0 for minute, value in enumerate(trying)]
    chat.in_flight = [float(min(2 * max(0, minute - 19), 40)) for minute in range(MEDIUM + 1)]
    chat.answer("500", 2, 40, MEDIUM, seconds=1200)
    chat.restart(*range(25, MEDIUM, 9))
    chat.startups["FAILED"] = [float(minute >= 25 and (minute - 25) % 9 == 0) for minute in range(MEDIUM + 1)]
    chat.status = [*["SCALED_TO_ZERO"] * 20, *["WAKING_UP"] * (MEDIUM - 19)]
    return chat


_SLOW = (
    fires("ServingColdStartGap/critical", 30, 60),
    fires("ServingReplicasStuckStarting/critical", 45, 95),
    fires("ServingCapacityExhausted/critical", 120, 135, because="What has queued for an hour and a half is too much for any ceiling."),
    fires("ServingCapacitySaturated/warning", 120, 140, because="The same."),
)
_CRASHING = (
    fires("ServingRequestsParked/critical", 24, 26, because="Users wait while nothing serves, whatever the cause."),
    fires("ServingRequestsExpired/critical", 42, 50, because="They have waited for twenty minutes."),
    fires("ServingRestartLoop/critical", 40, 55),
    fires("ServingDeploymentStuck/warning", 40, 44, because="It is waking up and never arrives."),
    fires("ServingReplicasStuckStarting/critical", 25, 44, because="Nothing comes up, and requests wait."),
)


def _stories() -> tuple[Scenario, ...]:
    return (
        Scenario(
            "slow-starts",
            "Load grows by three quarters, and a replica takes an hour and a half to start.",
            MEDIUM,
            (_slow(),),
            _SLOW,
            everywhere(MEDIUM, _SLOW),
        ),
        Scenario(
            "quick-starts",
            "The same load, with replicas that start in twenty seconds.",
            MEDIUM,
            (Deployment(steps(MEDIUM, (0, 2), (30, 3.5)), start=20),),
        ),
        Scenario(
            "no-hardware",
            "A new deployment for which there is no hardware.",
            MEDIUM,
            (_no_hardware(),),
            (
                fires("ServingDeploymentStuck/warning", 40, 45),
                fires("ServingReplicasStuckStarting/critical", 40, 45),
                fires("ServingDeploymentNeverStarted/warning", 110, 111),
            ),
        ),
        Scenario(
            "no-hardware-for-more",
            "A deployment that serves wants more replicas, and no hardware is left.",
            MEDIUM,
            (_no_hardware_for_more(),),
            (fires("ServingReplicasStuckStarting/warning", 45, 55),),
        ),
        Scenario(
            "crash-on-load",
            "A deployment at zero is woken, and its replica crashes whenever it has loaded.",
            MEDIUM,
            (_crash_on_load(),),
            _CRASHING,
            everywhere(
                MEDIUM,
                _CRASHING,
                plain=[each for each in _CRASHING if each.name != "ServingDeploymentStuck"],
                no_pod_health=[each for each in _CRASHING if each.name != "ServingRestartLoop"],
                serving_from=MEDIUM,
            ),
        ),
    )


SCENARIOS = _stories()
