"""Reading many parts (models, deployments, chains) within one poll, a few at a time and not for longer than a turn.

A poll of thousands of parts at five requests a second would take many minutes, in which nothing new could go first. So a poll reads for one
turn, most urgent parts first; what is left is read in the next one.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from serving_exporter.clock import Clock
from serving_exporter.platforms.contract import NotPermitted, SourceError, Throttled

__all__ = ["NEXT_TURN", "TURN_SECONDS", "Failures", "Turn", "read_parts"]

TURN_SECONDS = 20.0
"""How long a turn starts new reads."""

NEXT_TURN = 0.5
"""Seconds between two turns of one pass: others may have something more urgent to send."""

_CONCURRENCY = 6
_HOPELESS = 12  # failures without any success, after which the rest of the turn would only spend budget

P = TypeVar("P", bound=Hashable)


@dataclass(slots=True)
class Turn(Generic[P]):
    """How a turn went: what was read, what failed and why, what is left, and whether a 429 ended it."""

    read: list[P] = field(default_factory=list)
    failed: list[tuple[P, SourceError]] = field(default_factory=list)
    left: deque[P] = field(default_factory=deque)
    throttled: Throttled | None = None

    def raise_when_nothing_worked(self) -> None:
        """Raise what stands for the whole: the 429, else the refusal of the key, else the first failure. Nothing when anything was read."""
        if self.read:
            return
        if self.throttled is not None:
            raise self.throttled
        errors = [error for _, error in self.failed]
        for error in sorted(errors, key=lambda error: not isinstance(error, NotPermitted)):
            raise error

    @property
    def next_in(self) -> float | None:
        """Seconds to the next turn when this one ended early: after the platform's hint, or soon; None for the usual interval."""
        if self.throttled is not None:
            return self.throttled.retry_after
        return NEXT_TURN if self.left else None


class Failures(Generic[P]):
    """Since when parts have been failing, and why."""

    def __init__(self) -> None:
        self._since: dict[P, tuple[float, SourceError]] = {}

    def note(self, turn: Turn[P], now: float) -> None:
        """Take over what a turn that ended at ``now`` (monotonic) says."""
        for part in turn.read:
            self._since.pop(part, None)
        for part, error in turn.failed:
            self._since[part] = (self._since[part][0] if part in self._since else now, error)

    def __contains__(self, part: object) -> bool:
        return part in self._since

    def keep_only(self, parts: Collection[P]) -> None:
        """Forget every other part."""
        self._since = {part: entry for part, entry in self._since.items() if part in parts}

    def expired(self, now: float, max_age: float) -> list[P]:
        """Give the parts that have been failing for ``max_age`` seconds."""
        return [part for part, (since, _) in self._since.items() if now - since >= max_age]

    def problems(self, name: Callable[[P], str]) -> dict[str, SourceError]:
        """Give the errors by the parts' names."""
        return {name(part): error for part, (_, error) in self._since.items()}


async def read_parts(parts: Iterable[P], read: Callable[[P], Awaitable[None]], clock: Clock) -> Turn[P]:
    """Call ``read`` on the parts in order, ``_CONCURRENCY`` at a time, until all are read, the turn is over, or a 429 comes.

    ``SourceError`` of one part is kept with it and does not end the turn.
    """
    turn: Turn[P] = Turn(left=deque(parts))
    end = clock.monotonic() + TURN_SECONDS

    async def work() -> None:
        while turn.left and turn.throttled is None and clock.monotonic() < end:
            if not turn.read and len(turn.failed) >= _HOPELESS:
                return
            part = turn.left.popleft()
            try:
                await read(part)
            except Throttled as error:
                turn.throttled = error
                turn.left.appendleft(part)
            except SourceError as error:
                turn.failed.append((part, error))
            else:
                turn.read.append(part)

    async with asyncio.TaskGroup() as group:
        for _ in range(min(_CONCURRENCY, len(turn.left))):
            group.create_task(work())
    return turn
