"""Proofs of the alerts of flapping replicas."""

from __future__ import annotations

from serving_rules.detections.thrash.names import CYCLE, DELAY, PEAK, REVERSALS
from serving_rules.model import Case, Outcome, Proof

__all__ = ["INFO", "WARNING"]

_TEXT = (
    "chat (production), deployment d-one changed direction 14 times in 2 hours, a cycle of about 17m 8s. scale_down_delay is 60 s; set "
    "it to 1320 s. Added cost: at most $12.35 a day."
)

_BASE = {
    REVERSALS: 14,
    "serving:active_replicas:min2h": 1,
    "serving:active_replicas:avg2h": 6,
    "serving:active_replicas:swing2h": 5,
    "serving:min_replicas:current": 1,
    "serving:max_replicas:current": 12,
    DELAY: 60,
    "serving:scale_down_delay_seconds:recommended": 1320,
    CYCLE: 1028.57,
    "serving:thrash_fix_dollars_per_day:cost": 12.345,
}

_NOT_KNOWN = {"serving:min_replicas:current": None, "serving:max_replicas:current": None, DELAY: None}

_ONE_OF_FOUR = {"serving:active_replicas:swing2h": 1, "serving:active_replicas:avg2h": 4}
_UNDER_A_FIFTH = {"serving:active_replicas:swing2h": 9, "serving:active_replicas:avg2h": 50}
_A_FIFTH = {"serving:active_replicas:swing2h": 10, "serving:active_replicas:avg2h": 50}

_CASES = (
    Case("one reversal fewer", Outcome.UNDER, {REVERSALS: 13}),
    Case("exactly fourteen", Outcome.AT, {REVERSALS: 14}, fires=True),
    Case("as fast as the delay allows in the busiest hour", Outcome.AT, {DELAY: 900, PEAK: 10}, fires=True),
    Case("faster than the delay allows it is no autoscaler", Outcome.GUARD, {DELAY: 901, PEAK: 10}),
    Case("a pinned deployment cannot scale", Outcome.GUARD, {"serving:max_replicas:current": 1}),
    Case("a promotion moves replicas", Outcome.GUARD, {"serving_model:rollout:recent30m": 1}),
    Case("a crash loop imitates thrash", Outcome.GUARD, {"serving:restarts:sum2h": 3}),
    Case("two restarts are no crash loop", Outcome.GUARD, {"serving:restarts:sum2h": 2}, fires=True),
    Case("the bounds were just changed", Outcome.GUARD, {"serving:bounds:changes30m": 1}),
    Case("they were not", Outcome.GUARD, {"serving:bounds:changes30m": 0}, fires=True),
    Case("WebSockets close one at a time", Outcome.GUARD, {"serving:websocket_connections:max2h": 1}),
    Case("no WebSocket is open", Outcome.GUARD, {"serving:websocket_connections:max2h": 0}, fires=True),
    Case("a development deployment comes and goes", Outcome.GUARD, {"serving:development:flag": 1}),
    Case("tokens have their own detection", Outcome.GUARD, {"serving:target_inflight_tokens:current": 80_000}),
    Case("between zero and one it is scale-to-zero churn", Outcome.ZERO, {"serving:active_replicas:min2h": 0}),
    Case("without settings it still fires", Outcome.ABSENT, _NOT_KNOWN, fires=True),
    Case(
        "no price, no cost",
        Outcome.ABSENT,
        {"serving:thrash_fix_dollars_per_day:cost": None},
        fires=True,
        description=_TEXT.partition(" Added")[0],
    ),
)

WARNING = Proof(
    base=_BASE,
    quiet={REVERSALS: 7},
    description=_TEXT,
    cases=(
        *_CASES,
        Case("a swing of one replica is only advice", Outcome.UNDER, _ONE_OF_FOUR),
        Case("exactly two replicas", Outcome.AT, {"serving:active_replicas:swing2h": 2}, fires=True),
        Case(
            "just under a fifth of a large fleet",
            Outcome.UNDER,
            _UNDER_A_FIFTH,
        ),
        Case(
            "exactly a fifth of a large fleet",
            Outcome.AT,
            _A_FIFTH,
            fires=True,
        ),
        Case(
            "a swing of one that slowed requests down",
            Outcome.OVER,
            {"serving:active_replicas:swing2h": 1, "serving:latency_after_scale_down_episodes:count6h": 1},
            fires=True,
        ),
        Case(
            "a swing of one that did not",
            Outcome.UNDER,
            {"serving:active_replicas:swing2h": 1, "serving:latency_after_scale_down_episodes:count6h": 0},
        ),
    ),
)

INFO = Proof(
    base={**_BASE, "serving:active_replicas:swing2h": 1},
    quiet={REVERSALS: 7},
    description=_TEXT,
    cases=(
        *_CASES,
        Case("one of a small fleet", Outcome.UNDER, _ONE_OF_FOUR, fires=True),
        Case("just under a fifth of a large fleet", Outcome.UNDER, _UNDER_A_FIFTH, fires=True),
        Case("exactly a fifth of a large fleet", Outcome.AT, _A_FIFTH),
        Case("no slow requests", Outcome.UNDER, {"serving:latency_after_scale_down_episodes:count6h": 0}, fires=True),
        Case("a wide swing is the warning's", Outcome.OVER, {"serving:active_replicas:swing2h": 2}),
        Case("slow requests are the warning's", Outcome.OVER, {"serving:latency_after_scale_down_episodes:count6h": 1}),
    ),
)
