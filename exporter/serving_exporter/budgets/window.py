"""Limits of the form "N in any W seconds" that must hold as the server counts."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Any

from serving_exporter.budgets.gate import Budget, Grant, numbers
from serving_exporter.clock import Clock

__all__ = ["WindowBudget", "WindowPolicy"]


@dataclass(frozen=True, slots=True)
class WindowPolicy:
    """At most ``limit`` requests in any ``window`` seconds.

    ``margin`` is how long a request may travel before the server counts it, for requests whose end is not known: those of a grant that is
    not used as a context manager, and those of a process that died.
    """

    limit: int
    window: float
    margin: float = 5.0


class WindowBudget(Budget):
    """At most N requests in any window as the server sees them. See ``WindowPolicy`` and ``Grant``.

    The proof: the server counts a request between its grant and its return. The N-th after it is granted no earlier than a window after
    that return, so it arrives more than a window after the first one did, however long either travelled.
    """

    _SLACK = 0.1  # for clocks that differ by parts per million and for servers that count whole windows inclusively

    def __init__(
        self,
        policy: WindowPolicy,
        clock: Clock,
        state: dict[str, Any],
        *,
        same_boot: bool = False,
        rng: random.Random | None = None,
    ) -> None:
        super().__init__(clock, state, rng=rng)
        self.policy = policy
        self._longest = policy.margin + policy.window
        self._grants: list[Grant] = []
        self._restore(same_boot=same_boot)

    @property
    def rate(self) -> float:
        """Requests per second that the window allows on average."""
        return self.policy.limit / self.policy.window

    def _delay(self, now: float) -> float:
        self._grants = [grant for grant in self._grants if grant.open or grant.until > now]
        if len(self._grants) < self.policy.limit:
            return 0.0
        free_at = sorted(math.inf if grant.open else grant.until for grant in self._grants)
        return free_at[len(free_at) - self.policy.limit] - now

    def _spend(self, now: float) -> Grant:
        grant = Grant(self, now, now + self._longest)
        self._grants.append(grant)
        self._record()
        return grant

    def _refund(self, grant: Grant) -> None:
        self._grants.remove(grant)
        self._record()
        self._notify()

    def returned(self, grant: Grant) -> None:
        """Count the grant's request from now: the server has seen it by now."""
        grant.until = self._clock.monotonic() + self._SLACK + self.policy.window
        self._record()
        self._notify()

    def _pause(self) -> float:
        return self.policy.window * (1 + 0.1 * self._rng.random())

    async def _settle(self) -> None:
        if self.persist is not None:
            await self.persist()

    def _record(self) -> None:
        """Write down when each spent request is forgotten, by both clocks: one can be stepped, the other ends with the boot."""
        now, wall, host = self._clock.monotonic(), self._clock.wall(), _host_time(self._clock)
        remaining = [self._longest if grant.open else grant.until - now for grant in self._grants]
        self._state["spent"] = [[wall + rest, host + rest / self._clock.speed] for rest in remaining if rest > 0]

    def _restore(self, *, same_boot: bool) -> None:
        now, wall, host = self._clock.monotonic(), self._clock.wall(), _host_time(self._clock)
        spent = self._state.get("spent")
        for entry in spent if isinstance(spent, list) else []:
            forgotten = numbers(entry, 2)
            if forgotten is None:
                continue
            rest = forgotten[0] - wall
            if same_boot:  # then a wall clock that was stepped forward meanwhile does not forgive anything
                rest = max(rest, (forgotten[1] - host) * self._clock.speed)
            # One that was stepped back makes the moment lie far ahead: never wait longer than a fresh request would make us.
            rest = min(rest, self._longest)
            if rest > 0:
                self._grants.append(Grant(self, now, now + rest))
        self._restore_block()


def _host_time(clock: Clock) -> float:
    """Read the host's monotonic clock in real seconds, which every process of one boot shares."""
    return clock.origin + clock.monotonic() / clock.speed
