"""Incidents at three levels, each with its healthy twin: the same load under settings, or with a fault rate, that it can live with.

Numbers are varied by a seeded generator around what each level says, so that no rule is fitted to one trace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from serving_simulator.scenarios.scenario import HEALTHY, LEVELS, Level, Scenario, model_of, varied

__all__ = ["INCIDENTS", "incidents"]

Make = Callable[[str, Level, np.random.Generator], Scenario]

ONSET = 150
"""Minutes of ordinary life first: two hours and a half, so that windows of two hours hold it and nothing else."""
LASTS = 180

_BUDGETS = frozenset(f"Serving{kind}Burn{window}" for kind in ("Latency", "Availability") for window in ("1h", "6h", "1d", "3d"))


def _seconds(minutes: float) -> float:
    return 60 * minutes


def thrash(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Bursts come back before long, and the replicas that they need are thrown away after each: the delay is shorter than the period.

    It has gone on since before the first scrape: bursts have no begin.
    """
    swing = {HEALTHY: 3.0, "mild": 2.0, "medium": 3.5, "severe": 6.0}[level]
    period = float(rng.integers(5, 9))
    service = varied(rng, 4.0)
    quiet = varied(rng, 0.3) / service * 4
    burst = {"kind": "burst", "rate": swing * 0.7 / service, "length": period * 60 * 0.35, "every": period * 60}
    return Scenario(
        name=name,
        incident="thrash",
        level=level,
        minutes=240,
        model=model_of(
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
                "startup": {"scheduling": 8, "image_pull": 3, "weight_download": 8, "container_start": 15, "readiness": 3},
                "workload": {"patterns": [{"kind": "constant", "rate": quiet}, burst]},
            },
        ),
        expected=frozenset({"ServingThrash"}),
        companions=frozenset({"ServingLatencyAfterScaleDown"}),
    )


def cold_start_gap(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Load rises at once beyond the slots, and replicas take minutes to start: those who come first wait for them."""
    start, rise = {HEALTHY: (40.0, 1.6), "mild": (240.0, 3.0), "medium": (420.0, 5.0), "severe": (600.0, 8.0)}[level]
    service = varied(rng, 8.0)
    base = varied(rng, 4.0) / service
    step = {"kind": "step", "rate": base * (rise - 1), "at": _seconds(ONSET), "length": _seconds(40)}
    return Scenario(
        name=name,
        incident="cold_start_gap",
        level=level,
        minutes=ONSET + LASTS,
        model=model_of(
            name,
            {
                "instance_type": "H100",
                "autoscaling": {"min_replica": 2, "max_replica": 24, "concurrency_target": 4, "scale_down_delay": 900},
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
        ),
        onset=ONSET,
        end=ONSET + 40,
        expected=frozenset({"ServingColdStartGap"}),
        companions=_BUDGETS | {"ServingClientsGivingUp", "ServingLatencyAfterScaleDown"},
    )


def ceiling(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Load needs more replicas than max_replica allows, for hours."""
    share = {HEALTHY: 0.5, "mild": 1.0, "medium": 1.35, "severe": 2.0}[level]
    service, replicas, target = varied(rng, 2.0), int(rng.integers(2, 6)), int(rng.choice([2, 4, 8]))
    capacity = replicas * target / service
    step = {"kind": "step", "rate": capacity * max(0.05, share - 0.35), "at": _seconds(ONSET), "length": _seconds(90)}
    return Scenario(
        name=name,
        incident="ceiling",
        level=level,
        minutes=ONSET + LASTS,
        model=model_of(
            name,
            {
                "autoscaling": {"min_replica": 1, "max_replica": replicas, "concurrency_target": target},
                "service": {"mean": service, "cv": 0.5, "knee": target, "patience": 120},
                "startup": {"scheduling": 15, "container_start": 40},
                "workload": {"patterns": [{"kind": "constant", "rate": capacity * 0.35}, step]},
            },
        ),
        onset=ONSET,
        end=ONSET + 90,
        expected=frozenset({"ServingCapacityExhausted", "ServingCapacitySaturated"}),
        companions=_BUDGETS | {"ServingClientsGivingUp"},
    )


def restart_loop(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Containers die again and again, soon after they have become ready or while they load."""
    every = {HEALTHY: None, "mild": 1500.0, "medium": 420.0, "severe": 150.0}[level]
    service = varied(rng, 0.4)
    begin = {"action": "fault", "deployment": f"{name}/deployment-1", "change": {"crash_every": every, "crash_on_load": 0.4}}
    over = {"action": "fault", "deployment": f"{name}/deployment-1", "change": {"crash_every": None, "crash_on_load": 0.0}}
    happens = [{"at": _seconds(ONSET), "do": begin}, {"at": _seconds(ONSET + 90), "do": over}] if every else []
    return Scenario(
        name=name,
        incident="restart_loop",
        level=level,
        minutes=ONSET + LASTS,
        model=model_of(
            name,
            {
                "instance_type": "T4x4x16",
                "autoscaling": {"min_replica": 2, "max_replica": 4, "concurrency_target": 8},
                "service": {"mean": service, "cv": 0.5, "knee": 4, "patience": 60},
                "startup": {"scheduling": 10, "weight_download": 5, "container_start": 20},
                "workload": {"patterns": [{"kind": "constant", "rate": varied(rng, 4.0)}]},
            },
        ),
        timeline=happens,
        onset=ONSET,
        end=ONSET + 90,
        expected=frozenset({"ServingRestartLoop", "ServingDeploymentUnhealthy"}),
        companions=_BUDGETS
        | {"ServingReplicaCrashes", "ServingBelowMinReplicas", "ServingRequestsParked", "ServingClientsGivingUp", "ServingPodsNotReady"},
    )


def no_hardware(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Replicas are wanted and find no hardware; at the severe level the last one that served goes too."""
    service = varied(rng, 3.0)
    base = varied(rng, 3.0) / service
    gone = {"action": "capacity", "deployment": f"{name}/deployment-1", "available": False}
    back = {"action": "capacity", "deployment": f"{name}/deployment-1", "available": True}
    loss = {"action": "terminate", "deployment": f"{name}/deployment-1"}
    rise = {HEALTHY: 1.3, "mild": 1.8, "medium": 2.5, "severe": 1.0}[level]
    step = {"kind": "step", "rate": base * (rise - 1) + 1e-6, "at": _seconds(ONSET + 1), "length": _seconds(70)}
    happens = [] if level == HEALTHY else [{"at": _seconds(ONSET), "do": gone}, {"at": _seconds(ONSET + 70), "do": back}]
    if level == "severe":
        happens += [{"at": _seconds(ONSET) + 10 * number, "do": loss} for number in range(1, 4)]
    return Scenario(
        name=name,
        incident="no_hardware",
        level=level,
        minutes=ONSET + LASTS,
        model=model_of(
            name,
            {
                "instance_type": "H100",
                "autoscaling": {"min_replica": 1, "max_replica": 8, "concurrency_target": 2},
                "service": {"mean": service, "cv": 0.5, "knee": 2, "patience": 300},
                "startup": {"scheduling": 20, "container_start": 60, "stalls_after": 1200},
                "workload": {"patterns": [{"kind": "constant", "rate": base}, step]},
            },
        ),
        timeline=happens,
        onset=ONSET,
        end=ONSET + 70,
        expected=frozenset({"ServingReplicasStuckStarting", "ServingRequestsParked"}),
        companions=_BUDGETS
        | {"ServingBelowMinReplicas", "ServingDeploymentStuck", "ServingColdStartGap", "ServingClientsGivingUp", "ServingColdFlood"},
    )


INCIDENTS: dict[str, Make] = {make.__name__: make for make in (thrash, cold_start_gap, ceiling, restart_loop, no_hardware)}


def incidents(seeds: int) -> Iterator[Scenario]:
    """Yield every incident at every level and its healthy twin, of which nothing is due, each with ``seeds`` variations."""
    for kind, make in INCIDENTS.items():
        for level in (HEALTHY, *LEVELS):
            for number in range(seeds):
                name = f"{kind.replace('_', '-')}-{level}-{number}"
                scenario = make(name, level, np.random.default_rng(list(name.encode())))
                yield replace(scenario, expected=frozenset(), companions=frozenset()) if level == HEALTHY else scenario
