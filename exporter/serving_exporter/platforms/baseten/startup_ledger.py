"""Exact counting of start-ups from an API that lists attempts: each counts once, however often it is listed and whenever it ends.

An attempt is **open** while it is not ready and its outcome is neither SUCCESS nor FAILED. STALLED is counted when it is first seen, and
the attempt stays open, because a stalled replica may still become ready and then counts as SUCCESS too. So the counters say how often
each outcome was *reached*. Attempts that had ended before a deployment was first looked at are history and are not counted.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence

import msgspec

from serving_exporter.catalogue import STARTUP_OUTCOMES, STARTUP_PHASES, STARTUP_SECONDS, UNKNOWN_PHASE
from serving_exporter.platforms.baseten.reading import word
from serving_exporter.platforms.baseten.records import StartupAttempt

__all__ = ["Distribution", "Ledger"]

_ENDED = frozenset({"SUCCESS", "FAILED"})
_BOUNDS = STARTUP_SECONDS.buckets
_HOUR = 3_600_000
_OVERLAP = _HOUR  # an attempt may be listed long after it began: the longest bucket is an hour
_FIRST_LOOK = 6 * _HOUR
_LONGEST_OPEN = 6 * _HOUR  # then nobody waits for it any more
_FROZEN_LOOKS = 2


class Distribution(msgspec.Struct):
    """A histogram in seconds: counts for each bucket alone, the last above all bounds."""

    counts: list[int] = msgspec.field(default_factory=lambda: [0] * (len(_BOUNDS) + 1))
    total: float = 0.0

    def observe(self, seconds: float) -> None:
        """Add one observation."""
        self.counts[bisect.bisect_left(_BOUNDS, seconds)] += 1
        self.total += seconds

    def cumulative(self) -> Sequence[int]:
        """Give the counts as the text format wants them."""
        running, result = 0, []
        for count in self.counts:
            running += count
            result.append(running)
        return result


class _Open(msgspec.Struct):
    """An attempt that may still end. ``frozen`` counts the looks at which its duration had stopped growing."""

    started: int
    duration: float | None
    phase: str
    frozen: int = 0


class Ledger(msgspec.Struct):
    """What is known of one deployment's start-ups; all of it goes to the state file. Times are epoch milliseconds.

    ``read_until`` is the end of the last window that was read, None before the first. ``reached`` has the outcomes that each recent attempt
    was seen with, counted or history.
    """

    read_until: int | None = None
    outcomes: dict[str, int] = msgspec.field(default_factory=lambda: dict.fromkeys(STARTUP_OUTCOMES, 0))
    total: Distribution = msgspec.field(default_factory=Distribution)
    phases: dict[str, Distribution] = msgspec.field(default_factory=dict)
    reached: dict[str, tuple[int, list[str]]] = msgspec.field(default_factory=dict)
    open: dict[str, _Open] = msgspec.field(default_factory=dict)

    def is_sound(self) -> bool:
        """Whether it can have been written by this version: the number of buckets may change from one to the next."""
        return all(len(distribution.counts) == len(_BOUNDS) + 1 for distribution in (self.total, *self.phases.values()))

    def window_start(self, now: int) -> int:
        """Give where the next window must begin for nothing to be missed."""
        if self.read_until is None:
            return now - _FIRST_LOOK
        return min([min(now, self.read_until) - _OVERLAP, *(attempt.started - 1 for attempt in self.open.values())])

    def take(self, attempts: Iterable[StartupAttempt], now: int) -> None:
        """Take over the attempts of the window that begins at ``window_start(now)``: all of them, as what is missing has vanished."""
        start, history = self.window_start(now), self.read_until is None
        before, self.open = self.open, {}
        for attempt in attempts:
            outcome = word(attempt.outcome)
            name = f"{attempt.replica_id or ''}@{attempt.started_at_epoch_millis}"
            ended = outcome in _ENDED or attempt.ready_at_epoch_millis is not None
            if not ended and now - attempt.started_at_epoch_millis < _LONGEST_OPEN:
                self.open[name] = _still_open(attempt, before.get(name))
            if name in self.open or not history:
                for phase in STARTUP_PHASES:  # from zero on, so that the first observation is an increase
                    self.phases.setdefault(phase, Distribution())
            if ended or outcome == "STALLED":
                self._reach(name, attempt, outcome, ended=ended, history=history)
        self.reached = {name: entry for name, entry in self.reached.items() if entry[0] >= start}
        self.read_until = now

    def starting_by_phase(self) -> dict[str, int]:
        """Count the open attempts that are still getting on, by phase; those whose duration stands still have been given up."""
        phases = dict.fromkeys(STARTUP_PHASES, 0) if self.phases else {}
        for attempt in self.open.values():
            if attempt.frozen < _FROZEN_LOOKS:
                phases[attempt.phase] = phases.get(attempt.phase, 0) + 1
        return phases

    def _reach(self, name: str, attempt: StartupAttempt, outcome: str, *, ended: bool, history: bool) -> None:
        _, known = self.reached.setdefault(name, (attempt.started_at_epoch_millis, []))
        if outcome in known:
            return
        had_ended = any(earlier != "STALLED" for earlier in known)
        known.append(outcome)
        if history:
            return
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
        if outcome == "SUCCESS" and attempt.duration_ms is not None and attempt.duration_ms >= 0:
            self.total.observe(attempt.duration_ms / 1000)
        if ended and not had_ended:
            for phase in attempt.phase_summary or ():
                if phase.status == "COMPLETED" and phase.duration_ms is not None and phase.duration_ms >= 0:
                    self.phases.setdefault(word(phase.phase).lower(), Distribution()).observe(phase.duration_ms / 1000)


def _still_open(attempt: StartupAttempt, before: _Open | None) -> _Open:
    # A duration of 0 may be a server that gives none before the end: that is no sign of anything.
    stands = before is not None and bool(attempt.duration_ms) and before.duration == attempt.duration_ms
    frozen = before.frozen + 1 if before is not None and stands else 0
    return _Open(attempt.started_at_epoch_millis, attempt.duration_ms, _phase(attempt), frozen)


def _phase(attempt: StartupAttempt) -> str:
    """Name the phase that an open attempt is in: the first unfinished one, else the last one recorded."""
    phases = attempt.phase_summary or []
    unfinished = [phase for phase in phases if phase.duration_ms is None]
    current = (unfinished or phases[-1:])[:1]
    return word(current[0].phase).lower() if current else UNKNOWN_PHASE
