"""What the management API can see: models, deployments, environments, chains, starts and use, as views."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from serving_simulator.engine.accounts import minutes_by_day
from serving_simulator.engine.environments import EnvironmentState
from serving_simulator.engine.pods import Attempt
from serving_simulator.engine.rows import Row, identifier
from serving_simulator.engine.schedules import schedule_id, shown
from serving_simulator.engine.simulation import Simulation
from serving_simulator.engine.status import chain_status, deployment_status
from serving_simulator.fleet.schema import Chain, Fleet, Model
from serving_simulator.views import (
    AsyncQueueView,
    ChainDeploymentView,
    ChainletView,
    ChainView,
    DeploymentView,
    EnvironmentView,
    ModelView,
    PhaseView,
    PromotionView,
    StartupView,
    UsageView,
)

__all__ = ["Inventory"]


@dataclass(slots=True)
class _Model:
    spec: Model
    id: str
    rows: list[Row]
    environments: list[EnvironmentState]


class Inventory:
    """Views of a simulation. Unknown ids raise KeyError."""

    def __init__(self, simulation: Simulation, environments: Iterable[EnvironmentState]) -> None:
        self._simulation = simulation
        self._fleet: Fleet = simulation.fleet
        self._team = next((team.name for team in self._fleet.teams if team.default), self._fleet.teams[0].name)
        states = list(environments)
        self._models: dict[str, _Model] = {}
        for spec in self._fleet.models:
            identity = spec.id or identifier(8, "model", spec.name)
            rows = [row for row in simulation.rows if row.chain is None and row.model_id == identity]
            self._models[identity] = _Model(spec, identity, rows, [state for state in states if state.model_id == identity])
        self._chains: dict[str, Chain] = {chain.id or identifier(8, "chain", chain.name): chain for chain in self._fleet.chains}
        self._rows = {row.id: row for row in simulation.rows}

    def row(self, deployment_id: str) -> Row:
        """Return the row of a deployment or chainlet."""
        row = self._rows[deployment_id]
        if row.deleted:
            raise KeyError(deployment_id)
        return row

    def models(self) -> list[ModelView]:
        """Every model."""
        return [self._model(model) for model in self._models.values()]

    def deployments(self, model_id: str) -> list[DeploymentView]:
        """Every deployment of a model that is not deleted."""
        return [self._deployment(row) for row in self._models[model_id].rows if not row.deleted]

    def environments(self, model_id: str) -> list[EnvironmentView]:
        """Every environment of a model."""
        return [self._environment(state) for state in self._models[model_id].environments]

    def chains(self) -> list[ChainView]:
        """Every chain."""
        start = self._simulation.start
        return [
            ChainView(identity, chain.name, start - chain.age, chain.team or self._team, len(chain.deployments))
            for identity, chain in self._chains.items()
        ]

    def chain_deployments(self, chain_id: str) -> list[ChainDeploymentView]:
        """Every deployment of a chain with its chainlets."""
        if chain_id not in self._chains:
            raise KeyError(chain_id)
        found: dict[str, list[Row]] = {}
        for row in self._simulation.rows:
            if row.chain is not None and row.chain.chain_id == chain_id and not row.deleted:
                found.setdefault(row.chain.deployment_id, []).append(row)
        views = []
        for identity, rows in found.items():
            chainlets = tuple(self._chainlet(row) for row in rows)
            status = chain_status([chainlet.status for chainlet in chainlets])
            views.append(ChainDeploymentView(identity, chain_id, rows[0].created_at, rows[0].environment, status, chainlets))
        return views

    def async_queue(self, deployment_id: str) -> AsyncQueueView:
        """Return the async queue of a deployment, live."""
        row, traffic = self.row(deployment_id), self._simulation.traffic
        return AsyncQueueView(row.model_id, row.id, int(traffic.queued_async[row.index]), int(traffic.running_async[row.index]))

    def startups(self, deployment_ids: Sequence[str], start: float, end: float) -> list[StartupView]:
        """Return starts that began between two instants, oldest first."""
        found = []
        for deployment_id in deployment_ids:
            row = self.row(deployment_id)
            found += [self._startup(row, each) for each in self._simulation.lifecycle.attempts[row.index] if start <= each.began <= end]
        return sorted(found, key=lambda each: each.started_at)

    def usage(self, start_date: str, end_date: str) -> list[UsageView]:
        """Billed use between two UTC days (YYYY-MM-DD), both included."""
        views = []
        for row in self._simulation.rows:
            minutes, requests = self._minutes(row), self._requests(row)
            for day in sorted(set(minutes) | set(requests)):
                used, count = minutes.get(day, 0), requests.get(day, 0)
                if start_date <= day <= end_date and (used or count):
                    views.append(self._usage(row, day, used, count))
        return views

    def _model(self, model: _Model) -> ModelView:
        rows = [row for row in model.rows if not row.deleted]
        production = next((state.current for state in model.environments if state.name == "production"), None)
        development = next((row for row in rows if row.spec.development), None)
        shown_row = production or (rows or model.rows)[0]
        return ModelView(
            id=model.id,
            name=model.spec.name,
            created_at=self._simulation.start - model.spec.age,
            team_name=model.spec.team or self._team,
            deployments_count=len(rows),
            production_deployment_id=production.id if production else None,
            development_deployment_id=development.id if development else None,
            instance_type_name=shown_row.instance.name,
        )

    def _deployment(self, row: Row) -> DeploymentView:
        lifecycle = self._simulation.lifecycle
        return DeploymentView(
            id=row.id,
            name=row.name,
            model_id=row.model_id,
            created_at=row.created_at,
            is_production=row.environment == "production" and row.phase == "stable",
            is_development=row.spec.development,
            status=deployment_status(row, lifecycle, self._simulation.now),
            active_replica_count=int(lifecycle.ready[row.index]),
            autoscaling_settings=row.settings if row.served else None,
            instance_type_name=row.instance.name,
            environment=row.environment,
            labels=row.spec.labels,
            region=row.spec.region,
            backpressure_policy=row.backpressure,
        )

    def _environment(self, state: EnvironmentState) -> EnvironmentView:
        settings = state.spec.promotion
        promotion = state.promotion
        rolling = settings.rolling_deploy
        view = None
        if promotion is not None:
            view = PromotionView(promotion.status, promotion.percent, promotion.error, rolling)
        shown_settings: dict[str, Any] = {
            "redeploy_on_promotion": settings.redeploy_on_promotion,
            "rolling_deploy": rolling,
            "promotion_cleanup_strategy": settings.promotion_cleanup_strategy,
            "rolling_deploy_config": {
                "rolling_deploy_strategy": "REPLICA",
                "max_surge_percent": settings.max_surge_percent,
                "max_unavailable_percent": settings.max_unavailable_percent,
                "stabilization_time_seconds": settings.stabilization_time_seconds,
                "replica_overhead_percent": settings.replica_overhead_percent,
            },
            "ramp_up_while_promoting": settings.ramp_up_while_promoting,
            "ramp_up_duration_seconds": settings.ramp_up_duration_seconds,
        }
        model, start = self._models[state.model_id], self._simulation.start
        schedules = tuple(shown(schedule_id(state.model_id, state.name, each), each, start) for each in state.spec.schedules)
        return EnvironmentView(
            name=state.name,
            model_id=state.model_id,
            created_at=state.created_at,
            current_deployment_id=state.current.id if state.current else None,
            candidate_deployment_id=state.candidate.id if state.candidate else None,
            promotion=view,
            autoscaling_settings=state.settings,
            instance_type_name=(state.current or model.rows[0]).instance.name,
            backpressure_policy=state.spec.backpressure,
            promotion_settings=shown_settings,
            schedule_timezone=(state.spec.timezone or "UTC") if schedules else None,
            schedules=schedules,
            applied_schedule_id=state.applied_schedule,
            applied_settings=state.current.settings if state.current else None,
        )

    def _chainlet(self, row: Row) -> ChainletView:
        lifecycle = self._simulation.lifecycle
        status = deployment_status(row, lifecycle, self._simulation.now)
        settings = row.settings if row.served else None
        return ChainletView(row.id, row.name, settings, row.instance.name, int(lifecycle.ready[row.index]), status)

    def _startup(self, row: Row, attempt: Attempt) -> StartupView:
        now = float(self._simulation.now)
        ended = attempt.ended if attempt.ended is not None else now
        if attempt.ready_at is not None:
            outcome: str | None = "SUCCESS"
        elif attempt.ended is not None and attempt.phases and attempt.phases[-1].failed:
            outcome = "FAILED"
        else:
            outcome = "STALLED" if ended - attempt.began >= row.spec.startup.stalls_after else None
        phases = tuple(
            PhaseView(
                each.name,
                None if each.length is None else "FAILED" if each.failed else "COMPLETED",
                each.began - attempt.began,
                each.length,
            )
            for each in attempt.phases
        )
        return StartupView(
            model_id=row.model_id,
            deployment_id=row.id,
            deployment_name=row.name,
            environment=attempt.environment,
            replica_id=attempt.replica_id,
            started_at=attempt.began,
            ready_at=attempt.ready_at,
            duration=ended - attempt.began,
            outcome=outcome,
            phases=phases,
        )

    def _minutes(self, row: Row) -> dict[str, int]:
        """Billed minutes by day, with what the replicas that are up now have used so far."""
        if row.spec.development:
            return {}
        minutes = dict(self._simulation.ledger.minutes(row.index))
        for pod in self._simulation.lifecycle.pods[row.index]:
            if pod.billed_from is not None:
                for day, count in minutes_by_day(pod.billed_from, self._simulation.now):
                    minutes[day] = minutes.get(day, 0) + count
        return minutes

    def _requests(self, row: Row) -> dict[str, int]:
        simulation = self._simulation
        simulation.flush()
        simulation.ledger.count_requests(row.index, int(simulation.recorder.counts[:, row.index].sum()), simulation.now)
        return dict(simulation.ledger.requests(row.index))

    def _usage(self, row: Row, day: str, minutes: int, requests: int) -> UsageView:
        kind = "MODEL_DEPLOYMENT" if row.chain is None else "CHAINLET"
        dollars = round(minutes * row.instance.price, 6)
        environment = row.environment
        model_name = row.model_name if row.chain is None else None
        return UsageView(row.id, kind, row.name, model_name, row.instance.name, environment, day, minutes, dollars, requests)
