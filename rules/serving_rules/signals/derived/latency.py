"""Latency, and what may explain it, against the deployment's own past."""

from __future__ import annotations

from serving_rules.model import Record, RecordGroup
from serving_rules.signals.derived import latency_examples as examples
from serving_rules.signals.derived.hourly import DAY, sampled

__all__ = ["GROUPS"]

# A mean of 15 minutes tells nothing new for 15 minutes: a day of it is 96 samples, not 1440. Sorting is what a quantile over time costs.
_QUARTER = "14m30s"
_FIVE_MINUTES = "4m30s"
_SIX_HOURS = "5h59m30s"

GROUPS = (
    RecordGroup(
        "serving-latency",
        "Latency compared with the deployment's own past, not with an absolute number.",
        (
            Record(
                "serving:inflight_per_replica:avg5m",
                "serving:inflight_requests:avg5m / (serving:active_replicas:max > 0)",
                "Requests in flight for each active replica, mean of 5 minutes; absent at zero replicas.",
                examples=examples.PER_REPLICA,
            ),
            sampled(
                "serving:inflight_per_replica:sampled15m",
                "serving:inflight_per_replica:avg5m",
                _QUARTER,
                "Requests in flight for each active replica, one sample in 15 minutes.",
                examples.quarter("serving:inflight_per_replica:avg5m", "serving:inflight_per_replica:sampled15m"),
            ),
            Record(
                "serving:inflight_per_replica:median1d",
                f"quantile_over_time(0.5, serving:inflight_per_replica:sampled15m[{DAY}])",
                "Median over a day of the requests in flight for each active replica.",
                examples=examples.day_median("serving:inflight_per_replica:sampled15m", "serving:inflight_per_replica:median1d"),
            ),
            sampled(
                "serving:latency_seconds:sampled15m",
                "serving:latency_seconds:mean15m",
                _QUARTER,
                "Mean response time over 15 minutes, one sample in 15 minutes; absent without traffic.",
                examples.quarter("serving:latency_seconds:mean15m", "serving:latency_seconds:sampled15m"),
            ),
            Record(
                "serving:latency_seconds:floor1d",
                f"quantile_over_time(0.1, serving:latency_seconds:sampled15m[{DAY}])",
                "Mean response time of the quietest tenth of the last day, seconds.",
                examples=examples.FLOOR,
            ),
            Record(
                "serving:latency_seconds:hours1d",
                f"count_over_time(serving:latency_seconds:sampled15m[{DAY}]) / 4",
                "Hours of the last day with traffic: how much the floor rests on.",
                examples=examples.HOURS,
            ),
            sampled(
                "serving:latency_seconds:p95_sampled5m",
                # Without traffic in the window the quantile of a histogram is not a number; the comparison leaves it out.
                "serving:latency_seconds:p95 >= 0",
                _FIVE_MINUTES,
                "95th percentile of the response time over 5 minutes, one sample in 5 minutes.",
                examples.five_minutes("serving:latency_seconds:p95", "serving:latency_seconds:p95_sampled5m"),
            ),
            Record(
                "serving:latency_seconds:p95_median6h",
                f"quantile_over_time(0.5, serving:latency_seconds:p95_sampled5m[{_SIX_HOURS}])",
                "Median over 6 hours of the 95th percentile of the response time, seconds.",
                examples=examples.P95_MEDIAN,
            ),
            sampled(
                "serving:response_bytes:sampled15m",
                "serving:response_bytes:mean15m",
                _QUARTER,
                "Mean response size over 15 minutes, one sample in 15 minutes.",
                examples.quarter("serving:response_bytes:mean15m", "serving:response_bytes:sampled15m"),
            ),
            Record(
                "serving:response_bytes:median1d",
                f"quantile_over_time(0.5, serving:response_bytes:sampled15m[{DAY}])",
                "Median over a day of the mean response size, bytes.",
                examples=examples.day_median("serving:response_bytes:sampled15m", "serving:response_bytes:median1d"),
            ),
        ),
    ),
)
