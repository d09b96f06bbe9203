"""Examples of ``rollout``: promotions as the API and as the feed show them, and which of both deployments answers how."""

from __future__ import annotations

from serving_rules.model import Example, Values
from serving_rules.signals.baseten.samples import counter, feed

__all__ = ["ERRORS", "NOW", "REQUESTS", "STATUS", "TRAFFIC", "larger_of_two"]


def _environment(metric: str, scraper: str = "a", **labels: str) -> str:
    ids = {"workspace": "w-one", "model_id": "m-one", "environment": "production", **labels, "job": scraper, "instance": f"{scraper}-1"}
    return metric + "{" + ",".join(f'{name}="{value}"' for name, value in ids.items()) + "}"


def larger_of_two(metric: str, signal: str) -> tuple[Example, ...]:
    """Examples of a number of an environment: of two exporters the larger, each environment by itself."""
    return (
        Example(
            "two exporters, two environments",
            {_environment(metric): 0.5, _environment(metric, "b"): 0.25, _environment(metric, environment="staging"): 0.125},
            "5m",
            {signal: 0.5, f'{signal}{{environment="staging"}}': 0.125},
        ),
    )


_STATUS = "baseten_environment_promotion_status"
TRAFFIC = larger_of_two("baseten_environment_promotion_traffic_ratio", "serving_environment:promotion_traffic_ratio:current")

STATUS = (
    Example(
        "full state sets: only what holds, seen by two exporters",
        {
            _environment(_STATUS, status="PAUSED"): 1,
            _environment(_STATUS, "b", status="PAUSED"): 1,
            _environment(_STATUS, status="RAMPING_UP"): 0,
            _environment(_STATUS, environment="staging", status="RAMPING_UP"): 1,
        },
        "5m",
        {
            'serving_environment:promotion_status:current{status="PAUSED"}': 1,
            'serving_environment:promotion_status:current{environment="staging",status="RAMPING_UP"}': 1,
        },
    ),
)

_NOW = "serving_model:rollout:now"
_ACTIVE = "baseten_replicas_active"


def _in_progress(status: str) -> Example:
    return Example(f"while it is {status}", {_environment(_STATUS, status=status): 1}, "5m", {_NOW: 1})


NOW = (
    *map(_in_progress, ("RELEASING", "RAMPING_UP", "RAMPING_DOWN", "PAUSED", "SOMETHING_NEW")),
    *(
        Example(f"{status} is its end", {_environment(_STATUS, status=status): 1}, "5m", {})
        for status in ("SUCCEEDED", "FAILED", "CANCELED")
    ),
    Example("full state sets", {_environment(_STATUS, status="RAMPING_UP"): 0, _environment(_STATUS, status="SUCCEEDED"): 1}, "5m", {}),
    Example(
        "two environments and two exporters are one model",
        {
            _environment(_STATUS, status="RAMPING_UP"): 1,
            _environment(_STATUS, "b", status="RAMPING_UP"): 1,
            _environment(_STATUS, environment="staging", status="PAUSED"): 1,
        },
        "5m",
        {_NOW: 1},
    ),
    Example(
        "the feed alone, where both deployments are there",
        {
            feed(_ACTIVE): 3,
            feed(_ACTIVE, deployment_id="d-two", rollout_phase="promoting"): 2,
            feed(_ACTIVE, "b", deployment_id="d-two", rollout_phase="promoting"): 2,
            feed(_ACTIVE, model_id="m-two"): 3,
        },
        "5m",
        {_NOW: 1},
    ),
    Example(
        "each model by itself, from whichever source",
        {_environment(_STATUS, status="PAUSED"): 1, feed(_ACTIVE, model_id="m-two", rollout_phase="promoting"): 0},
        "5m",
        {_NOW: 1, f'{_NOW}{{model_id="m-two"}}': 1},
    ),
    Example("no promotion", {feed(_ACTIVE): 3}, "5m", {}),
)

_REQUESTS = "baseten_inference_requests_total"


def _answers(first: float, second: float, scraper: str = "a", **labels: str) -> dict[str, Values]:
    series = feed(_REQUESTS, scraper, **{"status_code": "200", "is_async": "false", **labels})
    return {series: counter(5, 12, before=600, first=first, second=second)}


_TRAFFIC = {
    **_answers(96, 48),
    **_answers(24, 24, "b"),
    **_answers(24, 24, deployment_id="d-three"),
    **_answers(12, 12, deployment_id="d-two", rollout_phase="promoting"),
    # Attached nowhere, or without a phase: no part of a rollout.
    **_answers(99, 99, deployment_id="d-four", environment="", rollout_phase=""),
    **_answers(99, 99, deployment_id="d-four", environment="", rollout_phase="stable"),
    **_answers(99, 99, deployment_id="d-five", rollout_phase=""),
}

REQUESTS = (
    Example(
        "all deployments and codes of a phase, scrapers counted once",
        {**_TRAFFIC, **_answers(24, 24, status_code="500")},
        "12m",
        {
            'serving_environment:phase_requests:rate5m{rollout_phase="stable"}': 2,
            'serving_environment:phase_requests:rate5m{rollout_phase="promoting"}': 0.2,
        },
    ),
)

ERRORS = (
    Example(
        "5xx alone, scrapers counted once",
        {
            **_TRAFFIC,
            **_answers(12, 24, status_code="500"),
            **_answers(6, 6, "b", status_code="500"),
            **_answers(6, 6, status_code="503"),
            **_answers(99, 99, status_code="499"),
            **_answers(6, 6, status_code="502", deployment_id="d-two", rollout_phase="promoting"),
            **_answers(99, 99, status_code="500", deployment_id="d-four", environment="", rollout_phase=""),
            **_answers(99, 99, status_code="500", deployment_id="d-four", environment="", rollout_phase="stable"),
            **_answers(99, 99, status_code="500", deployment_id="d-five", rollout_phase=""),
        },
        "12m",
        {
            'serving_environment:phase_errors:rate5m{rollout_phase="stable"}': 0.4,
            'serving_environment:phase_errors:rate5m{rollout_phase="promoting"}': 0.1,
        },
    ),
)
