"""What to set when the ceiling is too low, and what it costs."""

from __future__ import annotations

from serving_rules.model import Example, Record

__all__ = ["RECORDS"]

_SATURATED = "(avg_over_time(serving:ceiling_demand_ratio:avg5m[10m]) > $excess)"
_GPU = "avg_over_time(serving:gpu_utilization_ratio:avg[10m])"

_RATIO = "serving:ceiling_demand_ratio:avg5m"
_NEEDED = "serving:ceiling_replicas:needed"
_MAX = "serving:max_replicas:current"
_PRICE = "serving:replica_price_dollars_per_hour:current"
_TARGET = "serving:concurrency_target:current"
_BUSY = "serving:gpu_utilization_ratio:avg"
_P95 = "serving:latency_seconds:p95"
_MEDIAN = "serving:latency_seconds:p95_median6h"

_FOR_MAX = "serving:max_replicas:for_capacity_saturated"
_FOR_TARGET = "serving:concurrency_target:for_capacity_saturated"
_COST = "serving:capacity_saturated_dollars_per_day:cost"

# Ten minutes that end at minute 20: other values before them, a gap at their left edge, two halves.
_HALVES = "9x8 _x2 1x4 2x30"
_IDLE = {_RATIO: 1.5, _TARGET: 8, _BUSY: 0.5, _P95: 2.4, _MEDIAN: 2}

RECORDS = (
    Record(
        _FOR_MAX,
        f"max_over_time(serving:ceiling_replicas:needed[10m]) and {_SATURATED}",
        "Ceiling that serves what arrives, replicas: the most that was needed in ten minutes, while the alert's condition holds.",
        examples=(
            Example("what is needed", {_NEEDED: "40x8 _x2 9x4 7x30", _RATIO: 1.5}, "20m", {_FOR_MAX: 9}),
            Example("exactly at the bound", {_NEEDED: 9, _RATIO: 1.1}, "20m", {}),
            Example("just above it", {_NEEDED: 9, _RATIO: 1.11}, "20m", {_FOR_MAX: 9}),
            Example("a ratio of ten minutes, no more and no less", {_NEEDED: 9, _RATIO: "9x8 _x2 0.9x4 1.2x30"}, "20m", {}),
            Example("of which the first half counts too", {_NEEDED: 9, _RATIO: "0x8 _x2 1.4x4 0.9x30"}, "20m", {_FOR_MAX: 9}),
        ),
    ),
    Record(
        _FOR_TARGET,
        f"""
        ceil(
          serving:concurrency_target:current
          * clamp_max($idle_gpu_ratio / {_GPU}, 2)
        )
        and ({_GPU} < $idle_gpu_ratio)
        and (serving:latency_seconds:p95 <= $flat_ratio * serving:latency_seconds:p95_median6h)
        and {_SATURATED}
        """,
        "The other way, where GPUs idle and p95 is flat: a concurrency target that brings the GPUs to their bound, at most twice the "
        "present one. Never above the batch size or predict_concurrency of the model, which are not measured.",
        examples=(
            Example("GPUs half idle", _IDLE, "20m", {_FOR_TARGET: 12}),
            Example("twice at most", {**_IDLE, _BUSY: 0.1}, "20m", {_FOR_TARGET: 16}),
            Example("GPUs of ten minutes, no more and no less", {**_IDLE, _BUSY: "0.1x8 _x2 0.35x4 0.65x30"}, "20m", {_FOR_TARGET: 12}),
            Example("GPUs of which the first half counts too", {**_IDLE, _BUSY: "0.1x8 _x2 0.9x4 0.6x30"}, "20m", {}),
            Example("GPUs that are busy", {**_IDLE, _BUSY: 0.7}, "20m", {}),
            Example("GPUs that were idle before", {**_IDLE, _BUSY: "0.1x8 _x2 0.8x4 0.8x30"}, "20m", {}),
            Example("GPUs that work for a moment", {**_IDLE, _BUSY: "0.5x14 0.95 _ 0.5x30"}, "20m", {_FOR_TARGET: 11}),
            Example("a p95 that rises", {**_IDLE, _P95: 2.5}, "20m", {}),
            Example("a p95 that falls", {**_IDLE, _P95: 1}, "20m", {_FOR_TARGET: 12}),
            Example("room to grow", {**_IDLE, _RATIO: 1.1}, "20m", {}),
            Example("a ratio of ten minutes, no more and no less", {**_IDLE, _RATIO: "9x8 _x2 0.9x4 1.2x30"}, "20m", {}),
            Example("of which the first half counts too", {**_IDLE, _RATIO: "0x8 _x2 1.4x4 0.9x30"}, "20m", {_FOR_TARGET: 12}),
        ),
    ),
    Record(
        _COST,
        f"24 * {_PRICE} * ({_FOR_MAX} - {_MAX})",
        "What the replicas above the present ceiling cost when all of them run, US dollars a day.",
        examples=(Example("five more at two dollars", {_NEEDED: 9, _RATIO: 1.5, _PRICE: 2, _MAX: 4}, "20m", {_COST: 240}),),
    ),
)
