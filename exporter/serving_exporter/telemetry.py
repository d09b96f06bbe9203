"""The exporter's own metrics, built from the catalogue: names, help and labels are not typed again here.

They go through prometheus_client, which is far too slow for platform samples (exposition has those) and right for a few hundred numbers.
The registry is this object's own. Two things differ from the library's habits: there are no ``_created`` series, and a gauge that has never
been set is absent instead of 0, because a clock skew of 0 is a measurement and "not measured" is not.
"""

from __future__ import annotations

import asyncio
import contextlib
import platform
from collections.abc import Iterable, Iterator
from typing import cast

from prometheus_client import CollectorRegistry, Counter, Gauge, GCCollector, Histogram, ProcessCollector
from prometheus_client import generate_latest as _text_of
from prometheus_client import metrics_core as _core
from prometheus_client.openmetrics.exposition import generate_latest as _openmetrics_of
from prometheus_client.registry import Collector

from serving_exporter import __version__, catalogue
from serving_exporter.catalogue import DROP_REASONS, Metric, MetricType, Scope
from serving_exporter.catalogue import POLL_OUTCOMES as OUTCOMES

__all__ = ["DROP_REASONS", "OUTCOMES", "SourceTelemetry", "Telemetry"]

_Family = Gauge | Counter | Histogram


class Telemetry:
    """All self-metrics of one process. Its methods are cheap and never raise for a value that they do not know."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._families = _Families(self._registry)
        self._sources: dict[tuple[str, str], SourceTelemetry] = {}
        ProcessCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        self._families.gauge(catalogue.BUILD_INFO, __version__, platform.python_version()).set(1)
        for reason in DROP_REASONS:
            self.dropped(reason, 0)

    def source(self, workspace: str, source: str) -> SourceTelemetry:
        """Give the metrics of one source of one workspace; made at the first call: up 0, supported 1, every outcome 0."""
        key = (workspace, source)
        if key not in self._sources or self._sources[key].removed:
            self._sources[key] = SourceTelemetry(self._families, workspace, source)
        return self._sources[key]

    def remove_workspace(self, workspace: str) -> None:
        """Take every series of a workspace off the page: the configuration has lost it."""
        for key in [key for key in self._sources if key[0] == workspace]:
            self._sources.pop(key).remove()

    def api_request(self, endpoint: str, code: int | str) -> None:
        """Count one request. ``endpoint`` is a template without ids; ``code`` the HTTP status, or ``error`` when no answer came."""
        self._families.counter(catalogue.API_REQUESTS_TOTAL, endpoint, str(code)).inc()

    def budget_wait(self, endpoint: str, seconds: float) -> None:
        """Add the time that a request waited for its rate budget."""
        self._families.counter(catalogue.API_BUDGET_WAIT_TOTAL, endpoint).inc(max(0.0, seconds))

    def budget_rate(self, endpoint: str, requests_per_second: float) -> None:
        """Show the request rate that a budget allows from now on."""
        self._families.gauge(catalogue.API_BUDGET_RATE, endpoint).set(requests_per_second)

    def dropped(self, reason: str, count: int = 1) -> None:
        """Count lines or series left off the page; ``reason`` is one of ``DROP_REASONS``."""
        self._families.counter(catalogue.SERIES_DROPPED_TOTAL, reason).inc(count)

    def page(self, samples: int, size: int, wall: float) -> None:
        """Note a published page: platform samples, bytes of its uncompressed text, Unix time."""
        self._families.gauge(catalogue.PAGE_SAMPLES).set(samples)
        self._families.gauge(catalogue.PAGE_BYTES).set(size)
        self._families.gauge(catalogue.PAGE_TIMESTAMP).set(wall)

    def clock_skew(self, seconds: float) -> None:
        """Show the platform's clock minus this host's."""
        self._families.gauge(catalogue.CLOCK_SKEW).set(seconds)

    def reload(self, ok: bool, wall: float) -> None:
        """Note that a configuration was accepted or refused at that Unix time; the first one counts too."""
        self._families.gauge(catalogue.CONFIG_RELOAD_SUCCESSFUL).set(ok)
        if ok:
            self._families.gauge(catalogue.CONFIG_RELOAD_TIMESTAMP).set(wall)

    def text(self, workspace: str | None = None) -> bytes:
        """All series in text format 0.0.4; with ``workspace``, without the series that name another one.

        Reads /proc for the process metrics: call it in a thread, or use ``render``.
        """
        return _text_of(_View(self._registry, self._families.unset, workspace))

    def openmetrics(self, workspace: str | None = None) -> bytes:
        """As ``text``, in OpenMetrics 1.0 and without the closing ``# EOF``, which belongs to the page as a whole."""
        page: bytes = _openmetrics_of(_View(self._registry, self._families.unset, workspace))  # type: ignore[no-untyped-call]
        return page.removesuffix(b"# EOF\n")

    async def render(self, workspace: str | None = None) -> tuple[bytes, bytes]:
        """``text`` and ``openmetrics``, made in a thread."""
        return await asyncio.to_thread(lambda: (self.text(workspace), self.openmetrics(workspace)))


class SourceTelemetry:
    """The self-metrics of one source. After ``remove`` it is mute: a poll that ends late does not bring the series back."""

    def __init__(self, families: _Families, workspace: str, source: str) -> None:
        self._families = families
        self._labels = (workspace, source)
        self.removed = False
        self.up(False)
        self.supported(True)
        self.samples(0)
        self.failing_parts(0)
        families.histogram(catalogue.SOURCE_POLL_DURATION, *self._labels)
        for outcome in OUTCOMES:
            families.counter(catalogue.SOURCE_POLLS_TOTAL, *self._labels, outcome)

    def up(self, value: bool) -> None:
        """Show whether the last poll succeeded."""
        self._set(catalogue.SOURCE_UP, value)

    def supported(self, value: bool) -> None:
        """Show whether the source is permitted to the key and offered by the platform."""
        self._set(catalogue.SOURCE_SUPPORTED, value)

    def success(self, wall: float) -> None:
        """Note when it succeeded, Unix seconds."""
        self._set(catalogue.SOURCE_LAST_SUCCESS, wall)

    def data_timestamp(self, wall: float) -> None:
        """Show the newest instant that its data describe, Unix seconds."""
        self._set(catalogue.SOURCE_DATA_TIMESTAMP, wall)

    def polled(self, duration: float, outcome: str) -> None:
        """Count a poll that ended after ``duration`` seconds, in one of ``OUTCOMES``."""
        if not self.removed:
            self._families.histogram(catalogue.SOURCE_POLL_DURATION, *self._labels).observe(duration)
            self._families.counter(catalogue.SOURCE_POLLS_TOTAL, *self._labels, outcome).inc()

    def samples(self, count: int) -> None:
        """Show how many samples of it are on the page."""
        self._set(catalogue.SOURCE_SAMPLES, count)

    def interval(self, seconds: float) -> None:
        """Show the time to its next poll, back-off included."""
        self._set(catalogue.SOURCE_INTERVAL, seconds)

    def failing_parts(self, count: int) -> None:
        """Show how many of its parts failed while it succeeded as a whole."""
        self._set(catalogue.SOURCE_FAILING_PARTS, count)

    def remove(self) -> None:
        """Take its series off the page for good."""
        if not self.removed:
            self.removed = True
            self._families.forget(*self._labels)

    def _set(self, metric: Metric, value: float) -> None:
        if not self.removed:
            self._families.gauge(metric, *self._labels).set(value)


class _View(Collector):
    """What a registry holds, less what must not be on a page: ``_created`` series, gauges never set, the series of other workspaces."""

    def __init__(self, registry: CollectorRegistry, unset: Iterable[str], workspace: str | None) -> None:
        self._registry = registry
        self._unset = frozenset(unset)
        self._workspace = workspace

    def collect(self) -> Iterator[_core.Metric]:
        for family in self._registry.collect():
            if family.name in self._unset:
                continue
            family.samples = [
                sample
                for sample in family.samples
                if not sample.name.endswith("_created")
                and (self._workspace is None or sample.labels.get("workspace", self._workspace) == self._workspace)
            ]
            yield family


class _Families:
    """The client library's objects for the catalogue's self-metrics. ``unset`` names the gauges that have no value yet."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._by_name = {metric.name: _family(metric, registry) for metric in catalogue.self_metrics()}
        self.unset = {metric.name for metric in catalogue.self_metrics() if metric.type is MetricType.GAUGE and not metric.labels}

    def gauge(self, metric: Metric, *labels: str) -> Gauge:
        self.unset.discard(metric.name)
        return cast("Gauge", self._child(metric, labels))

    def counter(self, metric: Metric, *labels: str) -> Counter:
        return cast("Counter", self._child(metric, labels))

    def histogram(self, metric: Metric, *labels: str) -> Histogram:
        return cast("Histogram", self._child(metric, labels))

    def forget(self, workspace: str, source: str) -> None:
        """Remove the series of a source from every family."""
        for metric in catalogue.self_metrics():
            if metric.scope is Scope.SOURCE:
                for extra in [(outcome,) for outcome in OUTCOMES] if metric.extra_labels else [()]:
                    # The library raises for a series that was never set, as that of a source that never succeeded.
                    with contextlib.suppress(KeyError):
                        self._by_name[metric.name].remove(workspace, source, *extra)

    def _child(self, metric: Metric, labels: tuple[str, ...]) -> _Family:
        family = self._by_name[metric.name]
        return family.labels(*labels) if labels else family


def _family(metric: Metric, registry: CollectorRegistry) -> _Family:
    if metric.type is MetricType.HISTOGRAM:
        return Histogram(metric.name, metric.help, metric.labels, registry=registry, buckets=metric.buckets)
    if metric.type is MetricType.COUNTER:
        return Counter(metric.name, metric.help, metric.labels, registry=registry)
    return Gauge(metric.name, metric.help, metric.labels, registry=registry)
