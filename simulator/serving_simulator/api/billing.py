"""Billed use. The platform spells money as a number or as a decimal string; here the two alternate, so that a client must read both."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count, groupby
from typing import Any

from serving_simulator.api.call import Answer, Call, json_answer
from serving_simulator.views import UsageView

__all__ = ["usage_summary"]

_EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
_LONGEST = timedelta(days=31)
_CENT_PARTS = Decimal("0.000001")


class _Money:
    """Spells amounts, every second one as a string."""

    def __init__(self) -> None:
        self._turn = count()

    def __call__(self, dollars: float) -> float | str:
        amount = Decimal(repr(float(dollars))).quantize(_CENT_PARTS)
        return f"{amount:f}" if next(self._turn) % 2 else float(amount)


def _date(call: Call, name: str) -> datetime:
    text = call.one(name)
    if text is None:
        raise call.invalid(f"{name}: required, an ISO 8601 date and time in UTC")
    try:
        # A plus sign that was not percent-encoded arrives as a space.
        instant = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise call.invalid(f"{name}: found {text[:40]!r}, allowed: an ISO 8601 date and time in UTC") from None
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def _resource(call: Call, use: UsageView, existing: set[str]) -> dict[str, Any]:
    team = call.organization.default_team
    return {
        "id": use.resource_id,
        "kind": use.kind,
        "name": use.name,
        "model_name": use.model_name,
        "is_deleted": use.kind == "MODEL_DEPLOYMENT" and use.resource_id not in existing,
        "instance_type": use.instance_type,
        "environment_name": use.environment,
        "chain_metadata": None,
        "team_id": team.id,
        "team_name": team.name,
    }


def _breakdown(call: Call, usage: list[UsageView], money: _Money) -> Iterator[dict[str, Any]]:
    existing = {deployment.id for model in call.world.models() for deployment in call.world.deployments(model.id)}
    ordered = sorted(usage, key=lambda use: (use.resource_id, use.date))
    for _, group in groupby(ordered, key=lambda use: use.resource_id):
        days = list(group)
        dollars = sum(day.dollars for day in days)
        daily = [
            {
                "date": day.date,
                "subtotal": money(day.dollars),
                "compute_cost": money(day.dollars),
                "surcharge_cost": money(0),
                "minutes": day.minutes,
                "inference_requests": day.inference_requests,
            }
            for day in days
        ]
        yield {
            "billable_resource": _resource(call, days[-1], existing),
            "subtotal": money(dollars),
            "compute_cost": money(dollars),
            "surcharge_cost": money(0),
            "minutes": sum(day.minutes for day in days),
            "inference_requests": sum(day.inference_requests for day in days),
            "daily": daily,
        }


def usage_summary(call: Call) -> Answer:
    """``GET /v1/billing/usage_summary``: both dates required, at most 31 days, not before 2026-01-01."""
    start, end = _date(call, "start_date"), _date(call, "end_date")
    if start < _EARLIEST:
        raise call.invalid("start_date: must not be before 2026-01-01")
    if end < start:
        raise call.invalid("end_date: must not be before start_date")
    if end - start > _LONGEST:
        raise call.invalid("the range must not exceed 31 days")
    usage = list(call.world.usage(start.date().isoformat(), end.date().isoformat()))
    money = _Money()
    total = sum(use.dollars for use in usage)
    dedicated = {
        "subtotal": money(total),
        "credits_used": money(0),
        "total": money(total),
        "minutes": sum(use.minutes for use in usage),
        "breakdown": list(_breakdown(call, usage, money)),
    }
    return json_answer({"dedicated_usage": dedicated, "training_usage": None, "model_apis_usage": None})
