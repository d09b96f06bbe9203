"""Examples of ``asynchronous``: the live count against the feed's sample, waits, and requests of both kinds."""

from __future__ import annotations

from serving_rules.model import Example, Values
from serving_rules.signals.baseten.samples import counter, feed, settings

__all__ = ["DEQUEUED", "IN_PROGRESS", "QUEUED", "SHARE", "WAIT_P95"]

_LIVE, _SAMPLED = "baseten_async_requests_queued", "baseten_async_queue_size"

QUEUED = (
    Example(
        "the live count wins; where there is none, the feed's sample",
        {
            settings(_LIVE): 5,
            settings(_LIVE, "b"): 4,
            feed(_SAMPLED): 9,
            feed(_SAMPLED, deployment_id="d-two"): 7,
            feed(_SAMPLED, "b", deployment_id="d-two"): 6,
        },
        "5m",
        {"serving:async_queued:max": 5, 'serving:async_queued:max{deployment_id="d-two"}': 7},
    ),
)

_PROGRESS = "baseten_async_requests_in_progress"

IN_PROGRESS = (
    Example(
        "two exporters, two deployments",
        {settings(_PROGRESS): 5, settings(_PROGRESS, "b"): 4, settings(_PROGRESS, deployment_id="d-two"): 1},
        "5m",
        {"serving:async_in_progress:max": 5, 'serving:async_in_progress:max{deployment_id="d-two"}': 1},
    ),
)

_WAIT = "baseten_time_in_async_queue_seconds"


def _bucket(le: str, first: float, second: float, scraper: str = "a", **labels: str) -> dict[str, Values]:
    before = 600 if le == "+Inf" else 0
    return {feed(f"{_WAIT}_bucket", scraper, le=le, **labels): counter(15, 32, before=before, first=first, second=second)}


_STABLE = {**_bucket("60", 480, 120), **_bucket("300", 600, 360), **_bucket("600", 600, 600), **_bucket("+Inf", 600, 600)}
_LATE = {**_bucket("60", 240, 60, "b"), **_bucket("300", 300, 180, "b"), **_bucket("600", 300, 300, "b"), **_bucket("+Inf", 300, 300, "b")}

WAIT_P95 = (
    Example(
        "interpolated between the bounds, over both label variants of a promotion, scrapers counted once",
        {
            **_STABLE,
            **_LATE,
            **_bucket("60", 0, 0, rollout_phase="promoting"),
            **_bucket("300", 600, 600, rollout_phase="promoting"),
            **_bucket("600", 600, 600, rollout_phase="promoting"),
            **_bucket("+Inf", 600, 600, rollout_phase="promoting"),
        },
        "32m",
        {"serving:async_wait_seconds:p95": 450},
    ),
    Example(
        "a label variant without the bound that decides",
        {**_STABLE, **_bucket("300", 600, 600, rollout_phase="promoting"), **_bucket("+Inf", 600, 600, rollout_phase="promoting")},
        "32m",
        {"serving:async_wait_seconds:p95": 600},
    ),
    Example(
        "nobody waited",
        {**_bucket("0", 9, 9), **_bucket("60", 9, 9), **_bucket("+Inf", 9, 9)},
        "32m",
        {"serving:async_wait_seconds:p95": 0},
    ),
    Example("absent, not NaN, while none is taken up", {**_bucket("60", 0, 0), **_bucket("600", 0, 0)}, "32m", {}),
)

DEQUEUED = (
    Example(
        "over both label variants of a promotion, scrapers counted once",
        {
            feed(f"{_WAIT}_count"): counter(15, 32, before=900, first=2, second=4),
            feed(f"{_WAIT}_count", "b"): counter(15, 32, before=900, first=1, second=2),
            feed(f"{_WAIT}_count", rollout_phase="promoting"): counter(15, 32, before=900, first=1, second=1),
        },
        "32m",
        {"serving:async_dequeued:increase15m": 60},
    ),
)

_REQUESTS = "baseten_inference_requests_total"


def _requests(is_async: str, first: float, second: float, scraper: str = "a", **labels: str) -> dict[str, Values]:
    series = feed(_REQUESTS, scraper, status_code="200", is_async=is_async, **labels)
    return {series: counter(60, 122, before=0 if is_async == "false" else 900, first=first, second=second)}


SHARE = (
    Example(
        "of all requests of an hour, however the flag is spelt",
        {
            **_requests("true", 6, 12),
            **_requests("true", 3, 6, "b"),
            **_requests("True", 3, 3, rollout_phase="promoting"),
            **_requests("false", 30, 18),
            **_requests("false", 3, 3, "b"),
        },
        "122m",
        {"serving:async_requests:share1h": 711 / 2121},
    ),
    Example("absent, not NaN, without requests", {feed(_REQUESTS, status_code="200", is_async="true"): 7}, "122m", {}),
)
