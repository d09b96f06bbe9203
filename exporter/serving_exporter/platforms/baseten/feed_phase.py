"""When to read the feed: shortly after the platform has refreshed it."""

from __future__ import annotations

__all__ = ["REFRESH_SECONDS", "FeedPhase"]

REFRESH_SECONDS = 30.0
"""How often the platform rebuilds the feed."""

_CREEP = 1.0
_NUDGE = 3.0


class FeedPhase:
    """Finds the instant at which the feed is refreshed, and keeps to just behind it.

    Polls whose interval is a multiple of the refresh meet the feed at an age that is always the same and may be the worst. So they come a
    second early each time, until one is so early that it finds the page of the poll before: it came just ahead of a refresh. The next one
    follows a few seconds later, lands behind the refresh, and from then on the plain interval keeps that place. A page that does not change
    over such a nudge either (nobody uses the models) is not asked for more often than the interval.
    """

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._aligns = interval >= REFRESH_SECONDS
        self._found = interval % REFRESH_SECONDS != 0
        self._nudged = False

    def next_in(self, *, changed: bool) -> float:
        """Seconds from the last poll to the next one; ``changed`` says whether its page differed from the one before."""
        if not changed and self._aligns and not self._nudged:
            self._nudged = True
            return _NUDGE
        if changed:
            self._found = self._found or self._nudged
            self._nudged = False
        return self._interval if self._found or not changed or not self._aligns else self._interval - _CREEP
