"""Every story, by what it is about."""

from __future__ import annotations

from serving_rules.scenarios.stories import asynchronous, capacity, days, errors, health, load, rollouts, starts, targets, telemetry
from serving_rules.scenarios.story import Scenario

__all__ = ["SCENARIOS"]

SCENARIOS: tuple[Scenario, ...] = (
    *load.SCENARIOS,
    *capacity.SCENARIOS,
    *starts.SCENARIOS,
    *health.SCENARIOS,
    *targets.SCENARIOS,
    *asynchronous.SCENARIOS,
    *errors.SCENARIOS,
    *rollouts.SCENARIOS,
    *telemetry.SCENARIOS,
    *days.SCENARIOS,
)
