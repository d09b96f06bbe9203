"""From what a deployment did to values of time steps: averages of gauges, increases of counters, quantiles of histograms.

Everything is an array over the steps. Several deployments (an environment) add up before quantiles are taken: quantiles cannot be added,
bucket counts can.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from serving_simulator.views import HistoryWindow

__all__ = ["QUANTILES", "Buckets", "Steps", "add_buckets", "counter_increase", "gauge_average", "histogram_increase", "quantile"]

QUANTILES = (0.5, 0.9, 0.95, 0.99)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Steps:
    """Time steps: step ``i`` covers ``starts[i]`` to ``ends[i]``, Unix seconds. Data after ``visible`` have not arrived yet."""

    starts: Floats
    ends: Floats
    visible: float

    def indices(self, times: Sequence[float]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Return for each step the sample in force at its start and at its end (0 before the first sample)."""
        instants = np.asarray(times)
        instants = instants[instants <= self.visible]
        first = np.searchsorted(instants, self.starts, side="right") - 1
        last = np.searchsorted(instants, self.ends, side="right") - 1
        return np.maximum(first, 0), np.maximum(last, 0)


@dataclass(frozen=True)
class Buckets:
    """What a histogram gained in each step: ``counts[step][bucket]`` for each bucket alone (+Inf last), ``totals[step]`` of the values."""

    bounds: tuple[float, ...]
    counts: Floats
    totals: Floats


def _growth(cumulative: Floats) -> Floats:
    """Undo counter resets along the first axis: the running total of every increase."""
    steps = np.diff(cumulative, axis=0)
    steps = np.where(steps < 0, cumulative[1:], steps)
    return np.concatenate([np.zeros_like(cumulative[:1]), np.cumsum(steps, axis=0)])


def _increase(window: HistoryWindow, values: Floats, steps: Steps) -> Floats:
    grown = _growth(values)
    first, last = steps.indices(window.times)
    return np.asarray(grown[last] - grown[first], dtype=float)


def gauge_average(window: HistoryWindow, name: str, steps: Steps) -> Floats:
    """Return the time average of a gauge in each step, NaN in steps without a visible sample."""
    values = np.asarray(window.gauges[name], dtype=float)
    times = np.asarray(window.times)
    result = np.full(len(steps.starts), np.nan)
    for number, (start, end) in enumerate(zip(steps.starts, steps.ends, strict=True)):
        inside = values[(times >= start) & (times < end) & (times <= steps.visible)]
        if inside.size:
            result[number] = inside.mean()
    return result


def counter_increase(window: HistoryWindow, name: str, steps: Steps) -> dict[str, Floats]:
    """Return the increase of a counter in each step, by label value; 0 while nothing has arrived."""
    return {
        label: _increase(window, np.asarray(values, dtype=float), steps) for label, values in window.counters[name].items() if window.times
    }


def histogram_increase(window: HistoryWindow, name: str, steps: Steps) -> Buckets | None:
    """Return what a histogram gained in each step."""
    bounds, counts, totals = window.histograms[name]
    if not window.times:
        return None
    return Buckets(
        tuple(bounds),
        _increase(window, np.asarray(counts, dtype=float), steps),
        _increase(window, np.asarray(totals, dtype=float), steps),
    )


def add_buckets(parts: Sequence[Buckets]) -> Buckets:
    """Add histograms. Where bucket bounds differ, counts are spread evenly inside their buckets to fit the union of all bounds."""
    if len({part.bounds for part in parts}) == 1:
        return Buckets(parts[0].bounds, sum(part.counts for part in parts), sum(part.totals for part in parts))  # type: ignore[arg-type]
    union = tuple(sorted({bound for part in parts for bound in part.bounds}))
    counts = np.zeros((len(parts[0].totals), len(union) + 1))
    for part in parts:
        below = np.cumsum(part.counts, axis=1)
        knots = np.concatenate([[0.0], part.bounds])
        for step, row in enumerate(below):
            reached = np.interp(union, knots, np.concatenate([[0.0], row[:-1]]))
            counts[step] += np.diff(np.concatenate([[0.0], reached, [row[-1]]]))
    return Buckets(union, counts, sum(part.totals for part in parts))  # type: ignore[arg-type]


def quantile(bounds: Sequence[float], counts: Floats, q: float) -> float | None:
    """Return a quantile of one step as ``histogram_quantile`` of Prometheus computes it; None without observations."""
    total = float(counts.sum())
    if total <= 0:
        return None
    rank = q * total
    below = np.cumsum(counts)
    bucket = int(np.searchsorted(below, rank))
    if bucket >= len(bounds):
        return float(bounds[-1]) if bounds else None
    lower = bounds[bucket - 1] if bucket else 0.0
    before = float(below[bucket - 1]) if bucket else 0.0
    return float(lower + (bounds[bucket] - lower) * (rank - before) / float(counts[bucket]))
