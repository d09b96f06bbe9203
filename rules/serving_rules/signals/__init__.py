"""Signals: one series for each deployment, under names that no platform knows.

``signals.baseten`` reads the platform's own series and writes signals with the label ``platform``; ``signals.derived`` reads signals only.
A second platform is a second block beside ``baseten``. ``GROUPS`` is every group in the order in which data flows.
"""

from __future__ import annotations

from serving_rules.model import RecordGroup
from serving_rules.signals import baseten, derived

__all__ = ["GROUPS"]

GROUPS: tuple[RecordGroup, ...] = (*baseten.GROUPS, *derived.GROUPS)
