"""Replicas and load: what runs, what starts, what is in flight, and the requests that make it."""

from __future__ import annotations

from serving_rules.model import RecordGroup
from serving_rules.promql import names, once
from serving_rules.signals.baseten import load_examples as examples
from serving_rules.signals.baseten.text import IDS, SYNC, current, level, rates, record

__all__ = ["GROUPS"]

# Counted by each label variant, so that a promotion neither hides restarts nor invents any; for all scrapers at once, so that two that see
# the same restart a minute apart count it once; against the last value of five minutes, so that a failed scrape loses none.
# A fall means that a pod left with its count, not that the counter began anew: increase() would report phantom restarts.
_RESTARTS = f"""
sum by ({names(IDS)}) (
  clamp_min(
    {once("baseten_container_restarts_total")}
    - {once("last_over_time(baseten_container_restarts_total[5m] offset 1m)")},
    0
  )
)
"""

# Answers of WebSockets are close codes (1000 to 1015), those of gRPC its own statuses: neither has three digits that begin with 1 to 5.
_NOT_HTTP = 'status_code!~"[1-5][0-9][0-9]",status_code!=""'


def _quantile(metric: str) -> str:
    """95th percentile over 5 minutes of synchronous requests; absent, not NaN, where there were none."""
    return f"histogram_quantile(0.95, {rates(f'{metric}_bucket{{{SYNC}}}', '5m', 'le')}) >= 0"


GROUPS = (
    RecordGroup(
        "serving-replicas",
        "Replicas and requests in flight, one series for each deployment; 0, not absent, at zero replicas.",
        (
            record(
                "serving:active_replicas:max", level("baseten_replicas_active"), "Replicas able to serve.", *examples.level_of("active")
            ),
            record(
                "serving:starting_replicas:max",
                level("baseten_replicas_starting"),
                "Replicas waiting for hardware or loading the model.",
                *examples.level_of("starting"),
            ),
            record(
                "serving:inflight_requests:max",
                level("baseten_concurrent_requests"),
                "Synchronous requests sent and not yet answered, those waiting at the router included.",
                *examples.level_of("inflight"),
            ),
            record(
                "serving:inflight_requests:little5m",
                rates(f"baseten_end_to_end_response_time_seconds_sum{{{SYNC}}}", "5m"),
                "Mean synchronous requests in flight by Little's law (request rate times mean latency): free of sampling luck, but late.",
                *examples.LITTLE,
            ),
            record(
                "serving:api_active_replicas:max",
                current("baseten_deployment_active_replicas"),
                "Active replicas as the management API counts them: the second witness.",
                *examples.API_ACTIVE,
            ),
            record(
                "serving:pods:max",
                f"max by ({names(IDS)}, condition) (baseten_pod_readiness)",
                "Pods by their Ready condition (label condition: true, false, unknown); needs the pod-health flag.",
                *examples.PODS,
            ),
            record(
                "serving:websocket_connections:max",
                current("baseten_ongoing_websocket_connections"),
                "Open WebSocket connections.",
                *examples.WEBSOCKETS,
            ),
            record(
                "serving:restarts:increase1m",
                _RESTARTS,
                "Container restarts of the last minute, falls of the counter ignored; needs the pod-health flag.",
                *examples.RESTARTS,
            ),
        ),
    ),
    RecordGroup(
        "serving-requests",
        "Requests by answer, latency and size.",
        (
            record(
                "serving:requests_by_code:rate5m",
                rates("baseten_inference_requests_total", "5m", "status_code"),
                "Requests a second by status code, synchronous and asynchronous.",
                *examples.BY_CODE,
            ),
            record(
                "serving:requests_by_code:increase10m",
                rates("baseten_inference_requests_total", "10m", "status_code", of="increase"),
                "Requests of the last 10 minutes by status code, synchronous and asynchronous.",
                *examples.BY_CODE_10M,
            ),
            record(
                "serving:long_connections:flag",
                f"max by ({names(IDS)}) (baseten_inference_requests_total{{{_NOT_HTTP}}}) * 0 + 1",
                "1 for deployments that answer with close codes of WebSockets or statuses of gRPC: their connections outlive a scale-down.",
                *examples.NOT_HTTP,
            ),
            record(
                "serving:sync_requests:rate5m",
                rates(f"baseten_inference_requests_total{{{SYNC}}}", "5m"),
                "Synchronous requests a second, every status code.",
                *examples.SYNC_RATE,
            ),
            record(
                "serving:async_requests:rate15m",
                rates('baseten_inference_requests_total{is_async=~"(?i)true"}', "15m"),
                "Asynchronous requests completed a second.",
                *examples.ASYNC_RATE,
            ),
            record(
                "serving:latency_seconds:mean15m",
                f"""
                {rates(f"baseten_end_to_end_response_time_seconds_sum{{{SYNC}}}", "15m")}
                /
                ({rates(f"baseten_end_to_end_response_time_seconds_count{{{SYNC}}}", "15m")} > 0)
                """,
                "Mean response time of synchronous requests over 15 minutes, seconds: cold start, queueing and work.",
                *examples.LATENCY_MEAN,
            ),
            record(
                "serving:server_error_seconds:mean10m",
                f"""
                {rates('baseten_end_to_end_response_time_seconds_sum{status_code="500"}', "10m")}
                /
                ({rates('baseten_end_to_end_response_time_seconds_count{status_code="500"}', "10m")} > 0)
                """,
                "Mean time that requests answered with 500 had taken, over 10 minutes, seconds: short is the model's own error, long an "
                "expired wait.",
                *examples.ERROR_MEAN,
            ),
            record(
                "serving:latency_seconds:p95",
                _quantile("baseten_end_to_end_response_time_seconds"),
                "95th percentile of the response time of synchronous requests over 5 minutes, seconds.",
                *examples.LATENCY_P95,
            ),
            record(
                "serving:first_byte_seconds:p95",
                _quantile("baseten_time_to_first_byte_seconds"),
                "95th percentile of the time to first byte of synchronous requests over 5 minutes, seconds.",
                *examples.FIRST_BYTE_P95,
            ),
            record(
                "serving:response_bytes:mean15m",
                f"""
                {rates("baseten_response_size_bytes_sum", "15m")}
                /
                ({rates("baseten_response_size_bytes_count", "15m")} > 0)
                """,
                "Mean size of a response over 15 minutes, bytes: a stand-in for how much work a request is.",
                *examples.RESPONSE_BYTES,
            ),
        ),
    ),
)
