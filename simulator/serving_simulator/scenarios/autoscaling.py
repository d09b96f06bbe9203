"""Load that the autoscaler meets badly: it flaps, comes late, hits the ceiling, or finds no hardware."""

from __future__ import annotations

import numpy as np

from serving_simulator.scenarios.scenario import BUDGETS, HEALTHY, ONSET, SHORT, Level, Scenario, model_of, seconds, varied

__all__ = [
    "ceiling",
    "cold_start_gap",
    "near_ceiling",
    "no_hardware",
    "scale_down_regretted",
    "thrash",
]

_QUICK = {"scheduling": 8, "image_pull": 3, "weight_download": 8, "container_start": 15, "readiness": 3}


def thrash(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Bursts come back before long, and the replicas that they need are thrown away after each: the delay is shorter than the period."""
    swing = {HEALTHY: 3.0, "mild": 2.0, "medium": 3.5, "severe": 6.0}[level]
    period = seconds(float(rng.integers(5, 9)))
    service = varied(rng, 4.0)
    quiet = varied(rng, 0.3) / service * 4
    # The first is cut short by the begin of the incident: bursts go on from there to the end.
    burst = {"kind": "burst", "rate": swing * 0.7 / service, "length": period * 0.35, "every": period}
    return Scenario(
        name,
        "thrash",
        level,
        SHORT,
        [
            model_of(
                name,
                {
                    "instance_type": "A10Gx4x16",
                    "autoscaling": {
                        "min_replica": 1,
                        "max_replica": 14,
                        "scale_down_delay": 1800 if level == HEALTHY else 60,
                        "autoscaling_window": 30,
                    },
                    "service": {"mean": service, "cv": 0.15, "knee": 1, "prefill": 0.9},
                    "startup": _QUICK,
                    "workload": {"patterns": [{"kind": "constant", "rate": quiet}, burst]},
                },
            )
        ],
        detection="thrash",
        # Fourteen changes of direction are seven bursts.
        evidence=int(7 * period / 60),
        expected=frozenset({"ServingThrash"}),
        companions=BUDGETS | {"ServingLatencyAfterScaleDown", "ServingColdStartGap"},
    )


def scale_down_regretted(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Load pauses for a little longer than the delay, a few times in a morning, and comes back to too few slots."""
    depth = {HEALTHY: 0.9, "mild": 0.35, "medium": 0.2, "severe": 0.1}[level]
    service = varied(rng, 6.0)
    high = varied(rng, 30.0) / service
    every = seconds(float(rng.integers(32, 40)))
    pause = {"kind": "burst", "rate": high * (1 - depth), "length": every * 0.62, "every": every}
    return Scenario(
        name,
        "scale_down_regretted",
        level,
        SHORT,
        [
            model_of(
                name,
                {
                    "instance_type": "A10Gx4x16",
                    "autoscaling": {
                        "min_replica": 1,
                        "max_replica": 60,
                        "concurrency_target": 2,
                        "scale_down_delay": 1800 if level == HEALTHY else 180,
                    },
                    "service": {"mean": service, "cv": 0.2, "knee": 2, "prefill": 0.9},
                    "startup": {"scheduling": 10, "weight_download": 30, "container_start": 50},
                    "workload": {"patterns": [{"kind": "constant", "rate": high * depth}, pause]},
                },
            )
        ],
        detection="latency_after_scale_down",
        evidence=int(5 * every / 60),
        # Where it goes on long enough it is flapping, too: the same setting, and the same advice.
        expected=frozenset({"ServingLatencyAfterScaleDown", "ServingThrash"}),
        companions=BUDGETS | {"ServingColdStartGap"},
    )


def cold_start_gap(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Load rises at once beyond the slots, and replicas take minutes to start: those who come first wait for them."""
    start, rise = {HEALTHY: (40.0, 1.6), "mild": (400.0, 3.5), "medium": (480.0, 5.0), "severe": (700.0, 8.0)}[level]
    service = varied(rng, 8.0)
    base = varied(rng, 4.0) / service
    step = {"kind": "step", "rate": base * (rise - 1), "at": seconds(ONSET), "length": seconds(40)}
    return Scenario(
        name,
        "cold_start_gap",
        level,
        SHORT,
        [
            model_of(
                name,
                {
                    "instance_type": "H100",
                    "autoscaling": {"min_replica": 2, "max_replica": 40, "concurrency_target": 4, "scale_down_delay": 900},
                    "service": {"mean": service, "cv": 0.5, "knee": 4, "patience": 600},
                    "startup": {
                        "scheduling": 20,
                        "image_pull": 5,
                        "weight_download": start * 0.4,
                        "container_start": start * 0.6,
                        "spread": 0.1,
                    },
                    "workload": {"patterns": [{"kind": "constant", "rate": base}, step]},
                },
            )
        ],
        detection="cold_start_gap",
        onset=ONSET,
        end=ONSET + 40,
        # The gap is known once requests have waited for four minutes, or for two of the deployment's own quick starts.
        evidence=4,
        expected=frozenset({"ServingColdStartGap"}),
        companions=BUDGETS | {"ServingClientsGivingUp", "ServingLatencyAfterScaleDown"},
    )


def ceiling(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Load needs more replicas than max_replica allows, for hours."""
    share = {HEALTHY: 0.5, "mild": 1.0, "medium": 1.35, "severe": 2.0}[level]
    service, replicas, target = varied(rng, 2.0), int(rng.integers(2, 6)), int(rng.choice([2, 4, 8]))
    capacity = replicas * target / service
    step = {"kind": "step", "rate": capacity * max(0.05, share - 0.35), "at": seconds(ONSET), "length": seconds(90)}
    exhausted = {"ServingCapacityExhausted"} if level in ("medium", "severe") else {"ServingCapacityExhausted", "ServingCapacitySaturated"}
    return Scenario(
        name,
        "ceiling",
        level,
        SHORT,
        [
            model_of(
                name,
                {
                    "autoscaling": {"min_replica": 1, "max_replica": replicas, "concurrency_target": target},
                    "service": {"mean": service, "cv": 0.5, "knee": target, "patience": 120},
                    "startup": {"scheduling": 15, "container_start": 40},
                    "workload": {"patterns": [{"kind": "constant", "rate": capacity * 0.35}, step]},
                },
            )
        ],
        detection="capacity_exhausted",
        onset=ONSET,
        end=ONSET + 90,
        expected=frozenset(exhausted),
        companions=BUDGETS | {"ServingCapacitySaturated", "ServingClientsGivingUp"},
    )


def near_ceiling(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Load asks for more replicas than the ceiling allows and is still served: its room is gone."""
    share = {HEALTHY: 0.5, "mild": 0.82, "medium": 0.86, "severe": 0.9}[level]
    service, replicas, target = varied(rng, 2.0), int(rng.integers(4, 9)), int(rng.choice([8, 16]))
    capacity = replicas * target / service
    step = {"kind": "step", "rate": capacity * (share - 0.35), "at": seconds(ONSET), "length": seconds(120)}
    return Scenario(
        name,
        "near_ceiling",
        level,
        SHORT,
        [
            model_of(
                name,
                {
                    "autoscaling": {"min_replica": 1, "max_replica": replicas, "concurrency_target": target},
                    "service": {"mean": service, "cv": 0.5, "knee": target * 2},
                    "startup": {"scheduling": 15, "container_start": 40},
                    "workload": {"patterns": [{"kind": "constant", "rate": capacity * 0.35}, step]},
                },
            )
        ],
        detection="capacity_saturated",
        onset=ONSET,
        end=ONSET + 120,
        evidence=10,
        # Where a tenth is left, chance fills every slot now and then.
        expected=frozenset({"ServingCapacitySaturated", *(["ServingCapacityExhausted"] if level == "severe" else [])}),
        companions=frozenset({"ServingCapacityExhausted"}),
    )


def no_hardware(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Replicas are wanted and find no hardware; at the severe level those that served go too."""
    service = varied(rng, 3.0)
    base = varied(rng, 3.0) / service
    gone = {"action": "capacity", "deployment": f"{name}/deployment-1", "available": False}
    back = {"action": "capacity", "deployment": f"{name}/deployment-1", "available": True}
    loss = {"action": "terminate", "deployment": f"{name}/deployment-1"}
    rise = {HEALTHY: 1.3, "mild": 1.8, "medium": 2.5, "severe": 1.0}[level]
    step = {"kind": "step", "rate": base * (rise - 1) + 1e-6, "at": seconds(ONSET + 1), "length": seconds(70)}
    happens = [] if level == HEALTHY else [{"at": seconds(ONSET), "do": gone}, {"at": seconds(ONSET + 70), "do": back}]
    if level == "severe":
        happens += [{"at": seconds(ONSET) + 5 * number, "do": loss} for number in range(1, 12)]
    parked = {"ServingRequestsParked"} if level == "severe" else set()
    return Scenario(
        name,
        "no_hardware",
        level,
        SHORT,
        [
            model_of(
                name,
                {
                    "instance_type": "H100",
                    "autoscaling": {"min_replica": 1, "max_replica": 8, "concurrency_target": 2},
                    "service": {"mean": service, "cv": 0.5, "knee": 2, "patience": 300},
                    "startup": {"scheduling": 20, "container_start": 60, "stalls_after": 1200},
                    "workload": {"patterns": [{"kind": "constant", "rate": base}, step]},
                },
            )
        ],
        timeline=happens,
        detection="cold_flood" if level == "severe" else "stuck_starting",
        onset=ONSET,
        end=ONSET + 70,
        # A start is stuck when it has taken twenty minutes; that nothing serves is known at once.
        evidence=0 if level == "severe" else 20,
        expected=frozenset({"ServingReplicasStuckStarting", *parked}),
        # Until the start has taken too long, all that can be known is that users wait for replicas that start.
        companions=BUDGETS
        | {"ServingBelowMinReplicas", "ServingDeploymentStuck", "ServingColdStartGap", "ServingClientsGivingUp", "ServingColdFlood"},
    )
