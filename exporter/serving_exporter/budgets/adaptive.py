"""Limits that are documented but not believed: a paced rate that finds its own ceiling."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Any

from serving_exporter.budgets.gate import Budget, Grant, numbers
from serving_exporter.clock import Clock

__all__ = ["AdaptiveBudget", "AdaptivePolicy"]


@dataclass(frozen=True, slots=True)
class AdaptivePolicy:
    """A paced rate in requests per second: begins at ``start``, ends at ``ceiling``, and never falls below ``floor``.

    ``rise`` is added per second in which requests succeed: 0.2 brings the rate from the floor to 80 % of a ceiling of 50 within 200 s.
    """

    start: float = 5.0
    ceiling: float = 50.0
    floor: float = 0.2
    rise: float = 0.2


class AdaptiveBudget(Budget):
    """Paced requests at a rate that finds its own limit: additive increase, multiplicative decrease. See ``AdaptivePolicy``.

    Several requests in flight may be refused for one excess, so refusals during a pause or within a second halve the rate once.
    """

    _LONGEST_STEP = 5.0  # after a quiet hour one success is no evidence for an hour's increase
    _SAME_EXCESS = 1.0
    _PAUSE = 2.0

    def __init__(self, policy: AdaptivePolicy, clock: Clock, state: dict[str, Any], *, rng: random.Random | None = None) -> None:
        super().__init__(clock, state, rng=rng)
        self.policy = policy
        (saved,) = numbers([state.get("rate")], 1) or (policy.start,)
        self._rate = min(policy.start, max(policy.floor, saved))
        self._next_at = -math.inf
        self._rose_at = clock.monotonic()
        self._halved_at = -math.inf
        self._restore_block()

    @property
    def rate(self) -> float:
        """Requests per second that are allowed now."""
        return self._rate

    def throttled(self, retry_after: float | None) -> None:
        """Halve the rate and stay away."""
        now = self._clock.monotonic()
        if not self.blocked_for and now >= self._halved_at + self._SAME_EXCESS:
            self._halved_at = now
            self._rate = max(self.policy.floor, self._rate / 2)
            self._state["rate"] = self._rate
        super().throttled(retry_after)
        self._rose_at = self._blocked_until

    def succeeded(self) -> None:
        """Raise the rate by what the time since the last rise is worth."""
        now = self._clock.monotonic()
        elapsed = min(max(0.0, now - self._rose_at), self._LONGEST_STEP)
        if elapsed and not self.blocked_for and self._rate < self.policy.ceiling:
            self._rate = min(self.policy.ceiling, self._rate + self.policy.rise * elapsed)
            self._state["rate"] = self._rate
            self._rose_at = now
            self._notify()

    def _delay(self, now: float) -> float:
        return self._next_at - now

    def _spend(self, now: float) -> Grant:
        self._next_at = now + 1 / self._rate
        return Grant(self, now, self._next_at)

    def _refund(self, grant: Grant) -> None:
        if self._next_at == grant.until:
            self._next_at = grant.at
        self._notify()

    def _pause(self) -> float:
        return self._PAUSE * (1 + self._rng.random())
