"""What just lasts too long in the platform and in what reads it, and what is over in time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from serving_simulator.recording import Loss
from serving_simulator.scenarios.borderline.crashes import fleet
from serving_simulator.scenarios.releases import promote, promoted
from serving_simulator.scenarios.scenario import DAY, HEALTHY, ONSET, SHORT, Level, Make, Scenario, model_of, seconds, varied

__all__ = ["MADE"]


def settings_unread(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """The inventory is not read for so long that it is stale, and not for so long that settings are; or for three minutes."""
    length = 3 if level == HEALTHY else int(rng.integers(11, 14))
    model = model_of(
        name,
        {
            "autoscaling": {"min_replica": 2, "max_replica": 4, "concurrency_target": 8},
            "service": {"mean": varied(rng, 1.0), "cv": 0.5, "knee": 8},
            "workload": {"patterns": [{"kind": "constant", "rate": varied(rng, 4.0)}]},
        },
    )
    return Scenario(
        name,
        "settings_unread",
        level,
        SHORT,
        [model],
        losses=[Loss("stale", ONSET, ONSET + length, "inventory")],
        detection="telemetry",
        onset=ONSET,
        end=ONSET + length,
        evidence=5,
        expected=frozenset({"ServingSourceStale"}),
    )


def prices_unread(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Prices, which are read four times a day, are not read for longer than three times as long; or for twice as long."""
    begins = 10
    length = int(rng.integers(11 * 60, 14 * 60)) if level == HEALTHY else int(rng.integers(20 * 60, 22 * 60))
    return Scenario(
        name,
        "prices_unread",
        level,
        DAY,
        [fleet(name, rng, 2)],
        losses=[Loss("stale", begins, begins + length, "prices")],
        detection="telemetry",
        onset=begins,
        end=begins + length,
        # They were read at the first scrape.
        evidence=18 * 60 - begins,
        expected=frozenset({"ServingSourceStale"}),
    )


def promotion_paused(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Somebody pauses a promotion, and it is still paused after four hours; or only for the better part of three."""
    begins, pauses = 20, 60
    lasts = rng.uniform(150, 180) if level == HEALTHY else rng.uniform(255, 270)
    environment = f"{name}/production"
    model = promoted(name, rng, {"rolling_deploy": True, "max_surge_percent": 25, "stabilization_time_seconds": 1800}, {})
    controls = [(pauses, "PAUSE"), (pauses + lasts, "RESUME")]
    steps = [{"at": seconds(at), "do": {"action": "control", "environment": environment, "control": what}} for at, what in controls]
    return Scenario(
        name,
        "promotion_paused",
        level,
        SHORT,
        [model],
        timeline=[{"at": seconds(begins), "do": promote(name)}, *steps],
        detection="rollout",
        onset=pauses,
        end=pauses + int(lasts),
        # 228 of 240 minutes.
        evidence=230,
        expected=frozenset({"ServingRolloutPaused"}),
    )


def _sick(name: str, minute: float) -> list[dict[str, Any]]:
    """Let one replica fail its checks from this minute on."""
    do = {"action": "fault", "deployment": f"{name}/deployment-1"}
    return [{"at": seconds(minute) + after, "do": {**do, "change": {"unready_every": every}}} for after, every in ((0, 0.5), (5, None))]


def models_unhealthy_at_once(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """For four minutes five of eight models are unhealthy; or four of ten."""
    sick, most = (4, 10) if level == HEALTHY else (5, 8)
    names = [f"{name}-{number}" for number in range(most)]
    return Scenario(
        name,
        "models_unhealthy_at_once",
        level,
        SHORT,
        [
            model_of(
                each,
                {
                    "autoscaling": {"min_replica": 1, "max_replica": 1, "concurrency_target": 8},
                    "service": {"mean": varied(rng, 1.0), "cv": 0.5, "knee": 8, "patience": 600},
                    "probes": {"stop_traffic_threshold": 10, "restart_threshold": 1800},
                    # Shorter than a single model's five minutes, and longer than the three of many.
                    "faults": {"unready_for": 275},
                    "workload": {"patterns": [{"kind": "constant", "rate": 0.0005}]},
                },
            )
            for each in names
        ],
        timeline=[step for each in names[:sick] for step in _sick(each, ONSET)],
        detection="platform_incident",
        onset=ONSET,
        end=ONSET + 5,
        expected=frozenset({"ServingPlatformIncident"}),
    )


def pod_unready(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """A pod is not ready for forty minutes; or is one of a version that a promotion replaces meanwhile."""
    model = promoted(name, rng, {"rolling_deploy": True, "max_surge_percent": 25, "stabilization_time_seconds": 3600}, {})
    environment = model["environments"][0]
    environment["autoscaling"] |= {"min_replica": 4, "max_replica": 4}
    environment["workload"] = {"patterns": [{"kind": "constant", "rate": varied(rng, 8.0)}]}
    old = model["deployments"][0]
    old |= {"probes": {"stop_traffic_threshold": 60, "restart_threshold": 3000}, "faults": {"unready_for": 2400}}
    return Scenario(
        name,
        "pod_unready",
        level,
        SHORT,
        [model],
        timeline=[*([{"at": seconds(ONSET - 5), "do": promote(name)}] if level == HEALTHY else []), *_sick(name, ONSET)],
        detection="pods_not_ready",
        onset=ONSET,
        end=ONSET + 40,
        evidence=2,
        expected=frozenset({"ServingPodsNotReady", "ServingBelowMinReplicas"}),
    )


MADE: Mapping[str, Make] = {
    "settings_unread": settings_unread,
    "prices_unread": prices_unread,
    "promotion_paused": promotion_paused,
    "models_unhealthy_at_once": models_unhealthy_at_once,
    "pod_unready": pod_unready,
}
"""By kind: what makes one variation of it."""
