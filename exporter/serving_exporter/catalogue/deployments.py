"""Deployments: status, settings, limits, price, async queues."""

from __future__ import annotations

from serving_exporter.catalogue.label_values import BACKPRESSURE_POLICIES, BOOLEANS, DEPLOYMENT_STATUSES
from serving_exporter.catalogue.metric import MetricSet, Scope

__all__ = [
    "ASYNC_IN_PROGRESS",
    "ASYNC_QUEUED",
    "DEPLOYMENT_ACTIVE_REPLICAS",
    "DEPLOYMENT_AUTOSCALING_WINDOW",
    "DEPLOYMENT_CONCURRENCY_TARGET",
    "DEPLOYMENT_CPU_LIMIT",
    "DEPLOYMENT_CREATED",
    "DEPLOYMENT_DESIRED_REPLICAS",
    "DEPLOYMENT_GPUS",
    "DEPLOYMENT_GPU_MEMORY_LIMIT",
    "DEPLOYMENT_INFO",
    "DEPLOYMENT_MAX_REPLICAS",
    "DEPLOYMENT_MAX_SCALE_DOWN",
    "DEPLOYMENT_MEMORY_LIMIT",
    "DEPLOYMENT_MIN_REPLICAS",
    "DEPLOYMENT_PRICE",
    "DEPLOYMENT_SCALE_DOWN_DELAY",
    "DEPLOYMENT_STATUS",
    "DEPLOYMENT_STATUS_SINCE",
    "DEPLOYMENT_TARGET_IN_FLIGHT_TOKENS",
    "DEPLOYMENT_TARGET_UTILIZATION",
]

METRICS = MetricSet(status=DEPLOYMENT_STATUSES, is_production=BOOLEANS, is_development=BOOLEANS, backpressure=BACKPRESSURE_POLICIES)

_DEPLOYMENT = Scope.DEPLOYMENT

# --- deployments -------------------------------------------------------------------------------------------------------------------------

DEPLOYMENT_INFO = METRICS.gauge(
    "baseten_deployment_info", _DEPLOYMENT, "inventory",
    "Words about a deployment, always 1; join on model_id and deployment_id. Polled from the deployment and its model.",
    "model_name", "deployment_name", "environment", "instance_type", "team", "region", "is_production", "is_development", "backpressure",
)  # fmt: skip
DEPLOYMENT_STATUS = METRICS.gauge(
    "baseten_deployment_status", _DEPLOYMENT, "inventory",
    "Status of a deployment (field status): 1 for the current status. Only the current one is present unless full_state_sets is on.",
    "status",
)  # fmt: skip
DEPLOYMENT_STATUS_SINCE = METRICS.gauge(
    "baseten_deployment_status_since_timestamp_seconds", _DEPLOYMENT, "inventory",
    "When the exporter first saw the current status, as Unix time; kept over restarts in the state file.",
)  # fmt: skip
DEPLOYMENT_CREATED = METRICS.gauge(
    "baseten_deployment_created_timestamp_seconds", _DEPLOYMENT, "inventory",
    "When the deployment was created (field created_at), as Unix time.",
)  # fmt: skip
DEPLOYMENT_ACTIVE_REPLICAS = METRICS.gauge(
    "baseten_deployment_active_replicas", _DEPLOYMENT, "inventory",
    "Active replicas as the management API counts them (field active_replica_count): the second witness beside baseten_replicas_active.",
)  # fmt: skip
DEPLOYMENT_MIN_REPLICAS = METRICS.gauge(
    "baseten_deployment_min_replicas", _DEPLOYMENT, "inventory",
    "Floor of the autoscaler (autoscaling_settings.min_replica); 0 allows scale to zero.",
)  # fmt: skip
DEPLOYMENT_MAX_REPLICAS = METRICS.gauge(
    "baseten_deployment_max_replicas", _DEPLOYMENT, "inventory",
    "Ceiling of the autoscaler (autoscaling_settings.max_replica).",
)  # fmt: skip
DEPLOYMENT_CONCURRENCY_TARGET = METRICS.gauge(
    "baseten_deployment_concurrency_target", _DEPLOYMENT, "inventory",
    "Simultaneous requests given to one replica (autoscaling_settings.concurrency_target).",
)  # fmt: skip
DEPLOYMENT_TARGET_UTILIZATION = METRICS.gauge(
    "baseten_deployment_target_utilization_ratio", _DEPLOYMENT, "inventory",
    "Share of the concurrency target at which scaling starts, 0 to 1 (autoscaling_settings.target_utilization_percentage / 100).",
)  # fmt: skip
DEPLOYMENT_AUTOSCALING_WINDOW = METRICS.gauge(
    "baseten_deployment_autoscaling_window_seconds", _DEPLOYMENT, "inventory",
    "Window over which the autoscaler averages load (autoscaling_settings.autoscaling_window).",
)  # fmt: skip
DEPLOYMENT_SCALE_DOWN_DELAY = METRICS.gauge(
    "baseten_deployment_scale_down_delay_seconds", _DEPLOYMENT, "inventory",
    "How long load must stay low before each removal of replicas (autoscaling_settings.scale_down_delay).",
)  # fmt: skip
DEPLOYMENT_MAX_SCALE_DOWN = METRICS.gauge(
    "baseten_deployment_max_scale_down_ratio", _DEPLOYMENT, "inventory",
    "Share of the running replicas that one step may remove, 0 to 1 (autoscaling_settings.max_scale_down_rate / 100); absent when unset.",
)  # fmt: skip
DEPLOYMENT_TARGET_IN_FLIGHT_TOKENS = METRICS.gauge(
    "baseten_deployment_target_in_flight_tokens", _DEPLOYMENT, "inventory",
    "Tokens in flight for which one replica is planned (autoscaling_settings.target_in_flight_tokens); BIS-LLM deployments only.",
)  # fmt: skip
DEPLOYMENT_DESIRED_REPLICAS = METRICS.gauge(
    "baseten_deployment_desired_replicas", _DEPLOYMENT, "derived",
    "Replicas that the documented autoscaler formula asks for, from this exporter's samples over the deployment's own autoscaling window.",
)  # fmt: skip
DEPLOYMENT_MEMORY_LIMIT = METRICS.gauge(
    "baseten_deployment_memory_limit_bytes", _DEPLOYMENT, "prices",
    "Memory of one replica's instance type (memory_limit_mib).",
)  # fmt: skip
DEPLOYMENT_GPU_MEMORY_LIMIT = METRICS.gauge(
    "baseten_deployment_gpu_memory_limit_bytes", _DEPLOYMENT, "prices",
    "GPU memory of one replica's instance type as the API gives it (gpu_memory_limit_mib); per GPU or per instance is not documented.",
)  # fmt: skip
DEPLOYMENT_CPU_LIMIT = METRICS.gauge(
    "baseten_deployment_cpu_limit_cores", _DEPLOYMENT, "prices",
    "CPU of one replica's instance type (millicpu_limit / 1000).",
)  # fmt: skip
DEPLOYMENT_GPUS = METRICS.gauge(
    "baseten_deployment_gpus", _DEPLOYMENT, "prices",
    "GPUs of one replica's instance type (gpu_count).",
)  # fmt: skip
DEPLOYMENT_PRICE = METRICS.gauge(
    "baseten_deployment_replica_price_dollars_per_hour", _DEPLOYMENT, "prices",
    "List price of one replica (price of the instance type, US dollars per minute, times 60); absent unless the type matches exactly.",
)  # fmt: skip

# --- queues ------------------------------------------------------------------------------------------------------------------------------

ASYNC_QUEUED = METRICS.gauge(
    "baseten_async_requests_queued", _DEPLOYMENT, "queues",
    "Async requests waiting (async_queue_status.num_queued_requests), a live count beside the sampled baseten_async_queue_size.",
)  # fmt: skip
ASYNC_IN_PROGRESS = METRICS.gauge(
    "baseten_async_requests_in_progress", _DEPLOYMENT, "queues",
    "Async requests being worked on (async_queue_status.num_in_progress_requests).",
)  # fmt: skip
