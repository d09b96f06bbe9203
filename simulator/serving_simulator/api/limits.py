"""The platform's rate limits, counted on the server's side with the simulated clock.

The feed's limit holds in *any* 60 seconds; a management window opens with its first request and everything beyond the limit is refused
until it resets, which is what ``retry_after`` announces.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Hashable

__all__ = ["FixedWindow", "RateLimits", "SlidingWindow"]


class SlidingWindow:
    """At most ``limit`` admitted requests in any ``period`` seconds; refused ones do not count."""

    def __init__(self, period: float) -> None:
        self._period = period
        self._admitted: deque[float] = deque()

    def admit(self, now: float, limit: int) -> float | None:
        """Admit a request (None), or return the seconds until the next one could be."""
        while self._admitted and self._admitted[0] <= now - self._period:
            self._admitted.popleft()
        if len(self._admitted) >= limit:
            return self._admitted[0] + self._period - now
        self._admitted.append(now)
        return None


class FixedWindow:
    """At most ``limit`` requests in a window of ``period`` seconds that opens with its first request."""

    def __init__(self, period: float) -> None:
        self._period = period
        self._opened = -math.inf
        self._count = 0

    def admit(self, now: float, limit: int) -> float | None:
        """Admit a request (None), or return the seconds until the window resets."""
        if now >= self._opened + self._period:
            self._opened, self._count = now, 0
        if self._count >= limit:
            return self._opened + self._period - now
        self._count += 1
        return None


class RateLimits:
    """One window for each rule and subject, for example (endpoint, key)."""

    def __init__(self) -> None:
        self._windows: dict[Hashable, SlidingWindow | FixedWindow] = {}

    def admit(self, subject: Hashable, now: float, limit: int, window: Callable[[], SlidingWindow | FixedWindow]) -> int | None:
        """Admit a request (None), or return the whole seconds to wait, at least 1. ``window`` makes the subject's window."""
        found = self._windows.get(subject)
        if found is None:
            found = self._windows[subject] = window()
        wait = found.admit(now, limit)
        return None if wait is None else max(1, math.ceil(wait))

    def clear(self) -> None:
        """Forget every request."""
        self._windows.clear()
