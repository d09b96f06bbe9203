"""Chainlets, which are to a chain what deployments are to a model."""

from __future__ import annotations

from serving_exporter.catalogue.label_values import DEPLOYMENT_STATUSES
from serving_exporter.catalogue.metric import MetricSet, Scope

__all__ = [
    "CHAINLET_ACTIVE_REPLICAS",
    "CHAINLET_AUTOSCALING_WINDOW",
    "CHAINLET_CONCURRENCY_TARGET",
    "CHAINLET_INFO",
    "CHAINLET_MAX_REPLICAS",
    "CHAINLET_MAX_SCALE_DOWN",
    "CHAINLET_MIN_REPLICAS",
    "CHAINLET_PRICE",
    "CHAINLET_SCALE_DOWN_DELAY",
    "CHAINLET_STATUS",
    "CHAINLET_TARGET_UTILIZATION",
]

METRICS = MetricSet(status=DEPLOYMENT_STATUSES)

_CHAINLET = Scope.CHAINLET

CHAINLET_INFO = METRICS.gauge(
    "baseten_chainlet_info", _CHAINLET, "chains",
    "Words about a chainlet, always 1.",
    "chain_name", "chainlet_id", "environment", "instance_type", "team",
)  # fmt: skip
CHAINLET_STATUS = METRICS.gauge(
    "baseten_chainlet_status", _CHAINLET, "chains",
    "Status of a chainlet: 1 for the current status. Only the current one is present unless full_state_sets is on.",
    "status",
)  # fmt: skip
CHAINLET_ACTIVE_REPLICAS = METRICS.gauge(
    "baseten_chainlet_active_replicas", _CHAINLET, "chains", "Active replicas of a chainlet (active_replica_count).",
)  # fmt: skip
CHAINLET_MIN_REPLICAS = METRICS.gauge(
    "baseten_chainlet_min_replicas", _CHAINLET, "chains", "Floor of the autoscaler (autoscaling_settings.min_replica).",
)  # fmt: skip
CHAINLET_MAX_REPLICAS = METRICS.gauge(
    "baseten_chainlet_max_replicas", _CHAINLET, "chains", "Ceiling of the autoscaler (autoscaling_settings.max_replica).",
)  # fmt: skip
CHAINLET_CONCURRENCY_TARGET = METRICS.gauge(
    "baseten_chainlet_concurrency_target", _CHAINLET, "chains",
    "Simultaneous requests given to one replica (autoscaling_settings.concurrency_target).",
)  # fmt: skip
CHAINLET_TARGET_UTILIZATION = METRICS.gauge(
    "baseten_chainlet_target_utilization_ratio", _CHAINLET, "chains",
    "Share of the concurrency target at which scaling starts, 0 to 1 (target_utilization_percentage / 100).",
)  # fmt: skip
CHAINLET_AUTOSCALING_WINDOW = METRICS.gauge(
    "baseten_chainlet_autoscaling_window_seconds", _CHAINLET, "chains",
    "Window over which the autoscaler averages load (autoscaling_settings.autoscaling_window).",
)  # fmt: skip
CHAINLET_SCALE_DOWN_DELAY = METRICS.gauge(
    "baseten_chainlet_scale_down_delay_seconds", _CHAINLET, "chains",
    "How long load must stay low before each removal of replicas (autoscaling_settings.scale_down_delay).",
)  # fmt: skip
CHAINLET_MAX_SCALE_DOWN = METRICS.gauge(
    "baseten_chainlet_max_scale_down_ratio", _CHAINLET, "chains",
    "Share of the running replicas that one step may remove, 0 to 1 (max_scale_down_rate / 100); absent when unset.",
)  # fmt: skip
CHAINLET_PRICE = METRICS.gauge(
    "baseten_chainlet_replica_price_dollars_per_hour", _CHAINLET, "chains",
    "List price of one replica in US dollars per hour; absent unless the instance type matches exactly.",
)  # fmt: skip
