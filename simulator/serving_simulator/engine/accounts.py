"""Billing and the audit log: what the platform writes down about a fleet.

A replica is billed by the started minute from the moment its container loads until it ends, for each UTC day; development deployments are
free. Autoscaling is not an audited event: only what people and promotions do is.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from serving_simulator.engine.rows import Row, identifier
from serving_simulator.fleet.schema import Environment
from serving_simulator.views import AuditEventView, AutoscalingSettings

__all__ = ["AuditLog", "Ledger", "day_of", "minutes_by_day"]

_KEPT_EVENTS = 2000
_DAY = 86400


def day_of(time: float) -> str:
    """Return the UTC date of a Unix time, as YYYY-MM-DD."""
    return datetime.fromtimestamp(time, UTC).date().isoformat()


class Ledger:
    """Billed minutes and requests of each deployment on each UTC day."""

    def __init__(self) -> None:
        self._minutes: defaultdict[tuple[int, str], int] = defaultdict(int)
        self._requests: defaultdict[tuple[int, str], int] = defaultdict(int)
        self._counted: defaultdict[int, int] = defaultdict(int)

    def bill(self, row: int, begin: float, end: float) -> None:
        """Bill a replica that was up from ``begin`` to ``end``."""
        for day, minutes in minutes_by_day(begin, end):
            self._minutes[row, day] += minutes

    def count_requests(self, row: int, total: int, now: float) -> None:
        """``total`` requests so far; what is new since the last call belongs to the day of ``now``."""
        self._requests[row, day_of(now)] += total - self._counted[row]
        self._counted[row] = total

    def minutes(self, row: int) -> Mapping[str, int]:
        """Billed minutes of replicas that have ended, by day."""
        return {day: minutes for (owner, day), minutes in self._minutes.items() if owner == row}

    def requests(self, row: int) -> Mapping[str, int]:
        """Return requests by day."""
        return {day: count for (owner, day), count in self._requests.items() if owner == row}


def minutes_by_day(begin: float, end: float) -> Iterator[tuple[str, int]]:
    """Return started minutes between two Unix times, for each UTC day."""
    while begin < end:
        midnight = (begin // _DAY + 1) * _DAY
        yield day_of(begin), math.ceil((min(end, midnight) - begin) / 60 - 1e-9)
        begin = midnight


class AuditLog:
    """The newest events, oldest first, in the platform's own words."""

    def __init__(self) -> None:
        self.events: deque[AuditEventView] = deque(maxlen=_KEPT_EVENTS)
        self._count = 0

    def write(self, now: float, event_type: str, data: Mapping[str, Any], *, user: bool = False) -> None:
        """Append one event. ``user``: somebody did it with an API key; otherwise the platform did."""
        self._count += 1
        source, actor = ("API", "API_KEY") if user else ("SYSTEM", "BASETEN_SYSTEM")
        self.events.append(AuditEventView(identifier(12, "event", str(self._count)), now, event_type, dict(data), source, actor))

    def deployment(self, now: float, event_type: str, row: Row, *, user: bool = False, **more: Any) -> None:
        """Append an event about a deployment. Chainlets have no such events of their own: theirs are the chain's."""
        if row.chain is None:
            self.write(now, event_type, {**_who(row), **more}, user=user)

    def settings_changed(self, now: float, row: Row, new: AutoscalingSettings, old: AutoscalingSettings) -> None:
        """Append a change of autoscaling settings."""
        if row.chain is not None:
            place = row.chain
            data = {
                **asdict(new),
                "chain_id": place.chain_id,
                "chain_name": place.chain_name,
                "chain_deployment_id": place.deployment_id,
                "chain_deployment_name": place.deployment_name,
                "chainlet_name": place.chainlet,
                "chainlet_id": row.id,
                "previous_settings": asdict(old),
            }
            self.write(now, "CHAINLET_AUTOSCALING_SETTINGS_CHANGED", data, user=True)
            return
        kind = "development" if row.spec.development else "production" if row.environment == "production" else "published"
        more = {"schedules": None, "deployment_type": kind, "previous_settings": asdict(old)}
        self.deployment(now, "MODEL_DEPLOYMENT_AUTOSCALING_SETTINGS_CHANGED", row, user=True, **asdict(new), **more)

    def deployed(self, now: float, row: Row) -> None:
        """Append a deploy."""
        more = {"scale_previous_to_zero": False, "trusted": False, "publish": not row.spec.development, "environment_name": row.environment}
        self.deployment(now, "MODEL_DEPLOYED", row, user=True, **more)

    def promoted(self, now: float, row: Row, environment: str) -> None:
        """Append a promotion."""
        updates = {
            "region_update": None,
            "instance_type_id_update": None,
            "promotion_settings_override": None,
            "autoscaling_settings_update": None,
            "request_backpressure_settings_update": None,
            "autoscaling_schedule_settings_update": None,
        }
        environment_id = identifier(8, "environment", row.model_id, environment)
        more = {"environment_name": environment, "environment_id": environment_id, **updates}
        self.deployment(now, "MODEL_DEPLOYMENT_PROMOTED", row, user=True, **more)

    def environment_updated(
        self, now: float, model_id: str, model_name: str, environment: Environment, new: AutoscalingSettings, old: AutoscalingSettings
    ) -> None:
        """Append a change of an environment's settings."""
        promotion = environment.promotion
        rest = {
            "redeploy_on_promotion": promotion.redeploy_on_promotion,
            "rolling_deploy": promotion.rolling_deploy,
            "rolling_deploy_strategy": "REPLICA" if promotion.rolling_deploy else None,
            "max_unavailable_percent": promotion.max_unavailable_percent,
            "max_surge_percent": promotion.max_surge_percent,
            "stabilization_time_seconds": promotion.stabilization_time_seconds,
            "replica_overhead_percent": promotion.replica_overhead_percent,
            "promotion_cleanup_strategy": promotion.promotion_cleanup_strategy,
            "ramp_up_while_promoting": promotion.ramp_up_while_promoting,
            "ramp_up_duration_seconds": promotion.ramp_up_duration_seconds,
            "ramp_up_step_size": None,
            "request_backpressure_policy": environment.backpressure,
        }
        who = {"model_id": model_id, "model_name": model_name, "environment_name": environment.name}
        kind = "production" if environment.name == "production" else "published"
        data = {**asdict(new), **rest, **who, "schedules": None, "deployment_type": kind, "previous_settings": {**asdict(old), **rest}}
        self.write(now, "ENVIRONMENT_UPDATED", data, user=True)


def _who(row: Row) -> dict[str, Any]:
    return {"model_id": row.model_id, "model_name": row.model_name, "deployment_id": row.id, "deployment_name": row.name}
