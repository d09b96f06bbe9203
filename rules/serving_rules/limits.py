"""Bounds that platforms set to their own settings, where a rule has to know them."""

from __future__ import annotations

__all__ = ["LONGEST_DELAY_SECONDS", "SAFE_DELAY_SECONDS"]

LONGEST_DELAY_SECONDS = 3600
"""Longest scale-down delay that may be set. No delay bridges a night: whatever rests for longer needs a floor or a schedule."""

SAFE_DELAY_SECONDS = 600
"""Shortest scale-down delay to recommend: below it most traffic patterns made replicas flap, at it hardly any did."""
