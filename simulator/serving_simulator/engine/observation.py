"""What can be measured of a fleet at one instant, as arrays: the raw material of the export page and of the metrics history."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .hazards import working_set
from .pods import PodState
from .queueing import Counts, Reals
from .recorder import CODES, HISTOGRAMS
from .simulation import Simulation

__all__ = ["Observation", "Observer", "PodReading", "code_label"]

_VANISHES_WITHIN = 300.0


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
    """One instant. Arrays are over deployments; ``codes`` are those with any request so far, and index the first axis of the counters."""

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
    memory: Reals
    utilization: Reals
    codes: tuple[int, ...]
    counts: Counts
    buckets: dict[str, Counts]
    sums: dict[str, Reals]
    queue_waits: Counts
    queue_wait_sum: Reals
    webhooks: Counts
    pods: tuple[tuple[PodReading, ...], ...] = field(default=())


class Observer:
    """Takes observations. Knows since when a deployment has had no replica, because its series vanish some time after that."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        size = len(simulation.rows)
        self._gone_at: Reals = np.where(simulation.lifecycle.wanted() > 0, np.inf, float(simulation.now))
        self._webhooks = np.array([row.spec.async_use.webhooks for row in simulation.rows], np.int64).reshape(size)
        self._gpu_memory = np.array([row.instance.gpu_memory_limit_mib or 0 for row in simulation.rows], np.float64).reshape(size)
        self._busy_gpu = np.array([row.spec.service.busy_gpu for row in simulation.rows], np.float64).reshape(size)

    def observe(self, *, pods: bool) -> Observation:
        """Look at everything now. ``pods`` also reads each replica."""
        simulation = self._simulation
        simulation.flush()
        lifecycle, traffic, recorder, integrals = simulation.lifecycle, simulation.traffic, simulation.recorder, simulation.integrals
        codes = tuple(int(code) for code in np.flatnonzero(recorder.counts.any(axis=1)))
        chosen = list(codes)
        each = (traffic.held + traffic.running_async) / np.maximum(lifecycle.ready, 1)
        age = np.where(lifecycle.ready > 0, simulation.now - lifecycle.oldest_start, 0.0)
        utilization = 100 * self._busy_gpu * integrals.share(restart=pods)
        memory = working_set(simulation.parameters, each, np.where(np.isfinite(age), age, 0.0)) * 2.0**20
        states = PodState
        return Observation(
            at=float(simulation.now),
            visible=self._visible(),
            places=tuple((row.environment, row.phase) for row in simulation.rows),
            active=lifecycle.ready.copy(),
            starting=lifecycle.starting(),
            unready=lifecycle.starting() + lifecycle.counts[[states.UNREADY, states.CRASHED, states.TERMINATING]].sum(axis=0),
            in_flight=traffic.in_flight.copy(),
            queued=traffic.queued_async.copy(),
            restarts=self._restarts(),
            average=simulation.autoscaler.average.copy(),
            cpu=integrals.cpu.copy(),
            memory=memory,
            utilization=utilization,
            codes=codes,
            counts=recorder.counts[chosen],
            buckets={name: recorder.buckets[name][chosen] for name in HISTOGRAMS},
            sums={name: recorder.sums[name][chosen] for name in HISTOGRAMS},
            queue_waits=integrals.queue_waits.copy(),
            queue_wait_sum=integrals.queue_wait_sum.copy(),
            webhooks=traffic.answered_async * self._webhooks,
            pods=self._read_pods(each, utilization) if pods else (),
        )

    def _visible(self) -> NDArray[np.bool_]:
        simulation = self._simulation
        present = simulation.lifecycle.counts.sum(axis=0) > 0
        known = np.array([not (row.deleted or row.build_failed) for row in simulation.rows], np.bool_)
        if simulation.fleet.switches.series_at_zero == "stay":
            return known
        just_left = ~present & np.isinf(self._gone_at)
        if just_left.any():
            delays = simulation.rare.uniform(0, _VANISHES_WITHIN, int(just_left.sum()))
            self._gone_at[just_left] = simulation.now + delays
        self._gone_at[present] = np.inf
        return known & (simulation.now < self._gone_at)

    def _restarts(self) -> Counts:
        simulation = self._simulation
        if simulation.fleet.switches.restart_counter == "monotonic":
            return simulation.lifecycle.restarts_ever.copy()
        return np.array([sum(pod.restarts for pod in pods) for pods in simulation.lifecycle.pods], np.int64)

    def _read_pods(self, each: Reals, utilization: Reals) -> tuple[tuple[PodReading, ...], ...]:
        simulation = self._simulation
        integrals, parameters = simulation.integrals, simulation.parameters
        readings: list[tuple[PodReading, ...]] = []
        for index, pods in enumerate(simulation.lifecycle.pods):
            serving = [pod for pod in pods if pod.state in {PodState.READY, PodState.UNREADY}]
            if not serving:
                readings.append(())
                continue
            cpu, answered = float(integrals.cpu[index]), float(integrals.requests[index])
            busy, fullness = float(utilization[index]), float(self._gpu_memory[index])
            base, leak = float(parameters.memory_base[index]), float(parameters.memory_leak[index])
            load = float(parameters.memory_request[index] * each[index])
            row = []
            for pod in serving:
                if pod.marks is None:
                    pod.marks = (cpu, answered)
                own = 0.94 + int(pod.id, 36) % 997 / 997 * 0.12  # replicas differ a little, each always in the same way
                row.append(
                    PodReading(
                        pod.id,
                        round((cpu - pod.marks[0]) * own, 3),
                        round((base + load * own + leak * (simulation.now - pod.container_started)) * 2**20),
                        round(min(100.0, busy * own), 1),
                        round(fullness * (0.62 + 0.2 * busy / 100) * own),
                        (answered - pod.marks[1]) * own,
                    )
                )
            readings.append(tuple(row))
        return tuple(readings)


def code_label(code: int) -> tuple[str, str]:
    """Status code and ``is_async`` as the export spells them."""
    status, asynchronous = CODES[code]
    return status, "true" if asynchronous else "false"
