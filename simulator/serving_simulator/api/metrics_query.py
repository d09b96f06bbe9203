"""The metrics query API: ``CURRENT``, ``SUMMARY`` and ``SERIES`` of a deployment or an environment.

Two things are guesses, because nothing is documented: ``CURRENT`` shows counters and histograms of the last minute that has arrived, and
gauges that have not arrived are null.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from serving_simulator.api.call import Answer, Call, json_answer
from serving_simulator.api.metric_names import DEFAULT_METRICS, KNOWN_METRICS, MetricShape
from serving_simulator.api.metric_steps import QUANTILES, Steps, add_buckets, counter_increase, gauge_average, histogram_increase, quantile
from serving_simulator.views import HistoryWindow

__all__ = ["deployment_metrics", "environment_metrics", "lag_seconds", "step_seconds"]

_HOUR, _WEEK = 3600.0, 7 * 86400.0
_MODES = ("CURRENT", "SUMMARY", "SERIES")
_STEPS = (30, 60, 120, 300, 600, 900, 1800, 3600)
_MOST_STEPS = 360
_CURRENT_SPAN = 60.0
_SAMPLE_SPACING = 30.0
_MIN_LAG, _MAX_LAG = 60, 180
_NO_DATA_STATUS = "200"

Column = list[float | None]


class _Query(NamedTuple):
    mode: str
    start: float
    end: float
    names: tuple[str, ...]


def lag_seconds(subject: str) -> float:
    """Return how far this API is behind the present: 60 to 180 s, the same for a subject each time (its id decides)."""
    return float(_MIN_LAG + zlib.crc32(subject.encode()) % (_MAX_LAG - _MIN_LAG + 1))


def step_seconds(window: float) -> int:
    """Return the step of a series: the shortest that gives about 360 points at most (20 min: 30 s, 6 h: 60 s)."""
    return next((step for step in _STEPS if window / step <= _MOST_STEPS), _STEPS[-1])


def _read(call: Call) -> _Query:
    mode = call.choice("mode", _MODES, "CURRENT")
    start_millis, end_millis = call.integer("start_epoch_millis"), call.integer("end_epoch_millis")
    names = tuple(dict.fromkeys(call.many("metrics"))) or DEFAULT_METRICS
    unknown = [name for name in names if name not in KNOWN_METRICS]
    if unknown:
        raise call.invalid(f"metrics: unknown metric name {unknown[0][:80]!r}")
    if mode == "CURRENT":
        if start_millis is not None or end_millis is not None:
            raise call.invalid("start_epoch_millis and end_epoch_millis must be omitted when mode is CURRENT")
        return _Query(mode, call.now, call.now, names)
    end = call.now if end_millis is None else end_millis / 1000
    start = end - _HOUR if start_millis is None else start_millis / 1000
    if start > end:
        raise call.invalid("start_epoch_millis must not be after end_epoch_millis")
    if end - start > _WEEK:
        raise call.invalid("the window between start and end must not exceed 7 days")
    return _Query(mode, start, end, names)


def _steps(query: _Query, visible: float) -> Steps:
    if query.mode == "CURRENT":
        return Steps(np.array([visible - _CURRENT_SPAN]), np.array([visible + 1e-6]), visible)
    if query.mode == "SUMMARY":
        return Steps(np.array([query.start]), np.array([query.end]), visible)
    # Both ends of the window are points of the series, and points are whole seconds.
    step = step_seconds(query.end - query.start)
    starts = np.arange(math.floor(query.start), query.end + 1e-6, step, dtype=float)
    return Steps(starts, starts + step, visible)


def _nullable(values: Sequence[float]) -> Column:
    return [None if math.isnan(value) else round(float(value), 6) for value in values]


def _gauge(windows: Sequence[HistoryWindow], name: str, steps: Steps, *, current: bool) -> list[tuple[dict[str, str], Column]]:
    having = [window for window in windows if name in window.gauges]
    if current:
        latest = [[value for time, value in zip(w.times, w.gauges[name], strict=True) if time <= steps.visible][-1:] for w in having]
        values = [value for found in latest for value in found]
        return [({}, [round(sum(values), 6) if values else None])]
    averages = np.array([gauge_average(window, name, steps) for window in having])
    missing = np.isnan(averages).all(axis=0)
    return [({}, _nullable(np.where(missing, np.nan, np.nansum(averages, axis=0)).tolist()))]


def _counter(windows: Sequence[HistoryWindow], name: str, steps: Steps, shape: MetricShape) -> list[tuple[dict[str, str], Column]]:
    by_label: dict[str, Any] = {}
    for window in windows:
        for label, increase in (counter_increase(window, name, steps) if name in window.counters else {}).items():
            by_label[label] = by_label.get(label, 0.0) + increase
    if shape.rate:
        rate = sum(by_label.values(), start=np.zeros(len(steps.starts))) / (steps.ends - steps.starts)
        return [({}, _nullable(rate.tolist()))]
    if not by_label:
        by_label = {(_NO_DATA_STATUS if name == "baseten_inference_requests_total" else ""): np.zeros(len(steps.starts))}
    return [
        ({"status": label} if label else {}, [round(float(value), 6) for value in values]) for label, values in sorted(by_label.items())
    ]


def _histogram(windows: Sequence[HistoryWindow], name: str, steps: Steps) -> list[tuple[dict[str, str], Column]]:
    found = [histogram_increase(window, name, steps) for window in windows if name in window.histograms]
    parts = [part for part in found if part is not None]
    columns: list[tuple[dict[str, str], Column]] = []
    if not parts:
        nothing: Column = [None] * len(steps.starts)
        return [*(({"quantile": f"{q:g}"}, list(nothing)) for q in QUANTILES), ({"stat": "avg"}, nothing)]
    total = add_buckets(parts)
    for q in QUANTILES:
        column = [quantile(total.bounds, row, q) for row in total.counts]
        columns.append(({"quantile": f"{q:g}"}, [None if value is None else round(value, 6) for value in column]))
    seen = total.counts.sum(axis=1)
    average = [None if not n else round(float(value) / float(n), 6) for value, n in zip(total.totals, seen, strict=True)]
    return [*columns, ({"stat": "avg"}, average)]


def _answer(call: Call, subject: str, deployment_ids: Sequence[str]) -> Answer:
    query = _read(call)
    visible = call.now - lag_seconds(subject)
    steps = _steps(query, visible)
    earliest = float(steps.starts[0]) - _SAMPLE_SPACING
    windows = [call.world.history(each, earliest, min(visible, float(steps.ends[-1]))) for each in deployment_ids]
    descriptors, columns = [], []
    for name in query.names:
        shape = KNOWN_METRICS[name]
        if not any(name in part for window in windows for part in (window.gauges, window.counters, window.histograms)):
            continue
        if shape.kind == "HISTOGRAM":
            found = _histogram(windows, name, steps)
        elif shape.kind == "COUNTER" or shape.rate:
            found = _counter(windows, name, steps, shape)
        else:
            found = _gauge(windows, name, steps, current=query.mode == "CURRENT")
        labels = [label_set for label_set, _ in found]
        descriptors.append({"name": name, "unit_hint": shape.unit_hint, "kind": shape.kind, "label_sets": labels})
        columns.append([column for _, column in found])
    starts = steps.starts if query.mode == "SERIES" else [query.start]
    value_sets = [
        {"start_epoch_millis": round(start * 1000), "values": [[column[number] for column in metric] for metric in columns]}
        for number, start in enumerate(starts)
    ]
    document = {
        "start_epoch_millis": round(query.start * 1000),
        "end_epoch_millis": round(query.end * 1000),
        "mode": query.mode,
        "step_seconds": step_seconds(query.end - query.start) if query.mode == "SERIES" else None,
        "metric_descriptors": descriptors,
        "metric_values": value_sets,
    }
    return json_answer(document)


def deployment_metrics(call: Call) -> Answer:
    """``GET …/deployments/{deployment_id}/metrics``."""
    found = call.deployment().id
    return _answer(call, found, [found])


def environment_metrics(call: Call) -> Answer:
    """``GET …/environments/{env_name}/metrics``: every deployment of the environment together."""
    model = call.model()
    environment = call.environment(model)
    members = [each.id for each in call.world.deployments(model.id) if each.environment == environment.name]
    return _answer(call, f"{model.id}/{environment.name}", members)
