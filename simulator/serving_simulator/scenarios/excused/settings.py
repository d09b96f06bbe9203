"""Settings that would be wrong elsewhere, and are chosen for what the deployment does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from serving_simulator.scenarios.excused.day import Action
from serving_simulator.scenarios.incidents import INCIDENTS
from serving_simulator.scenarios.scenario import HEALTHY, SHORT, Scenario, model_of, seconds, varied

__all__ = ["MADE"]


def _room_on_purpose(name: str, rng: np.random.Generator) -> Scenario:
    """Somebody has chosen to use a quarter of each replica, and pays for the rest."""
    of = INCIDENTS["target_too_low"](name, "medium", rng)
    return _changed(of, "room-on-purpose", autoscaling={"target_utilization_percentage": 25, "max_replica": 60})


def _mostly_asynchronous(name: str, rng: np.random.Generator) -> Scenario:
    """The settings suit asynchronous work, which is not among the requests in flight."""
    of = INCIDENTS[str(rng.choice(["target_too_low", "target_too_high", "over_provisioned"]))](name, "medium", rng)
    patterns = of.models[0]["deployments"][0]["workload"]["patterns"]
    work = {"patterns": [{**each, "rate": 1.5 * each["rate"]} for each in patterns if "rate" in each]}
    busy = frozenset({"ServingAsyncBacklog", "ServingAsyncExpiry"})
    return replace(_changed(of, "mostly-asynchronous", async_workload=work), companions=busy)


def _async_woken(name: str, rng: np.random.Generator) -> Scenario:
    """Asynchronous work wakes a deployment that takes a quarter of an hour to start, and waits for it."""
    of = {
        "autoscaling": {"min_replica": 0, "max_replica": 2, "concurrency_target": 4, "scale_down_delay": 600},
        "service": {"mean": varied(rng, 2.0), "cv": 0.5, "knee": 4},
        "startup": {"scheduling": 60, "weight_download": 400, "container_start": varied(rng, 500), "spread": 0.05},
        "async_workload": {"patterns": [{"kind": "batch", "requests": 5, "spread": 10, "every": seconds(180), "at": seconds(30)}]},
        "async_use": {"ttl": 7200},
    }
    return Scenario(name, "async-woken", HEALTHY, SHORT, [model_of(name, of)], companions=frozenset({"ServingAsyncExpiry"}))


def _changed(of: Scenario, kind: str, autoscaling: Action | None = None, **more: Any) -> Scenario:
    """Return an incident as a negative of another kind: of its deployment something is different."""
    model = dict(of.models[0])
    deployment = model["deployments"][0]
    model["deployments"] = [{**deployment, "autoscaling": {**deployment["autoscaling"], **(autoscaling or {})}, **more}]
    return Scenario(of.name, kind, HEALTHY, of.minutes, [model], timeline=of.timeline)


MADE: Mapping[str, Callable[[str, np.random.Generator], Scenario]] = {
    "room-on-purpose": _room_on_purpose,
    "mostly-asynchronous": _mostly_asynchronous,
    "async-woken": _async_woken,
}
"""By kind: what makes one variation of it."""
