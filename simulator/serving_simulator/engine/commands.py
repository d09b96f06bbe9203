"""What can be done to a running fleet: actions of the timeline, of the admin page, and of the platform's own API.

KeyError      the action names something that does not exist
ValueError    the action makes no sense where it stands
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec

from serving_simulator.engine.environments import EnvironmentState, Promotions
from serving_simulator.engine.pods import PodState
from serving_simulator.engine.rows import Row
from serving_simulator.engine.schedules import applies, overridden, schedule_id
from serving_simulator.engine.simulation import Simulation
from serving_simulator.fleet import actions
from serving_simulator.fleet.durations import decode
from serving_simulator.fleet.parts import Faults
from serving_simulator.views import AutoscalingSettings

__all__ = ["Commands", "read_action"]


def read_action(document: Mapping[str, Any]) -> actions.Action:
    """Read an action from a mapping such as ``{"action": "load", "factor": 2}``. Raises ValueError, whose text says what is allowed."""
    try:
        action: actions.Action = msgspec.convert(dict(document), actions.Action, dec_hook=decode)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error
    return action


class Commands:
    """Carries out actions, and keeps schedules applied."""

    def __init__(self, simulation: Simulation, environments: list[EnvironmentState], promotions: Promotions) -> None:
        self._simulation = simulation
        self._environments = environments
        self._promotions = promotions
        self.http_faults: list[dict[str, Any]] = []

    def act(self, action: actions.Action) -> None:
        """Carry out one action now."""
        match action:
            case actions.Settings():
                self._change_settings(action)
            case actions.Promote():
                self._promote(action)
            case actions.Control():
                self._promotions.control(self.environment(action.environment), action.control)
            case actions.Activate():
                self._activate(self.row(action.deployment))
            case actions.Deactivate():
                self._deactivate(self.row(action.deployment))
            case actions.Delete():
                self._delete(self.row(action.deployment))
            case actions.Terminate():
                self._terminate(self.row(action.deployment), action.replica)
            case actions.Capacity():
                self._capacity(action)
            case actions.Load():
                for row in [self.row(action.deployment)] if action.deployment else self._simulation.rows:
                    row.load_factor = action.factor
                    self._simulation.reload(row)
            case actions.Fault():
                row = self.row(action.deployment)
                self._set_faults(row, {**msgspec.to_builtins(row.faults, enc_hook=float), **action.change})
            case actions.Http():
                self.http_faults.append(dict(action.fault))

    def row(self, name: str) -> Row:
        """Return the deployment with an id, or called ``model/deployment`` (for a chainlet ``chain.chainlet/chainlet``)."""
        for row in self._simulation.rows:
            if not row.deleted and name in {
                row.id,
                f"{row.model_name}/{row.name}",
                f"{row.model_id}/{row.name}",
                f"{row.model_id}/{row.id}",
            }:
                return row
        raise KeyError(name)

    def environment(self, name: str) -> EnvironmentState:
        """Return the environment called ``model/environment``."""
        model, _, environment = name.rpartition("/")
        ids = {row.model_name: row.model_id for row in self._simulation.rows if row.chain is None}
        for state in self._environments:
            if state.name == environment and state.model_id == ids.get(model, model):
                return state
        raise KeyError(name)

    def apply_schedules(self, now: float) -> None:
        """Put into force what the schedules say for this time."""
        for state in self._environments:
            if not state.spec.schedules:
                continue
            active = next((each for each in state.spec.schedules if applies(each, now, state.spec.timezone, self._simulation.start)), None)
            identity = schedule_id(state.model_id, state.name, active) if active else None
            if identity == state.applied_schedule:
                continue
            state.applied_schedule = identity
            state.applied = overridden(state.settings, active.settings) if active else None
            for row in (state.current, state.candidate):
                if row is not None:
                    self._simulation.change_settings(row, state.in_force)

    def _change_settings(self, action: actions.Settings) -> None:
        simulation = self._simulation
        if (action.deployment is None) == (action.environment is None):
            raise ValueError("settings: found none or both of deployment and environment, allowed: exactly one")
        if action.environment is not None:
            state = self.environment(action.environment)
            new = _checked(overridden(state.settings, action.change))
            simulation.audit.environment_updated(simulation.now, state.model_id, self._model_name(state), state.spec, new, state.settings)
            state.settings = new
            row = state.current
            if row is None or state.applied is not None:
                return
        else:
            row = self.row(action.deployment or "")
            new = _checked(overridden(row.settings, action.change))
            simulation.audit.settings_changed(simulation.now, row, new, row.settings)
            for state in self._environments:
                if state.current is row and state.applied is None:
                    state.settings = new
        delay = simulation.fleet.switches.settings_delay
        row.updating_until = simulation.now + delay
        simulation.agenda.at(simulation.now + delay, partial(self._settle, row, new))

    def _settle(self, row: Row, settings: AutoscalingSettings, _: float) -> None:
        self._simulation.change_settings(row, settings)

    def _promote(self, action: actions.Promote) -> None:
        state = self.environment(action.environment)
        if action.deployment is not None:
            row = self._of_model(state, action.deployment)
        else:
            others = [
                each
                for each in self._simulation.rows
                if each.model_id == state.model_id
                and each is not state.current
                and not (each.deleted or each.build_failed or each.failed or each.spec.development)
            ]
            if not others:
                raise ValueError(f"{action.environment}: found no deployment to promote")
            row = max(others, key=lambda each: each.created_at)
        self._promotions.start(state, row)

    def _of_model(self, state: EnvironmentState, name: str) -> Row:
        if "/" not in name:
            for row in self._simulation.rows:
                if row.model_id == state.model_id and not row.deleted and name in {row.id, row.name}:
                    return row
        return self.row(name)

    def _activate(self, row: Row) -> None:
        if row.active:
            raise ValueError(f"{row.name}: already active")
        self._simulation.audit.deployment(self._simulation.now, "MODEL_DEPLOYMENT_ACTIVATED", row, user=True)
        self._simulation.activate(row)

    def _deactivate(self, row: Row) -> None:
        if not row.active:
            raise ValueError(f"{row.name}: not active")
        self._simulation.audit.deployment(self._simulation.now, "MODEL_DEPLOYMENT_DEACTIVATED", row, user=True)
        self._simulation.deactivate(row)

    def _delete(self, row: Row) -> None:
        simulation = self._simulation
        simulation.audit.deployment(simulation.now, "MODEL_DEPLOYMENT_DELETED", row, user=True)
        simulation.deactivate(row, status_seconds=0.0)
        row.deleted = True
        simulation.reload(row)
        for state in self._environments:
            if state.current is row:
                state.current = None

    def _terminate(self, row: Row, replica: str | None) -> None:
        simulation = self._simulation
        pods = [pod for pod in simulation.lifecycle.pods[row.index] if pod.state != PodState.TERMINATING]
        chosen = [pod for pod in pods if replica is None or pod.id == replica]
        if not chosen:
            raise KeyError(replica or row.name)
        pod = min(chosen, key=lambda each: (each.state != PodState.READY, each.created))
        simulation.audit.deployment(simulation.now, "REPLICA_TERMINATED", row, user=True, replica_id=pod.id)
        simulation.lifecycle.remove(pod, simulation.now)

    def _capacity(self, action: actions.Capacity) -> None:
        simulation = self._simulation
        rows = [self.row(action.deployment)] if action.deployment else simulation.rows
        if action.instance_type is not None:
            rows = [row for row in rows if action.instance_type in {row.instance.name, row.instance.key}]
            if not rows:
                raise KeyError(action.instance_type)
        for row in rows:
            row.faults = msgspec.structs.replace(row.faults, no_capacity=not action.available)
        if action.available:
            simulation.lifecycle.hardware_returned(simulation.now)

    def _set_faults(self, row: Row, document: dict[str, Any]) -> None:
        had_capacity = not row.faults.no_capacity
        try:
            row.faults = msgspec.convert(document, Faults, dec_hook=decode)
        except msgspec.ValidationError as error:
            raise ValueError(str(error)) from error
        self._simulation.reload(row)
        if not had_capacity and not row.faults.no_capacity:
            self._simulation.lifecycle.hardware_returned(self._simulation.now)

    def _model_name(self, state: EnvironmentState) -> str:
        return next((row.model_name for row in self._simulation.rows if row.model_id == state.model_id), state.model_id)


def _checked(settings: AutoscalingSettings) -> AutoscalingSettings:
    if settings.min_replica > settings.max_replica:
        raise ValueError(f"min_replica: found {settings.min_replica}, allowed: at most max_replica ({settings.max_replica})")
    return settings
