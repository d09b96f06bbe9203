"""Minutes, episodes and habits of requests that slow down after a removal, and what to set."""

from __future__ import annotations

from serving_rules.detections.latency_after_scale_down import records_examples as examples
from serving_rules.detections.latency_after_scale_down.names import ADVICE, COST, DELAY, EPISODES, FLOOR, NOW, START, STEP
from serving_rules.guards import NOT_ROLLOUT, SETTLED
from serving_rules.limits import LONGEST_DELAY_SECONDS
from serving_rules.model import Guard, Record

__all__ = ["RECORDS"]

_QUIET_NOW = Guard(
    "QUIET_NOW",
    "unless (max_over_time(serving:restarts:increase1m[15m]) > 0)",
    "A replica that crashed leaves like one that was removed, and no delay would have kept it.",
)

# A mean of requests in flight: where a replica takes one request at a time, three at once for a moment are chance.
_CONDITION = f"""
(
  serving:latency_seconds:p95 / (serving:latency_seconds:p95_median6h > 0)
  > $latency_factor
)
and (min_over_time(serving:active_replicas:step1m[10m]) < 0)
and (serving:active_replicas:max > 0)
and (avg_over_time(serving:inflight_requests:max[5m]) > serving:active_replicas:max * serving:effective_concurrency:current)
and (60 * serving:sync_requests:rate5m >= $requests_per_minute)
{_QUIET_NOW}
{NOT_ROLLOUT}
{SETTLED}
"""

RECORDS = (
    Record(
        NOW,
        _CONDITION,
        "How many times as slow as usual (95th percentile against its median of 6 hours), in minutes in which replicas were just removed "
        "and those left cannot take the load; absent otherwise.",
        examples=examples.NOW,
    ),
    Record(
        START,
        f"""
        60 * ceil(1.25 * ({DELAY} + 600) / 60)
        and {NOW}
        unless present_over_time({NOW}[10m] offset 1m)
        """,
        # Load came back within ten minutes of the removal, or there would be no episode.
        "At the beginning of an episode: the delay that would have outlasted it, seconds, with a quarter to spare. Ten minutes without "
        "the condition end an episode.",
        examples=examples.START,
    ),
    Record(
        EPISODES,
        f"count_over_time({START}[6h])",
        "Episodes of the last 6 hours in which requests slowed down after a removal.",
        examples=examples.EPISODES,
    ),
    Record(
        ADVICE,
        f"""
        clamp_max(max_over_time({START}[6h]), {LONGEST_DELAY_SECONDS})
        and ({EPISODES} >= $episodes)
        """,
        "Scale-down delay that would have outlasted every episode of the last 6 hours, seconds, at most the longest that may be set.",
        examples=examples.ADVICE,
    ),
    Record(
        FLOOR,
        f"""
        (ceil(serving:active_replicas:avg2h) > serving:min_replicas:current)
        and ({DELAY} >= {LONGEST_DELAY_SECONDS})
        and ({EPISODES} >= $episodes)
        """,
        "Floor where the delay cannot grow any more: the mean size of the fleet.",
        examples=examples.FLOOR,
    ),
    Record(
        STEP,
        f"""
        ({EPISODES} >= $episodes) * 0 + 0.2
        and (max_over_time(serving:active_replicas:drop_ratio[6h]) > 0.3)
        unless (serving:max_scale_down_ratio:current <= 0.2)
        """,
        "Largest share of the replicas to remove in one step, where a step of the last 6 hours took more than three in ten: 0.2.",
        examples=examples.STEP,
    ),
    Record(
        COST,
        f"""
        4 * sum_over_time(serving:active_replicas:raised1m[6h])
        * (serving:scale_down_delay_seconds:recommended - {DELAY}) / 3600
        * serving:replica_price_dollars_per_hour:current
        and ({EPISODES} >= $episodes)
        """,
        # What was started had been removed: removals of a day are four times the starts of six hours.
        "What it costs at most to keep every removed replica for the longer delay, US dollars a day.",
        examples=examples.COST,
    ),
)
