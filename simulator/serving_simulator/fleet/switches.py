"""What the documentation of the platform leaves open or contradicts itself on: one switch each, with the default and its reason.

Sections refer to the reference on autoscaling (A) and on the API (B) that the simulator was written from.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from .durations import Seconds

__all__ = ["Measurement", "Switches"]


class Switches(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Contradictions of the documentation.

    ``panic_mode`` (A 1.3, unknown for the platform; off): Knative's short window. ``panic_threshold``: want over ready that starts it.
    ``tick`` (A 1.3, Knative's 2 s). ``scale_up_ratio`` (A 1.3, Knative's 1000: no limit in practice).
    ``step_of`` (A 1.2: both are documented): a scale-down step takes a share of the ``running`` replicas or of the ``surplus`` over the
    minimum.
    ``async_in_load`` (A 1.4: newer pages exclude async requests): whether they count as in-flight load.
    ``parking_timeout`` (A 1.5: 1200 s in tables, 600 s in prose). ``predict_timeout``: the same limit for a running request.
    ``autoscaling_in_rollout`` (A 1.9: current pages continue, earlier ones suspend).
    ``settings_delay`` (A 1.1: changes are asynchronous): from the accepted change to its effect, status UPDATING meanwhile.
    ``gives_up_after`` (A 1.6: seen once at 30 min; None: keeps waiting): a first deploy without hardware becomes INACTIVE.
    ``unattached_labels`` (B b.1): ``environment`` and ``rollout_phase`` of a deployment in no environment are ``empty`` or ``absent``.
    ``environment_labels`` (B b.4): False leaves both labels away everywhere.
    ``async_families`` (B b.2: only deployments used asynchronously): ``used`` or ``all``.
    ``series_at_zero`` (A 7.4): series of a deployment without replicas ``vanish`` after up to 5 min or ``stay`` at 0.
    ``restart_counter`` (A 7.4): ``live`` sums the pods that exist, so it can fall; ``monotonic`` never does.
    ``pod_health`` (B b.2: behind a feature flag): restart counter and pod readiness are exported.
    ``pod_label`` (B g: the name is not known): the label with the hashed pod of BIS-LLM families.
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
