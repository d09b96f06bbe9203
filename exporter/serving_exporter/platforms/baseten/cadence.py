"""How often a model is read: what moves is read often, what nobody uses rarely.

A model climbs at once (on any change that the events, the feed or the model list show, and while something is in motion) and sinks one step
after three reads in which nothing happened.
"""

from __future__ import annotations

import random
from enum import IntEnum

__all__ = ["Cadence", "Pace"]

_QUIET_READS = 3
_JITTER = 0.1
_LONGEST_BACK_OFF = 8


class Pace(IntEnum):
    """Steps of the cadence; lower ones are read first."""

    MOVING = 0
    ACTIVE = 1
    STEADY = 2
    IDLE = 3


_TICKS = {Pace.MOVING: 1, Pace.ACTIVE: 4, Pace.STEADY: 10, Pace.IDLE: 40}
"""Intervals in ticks: 30 s, 2 min, 5 min and 20 min at the default tick of 30 s."""


class Cadence:
    """When one model is due. Times are monotonic seconds; ``tick`` is the shortest interval."""

    def __init__(self, tick: float, now: float, rng: random.Random) -> None:
        self._tick = tick
        self._rng = rng
        self._quiet = 0
        self._failures = 0
        self.pace = Pace.IDLE
        self.due_at = now
        self.was_read = False

    def is_due(self, now: float) -> bool:
        """Whether it is to be read in the tick that begins now."""
        # Half a tick early rather than a whole one late.
        return self.due_at <= now + self._tick / 2

    def call_forward(self, now: float) -> None:
        """Read it next: somebody saw it change."""
        self.pace, self._quiet = Pace.MOVING, 0
        self.due_at = min(self.due_at, now)

    def expect(self, pace: Pace) -> None:
        """Before the first read, take the order from what other sources know."""
        if not self.was_read:
            self.pace = min(self.pace, pace)

    def has_read(self, now: float, *, moving: bool, active: bool, changed: bool) -> None:
        """Note a successful read: whether anything is in motion, whether replicas run, whether its records differ from the last read's."""
        slowest = Pace.MOVING if moving else Pace.STEADY if active else Pace.IDLE
        if not self.was_read:
            self.pace = Pace.MOVING if moving else Pace.ACTIVE if active else Pace.IDLE
        elif moving or changed:
            self.pace, self._quiet = Pace.MOVING, 0
        else:
            self._quiet += 1
            if self._quiet >= _QUIET_READS:
                self.pace, self._quiet = Pace(min(self.pace + 1, Pace.IDLE)), 0
            self.pace = min(self.pace, slowest)
        self.was_read = True
        self._failures = 0
        self._next(now, _TICKS[self.pace])

    def has_failed(self, now: float) -> None:
        """Note a failed read: again soon, then ever later, but not later than planned."""
        self._failures += 1
        self._next(now, min(2 ** (self._failures - 1), _LONGEST_BACK_OFF))

    def _next(self, now: float, ticks: float) -> None:
        self.due_at = now + ticks * self._tick * self._rng.uniform(1 - _JITTER, 1 + _JITTER)
