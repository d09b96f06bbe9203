"""Random misfortunes of replicas: crashes, failing checks, hangs, and memory that runs out."""

from __future__ import annotations

import numpy as np

from serving_simulator.engine.lifecycle import Lifecycle
from serving_simulator.engine.parameters import Parameters
from serving_simulator.engine.pods import HIGHEST, Pod, PodState, individual
from serving_simulator.engine.queueing import Reals
from serving_simulator.engine.traffic import Traffic

__all__ = ["INTERVAL", "Hazards", "working_set"]

INTERVAL = 5  # seconds between two looks


def working_set(parameters: Parameters, each: Reals, age: Reals | float) -> Reals:
    """Memory of one container in MiB with ``each`` requests on it, ``age`` seconds after it started."""
    return parameters.memory_base + parameters.memory_request * each + parameters.memory_leak * age


class Hazards:
    """Looks at all deployments every few seconds; only those struck cost anything."""

    def __init__(self, parameters: Parameters, lifecycle: Lifecycle, traffic: Traffic, rng: np.random.Generator) -> None:
        self._parameters = parameters
        self._lifecycle = lifecycle
        self._traffic = traffic
        self._rng = rng

    def look(self, now: float, arrivals: Reals) -> None:
        """Strike whom chance has chosen for the seconds since the last look."""
        parameters, lifecycle = self._parameters, self._lifecycle
        crash = parameters.crash_rate * lifecycle.ready + parameters.poison * arrivals
        for rate, strike in (
            (crash, lambda pod: lifecycle.crash(pod, now)),
            (parameters.unready_rate * lifecycle.ready, lambda pod: lifecycle.sicken(pod, now)),
            (parameters.hang_rate * lifecycle.ready, lifecycle.hang),
        ):
            if rate.any():
                for row in np.flatnonzero(self._rng.random(rate.size) < -np.expm1(-rate * INTERVAL)):
                    if pod := self._pick(int(row)):
                        strike(pod)
        self._exhaust_memory(now)

    def _exhaust_memory(self, now: float) -> None:
        """Kill each container that has more than its instance: as much as it is seen to have, which differs between replicas."""
        lifecycle, traffic, parameters = self._lifecycle, self._traffic, self._parameters
        each = (traffic.held + traffic.running_async) / np.maximum(lifecycle.ready, 1)
        age = np.where(lifecycle.ready > 0, now - lifecycle.oldest_start, 0.0)
        at_start = working_set(parameters, each, 0.0)
        for row in np.flatnonzero(HIGHEST * (at_start + parameters.memory_leak * age) > parameters.memory_limit):
            for pod in [pod for pod in lifecycle.pods[row] if pod.state == PodState.READY]:
                has = at_start[row] + parameters.memory_leak[row] * (now - pod.container_started)
                if individual(pod.id) * has > parameters.memory_limit[row]:
                    lifecycle.crash(pod, now)

    def _pick(self, row: int) -> Pod | None:
        serving = [pod for pod in self._lifecycle.pods[row] if pod.state == PodState.READY]
        return serving[int(self._rng.integers(len(serving)))] if serving else None
