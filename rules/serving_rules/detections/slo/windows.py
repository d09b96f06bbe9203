"""The four burn rates: how fast the budget goes, over which window, and who hears of it.

An error budget is what an objective leaves: 99 % leaves 1 % of the requests. A burn rate is how many times faster than allowed it is
used: 1 uses all of it in 30 days, 14.4 uses 2 % in an hour. Each tier looks at a long window (enough happened) and at a twelfth of it (it
goes on).

    tier      window   short   factor   budget used   for    severity
    fast      1 h      5 min   14.4      2 %           2 m    critical
    medium    6 h      30 min   6        5 %          15 m    critical
    slow      1 d      2 h      3       10 %           1 h    warning
    trickle   3 d      6 h      1       10 %           3 h    warning

Windows, factors and `for` are those of Google's workbook on objectives and of kubernetes-mixin. ``keep_firing_for`` is about as long as
the short window: with little traffic that is often empty for a while, and an incident is one alert, not several.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from serving_rules.model import Severity

__all__ = ["REACHABLE", "TIERS", "Indicator", "Tier"]

REACHABLE = 0.9
"""A threshold above this share of requests is lowered to it: with an objective of 90 % fourteen times the budget are more than all
requests, and the tier that should be first to page could never fire."""


class Indicator(StrEnum):
    """What is measured; the value of the label ``sli``."""

    AVAILABILITY = "availability"
    LATENCY = "latency"


@dataclass(frozen=True, slots=True)
class Tier:
    """One burn rate. ``name`` is the label ``burn_tier``, ``window`` the label ``window``; ``spoken`` is the window for people."""

    name: str
    window: str
    hours: int
    spoken: str
    short: str
    factor: float
    severity: Severity
    for_: str
    keep_firing_for: str

    def threshold(self, budget: float) -> float:
        """Return the share of bad requests beyond which this tier alerts."""
        return min(self.factor * budget, REACHABLE)


TIERS = (
    Tier("fast", "1h", 1, "hour", "5 minutes", 14.4, Severity.CRITICAL, "2m", "5m"),
    Tier("medium", "6h", 6, "6 hours", "30 minutes", 6, Severity.CRITICAL, "15m", "30m"),
    Tier("slow", "1d", 24, "day", "2 hours", 3, Severity.WARNING, "1h", "1h"),
    Tier("trickle", "3d", 72, "3 days", "6 hours", 1, Severity.WARNING, "3h", "1h"),
)
"""Fastest first."""
