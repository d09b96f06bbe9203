"""Environments and promotions: which deployment serves an environment, and how another one takes over.

A rolling promotion moves in steps: the candidate gets a step more replicas; when they are ready, and have been for the stabilisation time,
traffic follows in proportion and the old deployment gives up as many. The sum of both stays within the environment's bounds, and both keep
at least one replica. A promotion that does not roll brings the candidate to full size first and then moves everything at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from serving_simulator.engine.rows import Row
from serving_simulator.engine.simulation import Simulation
from serving_simulator.fleet.schema import Environment
from serving_simulator.views import AutoscalingSettings

__all__ = ["EnvironmentState", "Promotion", "Promotions"]

_SHOWN_AFTERWARDS = 60.0
_LOADS_THAT_FAIL_A_PROMOTION = 4


@dataclass(slots=True)
class Promotion:
    """A promotion: ``step`` replicas of ``total`` have been asked of the candidate, ``percent`` of the traffic goes there."""

    candidate: Row
    total: int
    step: int
    percent: int = 0
    status: str = "RELEASING"
    settled_since: float | None = None
    ended: float | None = None
    paused: bool = False
    error: str | None = None


@dataclass(slots=True)
class EnvironmentState:
    """One environment of one model. ``settings`` is its baseline, ``applied`` what a schedule has put into force (None: the baseline)."""

    model_id: str
    spec: Environment
    created_at: float
    settings: AutoscalingSettings
    current: Row | None = None
    promotion: Promotion | None = None
    applied: AutoscalingSettings | None = None
    applied_schedule: str | None = None

    @property
    def name(self) -> str:
        """The environment's name."""
        return self.spec.name

    @property
    def candidate(self) -> Row | None:
        """The deployment on its way in, while a promotion runs."""
        promotion = self.promotion
        return promotion.candidate if promotion is not None and promotion.ended is None else None

    @property
    def in_force(self) -> AutoscalingSettings:
        """The settings that apply now."""
        return self.applied or self.settings


class Promotions:
    """Starts, moves and ends promotions."""

    def __init__(self, simulation: Simulation, environments: list[EnvironmentState]) -> None:
        self._simulation = simulation
        self._environments = environments

    def start(self, environment: EnvironmentState, candidate: Row) -> None:
        """Begin a promotion. Raises ValueError when one is under way or the deployment is already there."""
        simulation = self._simulation
        if environment.candidate is not None:
            raise ValueError(f"environment {environment.name}: a promotion is already in progress")
        if candidate is environment.current:
            raise ValueError(f"environment {environment.name}: {candidate.name} already serves it")
        simulation.audit.promoted(simulation.now, candidate, environment.name)
        current = environment.current
        if environment.spec.backpressure:
            candidate.backpressure = environment.spec.backpressure
        simulation.change_settings(candidate, environment.in_force)
        if current is None:
            self._take_over(environment, candidate)
            return
        simulation.place(candidate, environment.name, "promoting")
        total = max(self._total(environment, current, candidate), 1)
        step = self._step_size(environment, total) if environment.spec.promotion.rolling_deploy else total
        environment.promotion = Promotion(candidate, total, min(step, total))
        if not candidate.active:
            simulation.activate(candidate, environment.promotion.step)
        self._apply_bounds(environment)

    def control(self, environment: EnvironmentState, action: str) -> None:
        """Pause, resume, cancel or force a promotion. Raises ValueError when none is in progress."""
        promotion = environment.promotion
        if promotion is None or promotion.ended is not None:
            raise ValueError(f"environment {environment.name}: no promotion in progress")
        simulation, row = self._simulation, promotion.candidate
        more = {"environment_name": environment.name, "environment_id": None, "action": action}
        simulation.audit.deployment(simulation.now, "MODEL_PROMOTION_CONTROL_ACTION", row, user=True, **more)
        match action:
            case "PAUSE" | "RESUME":
                promotion.paused = action == "PAUSE"
            case "FORCE_ROLL_FORWARD":
                self._finish(environment, promotion)
            case _:
                self._withdraw(environment, promotion, "CANCELED", None)

    def move(self, now: float) -> None:
        """Look at every promotion and move those that can."""
        for environment in self._environments:
            promotion = environment.promotion
            if promotion is None:
                continue
            if promotion.ended is not None:
                if now - promotion.ended >= _SHOWN_AFTERWARDS:
                    environment.promotion = None
            elif promotion.candidate.failed_loads >= _LOADS_THAT_FAIL_A_PROMOTION:
                self._withdraw(environment, promotion, "FAILED", "the new deployment does not become ready")
            elif not promotion.candidate.active:
                self._withdraw(environment, promotion, "FAILED", "the new deployment is not active any more")
            else:
                self._move(environment, promotion, now)

    def _move(self, environment: EnvironmentState, promotion: Promotion, now: float) -> None:
        simulation, candidate, current = self._simulation, promotion.candidate, environment.current
        if current is None:
            self._finish(environment, promotion)
            return
        settings = environment.in_force
        if simulation.fleet.switches.autoscaling_in_rollout and settings.min_replica < settings.max_replica:
            # The fleet grows meanwhile and does not shrink: a replica that comes and goes would begin the stabilisation anew each time.
            promotion.total = max(promotion.total, self._total(environment, current, candidate))
        ready = int(simulation.lifecycle.ready[candidate.index])
        promotion.status = "PAUSED" if promotion.paused else "RAMPING_UP" if promotion.percent or ready else "RELEASING"
        if promotion.paused or ready < self._asked(environment, promotion):
            promotion.settled_since = None
            self._apply_bounds(environment)
            return
        promotion.settled_since = now if promotion.settled_since is None else promotion.settled_since
        rolling = environment.spec.promotion.rolling_deploy
        if not rolling or now - promotion.settled_since >= environment.spec.promotion.stabilization_time_seconds:
            promotion.percent = max(promotion.percent, round(100 * promotion.step / promotion.total)) if rolling else 100
            promotion.settled_since = None
            if promotion.percent >= 100:
                self._finish(environment, promotion)
                return
            self._share(environment, promotion.percent / 100)
            promotion.step = min(promotion.total, promotion.step + self._step_size(environment, promotion.total))
        self._apply_bounds(environment)

    def _apply_bounds(self, environment: EnvironmentState) -> None:
        """Split the replicas between both sides; the sum stays within the environment's bounds, and each side keeps at least one."""
        promotion, current = environment.promotion, environment.current
        if promotion is None or current is None:
            return
        most = self._ceiling(environment, promotion)
        new = self._asked(environment, promotion)
        moved = math.floor(promotion.total * promotion.percent / 100)
        old = max(1, min(promotion.total - moved, most - new))
        self._simulation.bound(promotion.candidate, (new, new))
        self._simulation.bound(current, (old, old))

    def _ceiling(self, environment: EnvironmentState, promotion: Promotion) -> int:
        """Most replicas of both sides together. A promotion that does not roll needs room for both at full size."""
        most = max(environment.in_force.max_replica, 2)
        return most if environment.spec.promotion.rolling_deploy else max(most, 2 * promotion.total)

    def _asked(self, environment: EnvironmentState, promotion: Promotion) -> int:
        """Replicas that the candidate should have now: its step, as long as one of the old deployment still fits under the ceiling."""
        return max(1, min(promotion.step, promotion.total, self._ceiling(environment, promotion) - 1))

    def _step_size(self, environment: EnvironmentState, total: int) -> int:
        settings = environment.spec.promotion
        return max(1, math.ceil(total * max(settings.max_surge_percent, settings.max_unavailable_percent) / 100))

    def _total(self, environment: EnvironmentState, current: Row, candidate: Row) -> int:
        simulation, settings = self._simulation, environment.in_force
        autoscaler, index = simulation.autoscaler, current.index
        load = float(autoscaler.average[index] + autoscaler.average[candidate.index])
        want = math.ceil(load / float(simulation.parameters.bounds.per_replica[index]) - 1e-9)
        if environment.promotion is None:
            want = max(want, int(simulation.lifecycle.wanted()[index]))
        return min(max(want, settings.min_replica), settings.max_replica)

    def _share(self, environment: EnvironmentState, share: float) -> None:
        simulation, place = self._simulation, (environment.model_id, environment.name)
        for routes, known in (
            (simulation.routes, simulation.environment_routes),
            (simulation.async_routes, simulation.async_environment_routes),
        ):
            if place in known and environment.current is not None:
                route = known[place]
                routes.first[route] = environment.current.index
                routes.second[route] = environment.promotion.candidate.index if environment.promotion else environment.current.index
                routes.share[route] = share

    def _take_over(self, environment: EnvironmentState, row: Row) -> None:
        environment.current = row
        self._simulation.place(row, environment.name)
        environment.promotion = None
        if not row.active:
            self._simulation.activate(row)
        self._share(environment, 0.0)

    def _finish(self, environment: EnvironmentState, promotion: Promotion) -> None:
        simulation, old, new = self._simulation, environment.current, promotion.candidate
        promotion.status, promotion.percent, promotion.ended = "SUCCEEDED", 100, simulation.now
        environment.current = new
        simulation.place(new, environment.name)
        simulation.bound(new, None)
        simulation.autoscaler.reset(new.index, max(1, int(simulation.lifecycle.wanted()[new.index])))
        self._share(environment, 0.0)
        if old is not None:
            simulation.place(old, None)
            simulation.traffic.hand_over(old.index, new.index, simulation.now)
            simulation.bound(old, None)
            self._clean_up(environment, old)

    def _clean_up(self, environment: EnvironmentState, old: Row) -> None:
        simulation = self._simulation
        match environment.spec.promotion.promotion_cleanup_strategy:
            case "KEEP":
                pass
            case "DEACTIVATE":
                simulation.audit.deployment(simulation.now, "MODEL_DEPLOYMENT_DEACTIVATED", old)
                simulation.deactivate(old)
            case _:
                simulation.scale_to_zero(old)

    def _withdraw(self, environment: EnvironmentState, promotion: Promotion, status: str, error: str | None) -> None:
        simulation, candidate = self._simulation, promotion.candidate
        promotion.status, promotion.error, promotion.percent, promotion.ended = status, error, 0, simulation.now
        self._share(environment, 0.0)
        simulation.place(candidate, None)
        simulation.bound(candidate, None)
        simulation.scale_to_zero(candidate)
        if environment.current is not None:
            simulation.bound(environment.current, None)
