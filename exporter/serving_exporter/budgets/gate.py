"""What both kinds of budget share: the queue of waiters, the pause that a 429 imposes, and the grant that one request holds."""

from __future__ import annotations

import abc
import asyncio
import heapq
import itertools
import math
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from serving_exporter.clock import Clock

__all__ = ["LONGEST_HINT", "Budget", "Grant", "numbers"]

LONGEST_HINT = 3600.0
"""A platform's hint to stay away longer than this is a mistake; waiting for ever would outlast its correction."""

_SHORTEST_WAIT = 0.001  # real seconds: below the resolution of the loop's clock a remainder from rounding would be waited for without end


class Grant:
    """Permission for one request, from ``Budget.acquire``. Use it as a context manager around the request.

    Within the ``with`` block the request counts as being on its way, and on leaving as counted by the server at the latest now. That makes
    the guarantee of a window independent of how long the network takes. A grant that is not entered counts from its time plus the margin.
    """

    __slots__ = ("_budget", "at", "open", "until")

    def __init__(self, budget: Budget, at: float, until: float) -> None:
        self._budget = budget
        self.at = at
        self.until = until
        self.open = False

    def __enter__(self) -> Self:
        self.open = True
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.open = False
        self._budget.returned(self)


@dataclass(order=True, slots=True)
class _Waiter:
    priority: int
    number: int
    turn: asyncio.Event = field(default_factory=asyncio.Event, compare=False)


class Budget(abc.ABC):
    """What both kinds share: the queue, the time-out that a 429 imposes, and the hooks of the registry."""

    def __init__(self, clock: Clock, state: dict[str, Any], *, rng: random.Random | None = None) -> None:
        self._clock = clock
        self._state = state
        self._rng = rng or random.Random()  # noqa: S311 - jitter, not cryptography
        self._queue: list[_Waiter] = []
        self._numbers = itertools.count()
        self._blocked_until = -math.inf
        self.persist: Callable[[], Awaitable[None]] | None = None
        self.changed: Callable[[], None] | None = None
        self.waited: Callable[[float], None] | None = None

    @property
    @abc.abstractmethod
    def rate(self) -> float:
        """Requests per second that are allowed now."""

    @property
    def blocked_for(self) -> float:
        """Seconds until a 429 is over; 0 when none is."""
        return max(0.0, self._blocked_until - self._clock.monotonic())

    async def acquire(self, priority: int = 0) -> Grant:
        """Wait for a request to be allowed; lower priorities go first, equal ones in order of arrival."""
        started = self._clock.monotonic()
        while True:
            await self._wait_for_turn(priority)
            grant = self._spend(self._clock.monotonic())
            try:
                await self._settle()
            except BaseException:
                self._refund(grant)
                raise
            # A 429 to another request may have come while this one's record was being written.
            if self._blocked_until <= self._clock.monotonic():
                break
            self._refund(grant)
        if self.waited is not None:
            self.waited(self._clock.monotonic() - started)
        return grant

    def throttled(self, retry_after: float | None) -> None:
        """Learn that the server answered 429: nothing is sent for ``retry_after`` seconds, for a guess when it gave no hint."""
        hint = retry_after if retry_after is not None and math.isfinite(retry_after) and retry_after >= 0 else self._pause()
        self._blocked_until = max(self._blocked_until, self._clock.monotonic() + min(hint, LONGEST_HINT))
        self._state["blocked"] = [self._clock.wall() + self.blocked_for, self.blocked_for]
        self._notify()

    def succeeded(self) -> None:  # noqa: B027 - a hook
        """Learn that the server accepted a request."""

    async def _wait_for_turn(self, priority: int) -> None:
        waiter = _Waiter(priority, next(self._numbers))
        heapq.heappush(self._queue, waiter)
        try:
            while True:
                waiter.turn.clear()
                if self._queue[0] is not waiter:
                    await waiter.turn.wait()
                    continue
                delay = max(self.blocked_for, self._delay(self._clock.monotonic()))
                if delay <= 0:
                    return
                if math.isinf(delay):
                    await waiter.turn.wait()
                else:
                    await self._clock.wait(waiter.turn, max(delay, _SHORTEST_WAIT * self._clock.speed))
        finally:
            self._queue.remove(waiter)
            heapq.heapify(self._queue)
            self._wake()

    def _wake(self) -> None:
        if self._queue:
            self._queue[0].turn.set()

    def _notify(self) -> None:
        self._wake()
        if self.changed is not None:
            self.changed()

    def _restore_block(self) -> None:
        until, length = numbers(self._state.get("blocked"), 2) or (-math.inf, 0.0)
        # Never longer than it was to last: a wall clock that was stepped back must not lock the budget.
        self._blocked_until = self._clock.monotonic() + min(until - self._clock.wall(), length)

    @abc.abstractmethod
    def _delay(self, now: float) -> float:
        """Seconds until the next request may go; infinite when only a returned grant can tell."""

    @abc.abstractmethod
    def _spend(self, now: float) -> Grant:
        """Note a request that goes now."""

    @abc.abstractmethod
    def _refund(self, grant: Grant) -> None:
        """Undo ``_spend`` for a request that did not go."""

    @abc.abstractmethod
    def _pause(self) -> float:
        """How long to stay away after a 429 without a hint."""

    async def _settle(self) -> None:  # noqa: B027 - a hook
        """Whatever must have happened before the request may leave."""

    def returned(self, grant: Grant) -> None:  # noqa: B027 - a hook
        """Learn that the request of a grant has ended. Called by the grant."""


def numbers(value: object, count: int) -> tuple[float, ...] | None:
    """Read a list of ``count`` finite numbers from the state file; None for anything else, as a damaged entry is no entry."""
    if not isinstance(value, list) or len(value) != count:
        return None
    if not all(isinstance(number, int | float) and math.isfinite(number) for number in value):
        return None
    return tuple(float(number) for number in value)
