"""What shows only after half a day or more: waste, habits of the night, a bill that jumps. Each is played with its own rules alone."""

from __future__ import annotations

from serving_rules.scenarios.autoscaler import Settings
from serving_rules.scenarios.deployment import Deployment
from serving_rules.scenarios.stories.profiles import bursts, steady, steps
from serving_rules.scenarios.story import Scenario, fires

__all__ = ["SCENARIOS"]

_DAY = 1440
_HALF_DAY = 15 * 60
_NIGHTS = 4 * _DAY + 660
_TWO_DAYS = 2 * _DAY + 240
_AT_NIGHT = 2 * _DAY + 120


def _night_owls() -> Deployment:
    """Nine hours of work from nine o'clock on, and nothing else: each night it drains to zero."""
    load = [0.5 if 540 <= minute % _DAY < 1080 else 0.0 for minute in range(_NIGHTS + 1)]
    return Deployment(load, Settings(min_replicas=0), start=300)


def _more_than_yesterday() -> Deployment:
    """Two days like every other; then, at two o'clock at night, five times the load."""
    return Deployment(steps(_TWO_DAYS, (0, 2), (_AT_NIGHT, 10)), Settings(max_replicas=30))


SCENARIOS = (
    Scenario(
        "hourly-peaks-kept-warm",
        "Three busy minutes an hour, and a delay of an hour that keeps their replicas for the other 57.",
        _HALF_DAY,
        (Deployment(bursts(_HALF_DAY, 0.2, 7, every=60, lasting=3, first=5), Settings(scale_down_delay=3600)),),
        (fires("ServingOverProvisioned/info", 720, _HALF_DAY - 1),),
        of="over_provisioned",
    ),
    Scenario(
        "one-replica-allowed",
        "A production deployment with a ceiling, and a floor, of one replica.",
        _HALF_DAY,
        (Deployment(steady(0.5, _HALF_DAY), Settings(min_replicas=1, max_replicas=1)),),
        (
            fires("ServingSettingsLint/info", 720, _HALF_DAY - 1, lint="max_one_on_production"),
            fires("ServingSettingsLint/info", 720, _HALF_DAY - 1, lint="min_low_on_production"),
        ),
        of="settings_lint",
    ),
    Scenario(
        "cold-every-morning",
        "Work begins at nine each day, and the first request of each waits for a start.",
        _NIGHTS,
        (_night_owls(),),
        (fires("ServingDailyColdStart/info", 3 * _DAY, _NIGHTS),),
        of="daily_cold_start",
    ),
    Scenario(
        "five-times-yesterday",
        "In the middle of a night five times the replicas of the days before.",
        _TWO_DAYS,
        (_more_than_yesterday(),),
        (
            fires("ServingSpendSpike/warning", _AT_NIGHT, _AT_NIGHT + 90),
            fires("ServingWorkspaceSpendSpike/warning", _AT_NIGHT, _AT_NIGHT + 90),
        ),
        of="spend_spike",
    ),
)
