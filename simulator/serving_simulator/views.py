"""What the simulated world shows: plain immutable views, the contract between the engine and the emulated HTTP API.

Times are Unix seconds (float) of the simulated clock; the API turns them into the platform's spellings. None means that the platform would
send null.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "AsyncQueueView",
    "AuditEventView",
    "AutoscalingSettings",
    "ChainDeploymentView",
    "ChainView",
    "ChainletView",
    "DeploymentView",
    "EnvironmentView",
    "FeedFamily",
    "FeedPage",
    "HistoryWindow",
    "ModelView",
    "PhaseView",
    "PromotionView",
    "StartupView",
    "UsageView",
]


@dataclass(frozen=True, slots=True)
class AutoscalingSettings:
    """The platform's autoscaling settings, in its own units: seconds, percent, replicas. Defaults are the platform's."""

    min_replica: int = 0
    max_replica: int = 1
    autoscaling_window: int = 60
    scale_down_delay: int = 900
    concurrency_target: int = 1
    target_utilization_percentage: int = 70
    target_in_flight_tokens: int | None = None
    max_scale_down_rate: int | None = None


@dataclass(frozen=True, slots=True)
class ModelView:
    """One model."""

    id: str
    name: str
    created_at: float
    team_name: str
    deployments_count: int
    production_deployment_id: str | None
    development_deployment_id: str | None
    instance_type_name: str


@dataclass(frozen=True, slots=True)
class DeploymentView:
    """One deployment. ``autoscaling_settings`` is None until its first deploy has finished."""

    id: str
    name: str
    model_id: str
    created_at: float
    is_production: bool
    is_development: bool
    status: str
    active_replica_count: int
    autoscaling_settings: AutoscalingSettings | None
    instance_type_name: str | None
    environment: str | None
    labels: Mapping[str, Any] | None
    region: str | None
    backpressure_policy: str | None


@dataclass(frozen=True, slots=True)
class PromotionView:
    """A promotion in progress (or just ended)."""

    status: str
    percent_traffic_to_new_version: int
    error_message: str | None
    rolling_deploy: bool


@dataclass(frozen=True, slots=True)
class EnvironmentView:
    """One environment. ``schedules`` are in the platform's own JSON shape; ``applied_*`` is what is in force."""

    name: str
    model_id: str
    created_at: float
    current_deployment_id: str | None
    candidate_deployment_id: str | None
    promotion: PromotionView | None
    autoscaling_settings: AutoscalingSettings
    instance_type_name: str
    backpressure_policy: str | None
    promotion_settings: Mapping[str, Any] = field(default_factory=dict)
    schedule_timezone: str | None = None
    schedules: tuple[Mapping[str, Any], ...] = ()
    applied_schedule_id: str | None = None
    applied_settings: AutoscalingSettings | None = None


@dataclass(frozen=True, slots=True)
class ChainView:
    """One chain."""

    id: str
    name: str
    created_at: float
    team_name: str
    deployments_count: int


@dataclass(frozen=True, slots=True)
class ChainletView:
    """One chainlet of a chain deployment."""

    id: str
    name: str
    autoscaling_settings: AutoscalingSettings | None
    instance_type_name: str
    active_replica_count: int
    status: str


@dataclass(frozen=True, slots=True)
class ChainDeploymentView:
    """One deployment of a chain."""

    id: str
    chain_id: str
    created_at: float
    environment: str | None
    status: str
    chainlets: tuple[ChainletView, ...]


@dataclass(frozen=True, slots=True)
class AsyncQueueView:
    """The async queue of one deployment."""

    model_id: str
    deployment_id: str
    queued: int
    in_progress: int


@dataclass(frozen=True, slots=True)
class PhaseView:
    """One phase of a start-up. ``duration`` in seconds, None while unfinished; ``status`` COMPLETED, FAILED or None while unfinished."""

    phase: str
    status: str | None
    offset: float
    duration: float | None


@dataclass(frozen=True, slots=True)
class StartupView:
    """One start of one replica. ``outcome`` SUCCESS, FAILED, STALLED, or None while it is open and not yet stalled."""

    model_id: str
    deployment_id: str
    deployment_name: str
    environment: str | None
    replica_id: str
    started_at: float
    ready_at: float | None
    duration: float
    outcome: str | None
    phases: tuple[PhaseView, ...]


@dataclass(frozen=True, slots=True)
class AuditEventView:
    """One entry of the audit log. ``data`` is the platform's event_data without ``event_type``."""

    id: str
    created: float
    event_type: str
    data: Mapping[str, Any]
    source: str | None = "SYSTEM"
    actor_type: str = "BASETEN_SYSTEM"


@dataclass(frozen=True, slots=True)
class UsageView:
    """Billed use of one deployment (or chainlet) on one UTC day."""

    resource_id: str
    kind: str
    name: str
    model_name: str | None
    instance_type: str | None
    environment: str | None
    date: str
    minutes: int
    dollars: float
    inference_requests: int


@dataclass(frozen=True, slots=True)
class FeedFamily:
    """One family of the export page: samples are (name suffix, label pairs in order, value); the suffix is empty but for histograms."""

    name: str
    type: str
    help: str
    samples: tuple[tuple[str, tuple[tuple[str, str], ...], float], ...]


@dataclass(frozen=True, slots=True)
class FeedPage:
    """The export page in force: built every 30 s, describing the instant ``observed_at`` (its lag before it was shown is included)."""

    observed_at: float
    built_at: float
    families: tuple[FeedFamily, ...]


@dataclass(frozen=True, slots=True)
class HistoryWindow:
    """What one deployment did over a window, for the metrics query API.

    ``times`` are the sample instants (every 30 s, oldest first, Unix seconds). ``gauges[name][i]`` is the value at ``times[i]``;
    ``counters[name][label_value][i]`` is the cumulative count (label_value is the status code, or "" for unlabelled counters);
    ``histograms[name]`` is (upper bounds without +Inf, cumulative-in-time count per bucket [i][bucket] with +Inf last, cumulative sum [i]).
    A name is absent when the deployment has no such metric.
    """

    times: tuple[float, ...]
    gauges: Mapping[str, tuple[float, ...]]
    counters: Mapping[str, Mapping[str, tuple[float, ...]]]
    histograms: Mapping[str, tuple[tuple[float, ...], tuple[tuple[float, ...], ...], tuple[float, ...]]]
