"""Memory that is just about to be full, and is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from serving_simulator.scenarios.scenario import BUDGETS, HEALTHY, ONSET, SHORT, Level, Make, Scenario, model_of, seconds, varied

__all__ = ["MADE"]

_MEMORY = 16 * 1024.0
"""MiB of memory that an instance has."""
_MOST = 1.06
"""How far beyond the average the memory of a replica may be: of forty, the fullest is close to it."""


def _hoarders(name: str, memory: Mapping[str, float], **more: Any) -> dict[str, Any]:
    """Return a model with forty replicas; ``memory`` is that of the fullest, as shares of what an instance has."""
    return model_of(
        name,
        {
            "instance_type": "L4:4x16",
            "autoscaling": {"min_replica": 40, "max_replica": 40, "concurrency_target": 64},
            "service": {"mean": 780.0, "cv": 0.03, "knee": 64, "predict_concurrency": 64},
            "memory": {key: value * _MEMORY / _MOST for key, value in memory.items()},
            "workload": {"patterns": []},
            **more,
        },
    )


def _memory(name: str, kind: str, level: Level, models: Sequence[Mapping[str, Any]], evidence: int) -> Scenario:
    return Scenario(
        name,
        kind,
        level,
        SHORT,
        models,
        detection="memory_near_limit",
        evidence=evidence,
        expected=frozenset({"ServingMemoryNearLimit"}),
        companions=BUDGETS,
    )


def memory_nearly_full(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """An engine rests at 99 % of its memory; or at 96 %, or comes there with the requests of a job and leaves again."""
    full = varied(rng, 0.966, 0.003) if level == HEALTHY else varied(rng, 0.995, 0.001)
    models = [_hoarders(name, {"base": full, "per_request": 0.0})]
    if level == HEALTHY:
        # Two and a half thousand requests, which differ by a fiftieth from run to run, and for ten minutes as many more as are answered.
        job = {"kind": "batch", "requests": 2500, "every": seconds(1440), "at": seconds(ONSET)}
        more = {"kind": "step", "rate": 2500 / 780, "at": seconds(ONSET), "length": seconds(10)}
        memory = {"base": 0.8, "per_request": 0.165 * 40 / 2500}
        models.append(_hoarders(f"{name}-job", memory, async_use={"ttl": 600}, async_workload={"patterns": [job, more]}))
    return _memory(name, "memory_nearly_full", level, models, 0)


def memory_full_in_hours(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Memory beyond 95 % rises so fast that it is full in five hours; or in eight to eleven."""
    base, leak = 0.935, varied(rng, 0.0046 if level == HEALTHY else 0.0095, 0.03)
    model = _hoarders(name, {"base": base, "per_request": 0.0, "leak_per_hour": leak})
    # Where the fullest has 2 % less than it may, it passes the 95 % after three and a half hours; none is full before the run is over.
    return _memory(name, "memory_full_in_hours", level, [model], 210)


MADE: Mapping[str, Make] = {
    "memory_nearly_full": memory_nearly_full,
    "memory_full_in_hours": memory_full_in_hours,
}
"""By kind: what makes one variation of it."""
