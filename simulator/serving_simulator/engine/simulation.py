"""One simulated fleet, second by second: who gets which requests, how they are served, and how many replicas there are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from serving_simulator.engine.accounts import AuditLog, Ledger
from serving_simulator.engine.agenda import Agenda
from serving_simulator.engine.autoscaler import Autoscaler
from serving_simulator.engine.hazards import INTERVAL, Hazards
from serving_simulator.engine.integrals import Integrals
from serving_simulator.engine.lifecycle import Lifecycle, Losses
from serving_simulator.engine.parameters import Parameters
from serving_simulator.engine.pods import Pod, PodState
from serving_simulator.engine.queueing import Counts, Reals
from serving_simulator.engine.recorder import Recorder
from serving_simulator.engine.routing import Routes
from serving_simulator.engine.rows import Row, rows_of
from serving_simulator.engine.traffic import Traffic
from serving_simulator.engine.workloads import Rates
from serving_simulator.fleet.schema import Fleet
from serving_simulator.views import AutoscalingSettings

__all__ = ["Simulation"]


class Simulation:
    """The engine of one fleet from ``begin`` on; patterns and the timeline count from ``start`` (both Unix seconds, whole)."""

    def __init__(self, fleet: Fleet, *, seed: int, begin: int, start: int) -> None:
        self.fleet = fleet
        self.now = begin
        self.start = start
        self.rows: list[Row] = list(rows_of(fleet, start))
        # One generator for what happens every second and one for rare events: a new kind of event does not change the traffic.
        self.rng, self.rare = (np.random.Generator(np.random.SFC64(child)) for child in np.random.SeedSequence(seed).spawn(2))
        self.agenda = Agenda()
        self.places: list[tuple[str | None, str]] = [(row.environment, row.phase) for row in self.rows]
        self.audit = AuditLog()
        self.ledger = Ledger()
        self._wire_workloads()
        async_rows = np.array(sorted(self.uses_async), np.int64)
        self.parameters = Parameters(fleet, self.rows, async_rows)
        self.recorder = self._recorder()
        self.traffic = Traffic(self.rng, self.parameters.service, self.parameters.limits, self.recorder, async_rows)
        self.integrals = Integrals(self.rows, begin)
        self.lifecycle = Lifecycle(self.rows, self.rare, Losses(self._lose, self._bill, self._served, self._marks))
        self.hazards = Hazards(self.parameters, self.lifecycle, self.traffic, self.rare)
        self._load_sum: Reals = np.zeros(len(self.rows))
        self._arrived: Counts = np.zeros(len(self.rows), np.int64)
        self._start_replicas()
        self.autoscaler = Autoscaler(self.parameters.bounds, fleet.switches, self.lifecycle.wanted())

    def step(self) -> None:
        """Advance by one second."""
        self.now += 1
        now = self.now
        self.agenda.run(now)
        self.lifecycle.run(now)
        size = len(self.rows)
        rates = self.routes.split(self._rates.at(now), size) * self.parameters.load_factor
        async_rates = self._no_rates
        if self._async_rates is not None:
            async_rates = (self.async_routes.split(self._async_rates.at(now), size) * self.parameters.load_factor)[self.traffic.async_rows]
        self.traffic.step(now, rates, async_rates, self.lifecycle.ready, self.lifecycle.hung)
        self._load_sum += self.traffic.load
        self._arrived += self.traffic.arrivals
        if now % self.fleet.switches.tick == 0:
            self._scale()
        if now % INTERVAL == 0:
            self._look_around()
        if now % self.fleet.measurement.flush == 0:
            self.flush()

    def flush(self) -> None:
        """Bring counters, histograms and integrals up to this second."""
        self.recorder.flush(self.parameters.service.mean[: len(self.rows)])
        self.integrals.flush(self.now, self.traffic, self.recorder, self.lifecycle.ready)

    def reload(self, row: Row) -> None:
        """Put what has changed for a row into force."""
        self.parameters.load(row)

    def change_settings(self, row: Row, settings: AutoscalingSettings) -> None:
        """Put new autoscaling settings into force at once."""
        old, row.settings = row.settings, settings
        self.parameters.load(row)
        if (old.autoscaling_window, old.scale_down_delay) != (settings.autoscaling_window, settings.scale_down_delay):
            self.autoscaler.reset(row.index, int(self.autoscaler.desired[row.index]))

    def place(self, row: Row, environment: str | None, phase: str = "stable") -> None:
        """Put a deployment into an environment (None: take it out) as ``stable`` or ``promoting``."""
        row.environment, row.phase = environment, phase
        self.places[row.index] = (environment, phase)

    def bound(self, row: Row, bounds: tuple[int, int] | None) -> None:
        """Let a rollout decide the bounds of a row; None gives them back to its settings."""
        if self.parameters.override[row.index] != bounds:
            self.parameters.override[row.index] = bounds
            self.parameters.load(row)

    def activate(self, row: Row, replicas: int = 1) -> None:
        """Switch a deployment on: it starts on at least one replica."""
        row.active, row.deploying, row.deactivating_until = True, True, 0.0
        self.parameters.load(row)
        self.autoscaler.reset(row.index, max(replicas, row.settings.min_replica, 1))

    def deactivate(self, row: Row, status_seconds: float = 20.0) -> None:
        """Switch a deployment off: its replicas drain, waiting requests are dropped."""
        row.active = row.waking = row.deploying = False
        row.deactivating_until = self.now + status_seconds
        self.parameters.load(row)
        self.traffic.clear(row.index, self.now)
        self._stop(row)

    def scale_to_zero(self, row: Row) -> None:
        """Take all replicas of a deployment away; it stays switched on and wakes on a request."""
        self.change_settings(row, replace(row.settings, min_replica=0))
        self._stop(row)

    def _stop(self, row: Row) -> None:
        self._load_sum[row.index] = 0
        self.autoscaler.forget(row.index)
        self.autoscaler.reset(row.index, 0)
        self.lifecycle.reconcile(row, 0, self.now)

    def _scale(self) -> None:
        traffic, lifecycle = self.traffic, self.lifecycle
        waiting = (traffic.load + traffic.queued_async + traffic.running_async) > 0
        desired = self.autoscaler.tick(self._load_sum, lifecycle.ready, self.parameters.awake, waiting)
        self._load_sum[:] = 0.0
        wanted = lifecycle.wanted()
        for index in np.flatnonzero(desired != wanted):
            row = self.rows[index]
            if row.faults.keeps_replicas and desired[index] < wanted[index]:
                continue
            if wanted[index] == 0 and desired[index] > 0 and row.served and not row.deploying and row.settings.min_replica == 0:
                row.waking = True
            lifecycle.reconcile(row, int(desired[index]), self.now)
            if desired[index] == 0:
                row.waking = False

    def _look_around(self) -> None:
        if (patience := self.fleet.switches.gives_up_after) is not None:
            self._give_up_deploys(patience)
        self.hazards.look(self.now, self._arrived / INTERVAL)
        self._arrived[:] = 0
        ready = np.maximum(self.lifecycle.ready, 1)
        # A replica that fails its checks still gets requests until the stop-traffic threshold; it answers them with errors.
        self.recorder.error_rate = 1 - (1 - self.parameters.error_rate) * (1 - self.lifecycle.sick / ready)

    def _give_up_deploys(self, patience: float) -> None:
        """Switch off what has never served and whose every replica has only waited for hardware, the first of them for ``patience``."""
        for row in self.rows:
            pods = self.lifecycle.pods[row.index]
            waiting = bool(pods) and all(pod.state == PodState.PENDING for pod in pods)
            if row.active and not row.served and waiting and self.now - min(pod.created for pod in pods) >= patience:
                self.deactivate(row, status_seconds=0.0)

    def _recorder(self) -> Recorder:
        services = [row.spec.service for row in self.rows]
        mean, cv, prefill, request, response = (
            np.array([getattr(service, name) for service in services], np.float64)
            for name in ("mean", "cv", "prefill", "request_bytes", "response_bytes")
        )
        return Recorder(self.rng, mean, cv, prefill, (request, response), float(self.fleet.switches.predict_timeout))

    def _wire_workloads(self) -> None:
        direct = [(row.index, row.spec) for row in self.rows]
        first = {(row.model_id, row.environment): row.index for row in self.rows if row.environment}
        ids = {row.model_name: row.model_id for row in self.rows}
        self.environment_routes: dict[tuple[str, str], int] = {}
        workloads = [spec.workload for _, spec in direct]
        async_workloads = [(index, spec.async_workload) for index, spec in direct if spec.async_workload]
        targets = [index for index, _ in direct]
        self.async_environment_routes: dict[tuple[str, str], int] = {}
        for model in self.fleet.models:
            for environment in model.environments:
                place = (ids[model.name], environment.name)
                if place in first:
                    self.environment_routes[place] = len(targets)
                    targets.append(first[place])
                    workloads.append(environment.workload)
                    if environment.async_workload:
                        self.async_environment_routes[place] = len(async_workloads)
                        async_workloads.append((first[place], environment.async_workload))
        folder = Path(self.fleet.origin)
        self.routes = Routes(targets)
        self._rates = Rates(workloads, start=self.start, folder=folder, rng=self.rng)
        self.async_routes = Routes([index for index, _ in async_workloads])
        self._async_rates = None
        if async_workloads:
            self._async_rates = Rates([workload for _, workload in async_workloads], start=self.start, folder=folder, rng=self.rng)
        # A promotion may bring the asynchronous requests of an environment to any deployment of its model.
        models = {self.rows[index].model_id for index, _ in async_workloads}
        self.uses_async = {row.index for row in self.rows if row.model_id in models}
        self._no_rates: Reals = np.zeros(0)

    def _start_replicas(self) -> None:
        for row in self.rows:
            if row.spec.state == "active":
                count = row.spec.replicas if row.spec.replicas is not None else max(row.settings.min_replica, 1)
                for _ in range(count):
                    self.lifecycle.create(row, self.now, ready_since=self._recently())
            elif row.spec.state == "new":
                self.lifecycle.create(row, self.now)
            if row.served and not self.lifecycle.attempts[row.index]:
                self.lifecycle.note_past_start(row, self._recently())

    def _recently(self) -> float:
        """Return an instant some minutes before the world begins."""
        return self.now - float(self.rare.uniform(60, 600))

    def _lose(self, pod: Pod, why: str) -> None:
        row = pod.row
        self.traffic.lose_replica(row, int(self.lifecycle.ready[row]), crashed=why == "crash")
        if pod.hung:
            self.traffic.release_stuck(row)

    def _bill(self, pod: Pod, begin: float, end: float) -> None:
        if not self.rows[pod.row].spec.development:
            self.ledger.bill(pod.row, begin, end)

    def _marks(self, row: int) -> tuple[float, float]:
        return float(self.integrals.cpu[row]), float(self.integrals.requests[row])

    def _served(self, row: Row, now: float) -> None:
        """Note that the first deploy of a row has finished: from now on its own minimum is in force."""
        del now
        self.parameters.load(row)
