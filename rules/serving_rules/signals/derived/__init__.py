"""Signals computed from signals: they know no platform."""

from __future__ import annotations

from serving_rules.model import RecordGroup
from serving_rules.signals.derived import (
    activity,
    ceiling,
    cost,
    demand,
    elasticity,
    environment,
    hourly,
    latency,
    motion,
    objectives,
    past,
    startup,
)

__all__ = ["GROUPS"]

GROUPS: tuple[RecordGroup, ...] = (
    *demand.GROUPS,
    *motion.GROUPS,
    *activity.GROUPS,
    *startup.GROUPS,
    *latency.GROUPS,
    *ceiling.GROUPS,
    *environment.GROUPS,
    *objectives.GROUPS,
    *cost.GROUPS,
    *elasticity.GROUPS,
    *hourly.GROUPS,
    *past.GROUPS,
)
