"""Environments as a whole: while a promotion runs, two deployments share one load and one ceiling, and neither alone says how full it is.

The feed's own label ``environment`` tells which deployments belong together: during a promotion it stands on both sides.
"""

from __future__ import annotations

from serving_rules.model import RecordGroup
from serving_rules.promql import names
from serving_rules.signals.baseten import environment_examples as examples
from serving_rules.signals.baseten.text import IDS, record

__all__ = ["GROUPS"]

_ENVIRONMENT = "workspace, model_id, environment"
_ENDED = "SUCCEEDED|FAILED|CANCELED"


def _sum(metric: str) -> str:
    """Sum over the deployments of an environment, each counted once however many scrape it."""
    return f'sum by ({_ENVIRONMENT}) (max by ({_ENVIRONMENT}, deployment_id) ({metric}{{environment!=""}}))'


GROUPS = (
    RecordGroup(
        "serving-environments",
        "Load and replicas of environments, and whether a promotion moves them.",
        (
            record(
                "serving_environment:rollout:now",
                f"""
                group by ({_ENVIRONMENT}) (
                  (baseten_environment_promotion_status{{status!~"{_ENDED}"}} == 1)
                  or baseten_replicas_active{{environment!="",rollout_phase="promoting"}}
                )
                """,
                "1 while a promotion of the environment is in progress, absent otherwise.",
                *examples.ENVIRONMENT_ROLLOUT,
            ),
            record(
                "serving:rollout:now",
                f"group by ({names(IDS)}) (baseten_replicas_active and on ({_ENVIRONMENT}) serving_environment:rollout:now)",
                "1 for each deployment of an environment in which a promotion is in progress, absent for others.",
                *examples.DEPLOYMENT_ROLLOUT,
            ),
            record(
                "serving_environment:active_replicas:sum",
                _sum("baseten_replicas_active"),
                "Active replicas of all deployments of an environment.",
                *examples.sums("baseten_replicas_active", "serving_environment:active_replicas:sum"),
            ),
            record(
                "serving_environment:starting_replicas:sum",
                _sum("baseten_replicas_starting"),
                "Starting replicas of all deployments of an environment.",
                *examples.sums("baseten_replicas_starting", "serving_environment:starting_replicas:sum"),
            ),
            record(
                "serving_environment:inflight_requests:sum",
                _sum("baseten_concurrent_requests"),
                "Synchronous requests in flight of all deployments of an environment.",
                *examples.sums("baseten_concurrent_requests", "serving_environment:inflight_requests:sum"),
            ),
        ),
    ),
)
