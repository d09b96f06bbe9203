"""Incidents beside a promotion of the same model elsewhere: alerts wait for its end and half an hour more, and no longer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from serving_simulator.scenarios import compounds
from serving_simulator.scenarios.incidents import INCIDENTS
from serving_simulator.scenarios.scenario import HEALTHY, Level, Make, Scenario, seconds

__all__ = ["MADE"]

_HELD = 35
"""Minutes: a promotion of a few, and the half hour after it."""


def _beside_promotion(kind: str, at: int) -> Make:
    """Return what makes an incident of this kind, with a promotion to staging that begins in a minute."""

    def make(name: str, level: Level, rng: np.random.Generator) -> Scenario:
        of = INCIDENTS[kind](name, HEALTHY if level == HEALTHY else "medium", rng)
        model = dict(of.models[0])
        idle = {"autoscaling": {"min_replica": 0, "max_replica": 1}, "startup": {"scheduling": 5, "container_start": 25}}
        model["environments"] = [{"name": "staging", "autoscaling": idle["autoscaling"], "promotion": {"rolling_deploy": False}}]
        model["deployments"] = [
            *model["deployments"],
            {**idle, "name": "staging-1", "environment": "staging", "state": "zero"},
            {**idle, "name": "staging-2", "age": "1d", "state": "zero"},
        ]
        promote = {"action": "promote", "environment": f"{name}/staging", "deployment": f"{name}/staging-2"}
        return replace(
            of,
            incident=f"{kind}_beside_promotion",
            level=level,
            models=[model],
            timeline=[*of.timeline, {"at": seconds(at), "do": promote}],
            evidence=of.evidence + _HELD,
        )

    return make


def _flood_after_rollout(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """More load than the ceiling allows comes just after a promotion, and goes within half an hour: the environment is judged alone."""
    of = compounds.flood_in_rollout(name, HEALTHY if level == HEALTHY else "medium", rng)
    model = dict(of.models[0])
    production = model["environments"][0]
    constant, step = production["workload"]["patterns"]
    workload = {**production["workload"], "patterns": [constant, {**step, "length": seconds(12)}]}
    model["environments"] = [{**production, "promotion": {"rolling_deploy": False}, "workload": workload}]
    return replace(of, incident="flood_after_rollout", level=level, models=[model], end=of.onset + 12)


_SHORTLY_BEFORE = {
    "target_too_high": 395,
    "idle_spend": 120,
    "over_provisioned": 765,
    "scale_down_stuck": 185,
    "unready_pods": 140,
    "token_ceiling": 155,
    "token_overshoot": 165,
}
"""By kind of incident: a minute before its alert fires in a life without promotions."""

MADE: Mapping[str, Make] = {
    "flood_after_rollout": _flood_after_rollout,
    **{f"{kind}_beside_promotion": _beside_promotion(kind, at) for kind, at in _SHORTLY_BEFORE.items()},
}
"""By kind: what makes one variation of it."""
