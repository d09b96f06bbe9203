"""What scrapes saw of the platform's feed: observations stacked to one array for each series."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from serving_simulator.engine.observation import Observation, code_label, read_pods
from serving_simulator.engine.pages import bound_text, place_labels
from serving_simulator.engine.recorder import DURATION_BOUNDS, HISTOGRAMS
from serving_simulator.engine.rows import Row
from serving_simulator.fleet.switches import Switches
from serving_simulator.recording.notation import Values

__all__ = ["Series", "feed_series"]

Series = tuple[str, dict[str, str], Values]
"""Name, labels and samples."""

_Mask = NDArray[np.bool_]
_GAUGES = {
    "baseten_concurrent_requests": "in_flight",
    "baseten_replicas_active": "active",
    "baseten_replicas_starting": "starting",
}


def feed_series(seen: Sequence[Observation], rows: Sequence[Row], switches: Switches, used: set[int]) -> Iterator[Series]:
    """Yield every series of the feed that any of the observations, one for each scrape, had.

    ``used`` are the deployments (by place in the arrays) that have the families of asynchronous use.
    """
    shown = np.array([each.visible for each in seen])
    stacked = {field: np.array([getattr(each, field) for each in seen], np.float64) for field in (*_GAUGES.values(), "restarts", "unready")}
    counters = _Counters(seen)
    for index, row in enumerate(rows):
        for (environment, phase), mask in _places(seen, shown, index):
            labels = {"model_id": row.model_id, "model_name": row.model_name, "deployment_id": row.id}
            where = dict(place_labels(environment, phase, switches))
            for name, field in _GAUGES.items():
                yield name, {**labels, **where}, _masked(stacked[field][:, index], mask)
            if switches.pod_health:
                yield "baseten_container_restarts_total", {**labels, **where}, _masked(stacked["restarts"][:, index], mask)
                for condition, field in (("true", "active"), ("false", "unready")):
                    values = _masked(stacked[field][:, index], mask)
                    yield "baseten_pod_readiness", {**labels, "condition": condition, **where}, values
            yield from counters.series(index, labels, where, mask)
            if index in used:
                yield from _asynchronous(seen, index, {**labels, **where}, mask)
            yield from _replicas(seen, row, index, labels, where, mask)


def _places(seen: Sequence[Observation], shown: _Mask, index: int) -> Iterator[tuple[tuple[str | None, str], _Mask]]:
    """Yield where a deployment was (environment and phase), each with the scrapes that showed it there."""
    places = [each.places[index] for each in seen]
    for place in dict.fromkeys(places):
        mask = shown[:, index] & np.array([each == place for each in places])
        if mask.any():
            yield place, mask


def _masked(values: Values, mask: _Mask) -> Values:
    return np.where(mask, values, np.nan)


class _Counters:
    """Requests by status code, and their histograms."""

    def __init__(self, seen: Sequence[Observation]) -> None:
        self._codes = sorted({code for each in seen for code in each.codes})
        self._counts = self._stack([(each.codes, each.counts) for each in seen])
        self._buckets = {name: self._stack([(each.codes, each.buckets[name]) for each in seen]) for name in HISTOGRAMS}
        self._sums = {name: self._stack([(each.codes, each.sums[name]) for each in seen]) for name in HISTOGRAMS}

    def _stack(self, parts: list[tuple[tuple[int, ...], NDArray[np.generic]]]) -> Values:
        """Return [scrape, code, deployment, ...]: an observation has the codes only that had any request so far."""
        shape = parts[-1][1].shape[1:]
        stacked = np.zeros((len(parts), len(self._codes), *shape))
        for scrape, (codes, values) in enumerate(parts):
            if codes:
                stacked[scrape, [self._codes.index(code) for code in codes]] = values
        return stacked

    def series(self, index: int, labels: dict[str, str], where: dict[str, str], mask: _Mask) -> Iterator[Series]:
        for place, code in enumerate(self._codes):
            counts = self._counts[:, place, index]
            any_yet = mask & (counts > 0)
            if not any_yet.any():
                continue
            status, asynchronous = code_label(code)
            inner = {**labels, "status_code": status, "is_async": asynchronous, **where}
            yield "baseten_inference_requests_total", inner, _masked(counts, any_yet)
            for name, bounds in HISTOGRAMS.items():
                yield from histogram(name, inner, bounds, self._buckets[name][:, place, index], self._sums[name][:, place, index], any_yet)


def histogram(name: str, labels: dict[str, str], bounds: Sequence[float], buckets: Values, sums: Values, mask: _Mask) -> Iterator[Series]:
    """Yield the series of a histogram from the counts of its buckets, [scrape, bucket], which are not cumulative over buckets."""
    below = np.cumsum(buckets, axis=1)
    for place, bound in enumerate((*(bound_text(each) for each in bounds), "+Inf")):
        yield f"{name}_bucket", {**labels, "le": bound}, _masked(below[:, place], mask)
    yield f"{name}_sum", labels, _masked(np.round(sums, 6), mask)
    yield f"{name}_count", labels, _masked(below[:, -1], mask)


def _asynchronous(seen: Sequence[Observation], index: int, labels: dict[str, str], mask: _Mask) -> Iterator[Series]:
    yield "baseten_async_queue_size", labels, _masked(np.array([each.queued[index] for each in seen], np.float64), mask)
    waits = np.array([each.queue_waits[index] for each in seen], np.float64)
    sums = np.array([each.queue_wait_sum[index] for each in seen], np.float64)
    yield from histogram("baseten_time_in_async_queue_seconds", labels, DURATION_BOUNDS, waits, sums, mask)


def _replicas(
    seen: Sequence[Observation], row: Row, index: int, labels: dict[str, str], where: dict[str, str], mask: _Mask
) -> Iterator[Series]:
    """Yield what containers and GPUs of single replicas measured; a replica has series while it runs."""
    found: dict[str, dict[str, Values]] = {}
    limit = row.instance.gpu_memory_limit_mib or 0
    for scrape in np.flatnonzero(mask).tolist():
        for pod in read_pods(seen[scrape], index, limit):
            if pod.id not in found:
                found[pod.id] = {name: np.full(len(seen), np.nan) for name in ("cpu", "memory", "gpu", "gpu_memory")}
            values = found[pod.id]
            values["cpu"][scrape], values["memory"][scrape] = pod.cpu_seconds, pod.memory_bytes
            values["gpu"][scrape], values["gpu_memory"][scrape] = pod.gpu_utilization, pod.gpu_memory
    for replica, values in found.items():
        inner = {**labels, "replica": replica}
        yield "baseten_container_cpu_usage_seconds_total", {**inner, **where}, values["cpu"]
        yield "baseten_container_cpu_memory_working_set_bytes", {**inner, **where}, values["memory"]
        for gpu in range(row.instance.gpu_count):
            yield "baseten_gpu_memory_used", {**inner, "gpu": str(gpu), **where}, values["gpu_memory"]
            yield "baseten_gpu_utilization", {**inner, "gpu": str(gpu), **where}, values["gpu"]
