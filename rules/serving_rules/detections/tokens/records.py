"""What token-scaled deployments need, and what they lost: conditions of the alerts, and advice."""

from __future__ import annotations

from serving_rules.detections.tokens import records_examples as examples
from serving_rules.model import Record
from serving_rules.signals.derived.hourly import sampled

__all__ = ["RECORDS"]

_SIX_HOURS = "5h59m30s"

_DESIRED = "ceil(serving:inflight_tokens:avg / (serving:target_inflight_tokens:current > 0))"

# Tokens in flight count the backlog, which grows for as long as the fleet is too small: no number of replicas comes of them. Requests that
# arrive over requests that are answered, by so much the fleet must grow.
_ARRIVALS_PER_ANSWER = """
(1 + clamp_min(deriv(serving:inflight_requests:max[10m]), 0) / (serving:sync_requests:rate5m > 0))
"""

RECORDS = (
    Record(
        "serving:token_replicas:desired",
        _DESIRED,
        "Replicas that the tokens in flight ask for, bounds not applied: the platform's formula for BIS-LLM.",
        examples=examples.DESIRED,
    ),
    Record(
        "serving:token_capacity:ratio",
        """
        serving:inflight_tokens:avg
        / (serving:max_replicas:current * serving:target_inflight_tokens:current > 0)
        """,
        "Tokens in flight over those that the ceiling is planned for: above 1 the autoscaler wants more than it may have.",
        examples=examples.CAPACITY,
    ),
    Record(
        "serving:max_replicas:for_tokens",
        f"""
        (
          (ceil(1.1 * serving:active_replicas:max * {_ARRIVALS_PER_ANSWER.strip()}) > serving:max_replicas:current)
          or serving:max_replicas:current + 1
        )
        and (serving:token_capacity:ratio > $saturation)
        and (serving:active_replicas:max >= serving:max_replicas:current)
        """,
        "Ceiling with which the answers keep up with the arrivals, and a tenth to spare to work the backlog off; at least one more "
        "than now.",
        examples=examples.MAX,
    ),
    Record(
        "serving:tokens_fix_dollars_per_day:cost",
        """
        24 * serving:replica_price_dollars_per_hour:current
        * (serving:max_replicas:for_tokens - serving:max_replicas:current)
        """,
        "What the added replicas cost while they are needed, US dollars a day.",
        examples=examples.COST,
    ),
    Record(
        "serving:token_replicas:running",
        "serving:active_replicas:max + serving:starting_replicas:max and serving:target_inflight_tokens:current",
        "Replicas of a token-scaled deployment that serve or start.",
        examples=examples.RUNNING,
    ),
    Record(
        "serving:token_replicas:settled30m",
        # What the floor keeps is no overshoot.
        """
        (max_over_time(serving:token_replicas:desired[30m]) > clamp_min(serving:min_replicas:current, 1))
        or (clamp_min(serving:min_replicas:current, 1) and serving:token_replicas:desired)
        """,
        "Most replicas that the tokens of the last 30 minutes asked for, at least the floor.",
        examples=examples.SETTLED,
    ),
    Record(
        "serving:token_overshoot:ratio",
        # Half an hour to an hour ago the peak; since then the need, once the workers had started. It is overshoot when replicas were added
        # (two at least) for a load that is still there: a load that has gone is a burst that was served.
        """
        max_over_time(serving:token_replicas:running[30m] offset 30m) / serving:token_replicas:settled30m
        and (max_over_time(serving:token_replicas:running[30m] offset 30m) - serving:token_replicas:settled30m >= 2)
        and (max_over_time(serving:token_replicas:running[30m] offset 30m) - serving:token_replicas:running offset 1h >= 2)
        and
        (
          avg_over_time(serving:sync_requests:rate5m[30m])
          >= 0.8 * (avg_over_time(serving:sync_requests:rate5m[30m] offset 30m) > 0)
        )
        """,
        "Most replicas of the half hour before the last over what the load then turned out to need.",
        examples=examples.OVERSHOOT,
    ),
    Record(
        "serving:tokens_max_replicas:cap",
        # Not advice that is merged with that of other detections: a ceiling to come down to, where theirs is one to go up to.
        """
        (ceil(1.5 * serving:token_replicas:settled30m) < serving:max_replicas:current)
        and (serving:token_overshoot:ratio > $overshoot)
        """,
        "Ceiling of one and a half times what the load needed after the ramp.",
        examples=examples.CAP,
    ),
    sampled(
        "serving:kv_cache_hit_ratio:sampled15m",
        "serving:kv_cache_hit_ratio:mean15m",
        "14m30s",
        "Hit rate of the KV cache, one sample in 15 minutes.",
        examples.HIT_SAMPLES,
    ),
    Record(
        "serving:kv_cache_hit_ratio:median6h",
        f"""
        quantile_over_time(0.5, serving:kv_cache_hit_ratio:sampled15m[{_SIX_HOURS}])
        and (count_over_time(serving:kv_cache_hit_ratio:sampled15m[{_SIX_HOURS}]) >= 8)
        """,
        "Median hit rate of the KV cache over 6 hours; absent until two hours are known.",
        examples=examples.HIT_MEDIAN,
    ),
    sampled(
        "serving:token_first_byte_seconds:sampled5m",
        # Without traffic the quantile of a histogram is not a number; the comparison leaves it out.
        "(serving:first_byte_seconds:p95 >= 0) and serving:kv_cache_hit_ratio:mean15m",
        "4m30s",
        "95th percentile of the time to first byte of deployments with a KV cache, one sample in 5 minutes.",
        examples.FIRST_BYTE_SAMPLES,
    ),
    Record(
        "serving:token_first_byte_seconds:median6h",
        f"quantile_over_time(0.5, serving:token_first_byte_seconds:sampled5m[{_SIX_HOURS}])",
        "Median over 6 hours of the 95th percentile of the time to first byte, seconds.",
        examples=examples.FIRST_BYTE_MEDIAN,
    ),
    Record(
        "serving:token_replica_removals:resets30m",
        # On a gauge, a reset is a decrease.
        "resets(serving:active_replicas:max[30m]) and serving:kv_cache_hit_ratio:mean15m",
        "Times in 30 minutes that replicas with a KV cache were removed.",
        examples=examples.REMOVALS,
    ),
    Record(
        "serving:scale_down_half_life_seconds:for_tokens",
        # Two reversals make a cycle: 2 * 7200 / reversals seconds. With a half-life of one cycle half of the surplus survives the trough.
        """
        clamp(60 * ceil(14400 / (serving:replica_reversals:changes2h >= $reversals) / 60), 900, 1800)
        and serving:target_inflight_tokens:current
        """,
        "Half-life of the replicas on the way down that outlasts the cycle, seconds; 900 to 1800 is what the platform recommends.",
        examples=examples.HALF_LIFE,
    ),
)
