"""Deployments on their way, and promotions."""

from __future__ import annotations

from typing import Any

import numpy as np

from serving_simulator.scenarios.scenario import BUDGETS, HEALTHY, ONSET, SHORT, Level, Scenario, model_of, seconds, varied

__all__ = ["candidate_worse", "failed_deploy", "promote", "promoted", "rollout_stuck", "unhealthy"]

_QUICK = {"scheduling": 8, "image_pull": 3, "weight_download": 5, "container_start": 20}


def promoted(name: str, rng: np.random.Generator, promotion: dict[str, Any], candidate: dict[str, Any]) -> dict[str, Any]:
    """Return a model with a deployment in production and one that waits to replace it."""
    service = {"mean": varied(rng, 0.6), "cv": 0.4, "knee": 8}
    return {
        "name": name,
        "environments": [
            {
                "name": "production",
                "autoscaling": {"min_replica": 3, "max_replica": 8, "concurrency_target": 8, "scale_down_delay": 600},
                "promotion": promotion,
                "workload": {"noise": 0.1, "patterns": [{"kind": "constant", "rate": varied(rng, 25.0)}]},
            }
        ],
        "deployments": [
            {"name": "deployment-1", "environment": "production", "replicas": 4, "service": service, "startup": _QUICK},
            {
                "name": "deployment-2",
                "age": "1d",
                "state": "zero",
                "autoscaling": {"min_replica": 0, "max_replica": 8, "concurrency_target": 8},
                "service": service,
                "startup": _QUICK,
                **candidate,
            },
        ],
    }


def promote(name: str) -> dict[str, Any]:
    """Return what promotes the second deployment of such a model to production."""
    return {"action": "promote", "environment": f"{name}/production", "deployment": f"{name}/deployment-2"}


def candidate_worse(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """The candidate of a rolling promotion fails more requests than the version that it replaces, until somebody calls it off."""
    share = {HEALTHY: 0.0, "mild": 0.05, "medium": 0.2, "severe": 0.8}[level]
    rolling = {"rolling_deploy": True, "max_surge_percent": 25, "stabilization_time_seconds": 600}
    stop = {"action": "control", "environment": f"{name}/production", "control": "GRACEFUL_CANCEL"}
    return Scenario(
        name,
        "candidate_worse",
        level,
        SHORT,
        [promoted(name, rng, rolling, {"faults": {"error_rate": share}})],
        timeline=[{"at": seconds(ONSET), "do": promote(name)}, *([] if level == HEALTHY else [{"at": seconds(ONSET + 30), "do": stop}])],
        detection="rollout",
        onset=ONSET,
        end=ONSET + 30,
        # The first replicas of the candidate have to start, to be seen, and to serve some requests of five minutes.
        evidence=9,
        expected=frozenset({"ServingCandidateWorse"}),
        companions=BUDGETS | {"ServingRolloutStuck", "ServingEnvironmentExhausted", "ServingEnvironmentSaturated"},
    )


def rollout_stuck(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """The candidate never becomes ready, and the promotion stands still."""
    faults = {
        HEALTHY: {},
        "mild": {"no_capacity": True},
        "medium": {"no_capacity": True},
        "severe": {"crash_on_load": 1.0},
    }[level]
    rolling = {"rolling_deploy": True, "max_surge_percent": 25, "stabilization_time_seconds": 30}
    return Scenario(
        name,
        "rollout_stuck",
        level,
        SHORT,
        [promoted(name, rng, rolling, {"faults": faults})],
        timeline=[{"at": seconds(ONSET), "do": promote(name)}],
        detection="rollout",
        onset=ONSET,
        evidence=20,
        expected=frozenset({"ServingRolloutStuck", "ServingReplicasStuckStarting", "ServingRestartLoop", "ServingDeploymentStuck"}),
        companions=frozenset({"ServingDeploymentUnhealthy", "ServingBelowMinReplicas", "ServingDeploymentFailed"}),
    )


def failed_deploy(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """A new deployment dies while it loads, each time, until the platform gives it up; or it never gets hardware."""
    faults = {HEALTHY: {}, "mild": {"no_capacity": True}, "medium": {"crash_on_load": 1.0}, "severe": {"crash_on_load": 1.0}}[level]
    return Scenario(
        name,
        "failed_deploy",
        level,
        SHORT,
        [
            model_of(
                name,
                {
                    "state": "new",
                    "age": 0,
                    "autoscaling": {"min_replica": 1, "max_replica": 3, "concurrency_target": 8},
                    "service": {"mean": varied(rng, 1.0), "cv": 0.5, "knee": 8},
                    "startup": {"scheduling": 10, "container_start": 30 if level != "severe" else 90},
                    "faults": faults,
                },
            )
        ],
        detection="status",
        evidence=20,
        expected=frozenset(
            {
                "ServingDeploymentFailed",
                "ServingDeploymentStuck",
                "ServingReplicasStuckStarting",
                "ServingRestartLoop",
                "ServingDeploymentUnhealthy",
            }
        ),
        companions=BUDGETS | {"ServingEnvironmentBroken", "ServingBelowMinReplicas", "ServingDeploymentNeverStarted"},
    )


def unhealthy(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Every replica of a deployment dies while it loads: the platform calls it unhealthy."""
    share = {HEALTHY: 0.0, "mild": 0.9, "medium": 1.0, "severe": 1.0}[level]
    do = {"action": "fault", "deployment": f"{name}/deployment-1"}
    loss = {"action": "terminate", "deployment": f"{name}/deployment-1"}
    happens = [{"at": seconds(ONSET), "do": {**do, "change": {"crash_on_load": share, "crash_every": 30.0}}}]
    happens += [{"at": seconds(ONSET) + 5 + 5 * number, "do": loss} for number in range(3)]
    over = {"at": seconds(ONSET + 60), "do": {**do, "change": {"crash_on_load": 0.0, "crash_every": None}}}
    return Scenario(
        name,
        "unhealthy",
        level,
        SHORT,
        [
            model_of(
                name,
                {
                    "autoscaling": {"min_replica": 2, "max_replica": 3, "concurrency_target": 8},
                    "service": {"mean": varied(rng, 1.0), "cv": 0.5, "knee": 8, "patience": 60},
                    "startup": {"scheduling": 10, "weight_download": 10, "container_start": 30},
                    "workload": {"patterns": [{"kind": "constant", "rate": varied(rng, 2.0)}]},
                },
            )
        ],
        timeline=[] if level == HEALTHY else [*happens, over],
        detection="status",
        onset=ONSET,
        end=ONSET + 60,
        evidence=10,
        expected=frozenset({"ServingDeploymentUnhealthy", "ServingRestartLoop"}),
        companions=BUDGETS
        | {
            "ServingRequestsParked",
            "ServingBelowMinReplicas",
            "ServingReplicasStuckStarting",
            "ServingReplicaCrashes",
            "ServingClientsGivingUp",
            "ServingPodsNotReady",
            "ServingColdFlood",
            "ServingColdStartGap",
        },
    )
