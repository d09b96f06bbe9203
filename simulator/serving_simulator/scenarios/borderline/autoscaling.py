"""Delays that are only just too short, and such as were put right in time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from serving_simulator.scenarios.scenario import BUDGETS, HEALTHY, SHORT, Level, Make, Scenario, model_of, seconds, varied

__all__ = ["MADE"]

_QUICK = {"scheduling": 5, "image_pull": 2, "weight_download": 3, "container_start": 8, "readiness": 2}


def _edited(name: str, at: float, **change: Any) -> list[dict[str, Any]]:
    """Let somebody change settings of the autoscaler in a minute."""
    return [{"at": seconds(at), "do": {"action": "settings", "deployment": f"{name}/deployment-1", "change": change}}]


def _delay_near_cycle(name: str, level: Level, rng: np.random.Generator, replicas: int) -> Scenario:
    """Crowds come every eight minutes, and the delay is not much shorter; or it was, and was made longer while the alert was waiting."""
    service, slots = varied(rng, 4.0, 0.05), 28  # the target of 40, less the room above it
    # Seven crowds are fourteen changes of direction, and the alert waits for ten minutes more: then the delay is one and a half cycles.
    # Without the guard that looks at it, the count of two hours would say so for an hour yet.
    healthy = level == HEALTHY
    cured = _edited(name, 8 * 8 + 2, scale_down_delay=900) if healthy else []
    return Scenario(
        name,
        "delay_near_cycle" if replicas > 1 else "delay_near_cycle_of_one",
        level,
        SHORT,
        [
            model_of(
                name,
                {
                    "autoscaling": {
                        "min_replica": 1,
                        "max_replica": 1 + replicas,
                        "concurrency_target": 40,
                        "scale_down_delay": 60 if healthy else 310,
                        "autoscaling_window": 30,
                    },
                    "service": {"mean": service, "cv": 0.15, "knee": 80},
                    "startup": _QUICK,
                    "workload": {
                        "patterns": [
                            {"kind": "constant", "rate": 0.5 * slots / service},
                            {"kind": "burst", "rate": replicas * slots / service, "length": seconds(1), "every": seconds(8)},
                        ]
                    },
                },
            )
        ],
        timeline=cured,
        detection="thrash",
        evidence=8 * 8,
        expected=frozenset({"ServingThrash"}),
        companions=BUDGETS | {"ServingLatencyAfterScaleDown"},
    )


def delay_near_cycle(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Crowds that take a few replicas each."""
    return _delay_near_cycle(name, level, rng, 2)


def delay_near_cycle_of_one(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Crowds that take a single replica more: advice, no ticket."""
    return _delay_near_cycle(name, level, rng, 1)


MADE: Mapping[str, Make] = {
    make.__name__: make
    for make in (
        delay_near_cycle,
        delay_near_cycle_of_one,
    )
}
"""By kind: what makes one variation of it."""
