"""What can be measured of a fleet at one instant, as arrays: the raw material of the export page and of the metrics history."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving_simulator.engine.hazards import working_set
from serving_simulator.engine.pods import PodState, ServingPod, individual
from serving_simulator.engine.queueing import Counts, Reals
from serving_simulator.engine.recorder import CODES, HISTOGRAMS
from serving_simulator.engine.simulation import Simulation

__all__ = ["Observation", "Observer", "PodReading", "code_label", "read_pods"]

_VANISHES_WITHIN = 300.0
_NOT_SERVING = [PodState.UNREADY, PodState.CRASHED, PodState.TERMINATING]


@dataclass(frozen=True, slots=True)
class PodReading:
    """One running replica. Counters count from the start of its container; memory in bytes, GPU memory in MiB, utilization in percent."""

    id: str
    cpu_seconds: float
    memory_bytes: float
    gpu_utilization: float
    gpu_memory: float
    requests: float


@dataclass(frozen=True, slots=True)
class Observation:
    """One instant. Arrays are over deployments.

    ``codes`` are those with any request so far, and index the first axis of the counters. ``memory`` (bytes) is without what has leaked,
    ``leak`` is bytes a second; ``utilization`` is in percent; ``cpu`` and ``requests`` are running totals of a replica.
    """

    at: float
    visible: NDArray[np.bool_]
    places: tuple[tuple[str | None, str], ...]
    active: Counts
    starting: Counts
    unready: Counts
    in_flight: Counts
    queued: Counts
    restarts: Counts
    average: Reals
    cpu: Reals
    requests: Reals
    memory: Reals
    leak: Reals
    utilization: Reals
    codes: tuple[int, ...]
    counts: Counts
    buckets: dict[str, Counts]
    sums: dict[str, Reals]
    queue_waits: Counts
    queue_wait_sum: Reals
    webhooks: Counts
    pods: tuple[tuple[ServingPod, ...], ...]
    hung: frozenset[str]
    """Ids of replicas that hold what they were given and do nothing."""


class Observer:
    """Takes observations. Knows since when a deployment has had no replica, because its series vanish some time after that.

    ``measured`` are the deployments that have measurements at all: chainlets only where a switch says so.
    """

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        size = len(simulation.rows)
        hidden = simulation.fleet.switches.chainlet_series == "absent"
        self.measured: NDArray[np.bool_] = np.array([row.chain is None or not hidden for row in simulation.rows], np.bool_)
        self._gone_at: Reals = np.where(simulation.lifecycle.wanted() > 0, np.inf, float(simulation.now))
        self._webhooks = np.array([row.spec.async_use.webhooks for row in simulation.rows], np.int64).reshape(size)
        self._busy_gpu = np.array([row.spec.service.busy_gpu for row in simulation.rows], np.float64).reshape(size)

    def observe(self, *, restart: bool) -> Observation:
        """Look at everything now. ``restart`` begins a new span for the mean utilization."""
        simulation = self._simulation
        simulation.flush()
        lifecycle, traffic, recorder, integrals = simulation.lifecycle, simulation.traffic, simulation.recorder, simulation.integrals
        codes = tuple(int(code) for code in np.flatnonzero(recorder.counts.any(axis=1)))
        chosen = list(codes)
        each = (traffic.held + traffic.running_async) / np.maximum(lifecycle.ready, 1)
        utilization = 100 * self._busy_gpu * integrals.share(restart=restart)
        monotonic = simulation.fleet.switches.restart_counter == "monotonic"
        return Observation(
            at=float(simulation.now),
            visible=self._visible(),
            places=tuple(simulation.places),
            active=lifecycle.ready.copy(),
            starting=lifecycle.starting(),
            unready=lifecycle.starting() + lifecycle.counts[_NOT_SERVING].sum(axis=0),
            in_flight=traffic.in_flight.copy(),
            queued=traffic.queued_async.copy(),
            restarts=(lifecycle.restarts_ever if monotonic else lifecycle.restarts).copy(),
            average=simulation.autoscaler.average.copy(),
            cpu=integrals.cpu.copy(),
            requests=integrals.requests.copy(),
            memory=working_set(simulation.parameters, each, 0.0) * 2.0**20,
            leak=simulation.parameters.memory_leak * 2.0**20,
            utilization=utilization,
            codes=codes,
            counts=recorder.counts[chosen],
            buckets={name: recorder.buckets[name][chosen] for name in HISTOGRAMS},
            sums={name: recorder.sums[name][chosen] for name in HISTOGRAMS},
            queue_waits=integrals.queue_waits.copy(),
            queue_wait_sum=integrals.queue_wait_sum.copy(),
            webhooks=traffic.answered_async * self._webhooks,
            pods=tuple(lifecycle.serving),
            hung=lifecycle.hung_pods(),
        )

    def _visible(self) -> NDArray[np.bool_]:
        simulation = self._simulation
        present = simulation.lifecycle.counts.sum(axis=0) > 0
        known = simulation.parameters.listed & self.measured
        if simulation.fleet.switches.series_at_zero == "stay":
            return known
        just_left = ~present & np.isinf(self._gone_at)
        if just_left.any():
            delays = simulation.rare.uniform(0, _VANISHES_WITHIN, int(just_left.sum()))
            self._gone_at[just_left] = simulation.now + delays
        self._gone_at[present] = np.inf
        return known & (simulation.now < self._gone_at)


def read_pods(seen: Observation, index: int, gpu_memory_limit: int) -> list[PodReading]:
    """Return the replicas of one deployment. They differ a little from each other, each always in the same way."""
    readings = []
    busy, base = float(seen.utilization[index]), float(seen.memory[index])
    for pod in seen.pods[index]:
        own = individual(pod.id)
        readings.append(
            PodReading(
                pod.id,
                round((float(seen.cpu[index]) - pod.marks[0]) * own, 3),
                round((base + seen.leak[index] * (seen.at - pod.started)) * own),
                0.0 if pod.id in seen.hung else round(min(100.0, busy * own), 1),
                round(gpu_memory_limit * (0.62 + 0.2 * busy / 100) * own),
                (float(seen.requests[index]) - pod.marks[1]) * own,
            )
        )
    return readings


def code_label(code: int) -> tuple[str, str]:
    """Status code and ``is_async`` as the export spells them."""
    status, asynchronous = CODES[code]
    return status, "true" if asynchronous else "false"
