"""Delays that are only just too short, and such as were put right in time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from serving_simulator.scenarios import tokens
from serving_simulator.scenarios.scenario import BUDGETS, HEALTHY, SHORT, Level, Make, Scenario, model_of, seconds, varied

__all__ = ["MADE"]

_QUICK = {"scheduling": 5, "image_pull": 2, "weight_download": 3, "container_start": 8, "readiness": 2}


def _edited(name: str, at: float, **change: Any) -> list[dict[str, Any]]:
    """Let somebody change settings of the autoscaler in a minute."""
    return [{"at": seconds(at), "do": {"action": "settings", "deployment": f"{name}/deployment-1", "change": change}}]


def _flapping(name: str, level: Level, rng: np.random.Generator, replicas: int, delay: int) -> Scenario:
    """Crowds that need so many replicas more come every eight minutes."""
    service, slots = varied(rng, 4.0, 0.05), 28  # the target of 40, less the room above it
    of = {
        "autoscaling": {
            "min_replica": 1,
            "max_replica": 1 + replicas,
            "concurrency_target": 40,
            "scale_down_delay": delay,
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
    }
    return Scenario(
        name,
        "flapping",
        level,
        SHORT,
        [model_of(name, of)],
        detection="thrash",
        evidence=8 * 8,  # seven crowds are fourteen changes of direction; before the first there may be none
        expected=frozenset({"ServingThrash"}),
        companions=BUDGETS | {"ServingLatencyAfterScaleDown"},
    )


def _delay_near_cycle(kind: str, replicas: int) -> Make:
    """Return what makes a fleet that flaps although its delay is not much shorter than the cycle.

    Or the delay was, and was made longer while the alert was waiting: one and a half cycles. Without the guard that looks at it, the
    count of two hours would say so for an hour yet.
    """

    def make(name: str, level: Level, rng: np.random.Generator) -> Scenario:
        of = _flapping(name, level, rng, replicas, delay=60 if level == HEALTHY else 310)
        cure = _edited(name, of.evidence + 2, scale_down_delay=900) if level == HEALTHY else []
        return replace(of, incident=kind, timeline=cure)

    return make


def _pauses(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Load pauses for longer than the delay, nine times in a morning."""
    service, every, pause = varied(rng, 6.0, 0.05), 36.0, 16.0
    high = 120 / service
    busy = {"kind": "burst", "rate": 0.8 * high, "length": seconds(every - pause), "every": seconds(every)}
    of = {
        "autoscaling": {"min_replica": 1, "max_replica": 200, "concurrency_target": 2, "scale_down_delay": 420},
        "service": {"mean": service, "cv": 0.2, "knee": 2, "prefill": 0.9},
        "startup": {"scheduling": 10, "weight_download": 30, "container_start": 50},
        "workload": {"patterns": [{"kind": "constant", "rate": 0.2 * high}, busy]},
    }
    return Scenario(
        name,
        "pauses",
        level,
        SHORT,
        [model_of(name, of)],
        detection="latency_after_scale_down",
        evidence=int(5 * every),
        expected=frozenset({"ServingLatencyAfterScaleDown"}),
        companions=BUDGETS | {"ServingThrash"},
    )


def _cured_in_time(kind: str, of: Make, waited: float, **cure: Any) -> Make:
    """Return what makes an incident; or one whose setting somebody puts right while the alert is waiting, minutes after its evidence."""

    def make(name: str, level: Level, rng: np.random.Generator) -> Scenario:
        made = of(name, "medium", rng)
        timeline = _edited(name, made.evidence + waited, **cure) if level == HEALTHY else []
        return replace(made, incident=kind, level=level, timeline=timeline)

    return make


def _until_cured(kind: str, **cure: Any) -> Make:
    """Return what makes a deployment that a crowd wakes each half hour, until somebody changes a setting: that cures it."""

    def make(name: str, level: Level, rng: np.random.Generator) -> Scenario:
        # The second wake is the first that a longer delay had spared, the fourth makes three of them, and the alert waits ten minutes.
        crowd = 2 if level == HEALTHY else 40
        uses = {"kind": "batch", "requests": crowd, "spread": 20, "every": seconds(30), "at": seconds(10)}
        of = {
            "state": "zero",
            "replicas": 0,
            "autoscaling": {"min_replica": 0, "max_replica": 3, "concurrency_target": 2, "scale_down_delay": 300},
            "service": {"mean": varied(rng, 3.0, 0.05), "cv": 0.3, "knee": 2},
            "startup": {"scheduling": 10, "weight_download": 30, "container_start": 60},
            "workload": {"patterns": [uses]},
        }
        return Scenario(
            name,
            kind,
            level,
            SHORT,
            [model_of(name, of, age="30d")],
            timeline=_edited(name, 10 + 3 * 30 + 5, **cure),
            detection="cold_flood",
            onset=10,
            expected=frozenset({"ServingColdFlood"}),
        )

    return make


MADE: Mapping[str, Make] = {
    "delay_near_cycle": _delay_near_cycle("delay_near_cycle", 2),
    "delay_near_cycle_of_one": _delay_near_cycle("delay_near_cycle_of_one", 1),
    # The fifth return of the load is the fifth episode, which is seen within two minutes; the alert waits for two more.
    "delay_raised_in_time": _cured_in_time("delay_raised_in_time", _pauses, 2, scale_down_delay=3000),
    "pinned_in_time": _cured_in_time("pinned_in_time", _pauses, 2, min_replica=110, max_replica=110),
    "tokens_pinned_in_time": _cured_in_time("tokens_pinned_in_time", tokens.token_thrash, 6, min_replica=6, max_replica=6),
    "floods_until_longer_delay": _until_cured("floods_until_longer_delay", scale_down_delay=3600),
    "floods_until_floor": _until_cured("floods_until_floor", min_replica=1),
}
"""By kind: what makes one variation of it."""
