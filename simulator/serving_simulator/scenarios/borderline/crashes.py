"""Containers that die just often enough for a loop, and too seldom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from serving_simulator.scenarios.scenario import BUDGETS, HEALTHY, ONSET, SHORT, Level, Make, Scenario, model_of, seconds, varied

__all__ = ["MADE", "OF_A_LOOP", "crashes", "fleet"]

_LONG, _MIDDLING = 1150.0, 680.0
"""Seconds of a start on either side of the quarter of an hour from which a start is a long one."""
_RELOAD = 150.0
"""Seconds that a container needs to start again: enough for two scrapes to see that it is away."""
OF_A_LOOP = BUDGETS | {"ServingReplicaCrashes", "ServingClientsGivingUp", "ServingRequestsParked"}
"""Alerts that may come with a restart loop, because they are true as well."""


def crashes(name: str, minutes: Sequence[float]) -> list[dict[str, Any]]:
    """Let one container die at each of these minutes: misfortune is drawn every five seconds, and here is certain for one draw."""
    do = {"action": "fault", "deployment": f"{name}/deployment-1"}
    return [
        {"at": seconds(minute) + after, "do": {**do, "change": {"crash_every": every}}}
        for minute in minutes
        for after, every in ((0, 0.5), (5, None))
    ]


def fleet(name: str, rng: np.random.Generator, replicas: int, start: float = 200.0) -> dict[str, Any]:
    """Return a model whose replicas take ``start`` seconds to start, most of them for its weights, which a restart finds in place."""
    return model_of(
        name,
        {
            "autoscaling": {"min_replica": replicas, "max_replica": replicas, "concurrency_target": 8},
            "service": {"mean": varied(rng, 1.0), "cv": 0.5, "knee": 8, "patience": 600},
            "startup": {
                "scheduling": 10,
                "scheduling_spread": 0.05,
                "weight_download": start - _RELOAD - 20,
                "container_start": _RELOAD,
                "spread": 0.02,
            },
            # A replica that is alone is there in case: who crashes unasked fails nobody.
            "workload": {"patterns": [{"kind": "constant", "rate": varied(rng, 1.0) if replicas > 1 else 0.0005}]},
        },
        age="30d",
    )


def _loop(name: str, kind: str, level: Level, models: Sequence[tuple[Mapping[str, Any], Sequence[float]]], evidence: int) -> Scenario:
    return Scenario(
        name,
        kind,
        level,
        SHORT,
        [model for model, _ in models],
        timeline=[each for model, minutes in models for each in crashes(model["name"], [ONSET + minute for minute in minutes])],
        detection="restart_loop",
        onset=ONSET,
        evidence=evidence,
        expected=frozenset({"ServingRestartLoop"}),
        companions=OF_A_LOOP,
    )


def crashes_within_an_hour(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Three crashes just fit into an hour, the last one alone in its half; or there are only two."""
    minutes = [0.0, rng.uniform(32, 45)] if level == HEALTHY else [0.0, rng.uniform(22, 25), rng.uniform(56.5, 57.5)]
    return _loop(name, "crashes_within_an_hour", level, [(fleet(name, rng, 3), minutes)], 58)


def crashes_over_hours(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Crashes too far apart for an hour to hold three: five in three hours, the last one alone in its hour; or only three."""
    if level == HEALTHY:
        minutes = [0.0, rng.uniform(44, 48), rng.uniform(90, 100)]
    else:
        minutes = [0.0, rng.uniform(32, 34), rng.uniform(64, 66), rng.uniform(98, 101), rng.uniform(165, 168)]
    models = [(fleet(f"{name}-{word}", rng, replicas), minutes) for word, replicas in (("some", 3), ("alone", 1))]
    return _loop(name, "crashes_over_hours", level, models, 169)


def crashes_of_long_starts(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Models that take long to start crash three times in three hours; or twice, or three times where a start is not quite as long."""
    thrice, twice = [0.0, rng.uniform(64, 68), rng.uniform(132, 140)], [0.0, rng.uniform(64, 68)]
    variants = [("long", _LONG, twice), ("middling", _MIDDLING, thrice)] if level == HEALTHY else [("long", _LONG, thrice)]
    models = [
        (fleet(f"{name}-{word}-{replicas}", rng, replicas, varied(rng, start, 0.05)), minutes)
        for word, start, minutes in variants
        for replicas in (3, 1)
    ]
    return _loop(name, "crashes_of_long_starts", level, models, 141)


MADE: Mapping[str, Make] = {
    "crashes_within_an_hour": crashes_within_an_hour,
    "crashes_over_hours": crashes_over_hours,
    "crashes_of_long_starts": crashes_of_long_starts,
}
"""By kind: what makes one variation of it."""
