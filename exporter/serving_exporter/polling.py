"""When sources are polled, and what becomes of their data when they fail. Knows no platform, no HTTP and no page.

Each source has a ``Poller`` of its own, so a source that fails, hangs or crashes delays no other. The rules:

* A failure shows at once (up 0) and is tried again as ``retries`` says; ``wake()``, called when a key changes or the configuration is read
  again, tries now.
* Logging is edge-triggered: the first success, the first failure of a row, the recovery. Repetitions are debug lines; the counters tell.
* When the source has not succeeded for its maximum age its records are forgotten, even while a poll hangs: old values are worse than none.
* A poll that takes longer than its time limit is cancelled and counts as failed.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from serving_exporter.clock import Clock
from serving_exporter.platforms.contract import NotOffered, NotPermitted, Poll, Source, SourceError, Unavailable
from serving_exporter.retries import retry_delay
from serving_exporter.secrets import redact
from serving_exporter.telemetry import Telemetry

__all__ = ["Condition", "Poller", "PollerState"]

_log = logging.getLogger(__name__)

_LONGEST_TEXT = 500
_GRACE = 30.0  # real seconds: how late a loop may turn before it counts as stuck
_SHORTEST_DELAY = 1.0  # a source that asks for "now" again and again must not spin
_SHORTEST_SLEEP = 0.001  # real seconds: a remainder from rounding must not spin either
_SHORTEST_LIMIT = 60.0  # real seconds: with compressed time a maximum age may be shorter than a round trip


Condition = Literal["waiting", "up", "failing", "not permitted", "not offered"]

_CONDITIONS: dict[str | None, Condition] = {
    None: "waiting",
    "success": "up",
    "not_permitted": "not permitted",
    "not_offered": "not offered",
}


@dataclass(frozen=True, slots=True)
class PollerState:
    """How a source is doing, at one moment. Times are Unix seconds.

    ``condition`` is one of waiting (nothing has been tried), up, failing, not permitted, not offered. ``settled`` says that the source has
    succeeded once or is unavailable for good, so that nobody need wait for it. ``alive`` is false when the poller has not turned in time.
    """

    workspace: str
    source: str
    blind_without: str
    condition: Condition
    up: bool
    supported: bool
    settled: bool
    alive: bool
    polling: bool
    expired: bool
    interval: float
    failures: int
    items: int
    samples: int
    last_success: float | None
    last_error: str | None
    next_poll: float | None
    problems: Mapping[str, str]


@dataclass(slots=True)
class _Row:
    """A row of failures without a success between them."""

    count: int = 0
    since: float = 0.0
    logged: set[str] = field(default_factory=set)


class Poller:
    """Polls one source for ever. Make one for each source and ``run`` it as a task.

    ``interval`` is the time from the start of one poll to the start of the next; a source may ask for another one. ``max_age`` is how long
    data live without a success, in seconds. ``first_delay`` staggers the start. ``on_change`` is called after every poll that had something
    to do and after every expiry: the page, or at least its self-metrics, must be made anew. ``time_limit`` defaults to the maximum age,
    and is a minute of real time at least.
    """

    def __init__(
        self,
        source: Source,
        *,
        workspace: str,
        interval: float,
        max_age: float,
        clock: Clock,
        telemetry: Telemetry,
        log: logging.Logger | None = None,
        first_delay: float = 0.0,
        time_limit: float | None = None,
        on_change: Callable[[], None] = lambda: None,
        rng: random.Random | None = None,
    ) -> None:
        self.source = source
        self.workspace = workspace
        self._interval = interval
        self._max_age = max_age
        self._clock = clock
        self._telemetry = telemetry.source(workspace, source.name)
        self._log = log or _log
        self._fields = {"workspace": workspace, "source": source.name}
        self._time_limit = max(time_limit or max_age, _SHORTEST_LIMIT * clock.speed)
        self._on_change = on_change
        self._rng = rng or random.Random()  # noqa: S311 - jitter, not cryptography
        self._woken = asyncio.Event()
        self._renewed = asyncio.Event()

        self._row = _Row()
        self._outcome: str | None = None
        self._supported = True
        self._polling = False
        self._expired = False
        self._items = 0
        self._problems: dict[str, str] = {}
        self._last_error: str | None = None
        self._succeeded_at: float | None = None  # wall
        self._fresh_at: float | None = None  # monotonic; None when there is nothing that could get too old
        self._created_at = clock.monotonic()
        self._next_at = self._created_at + first_delay
        self._telemetry.interval(interval)

    @property
    def state(self) -> PollerState:
        """How the source is doing now."""
        now = self._clock.monotonic()
        up = self._outcome == "success"
        return PollerState(
            workspace=self.workspace,
            source=self.source.name,
            blind_without=self.source.blind_without,
            condition=_CONDITIONS.get(self._outcome, "failing"),
            up=up,
            supported=self._supported,
            settled=self._succeeded_at is not None or not self._supported,
            alive=now <= self._deadline(),
            polling=self._polling,
            expired=self._expired,
            interval=self._interval,
            failures=self._row.count,
            items=self._items,
            samples=self.source.samples(),
            last_success=self._succeeded_at,
            last_error=self._last_error,
            next_poll=None if self._polling else self._clock.wall() + max(0.0, self._next_at - now),
            problems=MappingProxyType(dict(self._problems)),
        )

    def wake(self) -> None:
        """Poll now, whatever the schedule says; when a poll is running, once more after it."""
        self._woken.set()

    async def run(self) -> None:
        """Poll until cancelled."""
        async with asyncio.TaskGroup() as group:
            name = f"{self.workspace}/{self.source.name}"
            group.create_task(self._poll_for_ever(), name=f"poll {name}")
            group.create_task(self._expire_for_ever(), name=f"expire {name}")

    async def _poll_for_ever(self) -> None:
        while True:
            await self._clock.wait(self._woken, self._next_at - self._clock.monotonic())
            self._woken.clear()
            started = self._clock.monotonic()
            self._polling = True
            self._next_at = started
            try:
                delay = await self._poll_once(started)
            finally:
                self._polling = False
            self._next_at = self._clock.monotonic() + delay
            self._telemetry.interval(delay)

    async def _poll_once(self, started: float) -> float:
        """Poll, note how it went, and give the seconds until the next poll."""
        try:
            poll = await self._limited()
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # Nobody cancelled this task: the source lets one of its own cancelled tasks escape, which must not end the polling silently.
            return self._failed(RuntimeError(f"cancelled from within {error}".rstrip()), started)
        except Exception as error:  # noqa: BLE001 - a mistake in one source must not end the others
            return self._failed(error, started)
        return self._idle(started) if poll is None else self._succeeded(poll, started)

    async def _limited(self) -> Poll | None:
        limit = asyncio.timeout(self._time_limit / self._clock.speed)
        try:
            async with limit:
                return await self.source.poll()
        except TimeoutError as error:
            if limit.expired():
                raise Unavailable(f"the poll did not end within {_duration(self._time_limit)}") from None
            raise Unavailable(f"time-out: {error}" if str(error) else "time-out") from error

    def _idle(self, started: float) -> float:
        """Nothing was due: what the source has is as fresh as it is meant to be, unless it is failing."""
        if self._outcome == "success":
            self._renew()
        return self._until_next(started)

    def _succeeded(self, poll: Poll, started: float) -> float:
        now, wall = self._clock.monotonic(), self._clock.wall()
        row, first, was_bad = self._row, self._succeeded_at is None, bool(self._problems)
        self._row, self._outcome, self._supported, self._last_error = _Row(), "success", True, None
        self._items, self._succeeded_at = poll.items, wall
        self._problems = {part: _worded(error) for part, error in poll.problems.items()}
        self._renew()

        samples = self.source.samples()
        self._telemetry.polled(now - started, "success")
        self._telemetry.up(True)
        self._telemetry.supported(True)
        self._telemetry.success(wall)
        self._telemetry.samples(samples)
        self._telemetry.failing_parts(len(self._problems))
        if poll.data_timestamp is not None:
            self._telemetry.data_timestamp(poll.data_timestamp)

        name = self.source.name
        if first:
            self._say(logging.INFO, "%s: first success after %s, %d samples", name, _duration(now - self._created_at), samples)
        elif row.count:
            self._say(logging.INFO, "%s: recovered after %d failures in %s", name, row.count, _duration(now - row.since))
        if self._problems and not was_bad:
            some = "; ".join(f"{part}: {text}" for part, text in list(self._problems.items())[:3])
            self._say(logging.WARNING, "%s: %d parts failed, their last values stay for now (%s)", name, len(self._problems), some)
        elif was_bad and not self._problems:
            self._say(logging.INFO, "%s: all parts work again", name)
        self._on_change()
        return self._until_next(started) if poll.next_in is None else max(_SHORTEST_DELAY, poll.next_in)

    def _failed(self, error: Exception, started: float) -> float:
        now = self._clock.monotonic()
        outcome = error.outcome if isinstance(error, SourceError) else "failure"
        if not self._row.count:
            self._row.since = started
        self._row.count += 1
        self._outcome = outcome
        self._last_error = _worded(error)
        if isinstance(error, NotPermitted | NotOffered):
            self._supported = False
        delay = retry_delay(error, self._row.count, self._interval, self._rng)
        self._telemetry.polled(now - started, outcome)
        self._telemetry.up(False)
        self._telemetry.supported(self._supported)
        self._telemetry.samples(self.source.samples())

        # News within one row of failures: that it fails, that it is not to be had, and that there is a mistake in the program.
        known = isinstance(error, SourceError)
        news = type(error).__name__ if not known or not self._supported else "failure"
        level = logging.DEBUG if news in self._row.logged else logging.WARNING if known else logging.ERROR
        self._row.logged.add(news)
        trace = None if known or level == logging.DEBUG else error
        self._say(level, "%s: %s; next try in %s", self.source.name, self._last_error, _duration(delay), exc_info=trace)
        self._on_change()
        return delay

    def _until_next(self, started: float) -> float:
        """Keep the cadence: a poll that took long is not paid for by the next one's start."""
        return max(0.0, started + self._interval - self._clock.monotonic())

    def _renew(self) -> None:
        self._fresh_at = self._clock.monotonic()
        self._expired = False
        self._renewed.set()

    async def _expire_for_ever(self) -> None:
        while True:
            self._renewed.clear()
            if self._fresh_at is None:
                await self._renewed.wait()
                continue
            left = self._fresh_at + self._max_age - self._clock.monotonic()
            if left > 0:
                await self._clock.sleep(max(left, _SHORTEST_SLEEP * self._clock.speed))
                continue
            self._fresh_at = None
            self._expire()

    def _expire(self) -> None:
        self._expired = True
        try:
            self.source.expire()
        except Exception:  # noqa: BLE001 - as in _poll_once
            self._say(logging.ERROR, "%s: cannot forget its records", self.source.name, exc_info=True)
        self._telemetry.samples(self.source.samples())
        self._say(logging.WARNING, "%s: no success for %s, its series leave the page", self.source.name, _duration(self._max_age))
        self._on_change()

    def _deadline(self) -> float:
        """When, at the latest, the loop must have turned, by the monotonic clock."""
        return self._next_at + (self._time_limit if self._polling else 0.0) + _GRACE * self._clock.speed

    def _say(self, level: int, message: str, *values: object, exc_info: Exception | bool | None = None) -> None:
        self._log.log(level, message, *values, extra=self._fields, exc_info=exc_info)


def _worded(error: Exception) -> str:
    """Word an error for logs and the status page: those of the contract are written for people, of others the type says more."""
    text = str(error) if isinstance(error, SourceError) else f"unexpected {type(error).__name__}: {error}"
    return redact(text)[:_LONGEST_TEXT]


def _duration(seconds: float) -> str:
    """Write a duration for people: 0.4 s, 37 s, 5 min, 2.5 h."""
    if seconds < 120:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.3g} min" if seconds < 7200 else f"{seconds / 3600:.3g} h"
