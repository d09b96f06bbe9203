"""Examples of ``environment``: what differs from what is summed in one label only."""

from __future__ import annotations

from serving_rules.model import Example
from serving_rules.signals.baseten.samples import feed, settings

__all__ = ["DEPLOYMENT_ROLLOUT", "ENVIRONMENT_ROLLOUT", "sums"]

_ENVIRONMENT = "serving_environment:rollout:now"
_DEPLOYMENT = "serving:rollout:now"
_ACTIVE = "baseten_replicas_active"


def _status(status: str, **labels: str) -> str:
    return settings(
        "baseten_environment_promotion_status", **{"deployment_id": "", "environment": "production", "status": status, **labels}
    )


ENVIRONMENT_ROLLOUT = (
    *(
        Example(f"a promotion that is {status}", {_status(status): 1}, "1m", {_ENVIRONMENT: 1} if runs else {})
        for status, runs in {"RAMPING_UP": True, "PAUSED": True, "SUCCEEDED": False, "FAILED": False, "CANCELED": False}.items()
    ),
    Example("a status that has passed", {_status("RAMPING_UP"): 0}, "1m", {}),
    Example(
        "each of its own, two scrapers",
        {
            _status("RAMPING_UP"): 1,
            _status("RAMPING_UP", scraper="b"): 1,
            _status("PAUSED", environment="staging"): 1,
            _status("PAUSED", model_id="m-two"): 1,
            _status("PAUSED", workspace="w-two"): 1,
        },
        "1m",
        {
            _ENVIRONMENT: 1,
            f'{_ENVIRONMENT}{{environment="staging"}}': 1,
            f'{_ENVIRONMENT}{{model_id="m-two"}}': 1,
            f'{_ENVIRONMENT}{{workspace="w-two"}}': 1,
        },
    ),
    Example(
        "without an exporter the feed says it",
        {
            feed(_ACTIVE, rollout_phase="promoting"): 3,
            feed(_ACTIVE, "b", rollout_phase="promoting"): 2,
            feed(_ACTIVE, deployment_id="d-two"): 5,
            feed(_ACTIVE, model_id="m-two"): 5,
        },
        "1m",
        {_ENVIRONMENT: 1},
    ),
    Example("outside of environments there is none", {feed(_ACTIVE, environment="", rollout_phase="promoting"): 3}, "1m", {}),
    Example(
        "both say it",
        {_status("RAMPING_UP"): 1, feed(_ACTIVE, rollout_phase="promoting", environment="staging"): 3},
        "1m",
        {_ENVIRONMENT: 1, f'{_ENVIRONMENT}{{environment="staging"}}': 1},
    ),
)
DEPLOYMENT_ROLLOUT = (
    Example(
        "both sides, nobody else",
        {
            _status("RAMPING_UP"): 1,
            feed(_ACTIVE): 4,
            feed(_ACTIVE, "b"): 4,
            feed(_ACTIVE, deployment_id="d-two"): 2,
            feed(_ACTIVE, deployment_id="d-three", environment="staging"): 2,
            feed(_ACTIVE, deployment_id="d-four", environment="", rollout_phase=""): 2,
            feed(_ACTIVE, model_id="m-two"): 2,
            feed(_ACTIVE, workspace="w-two"): 2,
        },
        "1m",
        {_DEPLOYMENT: 1, f'{_DEPLOYMENT}{{deployment_id="d-two"}}': 1},
    ),
    Example(
        "without an exporter",
        {feed(_ACTIVE): 4, feed(_ACTIVE, deployment_id="d-two", rollout_phase="promoting"): 2, feed(_ACTIVE, model_id="m-two"): 2},
        "1m",
        {_DEPLOYMENT: 1, f'{_DEPLOYMENT}{{deployment_id="d-two"}}': 1},
    ),
    Example(
        "in several models and workspaces",
        {
            _status("RAMPING_UP"): 1,
            _status("RAMPING_UP", model_id="m-two"): 1,
            _status("RAMPING_UP", workspace="w-two"): 1,
            feed(_ACTIVE): 4,
            feed(_ACTIVE, model_id="m-two"): 4,
            feed(_ACTIVE, workspace="w-two"): 4,
        },
        "1m",
        {_DEPLOYMENT: 1, f'{_DEPLOYMENT}{{model_id="m-two"}}': 1, f'{_DEPLOYMENT}{{workspace="w-two"}}': 1},
    ),
)


def sums(metric: str, target: str) -> tuple[Example, ...]:
    """Return a sum over deployments, the larger where two scrapers differ."""
    return (
        Example(
            "two deployments, two scrapers",
            {
                feed(metric): 4,
                feed(metric, "b"): 3,
                feed(metric, deployment_id="d-two", rollout_phase="promoting"): 2,
                feed(metric, environment="staging"): 7,
                feed(metric, environment="", rollout_phase=""): 30,
                feed(metric, model_id="m-two"): 8,
                feed(metric, workspace="w-two"): 9,
            },
            "1m",
            {
                target: 6,
                f'{target}{{environment="staging"}}': 7,
                f'{target}{{model_id="m-two"}}': 8,
                f'{target}{{workspace="w-two"}}': 9,
            },
        ),
    )
