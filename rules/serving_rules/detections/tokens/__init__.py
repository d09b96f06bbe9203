"""C29: deployments that scale on tokens in flight (BIS-LLM), and what goes wrong with them alone.

``records`` has the conditions and the advice, ``records_examples`` proves them, ``runbook`` has the pages.
"""

from __future__ import annotations

from serving_rules.detections.tokens.records import RECORDS
from serving_rules.detections.tokens.runbook import RUNBOOKS
from serving_rules.guards import ELASTIC, NOT_ROLLOUT, QUIET_RESTARTS, SETTLED
from serving_rules.model import Alert, Case, Dashboard, Detection, Inhibition, Kind, Outcome, Proof, Severity, Threshold
from serving_rules.promql import DEPLOYMENT, name_of, value_of

__all__ = ["DETECTION"]

_DOLLARS = 'printf "%.2f"'
_HALF_LIFE = "scale_down_half_life_seconds (deployment configuration)"

_SATURATED = Alert(
    "ServingTokensSaturated",
    Severity.WARNING,
    Kind.SYMPTOM,
    f"""
    (serving:token_capacity:ratio > $saturation)
    and (serving:active_replicas:max >= serving:max_replicas:current)
    {NOT_ROLLOUT}
    """,
    for_="10m",
    summary="More tokens are in flight than all replicas of the ceiling are planned for.",
    description=name_of
    + " has {{ $value | humanizePercentage }} of the tokens in flight that its ceiling is planned for. max_replica is "
    + value_of("serving:max_replicas:current")
    + "; set it to "
    + value_of("serving:max_replicas:recommended")
    + value_of("serving:tokens_fix_dollars_per_day:cost", form=_DOLLARS, otherwise="", before=" (at most $", after=" a day while they run)")
    + ".",
    dashboard=Dashboard.ENGINES,
    proof=Proof(
        base={
            "serving:token_capacity:ratio": 1.375,
            "serving:active_replicas:max": 4,
            "serving:max_replicas:current": 4,
            "serving:max_replicas:recommended": 6,
            "serving:tokens_fix_dollars_per_day:cost": 144,
        },
        quiet={"serving:token_capacity:ratio": 0.9},
        description="chat (production), deployment d-one has 137.5% of the tokens in flight that its ceiling is planned for. "
        "max_replica is 4; set it to 6 (at most $144.00 a day while they run).",
        cases=(
            Case("resting at the ceiling", Outcome.UNDER, {"serving:token_capacity:ratio": 1}),
            Case("a tenth more than planned", Outcome.AT, {"serving:token_capacity:ratio": 1.1}),
            Case("a little more than a tenth", Outcome.OVER, {"serving:token_capacity:ratio": 1.11}, fires=True),
            Case("replicas are still being added", Outcome.GUARD, {"serving:active_replicas:max": 3}),
            Case("one more than the ceiling while a rollout ends", Outcome.OVER, {"serving:active_replicas:max": 5}, fires=True),
            Case("a promotion shares the ceiling", Outcome.GUARD, {"serving_model:rollout:recent30m": 1}),
            Case("at zero replicas it is another alert's", Outcome.ZERO, {"serving:active_replicas:max": 0}),
            Case("no token target", Outcome.ABSENT, {"serving:token_capacity:ratio": None}),
        ),
    ),
)

_OVERSHOOT = Alert(
    "ServingTokenOvershoot",
    Severity.INFO,
    Kind.CAUSE,
    f"""
    (serving:token_overshoot:ratio > $overshoot)
    {ELASTIC} {SETTLED} {NOT_ROLLOUT}
    """,
    for_="5m",
    keep_firing_for="1h",
    summary="A ramp started many more replicas than its load then needed.",
    description=name_of
    + ' started {{ $value | printf "%.1f" }} times the '
    + value_of("serving:token_replicas:settled30m")
    + " replicas that its load then needed: tokens queue up while workers start, and count as load. max_replica is "
    + value_of("serving:max_replicas:current")
    + value_of("serving:tokens_max_replicas:cap", otherwise="", before="; a ceiling of ", after=" would have been enough")
    + ".",
    dashboard=Dashboard.ENGINES,
    proof=Proof(
        base={
            "serving:token_overshoot:ratio": 2.25,
            "serving:token_replicas:settled30m": 4,
            "serving:max_replicas:current": 12,
            "serving:min_replicas:current": 1,
            "serving:tokens_max_replicas:cap": 6,
        },
        quiet={"serving:token_overshoot:ratio": 1.2},
        description="chat (production), deployment d-one started 2.2 times the 4 replicas that its load then needed: tokens queue up "
        "while workers start, and count as load. max_replica is 12; a ceiling of 6 would have been enough.",
        cases=(
            Case("a little surplus", Outcome.UNDER, {"serving:token_overshoot:ratio": 1.49}),
            Case("half too many", Outcome.AT, {"serving:token_overshoot:ratio": 1.5}),
            Case("a little more than half too many", Outcome.OVER, {"serving:token_overshoot:ratio": 1.51}, fires=True),
            Case("a pinned fleet does not ramp", Outcome.GUARD, {"serving:min_replicas:current": 12}),
            Case("the bounds were changed", Outcome.GUARD, {"serving:bounds:changes30m": 1}),
            Case("the bounds stand still", Outcome.GUARD, {"serving:bounds:changes30m": 0}, fires=True),
            Case("a promotion runs two fleets", Outcome.GUARD, {"serving_model:rollout:recent30m": 1}),
            Case("at zero there was no ramp", Outcome.ZERO, {"serving:token_overshoot:ratio": None}),
        ),
    ),
)

_CACHE_LOSS = Alert(
    "ServingKvCacheLoss",
    Severity.WARNING,
    Kind.SYMPTOM,
    f"""
    (serving:kv_cache_hit_ratio:mean15m < (1 - $hit_loss) * serving:kv_cache_hit_ratio:median6h)
    and (serving:token_replica_removals:resets30m > 0)
    and (serving:first_byte_seconds:p95 > $slowdown * serving:token_first_byte_seconds:median6h)
    {NOT_ROLLOUT}
    """,
    for_="5m",
    keep_firing_for="15m",
    summary="Removed replicas took their KV cache along, and first tokens are late.",
    description=name_of
    + " hits its KV cache in {{ $value | humanizePercentage }} of look-ups since replicas were removed, "
    + value_of("serving:kv_cache_hit_ratio:median6h", form="humanizePercentage")
    + " before. 95th percentile to the first byte: "
    + value_of("serving:first_byte_seconds:p95", form="humanizeDuration")
    + ", "
    + value_of("serving:token_first_byte_seconds:median6h", form="humanizeDuration")
    + f" before. Set {_HALF_LIFE} to 900 to 1800.",
    dashboard=Dashboard.ENGINES,
    proof=Proof(
        base={
            "serving:kv_cache_hit_ratio:mean15m": 0.25,
            "serving:kv_cache_hit_ratio:median6h": 0.5,
            "serving:token_replica_removals:resets30m": 1,
            "serving:first_byte_seconds:p95": 4.5,
            "serving:token_first_byte_seconds:median6h": 2,
        },
        quiet={"serving:kv_cache_hit_ratio:mean15m": 0.5},
        description="chat (production), deployment d-one hits its KV cache in 25% of look-ups since replicas were removed, 50% before. "
        "95th percentile to the first byte: 4.5s, 2s before. Set scale_down_half_life_seconds (deployment configuration) to 900 to 1800.",
        cases=(
            Case("three tenths fewer hits", Outcome.AT, {"serving:kv_cache_hit_ratio:mean15m": 0.35}),
            Case("hardly fewer hits", Outcome.UNDER, {"serving:kv_cache_hit_ratio:mean15m": 0.4}),
            Case("a little worse than three tenths", Outcome.OVER, {"serving:kv_cache_hit_ratio:mean15m": 0.34}, fires=True),
            Case("nothing was removed", Outcome.GUARD, {"serving:token_replica_removals:resets30m": 0}),
            Case("several were removed", Outcome.GUARD, {"serving:token_replica_removals:resets30m": 2}, fires=True),
            Case("half slower is not felt yet", Outcome.AT, {"serving:first_byte_seconds:p95": 3}),
            Case("a little slower than that", Outcome.OVER, {"serving:first_byte_seconds:p95": 3.1}, fires=True),
            Case("a promotion begins with an empty cache", Outcome.GUARD, {"serving_model:rollout:recent30m": 1}),
            Case("at zero replicas there is no cache", Outcome.ZERO, {"serving:kv_cache_hit_ratio:mean15m": None}),
        ),
    ),
)

_THRASH = Alert(
    "ServingTokenThrash",
    Severity.WARNING,
    Kind.CAUSE,
    f"""
    (serving:replica_reversals:changes2h >= $reversals)
    and serving:target_inflight_tokens:current
    and (serving:active_replicas:swing2h >= 2)
    {ELASTIC} {NOT_ROLLOUT} {QUIET_RESTARTS} {SETTLED}
    unless (serving:active_replicas:min2h == 0)
    """,
    for_="10m",
    keep_firing_for="30m",
    summary="Replicas of a token-scaled deployment flap, and lose their caches each time.",
    description=name_of
    + ' changed direction {{ $value | printf "%.0f" }} times in 2 hours. Set '
    + _HALF_LIFE
    + " to "
    + value_of("serving:scale_down_half_life_seconds:for_tokens", otherwise="900")
    + " and scale_down_delay, now "
    + value_of("serving:scale_down_delay_seconds:current")
    + " s, to at least 300.",
    dashboard=Dashboard.ENGINES,
    proof=Proof(
        base={
            "serving:replica_reversals:changes2h": 10,
            "serving:target_inflight_tokens:current": 100_000,
            "serving:min_replicas:current": 1,
            "serving:max_replicas:current": 12,
            "serving:active_replicas:min2h": 1,
            "serving:active_replicas:swing2h": 2,
            "serving:scale_down_half_life_seconds:for_tokens": 1440,
            "serving:scale_down_delay_seconds:current": 60,
        },
        quiet={"serving:replica_reversals:changes2h": 4},
        description="chat (production), deployment d-one changed direction 10 times in 2 hours. Set scale_down_half_life_seconds "
        "(deployment configuration) to 1440 and scale_down_delay, now 60 s, to at least 300.",
        cases=(
            Case("nine reversals", Outcome.UNDER, {"serving:replica_reversals:changes2h": 9}),
            Case("ten reversals", Outcome.AT, {"serving:replica_reversals:changes2h": 10}, fires=True),
            Case("a deployment that scales on requests has its own alert", Outcome.GUARD, {"serving:target_inflight_tokens:current": None}),
            Case("steady tokens at the edge of a replica", Outcome.UNDER, {"serving:active_replicas:swing2h": 1}),
            Case("a wide swing", Outcome.OVER, {"serving:active_replicas:swing2h": 7}, fires=True),
            Case("a pinned fleet", Outcome.GUARD, {"serving:max_replicas:current": 1}),
            Case("a promotion moves replicas", Outcome.GUARD, {"serving_model:rollout:recent30m": 1}),
            Case("a crash loop imitates it", Outcome.GUARD, {"serving:restarts:sum2h": 3}),
            Case("two restarts are no crash loop", Outcome.GUARD, {"serving:restarts:sum2h": 2}, fires=True),
            Case("the bounds were changed", Outcome.GUARD, {"serving:bounds:changes30m": 1}),
            Case("the bounds stand still", Outcome.GUARD, {"serving:bounds:changes30m": 0}, fires=True),
            Case("between zero and one it is churn", Outcome.ZERO, {"serving:active_replicas:min2h": 0}),
        ),
    ),
)

DETECTION = Detection(
    id="C29",
    slug="tokens",
    title="Token-scaled deployments: saturated, overshooting, forgetful, flapping",
    catches="Four troubles of BIS-LLM deployments, which scale on tokens in flight: more tokens than the ceiling takes, ramps that "
    "start too many workers, KV caches lost by a fast scale-down, and flapping.",
    origins=("D1", "D2", "T1", "T2"),
    thresholds=(
        Threshold(
            "saturation",
            1.1,
            "Tokens in flight over those that the ceiling is planned for. At 1 a fleet rests exactly at its ceiling; a tenth more is a "
            "load that the autoscaler would give another replica.",
            minimum=1,
            maximum=10,
            unit="times",
        ),
        Threshold(
            "overshoot",
            1.5,
            "Most replicas of a ramp over what its load needed afterwards. Half too many is a bill; a little surplus is what makes a "
            "ramp fast.",
            minimum=1.1,
            maximum=20,
            unit="times",
        ),
        Threshold(
            "hit_loss",
            0.3,
            "Share of the usual hit rate of the KV cache that must be lost. Hit rates move by a tenth with the mix of prompts.",
            minimum=0.05,
            maximum=0.95,
            unit="ratio",
        ),
        Threshold(
            "slowdown",
            1.5,
            "95th percentile to the first byte over its median of 6 hours: a lost cache that nobody feels is none to act on.",
            minimum=1.05,
            maximum=50,
            unit="times",
        ),
        Threshold(
            "reversals",
            10,
            "Changes of direction in 2 hours. The half-life makes them rarer than in deployments that scale on requests, where 14 is "
            "the limit.",
            minimum=2,
            maximum=60,
        ),
    ),
    records=RECORDS,
    alerts=(_SATURATED, _OVERSHOOT, _CACHE_LOSS, _THRASH),
    inhibitions=(
        Inhibition(
            "ServingTokenThrash",
            ("ServingThrash", "ServingKvCacheLoss", "ServingTokenOvershoot"),
            DEPLOYMENT,
            "Flapping of a token-scaled deployment is cured by its half-life; lost caches and surplus ramps are parts of it.",
        ),
    ),
    runbooks=RUNBOOKS,
    fires_on=("token-saturated",),
    silent_on=("diurnal", "hourly-bursts", "exactly-at-max", "promotion", "plain-feed"),
)
