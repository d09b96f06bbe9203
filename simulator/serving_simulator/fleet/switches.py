"""What the documentation of the platform leaves open or contradicts itself on: one switch each, with the default and its reason.

Sections refer to the reference on autoscaling (A) and on the API (B) that the simulator was written from.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from serving_simulator.fleet.durations import Seconds

__all__ = ["Measurement", "Switches"]


class Switches(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Contradictions of the documentation.

    ``panic_mode``: Knative's short window for sudden load (A 1.3: unknown for the platform). ``panic_threshold``: replicas wanted over
    replicas ready that start it. ``tick``: seconds between two decisions of the autoscaler (A 1.3: Knative's value).
    ``scale_up_ratio``: most growth in one decision (A 1.3: Knative's value, no limit in practice).
    ``step_of``: a scale-down step takes a share of the ``running`` replicas or of the ``surplus`` over the minimum (A 1.2: both are
    documented). ``async_in_load``: whether async requests count as in-flight load (A 1.4: newer pages exclude them).
    ``parking_timeout``: seconds that a request may wait for a replica (A 1.5: 1200 in tables, 600 in prose). ``predict_timeout``: the
    same limit for a running request. ``autoscaling_in_rollout``: whether scaling goes on during a rolling promotion (A 1.9: current pages
    continue, earlier ones suspend). ``settings_delay``: seconds from an accepted change of settings to its effect, with status UPDATING
    meanwhile (A 1.1: changes are asynchronous). ``gives_up_after``: a first deploy that has found no hardware for so long becomes
    INACTIVE; null keeps waiting (A 1.6: seen once, at 30 min). ``unattached_labels``: labels ``environment`` and ``rollout_phase`` of a
    deployment in no environment are ``empty`` or ``absent`` (B b.1: both are documented). ``environment_labels``: false leaves both labels
    away everywhere (B b.4). ``async_families``: which deployments have the async families, those that are ``used``
    asynchronously or ``all`` (B b.2). ``series_at_zero``: series of a deployment without replicas ``vanish`` after up to 5 min or ``stay``
    at 0 (A 7.4). ``restart_counter``: ``live`` sums the pods that exist, so it can fall; ``monotonic`` never does (A 7.4).
    ``pod_health``: whether restart counter and pod readiness are exported (B b.2: behind a feature flag). ``chainlet_series``:
    measurements of chainlets are ``absent``, so that every ``deployment_id`` of the feed is one that the inventory knows, or ``present``
    with ``chain.chainlet`` for a model name (B g: how chainlets appear is not documented). ``pod_label``: the label with the hashed pod of
    BIS-LLM families (B g: its name is not documented).
    """

    panic_mode: bool = False
    panic_threshold: float = 2.0
    tick: Annotated[int, Meta(ge=1, le=60)] = 2
    scale_up_ratio: Annotated[float, Meta(gt=1)] = 1000.0
    step_of: Literal["running", "surplus"] = "running"
    async_in_load: bool = False
    parking_timeout: Annotated[int, Meta(ge=10, le=3600)] = 1200
    predict_timeout: Annotated[int, Meta(ge=10, le=3600)] = 1200
    autoscaling_in_rollout: bool = True
    settings_delay: Seconds = Seconds(10)
    gives_up_after: Seconds | None = None
    unattached_labels: Literal["empty", "absent"] = "empty"
    environment_labels: bool = True
    async_families: Literal["used", "all"] = "used"
    series_at_zero: Literal["vanish", "stay"] = "vanish"
    restart_counter: Literal["live", "monotonic"] = "live"
    pod_health: bool = True
    chainlet_series: Literal["present", "absent"] = "absent"
    pod_label: str = "pod"


class Measurement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the export page is made: rebuilt each ``refresh``, showing the world as it was ``lag_min`` to ``lag_max`` earlier.

    ``history`` is how far back the metrics query API can see. ``flush`` is how often finished requests are sorted into histogram buckets:
    requests of one flush share their mean wait, so a longer one is cheaper and coarser.
    """

    refresh: Annotated[int, Meta(ge=5, le=600)] = 30
    lag_min: Annotated[int, Meta(ge=0, le=600)] = 15
    lag_max: Annotated[int, Meta(ge=0, le=600)] = 60
    history: Seconds = Seconds(6 * 3600)
    flush: Annotated[int, Meta(ge=1, le=60)] = 10
