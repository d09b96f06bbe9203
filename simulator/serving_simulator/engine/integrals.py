"""Running totals of which single replicas show their part: CPU time, tokens, GPU load.

What happens on one replica is the same for all replicas of a deployment, since the router spreads requests evenly. So one running integral
for each deployment is enough: a replica's counter is the integral now minus the integral when the replica began, times a small constant of
its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from serving_simulator.engine.queueing import Counts, Reals
from serving_simulator.engine.recorder import CODES, DURATION_BOUNDS, Recorder
from serving_simulator.engine.rows import Row
from serving_simulator.engine.traffic import Traffic

__all__ = ["Integrals"]

_IDLE_CORES = 0.05
_ANSWERED = [CODES.index(("200", False)), CODES.index(("200", True))]
_CORES_SHARE = 0.6


class Integrals:
    """Totals per replica of each deployment, brought up to date at every flush.

    ``cpu``: core-seconds; ``requests``: requests answered; both for one replica. ``queue_waits`` and ``queue_wait_sum``: the histogram of
    the time in the async queue.
    """

    def __init__(self, deployments: Sequence[Row], begin: int) -> None:
        rows = len(deployments)
        self._cores: Reals = np.array([row.instance.millicpu_limit / 1000 for row in deployments], np.float64)
        self._last = begin
        self._answered: Counts = np.zeros(rows, np.int64)
        self._busy_since: Reals = np.zeros(rows)
        self._seconds = 0
        self.cpu: Reals = np.zeros(rows)
        self.requests: Reals = np.zeros(rows)
        self.queue_waits: Counts = np.zeros((rows, len(DURATION_BOUNDS) + 1), np.int64)
        self.queue_wait_sum: Reals = np.zeros(rows)

    def flush(self, now: int, traffic: Traffic, recorder: Recorder, ready: Counts) -> None:
        """Add what has happened since the last flush."""
        seconds = now - self._last
        if seconds <= 0:
            return
        self._last = now
        busy = traffic.busy / seconds
        self.cpu += seconds * self._cores * (_IDLE_CORES + _CORES_SHARE * busy)
        self._busy_since += traffic.busy
        self._seconds += seconds
        traffic.busy[:] = 0.0
        answered = recorder.counts[_ANSWERED].sum(axis=0)
        self.requests += (answered - self._answered) / np.maximum(ready, 1)
        self._answered = answered
        rows = np.flatnonzero(traffic.dequeued)
        if rows.size:
            counts = traffic.dequeued[rows]
            place = np.searchsorted(DURATION_BOUNDS, traffic.queue_waits[rows] / counts)
            self.queue_waits[rows, place] += counts
            self.queue_wait_sum[rows] += traffic.queue_waits[rows]
            traffic.dequeued[rows] = 0
            traffic.queue_waits[rows] = 0.0

    def share(self, *, restart: bool) -> Reals:
        """Share of the knee in use on a replica since the last call with ``restart``, 0 to 1."""
        share = self._busy_since / max(self._seconds, 1)
        if restart:
            self._busy_since = np.zeros_like(self._busy_since)
            self._seconds = 0
        return share
