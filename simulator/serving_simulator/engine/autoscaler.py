"""The autoscaler: a sliding average of the load, a wish, and a sliding maximum of past wishes.

The documented formula is ``want = ceil(average / (concurrency_target * utilization))``; token-scaled deployments divide in-flight tokens by
``target_in_flight_tokens`` instead. The loop is Knative's, whose behaviour the platform's documentation matches: a wish may not fall below
``floor(ready * (1 - rate))``, and what is applied is the largest wish of the last ``scale_down_delay``. Together they make the documented
staircase 10, 5, 2, 1, 0 with a whole delay between the steps, and they are why a cycle can never be shorter than the delay.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving_simulator.engine.queueing import Counts, Reals
from serving_simulator.fleet.switches import Switches

__all__ = ["Autoscaler", "Bounds", "SlidingMaximum"]

_PANIC_SHARE = 0.1


class SlidingMaximum:
    """The largest of the last ``width[row]`` values of each row, exact, at a constant cost for each value.

    Each row is cut into blocks of its width. The maximum over any window is the larger of the running maximum of the current block and the
    maximum over the tail of the block before it, which is computed once when a block ends.
    """

    def __init__(self, width: Counts, start: Counts) -> None:
        self._rows = np.arange(width.size)
        self._width = np.maximum(width, 1)
        longest = int(self._width.max(initial=1))
        self._block: NDArray[np.int32] = np.zeros((width.size, longest), np.int32)
        self._tail: NDArray[np.int32] = np.repeat(start.astype(np.int32)[:, None], longest + 1, axis=1)
        self._position: Counts = np.zeros(width.size, np.int64)
        self._running: Counts = np.zeros(width.size, np.int64)

    def reset(self, row: int, width: int, start: int) -> None:
        """Begin again for one row, as if the last ``width`` values had been ``start``."""
        width = max(width, 1)
        if width > self._block.shape[1]:
            extra = width - self._block.shape[1]
            self._block = np.pad(self._block, ((0, 0), (0, extra)))
            self._tail = np.pad(self._tail, ((0, 0), (0, extra)))
        self._width[row] = width
        self._tail[row] = start
        self._position[row] = 0
        self._running[row] = 0

    def push(self, values: Counts) -> Counts:
        """Add one value for each row; the maximum over each row's window, the new value included."""
        self._block[self._rows, self._position] = values
        np.maximum(self._running, values, out=self._running)
        self._position += 1
        # The window still covers the tail of the block before, from this position on; at the end of a block nothing of it.
        ended = self._position >= self._width
        tail = np.where(ended, 0, self._tail[self._rows, self._position])
        largest = np.maximum(self._running, tail)
        if ended.any():
            self._turn(np.flatnonzero(ended))
        return largest

    def _turn(self, rows: NDArray[np.int64]) -> None:
        for width in np.unique(self._width[rows]):
            same = rows[self._width[rows] == width]
            self._tail[same, :width] = np.maximum.accumulate(self._block[same, :width][:, ::-1], axis=1)[:, ::-1]
        self._position[rows] = 0
        self._running[rows] = 0


@dataclass(slots=True)
class Bounds:
    """What the settings mean for the loop, for each deployment: bounds, load of one replica, window and delay in seconds, percent of a
    step.
    """

    least: Counts
    most: Counts
    per_replica: Reals
    window: Counts
    delay: Counts
    rate: Counts


class Autoscaler:
    """The loop for all deployments. ``desired`` is what is in force."""

    def __init__(self, bounds: Bounds, switches: Switches, start: Counts) -> None:
        rows = start.size
        self.bounds = bounds
        self.desired: Counts = start.copy()
        self.average: Reals = np.zeros(rows)
        self.raw: Counts = np.zeros(rows, np.int64)
        self._switches = switches
        self._rows = np.arange(rows)
        self._span = int(-(-int(bounds.window.max(initial=60)) // switches.tick)) + 2
        # Cumulative sums of the load in a ring of ticks: a mean over any window is one difference.
        self._sums: Reals = np.zeros((self._span, rows))
        self._ticks = 0
        self._since: Counts = np.zeros(rows, np.int64)
        self._maximum = SlidingMaximum(self._delay_ticks(), start)
        self._panic_until: Counts = np.full(rows, -1, np.int64)
        self._panic_most: Counts = np.zeros(rows, np.int64)

    def reset(self, row: int, replicas: int) -> None:
        """Begin again for one deployment with ``replicas`` as its past: new settings, activation, end of a promotion."""
        window_ticks = -(-int(self.bounds.window[row]) // self._switches.tick)
        if window_ticks + 2 > self._span:
            self._grow(window_ticks + 2)
        self._maximum.reset(row, int(self._delay_ticks()[row]), replicas)
        self.desired[row] = replicas
        self._panic_until[row] = -1

    def forget(self, row: int) -> None:
        """Forget the load of one deployment: its requests go elsewhere from now on."""
        self._sums[:, row] = self._sums[self._ticks % self._span, row]

    def tick(self, load_sum: Reals, ready: Counts, awake: NDArray[np.bool_], waiting: NDArray[np.bool_]) -> Counts:
        """One decision.

        ``load_sum`` is the sum over the seconds since the last tick of the in-flight load. ``awake`` deployments may have replicas;
        ``waiting`` ones have work to do, so they want at least one. Returns the desired replicas, also kept in ``desired``.
        """
        bounds, switches = self.bounds, self._switches
        previous = self._sums[self._ticks % self._span]
        self._ticks += 1
        now = self._ticks % self._span
        self._sums[now] = previous + load_sum
        self.average = self._mean(bounds.window)
        self.raw = np.ceil(self.average / bounds.per_replica - 1e-9).astype(np.int64)
        want = np.maximum(self.raw, waiting)
        some = np.maximum(ready, 1)
        if switches.step_of == "running":
            slowest = some * (100 - bounds.rate) // 100
        else:
            slowest = np.minimum(bounds.least, some) + np.maximum(some - bounds.least, 0) * (100 - bounds.rate) // 100
        fastest = np.minimum(np.ceil(switches.scale_up_ratio * some), 1e9).astype(np.int64)
        wish = np.minimum(np.maximum(want, slowest), fastest)
        if switches.panic_mode:
            wish = self._panic(wish, ready)
        wish = np.clip(wish, bounds.least, bounds.most)
        # The bounds are applied once more: they may have been lowered since an older wish was made.
        self.desired = np.where(awake, np.clip(self._maximum.push(wish), bounds.least, bounds.most), 0)
        return self.desired

    def _mean(self, window: Counts) -> Reals:
        ticks = np.clip(-(-window // self._switches.tick), 1, min(self._ticks, self._span - 1))
        past = self._sums[(self._ticks - ticks) % self._span, self._rows]
        mean: Reals = (self._sums[self._ticks % self._span] - past) / (ticks * self._switches.tick)
        return mean

    def _panic(self, wish: Counts, ready: Counts) -> Counts:
        bounds = self.bounds
        short = self._mean(np.maximum((bounds.window * _PANIC_SHARE).astype(np.int64), self._switches.tick))
        urgent = np.ceil(short / bounds.per_replica - 1e-9).astype(np.int64)
        triggered = urgent / np.maximum(ready, 1) >= self._switches.panic_threshold
        calm = self._panic_until < self._ticks
        self._panic_most[calm] = 0
        self._panic_until[triggered] = self._ticks + -(-bounds.window[triggered] // self._switches.tick)
        panicking = self._panic_until >= self._ticks
        self._panic_most = np.where(panicking, np.maximum(np.maximum(self._panic_most, urgent), wish), 0)
        return np.maximum(wish, self._panic_most)

    def _delay_ticks(self) -> Counts:
        return np.maximum(-(-self.bounds.delay // self._switches.tick), 1)

    def _grow(self, span: int) -> None:
        kept = min(self._ticks, self._span - 1)
        order = [(self._ticks - age) % self._span for age in range(kept, -1, -1)]
        bigger: Reals = np.zeros((span, self._rows.size))
        bigger[: kept + 1] = self._sums[order]
        self._sums, self._span, self._ticks = bigger, span, kept
        self._panic_until[:] = -1
