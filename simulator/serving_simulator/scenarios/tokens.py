"""Deployments that scale on tokens in flight: their requests and concurrency targets say nothing about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from serving_simulator.scenarios.scenario import BUDGETS, HEALTHY, LASTS, ONSET, SHORT, Level, Scenario, during, model_of, seconds, varied

__all__ = ["REQUESTS", "token_ceiling", "token_crashes", "token_deployment", "token_overshoot", "token_thrash"]

REQUESTS = 20
"""Requests in flight that one replica is planned for."""
_TOKENS = {"input": 3000, "output": 500}


def token_deployment(service: float, autoscaling: Mapping[str, Any], patterns: Sequence[Mapping[str, Any]], **more: Any) -> dict[str, Any]:
    """Return a deployment that has ``REQUESTS`` of ``service`` seconds in flight for each replica that its autoscaler wants."""
    return {
        "instance_type": "H100:2",
        "autoscaling": {"target_in_flight_tokens": REQUESTS * (_TOKENS["input"] + _TOKENS["output"] // 2), **autoscaling},
        # A batching engine takes far more than is planned for, and slows down beyond that.
        "service": {"mean": service, "cv": 0.5, "knee": 4 * REQUESTS, "prefill": 0.1, "tokens": _TOKENS},
        "startup": {"scheduling": 15, "container_start": 60},
        "workload": {"patterns": list(patterns)},
        **more,
    }


def token_ceiling(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """More tokens in flight than the ceiling is planned for."""
    share = {HEALTHY: 0.6, "mild": 1.3, "medium": 1.6, "severe": 2.2}[level]
    service, replicas = varied(rng, 8.0), int(rng.integers(3, 6))
    planned = replicas * REQUESTS / service
    step = {"kind": "step", "rate": planned * (share - 0.35), "at": seconds(ONSET), "length": seconds(90)}
    patterns = [{"kind": "constant", "rate": planned * 0.35}, step]
    return Scenario(
        name,
        "token_ceiling",
        level,
        SHORT,
        [model_of(name, token_deployment(service, {"min_replica": 1, "max_replica": replicas}, patterns))],
        detection="tokens",
        onset=ONSET,
        end=ONSET + 90,
        evidence=5,
        expected=frozenset({"ServingTokensSaturated"}),
        companions=BUDGETS,
    )


def token_thrash(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Bursts come back before long, and the replicas that they need are thrown away after each, their caches with them."""
    swing = {HEALTHY: 2.0, "mild": 2.0, "medium": 3.0, "severe": 5.0}[level]
    period = seconds(float(rng.integers(7, 11)))
    service = varied(rng, 8.0)
    one = REQUESTS / service
    burst = {"kind": "burst", "rate": swing * one, "length": period * 0.4, "every": period}
    delay = 1800 if level == HEALTHY else 60
    autoscaling = {"min_replica": 1, "max_replica": 10, "scale_down_delay": delay, "autoscaling_window": 30}
    patterns = [{"kind": "constant", "rate": 0.6 * one}, burst]
    return Scenario(
        name,
        "token_thrash",
        level,
        SHORT,
        [model_of(name, token_deployment(service, autoscaling, patterns, startup={"scheduling": 10, "container_start": 30}))],
        detection="tokens",
        # Ten changes of direction are five bursts.
        evidence=int(5 * period / 60),
        expected=frozenset({"ServingTokenThrash"}),
        companions=BUDGETS,
    )


def token_overshoot(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Load rises for good, and what piles up while replicas start makes the autoscaler start far more than the load needs."""
    rise, start = {HEALTHY: (1.2, 60.0), "mild": (8.0, 400.0), "medium": (10.0, 500.0), "severe": (12.0, 600.0)}[level]
    service = varied(rng, 8.0)
    base = varied(rng, 1.2) * REQUESTS / service
    step = {"kind": "step", "rate": base * (rise - 1), "at": seconds(ONSET)}
    autoscaling = {"min_replica": 2, "max_replica": 80, "scale_down_delay": 900}
    slow = {"scheduling": 20, "weight_download": start * 0.4, "container_start": start * 0.6}
    deployment = token_deployment(service, autoscaling, [{"kind": "constant", "rate": base}, step], startup=slow)
    return Scenario(
        name,
        "token_overshoot",
        level,
        SHORT,
        [model_of(name, deployment)],
        detection="tokens",
        onset=ONSET,
        # Half an hour of what it was, and half an hour of what it settles at.
        evidence=60 + int(start / 60),
        expected=frozenset({"ServingTokenOvershoot"}),
        companions=BUDGETS,
    )


def token_crashes(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Engines die and come back: their replicas go up and down as if they flapped, and the cure is another."""
    every = {HEALTHY: None, "mild": 900.0, "medium": 600.0, "severe": 300.0}[level]
    service = varied(rng, 8.0)
    patterns = [{"kind": "constant", "rate": varied(rng, 2.0) * REQUESTS / service}]
    deployment = token_deployment(service, {"min_replica": 2, "max_replica": 6}, patterns)
    return Scenario(
        name,
        "token_crashes",
        level,
        SHORT,
        [model_of(name, deployment)],
        timeline=during(name, {"crash_every": every}, {"crash_every": None}) if every else [],
        detection="restart_loop",
        onset=ONSET,
        end=ONSET + LASTS,
        evidence={"mild": 30, "medium": 20}.get(level, 10),
        expected=frozenset({"ServingRestartLoop", "ServingDeploymentUnhealthy"}),
        companions=BUDGETS | {"ServingReplicaCrashes", "ServingBelowMinReplicas", "ServingRequestsParked", "ServingPodsNotReady"},
    )
