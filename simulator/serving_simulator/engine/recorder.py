"""Counters and histograms of finished requests, for all deployments at once.

Finished requests are gathered for a few seconds (one flush) and then sorted into buckets together: their service times follow the lognormal
distribution of the work, shifted by the mean wait of the flush, so the expected share of each bucket is a difference of distribution
functions and the integers in the buckets are one multinomial draw. The exact sum of durations is drawn from the same mean and variance.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from serving_simulator.engine.queueing import Counts, Reals

__all__ = ["CODES", "DURATION_BOUNDS", "HISTOGRAMS", "SIZE_BOUNDS", "Recorder", "normal_cdf"]

CODES: tuple[tuple[str, bool], ...] = (
    ("200", False),
    ("429", False),
    ("499", False),
    ("500", False),
    ("502", False),
    ("504", False),
    ("200", True),
    ("500", True),
    ("502", True),
)
"""Status code and whether the request was asynchronous, in the order of the counters' first axis."""

DURATION_BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0)
SIZE_BOUNDS = (128.0, 512.0, 2048.0, 8192.0, 32768.0, 131072.0, 524288.0, 2097152.0)
HISTOGRAMS = {
    "baseten_end_to_end_response_time_seconds": DURATION_BOUNDS,
    "baseten_time_to_first_byte_seconds": DURATION_BOUNDS,
    "baseten_request_size_bytes": SIZE_BOUNDS,
    "baseten_response_size_bytes": SIZE_BOUNDS,
}
_E2E, _TTFB, _REQUEST, _RESPONSE = HISTOGRAMS
_ERROR_BODY = 120.0


def normal_cdf(x: Reals) -> Reals:
    """Return the standard normal distribution function; absolute error below 1e-7 (Abramowitz and Stegun 26.2.17)."""
    t = 1.0 / (1.0 + 0.2316419 * np.abs(x))
    poly = t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
    tail = 0.3989422804014327 * np.exp(-0.5 * np.minimum(x * x, 700.0)) * poly
    return np.where(x >= 0, 1.0 - tail, tail)


class Recorder:
    """Cumulative counters and histograms. ``counts[code, row]`` are requests; ``buckets[name][code, row, bucket]`` are not cumulative over
    buckets.
    """

    def __init__(self, rng: np.random.Generator, mean: Reals, cv: Reals, prefill: Reals, sizes: Sequence[Reals], timeout: float) -> None:
        rows = mean.size
        self._rng = rng
        self._mean = mean
        self._cv2: Reals = cv**2
        self._sigma: Reals = np.sqrt(np.log1p(self._cv2))
        self._prefill: Reals = np.maximum(prefill, 1e-3)
        self._timeout = timeout
        self._sizes = dict(zip((_REQUEST, _RESPONSE), sizes, strict=True))
        self._size_shares = {
            name: _lognormal_shares(np.log(size) - 0.5 * np.log(2.0), np.sqrt(np.log(2.0)), SIZE_BOUNDS)
            for name, size in self._sizes.items()
        }
        self.counts: Counts = np.zeros((len(CODES), rows), np.int64)
        self.buckets: dict[str, Counts] = {
            name: np.zeros((len(CODES), rows, len(bounds) + 1), np.int64) for name, bounds in HISTOGRAMS.items()
        }
        self.sums: dict[str, Reals] = {name: np.zeros((len(CODES), rows)) for name in HISTOGRAMS}
        self.error_rate: Reals = np.zeros(rows)
        # What has finished since the last flush: counts, waits and stretched services, sync and async.
        self._done: Counts = np.zeros((2, rows), np.int64)
        self._waits: Reals = np.zeros((2, rows))
        self._stretches: Reals = np.zeros((2, rows))
        self._failed: Counts = np.zeros((len(CODES), rows), np.int64)
        self._lasted: Reals = np.zeros((len(CODES), rows))

    def served(self, counts: Counts, waits: Reals, stretch: Reals) -> None:
        """Count synchronous requests that finished: how many, the sum of their waits, by how much their service was stretched."""
        self._done[0] += counts
        self._waits[0] += waits
        self._stretches[0] += counts * stretch

    def served_async(self, rows: NDArray[np.int64], counts: Counts, stretch: Reals) -> None:
        """Asynchronous requests of ``rows`` that finished. Their time in the queue has a histogram of its own and is not counted here."""
        self._done[1, rows] += counts
        self._stretches[1, rows] += counts * stretch

    def failed(self, code: str, rows: NDArray[np.int64], counts: Counts, durations: Counts | Reals, *, asynchronous: bool = False) -> None:
        """Count requests that ended without service: ``durations`` is the sum for each row."""
        index = CODES.index((code, asynchronous))
        self._failed[index, rows] += counts
        self._lasted[index, rows] += durations

    def flush(self, means: Reals) -> None:
        """Sort what has finished into the buckets; ``means`` are the service times now in force, seconds."""
        self._mean = means
        for kind in (0, 1):
            rows = np.flatnonzero(self._done[kind])
            if rows.size:
                self._sort(kind, rows)
        for index in np.flatnonzero(self._failed.any(axis=1)):
            self._sort_failed(int(index), self._failed[index].nonzero()[0])
        for gathered in (self._done, self._waits, self._stretches, self._failed, self._lasted):
            gathered[:] = 0

    def _sort_failed(self, index: int, rows: NDArray[np.int64]) -> None:
        counts, durations = self._failed[index, rows], self._lasted[index, rows]
        self.counts[index, rows] += counts
        place = np.searchsorted(DURATION_BOUNDS, durations / counts)
        for name in (_E2E, _TTFB):
            self.buckets[name][index, rows, place] += counts
            self.sums[name][index, rows] += durations
        self._add_sizes(index, rows, counts, failed=True)

    def _sort(self, kind: int, rows: NDArray[np.int64]) -> None:
        counts = self._done[kind, rows]
        waits, stretch = self._waits[kind, rows] / counts, self._stretches[kind, rows] / counts
        service = self._mean[rows] * stretch
        errors = self._rng.binomial(counts, self.error_rate[rows]) if self.error_rate.any() else np.zeros_like(counts)
        sigma = self._sigma[rows]
        late = 1.0 - normal_cdf((np.log(self._timeout) - np.log(service) + sigma**2 / 2) / sigma)
        timed_out = self._rng.binomial(counts - errors, late) if kind == 0 and late.max() > 1e-7 else np.zeros_like(counts)
        for code, part in (("200", counts - errors - timed_out), ("500", errors)):
            some = part > 0
            if some.any():
                self._add(CODES.index((code, bool(kind))), rows[some], part[some], waits[some], service[some])
        late_rows = timed_out > 0
        self.failed("504", rows[late_rows], timed_out[late_rows], timed_out[late_rows] * self._timeout)

    def _add(self, index: int, rows: NDArray[np.int64], counts: Counts, waits: Reals, service: Reals) -> None:
        self.counts[index, rows] += counts
        sigma = self._sigma[rows]
        for name, share in ((_E2E, 1.0), (_TTFB, self._prefill[rows])):
            mean = service * share
            bounds = np.asarray(DURATION_BOUNDS)[None, :] - waits[:, None]
            centre = np.log(mean) - sigma**2 / 2
            below = np.where(bounds > 0, normal_cdf((np.log(np.maximum(bounds, 1e-12)) - centre[:, None]) / sigma[:, None]), 0.0)
            self.buckets[name][index, rows] += self._rng.multinomial(counts, _differences(below))
            spread = mean * np.sqrt(counts * self._cv2[rows]) * self._rng.standard_normal(rows.size)
            self.sums[name][index, rows] += counts * waits + np.maximum(counts * mean + spread, 0.2 * counts * mean)
        self._add_sizes(index, rows, counts, failed=False)

    def _add_sizes(self, index: int, rows: NDArray[np.int64], counts: Counts, *, failed: bool) -> None:
        self.buckets[_REQUEST][index, rows] += self._rng.multinomial(counts, self._size_shares[_REQUEST][rows])
        self.sums[_REQUEST][index, rows] += np.round(counts * self._sizes[_REQUEST][rows])
        if failed:
            self.buckets[_RESPONSE][index, rows, 0] += counts
            self.sums[_RESPONSE][index, rows] += counts * _ERROR_BODY
        else:
            self.buckets[_RESPONSE][index, rows] += self._rng.multinomial(counts, self._size_shares[_RESPONSE][rows])
            self.sums[_RESPONSE][index, rows] += np.round(counts * self._sizes[_RESPONSE][rows])


def _lognormal_shares(centre: Reals, sigma: float, bounds: Sequence[float]) -> Reals:
    return _differences(normal_cdf((np.log(np.asarray(bounds))[None, :] - centre[:, None]) / sigma))


def _differences(below: Reals) -> Reals:
    """Shares of the buckets from the distribution function at their bounds."""
    rows = below.shape[0]
    edges = np.concatenate((np.zeros((rows, 1)), below, np.ones((rows, 1))), axis=1)
    shares: Reals = np.maximum(np.diff(edges, axis=1), 0.0)
    shares /= shares.sum(axis=1, keepdims=True)
    return shares
