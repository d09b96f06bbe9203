"""The block of signal rules for Baseten: everything that knows the names of its series."""

from __future__ import annotations

from serving_rules.model import RecordGroup
from serving_rules.signals.baseten import (
    asynchronous,
    engines,
    environment,
    hardware,
    load,
    objectives,
    rollout,
    settings,
    startups,
    telemetry,
    tokens,
)

__all__ = ["GROUPS"]

GROUPS: tuple[RecordGroup, ...] = (
    *settings.GROUPS,
    *load.GROUPS,
    *startups.GROUPS,
    *hardware.GROUPS,
    *engines.GROUPS,
    *asynchronous.GROUPS,
    *rollout.GROUPS,
    *environment.GROUPS,
    *objectives.GROUPS,
    *tokens.GROUPS,
    *telemetry.GROUPS,
)
