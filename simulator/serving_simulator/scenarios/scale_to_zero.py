"""Deployments that fall to zero: a crowd finds nobody in, or each use begins with a start."""

from __future__ import annotations

import numpy as np

from serving_simulator.scenarios.scenario import BUDGETS, HEALTHY, ONSET, SHORT, WEEK, Level, Scenario, model_of, seconds, varied

__all__ = ["cold_flood", "daily_cold_start", "scale_to_zero_churn"]


def cold_flood(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """A crowd comes to a deployment that is scaled to zero, and its start takes minutes."""
    start, crowd = {HEALTHY: (25.0, 0.3), "mild": (200.0, 20.0), "medium": (360.0, 40.0), "severe": (600.0, 90.0)}[level]
    flood = {"kind": "flood", "rate": varied(rng, crowd) / 60, "fade": seconds(4), "at": seconds(ONSET)}
    return Scenario(
        name,
        "cold_flood",
        level,
        SHORT,
        [
            model_of(
                name,
                {
                    "state": "zero",
                    "replicas": 0,
                    "autoscaling": {"min_replica": 0, "max_replica": 8, "concurrency_target": 2, "scale_down_delay": 900},
                    "service": {"mean": varied(rng, 3.0), "cv": 0.5, "knee": 2, "patience": 900},
                    "startup": {"scheduling": 10, "weight_download": start * 0.3, "container_start": start * 0.7, "spread": 0.1},
                    "workload": {"patterns": [flood]},
                },
            )
        ],
        detection="cold_flood",
        onset=ONSET,
        end=ONSET + 20,
        expected=frozenset({"ServingColdFlood", "ServingRequestsParked"}),
        companions=BUDGETS | {"ServingColdStartGap", "ServingClientsGivingUp"},
    )


def scale_to_zero_churn(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Uses lie minutes apart, and the deployment falls to zero between them: each begins with a start."""
    crowd = {HEALTHY: 3.0, "mild": 3.0, "medium": 5.0, "severe": 16.0}[level]
    every = seconds(float(rng.integers(22, 34)))
    first = float(rng.uniform(0, every))
    uses = {"kind": "batch", "requests": varied(rng, crowd), "spread": 20, "every": every, "at": first}
    return Scenario(
        name,
        "scale_to_zero_churn",
        level,
        SHORT,
        [
            model_of(
                name,
                {
                    "state": "zero",
                    "replicas": 0,
                    "autoscaling": {
                        "min_replica": 0,
                        "max_replica": 3,
                        "concurrency_target": 2,
                        "scale_down_delay": 3600 if level == HEALTHY else 300,
                    },
                    "service": {"mean": varied(rng, 3.0), "cv": 0.3, "knee": 1},
                    "startup": {"scheduling": 10, "weight_download": 10, "container_start": 30},
                    "workload": {"patterns": [uses]},
                },
                age="30d",
            )
        ],
        detection="scale_to_zero_churn",
        # Three starts; the first of all is none that a longer delay would have spared, and a use may happen not to come.
        evidence=int((first + 4 * every) / 60),
        # A crowd that meets an empty house is named as such each time, before it is a habit.
        expected=frozenset({"ServingScaleToZeroChurn", *(["ServingColdFlood"] if level == "severe" else [])}),
        companions=frozenset({"ServingColdFlood"}),
    )


def daily_cold_start(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """The same hour of each day begins with a start from zero."""
    at = seconds(60 * float(rng.integers(6, 12)) + float(rng.integers(0, 40)))
    rate = {HEALTHY: 0.2, "mild": 0.02, "medium": 0.1, "severe": 0.3}[level]
    hours = {"kind": "step", "rate": varied(rng, rate), "at": at, "length": seconds(8 * 60), "every": seconds(24 * 60)}
    return Scenario(
        name,
        "daily_cold_start",
        level,
        WEEK,
        [
            model_of(
                name,
                {
                    "state": "active" if level == HEALTHY else "zero",
                    "autoscaling": {
                        "min_replica": 1 if level == HEALTHY else 0,
                        "max_replica": 3,
                        "concurrency_target": 16,
                        "scale_down_delay": 1800,
                    },
                    "service": {"mean": varied(rng, 3.0), "cv": 0.5, "knee": 4},
                    "startup": {"scheduling": 10, "weight_download": 20, "container_start": 40},
                    "workload": {"patterns": [hours]},
                },
                age="30d",
            )
        ],
        detection="daily_cold_start",
        # The rest before the first wake of all is too short to count, and a wake counts when the hour around it is over.
        evidence=4 * 24 * 60 + int(at / 60) + 45,
        expected=frozenset({"ServingDailyColdStart"}),
        companions=frozenset({"ServingColdFlood", "ServingScaleToZeroChurn", "ServingSpendSpike", "ServingWorkspaceSpendSpike"}),
    )
