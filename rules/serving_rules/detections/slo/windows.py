"""The four burn rates: how fast the budget goes, over which window, and who hears of it.

An error budget is what an objective leaves: 99 % leaves 1 % of the requests. A burn rate is how many times faster than allowed it is
used: 1 uses all of it in 30 days, 14.4 uses 2 % in an hour. Each tier looks at a long window (enough happened) and at a short one (it goes
on): a twelfth of it, and five minutes for both tiers that page.

    tier      window   short   factor   budget used   for    severity
    fast      1 h      5 min   14.4      2 %           2 m    critical
    medium    6 h      5 min    6        5 %           5 m    critical
    slow      1 d      2 h      3       10 %           1 h    warning
    trickle   3 d      6 h      1       10 %           3 h    warning

Windows and factors are those of Google's workbook on objectives and of kubernetes-mixin, but for the medium tier's short window of half an
hour and its `for` of a quarter: it then fires until long after an incident, and what silenced it has ended by then, so that the end of
every incident was announced by a second page (docs/detection-quality.md counts them). ``keep_firing_for`` bridges minutes without
traffic, so that an incident is one alert, not several; the fast tier's is the longer, since it silences the medium one.
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
    Tier("fast", "1h", 1, "hour", "5 minutes", 14.4, Severity.CRITICAL, "2m", "10m"),
    Tier("medium", "6h", 6, "6 hours", "5 minutes", 6, Severity.CRITICAL, "5m", "5m"),
    Tier("slow", "1d", 24, "day", "2 hours", 3, Severity.WARNING, "1h", "1h"),
    Tier("trickle", "3d", 72, "3 days", "6 hours", 1, Severity.WARNING, "3h", "1h"),
)
"""Fastest first."""
