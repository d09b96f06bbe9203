"""The conditions of a cold flood, and the floor and the ceiling that it asks for."""

from __future__ import annotations

from serving_rules.detections.cold_flood import records_examples as examples
from serving_rules.model import Record

__all__ = ["FLOOD", "PARKED", "RECORDS"]

FLOOD = """(serving:inflight_requests:max >= $flood * serving:concurrency_target:current)
and (serving:active_replicas:max == 0)"""

# Over three minutes, so that the one sample after an outage of the telemetry is no verdict, and a missed scrape no acquittal.
PARKED = """(min_over_time(serving:inflight_requests:max[3m]) > 0)
and (max_over_time(serving:active_replicas:max[3m]) == 0)"""

_INFLIGHT = "serving:inflight_requests:max"
_GROWTH = f"({_INFLIGHT} - {_INFLIGHT} offset 1m) / 60"
_PEAK = "serving:arrivals:peak7d"
_ARRIVALS = "serving:cold_flood_arrivals:rate"
_NEEDED = "serving:cold_flood_replicas:needed"
_MIN, _MAX = "serving:min_replicas:current", "serving:max_replicas:current"
_FOR_MIN = "serving:min_replicas:for_cold_flood"
_TYPICAL = "serving:replica_throughput:typical"

RECORDS = (
    Record(
        _ARRIVALS,
        # At zero replicas nothing is answered: what arrives is what piles up. A mean of five minutes knows it late, the last minute at
        # once. The week's peak and not its 99th percentile: bursts of an hour a week are gone from that.
        f"""
        (({_PEAK} + clamp_min({_GROWTH} - {_PEAK}, 0)) or {_PEAK} or {_GROWTH})
        and (({FLOOD}) or ({PARKED}))
        """,
        "Requests that a burst brings in a second: the growth of the last minute or the week's peak, the larger; while a flood or parked "
        "requests wait at zero replicas.",
        examples=examples.ARRIVALS,
    ),
    Record(
        _NEEDED,
        f"clamp_min(ceil({_ARRIVALS} / {_TYPICAL}), 1)\nor {_ARRIVALS} * 0 + 1",
        "Replicas that serve the burst without a queue, at least one.",
        examples=examples.NEEDED,
    ),
    Record(
        _FOR_MIN,
        # The smaller of two as a sum, which needs no second look at the same series.
        f"({_MAX} - clamp_min({_MAX} - max_over_time({_NEEDED}[1h]), 0))\nunless ({_MIN} > 0)",
        "Floor that takes the burst, replicas: what it needed at most in the last hour, no more than the ceiling. For deployments that "
        "scale to zero.",
        examples=examples.FOR_MIN,
    ),
    Record(
        "serving:max_replicas:for_cold_flood",
        f"""
        (
          clamp_min(ceil(max_over_time({_ARRIVALS}[1h]) / (serving:target_utilization_ratio:current * {_TYPICAL})), 1)
          < {_MAX}
        )
        unless ({_MIN} > 0)
        """,
        "Ceiling that bounds what the backlog of a flood starts, replicas: what its arrivals need at the target utilization; absent "
        "where the present one is no higher.",
        examples=examples.FOR_MAX,
    ),
    Record(
        "serving:cold_flood_dollars_per_day:cost",
        f"24 * serving:replica_price_dollars_per_hour:current * {_FOR_MIN}",
        "What the floor costs at most, US dollars a day.",
        examples=examples.COST,
    ),
)
