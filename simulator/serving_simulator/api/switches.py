"""What the platform's API leaves undocumented or has changed over time: one switch each, all of them changeable at run time."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

__all__ = ["ApiSwitches"]

_Positive = Annotated[int, Meta(ge=1)]


class ApiSwitches(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Switches of the HTTP side; sections refer to the reference on the API.

    ``feed_unauthorized``: status of ``/metrics`` for a missing or wrong key (c.7: undocumented). ``validation_status``: status of a refused
    request (c.7: 400, perhaps 422). ``august_2026``: whether the fields of that month (``region``, ``request_backpressure_settings``,
    ``autoscaling_schedules``) exist. ``feed_limit``: requests in any 60 s for the organization. ``management_limit``: requests in a second
    for each key and endpoint. ``metrics_query_limit``: requests in a minute to the metrics query API (c.1: far below the documented limit;
    None: as any other endpoint). ``startups``: whether the start-ups API is ``offered``, ``forbidden`` (403) or ``absent`` (404).
    ``open_startups``: how an attempt that is still open is shown; no documented outcome fits, so it has a new value (``in_progress``), is
    called ``stalled`` from the start, or is ``hidden`` until it ends or stalls. ``audit_admin_only``: the workspace-wide log needs a
    PERSONAL key (d.10: in workspaces of several teams only administrators may read it). ``newest_audit_fields``: promotions in the log
    carry the fields of the vendor's SDK 0.13.1, which the published description of August 2026 does not allow.
    """

    feed_unauthorized: Literal[401, 403] = 401
    validation_status: Literal[400, 422] = 400
    august_2026: bool = True
    feed_limit: _Positive = 6
    management_limit: _Positive = 100
    metrics_query_limit: _Positive | None = None
    startups: Literal["offered", "forbidden", "absent"] = "offered"
    open_startups: Literal["in_progress", "stalled", "hidden"] = "in_progress"
    audit_admin_only: bool = False
    newest_audit_fields: bool = False
