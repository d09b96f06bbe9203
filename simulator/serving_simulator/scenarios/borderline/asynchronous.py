"""Queued work that waits for just too long a part of its time to live, and less."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from serving_simulator.scenarios.scenario import HEALTHY, ONSET, SHORT, Level, Make, Scenario, model_of, seconds, varied

__all__ = ["MADE"]


def async_wait_of_a_batch(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Thirty requests in a quarter of an hour leave the queue after most of their time to live; or no more than fifteen do."""
    requests, service = (28.0, 60.0) if level == HEALTHY else (50.0, 28.0)
    # One after the other: what leaves the queue is as even as the work, however many there are in the batch.
    job = {"kind": "batch", "requests": requests, "every": seconds(1440), "at": seconds(ONSET)}
    return Scenario(
        name,
        "async_wait_of_a_batch",
        level,
        SHORT,
        [
            model_of(
                name,
                {
                    "autoscaling": {"min_replica": 1, "max_replica": 1, "concurrency_target": 1},
                    "service": {"mean": varied(rng, service, 0.03), "cv": 0.1, "knee": 1, "predict_concurrency": 1},
                    "async_use": {"ttl": 3600},
                    "workload": {"patterns": []},
                    "async_workload": {"patterns": [job]},
                },
                age="30d",
            )
        ],
        detection="async_expiry",
        onset=ONSET,
        # Twenty requests have left the queue then.
        evidence=11,
        expected=frozenset({"ServingAsyncExpiry"}),
        companions=frozenset({"ServingAsyncBacklog"}),
    )


def _batch_worker(name: str, lasts: float, replicas: int, at_once: int, **more: Any) -> dict[str, Any]:
    """Return a model whose workers need ``lasts`` seconds for a batch."""
    requests = 20_000
    job = {"kind": "batch", "requests": requests, "every": seconds(1440), "at": seconds(ONSET), "spread": 1}
    return model_of(
        name,
        {
            "autoscaling": {"min_replica": replicas, "max_replica": replicas, "concurrency_target": at_once},
            "service": {"mean": lasts * replicas * at_once / requests, "cv": 0.1, "knee": at_once, "predict_concurrency": at_once},
            "async_use": {"ttl": 3600},
            "workload": {"patterns": []},
            "async_workload": {"patterns": [job, {"kind": "constant", "rate": 0.02}]},
            **more,
        },
        age="30d",
    )


def async_wait_of_a_large_batch(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """A batch keeps the workers for five minutes and a half, so that its last twelfth waits for more than five; or for four minutes.

    Or it is that of a developer who tries it.
    """
    over, under = varied(rng, 333, 0.005), varied(rng, 230, 0.005)
    models = [_batch_worker(name, under if level == HEALTHY else over, 4, 8)]
    if level == HEALTHY:
        models.append(_batch_worker(f"{name}-tried", over, 1, 1, development=True, environment=None))
    return Scenario(
        name,
        "async_wait_of_a_large_batch",
        level,
        SHORT,
        models,
        detection="async_expiry",
        onset=ONSET,
        evidence=6,
        expected=frozenset({"ServingAsyncExpiry"}),
    )


MADE: Mapping[str, Make] = {
    "async_wait_of_a_batch": async_wait_of_a_batch,
    "async_wait_of_a_large_batch": async_wait_of_a_large_batch,
}
"""By kind: what makes one variation of it."""
