"""Autoscaling schedules of environments: which one applies at a time, and what the API shows of it."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from serving_simulator.engine.rows import identifier
from serving_simulator.fleet.schema import Schedule
from serving_simulator.views import AutoscalingSettings

__all__ = ["applies", "overridden", "schedule_id", "shown"]

_WEEKDAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
_SETTINGS = tuple(field.name for field in fields(AutoscalingSettings))


def schedule_id(model_id: str, environment: str, schedule: Schedule) -> str:
    """Return the schedule's id: its own, or one that follows from its names."""
    return schedule.id or identifier(8, "schedule", model_id, environment, schedule.name)


def applies(schedule: Schedule, now: float, timezone: str | None, start: float) -> bool:
    """Whether a schedule is in force at ``now`` (Unix seconds). ``start`` is the first answer, from which one-time schedules count."""
    if not schedule.enabled:
        return False
    if schedule.cadence == "ONE_TIME":
        return start + (schedule.start_at or 0) <= now < start + (schedule.end_at or 0)
    local = datetime.fromtimestamp(now, ZoneInfo(timezone) if timezone else UTC)
    if schedule.weekdays and _WEEKDAYS[local.weekday()] not in schedule.weekdays:
        return False
    if schedule.cadence == "HOURLY":
        minute, begin, end = local.minute, schedule.start_minute, schedule.end_minute
    else:
        minute = local.hour * 60 + local.minute
        begin, end = schedule.start_hour * 60 + schedule.start_minute, schedule.end_hour * 60 + schedule.end_minute
    # A window that ends before it begins runs over the end of the day (or hour).
    return begin <= minute < end if begin <= end else minute >= begin or minute < end


def overridden(baseline: AutoscalingSettings, changes: dict[str, int | None]) -> AutoscalingSettings:
    """Return settings with some changed; None inherits. Raises ValueError for a name that is no setting."""
    unknown = sorted(set(changes) - set(_SETTINGS))
    if unknown:
        raise ValueError(f"{unknown[0]}: found an unknown setting, allowed: {', '.join(_SETTINGS)}")
    return replace(baseline, **{name: value for name, value in changes.items() if value is not None})


def shown(identity: str, schedule: Schedule, start: float) -> dict[str, Any]:
    """Return the schedule in the platform's own JSON shape."""
    settings = {**dict.fromkeys(_SETTINGS), **schedule.settings}
    common = {"id": identity, "name": schedule.name, "enabled": schedule.enabled, "cadence": schedule.cadence}
    if schedule.cadence == "ONE_TIME":
        window: dict[str, Any] = {"start_at": _iso(start + (schedule.start_at or 0)), "end_at": _iso(start + (schedule.end_at or 0))}
    else:
        hours = schedule.cadence == "DAILY"
        window = {
            "weekdays": list(schedule.weekdays or _WEEKDAYS),
            "start_hour": schedule.start_hour if hours else None,
            "start_minute": schedule.start_minute,
            "end_hour": schedule.end_hour if hours else None,
            "end_minute": schedule.end_minute,
        }
    return {**common, **window, "autoscaling_settings": settings}


def _iso(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat().replace("+00:00", "Z")
