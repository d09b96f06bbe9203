"""What a deployment is and how it is set: names, settings, limits, price, status."""

from __future__ import annotations

from serving_rules.model import RecordGroup
from serving_rules.promql import names
from serving_rules.signals.baseten import settings_examples as examples
from serving_rules.signals.baseten.text import IDS, current, record

__all__ = ["GROUPS"]

_SETTINGS = {
    "serving:min_replicas:current": ("baseten_deployment_min_replicas", "Floor of the autoscaler, replicas."),
    "serving:max_replicas:current": ("baseten_deployment_max_replicas", "Ceiling of the autoscaler, replicas."),
    "serving:concurrency_target:current": ("baseten_deployment_concurrency_target", "Simultaneous requests given to one replica."),
    "serving:target_utilization_ratio:current": (
        "baseten_deployment_target_utilization_ratio",
        "Share of the concurrency target at which scaling starts, 0 to 1.",
    ),
    "serving:scale_down_delay_seconds:current": (
        "baseten_deployment_scale_down_delay_seconds",
        "How long load must stay low before each removal of replicas, seconds.",
    ),
    "serving:autoscaling_window_seconds:current": (
        "baseten_deployment_autoscaling_window_seconds",
        "Window over which the autoscaler averages load, seconds.",
    ),
    "serving:max_scale_down_ratio:current": (
        "baseten_deployment_max_scale_down_ratio",
        "Share of the running replicas that one step may remove, 0 to 1.",
    ),
    "serving:target_inflight_tokens:current": (
        "baseten_deployment_target_in_flight_tokens",
        "Tokens in flight for which one replica is planned; only deployments that scale on tokens have it.",
    ),
    "serving:replica_price_dollars_per_hour:current": (
        "baseten_deployment_replica_price_dollars_per_hour",
        "List price of one replica, US dollars an hour.",
    ),
    "serving:memory_limit_bytes:current": ("baseten_deployment_memory_limit_bytes", "Memory of one replica, bytes."),
    "serving:gpus:current": ("baseten_deployment_gpus", "GPUs of one replica."),
}

_WORDS = "model_name, deployment_name, environment, instance_type"
_FEED_WORDS = names((*IDS, "model_name", "environment"))

_INFO = f"""
    topk by ({names(IDS)}) (1,
      max by ({names(IDS)}, {_WORDS}) (baseten_deployment_info)
    )
    or on ({names(IDS)})
    topk by ({names(IDS)}) (1,
      max by ({_FEED_WORDS}) (baseten_replicas_active)
    ) * 0 + 1
"""


def _flag(label: str, value: str) -> str:
    return f'max by ({names(IDS)}) (baseten_deployment_info{{{label}="{value}"}})'


GROUPS = (
    RecordGroup(
        "serving-settings",
        "Settings, limits and prices as the management API gives them, one series for each deployment.",
        tuple(
            record(name, current(metric), meaning, *examples.larger_of_two(metric, name)) for name, (metric, meaning) in _SETTINGS.items()
        ),
    ),
    RecordGroup(
        "serving-identity",
        "Names, kinds, age and status.",
        (
            record(
                "serving:deployment:info",
                _INFO,
                "Words about a deployment, always 1; from the feed's own labels without an exporter.",
                *examples.INFO,
            ),
            record(
                "serving_model:model:info",
                """
                topk by (workspace, model_id) (1,
                  max by (workspace, model_id, model_name) (baseten_deployment_info)
                )
                or on (workspace, model_id)
                topk by (workspace, model_id) (1,
                  max by (workspace, model_id, model_name) (baseten_replicas_active)
                ) * 0 + 1
                """,
                "The name of a model, always 1.",
                *examples.MODEL,
            ),
            record(
                "serving_environment:deployment:info",
                "max by (workspace, model_id, environment, deployment_id) (baseten_environment_info)",
                "The deployment that an environment points at (label deployment_id), always 1.",
                *examples.ENVIRONMENT,
            ),
            record(
                "serving:development:flag",
                _flag("is_development", "true"),
                "1 for development deployments, absent for others.",
                *examples.DEVELOPMENT,
            ),
            record(
                "serving:production:flag",
                _flag("is_production", "true"),
                "1 for deployments behind the production endpoint.",
                *examples.PRODUCTION,
            ),
            record(
                "serving:reject_policy:flag",
                _flag("backpressure", "REJECT_ON_FULL"),
                "1 for deployments that refuse requests when every slot is taken instead of queueing them.",
                *examples.REJECT,
            ),
            record(
                "serving:age_seconds:now",
                f"time() - max by ({names(IDS)}) (baseten_deployment_created_timestamp_seconds)",
                "Time since the deployment was created, seconds.",
                *examples.AGE,
            ),
            record(
                "serving:status_age_seconds:now",
                f"time() - max by ({names(IDS)}) (baseten_deployment_status_since_timestamp_seconds)",
                "How long the deployment has had its present status, seconds.",
                *examples.STATUS_AGE,
            ),
            record(
                "serving:status:current",
                f"group by ({names(IDS)}, status) (baseten_deployment_status == 1)",
                "1 for the deployment's present status (label status).",
                *examples.STATUS,
            ),
        ),
    ),
)
