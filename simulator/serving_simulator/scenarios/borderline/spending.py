"""Spending that has just grown by enough to be said, and by less."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from serving_simulator.scenarios.scenario import BUDGETS, HEALTHY, WEEK, Level, Make, Scenario, model_of, seconds, varied

__all__ = ["MADE"]

_GROWN = 30 * 60
"""Minute at which spending grows: early enough that it is a day's oldest hours that have to be known."""
_QUICK = {"scheduling": 10, "container_start": 30}


def _steady(rate: float, grown: float, target: int, environment: str = "production") -> dict[str, Any]:
    """Return a deployment on costly hardware whose load is another one after a day and some hours."""
    return {
        "environment": environment,
        "instance_type": "H100MIG",
        "autoscaling": {"min_replica": 1, "max_replica": 20, "concurrency_target": target},
        "service": {"mean": 180.0, "cv": 0.3, "knee": target},
        "startup": _QUICK,
        "workload": {"patterns": [{"kind": "constant", "rate": rate}, {"kind": "step", "rate": grown - rate, "at": seconds(_GROWN)}]},
    }


def _load_moved(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """One deployment gets a multiple of its load, as new load or from its sibling."""
    little, much = varied(rng, 0.01, 0.05), varied(rng, 0.07, 0.05)
    model = {
        "name": name,
        "deployments": [
            {"name": "deployment-1", **_steady(little, much, 4)},
            {"name": "deployment-2", **_steady(*((much, little) if level == HEALTHY else (0.3 * little, 0.3 * little)), 4, "staging")},
        ],
    }
    return _grown(name, "load_moved", level, [model], {"ServingSpendSpike"}, {"ServingWorkspaceSpendSpike"})


def _sleepers_awake(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Deployments that slept are used again: none costs more than a replica, and together they are some dollars an hour."""
    sleepers = 2 if level == HEALTHY else 4
    awake = model_of(f"{name}-awake", _steady(0.01, 0.01, 16))
    asleep = [model_of(f"{name}-{number}", _asleep(varied(rng, 0.012))) for number in range(sleepers)]
    return _grown(name, "sleepers_awake", level, [awake, *asleep], {"ServingWorkspaceSpendSpike"}, set())


def _asleep(rate: float) -> dict[str, Any]:
    """Return a deployment that sleeps until it is used again."""
    deployment = _steady(0, rate, 16)
    return {**deployment, "state": "zero", "replicas": 0, "autoscaling": {**deployment["autoscaling"], "min_replica": 0}}


def _grown(name: str, kind: str, level: Level, models: list[dict[str, Any]], expected: set[str], companions: set[str]) -> Scenario:
    """Return a workspace whose spending grows on its second day, when little of a day before is known."""
    return Scenario(
        name,
        kind,
        level,
        WEEK,
        models,
        detection="spend_spike",
        onset=_GROWN,
        # Yesterday is known when twenty hours of it are, the first of them an hour late.
        evidence=(24 + 20) * 60 - _GROWN,
        expected=frozenset(expected),
        companions=BUDGETS | companions,
    )


MADE: Mapping[str, Make] = {"load_moved": _load_moved, "sleepers_awake": _sleepers_awake}
"""By kind: what makes one variation of it."""
