"""How long a cold-start gap has lasted, how long it may, and the floor that would have bridged it."""

from __future__ import annotations

from serving_rules.detections.cold_start_gap import records_examples as examples
from serving_rules.model import Record
from serving_rules.promql import DEPLOYMENT, by

__all__ = ["RECORDS"]

_REQUESTS = "serving:cold_start_gap_requests:now"
_SINCE = "serving:cold_start_gap_since_timestamp_seconds:first"
_NOW = "serving:cold_start_gap_seconds:now"
_LIMIT = "serving:cold_start_gap_seconds:limit"
_NEEDED = "serving:cold_start_gap_replicas:needed"
_MIN, _MAX = "serving:min_replicas:current", "serving:max_replicas:current"
_FOR_MIN = "serving:min_replicas:for_cold_start_gap"
_ACTIVE = "serving:active_replicas:max"
_SERVED = f'(sum {by(DEPLOYMENT)} (serving:requests_by_code:rate5m{{status_code!~"[45].."}}) > 0)'

RECORDS = (
    Record(
        _REQUESTS,
        """
        (serving:inflight_requests:max - serving:slots:current > 0)
        and (serving:starting_replicas:max > 0)
        and (serving:active_replicas:max > 0)
        """,
        "Requests beyond the slots while replicas start and others serve; absent at other times. At zero active replicas it is a wake.",
        examples=examples.REQUESTS,
    ),
    Record(
        _SINCE,
        # In-flight requests are noisy: a dip below the slots, or a missed scrape, of up to three minutes does not begin the count anew. The
        # range ends half-way between two evaluations, so that its edge is the same in every release of Prometheus.
        f"""
        (max_over_time({_SINCE}[3m30s]) and {_REQUESTS})
        or ({_REQUESTS} * 0 + time())
        """,
        "Since when there has been a cold-start gap, Unix time; absent without one.",
        examples=examples.SINCE,
    ),
    Record(_NOW, f"time() - {_SINCE}", "How long the cold-start gap has lasted, seconds.", examples=examples.NOW),
    Record(
        _LIMIT,
        f"""
        (
          ($gap_seconds - clamp_min($gap_seconds - clamp_min($gap_starts * serving:startup_seconds:typical, 180), 0))
          or {_NOW} * 0 + $gap_seconds
        )
        and {_NOW}
        """,
        "How long a cold-start gap may last, seconds: some start-up times where they are known and short.",
        examples=examples.LIMIT,
    ),
    Record(
        "serving:cold_start_gap_ratio:now",
        "serving:starting_replicas:max / (serving:active_replicas:max + serving:starting_replicas:max > 0)",
        "Share of the replicas that are starting, 0 to 1: above a half for longer than a start is the platform's own sign of a "
        "cold-start problem.",
        examples=examples.RATIO,
    ),
    Record(
        _NEEDED,
        # What arrives at the end of a start is what the floor had to hold: the ramp times the start-up time, measured and not extrapolated.
        # In a gap every slot is taken, so that what the active replicas get done is what they can do, even before it lasted for long
        # enough to be measured well. The replicas that the autoscaler asked for are too many: its demand is the backlog of the gap.
        f"""
        (
          ceil(
            serving:arrivals:rate5m
            / (serving:replica_throughput:recent or serving:replica_throughput:typical or {_SERVED} / avg_over_time({_ACTIVE}[5m]))
          )
          or {_ACTIVE} + serving:starting_replicas:max
        )
        and ({_NOW} >= {_LIMIT})
        """,
        "Replicas that would serve what arrives without a queue, while a cold-start gap is too long; where nobody was served yet, those "
        "that the autoscaler asked for.",
        examples=examples.NEEDED,
    ),
    Record(
        _FOR_MIN,
        # The larger and the smaller of two as sums, which need no second look at the same series.
        f"{_MAX} - clamp_min({_MAX} - {_MIN} - clamp_min(max_over_time({_NEEDED}[1h]) - {_MIN}, 1), 0)",
        "Floor that bridges the starts, replicas: what the longest gap of the last hour needed, at least one more than the present floor "
        "and never more than the ceiling.",
        examples=examples.FOR_MIN,
    ),
    Record(
        "serving:cold_start_gap_dollars_per_day:cost",
        f"24 * serving:replica_price_dollars_per_hour:current * ({_FOR_MIN} - {_MIN})",
        "What the further warm replicas cost at most, US dollars a day: those that run anyway are not deducted.",
        examples=examples.COST,
    ),
)
