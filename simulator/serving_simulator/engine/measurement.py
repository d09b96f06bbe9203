"""When the export page is rebuilt, and how old what it shows is; and the history behind the metrics query API.

The page is rebuilt every 30 seconds at a phase of its own and shows the fleet as it was a random lag earlier. Observations never go back in
time: when a longer lag follows a shorter one, the later page shows the same instant or one shortly after.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np

from serving_simulator.engine.observation import Observation, Observer, code_label
from serving_simulator.engine.pages import PageWriter
from serving_simulator.engine.recorder import DURATION_BOUNDS, HISTOGRAMS
from serving_simulator.engine.simulation import Simulation
from serving_simulator.views import FeedPage, HistoryWindow

__all__ = ["Measurements"]

_HISTORY_STEP = 30


class Measurements:
    """Takes observations when they are due and keeps the page in force."""

    def __init__(self, simulation: Simulation) -> None:
        measurement = simulation.fleet.measurement
        self._simulation = simulation
        self._observer = Observer(simulation)
        self._writer = PageWriter(simulation)
        self._refresh = measurement.refresh
        self._lags = (measurement.lag_min, max(measurement.lag_min, measurement.lag_max))
        self._plan: deque[tuple[int, int]] = deque()
        self._taken: deque[tuple[int, Observation]] = deque()
        self._next_build = simulation.now + int(simulation.rare.integers(0, self._refresh))
        self._shown: tuple[int, Observation] = (simulation.now, self._observer.observe(restart=True))
        self._last_planned = simulation.now
        self._page: FeedPage | None = None
        kept = int(measurement.history) // _HISTORY_STEP
        self._history: deque[Observation] = deque(maxlen=kept)
        self._plan_ahead()

    def step(self) -> None:
        """Do what is due in this second."""
        now = self._simulation.now
        while self._plan and self._plan[0][0] <= now:
            _, build = self._plan.popleft()
            self._taken.append((build, self._observer.observe(restart=True)))
            self._plan_ahead()
        while self._taken and self._taken[0][0] <= now:
            self._shown, self._page = self._taken.popleft(), None
        if now % _HISTORY_STEP == 0 and self._history.maxlen:
            self._history.append(self._observer.observe(restart=False))

    @property
    def shown(self) -> Observation:
        """The observation behind the page in force."""
        return self._shown[1]

    def page(self) -> FeedPage:
        """Return the page in force; written when somebody asks for it."""
        if self._page is None:
            self._page = self._writer.write(self._shown[1], float(self._shown[0]))
        return self._page

    def history(self, index: int, start: float, end: float) -> HistoryWindow:
        """Return what one deployment did between two instants; nothing for one without measurements."""
        if not self._observer.measured[index]:
            return HistoryWindow((), {}, {}, {})
        simulation = self._simulation
        row, switches = simulation.rows[index], simulation.fleet.switches
        seen = [each for each in self._history if start <= each.at <= end]

        def series(read: Callable[[Observation], float]) -> tuple[float, ...]:
            return tuple(float(read(each)) for each in seen)

        gauges = {
            "baseten_concurrent_requests": series(lambda each: each.in_flight[index]),
            "baseten_replicas_active": series(lambda each: each.active[index]),
            "baseten_replicas_starting": series(lambda each: each.starting[index]),
            "baseten_container_cpu_memory_working_set_bytes": series(lambda each: each.memory[index]),
        }
        counters: dict[str, dict[str, tuple[float, ...]]] = {
            "baseten_container_cpu_usage_seconds_total": {"": series(lambda each: each.cpu[index])},
        }
        codes = sorted({code for each in seen for code in each.codes})
        requests: dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]] = {}
        for code in codes:
            counts = np.array([_count(each, code, index) for each in seen], np.float64)
            label = code_label(code)[0]
            requests[label] = requests[label] + counts if label in requests else counts
        counters["baseten_inference_requests_total"] = {label: tuple(counts.tolist()) for label, counts in requests.items() if counts.any()}
        if switches.pod_health:
            counters["baseten_container_restarts_total"] = {"": series(lambda each: each.restarts[index])}
            gauges["baseten_pod_readiness"] = series(lambda each: each.active[index])
        if row.instance.gpu_count:
            gauges["baseten_gpu_utilization"] = series(lambda each: each.utilization[index] if each.active[index] else 0.0)
            limit = row.instance.gpu_memory_limit_mib or 0
            gauges["baseten_gpu_memory_used"] = series(lambda each: 0.7 * limit if each.active[index] else 0.0)
        histograms = {name: self._histogram(seen, name, index) for name in HISTOGRAMS}
        if switches.async_families == "all" or index in simulation.uses_async:
            gauges["baseten_async_queue_size"] = series(lambda each: each.queued[index])
            waits = tuple(tuple(map(float, each.queue_waits[index])) for each in seen)
            histograms["baseten_time_in_async_queue_seconds"] = (DURATION_BOUNDS, waits, series(lambda each: each.queue_wait_sum[index]))
            counters["baseten_async_webhook_requests_total"] = {"": series(lambda each: each.webhooks[index])}
        return HistoryWindow(tuple(each.at for each in seen), gauges, counters, histograms)

    def _histogram(
        self, seen: list[Observation], name: str, index: int
    ) -> tuple[tuple[float, ...], tuple[tuple[float, ...], ...], tuple[float, ...]]:
        buckets = tuple(tuple(map(float, each.buckets[name][:, index].sum(axis=0))) for each in seen)
        return HISTOGRAMS[name], buckets, tuple(float(each.sums[name][:, index].sum()) for each in seen)

    def _plan_ahead(self) -> None:
        """Decide when to look for the pages to come: a lag may be longer than the time between two pages."""
        while not self._plan or self._plan[-1][1] < self._simulation.now + self._lags[1] + self._refresh:
            self._next_build += self._refresh
            lag = int(self._simulation.rare.integers(self._lags[0], self._lags[1] + 1))
            self._last_planned = max(self._last_planned, self._next_build - lag)
            self._plan.append((self._last_planned, self._next_build))


def _count(seen: Observation, code: int, index: int) -> int:
    return int(seen.counts[seen.codes.index(code), index]) if code in seen.codes else 0
