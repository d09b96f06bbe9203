"""What callers get: errors, refusals, late answers, of one model or of most."""

from __future__ import annotations

import numpy as np

from serving_simulator.scenarios.scenario import BUDGETS, HEALTHY, LASTS, ONSET, SHORT, Level, Scenario, during, model_of, seconds, varied

__all__ = ["failing_requests", "platform_incident", "refused_requests", "slow_answers", "timeouts"]


def failing_requests(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """The model answers a share of its requests with an error of its own."""
    share = {HEALTHY: 0.001, "mild": 0.08, "medium": 0.25, "severe": 0.7}[level]
    return Scenario(
        name,
        "failing_requests",
        level,
        SHORT,
        [
            model_of(
                name,
                {
                    "autoscaling": {"min_replica": 2, "max_replica": 4, "concurrency_target": 8},
                    "service": {"mean": varied(rng, 1.0), "cv": 0.5, "knee": 8},
                    "workload": {"patterns": [{"kind": "constant", "rate": varied(rng, 4.0)}]},
                },
            )
        ],
        timeline=during(name, {"error_rate": share}, {"error_rate": 0.0}),
        detection="slo",
        onset=ONSET,
        end=ONSET + LASTS,
        # 14.4 times the budget of an hour, at an objective of 99 %, over the hour of the window.
        evidence={"mild": 120, "medium": 36}.get(level, 15),
        expected=frozenset(name for name in BUDGETS if "Availability" in name),
        companions=BUDGETS,
    )


def slow_answers(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Every request takes many times as long as it did."""
    factor = {HEALTHY: 1.2, "mild": 22.0, "medium": 35.0, "severe": 60.0}[level]
    service = varied(rng, 6.0, 0.1)
    return Scenario(
        name,
        "slow_answers",
        level,
        SHORT,
        [
            model_of(
                name,
                {
                    "autoscaling": {"min_replica": 6, "max_replica": 200, "concurrency_target": 8},
                    "service": {"mean": service, "cv": 0.2, "knee": 16, "prefill": 0.9},
                    "startup": {"scheduling": 10, "container_start": 30},
                    "workload": {"patterns": [{"kind": "constant", "rate": 6.0 / service}]},
                },
            )
        ],
        timeline=during(name, {"slow": factor}, {"slow": 1.0}),
        detection="slo",
        onset=ONSET,
        end=ONSET + LASTS,
        evidence=45,
        expected=frozenset(name for name in BUDGETS if "Latency" in name),
        companions=BUDGETS
        | {"ServingConcurrencyTargetTooHigh", "ServingColdStartGap", "ServingCapacitySaturated", "ServingCapacityExhausted"},
    )


def refused_requests(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """At its ceiling, a deployment that refuses instead of queueing refuses a share of its requests."""
    share = {HEALTHY: 0.5, "mild": 1.0, "medium": 1.3, "severe": 2.0}[level]
    service, replicas, target = varied(rng, 2.0), int(rng.integers(3, 5)), 16
    capacity = replicas * target / service
    step = {"kind": "step", "rate": capacity * max(0.05, share - 0.35), "at": seconds(ONSET), "length": seconds(LASTS)}
    return Scenario(
        name,
        "refused_requests",
        level,
        SHORT,
        [
            model_of(
                name,
                {
                    "autoscaling": {"min_replica": 1, "max_replica": replicas, "concurrency_target": target},
                    "backpressure": "REJECT_ON_FULL",
                    "service": {"mean": service, "cv": 0.5, "knee": target, "predict_concurrency": target},
                    "startup": {"scheduling": 15, "container_start": 40},
                    "workload": {"patterns": [{"kind": "constant", "rate": capacity * 0.35}, step]},
                },
            )
        ],
        detection="status_codes",
        onset=ONSET,
        end=ONSET + LASTS,
        evidence=2,
        expected=frozenset({"ServingRequestsShed", "ServingCapacityExhausted"}),
        companions=BUDGETS | {"ServingCapacitySaturated"},
    )


def timeouts(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """A share of requests runs into the timeout and has held a slot for twenty minutes."""
    factor = {HEALTHY: 1.0, "mild": 18.0, "medium": 40.0, "severe": 90.0}[level]
    return Scenario(
        name,
        "timeouts",
        level,
        SHORT,
        [
            model_of(
                name,
                {
                    "autoscaling": {"min_replica": 4, "max_replica": 150, "concurrency_target": 16},
                    "service": {"mean": varied(rng, 40.0), "cv": 0.7, "knee": 32, "prefill": 0.05},
                    "startup": {"scheduling": 10, "container_start": 30},
                    "workload": {"patterns": [{"kind": "constant", "rate": varied(rng, 0.4)}]},
                },
            )
        ],
        timeline=during(name, {"slow": factor}, {"slow": 1.0}),
        detection="status_codes",
        onset=ONSET,
        end=ONSET + LASTS + 20,
        # The first request can only time out when it has run for twenty minutes.
        evidence=25,
        expected=frozenset({"ServingRequestTimeouts"}),
        companions=BUDGETS
        | {"ServingConcurrencyTargetTooHigh", "ServingCapacityExhausted", "ServingCapacitySaturated", "ServingColdStartGap"},
    )


def platform_incident(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Most models of a workspace fail at once; at the healthy level one of them does."""
    models = {HEALTHY: 1, "mild": 4, "medium": 5, "severe": 6}[level]
    share = {HEALTHY: 0.02, "mild": 0.2, "medium": 0.5, "severe": 0.9}[level]
    names = [f"{name}-{number}" for number in range(6)]
    happens = [entry for each in names[:models] for entry in during(each, {"error_rate": share}, {"error_rate": 0.0})]
    return Scenario(
        name,
        "platform_incident",
        level,
        SHORT,
        [
            model_of(
                each,
                {
                    "autoscaling": {"min_replica": 2, "max_replica": 4, "concurrency_target": 8},
                    "service": {"mean": varied(rng, 1.0), "cv": 0.5, "knee": 8},
                    "workload": {"patterns": [{"kind": "constant", "rate": varied(rng, 3.0)}]},
                },
            )
            for each in names
        ],
        timeline=happens,
        detection="platform_incident",
        onset=ONSET,
        end=ONSET + LASTS,
        evidence=5,
        expected=frozenset({"ServingPlatformIncident"}),
        companions=BUDGETS,
    )
