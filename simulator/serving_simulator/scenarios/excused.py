"""What looks like an incident and is none because of what it happens to: each is what a guard of the rules is for.

Development deployments live through every incident that one deployment can have; others are promoted, edited or replaced all day long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from serving_simulator.scenarios.incidents import INCIDENTS
from serving_simulator.scenarios.releases import promoted
from serving_simulator.scenarios.scenario import HEALTHY, SHORT, Scenario, model_of, seconds, varied

__all__ = ["EXCUSED", "excused"]

_ACTION = Mapping[str, Any]
_QUICK = {"scheduling": 5, "container_start": 25}


def _every(minutes: float, *things: _ACTION) -> list[dict[str, Any]]:
    """Let things happen in turn, one each so many minutes."""
    times = range(1, int(SHORT / minutes))
    return [{"at": seconds(minutes * number), "do": dict(things[number % len(things)])} for number in times]


def _promoted_all_day(name: str, rng: np.random.Generator) -> Scenario:
    """A team that deploys all day: two versions take turns, and each time one fleet starts and the other goes."""
    model = promoted(name, rng, {"rolling_deploy": False}, {})
    turns = [{"action": "promote", "environment": f"{name}/production", "deployment": f"{name}/deployment-{each}"} for each in (1, 2)]
    return Scenario(name, "promoted-all-day", HEALTHY, SHORT, [model], timeline=_every(25, *turns))


def _edited_all_day(name: str, rng: np.random.Generator) -> Scenario:
    """Something outside moves the floor up and down with a plan of its own."""
    of = {
        "autoscaling": {"min_replica": 2, "max_replica": 12, "concurrency_target": 4, "scale_down_delay": 60},
        "service": {"mean": varied(rng, 1.0), "cv": 0.5, "knee": 6},
        "startup": _QUICK,
        "workload": {"patterns": [{"kind": "constant", "rate": varied(rng, 4.0)}]},
    }
    edits = [{"action": "settings", "deployment": f"{name}/deployment-1", "change": {"min_replica": each}} for each in (8, 2)]
    return Scenario(name, "edited-all-day", HEALTHY, SHORT, [model_of(name, of)], timeline=_every(7, *edits))


def _raised_step_by_step(name: str, rng: np.random.Generator) -> Scenario:
    """A floor is raised one by one, and each replica takes longer to start than the next step to come."""
    of = {
        "autoscaling": {"min_replica": 2, "max_replica": 40, "concurrency_target": 4},
        "service": {"mean": varied(rng, 1.0), "cv": 0.5, "knee": 6},
        "startup": {"scheduling": 60, "image_pull": 60, "weight_download": 300, "container_start": 700},
        "workload": {"patterns": [{"kind": "constant", "rate": varied(rng, 3.0)}]},
    }
    steps = [{"action": "settings", "deployment": f"{name}/deployment-1", "change": {"min_replica": each}} for each in range(3, 40)]
    return Scenario(name, "raised-step-by-step", HEALTHY, SHORT, [model_of(name, of, age="30d")], timeline=_every(14, *steps))


def _pinned_and_replaced(name: str, rng: np.random.Generator) -> Scenario:
    """A fleet of fixed size whose replicas are taken away now and then, and are back within a minute."""
    of = {
        "autoscaling": {"min_replica": 6, "max_replica": 6, "concurrency_target": 4, "scale_down_delay": 60},
        "service": {"mean": varied(rng, 1.0), "cv": 0.5, "knee": 6},
        "startup": _QUICK,
        "workload": {"patterns": [{"kind": "constant", "rate": varied(rng, 6.0)}]},
    }
    loss = {"action": "terminate", "deployment": f"{name}/deployment-1"}
    return Scenario(name, "pinned-and-replaced", HEALTHY, SHORT, [model_of(name, of)], timeline=_every(4, loss))


def _tested_when_new(name: str, rng: np.random.Generator) -> Scenario:
    """A deployment in its first hour: somebody tries it now and then, and it falls to zero between."""
    uses = [{"kind": "batch", "requests": 3, "spread": 10, "every": seconds(24 * 60), "at": seconds(each)} for each in range(10, 60, 8)]
    of = {
        "state": "new",
        "age": 0,
        "autoscaling": {"min_replica": 0, "max_replica": 4, "concurrency_target": 2, "scale_down_delay": 60},
        "service": {"mean": varied(rng, 2.0), "cv": 0.5, "knee": 2},
        "startup": {"scheduling": 10, "container_start": varied(rng, 60)},
        "workload": {"patterns": uses},
    }
    return Scenario(name, "tested-when-new", HEALTHY, SHORT, [model_of(name, of)])


def _tokens_at_max(name: str, rng: np.random.Generator) -> Scenario:
    """A deployment that scales on tokens, at its ceiling and with room: its requests in flight are many times its concurrency target."""
    model = dict(INCIDENTS["token_ceiling"](name, HEALTHY, rng).models[0])
    deployment = model["deployments"][0]
    settings, steady = deployment["autoscaling"], deployment["workload"]["patterns"][0]
    full = {
        "autoscaling": {**settings, "min_replica": settings["max_replica"] - 1},
        # A third of what the ceiling is planned for becomes nearly all of it.
        "workload": {"patterns": [{**steady, "rate": steady["rate"] / 0.35 * 0.95}]},
    }
    model["deployments"] = [{**deployment, **full}]
    return Scenario(name, "tokens-at-max", HEALTHY, SHORT, [model])


_MADE: Mapping[str, Callable[[str, np.random.Generator], Scenario]] = {
    "promoted-all-day": _promoted_all_day,
    "edited-all-day": _edited_all_day,
    "raised-step-by-step": _raised_step_by_step,
    "pinned-and-replaced": _pinned_and_replaced,
    "tested-when-new": _tested_when_new,
    "tokens-at-max": _tokens_at_max,
}
_DEVELOPED = "development-in-trouble"
_STILL_TRUE = frozenset({"ServingDeploymentFailed", "ServingDeploymentStuck"})
"""What the author of a development deployment wants to be told, too: it does not come up."""
EXCUSED = (*_MADE, _DEVELOPED)
"""Kinds, as the report has them."""


def _developed(kind: str, number: int) -> Scenario | None:
    """Return an incident as a development deployment lives through it; None where it takes more than one deployment, or days."""
    name = f"negative-development-{kind.replace('_', '-')}-{number}"
    of = INCIDENTS[kind](name, "severe", np.random.default_rng(list(name.encode())))
    model = dict(of.models[0])
    if len(of.models) > 1 or of.deployments > 1 or of.minutes != SHORT or of.losses or "environments" in model:
        return None
    deployment = {key: value for key, value in model["deployments"][0].items() if key not in ("autoscaling", "replicas", "environment")}
    model["deployments"] = [{**deployment, "development": True, "environment": None}]
    return Scenario(name, _DEVELOPED, HEALTHY, SHORT, [model], timeline=of.timeline, companions=_STILL_TRUE)


def excused(seeds: int) -> Iterator[Scenario]:
    """Yield ``seeds`` variations of each kind; of each incident in development a third as many."""
    for kind, make in _MADE.items():
        for number in range(seeds):
            name = f"negative-{kind}-{number}"
            yield make(name, np.random.default_rng(list(name.encode())))
    for kind in INCIDENTS:
        for number in range((seeds + 2) // 3):
            scenario = _developed(kind, number)
            if scenario:
                yield scenario
