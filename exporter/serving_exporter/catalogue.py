"""Every metric that this project adds: the only place where their names are written.

Rules, dashboards and the metrics page of the documentation are generated from here. The native families of a platform's own feed are not
listed: they pass through under the platform's names.

A platform metric always starts with the key labels of its scope (``Scope``), so numeric series survive promotions and renames; words live
in the info metrics. The label ``workspace`` is put in front of every series when the page is rendered and is therefore not repeated here.
Units are base units (seconds, bytes, cores, ratios from 0 to 1) and stand in the name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

__all__ = ["CATALOGUE", "Metric", "MetricType", "Scope", "platform_metrics", "self_metrics"]


class MetricType(Enum):
    """The types that both text formats share."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


class Scope(Enum):
    """What one series describes; the value is the tuple of key labels that identify it."""

    DEPLOYMENT = ("model_id", "deployment_id")
    ENVIRONMENT = ("model_id", "environment")
    CHAINLET = ("chain_id", "chain_deployment_id", "chainlet")
    WORKSPACE = ()
    SOURCE = ("workspace", "source")
    PROCESS = None


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric family.

    ``name`` is the family's name as written in queries (counters with ``_total``). ``labels`` are all label names in order, the key labels
    of the scope first. ``source`` names the source (design: feed, inventory, queues, …) that the values come from; ``help`` names the API
    field. ``buckets`` are the upper bounds of a histogram, without +Inf.
    """

    name: str
    type: MetricType
    scope: Scope
    help: str
    source: str
    extra_labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """All label names in the order of the label values, without ``workspace``."""
        return (self.scope.value or ()) + self.extra_labels

    @property
    def is_platform(self) -> bool:
        """Whether it describes the platform; the others describe the exporter itself."""
        return self.scope not in (Scope.SOURCE, Scope.PROCESS)


CATALOGUE: dict[str, Metric] = {}


def _metric(
    name: str,
    metric_type: MetricType,
    scope: Scope,
    source: str,
    help_text: str,
    *extra_labels: str,
    buckets: tuple[float, ...] = (),
) -> Metric:
    metric = Metric(name, metric_type, scope, help_text, source, extra_labels, buckets)
    if CATALOGUE.setdefault(name, metric) is not metric:
        raise ValueError(f"metric {name} is defined twice")
    return metric


def platform_metrics() -> Iterator[Metric]:
    """Yield the metrics that describe the platform, in the order in which a page shows them."""
    return (metric for metric in CATALOGUE.values() if metric.is_platform)


def self_metrics() -> Iterator[Metric]:
    """Yield the metrics that describe the exporter itself."""
    return (metric for metric in CATALOGUE.values() if not metric.is_platform)


_GAUGE, _COUNTER, _HISTOGRAM = MetricType.GAUGE, MetricType.COUNTER, MetricType.HISTOGRAM
_DEPLOYMENT, _ENVIRONMENT, _CHAINLET, _WORKSPACE = Scope.DEPLOYMENT, Scope.ENVIRONMENT, Scope.CHAINLET, Scope.WORKSPACE
_SOURCE, _PROCESS = Scope.SOURCE, Scope.PROCESS

# A start takes seconds (a warm node) to half an hour (no hardware); the middle of the range is where advice about min_replica turns.
_STARTUP_BUCKETS = (
    1.0,
    2.5,
    5.0,
    10.0,
    20.0,
    30.0,
    45.0,
    60.0,
    90.0,
    120.0,
    180.0,
    240.0,
    300.0,
    420.0,
    600.0,
    900.0,
    1200.0,
    1800.0,
    3600.0,
)
_POLL_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)

# --- deployments -----------------------------------------------------------------------------------------------------------------------

DEPLOYMENT_INFO = _metric(
    "baseten_deployment_info", _GAUGE, _DEPLOYMENT, "inventory",
    "Words about a deployment, always 1; join on model_id and deployment_id. Polled from the deployment and its model.",
    "model_name", "deployment_name", "environment", "instance_type", "team", "region", "is_production", "is_development", "backpressure",
)  # fmt: skip
DEPLOYMENT_STATUS = _metric(
    "baseten_deployment_status", _GAUGE, _DEPLOYMENT, "inventory",
    "Status of a deployment (field status): 1 for the current status. Only the current one is present unless full_state_sets is on.",
    "status",
)  # fmt: skip
DEPLOYMENT_STATUS_SINCE = _metric(
    "baseten_deployment_status_since_timestamp_seconds", _GAUGE, _DEPLOYMENT, "inventory",
    "When the exporter first saw the current status, as Unix time; kept over restarts in the state file.",
)  # fmt: skip
DEPLOYMENT_CREATED = _metric(
    "baseten_deployment_created_timestamp_seconds", _GAUGE, _DEPLOYMENT, "inventory",
    "When the deployment was created (field created_at), as Unix time.",
)  # fmt: skip
DEPLOYMENT_ACTIVE_REPLICAS = _metric(
    "baseten_deployment_active_replicas", _GAUGE, _DEPLOYMENT, "inventory",
    "Active replicas as the management API counts them (field active_replica_count): the second witness beside baseten_replicas_active.",
)  # fmt: skip
DEPLOYMENT_MIN_REPLICAS = _metric(
    "baseten_deployment_min_replicas", _GAUGE, _DEPLOYMENT, "inventory",
    "Floor of the autoscaler (autoscaling_settings.min_replica); 0 allows scale to zero.",
)  # fmt: skip
DEPLOYMENT_MAX_REPLICAS = _metric(
    "baseten_deployment_max_replicas", _GAUGE, _DEPLOYMENT, "inventory",
    "Ceiling of the autoscaler (autoscaling_settings.max_replica).",
)  # fmt: skip
DEPLOYMENT_CONCURRENCY_TARGET = _metric(
    "baseten_deployment_concurrency_target", _GAUGE, _DEPLOYMENT, "inventory",
    "Simultaneous requests given to one replica (autoscaling_settings.concurrency_target).",
)  # fmt: skip
DEPLOYMENT_TARGET_UTILIZATION = _metric(
    "baseten_deployment_target_utilization_ratio", _GAUGE, _DEPLOYMENT, "inventory",
    "Share of the concurrency target at which scaling starts, 0 to 1 (autoscaling_settings.target_utilization_percentage / 100).",
)  # fmt: skip
DEPLOYMENT_AUTOSCALING_WINDOW = _metric(
    "baseten_deployment_autoscaling_window_seconds", _GAUGE, _DEPLOYMENT, "inventory",
    "Window over which the autoscaler averages load (autoscaling_settings.autoscaling_window).",
)  # fmt: skip
DEPLOYMENT_SCALE_DOWN_DELAY = _metric(
    "baseten_deployment_scale_down_delay_seconds", _GAUGE, _DEPLOYMENT, "inventory",
    "How long load must stay low before each removal of replicas (autoscaling_settings.scale_down_delay).",
)  # fmt: skip
DEPLOYMENT_MAX_SCALE_DOWN = _metric(
    "baseten_deployment_max_scale_down_ratio", _GAUGE, _DEPLOYMENT, "inventory",
    "Share of the running replicas that one step may remove, 0 to 1 (autoscaling_settings.max_scale_down_rate / 100); absent when unset.",
)  # fmt: skip
DEPLOYMENT_TARGET_IN_FLIGHT_TOKENS = _metric(
    "baseten_deployment_target_in_flight_tokens", _GAUGE, _DEPLOYMENT, "inventory",
    "Tokens in flight for which one replica is planned (autoscaling_settings.target_in_flight_tokens); BIS-LLM deployments only.",
)  # fmt: skip
DEPLOYMENT_DESIRED_REPLICAS = _metric(
    "baseten_deployment_desired_replicas", _GAUGE, _DEPLOYMENT, "derived",
    "Replicas that the documented autoscaler formula asks for, from this exporter's samples over the deployment's own autoscaling window.",
)  # fmt: skip
DEPLOYMENT_MEMORY_LIMIT = _metric(
    "baseten_deployment_memory_limit_bytes", _GAUGE, _DEPLOYMENT, "prices",
    "Memory of one replica's instance type (memory_limit_mib).",
)  # fmt: skip
DEPLOYMENT_GPU_MEMORY_LIMIT = _metric(
    "baseten_deployment_gpu_memory_limit_bytes", _GAUGE, _DEPLOYMENT, "prices",
    "GPU memory of one replica's instance type as the API gives it (gpu_memory_limit_mib); per GPU or per instance is not documented.",
)  # fmt: skip
DEPLOYMENT_CPU_LIMIT = _metric(
    "baseten_deployment_cpu_limit_cores", _GAUGE, _DEPLOYMENT, "prices",
    "CPU of one replica's instance type (millicpu_limit / 1000).",
)  # fmt: skip
DEPLOYMENT_GPUS = _metric(
    "baseten_deployment_gpus", _GAUGE, _DEPLOYMENT, "prices",
    "GPUs of one replica's instance type (gpu_count).",
)  # fmt: skip
DEPLOYMENT_PRICE = _metric(
    "baseten_deployment_replica_price_dollars_per_hour", _GAUGE, _DEPLOYMENT, "prices",
    "List price of one replica (price of the instance type, US dollars per minute, times 60); absent unless the type matches exactly.",
)  # fmt: skip

# --- queues ----------------------------------------------------------------------------------------------------------------------------

ASYNC_QUEUED = _metric(
    "baseten_async_requests_queued", _GAUGE, _DEPLOYMENT, "queues",
    "Async requests waiting (async_queue_status.num_queued_requests), a live count beside the sampled baseten_async_queue_size.",
)  # fmt: skip
ASYNC_IN_PROGRESS = _metric(
    "baseten_async_requests_in_progress", _GAUGE, _DEPLOYMENT, "queues",
    "Async requests being worked on (async_queue_status.num_in_progress_requests).",
)  # fmt: skip

# --- start-ups -------------------------------------------------------------------------------------------------------------------------

STARTUPS_TOTAL = _metric(
    "baseten_replica_startups_total", _COUNTER, _DEPLOYMENT, "startups",
    "Finished replica start-ups by outcome, counted from the start-ups API.",
    "outcome",
)  # fmt: skip
STARTUP_SECONDS = _metric(
    "baseten_replica_startup_seconds", _HISTOGRAM, _DEPLOYMENT, "startups",
    "Duration of finished start-ups: phase total for successful attempts as a whole, then each completed phase.",
    "phase",
    buckets=_STARTUP_BUCKETS,
)  # fmt: skip
REPLICAS_STARTING_IN_PHASE = _metric(
    "baseten_replicas_starting_in_phase", _GAUGE, _DEPLOYMENT, "startups",
    "Replicas whose start-up is still open, by the phase they are in.",
    "phase",
)  # fmt: skip
STARTUP_P50 = _metric(
    "baseten_replica_startup_p50_seconds", _GAUGE, _DEPLOYMENT, "startups",
    "Median start-up over the last day by phase, from the start-ups summary, refreshed hourly; known at once after a restart.",
    "phase",
)  # fmt: skip
STARTUP_P90 = _metric(
    "baseten_replica_startup_p90_seconds", _GAUGE, _DEPLOYMENT, "startups",
    "Start-up that nine in ten did not exceed over the last day, by phase, from the start-ups summary, refreshed hourly.",
    "phase",
)  # fmt: skip

# --- environments ----------------------------------------------------------------------------------------------------------------------

ENVIRONMENT_INFO = _metric(
    "baseten_environment_info", _GAUGE, _ENVIRONMENT, "inventory",
    "Words about an environment, always 1: its current and candidate deployment and the autoscaling schedule that applies.",
    "deployment_id", "candidate_deployment_id", "schedule",
)  # fmt: skip
ENVIRONMENT_MIN_REPLICAS = _metric(
    "baseten_environment_min_replicas", _GAUGE, _ENVIRONMENT, "inventory",
    "Effective floor of an environment: the applied schedule's when one applies, else the environment's own.",
)  # fmt: skip
ENVIRONMENT_MAX_REPLICAS = _metric(
    "baseten_environment_max_replicas", _GAUGE, _ENVIRONMENT, "inventory",
    "Effective ceiling of an environment: the applied schedule's when one applies, else the environment's own.",
)  # fmt: skip
ENVIRONMENT_PROMOTION_STATUS = _metric(
    "baseten_environment_promotion_status", _GAUGE, _ENVIRONMENT, "inventory",
    "Status of the promotion in progress (in_progress_promotion.status): 1 for the current one; absent when none is in progress.",
    "status",
)  # fmt: skip
ENVIRONMENT_PROMOTION_TRAFFIC = _metric(
    "baseten_environment_promotion_traffic_ratio", _GAUGE, _ENVIRONMENT, "inventory",
    "Share of traffic on the candidate, 0 to 1 (in_progress_promotion.percent_traffic_to_new_version / 100).",
)  # fmt: skip

# --- chains ----------------------------------------------------------------------------------------------------------------------------

CHAINLET_INFO = _metric(
    "baseten_chainlet_info", _GAUGE, _CHAINLET, "chains",
    "Words about a chainlet, always 1.",
    "chain_name", "chainlet_id", "environment", "instance_type", "team",
)  # fmt: skip
CHAINLET_STATUS = _metric(
    "baseten_chainlet_status", _GAUGE, _CHAINLET, "chains",
    "Status of a chainlet: 1 for the current status. Only the current one is present unless full_state_sets is on.",
    "status",
)  # fmt: skip
CHAINLET_ACTIVE_REPLICAS = _metric(
    "baseten_chainlet_active_replicas", _GAUGE, _CHAINLET, "chains", "Active replicas of a chainlet (active_replica_count).",
)  # fmt: skip
CHAINLET_MIN_REPLICAS = _metric(
    "baseten_chainlet_min_replicas", _GAUGE, _CHAINLET, "chains", "Floor of the autoscaler (autoscaling_settings.min_replica).",
)  # fmt: skip
CHAINLET_MAX_REPLICAS = _metric(
    "baseten_chainlet_max_replicas", _GAUGE, _CHAINLET, "chains", "Ceiling of the autoscaler (autoscaling_settings.max_replica).",
)  # fmt: skip
CHAINLET_CONCURRENCY_TARGET = _metric(
    "baseten_chainlet_concurrency_target", _GAUGE, _CHAINLET, "chains",
    "Simultaneous requests given to one replica (autoscaling_settings.concurrency_target).",
)  # fmt: skip
CHAINLET_TARGET_UTILIZATION = _metric(
    "baseten_chainlet_target_utilization_ratio", _GAUGE, _CHAINLET, "chains",
    "Share of the concurrency target at which scaling starts, 0 to 1 (target_utilization_percentage / 100).",
)  # fmt: skip
CHAINLET_AUTOSCALING_WINDOW = _metric(
    "baseten_chainlet_autoscaling_window_seconds", _GAUGE, _CHAINLET, "chains",
    "Window over which the autoscaler averages load (autoscaling_settings.autoscaling_window).",
)  # fmt: skip
CHAINLET_SCALE_DOWN_DELAY = _metric(
    "baseten_chainlet_scale_down_delay_seconds", _GAUGE, _CHAINLET, "chains",
    "How long load must stay low before each removal of replicas (autoscaling_settings.scale_down_delay).",
)  # fmt: skip
CHAINLET_MAX_SCALE_DOWN = _metric(
    "baseten_chainlet_max_scale_down_ratio", _GAUGE, _CHAINLET, "chains",
    "Share of the running replicas that one step may remove, 0 to 1 (max_scale_down_rate / 100); absent when unset.",
)  # fmt: skip
CHAINLET_PRICE = _metric(
    "baseten_chainlet_replica_price_dollars_per_hour", _GAUGE, _CHAINLET, "chains",
    "List price of one replica in US dollars per hour; absent unless the instance type matches exactly.",
)  # fmt: skip

# --- events and billing ----------------------------------------------------------------------------------------------------------------

AUDIT_EVENTS_TOTAL = _metric(
    "baseten_audit_events_total", _COUNTER, _WORKSPACE, "events",
    "Audit log entries by type; model and deployment are empty where the entry names none.",
    "event_type", "model_id", "deployment_id",
)  # fmt: skip
USAGE_DOLLARS = _metric(
    "baseten_usage_dollars", _GAUGE, _WORKSPACE, "billing",
    "Billed usage in US dollars by kind (dedicated, training, model_apis) and UTC day, from the usage summary.",
    "kind", "date",
)  # fmt: skip

# --- the exporter itself ---------------------------------------------------------------------------------------------------------------

BUILD_INFO = _metric(
    "serving_exporter_build_info", _GAUGE, _PROCESS, "self",
    "Version of the exporter and of its Python, always 1.",
    "version", "python_version",
)  # fmt: skip
SOURCE_UP = _metric(
    "serving_exporter_source_up", _GAUGE, _SOURCE, "self",
    "Whether the last poll of a source succeeded: 0 from its first failure on.",
)  # fmt: skip
SOURCE_SUPPORTED = _metric(
    "serving_exporter_source_supported", _GAUGE, _SOURCE, "self",
    "Whether the source can be had: 0 when it is not permitted to the key or not offered by the platform.",
)  # fmt: skip
SOURCE_LAST_SUCCESS = _metric(
    "serving_exporter_source_last_success_timestamp_seconds", _GAUGE, _SOURCE, "self",
    "When a source last succeeded, as Unix time; absent before the first success.",
)  # fmt: skip
SOURCE_DATA_TIMESTAMP = _metric(
    "serving_exporter_source_data_timestamp_seconds", _GAUGE, _SOURCE, "self",
    "The newest instant that the source's data describe, as Unix time.",
)  # fmt: skip
SOURCE_POLL_DURATION = _metric(
    "serving_exporter_source_poll_duration_seconds", _HISTOGRAM, _SOURCE, "self", "How long polls took.", buckets=_POLL_BUCKETS,
)  # fmt: skip
SOURCE_POLLS_TOTAL = _metric(
    "serving_exporter_source_polls_total", _COUNTER, _SOURCE, "self", "Polls by outcome.", "outcome",
)  # fmt: skip
SOURCE_SAMPLES = _metric(
    "serving_exporter_source_samples", _GAUGE, _SOURCE, "self", "Samples of this source on the page.",
)  # fmt: skip
SOURCE_INTERVAL = _metric(
    "serving_exporter_source_interval_seconds", _GAUGE, _SOURCE, "self",
    "The cadence in force: the time to the next poll after the last one, back-off included.",
)  # fmt: skip
SOURCE_FAILING_PARTS = _metric(
    "serving_exporter_source_failing_parts", _GAUGE, _SOURCE, "self",
    "Models (or other parts) of a source whose last read failed while the source as a whole succeeded.",
)  # fmt: skip
API_REQUESTS_TOTAL = _metric(
    "serving_exporter_api_requests_total", _COUNTER, _PROCESS, "self",
    "Requests sent to the platform by endpoint and answer; code is the HTTP status, or error where none arrived.",
    "endpoint", "code",
)  # fmt: skip
API_BUDGET_WAIT_TOTAL = _metric(
    "serving_exporter_api_budget_wait_seconds_total", _COUNTER, _PROCESS, "self",
    "Time that requests waited for their rate budget.",
    "endpoint",
)  # fmt: skip
API_BUDGET_RATE = _metric(
    "serving_exporter_api_budget_requests_per_second", _GAUGE, _PROCESS, "self",
    "The request rate that the budget allows now; it rises while no 429 comes and halves on one.",
    "endpoint",
)  # fmt: skip
SERIES_DROPPED_TOTAL = _metric(
    "serving_exporter_series_dropped_total", _COUNTER, _PROCESS, "self",
    "Lines or series left off the page by reason: invalid, duplicate, collision, dropped_family, limit.",
    "reason",
)  # fmt: skip
PAGE_SAMPLES = _metric("serving_exporter_page_samples", _GAUGE, _PROCESS, "self", "Platform samples on the page.")
PAGE_BYTES = _metric("serving_exporter_page_bytes", _GAUGE, _PROCESS, "self", "Size of the uncompressed page.")
PAGE_TIMESTAMP = _metric(
    "serving_exporter_page_timestamp_seconds", _GAUGE, _PROCESS, "self", "When the page was last put together, as Unix time.",
)  # fmt: skip
CLOCK_SKEW = _metric(
    "serving_exporter_clock_skew_seconds", _GAUGE, _PROCESS, "self",
    "The platform's clock (Date header) minus this host's; shown, never acted on.",
)  # fmt: skip
CONFIG_RELOAD_SUCCESSFUL = _metric(
    "serving_exporter_config_last_reload_successful", _GAUGE, _PROCESS, "self",
    "Whether the last reload of the configuration was accepted; a refused one leaves the old configuration in force.",
)  # fmt: skip
CONFIG_RELOAD_TIMESTAMP = _metric(
    "serving_exporter_config_last_reload_success_timestamp_seconds", _GAUGE, _PROCESS, "self",
    "When a configuration was last accepted, as Unix time.",
)  # fmt: skip
