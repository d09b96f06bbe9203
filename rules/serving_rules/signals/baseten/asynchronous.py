"""Asynchronous requests: the queue and the wait in it."""

from __future__ import annotations

from serving_rules.model import RecordGroup
from serving_rules.signals.baseten import asynchronous_examples as examples
from serving_rules.signals.baseten.text import current, rates, record

__all__ = ["GROUPS"]

GROUPS = (
    RecordGroup(
        "serving-async",
        "The asynchronous queue of a deployment.",
        (
            record(
                "serving:async_queued:max",
                f"{current('baseten_async_requests_queued')}\nor\n{current('baseten_async_queue_size')}",
                "Asynchronous requests waiting: the live count where the exporter reads it, else the feed's sample.",
                *examples.QUEUED,
            ),
            record(
                "serving:async_in_progress:max",
                current("baseten_async_requests_in_progress"),
                "Asynchronous requests being worked on.",
                *examples.IN_PROGRESS,
            ),
            record(
                "serving:async_wait_seconds:p95",
                f"histogram_quantile(0.95, {rates('baseten_time_in_async_queue_seconds_bucket', '15m', 'le')}) >= 0",
                "95th percentile of the wait in the asynchronous queue over 15 minutes, seconds; absent, not NaN, while none is taken up.",
                *examples.WAIT_P95,
            ),
            record(
                "serving:async_dequeued:increase15m",
                rates("baseten_time_in_async_queue_seconds_count", "15m", of="increase"),
                "Asynchronous requests that left the queue in the last 15 minutes.",
                *examples.DEQUEUED,
            ),
            record(
                "serving:async_requests:share1h",
                f"""
                {rates('baseten_inference_requests_total{is_async=~"(?i)true"}', "1h")}
                /
                ({rates("baseten_inference_requests_total", "1h")} > 0)
                """,
                "Share of asynchronous requests among all of the last hour, 0 to 1.",
                *examples.SHARE,
            ),
        ),
    ),
)
