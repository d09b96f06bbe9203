"""Environments: their deployments, effective bounds and promotions."""

from __future__ import annotations

from serving_exporter.catalogue.label_values import PROMOTION_STATUSES
from serving_exporter.catalogue.metric import MetricSet, Scope

__all__ = [
    "ENVIRONMENT_INFO",
    "ENVIRONMENT_MAX_REPLICAS",
    "ENVIRONMENT_MIN_REPLICAS",
    "ENVIRONMENT_PROMOTION_STATUS",
    "ENVIRONMENT_PROMOTION_TRAFFIC",
]

METRICS = MetricSet(status=PROMOTION_STATUSES)

_ENVIRONMENT = Scope.ENVIRONMENT

ENVIRONMENT_INFO = METRICS.gauge(
    "baseten_environment_info", _ENVIRONMENT, "inventory",
    "Words about an environment, always 1: its current and candidate deployment and the autoscaling schedule that applies.",
    "deployment_id", "candidate_deployment_id", "schedule",
)  # fmt: skip
ENVIRONMENT_MIN_REPLICAS = METRICS.gauge(
    "baseten_environment_min_replicas", _ENVIRONMENT, "inventory",
    "Effective floor of an environment: the applied schedule's when one applies, else the environment's own.",
)  # fmt: skip
ENVIRONMENT_MAX_REPLICAS = METRICS.gauge(
    "baseten_environment_max_replicas", _ENVIRONMENT, "inventory",
    "Effective ceiling of an environment: the applied schedule's when one applies, else the environment's own.",
)  # fmt: skip
ENVIRONMENT_PROMOTION_STATUS = METRICS.gauge(
    "baseten_environment_promotion_status", _ENVIRONMENT, "inventory",
    "Status of the promotion in progress (in_progress_promotion.status): 1 for the current one; absent when none is in progress.",
    "status",
)  # fmt: skip
ENVIRONMENT_PROMOTION_TRAFFIC = METRICS.gauge(
    "baseten_environment_promotion_traffic_ratio", _ENVIRONMENT, "inventory",
    "Share of traffic on the candidate, 0 to 1 (in_progress_promotion.percent_traffic_to_new_version / 100).",
)  # fmt: skip
