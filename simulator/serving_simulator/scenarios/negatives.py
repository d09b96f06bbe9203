"""Ordinary life that looks like trouble, under settings that suit it: nothing may be said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from serving_simulator.recording import Loss
from serving_simulator.scenarios.releases import promote, promoted
from serving_simulator.scenarios.scenario import HEALTHY, ONSET, SHORT, Scenario, model_of, seconds, varied

__all__ = ["NEGATIVES", "negatives"]

_STEADY, _QUICK = "constant", {"scheduling": 15, "container_start": 40}
_DAILY = {"kind": "diurnal", "low": 0.3, "high": 1.6}


def _patterns(rng: np.random.Generator) -> dict[str, tuple[list[dict[str, Any]], dict[str, Any]]]:
    """Return loads, as multiples of a base rate, and the settings that suit each."""
    at = float(rng.integers(0, 3600))
    hourly = {"kind": "burst", "rate": 1.0, "length": 300, "every": 3600, "at": at}
    return {
        "steady": ([{"kind": _STEADY, "rate": 1.0}], {}),
        "diurnal": ([_DAILY], {}),
        "hourly-burst": ([{"kind": _STEADY, "rate": 0.5}, hourly], {"min_replica": 2, "scale_down_delay": 3600}),
        "jitter": ([{"kind": "jitter", "rate": 1.0, "factor": 2.0, "every": 1200, "at": at}], {"min_replica": 4, "scale_down_delay": 1800}),
        "nightly-drain": ([{"kind": "diurnal", "low": 0.0, "high": 1.0}], {"min_replica": 1}),
        "pinned": ([{"kind": _STEADY, "rate": 1.0}], {"min_replica": 4, "max_replica": 4}),
        "exactly-at-max": ([{"kind": _STEADY, "rate": 1.0}], {"min_replica": 2, "max_replica": 3, "target_utilization_percentage": 70}),
        "noisy": ([{"kind": _STEADY, "rate": 1.0}], {}),
    }


def _long(rng: np.random.Generator, name: str, kind: str) -> Mapping[str, Any]:
    service = varied(rng, float(rng.choice([0.3, 2.0, 10.0])), 0.5)
    target = int(rng.choice([1, 4, 16]))
    base = varied(rng, 1.4) * target / service
    patterns, settings = _patterns(rng)[kind]
    scaled = [{key: value * base if key in ("rate", "low", "high") else value for key, value in each.items()} for each in patterns]
    start = float(rng.choice([20.0, 60.0, 240.0]))
    return model_of(
        name,
        {
            "instance_type": str(rng.choice(["L4:4x16", "H100", "A10Gx4x16"])),
            "autoscaling": {"min_replica": 2, "max_replica": 12, "concurrency_target": target, "scale_down_delay": 900, **settings},
            "service": {"mean": service, "cv": varied(rng, 0.5), "knee": 1.5 * target, "patience": 600},
            "startup": {"scheduling": 15, "weight_download": start * 0.3, "container_start": start * 0.7},
            "workload": {"noise": 0.25 if kind == "noisy" else 0.08, "patterns": scaled},
        },
        age="30d",
    )


def _sparse(rng: np.random.Generator, name: str, kind: str) -> Mapping[str, Any]:
    """Return deployments of which nothing is asked, or little: failures among few requests are no trend."""
    faults = {"error_rate": 0.003} if kind == "one-error" else {}
    quiet = {"min_replica": 1, "max_replica": 3, "concurrency_target": 2, "scale_down_delay": 1800}
    deployment: dict[str, Any] = {
        "autoscaling": quiet,
        "service": {"mean": varied(rng, 2.0, 0.5), "cv": 0.5, "knee": 4},
        "startup": _QUICK,
        "faults": faults,
        "workload": {"patterns": [{"kind": _STEADY, "rate": varied(rng, 0.02)}]},
    }
    if kind == "development":
        deployment |= {"development": True, "environment": None, "autoscaling": {**quiet, "min_replica": 0, "max_replica": 1}}
        deployment["faults"] = {"crash_every": 9000.0, "crash_on_load": 0.3}
    if kind == "async-only":
        deployment |= {
            "autoscaling": {**quiet, "min_replica": 2},
            "workload": {"patterns": []},
            "async_workload": {"noise": 0.1, "patterns": [{"kind": "diurnal", "low": 0.05, "high": 0.6}]},
        }
    if kind == "polite-wake":
        deployment["autoscaling"] = {**quiet, "min_replica": 0, "scale_down_delay": 3600}
        deployment["workload"] = {"patterns": [{"kind": "batch", "requests": 1.0, "spread": 5, "every": seconds(240), "at": 600}]}
    return model_of(name, deployment, age="30d")


_SPARSE = ("one-error", "development", "async-only", "polite-wake")
LONG = (*_patterns(np.random.default_rng(0)), *_SPARSE)
"""Kinds that go on for days."""


def _event(rng: np.random.Generator, name: str, kind: str) -> Scenario:
    """Return something that happens once and is no incident."""
    at = seconds(ONSET)
    model = dict(_long(rng, name, "steady"))
    here = f"{name}/deployment-1"
    losses: list[Loss] = []
    happens: list[dict[str, Any]] = []
    match kind:
        case "single-restart":
            happens = [{"at": at, "do": {"action": "terminate", "deployment": here}}]
        case "settings-edit":
            happens = [{"at": at, "do": {"action": "settings", "deployment": here, "change": {"min_replica": 4, "max_replica": 14}}}]
        case "first-deployment":
            model["deployments"] = [{**model["deployments"][0], "state": "new", "age": 0}]
        case "scrape-outage":
            losses = [Loss("exporter", ONSET, ONSET + 4)]
        case "schedule":
            model = promoted(name, rng, {}, {})
            lifts = {"min_replica": 6, "max_replica": 10}
            schedule = {"name": "busy", "cadence": "HOURLY", "start_minute": 10, "end_minute": 40, "settings": lifts}
            model["environments"][0] |= {"timezone": "UTC", "schedules": [schedule]}
        case "rollout" | "rollout-of-surge" | "slow-rollout":
            rolling = kind != "rollout"
            stabilise = 600 if kind == "slow-rollout" else 30
            surge = 50 if kind == "rollout-of-surge" else 25
            how = {"rolling_deploy": rolling, "max_surge_percent": surge, "stabilization_time_seconds": stabilise}
            model = promoted(name, rng, how, {})
            happens = [{"at": at, "do": promote(name)}]
    return Scenario(name, kind, HEALTHY, SHORT, [model], timeline=happens, losses=losses)


EVENTS = (
    "single-restart",
    "settings-edit",
    "first-deployment",
    "scrape-outage",
    "schedule",
    "rollout",
    "rollout-of-surge",
    "slow-rollout",
)
NEGATIVES = (*LONG, *EVENTS)


def negatives(seeds: int, hours: int) -> Iterator[Scenario]:
    """Yield ``seeds`` variations of every negative; those that go on for days are ``hours`` long."""
    for kind in NEGATIVES:
        for number in range(seeds):
            name = f"negative-{kind}-{number}"
            rng = np.random.default_rng(list(name.encode()))
            if kind in EVENTS:
                yield _event(rng, name, kind)
            else:
                make = _sparse if kind in _SPARSE else _long
                yield Scenario(name, kind, HEALTHY, hours * 60, [make(rng, name, kind)])
