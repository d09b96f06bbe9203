"""The simulated platform as a whole: a fleet, its time, what the API may see of it and do to it.

A world begins ``fleet.warmup`` before ``start`` and has lived through it when the constructor returns, so that its stories are in full
swing at the first answer. The same fleet, seed and start give the same world, byte for byte; and a copy of a world (``copy.deepcopy``,
pickle) goes on exactly as the original does.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from serving_simulator.engine.commands import Commands, read_action
from serving_simulator.engine.environments import EnvironmentState, Promotions
from serving_simulator.engine.inventory import Inventory
from serving_simulator.engine.measurement import Measurements
from serving_simulator.engine.observation import Observation
from serving_simulator.engine.rows import Row, settings_of
from serving_simulator.engine.simulation import Simulation
from serving_simulator.engine.status import deployment_status
from serving_simulator.fleet import Fleet
from serving_simulator.fleet.actions import Action, TimelineEntry
from serving_simulator.fleet.parts import Autoscaling
from serving_simulator.fleet.schema import Environment
from serving_simulator.views import (
    AsyncQueueView,
    AuditEventView,
    ChainDeploymentView,
    ChainView,
    DeploymentView,
    EnvironmentView,
    FeedPage,
    HistoryWindow,
    ModelView,
    StartupView,
    UsageView,
)

__all__ = ["World"]

_log = logging.getLogger(__name__)

_PROMOTION_STEP = 5
_SCHEDULE_STEP = 30
_DAY = 86400


class World:
    """A simulated platform. ``start`` is the Unix time of the first answer; whole seconds count. Unknown ids raise KeyError.

    Raises FleetError when a trace of the fleet cannot be read.
    """

    def __init__(self, fleet: Fleet, *, seed: int, start: float) -> None:
        first = math.floor(start)
        self.fleet = fleet
        self._simulation = Simulation(fleet, seed=seed, begin=first - math.ceil(fleet.warmup), start=first)
        environments = _environments(self._simulation)
        self._promotions = Promotions(self._simulation, environments)
        self._commands = Commands(self._simulation, environments, self._promotions)
        self._inventory = Inventory(self._simulation, environments)
        self._left_out: set[int] = set()
        self._write_past_deploys()
        self._plan(fleet.timeline)
        self._measurements = Measurements(self._simulation)
        self.advance(first)

    @property
    def simulation(self) -> Simulation:
        """The engine: arrays over deployments and the life of every replica, for reading only."""
        return self._simulation

    @property
    def now(self) -> float:
        """The instant that the world has reached, in Unix seconds."""
        return float(self._simulation.now)

    def advance(self, to: float) -> None:
        """Move on to an instant, in steps of one second. Nothing happens when it has passed."""
        simulation, measurements = self._simulation, self._measurements
        while simulation.now + 1 <= to:
            simulation.step()
            measurements.step()

    def models(self) -> Sequence[ModelView]:
        """Every model."""
        return self._inventory.models()

    def deployments(self, model_id: str) -> Sequence[DeploymentView]:
        """Every deployment of a model, inactive and failed ones too."""
        return self._inventory.deployments(model_id)

    def environments(self, model_id: str) -> Sequence[EnvironmentView]:
        """Every environment of a model. ``production`` is always among them."""
        return self._inventory.environments(model_id)

    def chains(self) -> Sequence[ChainView]:
        """Every chain."""
        return self._inventory.chains()

    def chain_deployments(self, chain_id: str) -> Sequence[ChainDeploymentView]:
        """Every deployment of a chain."""
        return self._inventory.chain_deployments(chain_id)

    def async_queue(self, deployment_id: str) -> AsyncQueueView:
        """Return the async queue of a deployment (or chainlet), live."""
        return self._inventory.async_queue(deployment_id)

    def startups(self, deployment_ids: Sequence[str], start: float, end: float) -> Sequence[StartupView]:
        """Return starts of replicas that began between two instants, oldest first; open ones too."""
        return self._inventory.startups(deployment_ids, start, end)

    def audit_events(self) -> Sequence[AuditEventView]:
        """Return the audit log, oldest first."""
        return tuple(self._simulation.audit.events)

    def usage(self, start_date: str, end_date: str) -> Sequence[UsageView]:
        """Billed use for each deployment and UTC day, both days (YYYY-MM-DD) included."""
        return self._inventory.usage(start_date, end_date)

    def feed_page(self) -> FeedPage:
        """Return the export page in force; the same object until it is rebuilt."""
        return self._measurements.page()

    def observation(self) -> Observation:
        """Return what the page in force was made from, as arrays over ``deployment_ids``: for those who read many deployments."""
        return self._measurements.shown

    def deployment_ids(self) -> tuple[str, ...]:
        """Ids of all deployments and chainlets in the order of the arrays."""
        return tuple(row.id for row in self._simulation.rows)

    def history(self, deployment_id: str, start: float, end: float) -> HistoryWindow:
        """Return what a deployment did between two instants, every 30 s; nothing older than the fleet's ``measurement.history``."""
        return self._measurements.history(self._inventory.row(deployment_id).index, start, end)

    def truth(self, deployment_id: str) -> dict[str, Any]:
        """Return true values of this instant, for tests and the admin page."""
        row, simulation = self._inventory.row(deployment_id), self._simulation
        index, traffic, lifecycle = row.index, simulation.traffic, simulation.lifecycle
        return {
            "status": deployment_status(row, lifecycle, simulation.now),
            "active": int(lifecycle.ready[index]),
            "starting": int(lifecycle.starting()[index]),
            "desired": int(simulation.autoscaler.desired[index]),
            "wanted_raw": int(simulation.autoscaler.raw[index]),
            "average_in_flight": float(simulation.autoscaler.average[index]),
            "in_flight": int(traffic.in_flight[index]),
            "queued": int(traffic.queue.size[index]),
            "oldest_wait": int(traffic.queue.oldest(simulation.now)[index]),
            "async_queued": int(traffic.queued_async[index]),
            "async_running": int(traffic.running_async[index]),
            "async_expired": int(traffic.expired[index]),
            "restarts": sum(pod.restarts for pod in lifecycle.pods[index]),
            "replicas": {pod.id: pod.state.name for pod in lifecycle.pods[index]},
            "environment": row.environment,
            "rollout_phase": row.phase,
        }

    def act(self, action: Mapping[str, Any] | Action) -> None:
        """Do something to the fleet, in the words of its timeline. Raises KeyError for unknown names and ValueError for nonsense."""
        self._commands.act(read_action(action) if isinstance(action, Mapping) else action)

    def due_http_faults(self) -> list[dict[str, Any]]:
        """HTTP faults of the timeline that have come due since the last call."""
        due, self._commands.http_faults = self._commands.http_faults, []
        return due

    def _plan(self, timeline: Sequence[TimelineEntry]) -> None:
        agenda, start, now = self._simulation.agenda, self._simulation.start, self._simulation.now
        for number, entry in enumerate(timeline):
            at, every = start + float(entry.at), float(entry.every) if entry.every else None
            while every and at <= now:
                at += every
            if at > now:
                agenda.at(at, partial(self._carry_out, number, entry.do), every=every)
        agenda.at(now + 1, self._commands.apply_schedules)
        agenda.at((now // _SCHEDULE_STEP + 1) * _SCHEDULE_STEP, self._commands.apply_schedules, every=_SCHEDULE_STEP)
        agenda.at(now + _PROMOTION_STEP, self._promotions.move, every=_PROMOTION_STEP)
        agenda.at((now // _DAY + 1) * _DAY - 1, self._close_day, every=_DAY)

    def _carry_out(self, number: int, action: Action, _: float) -> None:
        # A repeated action may meet a fleet in which it makes no sense just now (a promotion still under way): then it is left out.
        try:
            self._commands.act(action)
        except (KeyError, ValueError) as error:
            if number not in self._left_out:
                self._left_out.add(number)
                why = f"unknown name {error}" if isinstance(error, KeyError) else str(error)
                kind = type(action).__name__.lower()
                _log.warning("timeline[%d]: %s left out, now and whenever it makes no sense again: %s", number, kind, why)

    def _close_day(self, _: float) -> None:
        simulation = self._simulation
        for row in simulation.rows:
            simulation.ledger.count_requests(row.index, int(simulation.recorder.counts[:, row.index].sum()), simulation.now)

    def _write_past_deploys(self) -> None:
        for row in sorted(self._simulation.rows, key=lambda each: each.created_at):
            if row.chain is None:
                self._simulation.audit.deployed(row.created_at, row)


def _environments(simulation: Simulation) -> list[EnvironmentState]:
    """Every environment: those of the file, those that deployments name, and ``production``, which always exists."""
    states = []
    for model in simulation.fleet.models:
        rows: list[Row] = [row for row in simulation.rows if row.chain is None and row.model_name == model.name]
        declared = {environment.name: environment for environment in model.environments}
        for row in rows:
            if row.environment:
                declared.setdefault(row.environment, Environment(name=row.environment, backpressure=row.backpressure))
        declared.setdefault("production", Environment(name="production"))
        for name, spec in sorted(declared.items(), key=lambda item: item[0] != "production"):
            current = next((row for row in rows if row.environment == name), None)
            settings = current.settings if current else settings_of(spec.autoscaling or Autoscaling())
            created = (current.created_at if current else simulation.start - model.age) - 60
            states.append(EnvironmentState(rows[0].model_id, spec, created, settings, current))
    return states
