"""Asynchronous requests: queues that grow, stand, or outlive their requests."""

from __future__ import annotations

from typing import Any

import numpy as np

from serving_simulator.scenarios.scenario import BUDGETS, HEALTHY, ONSET, SHORT, Level, Scenario, model_of, seconds, varied

__all__ = ["async_backlog", "async_stalled"]


def _worker(rate: float, service: float, step: dict[str, Any], most: int = 4) -> dict[str, Any]:
    return {
        "autoscaling": {"min_replica": 1, "max_replica": most, "concurrency_target": 8},
        "service": {"mean": service, "cv": 0.4, "knee": 8, "predict_concurrency": 8, "patience": 20},
        "async_use": {"ttl": 600},
        "workload": {"patterns": [{"kind": "constant", "rate": 0.005}]},
        "async_workload": {"patterns": [{"kind": "constant", "rate": rate}, step]},
    }


def async_backlog(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Producers hand in more than the workers do, and nothing adds a worker: the queue grows until requests expire in it."""
    load = {HEALTHY: 0.8, "mild": 1.25, "medium": 1.8, "severe": 3.0}[level]
    service = varied(rng, 20.0)
    capacity = 8 / service
    step = {"kind": "step", "rate": capacity * (load - 0.4), "at": seconds(ONSET), "length": seconds(120)}
    return Scenario(
        name,
        "async_backlog",
        level,
        SHORT,
        [model_of(name, _worker(capacity * 0.4, service, step))],
        detection="async_expiry" if level == "mild" else "async_backlog",
        onset=ONSET,
        end=ONSET + 120,
        # A queue whose draining takes five minutes has had to grow to that length first.
        evidence={"mild": 45, "medium": 15}.get(level, 10),
        expected=frozenset({"ServingAsyncBacklog", "ServingAsyncExpiry"}),
        companions=BUDGETS | {"ServingAsyncStalled"},
    )


def async_stalled(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """The only worker takes requests and finishes none, until somebody replaces it."""
    lasts = {HEALTHY: 0, "mild": 45, "medium": 60, "severe": 120}[level]
    service = varied(rng, 10.0)
    do = {"action": "fault", "deployment": f"{name}/deployment-1"}
    happens = [
        {"at": seconds(ONSET), "do": {**do, "change": {"hang_every": 0.5}}},
        {"at": seconds(ONSET) + 60, "do": {**do, "change": {"hang_every": None}}},
        {"at": seconds(ONSET + lasts), "do": {"action": "terminate", "deployment": f"{name}/deployment-1"}},
    ]
    return Scenario(
        name,
        "async_stalled",
        level,
        SHORT,
        [model_of(name, _worker(0.4 * 8 / service, service, {"kind": "constant", "rate": 0.0}, most=1))],
        timeline=happens if lasts else [],
        detection="async_stalled",
        onset=ONSET,
        end=ONSET + lasts,
        # Nothing has been finished for a quarter of an hour.
        evidence=16,
        expected=frozenset({"ServingAsyncStalled", "ServingAsyncExpiry", "ServingAsyncBacklog"}),
        companions=BUDGETS | {"ServingRestartLoop", "ServingRequestTimeouts"},
    )
