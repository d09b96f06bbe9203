"""The export page: observations as families of samples, in the platform's names, labels and label order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from serving_simulator.engine.observation import Observation, PodReading, code_label, read_pods
from serving_simulator.engine.queueing import Counts, Reals
from serving_simulator.engine.recorder import DURATION_BOUNDS, HISTOGRAMS
from serving_simulator.engine.simulation import Simulation
from serving_simulator.engine.token_families import token_families
from serving_simulator.fleet.switches import Switches
from serving_simulator.views import FeedFamily, FeedPage

__all__ = ["Labels", "PageWriter", "bound_text", "place_labels"]

Labels = tuple[tuple[str, str], ...]
_Sample = tuple[str, Labels, float]

_HELP = {
    "baseten_end_to_end_response_time_seconds": "Latency including cold start, queueing and inference.",
    "baseten_time_to_first_byte_seconds": "Time until the first byte of the response is written.",
    "baseten_request_size_bytes": "Size of request bodies.",
    "baseten_response_size_bytes": "Size of responses.",
}


def bound_text(bound: float) -> str:
    """Return a bucket bound as a label value."""
    return str(int(bound)) if bound == int(bound) else repr(bound)


def place_labels(environment: str | None, phase: str, switches: Switches) -> Labels:
    """Return the labels that tell where a deployment is: in an environment, in a phase of its rollout, or nowhere."""
    if not switches.environment_labels or (environment is None and switches.unattached_labels == "absent"):
        return ()
    if environment is None:
        return (("environment", ""), ("rollout_phase", ""))
    return (("environment", environment), ("rollout_phase", phase))


class PageWriter:
    """Writes pages. Label blocks are made once for each deployment and place."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._switches = simulation.fleet.switches
        self._labels: dict[tuple[int, str | None, str], tuple[Labels, Labels]] = {}

    def write(self, observation: Observation, built_at: float) -> FeedPage:
        """Return the page that shows ``observation``."""
        return FeedPage(observation.at, built_at, tuple(family for family in self._families(observation) if family.samples))

    def labels(self, observation: Observation, index: int, *inner: tuple[str, str]) -> Labels:
        """Return the label block of one deployment with ``inner`` labels where the platform puts them: before the environment's."""
        environment, phase = observation.places[index]
        key = (index, environment, phase)
        if key not in self._labels:
            row = self._simulation.rows[index]
            first: Labels = (("model_id", row.model_id), ("model_name", row.model_name), ("deployment_id", row.id))
            self._labels[key] = (first, place_labels(environment, phase, self._switches))
        first, last = self._labels[key]
        return first + inner + last

    def _families(self, seen: Observation) -> Iterator[FeedFamily]:
        shown = [int(index) for index in np.flatnonzero(seen.visible)]
        yield from self._requests(seen, shown)
        yield self._gauge(
            seen, shown, "baseten_concurrent_requests", "In-flight requests, served and waiting, without asynchronous ones.", seen.in_flight
        )
        yield self._gauge(seen, shown, "baseten_replicas_active", "Replicas able to serve.", seen.active)
        yield self._gauge(seen, shown, "baseten_replicas_starting", "Replicas waiting for hardware or loading the model.", seen.starting)
        if self._switches.pod_health:
            yield from self._pod_health(seen, shown)
        yield from self._containers(seen, shown)
        yield from self._async(seen, shown)
        yield from token_families(self._simulation, seen, shown, self.labels, self._switches.pod_label)

    def _gauge(self, seen: Observation, shown: Sequence[int], name: str, text: str, values: Counts, kind: str = "gauge") -> FeedFamily:
        return FeedFamily(name, kind, text, tuple(("", self.labels(seen, index), int(values[index])) for index in shown))

    def _requests(self, seen: Observation, shown: Sequence[int]) -> Iterator[FeedFamily]:
        codes = [(place, code_label(code)) for place, code in enumerate(seen.codes)]
        series: list[tuple[int, int, Labels]] = []
        for index in shown:
            for place, (status, asynchronous) in codes:
                if seen.counts[place, index]:
                    series.append((place, index, self.labels(seen, index, ("status_code", status), ("is_async", asynchronous))))
        total = tuple(("", labels, int(seen.counts[place, index])) for place, index, labels in series)
        yield FeedFamily("baseten_inference_requests_total", "counter", "Cumulative number of requests.", total)
        for name, bounds in HISTOGRAMS.items():
            spelled = (*(bound_text(bound) for bound in bounds), "+Inf")
            samples: list[_Sample] = []
            for place, index, labels in series:
                samples.extend(histogram_samples(labels, spelled, seen.buckets[name][place, index], float(seen.sums[name][place, index])))
            yield FeedFamily(name, "histogram", _HELP[name], tuple(samples))

    def _pod_health(self, seen: Observation, shown: Sequence[int]) -> Iterator[FeedFamily]:
        text = "Restarts of the model container."
        yield self._gauge(seen, shown, "baseten_container_restarts_total", text, seen.restarts, kind="counter")
        samples = []
        for index in shown:
            samples.append(("", self.labels(seen, index, ("condition", "true")), int(seen.active[index])))
            samples.append(("", self.labels(seen, index, ("condition", "false")), int(seen.unready[index])))
        yield FeedFamily("baseten_pod_readiness", "gauge", "Pods by their Ready condition.", tuple(samples))

    def _containers(self, seen: Observation, shown: Sequence[int]) -> Iterator[FeedFamily]:
        def family(name: str, kind: str, text: str, value: Callable[[PodReading], float]) -> FeedFamily:
            return FeedFamily(name, kind, text, tuple(("", labels, value(pod)) for labels, pod in replicas))

        rows = self._simulation.rows
        read = {index: read_pods(seen, index, rows[index].instance.gpu_memory_limit_mib or 0) for index in shown if seen.pods[index]}
        replicas = [(self.labels(seen, index, ("replica", pod.id)), pod) for index, pods in read.items() for pod in pods]
        yield family("baseten_container_cpu_usage_seconds_total", "counter", "CPU time of the container.", lambda pod: pod.cpu_seconds)
        yield family(
            "baseten_container_cpu_memory_working_set_bytes", "gauge", "Working set of the container.", lambda pod: pod.memory_bytes
        )
        replicas = [
            (self.labels(seen, index, ("replica", pod.id), ("gpu", str(gpu))), pod)
            for index, pods in read.items()
            for pod in pods
            for gpu in range(rows[index].instance.gpu_count)
        ]
        yield family("baseten_gpu_memory_used", "gauge", "GPU memory in use, in MiB.", lambda pod: pod.gpu_memory)
        yield family(
            "baseten_gpu_utilization", "gauge", "Share of time with a kernel on the GPU, in percent.", lambda pod: pod.gpu_utilization
        )

    def _async(self, seen: Observation, shown: Sequence[int]) -> Iterator[FeedFamily]:
        simulation = self._simulation
        if self._switches.async_families == "used":
            shown = [index for index in shown if index in simulation.uses_async or seen.queue_waits[index].any() or seen.queued[index]]
        yield self._gauge(seen, shown, "baseten_async_queue_size", "Queued asynchronous requests.", seen.queued)
        spelled = (*(bound_text(bound) for bound in DURATION_BOUNDS), "+Inf")
        waits: list[_Sample] = []
        for index in shown:
            waits.extend(histogram_samples(self.labels(seen, index), spelled, seen.queue_waits[index], float(seen.queue_wait_sum[index])))
        yield FeedFamily("baseten_time_in_async_queue_seconds", "histogram", "Time that asynchronous requests spend queued.", tuple(waits))
        calling = [index for index in shown if simulation.rows[index].spec.async_use.webhooks]
        text = "Webhook delivery attempts."
        yield self._gauge(seen, calling, "baseten_async_webhook_requests_total", text, seen.webhooks, kind="counter")
        latency: list[_Sample] = []
        for index in calling:
            each = simulation.rows[index].spec.async_use.webhook_latency
            buckets = np.zeros(len(DURATION_BOUNDS) + 1, np.int64)
            buckets[np.searchsorted(DURATION_BOUNDS, each)] = seen.webhooks[index]
            latency.extend(histogram_samples(self.labels(seen, index), spelled, buckets, float(seen.webhooks[index] * each)))
        yield FeedFamily("baseten_async_webhook_latency_seconds", "histogram", "Latency of webhook deliveries.", tuple(latency))


def histogram_samples(labels: Labels, spelled: Sequence[str], buckets: Counts | Reals, total: float) -> Iterator[_Sample]:
    """Return samples of one histogram from the counts of its buckets, which are not cumulative."""
    below = np.cumsum(buckets).tolist()
    for bound, value in zip(spelled, below, strict=True):
        yield "_bucket", (*labels, ("le", bound)), value
    yield "_sum", labels, round(total, 6)
    yield "_count", labels, below[-1]
