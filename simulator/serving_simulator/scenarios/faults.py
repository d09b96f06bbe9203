"""What breaks: containers and replicas."""

from __future__ import annotations

import numpy as np

from serving_simulator.scenarios.scenario import BUDGETS, HEALTHY, LASTS, ONSET, SHORT, Level, Scenario, during, model_of, seconds, varied

__all__ = [
    "below_minimum",
    "crashing_requests",
    "hung_replica",
    "memory_leak",
    "restart_loop",
    "scale_down_stuck",
    "unready_pods",
]


def restart_loop(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Containers die again and again, soon after they have become ready or while they load."""
    every = {HEALTHY: None, "mild": 1500.0, "medium": 420.0, "severe": 150.0}[level]
    change = {"crash_every": every, "crash_on_load": 0.4}
    return Scenario(
        name,
        "restart_loop",
        level,
        SHORT,
        [
            model_of(
                name,
                {
                    "instance_type": "T4x4x16",
                    "autoscaling": {"min_replica": 2, "max_replica": 4, "concurrency_target": 8},
                    "service": {"mean": varied(rng, 0.4), "cv": 0.5, "knee": 4, "patience": 60},
                    "startup": {"scheduling": 10, "weight_download": 5, "container_start": 20},
                    "workload": {"patterns": [{"kind": "constant", "rate": varied(rng, 4.0)}]},
                },
            )
        ],
        timeline=during(name, change, {"crash_every": None, "crash_on_load": 0.0}) if every else [],
        detection="restart_loop",
        onset=ONSET,
        end=ONSET + LASTS,
        # Three crashes make a loop: two replicas that die every seven minutes have had them after ten or so.
        evidence={"mild": 50, "medium": 25}.get(level, 10),
        expected=frozenset({"ServingRestartLoop", "ServingDeploymentUnhealthy"}),
        companions=BUDGETS
        | {
            "ServingReplicaCrashes",
            "ServingBelowMinReplicas",
            "ServingRequestsParked",
            "ServingClientsGivingUp",
            "ServingPodsNotReady",
            "ServingColdStartGap",
        },
    )


def crashing_requests(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """One request in some hundreds kills the replica that takes it, with everything else on it."""
    poison = {HEALTHY: 0.0, "mild": 0.0008, "medium": 0.003, "severe": 0.008}[level]
    return Scenario(
        name,
        "crashing_requests",
        level,
        SHORT,
        [
            model_of(
                name,
                {
                    "autoscaling": {"min_replica": 4, "max_replica": 8, "concurrency_target": 8},
                    "service": {"mean": varied(rng, 4.0), "cv": 0.5, "knee": 8, "patience": 120},
                    "startup": {"scheduling": 10, "weight_download": 5, "container_start": 20},
                    "workload": {"patterns": [{"kind": "constant", "rate": varied(rng, 3.0)}]},
                },
            )
        ],
        timeline=during(name, {"poison": poison}, {"poison": 0.0}) if poison else [],
        detection="status_codes",
        onset=ONSET,
        end=ONSET + LASTS,
        evidence=20,
        expected=frozenset({"ServingReplicaCrashes", "ServingRestartLoop"}),
        companions=BUDGETS
        | {
            "ServingBelowMinReplicas",
            "ServingDeploymentUnhealthy",
            "ServingClientsGivingUp",
            "ServingPodsNotReady",
            "ServingColdStartGap",
            "ServingRequestsParked",
        },
    )


def memory_leak(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """A replica needs more memory by the hour, and nears what its instance has."""
    hours = {HEALTHY: None, "mild": 7.0, "medium": 5.5, "severe": 4.0}[level]
    limit = 16 * 1024.0
    base = 0.72 * limit
    leak = 0.0 if hours is None else varied(rng, (limit - base) / hours, 0.05)
    # Known for certain at 95 %, whatever the rise says.
    full = int((0.95 * limit - base) / leak * 60) if leak else 0
    return Scenario(
        name,
        "memory_leak",
        level,
        SHORT,
        [
            model_of(
                name,
                {
                    "instance_type": "L4:4x16",
                    "autoscaling": {"min_replica": 2, "max_replica": 4, "concurrency_target": 16},
                    "service": {"mean": varied(rng, 1.0), "cv": 0.5, "knee": 16},
                    "memory": {"base": base, "per_request": 2.0, "leak_per_hour": leak},
                    "workload": {"patterns": [{"kind": "constant", "rate": varied(rng, 6.0)}]},
                },
            )
        ],
        detection="memory_near_limit",
        evidence=full,
        expected=frozenset({"ServingMemoryNearLimit"}),
        companions=BUDGETS | {"ServingReplicaCrashes", "ServingRestartLoop", "ServingBelowMinReplicas"},
    )


def unready_pods(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Replicas run and do not pass their checks: they are billed and do no work."""
    length = {HEALTHY: 120.0, "mild": 1600.0, "medium": 2700.0, "severe": 3600.0}[level]
    fails = {"action": "fault", "deployment": f"{name}/deployment-1"}
    # Within five minutes most of four pods fail; a single one does for the healthy twin, at most.
    every = 20000.0 if level == HEALTHY else 300.0
    happens = [
        {"at": seconds(ONSET), "do": {**fails, "change": {"unready_every": every, "unready_for": length}}},
        {"at": seconds(ONSET + 5), "do": {**fails, "change": {"unready_every": None}}},
    ]
    return Scenario(
        name,
        "unready_pods",
        level,
        SHORT,
        [
            model_of(
                name,
                {
                    "autoscaling": {"min_replica": 4, "max_replica": 4, "concurrency_target": 8},
                    "service": {"mean": varied(rng, 1.0), "cv": 0.5, "knee": 8},
                    "probes": {"restart_threshold": 7000, "stop_traffic_threshold": 60},
                    "workload": {"patterns": [{"kind": "constant", "rate": varied(rng, 4.0)}]},
                },
            )
        ],
        timeline=happens,
        detection="pods_not_ready",
        onset=ONSET,
        end=ONSET + 5 + int(length / 60),
        evidence=5,
        expected=frozenset({"ServingPodsNotReady", "ServingBelowMinReplicas", "ServingDeploymentUnhealthy"}),
        companions=BUDGETS | {"ServingRequestsParked", "ServingRequestsExpired", "ServingCapacityExhausted", "ServingCapacitySaturated"},
    )


def below_minimum(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Replicas of the floor go, and there is no hardware for others; those that are left suffice."""
    lose = {HEALTHY: 0, "mild": 1, "medium": 2, "severe": 3}[level]
    gone = {"action": "capacity", "deployment": f"{name}/deployment-1", "available": False}
    back = {"action": "capacity", "deployment": f"{name}/deployment-1", "available": True}
    loss = {"action": "terminate", "deployment": f"{name}/deployment-1"}
    happens = [{"at": seconds(ONSET), "do": gone}, {"at": seconds(ONSET + LASTS), "do": back}]
    happens += [{"at": seconds(ONSET) + 10 + 5 * number, "do": loss} for number in range(lose)]
    return Scenario(
        name,
        "below_minimum",
        level,
        SHORT,
        [
            model_of(
                name,
                {
                    "instance_type": "H100",
                    "autoscaling": {"min_replica": 4, "max_replica": 8, "concurrency_target": 8},
                    "service": {"mean": varied(rng, 2.0), "cv": 0.5, "knee": 8},
                    "startup": {"scheduling": 15, "container_start": 40},
                    "workload": {"patterns": [{"kind": "constant", "rate": varied(rng, 1.2)}]},
                },
            )
        ],
        timeline=happens if lose else [],
        detection="below_min_replicas",
        onset=ONSET,
        end=ONSET + LASTS,
        # A start has to look for hardware for five minutes.
        evidence=5,
        expected=frozenset({"ServingBelowMinReplicas", "ServingReplicasStuckStarting"}),
        companions=BUDGETS | {"ServingDeploymentStuck"},
    )


def scale_down_stuck(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """The day's work is over, and the replicas that did it stay."""
    replicas = {HEALTHY: 4, "mild": 2, "medium": 4, "severe": 8}[level]
    service = varied(rng, 2.0)
    work = {"kind": "step", "rate": replicas * 4.8 / service, "at": 0, "length": seconds(ONSET)}
    return Scenario(
        name,
        "scale_down_stuck",
        level,
        SHORT,
        [
            model_of(
                name,
                {
                    "autoscaling": {"min_replica": 1, "max_replica": 12, "concurrency_target": 8, "scale_down_delay": 600},
                    "service": {"mean": service, "cv": 0.5, "knee": 8},
                    "startup": {"scheduling": 10, "container_start": 30},
                    "workload": {"patterns": [work]},
                },
                age="30d",
            )
        ],
        timeline=during(name, {"keeps_replicas": True}, {"keeps_replicas": False}) if level != HEALTHY else [],
        detection="scale_down_stuck",
        onset=ONSET,
        end=ONSET + LASTS,
        # More than two delays, a window and ten minutes without work: 31 minutes, and the next look.
        evidence=32,
        expected=frozenset({"ServingScaleDownStuck"}),
    )


def hung_replica(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """The one replica of a quiet hour hangs unnoticed, and the load of the day comes to those beside it."""
    replicas = {HEALTHY: 4, "mild": 3, "medium": 4, "severe": 6}[level]
    service = varied(rng, 2.0)
    do = {"action": "fault", "deployment": f"{name}/deployment-1"}
    hangs = [
        {"at": seconds(ONSET), "do": {**do, "change": {"hang_every": 0.5}}},
        {"at": seconds(ONSET) + 60, "do": {**do, "change": {"hang_every": None}}},
    ]
    more = {"action": "settings", "deployment": f"{name}/deployment-1", "change": {"min_replica": replicas, "max_replica": replicas}}
    rate = 0.75 * 2 * (replicas - 1) / service
    step = {"kind": "step", "rate": rate, "at": seconds(ONSET + 4)}
    return Scenario(
        name,
        "hung_replica",
        level,
        SHORT,
        [
            model_of(
                name,
                {
                    "autoscaling": {"min_replica": 1, "max_replica": 1, "concurrency_target": 4},
                    "service": {"mean": service, "cv": 0.4, "knee": 2, "patience": 600},
                    "startup": {"scheduling": 10, "container_start": 30},
                    "workload": {"patterns": [{"kind": "constant", "rate": 0.05 / service}, step]},
                },
            )
        ],
        timeline=[*(hangs if level != HEALTHY else ()), {"at": seconds(ONSET) + 80, "do": more}],
        detection="replica_hung",
        onset=ONSET + 4,
        evidence=20,
        expected=frozenset({"ServingReplicaHung"}),
        companions=BUDGETS
        | {
            "ServingCapacityExhausted",
            "ServingCapacitySaturated",
            "ServingRequestTimeouts",
            "ServingClientsGivingUp",
            "ServingRestartLoop",
        },
    )
