"""What Baseten's APIs answer, as typed records.

Only fields that become samples or decisions are declared; unknown fields are ignored and enums stay open strings, because both grow. Only
identifiers are required: a field that an older server does not send and one that is null both leave their sample out, so both are None
here. A missing *list* is another matter, see ``reading``. Records are immutable and comparable: a unit renders again only when its records
differ.
"""

from __future__ import annotations

import msgspec

__all__ = [
    "AppliedSchedule",
    "AsyncQueue",
    "AuditEvent",
    "AutoscalingSettings",
    "Backpressure",
    "Chain",
    "ChainDeployment",
    "Chainlet",
    "Deployment",
    "Environment",
    "InstanceType",
    "Model",
    "Number",
    "PricedInstanceType",
    "Promotion",
    "Region",
    "Schedule",
    "Schedules",
    "StartupAttempt",
    "StartupPercentiles",
    "StartupPhase",
    "StartupPhasePercentiles",
    "StartupSummary",
]

Number = int | float


class AutoscalingSettings(msgspec.Struct, frozen=True):
    """``autoscaling_settings``, in the API's units: replicas, seconds, percent, tokens."""

    min_replica: Number | None = None
    max_replica: Number | None = None
    autoscaling_window: Number | None = None
    scale_down_delay: Number | None = None
    concurrency_target: Number | None = None
    target_utilization_percentage: Number | None = None
    target_in_flight_tokens: Number | None = None
    max_scale_down_rate: Number | None = None


class Region(msgspec.Struct, frozen=True):
    """Where a deployment was asked to run."""

    slug: str | None = None


class Backpressure(msgspec.Struct, frozen=True):
    """``request_backpressure_settings``; servers before August 2026 do not send it."""

    policy: str | None = None


class Model(msgspec.Struct, frozen=True):
    """One entry of ``GET /v1/models``."""

    id: str
    name: str | None = None
    team_name: str | None = None
    deployments_count: int | None = None
    production_deployment_id: str | None = None
    development_deployment_id: str | None = None
    instance_type_name: str | None = None


class Deployment(msgspec.Struct, frozen=True):
    """One deployment. ``autoscaling_settings`` is null until its first deploy has finished."""

    id: str
    name: str | None = None
    created_at: str | None = None
    is_production: bool | None = None
    is_development: bool | None = None
    status: str | None = None
    active_replica_count: Number | None = None
    autoscaling_settings: AutoscalingSettings | None = None
    instance_type_name: str | None = None
    environment: str | None = None
    region: Region | None = None
    request_backpressure_settings: Backpressure | None = None


class Promotion(msgspec.Struct, frozen=True):
    """``in_progress_promotion`` of an environment."""

    status: str | None = None
    percent_traffic_to_new_version: Number | None = None


class Schedule(msgspec.Struct, frozen=True):
    """An autoscaling schedule; only its name is of use here, the settings in force are in ``applied_state``."""

    id: str | None = None
    name: str | None = None


class AppliedSchedule(msgspec.Struct, frozen=True):
    """What is in force on the serving deployment. ``schedule_id`` null means that the baseline applies."""

    schedule_id: str | None = None
    autoscaling_settings: AutoscalingSettings | None = None


class Schedules(msgspec.Struct, frozen=True):
    """``autoscaling_schedules`` of an environment; ``applied_state`` is null where no deployment serves."""

    schedules: list[Schedule] | None = None
    applied_state: AppliedSchedule | None = None


class Environment(msgspec.Struct, frozen=True):
    """One environment with its current and candidate deployment embedded. ``autoscaling_settings`` is the baseline."""

    name: str
    current_deployment: Deployment | None = None
    candidate_deployment: Deployment | None = None
    in_progress_promotion: Promotion | None = None
    autoscaling_settings: AutoscalingSettings | None = None
    autoscaling_schedules: Schedules | None = None


class InstanceType(msgspec.Struct, frozen=True):
    """The machine of one replica."""

    id: str
    name: str | None = None
    memory_limit_mib: Number | None = None
    millicpu_limit: Number | None = None
    gpu_count: Number | None = None
    gpu_memory_limit_mib: Number | None = None


class PricedInstanceType(msgspec.Struct, frozen=True):
    """An instance type and its price in US dollars per minute."""

    instance_type: InstanceType
    price: Number | str | None = None


class Chain(msgspec.Struct, frozen=True):
    """One entry of ``GET /v1/chains``."""

    id: str
    name: str | None = None
    team_name: str | None = None


class Chainlet(msgspec.Struct, frozen=True):
    """One chainlet of a chain deployment."""

    name: str
    id: str | None = None
    status: str | None = None
    active_replica_count: Number | None = None
    autoscaling_settings: AutoscalingSettings | None = None
    instance_type_name: str | None = None


class ChainDeployment(msgspec.Struct, frozen=True):
    """One deployment of a chain."""

    id: str
    chainlets: list[msgspec.Raw]
    environment: str | None = None


class AsyncQueue(msgspec.Struct, frozen=True):
    """The async queue of one deployment."""

    num_queued_requests: Number | None = None
    num_in_progress_requests: Number | None = None


class StartupPhase(msgspec.Struct, frozen=True):
    """One phase of a start-up, milliseconds; ``duration_ms`` is null while it is unfinished, and 0 is real."""

    phase: str
    status: str | None = None
    duration_ms: Number | None = None


class StartupAttempt(msgspec.Struct, frozen=True):
    """One start of one replica."""

    started_at_epoch_millis: int
    replica_id: str | None = None
    ready_at_epoch_millis: int | None = None
    duration_ms: Number | None = None
    outcome: str | None = None
    phase_summary: list[StartupPhase] | None = None


class StartupPercentiles(msgspec.Struct, frozen=True):
    """A distribution in milliseconds; percentiles are null where there were no samples."""

    p50_ms: Number | None = None
    p90_ms: Number | None = None


class StartupPhasePercentiles(msgspec.Struct, frozen=True):
    """The distribution of one phase."""

    phase: str
    duration_ms: StartupPercentiles


class StartupSummary(msgspec.Struct, frozen=True):
    """Percentiles of whole start-ups and of each phase."""

    total_duration_ms: StartupPercentiles | None = None
    phase_duration_ms: list[StartupPhasePercentiles] | None = None


class _EventData(msgspec.Struct, frozen=True):
    """What an audit event is about. Entries also hold e-mail addresses of people: they are never read."""

    model_id: str | None = None
    model_name: str | None = None
    deployment_id: str | None = None


class AuditEvent(msgspec.Struct, frozen=True):
    """One entry of the audit log."""

    id: str
    created: str
    event_type: str | None = None
    event_data: _EventData | None = None
