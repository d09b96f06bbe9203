"""What makes the alerts blind: an exporter that is away, a source that fails, is refused or hangs."""

from __future__ import annotations

import numpy as np

from serving_simulator.recording import Loss
from serving_simulator.scenarios.scenario import HEALTHY, ONSET, SHORT, Level, Scenario, model_of, varied

__all__ = ["exporter_down", "source_failing", "source_stale", "source_throttled"]


def _scenario(name: str, incident: str, level: Level, rng: np.random.Generator, loss: Loss, evidence: int, *expected: str) -> Scenario:
    return Scenario(
        name,
        incident,
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
        losses=[loss],
        detection="telemetry",
        onset=ONSET,
        end=loss.end,
        evidence=evidence,
        expected=frozenset(expected),
        companions=frozenset({"ServingSettingsStale", "ServingSourceFailing"} if loss.what != "exporter" else ()),
    )


def exporter_down(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Nothing reports the workspace any more; for two minutes, at the healthy level."""
    length = {HEALTHY: 2, "mild": 10, "medium": 30, "severe": 90}[level]
    loss = Loss("exporter", ONSET, ONSET + length)
    return _scenario(name, "exporter_down", level, rng, loss, 3, "ServingExporterDown")


def source_failing(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """The feed (or the management API, at the mild level) answers with errors."""
    length = {HEALTHY: 3, "mild": 30, "medium": 30, "severe": 90}[level]
    loss = Loss("failing", ONSET, ONSET + length, "inventory" if level == "mild" else "feed")
    return _scenario(name, "source_failing", level, rng, loss, 0, "ServingSourceFailing")


def source_throttled(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Something else spends the budget of the feed: polls are refused."""
    length = {HEALTHY: 1, "mild": 10, "medium": 30, "severe": 90}[level]
    loss = Loss("throttled", ONSET, ONSET + length, "feed")
    return _scenario(name, "source_throttled", level, rng, loss, 3, "ServingApiThrottled", "ServingSourceFailing")


def source_stale(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """A source hangs: its last poll was a success, long ago."""
    length = {HEALTHY: 3, "mild": 30, "medium": 40, "severe": 90}[level]
    loss = Loss("stale", ONSET, ONSET + length, "startups" if level == "severe" else "inventory")
    return _scenario(name, "source_stale", level, rng, loss, 5, "ServingSourceStale", "ServingSettingsStale")
