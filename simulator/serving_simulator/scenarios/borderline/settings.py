"""Settings a little on the wrong side of a rule's number, and a little on the right one: lints, targets, floors, ceilings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from serving_simulator.scenarios.scenario import BUDGETS, DAY, HEALTHY, SHORT, WEEK, Level, Make, Scenario, model_of, seconds, varied
from serving_simulator.scenarios.settings import idle_spend, over_provisioned, target_too_high

__all__ = ["MADE"]

_QUICK = {"scheduling": 10, "container_start": 30}
_LINTED_AFTER = 12 * 60
"""Minutes until a lint may be said: twelve hours of what ran have to be known."""
_LOWERED = 125
"""Minute at which an idle floor is lowered: shortly before its idleness would be said, at 130."""


def _deployment(rate: float, settings: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return a deployment under steady load with room above it, and some settings of its own."""
    return {
        "autoscaling": {"min_replica": 2, "max_replica": 5, "concurrency_target": 8, **settings},
        "service": {"mean": 1.0, "cv": 0.5, "knee": 12},
        "startup": _QUICK,
        "workload": {"patterns": [{"kind": "constant", "rate": rate}]},
        **more,
    }


def _linted(name: str, kind: str, level: Level, minutes: int, evidence: int, deployments: Mapping[str, Mapping[str, Any]]) -> Scenario:
    """Return a workspace of deployments whose settings are looked at, a model for each."""
    return Scenario(
        name,
        kind,
        level,
        minutes,
        [model_of(f"{name}-{each}", deployment) for each, deployment in deployments.items()],
        detection="settings_lint",
        evidence=evidence,
        expected=frozenset({"ServingSettingsLint"}),
    )


def _settings_near_advice(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """A window of twenty seconds, a delay of eighty: a little too short where a little longer would do."""
    good = level == HEALTHY
    staging = {"min_replica": 1, "max_replica": 2}
    deployments = {
        # The least is 30 s.
        "window": _deployment(varied(rng, 7.0), {"autoscaling_window": round(varied(rng, 44 if good else 20, 0.1))}),
        # The least is 120 s, and two replicas are the fewest that can flap.
        "delay": _deployment(
            varied(rng, 2.0), {**staging, "scale_down_delay": round(varied(rng, 170 if good else 85, 0.1))}, environment="staging"
        ),
    }
    if good:
        alone = {"min_replica": 0, "max_replica": 1, "scale_down_delay": round(varied(rng, 85, 0.1))}
        deployments["alone"] = _deployment(varied(rng, 2.0), alone, environment="staging")
    return _linted(name, "settings_near_advice", level, DAY, _LINTED_AFTER, deployments)


def _bursts_without_room(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Crowds come to replicas that are filled to the brim, and there are only just enough requests to call it a load."""
    # Requests in flight over the day: at one a day's mean is load.
    mean = varied(rng, 0.72 if level == HEALTHY else 1.45, 0.05)
    crowd = {"kind": "burst", "rate": 0.5 * mean * 8, "length": 150, "every": 1200, "at": float(rng.uniform(0, 1200))}
    quiet = {"kind": "constant", "rate": 0.5 * mean}
    brim = {"target_utilization_percentage": 95}
    return _linted(
        name,
        "bursts_without_room",
        level,
        DAY,
        _LINTED_AFTER,
        {"brim": _deployment(0, brim, workload={"patterns": [quiet, crowd]})},
    )


def _pinned_above_need(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """A fleet of fixed size, some times what its load asks for, and a part of its work is asynchronous."""
    good = level == HEALTHY
    # More than three times the need of one replica; half asynchronous, the load is not known.
    wasted = {"min_replica": 4, "max_replica": 4}
    rate = varied(rng, 2.0)
    work = _work_beside_asynchronous(rate, varied(rng, 0.7 if good else 0.36, 0.05))
    deployments = {"async": _deployment(rate, wasted, async_workload=work)}
    if good:
        deployments["pair"] = _deployment(rate, {"min_replica": 2, "max_replica": 2})
    return _linted(name, "pinned_above_need", level, DAY, _LINTED_AFTER, deployments)


def _start_too_slow_to_wait_for(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """A deployment outside production sleeps, is woken some times a day, and its start takes minutes."""
    # Two minutes are what a first request may wait.
    start = varied(rng, 80 if level == HEALTHY else 160, 0.05)
    uses = {"kind": "batch", "requests": 2, "spread": 600, "every": seconds(4 * 60), "at": seconds(float(rng.uniform(30, 90)))}
    sleepy = {"min_replica": 0, "max_replica": 2}
    startup = {"scheduling": 5, "scheduling_spread": 0.1, "image_pull": 2, "weight_download": 0.3 * start, "container_start": 0.6 * start}
    deployment = _deployment(0, sleepy, environment="staging", workload={"patterns": [uses]}, startup={**startup, "spread": 0.02})
    return _linted(name, "start_too_slow_to_wait_for", level, DAY, _LINTED_AFTER, {"sleepy": deployment})


def _work_beside_asynchronous(rate: float, share: float) -> dict[str, Any]:
    """Return the asynchronous work that is a share of all requests where the others come at a rate."""
    return {"patterns": [{"kind": "constant", "rate": rate * share / (1 - share)}]}


def _target_below_room(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """One request at a time on hardware that takes eight, two thirds of it kept free, and a part of the work is asynchronous."""
    good = level == HEALTHY
    rate = varied(rng, 1.5, 0.05)
    return Scenario(
        name,
        "target_below_room",
        level,
        SHORT,
        [
            model_of(
                name,
                {
                    "autoscaling": {"min_replica": 2, "max_replica": 30, "concurrency_target": 1, "target_utilization_percentage": 35},
                    "replicas": 8,
                    "service": {"mean": 2.0, "cv": 0.3, "knee": 8},
                    "startup": _QUICK,
                    "workload": {"patterns": [{"kind": "constant", "rate": rate}]},
                    # Mostly asynchronous work says nothing about the target: half is the most.
                    "async_workload": _work_beside_asynchronous(rate, varied(rng, 0.58 if good else 0.36, 0.05)),
                },
            )
        ],
        detection="concurrency_target_too_low",
        # Five hours of the six have to be known.
        evidence=300,
        expected=frozenset({"ServingConcurrencyTargetTooLow"}),
        companions=BUDGETS,
    )


def _target_beyond_knee_with_async(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Replicas are given too much at once, and of their requests a third is asynchronous."""
    of = target_too_high(name, HEALTHY if level == HEALTHY else "medium", rng)
    deployment = of.models[0]["deployments"][0]
    patterns = deployment["workload"]["patterns"]
    share = varied(rng, 0.36, 0.05)
    parts = [[{**each, "rate": part * each["rate"]} if "rate" in each else each for each in patterns] for part in (1 - share, share)]
    asynchronous = [each for each in parts[1] if "rate" in each]
    changed = {**deployment, "workload": {"patterns": parts[0]}, "async_workload": {"patterns": asynchronous}}
    return replace(of, incident="target_beyond_knee_with_async", level=level, models=[{**of.models[0], "deployments": [changed]}])


def _surplus_above_floor(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """A crowd each hour leaves a fleet behind that is more than twice its floor; a floor nearly as large explains it."""
    of = over_provisioned(name, "mild", rng)
    deployment = of.models[0]["deployments"][0]
    settings = {**deployment["autoscaling"], "min_replica": 11 if level == HEALTHY else 6}
    # Of all requests, those of the crowds too.
    rate = sum(each["rate"] * each.get("length", 3300) / 3300 for each in deployment["workload"]["patterns"])
    work = _work_beside_asynchronous(rate, varied(rng, 0.36, 0.05))
    changed = {**deployment, "autoscaling": settings, "async_workload": work}
    return replace(of, incident="surplus_above_floor", level=level, evidence=12 * 60, models=[{**of.models[0], "deployments": [changed]}])


def _idle_above_lowered_floor(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Nobody asks for anything; the floor is lowered, and the delay keeps what was above it for an hour more."""
    of = idle_spend(name, "medium", rng)
    deployment = of.models[0]["deployments"][0]
    settings = {**deployment["autoscaling"], "scale_down_delay": 3600}
    lower = {"action": "settings", "deployment": f"{name}/deployment-1", "change": {"min_replica": 0 if level == HEALTHY else 1}}
    return replace(
        of,
        incident="idle_above_lowered_floor",
        level=level,
        models=[{**of.models[0], "deployments": [{**deployment, "autoscaling": settings}]}],
        timeline=[{"at": seconds(_LOWERED), "do": lower}],
        # What is above the floor is gone when the delay is over.
        evidence=_LOWERED + 60 - of.onset,
    )


def _ceiling_above_need(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """A ceiling of some times what a week ever needed."""
    good = level == HEALTHY
    rate = varied(rng, 0.03)

    def bounded(ceiling: int, share: float) -> dict[str, Any]:
        slow = {"mean": 4.0, "cv": 0.5, "knee": 12}
        return _deployment(rate, {"max_replica": ceiling}, service=slow, async_workload=_work_beside_asynchronous(rate, share))

    # One replica is needed and two are counted: five times that is ten.
    deployments = {"mixed": bounded(15, varied(rng, 0.72 if good else 0.36, 0.05))}
    if good:
        deployments["low"] = bounded(7, 0.2)
    return _linted(name, "ceiling_above_need", level, WEEK, 144 * 60, deployments)


MADE: Mapping[str, Make] = {
    "settings_near_advice": _settings_near_advice,
    "bursts_without_room": _bursts_without_room,
    "pinned_above_need": _pinned_above_need,
    "start_too_slow_to_wait_for": _start_too_slow_to_wait_for,
    "target_below_room": _target_below_room,
    "target_beyond_knee_with_async": _target_beyond_knee_with_async,
    "surplus_above_floor": _surplus_above_floor,
    "idle_above_lowered_floor": _idle_above_lowered_floor,
    "ceiling_above_need": _ceiling_above_need,
}
"""By kind: what makes one variation of it."""
