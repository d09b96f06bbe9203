"""The audit log of the workspace, of a model and of a chain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from serving_simulator.api.call import Answer, Call, json_answer, timestamp
from serving_simulator.api.errors import NotPermitted
from serving_simulator.api.pagination import BadCursor, fingerprint, paginate
from serving_simulator.views import AuditEventView

__all__ = ["GROUPS", "chain_log", "model_log", "workspace_log"]

_LIMIT, _MAX_LIMIT = 20, 200
_SOURCES = ("UI", "API", "MCP", "SYSTEM", "OTHER")

GROUPS: dict[str, tuple[str, ...]] = {
    "DEPLOYED": ("MODEL_DEPLOYED", "CHAIN_DEPLOYED"),
    "PROMOTED": ("MODEL_DEPLOYMENT_PROMOTED", "CHAIN_DEPLOYMENT_PROMOTED", "MODEL_PROMOTION_CONTROL_ACTION"),
    "ACTIVATED_DEACTIVATED": (
        "MODEL_DEPLOYMENT_ACTIVATED",
        "MODEL_DEPLOYMENT_DEACTIVATED",
        "CHAIN_DEPLOYMENT_ACTIVATED",
        "CHAIN_DEPLOYMENT_DEACTIVATED",
    ),
    "AUTOSCALING_SETTINGS": ("MODEL_DEPLOYMENT_AUTOSCALING_SETTINGS_CHANGED", "CHAINLET_AUTOSCALING_SETTINGS_CHANGED"),
    "REQUEST_BACKPRESSURE_SETTINGS": ("MODEL_DEPLOYMENT_REQUEST_BACKPRESSURE_SETTINGS_CHANGED",),
    "INSTANCE_TYPE_CHANGED": ("MODEL_DEPLOYMENT_INSTANCE_TYPE_CHANGED", "CHAINLET_INSTANCE_TYPE_CHANGED"),
    "ENVIRONMENT_SETTINGS": (
        "ENVIRONMENT_CREATED",
        "ENVIRONMENT_UPDATED",
        "ENVIRONMENT_DELETED",
        "CHAIN_ENVIRONMENT_CREATED",
        "CHAIN_ENVIRONMENT_UPDATED",
    ),
    "REPLICA_TERMINATED": ("REPLICA_TERMINATED",),
    "DELETED": ("MODEL_DEPLOYMENT_DELETED", "MODEL_DELETED", "CHAIN_DEPLOYMENT_DELETED", "CHAIN_DELETED"),
    "METADATA": (),
    "SECRETS": (),
    "API_KEYS": (),
    "GATEWAY": (),
    "CODE": (),
    "WEBHOOK_SIGNING_SECRETS": (),
    "USER_MANAGEMENT": (),
    "DIRECTORY_GROUP_MANAGEMENT": (),
    "SSH": (),
}
# Fields that the published description of an event requires and that are null unless the event has something to say.
_NULLABLE: dict[str, tuple[str, ...]] = {
    "MODEL_DEPLOYED": ("environment_name",),
    "MODEL_DEPLOYMENT_AUTOSCALING_SETTINGS_CHANGED": ("schedules", "deployment_type", "previous_settings"),
    "MODEL_DEPLOYMENT_PROMOTED": ("environment_name", "environment_id"),
}
# What the vendor's SDK requires beyond that; the description allows no other fields, so one of the two cannot be satisfied.
_NEWEST: dict[str, tuple[str, ...]] = {
    "MODEL_DEPLOYMENT_PROMOTED": (
        "region_update",
        "instance_type_id_update",
        "promotion_settings_override",
        "autoscaling_settings_update",
        "request_backpressure_settings_update",
        "autoscaling_schedule_settings_update",
    ),
}


def _document(call: Call, event: AuditEventView) -> dict[str, Any]:
    data = {**dict.fromkeys(_NULLABLE.get(event.event_type, ())), **event.data, "event_type": event.event_type}
    newest = _NEWEST.get(event.event_type, ())
    if call.state.switches.newest_audit_fields:
        data = {**dict.fromkeys(newest), **data}
    else:
        data = {name: value for name, value in data.items() if name not in newest}
    email = call.organization.user_email if event.actor_type == "USER" else None
    return {
        "id": event.id,
        "created": timestamp(event.created),
        "event_type": event.event_type,
        "event_data": data,
        "source": event.source,
        "actor": {"type": event.actor_type, "email": email, "api_key_prefix": None, "api_key_name": None},
        "client_name": None,
        "client_version": None,
        "client_session_id": None,
    }


def _filters(call: Call) -> Iterator[Callable[[AuditEventView], bool]]:
    """Yield the conditions that the query asks for."""
    groups = call.many("event_type_groups")
    if groups:
        unknown = [group for group in groups if group not in GROUPS]
        if unknown:
            raise call.invalid(f"event_type_groups: found {unknown[0][:40]!r}, allowed: {', '.join(GROUPS)}")
        types = {name for group in groups for name in GROUPS[group]}
        yield lambda event: event.event_type in types
    sources = call.many("sources")
    if sources:
        unknown = [source for source in sources if source not in _SOURCES]
        if unknown:
            raise call.invalid(f"sources: found {unknown[0][:40]!r}, allowed: {', '.join(_SOURCES)}")
        yield lambda event: event.source in sources
    for parameter, name in (
        ("deployment_ids", "deployment_id"),
        ("chain_deployment_ids", "chain_deployment_id"),
        ("environment_names", "environment_name"),
        ("user_ids", "user_id"),
    ):
        wanted = frozenset(call.many(parameter))
        if wanted:
            yield lambda event, name=name, wanted=wanted: event.data.get(name) in wanted  # type: ignore[misc]
    search = (call.one("search") or "").lower()
    if search:
        yield lambda event: any(isinstance(value, str) and search in value.lower() for value in event.data.values())
    start, end = call.integer("start_epoch_millis"), call.integer("end_epoch_millis")
    if start is not None and end is not None and end < start:
        raise call.invalid("end_epoch_millis must not be before start_epoch_millis")
    if start is not None:
        yield lambda event: event.created * 1000 >= start
    if end is not None:
        yield lambda event: event.created * 1000 <= end


def _log(call: Call, scope: Callable[[AuditEventView], bool]) -> Answer:
    limit = call.integer("limit", low=1, high=_MAX_LIMIT) or _LIMIT
    direction = call.choice("direction", ("DESC", "ASC"), "DESC")
    conditions = [scope, *_filters(call)]
    names = ("event_type_groups", "user_ids", "deployment_ids", "chain_deployment_ids", "environment_names", "sources")
    ones = ("search", "start_epoch_millis", "end_epoch_millis")
    mark = fingerprint([call.many(name) for name in names], [call.one(name) for name in ones], dict(call.params))
    events = [event for event in call.world.audit_events() if all(condition(event) for condition in conditions)]
    try:
        page, pagination = paginate(
            events,
            key=lambda event: [event.created, event.id],
            descending=direction == "DESC",
            limit=limit,
            cursor=call.one("cursor"),
            mark=mark,
        )
    except BadCursor as error:
        raise call.invalid(str(error)) from None
    return json_answer({"items": [_document(call, event) for event in page], "pagination": pagination})


def workspace_log(call: Call) -> Answer:
    """``GET /v1/audit_logs``."""
    if call.state.switches.audit_admin_only and (call.key is None or call.key.type != "PERSONAL"):
        raise NotPermitted("Only organization admins can read the workspace audit log.")
    return _log(call, lambda _: True)


def model_log(call: Call) -> Answer:
    """``GET /v1/models/{model_id}/audit_logs``."""
    wanted = call.model().id
    return _log(call, lambda event: event.data.get("model_id") == wanted)


def chain_log(call: Call) -> Answer:
    """``GET /v1/chains/{chain_id}/audit_logs``."""
    wanted = call.chain().id
    return _log(call, lambda event: event.data.get("chain_id") == wanted)
