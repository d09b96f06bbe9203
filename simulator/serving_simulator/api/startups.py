"""Start-up attempts of replicas and their summary, for deployments and for environments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from serving_simulator.api.call import Answer, Call, json_answer
from serving_simulator.api.errors import NotFound, NotPermitted
from serving_simulator.api.pagination import BadCursor, fingerprint, paginate
from serving_simulator.views import StartupView

__all__ = ["deployment_startups", "deployment_summary", "environment_startups", "environment_summary"]

_RECENT = 1000
_LIMIT, _MAX_LIMIT = 50, 100
_PHASES = ("SCHEDULING", "IMAGE_PULL", "WEIGHT_DOWNLOAD", "CONTAINER_CREATE", "CONTAINER_START", "READINESS")
_SORTS = ("OUTCOME", "STARTED_AT", "READY_AT", "DURATION")
_OPEN = {"in_progress": "IN_PROGRESS", "stalled": "STALLED"}


def _millis(seconds: float) -> int:
    return round(seconds * 1000)


def _outcome(call: Call, view: StartupView) -> str | None:
    """Return the outcome that is shown; None: not shown at all (the switch ``open_startups``)."""
    return view.outcome or _OPEN.get(call.state.switches.open_startups)


def _document(call: Call, view: StartupView, *, of_environment: bool) -> dict[str, Any]:
    outcome = _outcome(call, view)
    phases = [
        {
            "phase": phase.phase,
            "status": phase.status or ("FAILED" if outcome == "FAILED" else "IN_PROGRESS"),
            "offset_ms": _millis(phase.offset),
            "duration_ms": None if phase.duration is None else _millis(phase.duration),
        }
        for phase in view.phases
    ]
    return {
        "model_id": view.model_id,
        "deployment_id": view.deployment_id,
        "deployment_name": view.deployment_name,
        "environment_name": view.environment if of_environment else None,
        "replica_id": view.replica_id,
        "started_at_epoch_millis": _millis(view.started_at),
        "ready_at_epoch_millis": None if view.ready_at is None else _millis(view.ready_at),
        "duration_ms": _millis(view.duration),
        "outcome": outcome,
        "phase_summary": phases,
    }


def _window(call: Call) -> tuple[int, int, int]:
    start, end = call.integer("start_epoch_millis"), call.integer("end_epoch_millis")
    if start is None or end is None:
        raise call.invalid("start_epoch_millis and end_epoch_millis are required")
    if end <= start:
        raise call.invalid("end_epoch_millis must be after start_epoch_millis")
    return start, end, call.integer("min_duration_ms", low=0) or 0


def _recent(call: Call, deployment_ids: Sequence[str], start: int, end: int, min_duration: int) -> list[StartupView]:
    """Return the 1,000 most recent attempts of the window that lasted long enough, newest first."""
    found = [view for view in call.world.startups(deployment_ids, start / 1000, end / 1000) if _outcome(call, view) is not None]
    found.sort(key=lambda view: (view.started_at, view.replica_id), reverse=True)
    return [view for view in found[:_RECENT] if _millis(view.duration) >= min_duration]


def _offered(call: Call) -> None:
    if call.state.switches.startups == "absent":
        raise NotFound("no such route")
    if call.state.switches.startups == "forbidden":
        raise NotPermitted("This feature is not enabled for your organization.")


def _sort_key(call: Call, sort_by: str, view: StartupView) -> list[Any]:
    value: Any = {
        "OUTCOME": _outcome(call, view) or "",
        "STARTED_AT": _millis(view.started_at),
        "READY_AT": -1 if view.ready_at is None else _millis(view.ready_at),
        "DURATION": _millis(view.duration),
    }[sort_by]
    return [value, _millis(view.started_at), view.deployment_id, view.replica_id]


def _attempts(call: Call, deployment_ids: Sequence[str], *, of_environment: bool) -> Answer:
    start, end, min_duration = _window(call)
    limit = call.integer("limit", low=1, high=_MAX_LIMIT) or _LIMIT
    outcomes, search = call.many("outcomes"), call.one("search")
    phase = call.one("phase")
    if phase is not None:
        call.choice("phase", _PHASES, phase)
    sort_by = call.choice("sort_by", _SORTS, "STARTED_AT")
    direction = call.choice("direction", ("asc", "desc"), "desc")

    def wanted(view: StartupView) -> bool:
        return (
            (not outcomes or _outcome(call, view) in outcomes)
            and (phase is None or any(each.phase == phase and (each.duration is None or each.duration > 0) for each in view.phases))
            and (search is None or view.replica_id == search or search.lower() in view.deployment_name.lower())
        )

    matching = [view for view in _recent(call, deployment_ids, start, end, min_duration) if wanted(view)]
    mark = fingerprint(start, end, min_duration, outcomes, phase, search, sort_by, direction)
    try:
        page, pagination = paginate(
            matching,
            key=lambda view: _sort_key(call, sort_by, view),
            descending=direction == "desc",
            limit=limit,
            cursor=call.one("cursor"),
            mark=mark,
        )
    except BadCursor as error:
        raise call.invalid(str(error)) from None
    items = [_document(call, view, of_environment=of_environment) for view in page]
    return json_answer({"items": items, "pagination": pagination, "total_count": len(matching)})


def _percentiles(durations: Iterable[float]) -> dict[str, int | None]:
    """Nearest-rank percentiles in whole milliseconds; all null without samples."""
    values = sorted(_millis(seconds) for seconds in durations)
    if not values:
        return {"sample_count": 0, "mean_ms": None, "p50_ms": None, "p90_ms": None, "p95_ms": None, "p99_ms": None}

    def at(percent: int) -> int:
        return values[max(0, -(-percent * len(values) // 100) - 1)]

    mean = round(sum(values) / len(values))
    return {"sample_count": len(values), "mean_ms": mean, "p50_ms": at(50), "p90_ms": at(90), "p95_ms": at(95), "p99_ms": at(99)}


def _summary(call: Call, deployment_ids: Sequence[str]) -> Answer:
    start, end, min_duration = _window(call)
    recent = _recent(call, deployment_ids, start, end, min_duration)
    finished = [view for view in recent if view.outcome == "SUCCESS"]
    by_phase = {
        name: [p.duration for view in recent for p in view.phases if p.phase == name and p.duration is not None] for name in _PHASES
    }
    document = {
        "start_epoch_millis": start,
        "end_epoch_millis": end,
        "total_duration_ms": _percentiles(view.duration for view in finished),
        "phase_duration_ms": [{"phase": name, "duration_ms": _percentiles(values)} for name, values in by_phase.items() if values],
    }
    return json_answer(document)


def _of_environment(call: Call) -> list[str]:
    model = call.model()
    environment = call.environment(model)
    return [each.id for each in call.world.deployments(model.id) if each.environment == environment.name]


def deployment_startups(call: Call) -> Answer:
    """``GET …/deployments/{deployment_id}/startups``."""
    _offered(call)
    return _attempts(call, [call.deployment().id], of_environment=False)


def environment_startups(call: Call) -> Answer:
    """``GET …/environments/{env_name}/startups``: attempts of every deployment of the environment."""
    _offered(call)
    return _attempts(call, _of_environment(call), of_environment=True)


def deployment_summary(call: Call) -> Answer:
    """``GET …/deployments/{deployment_id}/startups/summary``: percentiles of whole start-ups (those that succeeded) and of each phase."""
    _offered(call)
    return _summary(call, [call.deployment().id])


def environment_summary(call: Call) -> Answer:
    """``GET …/environments/{env_name}/startups/summary``."""
    _offered(call)
    return _summary(call, _of_environment(call))
