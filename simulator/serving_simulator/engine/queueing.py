"""First-in-first-out queues with deadlines for many deployments at once, without an object for each request.

A queue remembers how many requests had arrived by the end of each second, and the sum of their arrival times. Both are cumulative, so the
waits of the next ``k`` requests in line are a difference of two prefix sums, and everything older than a deadline is one lookup. Arrival
times are whole seconds: waits are exact to one second, which is the step of the engine.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["CohortQueue", "Counts", "Reals"]

Counts: TypeAlias = NDArray[np.signedinteger[Any]]
Reals: TypeAlias = NDArray[np.floating[Any]]

_LINEAR_STEPS = 3  # the head usually moves by a cohort or two; after that many a binary search is cheaper


class CohortQueue:
    """Queues of ``rows`` deployments. No request may wait longer than ``horizon`` seconds: expire them first."""

    def __init__(self, rows: int, horizon: int) -> None:
        self._horizon = horizon
        self._span = horizon + 3
        # One line for each second of the ring, so that writing the current second is one contiguous copy.
        self._arrived: Counts = np.zeros((self._span, rows), np.int64)
        self._moments: Reals = np.zeros((self._span, rows), np.float64)
        self._total_in: Counts = np.zeros(rows, np.int64)
        self._total_out: Counts = np.zeros(rows, np.int64)
        self._moment_in: Reals = np.zeros(rows, np.float64)
        self._moment_out: Reals = np.zeros(rows, np.float64)
        self._head: Counts = np.zeros(rows, np.int64)
        self._rows = np.arange(rows)
        self.size: Counts = np.zeros(rows, np.int64)

    def push(self, second: int, counts: Counts) -> None:
        """Append ``counts`` requests that arrived in ``second``. Call once for every second, also with zeros."""
        np.copyto(self._head, second, where=self.size == 0)
        self._total_in += counts
        self._moment_in += counts * float(second)
        self.size += counts
        self._arrived[second % self._span] = self._total_in
        self._moments[second % self._span] = self._moment_in

    def take(self, second: int, rows: Counts, counts: Counts) -> Reals:
        """Remove the oldest ``counts`` requests of ``rows`` (never more than there are).

        Returns the sum of their waits in seconds, for each row.
        """
        self._total_out[rows] += counts
        self.size[rows] -= counts
        self._advance(second, rows)
        after = self._moment_of_head(rows)
        waits: Reals = counts * float(second) - (after - self._moment_out[rows])
        self._moment_out[rows] = after
        return waits

    def expire(self, second: int, deadline: Counts) -> tuple[Counts, Counts]:
        """Remove everything that has waited ``deadline`` seconds; the rows concerned and how many each lost.

        Call once for every second: then whoever is removed has waited exactly that long.
        """
        due = self._arrived[(second - deadline) % self._span, self._rows] - self._total_out
        rows = (due > 0).nonzero()[0]
        if rows.size:
            due = due[rows]
            self._total_out[rows] += due
            self.size[rows] -= due
            self._moment_out[rows] += due * (second - deadline[rows]).astype(np.float64)
            return rows, due
        return rows, rows

    def clear(self, second: int, row: int) -> int:
        """Empty one queue; how many were in it."""
        count = int(self.size[row])
        if count:
            self.take(second, np.array([row]), np.array([count]))
        return count

    def oldest(self, second: int) -> Counts:
        """Age in seconds of the request at the head of each queue; 0 where the queue is empty."""
        self._advance(second, self.size.nonzero()[0])
        return np.where(self.size > 0, second - self._head, 0)

    def _advance(self, second: int, rows: Counts) -> None:
        out = self._total_out
        pending = rows[self.size[rows] > 0]
        # Expiry leaves the head behind, perhaps further than the ring reaches back; nobody who still waits is older than the horizon.
        self._head[pending] = np.maximum(self._head[pending], second - self._horizon)
        for _ in range(_LINEAR_STEPS):
            passed = self._arrived[self._head[pending] % self._span, pending] <= out[pending]
            pending = pending[passed]
            if not pending.size:
                return
            self._head[pending] += 1
        low, high = self._head[pending].copy(), np.full(pending.size, second, np.int64)
        while np.any(low < high):
            middle = (low + high) // 2
            passed = self._arrived[middle % self._span, pending] <= out[pending]
            low = np.where(passed, np.minimum(middle + 1, high), low)
            high = np.where(passed, high, middle)
        self._head[pending] = low

    def _moment_of_head(self, rows: Counts) -> Reals:
        """Sum of the arrival times of all requests that have left."""
        empty = self.size[rows] == 0
        before_head = (self._head[rows] - 1) % self._span
        left_of_head = self._total_out[rows] - self._arrived[before_head, rows]
        partial: Reals = self._moments[before_head, rows] + left_of_head * self._head[rows]
        return np.where(empty, self._moment_in[rows], partial)
