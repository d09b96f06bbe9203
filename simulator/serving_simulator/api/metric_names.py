"""The metrics that the query API knows: kind and unit hint of each. An unknown name rejects a whole request."""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["DEFAULT_METRICS", "KNOWN_METRICS", "MetricShape"]


class MetricShape(NamedTuple):
    """How the query API presents a metric. ``rate``: a counter in the feed, shown as a gauge of its rate per second."""

    kind: Literal["GAUGE", "COUNTER", "HISTOGRAM"]
    unit_hint: str
    rate: bool = False


_GAUGE, _COUNTER = MetricShape("GAUGE", "COUNT"), MetricShape("COUNTER", "COUNT")
_SECONDS, _BYTES = MetricShape("HISTOGRAM", "SECONDS"), MetricShape("HISTOGRAM", "BYTES")
_COUNTS, _RATIO = MetricShape("HISTOGRAM", "COUNT"), MetricShape("HISTOGRAM", "RATIO")

KNOWN_METRICS: dict[str, MetricShape] = {
    "baseten_inference_requests_total": _COUNTER,
    "baseten_end_to_end_response_time_seconds": _SECONDS,
    "baseten_time_to_first_byte_seconds": _SECONDS,
    "baseten_request_size_bytes": _BYTES,
    "baseten_response_size_bytes": _BYTES,
    "baseten_concurrent_requests": _GAUGE,
    "baseten_replicas_active": _GAUGE,
    "baseten_replicas_starting": _GAUGE,
    "baseten_container_restarts_total": _COUNTER,
    "baseten_pod_readiness": _GAUGE,
    "baseten_container_cpu_usage_seconds_total": MetricShape("GAUGE", "RATIO", rate=True),
    "baseten_container_cpu_memory_working_set_bytes": MetricShape("GAUGE", "BYTES"),
    "baseten_gpu_memory_used": MetricShape("GAUGE", "MEBIBYTES"),
    "baseten_gpu_utilization": MetricShape("GAUGE", "RATIO"),
    "baseten_async_queue_size": _GAUGE,
    "baseten_time_in_async_queue_seconds": _SECONDS,
    "baseten_async_webhook_requests_total": _COUNTER,
    "baseten_async_webhook_latency_seconds": _SECONDS,
    "baseten_ongoing_websocket_connections": _GAUGE,
    "baseten_llm_input_tokens_total": _COUNTER,
    "baseten_llm_output_tokens_total": _COUNTER,
    "baseten_llm_input_tokens_per_request": _COUNTS,
    "baseten_llm_output_tokens_per_request": _COUNTS,
    "baseten_llm_tokens_per_second_per_request": MetricShape("HISTOGRAM", "PER_SECOND"),
    "baseten_llm_kv_cache_hit_rate": _RATIO,
    "baseten_llm_spec_decode_num_accepted_tokens_total": _COUNTER,
    "baseten_llm_spec_decode_num_draft_tokens_total": _COUNTER,
    "baseten_llm_in_flight_tokens": _GAUGE,
    "baseten_llm_avg_in_flight_tokens": _GAUGE,
    "baseten_llm_num_requests": _GAUGE,
}

DEFAULT_METRICS = ("baseten_replicas_active", "baseten_inference_requests_total", "baseten_end_to_end_response_time_seconds")
