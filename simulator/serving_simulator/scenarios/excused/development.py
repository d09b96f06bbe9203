"""Development deployments: what happens to them wakes nobody."""

from __future__ import annotations

import numpy as np

from serving_simulator.scenarios.incidents import INCIDENTS
from serving_simulator.scenarios.scenario import HEALTHY, SHORT, Level, Scenario

__all__ = ["DEVELOPED", "developed"]

DEVELOPED = "development-in-trouble"
_STILL_TRUE = frozenset({"ServingDeploymentFailed", "ServingDeploymentStuck"})
"""What the author of a development deployment wants to be told, too: it does not come up."""
_LEVELS: tuple[Level, Level] = ("medium", "severe")


def developed(kind: str, number: int) -> Scenario | None:
    """Return an incident as a development deployment lives through it; None where it takes more than one deployment, or days."""
    name = f"negative-development-{kind.replace('_', '-')}-{number}"
    rng = np.random.default_rng(list(name.encode()))
    of = INCIDENTS[kind](name, _LEVELS[int(rng.integers(2))], rng)
    model = dict(of.models[0])
    if len(of.models) > 1 or of.deployments > 1 or of.minutes != SHORT or of.losses or "environments" in model:
        return None
    deployment = {key: value for key, value in model["deployments"][0].items() if key not in ("autoscaling", "replicas")}
    deployment |= {"development": True, "environment": None}
    # Its only replica takes one request at a time: all of that load is far too much for it, and little of it is not.
    share = float(rng.choice([0.03, 1.0]))
    for work in ("workload", "async_workload"):
        if work in deployment:
            patterns = [{**each, "rate": share * each["rate"]} if "rate" in each else each for each in deployment[work]["patterns"]]
            deployment[work] = {**deployment[work], "patterns": patterns}
    model["deployments"] = [deployment]
    return Scenario(name, DEVELOPED, HEALTHY, SHORT, [model], timeline=of.timeline, companions=_STILL_TRUE)
