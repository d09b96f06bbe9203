"""Promotions: what moves between two deployments of an environment."""

from __future__ import annotations

from serving_rules.model import RecordGroup
from serving_rules.promql import once
from serving_rules.signals.baseten import rollout_examples as examples
from serving_rules.signals.baseten.text import record

__all__ = ["GROUPS"]

_TERMINAL = "SUCCEEDED|FAILED|CANCELED"

GROUPS = (
    RecordGroup(
        "serving-promotions",
        "Promotions as the management API and the feed's label rollout_phase show them.",
        (
            record(
                "serving_environment:promotion_status:current",
                "group by (workspace, model_id, environment, status) (baseten_environment_promotion_status == 1)",
                "1 for the present status of a promotion in progress (label status).",
                *examples.STATUS,
            ),
            record(
                "serving_environment:promotion_traffic_ratio:current",
                "max by (workspace, model_id, environment) (baseten_environment_promotion_traffic_ratio)",
                "Share of traffic on the candidate, 0 to 1.",
                *examples.TRAFFIC,
            ),
            record(
                "serving_model:rollout:now",
                f"""
                group by (workspace, model_id) (
                  (baseten_environment_promotion_status{{status!~"{_TERMINAL}"}} == 1)
                  or
                  baseten_replicas_active{{rollout_phase="promoting"}}
                )
                """,
                "1 while a promotion is in progress, absent otherwise.",
                *examples.NOW,
            ),
            record(
                "serving_environment:min_replicas:current",
                "max by (workspace, model_id, environment) (baseten_environment_min_replicas)",
                "Effective floor of an environment, replicas.",
                *examples.larger_of_two("baseten_environment_min_replicas", "serving_environment:min_replicas:current"),
            ),
            record(
                "serving_environment:max_replicas:current",
                "max by (workspace, model_id, environment) (baseten_environment_max_replicas)",
                "Effective ceiling of an environment, replicas.",
                *examples.larger_of_two("baseten_environment_max_replicas", "serving_environment:max_replicas:current"),
            ),
            record(
                "serving_environment:phase_requests:rate5m",
                f"""
                sum by (workspace, model_id, environment, rollout_phase) (
                  {once('rate(baseten_inference_requests_total{environment!="",rollout_phase!=""}[5m])')}
                )
                """,
                "Requests a second of an environment by rollout phase (stable, promoting).",
                *examples.REQUESTS,
            ),
            record(
                "serving_environment:phase_errors:rate5m",
                f"""
                sum by (workspace, model_id, environment, rollout_phase) (
                  {once('rate(baseten_inference_requests_total{environment!="",rollout_phase!="",status_code=~"5.."}[5m])')}
                )
                """,
                "Requests a second answered with 5xx, by rollout phase.",
                *examples.ERRORS,
            ),
        ),
    ),
)
