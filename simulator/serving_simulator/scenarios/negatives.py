"""Ordinary life that looks like trouble, under settings that suit it: nothing may be said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from serving_simulator.scenarios.scenario import HEALTHY, Scenario, model_of, varied

__all__ = ["NEGATIVES", "negatives"]


def _workloads(rng: np.random.Generator, base: float) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Return what the load does and the settings that suit it."""
    at = float(rng.integers(0, 3600))
    hourly = {"kind": "burst", "rate": base, "length": 300, "every": 3600, "at": at}
    return {
        "steady": ({"patterns": [{"kind": "constant", "rate": base}], "noise": 0.1}, {}),
        "diurnal": ({"patterns": [{"kind": "diurnal", "low": base * 0.3, "high": base * 1.6}], "noise": 0.1}, {}),
        "hourly-burst": (
            {"patterns": [{"kind": "constant", "rate": base * 0.5}, hourly]},
            {"min_replica": 2, "scale_down_delay": 3600},
        ),
        "jitter": ({"patterns": [{"kind": "jitter", "rate": base, "factor": 2.0, "every": 1200, "at": at}]}, {"min_replica": 3}),
        "nightly-drain": ({"patterns": [{"kind": "diurnal", "low": 0.0, "high": base, "period": 86400}]}, {"min_replica": 1}),
        "one-error": ({"patterns": [{"kind": "constant", "rate": 0.02}]}, {}),
        "pinned": ({"patterns": [{"kind": "constant", "rate": base}]}, {"min_replica": 4, "max_replica": 4}),
    }


NEGATIVES = tuple(_workloads(np.random.default_rng(0), 1.0))


def negatives(seeds: int, hours: int) -> Iterator[Scenario]:
    """Yield ``seeds`` variations of every negative, ``hours`` long."""
    for kind in NEGATIVES:
        for number in range(seeds):
            rng = np.random.default_rng([number, 77])
            service = varied(rng, 2.0, 0.5)
            workload, settings = _workloads(rng, varied(rng, 6.0) / service)[kind]
            name = f"negative-{kind}-{number}"
            deployment = {
                "autoscaling": {"min_replica": 2, "max_replica": 12, "concurrency_target": 4, "scale_down_delay": 900, **settings},
                "service": {"mean": service, "cv": 0.5, "knee": 8, "patience": 300},
                "startup": {"scheduling": 15, "container_start": 40},
                "workload": workload,
            }
            yield Scenario(name, kind, HEALTHY, hours * 60, model_of(name, deployment))
