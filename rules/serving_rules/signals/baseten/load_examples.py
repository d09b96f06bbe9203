"""Examples of ``load``: what each signal makes of the feed, with two scrapers, a promotion, a gap, and answers that do not belong.

Two label variants (stable and promoting) are summed; two scrapers of one of them count once, the larger value.
"""

from __future__ import annotations

from collections.abc import Mapping

from serving_rules.model import Example, Values
from serving_rules.signals.baseten.samples import counter, feed, settings, source_up

__all__ = [
    "API_ACTIVE",
    "ASYNC_RATE",
    "BY_CODE",
    "BY_CODE_10M",
    "ERROR_MEAN",
    "FIRST_BYTE_P95",
    "LATENCY_MEAN",
    "LATENCY_P95",
    "LITTLE",
    "NOT_HTTP",
    "PODS",
    "RESPONSE_BYTES",
    "RESTARTS",
    "SYNC_RATE",
    "WEBSOCKETS",
    "level_of",
]

_LEVELS = {
    "active": ("baseten_replicas_active", "serving:active_replicas:max"),
    "starting": ("baseten_replicas_starting", "serving:starting_replicas:max"),
    "inflight": ("baseten_concurrent_requests", "serving:inflight_requests:max"),
}


def level_of(which: str) -> tuple[Example, ...]:
    """Examples of a gauge of the feed that is 0, not absent, where its series vanished with the last replica."""
    metric, signal = _LEVELS[which]
    known = {settings("baseten_deployment_max_replicas"): 4, settings("baseten_deployment_max_replicas", deployment_id="d-two"): 2}
    return (
        Example("two scrapers see one gauge", {feed(metric): 3, feed(metric, "b"): 2}, "5m", {signal: 3}),
        Example(
            "a promotion changes its labels",
            {feed(metric, rollout_phase="promoting"): "3x5 stale", feed(metric): "_x5 3x5"},
            "6m",
            {signal: 3},
        ),
        Example(
            "a vanished series is zero while the feed works, also when a second exporter fails",
            {feed(metric): 3, **known, source_up("feed"): 1, source_up("feed", "b"): 0, source_up("inventory"): 1},
            "5m",
            {signal: 3, f'{signal}{{deployment_id="d-two"}}': 0},
        ),
        Example("two exporters with a working feed", {**known, source_up("feed"): 1, source_up("feed", "b"): 1}, "5m", {
            signal: 0,
            f'{signal}{{deployment_id="d-two"}}': 0,
        }),
        Example("a failed feed is no scale to zero", {**known, source_up("feed"): 0, source_up("inventory"): 1}, "5m", {}),
        Example("the feed of another workspace says nothing", {**known, source_up("feed", workspace="w-two"): 1}, "5m", {}),
        Example("without an exporter a vanished series stays away", {feed(metric): "3x2 stale"}, "5m", {}),
    )  # fmt: skip


def _gauge(metric: str, signal: str, name: str) -> tuple[Example, ...]:
    own = {settings(metric): 3, settings(metric, "b"): 2, settings(metric, deployment_id="d-two"): 7}
    return (Example(name, own, "5m", {signal: 3, f'{signal}{{deployment_id="d-two"}}': 7}),)


API_ACTIVE = _gauge("baseten_deployment_active_replicas", "serving:api_active_replicas:max", "two scrapers, two deployments")

PODS = (
    Example(
        "each condition apart",
        {
            feed("baseten_pod_readiness", condition="true"): 4,
            feed("baseten_pod_readiness", "b", condition="true"): 3,
            feed("baseten_pod_readiness", condition="false"): 1,
        },
        "5m",
        {'serving:pods:max{condition="true"}': 4, 'serving:pods:max{condition="false"}': 1},
    ),
)

WEBSOCKETS = (
    Example(
        "two scrapers see one gauge",
        {feed("baseten_ongoing_websocket_connections"): 3, feed("baseten_ongoing_websocket_connections", "b"): 2},
        "5m",
        {"serving:websocket_connections:max": 3},
    ),
)

_COUNT = "baseten_container_restarts_total"


def _restarts(name: str, inputs: Mapping[str, Values], expected: float | None) -> Example:
    return Example(name, inputs, "10m", {} if expected is None else {"serving:restarts:increase1m": expected})


RESTARTS = (
    _restarts("two containers in one minute", {feed(_COUNT): "5x9 7"}, 2),
    _restarts("a quiet minute", {feed(_COUNT): 7}, 0),
    _restarts("the minute after", {feed(_COUNT): "5x8 7 7"}, 0),
    _restarts("a pod leaves with its count", {feed(_COUNT): "8x9 5"}, 0),
    _restarts("a restart two minutes after a pod left", {feed(_COUNT): "8x7 5 5 6"}, 1),
    _restarts("two scrapers, one of them a minute late: counted when the first sees it", {feed(_COUNT): "5x9 6", feed(_COUNT, "b"): 5}, 1),
    _restarts("and not again when the second does", {feed(_COUNT): "5x8 6 6", feed(_COUNT, "b"): "5x9 6"}, 0),
    _restarts("a failed scrape loses none", {feed(_COUNT): "5x7 stale _ 7"}, 2),
    _restarts("nor do four minutes without one", {feed(_COUNT): "5x5 stale _x3 7"}, 2),
    _restarts("after longer than that the count is new", {feed(_COUNT): "5x3 stale _x5 7"}, None),
    _restarts(
        "a promotion under which the count goes on",
        {feed(_COUNT, rollout_phase="promoting"): "5x9 stale", feed(_COUNT): "_x10 5"},
        None,
    ),
    _restarts(
        "the minute after a promotion under which it began anew",
        {feed(_COUNT, rollout_phase="promoting"): "5x8 stale", feed(_COUNT): "_x9 0 1"},
        1,
    ),
    _restarts("two label variants at once", {feed(_COUNT): "5x9 6", feed(_COUNT, rollout_phase="promoting"): "1x9 3"}, 3),
    _restarts("without the pod-health flag", {feed("baseten_replicas_active"): 1}, None),
)

_REQUESTS = "baseten_inference_requests_total"


def _requests(window: int, at: int, of: str, **labels: str) -> dict[str, Values]:
    """Make requests of a promoting and a stable variant, the latter seen by two scrapers."""
    promoting = {**labels, "rollout_phase": "promoting"}
    return {
        feed(of, **labels): counter(window, at, before=600, first=90, second=180),
        feed(of, "b", **labels): counter(window, at, before=600, first=45, second=90),
        feed(of, **promoting): counter(window, at, before=90, first=9, second=18),
    }


BY_CODE = (
    Example(
        "label variants are summed, scrapers are not, codes stay apart",
        {
            **_requests(5, 12, _REQUESTS, status_code="200", is_async="false"),
            feed(_REQUESTS, status_code="200", is_async="True"): counter(5, 12, before=90, first=12, second=24),
            feed(_REQUESTS, status_code="502", is_async="false"): counter(5, 12, before=90, first=24, second=24),
        },
        "12m",
        {'serving:requests_by_code:rate5m{status_code="200"}': 2.775, 'serving:requests_by_code:rate5m{status_code="502"}': 0.4},
    ),
    Example(
        "a promotion loses the minute of the change and invents nothing",
        {
            feed(_REQUESTS, status_code="200", is_async="false", rollout_phase="promoting"): "0+60x7 _ 540 600 stale",
            feed(_REQUESTS, status_code="200", is_async="false"): "_x11 660 720 780",
        },
        "13m",
        {'serving:requests_by_code:rate5m{status_code="200"}': 1},
    ),
)

BY_CODE_10M = (
    Example(
        "label variants are summed, scrapers are not, codes stay apart",
        {
            **_requests(10, 22, _REQUESTS, status_code="200", is_async="false"),
            feed(_REQUESTS, status_code="429", is_async="false"): counter(10, 22, before=90, first=9, second=9),
        },
        "22m",
        {'serving:requests_by_code:increase10m{status_code="200"}': 1540, 'serving:requests_by_code:increase10m{status_code="429"}': 90},
    ),
)


def _answers(*codes: str) -> dict[str, Values]:
    return {feed(_REQUESTS, status_code=code, is_async="false"): 5 for code in codes}


NOT_HTTP = (
    Example("close codes of WebSockets", _answers("200", "1000", "1006"), "5m", {"serving:long_connections:flag": 1}),
    Example(
        "a close code seen by two",
        {**_answers("1001"), feed(_REQUESTS, "b", status_code="1001"): 4},
        "5m",
        {"serving:long_connections:flag": 1},
    ),
    Example("statuses of gRPC by number", _answers("0", "14"), "5m", {"serving:long_connections:flag": 1}),
    Example("statuses of gRPC by name", _answers("OK"), "5m", {"serving:long_connections:flag": 1}),
    Example("answers of HTTP", _answers("101", "200", "404", "429", "499", "500", "599"), "5m", {}),
    Example("no code", _answers(""), "5m", {}),
)

SYNC_RATE = (
    Example(
        "asynchronous requests do not count, however the flag is spelt",
        {
            **_requests(5, 12, _REQUESTS, status_code="200", is_async="false"),
            feed(_REQUESTS, status_code="500", is_async="False"): counter(5, 12, before=90, first=12, second=24),
            feed(_REQUESTS, status_code="200", is_async="true"): counter(5, 12, before=0, first=99, second=99),
            feed(_REQUESTS, status_code="200", is_async="True"): counter(5, 12, before=0, first=99, second=99),
        },
        "12m",
        {"serving:sync_requests:rate5m": 2.775},
    ),
)

ASYNC_RATE = (
    Example(
        "only asynchronous requests count, however the flag is spelt",
        {
            **_requests(15, 32, _REQUESTS, status_code="200", is_async="true"),
            feed(_REQUESTS, status_code="200", is_async="True"): counter(15, 32, before=90, first=12, second=24),
            feed(_REQUESTS, status_code="200", is_async="false"): counter(15, 32, before=0, first=99, second=99),
        },
        "32m",
        {"serving:async_requests:rate15m": 2.775},
    ),
)

_SECONDS = "baseten_end_to_end_response_time_seconds"

LITTLE = (
    Example(
        "seconds of response time for each second",
        {
            **_requests(5, 12, f"{_SECONDS}_sum", status_code="200", is_async="false"),
            feed(f"{_SECONDS}_sum", status_code="200", is_async="TRUE"): counter(5, 12, before=0, first=99, second=99),
        },
        "12m",
        {"serving:inflight_requests:little5m": 2.475},
    ),
)


def _mean(metric: str, window: int, **labels: str) -> dict[str, Values]:
    """Make a sum and a count whose quotient changes with the window and with every aggregation."""
    at = 2 * window + 2
    promoting = {**labels, "rollout_phase": "promoting"}
    return {
        feed(f"{metric}_sum", **labels): counter(window, at, before=9, first=60, second=120),
        feed(f"{metric}_sum", "b", **labels): counter(window, at, before=9, first=30, second=60),
        feed(f"{metric}_sum", **promoting): counter(window, at, before=9, first=3, second=6),
        # 42 a minute on average, so that the quotient is exact.
        feed(f"{metric}_count", **labels): counter(
            window, at, before=99, first=28 if window == 15 else 32, second=56 if window == 15 else 50
        ),
        feed(f"{metric}_count", "b", **labels): counter(window, at, before=99, first=6, second=6),
        feed(f"{metric}_count", **promoting): counter(window, at, before=99, first=8, second=8),
    }


def _nothing(metric: str, **labels: str) -> dict[str, Values]:
    return {feed(f"{metric}_sum", **labels): 50, feed(f"{metric}_count", **labels): 9}


_SYNC = {"status_code": "200", "is_async": "false"}
_ASYNC = {"status_code": "200", "is_async": "True"}
_ERROR = {"status_code": "500", "is_async": "false"}

LATENCY_MEAN = (
    Example(
        "seconds by requests, over both label variants",
        {
            **_mean(_SECONDS, 15, **_SYNC),
            feed(f"{_SECONDS}_sum", **_ASYNC): counter(15, 32, before=0, first=99, second=99),
            feed(f"{_SECONDS}_count", **_ASYNC): counter(15, 32, before=0, first=99, second=9),
        },
        "32m",
        {"serving:latency_seconds:mean15m": 1.89},
    ),
    Example("absent, not NaN, without requests", _nothing(_SECONDS, **_SYNC), "32m", {}),
)

ERROR_MEAN = (
    Example(
        "of 500 alone",
        {
            **_mean(_SECONDS, 10, **_ERROR),
            feed(f"{_SECONDS}_sum", **_SYNC): counter(10, 22, before=0, first=99, second=99),
            feed(f"{_SECONDS}_count", **_SYNC): counter(10, 22, before=0, first=99, second=9),
        },
        "22m",
        {"serving:server_error_seconds:mean10m": 1.96},
    ),
    Example("absent, not NaN, without errors", _nothing(_SECONDS, **_ERROR), "22m", {}),
)

RESPONSE_BYTES = (
    Example(
        "bytes by responses, over both label variants",
        _mean("baseten_response_size_bytes", 15),
        "32m",
        {"serving:response_bytes:mean15m": 1.89},
    ),
    Example("absent, not NaN, without responses", _nothing("baseten_response_size_bytes"), "32m", {}),
)


def _buckets(metric: str, signal: str) -> tuple[Example, ...]:
    """Stable answers change within the window, those of a promoting variant are slow, what is asynchronous is slowest of all."""

    def bucket(le: str, first: float, second: float, scraper: str = "a", **labels: str) -> dict[str, Values]:
        series = feed(f"{metric}_bucket", scraper, **{**_SYNC, **labels, "le": le})
        return {series: counter(5, 12, before=600 if le == "+Inf" else 0, first=first, second=second)}

    stable = {**bucket("1", 480, 120), **bucket("5", 600, 360), **bucket("10", 600, 600), **bucket("+Inf", 600, 600)}
    late = {**bucket("1", 240, 60, "b"), **bucket("5", 300, 180, "b"), **bucket("10", 300, 300, "b"), **bucket("+Inf", 300, 300, "b")}
    promoting = {
        **bucket("1", 0, 0, rollout_phase="promoting"),
        **bucket("5", 600, 600, rollout_phase="promoting"),
        **bucket("+Inf", 600, 600, rollout_phase="promoting"),
    }
    return (
        Example(
            "interpolated between the bounds, over both label variants",
            {
                **stable,
                **late,
                **promoting,
                **bucket("10", 600, 600, rollout_phase="promoting"),
                **bucket("1", 0, 0, is_async="True"),
                **bucket("+Inf", 9000, 9000, is_async="True"),
            },
            "12m",
            {signal: 7.5},
        ),
        Example("a label variant without the bound that decides", {**stable, **promoting}, "12m", {signal: 10}),
        Example("everything in a first bucket up to 0", {**bucket("0", 9, 9), **bucket("+Inf", 9, 9)}, "12m", {signal: 0}),
        Example("absent, not NaN, without requests", {**bucket("1", 0, 0), **bucket("5", 0, 0)}, "12m", {}),
    )


LATENCY_P95 = _buckets(_SECONDS, "serving:latency_seconds:p95")
FIRST_BYTE_P95 = _buckets("baseten_time_to_first_byte_seconds", "serving:first_byte_seconds:p95")
