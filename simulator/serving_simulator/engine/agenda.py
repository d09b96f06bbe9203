"""Things that happen once, or again and again, at a known time: timeline entries, delayed changes, periodic checks."""

from __future__ import annotations

import heapq
from collections.abc import Callable

__all__ = ["Agenda"]


class Agenda:
    """Calls in the order of their times; calls for the same time keep the order in which they were entered."""

    def __init__(self) -> None:
        self._entries: list[tuple[float, int, float | None, Callable[[float], None]]] = []
        self._order = 0

    def at(self, when: float, call: Callable[[float], None], *, every: float | None = None) -> None:
        """Call ``call(when)`` at ``when`` and, with ``every``, again after each such time."""
        self._order += 1
        heapq.heappush(self._entries, (when, self._order, every, call))

    def run(self, now: float) -> None:
        """Make every call that is due."""
        while self._entries and self._entries[0][0] <= now:
            when, _, every, call = heapq.heappop(self._entries)
            if every:
                self.at(when + every, call, every=every)
            call(when)
