"""C1: replicas flap."""

from __future__ import annotations

from serving_rules.guards import ELASTIC, NOT_DEVELOPMENT, NOT_ROLLOUT, NOT_TOKENS, NOT_WEBSOCKET, QUIET_RESTARTS, SETTLED
from serving_rules.limits import LONGEST_DELAY_SECONDS
from serving_rules.model import (
    Alert,
    Case,
    Cause,
    Detection,
    Example,
    Guard,
    Inhibition,
    Kind,
    Outcome,
    Proof,
    Query,
    Record,
    Runbook,
    Severity,
    Threshold,
)
from serving_rules.promql import DEPLOYMENT, name_of, value_of

__all__ = ["DETECTION"]

_REVERSALS = "serving:replica_reversals:changes2h"
_CYCLE = "serving:thrash_cycle_seconds:estimate"
_PEAK = "serving:replica_reversals:peak_hour2h"
_DELAY = "serving:scale_down_delay_seconds:current"

_SLOWER_THAN_DELAY = Guard(
    "SLOWER_THAN_DELAY",
    f"unless ({_DELAY} > 1.25 * {_CYCLE})\nunless ({_DELAY} * {_PEAK} > 1.25 * 7200)",
    "Between two removals load must have come back and then stayed low for a whole delay: an autoscaler cannot flap faster than its "
    "delay. What does is something else (crashes, lost hardware), whether or not the platform counts restarts. The second line looks at "
    "the busiest hour, since two hours average a loop that has just begun or ended. A quarter is left for counting once a minute.",
)

_CONDITION = f"""
({_REVERSALS} >= $reversals)
{_SLOWER_THAN_DELAY}
{ELASTIC}
{NOT_ROLLOUT}
{QUIET_RESTARTS}
{SETTLED}
{NOT_WEBSOCKET}
{NOT_DEVELOPMENT}
{NOT_TOKENS}
unless (serving:active_replicas:min2h == 0)
"""

# A swing below two replicas, or below a fifth of the fleet, is the documented 8 <-> 9: untidy, hardly felt, unless latency says otherwise.
_FELT = """
(
  (serving:active_replicas:swing2h >= clamp_min($swing_ratio * serving:active_replicas:avg2h, 2))
  or
  (serving:latency_after_scale_down_episodes:count6h > 0)
)
"""

_DESCRIPTION = (
    name_of
    + """ changed direction {{ $value | printf "%.0f" }} times in 2 hours, a cycle of about """
    + value_of(_CYCLE, form="humanizeDuration")
    + ". scale_down_delay is "
    + value_of(_DELAY, after=" s", otherwise="not known")
    + "; set it to "
    + value_of("serving:scale_down_delay_seconds:recommended")
    + " s."
    + value_of(
        "serving:thrash_fix_dollars_per_day:cost", form='printf "%.2f"', before=" Added cost: at most $", after=" a day.", otherwise=""
    )
)

_TEXT = (
    "chat (production), deployment d-one changed direction 14 times in 2 hours, a cycle of about 17m 8s. scale_down_delay is 60 s; set "
    "it to 1320 s. Added cost: at most $12.35 a day."
)

_BASE = {
    _REVERSALS: 14,
    "serving:active_replicas:min2h": 1,
    "serving:active_replicas:avg2h": 6,
    "serving:active_replicas:swing2h": 5,
    "serving:min_replicas:current": 1,
    "serving:max_replicas:current": 12,
    _DELAY: 60,
    "serving:scale_down_delay_seconds:recommended": 1320,
    _CYCLE: 1028.57,
    "serving:thrash_fix_dollars_per_day:cost": 12.345,
}

_NOT_KNOWN = {"serving:min_replicas:current": None, "serving:max_replicas:current": None, _DELAY: None}

_ONE_OF_FOUR = {"serving:active_replicas:swing2h": 1, "serving:active_replicas:avg2h": 4}
_UNDER_A_FIFTH = {"serving:active_replicas:swing2h": 9, "serving:active_replicas:avg2h": 50}
_A_FIFTH = {"serving:active_replicas:swing2h": 10, "serving:active_replicas:avg2h": 50}

_CASES = (
    Case("one reversal fewer", Outcome.UNDER, {_REVERSALS: 13}),
    Case("exactly fourteen", Outcome.AT, {_REVERSALS: 14}, fires=True),
    Case("as fast as the delay allows", Outcome.AT, {_DELAY: 900, _CYCLE: 720}, fires=True),
    Case("faster than the delay allows it is no autoscaler", Outcome.GUARD, {_DELAY: 901, _CYCLE: 720}),
    Case("as fast as the delay allows in the busiest hour", Outcome.AT, {_DELAY: 900, _PEAK: 10}, fires=True),
    Case("faster than that in one hour", Outcome.GUARD, {_DELAY: 900, _PEAK: 11}),
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

_FLEET = {"serving:active_replicas:swing2h": 5, "serving:active_replicas:min2h": 1, "serving:active_replicas:avg2h": 2.25}


_RECORDS = (
    Record(
        _CYCLE,
        f"2 * 7200 / ({_REVERSALS} > 0)",
        "Length of one cycle (down and up again), seconds: two reversals make one.",
        examples=(
            Example("24 reversals", {_REVERSALS: 24}, "2m", {_CYCLE: 600}),
            Example("nothing moves", {_REVERSALS: 0}, "2m", {}),
        ),
    ),
    Record(
        "serving:scale_down_delay_seconds:for_thrash",
        f"""
        clamp_max(60 * ceil(1.25 * {_CYCLE} / 60), {LONGEST_DELAY_SECONDS})
        and ({_REVERSALS} >= $reversals)
        {_SLOWER_THAN_DELAY}
        unless (serving:active_replicas:min2h == 0)
        """,
        "Scale-down delay that outlasts the cycle: 1.25 cycles in whole minutes, at most the longest that may be set. Never less than "
        "the present one: where that outlasts the cycle already, nothing is advised.",
        examples=(
            Example("34 reversals in two hours", {_REVERSALS: 34, _DELAY: 60}, "2m", {"serving:scale_down_delay_seconds:for_thrash": 540}),
            Example("24 reversals", {_REVERSALS: 24}, "2m", {"serving:scale_down_delay_seconds:for_thrash": 780}),
            Example("exactly fourteen", {_REVERSALS: 14}, "2m", {"serving:scale_down_delay_seconds:for_thrash": 1320}),
            Example("too few", {_REVERSALS: 13}, "2m", {}),
            Example(
                "as fast as the delay allows", {_REVERSALS: 24, _DELAY: 750}, "2m", {"serving:scale_down_delay_seconds:for_thrash": 780}
            ),
            Example("faster", {_REVERSALS: 24, _DELAY: 751}, "2m", {}),
            Example(
                "as fast as the delay allows in the busiest hour",
                {_REVERSALS: 15, _DELAY: 900, _PEAK: 10},
                "2m",
                {"serving:scale_down_delay_seconds:for_thrash": 1200},
            ),
            Example("faster in an hour", {_REVERSALS: 15, _DELAY: 900, _PEAK: 11}, "2m", {}),
            Example("between zero and one", {_REVERSALS: 14, "serving:active_replicas:min2h": 0}, "2m", {}),
        ),
    ),
    Record(
        "serving:thrash_fix_dollars_per_day:cost",
        """
        24 * serving:replica_price_dollars_per_hour:current
        * (serving:active_replicas:swing2h + serving:active_replicas:min2h - serving:active_replicas:avg2h)
        and serving:scale_down_delay_seconds:for_thrash
        """,
        "What it costs at most to keep the peak's replicas through the troughs, US dollars a day.",
        examples=(
            Example(
                "six at the peak, two and a quarter in the mean, two dollars an hour",
                {**_FLEET, "serving:replica_price_dollars_per_hour:current": 2, _REVERSALS: 14},
                "2m",
                {"serving:thrash_fix_dollars_per_day:cost": 180},
            ),
            Example("too few reversals", {**_FLEET, "serving:replica_price_dollars_per_hour:current": 2, _REVERSALS: 13}, "2m", {}),
        ),
    ),
)

_RUNBOOK = Runbook(
    meaning="The number of active replicas reversed its direction at least fourteen times within two hours: the autoscaler removes "
    "replicas that the traffic needs again minutes later.",
    impact="After each removal the remaining replicas queue until a new one has started. Median latency may stay flat while the slowest "
    "requests take a whole cold start longer. Every start is billed from the moment the model loads.",
    confirm=(
        Query("Steps down followed by steps up, again and again.", 'serving:active_replicas:max{model_id=~"$model_id"}'),
        Query("Delay in force, seconds.", 'serving:scale_down_delay_seconds:current{model_id=~"$model_id"}'),
        Query("Cycle, seconds: longer than the delay.", 'serving:thrash_cycle_seconds:estimate{model_id=~"$model_id"}'),
        Query("Requests in flight: the cycle of the traffic itself.", 'serving:inflight_requests:max{model_id=~"$model_id"}'),
    ),
    causes=(
        Cause(
            "Delay shorter than the traffic's cycle",
            "Requests in flight rise and fall in the same rhythm as the replicas.",
            "Raise scale_down_delay to the recommended value.",
        ),
        Cause(
            "Load on a scaling boundary",
            "Requests in flight are steady and the swing is one replica (severity info).",
            "Raise scale_down_delay, then autoscaling_window up to 300 s; then lower max_scale_down_rate to 20.",
        ),
        Cause(
            "Crash loop",
            "Restarts or failed start-ups beside the changes.",
            "See ServingRestartLoop: from three restarts in two hours on this alert is held back, and so it is when replicas go faster "
            "than the delay lets the autoscaler take them. With a short delay and no restart counts both look alike: read the logs of a "
            "replica that left.",
        ),
    ),
    fix="Set `scale_down_delay` to the recommended value (autoscaling settings of the deployment, or of its environment when it has "
    "one). Where it is 3600 s and replicas still flap, raise `min_replica` to what the peaks need or use a schedule. Then "
    "`autoscaling_window` up to 300 s, then `max_scale_down_rate` 20, and `target_utilization_percentage` last.",
    lies=(
        (
            "Schedules that switch at the hour and half hour move replicas by design; a change of bounds holds the alert back for 30 "
            "minutes only."
        ),
        "Cycles shorter than about three minutes are seen too rarely at one scrape a minute: the count is then too low, never too high.",
        (
            "The cycle is the apparent one: cold-start overshoot adds reversals inside a burst. Look again after a day, the delay may "
            "have to grow."
        ),
    ),
)

DETECTION = Detection(
    id="C1",
    slug="thrash",
    title="Thrash: replicas go up and down again and again",
    catches="Replicas removed and started again in short cycles: each removal throws away a warm replica, each start makes users wait.",
    origins=("D1", "T2", "E3"),
    thresholds=(
        Threshold(
            "reversals",
            14,
            "With the platform's default delay of 900 s no traffic pattern tried reached 14 reversals in 2 hours (most: 12); with 120 s "
            "or less nearly all do. 14 is a cycle of 17 minutes. Lower finds slower cycles and, below 12, healthy bursts.",
            minimum=2,
            maximum=60,
        ),
        Threshold(
            "swing_ratio",
            0.2,
            "A swing of a fifth of the fleet (at least two replicas) is what users feel; steady traffic at a boundary swings by one. "
            "Only severity depends on it.",
            minimum=0,
            maximum=1,
            unit="ratio",
        ),
    ),
    records=_RECORDS,
    alerts=(
        Alert(
            "ServingThrash",
            Severity.WARNING,
            Kind.CAUSE,
            f"{_CONDITION}and {_FELT.strip()}",
            for_="10m",
            keep_firing_for="30m",
            summary="Replicas flap: the scale-down delay is shorter than the traffic's cycle.",
            description=_DESCRIPTION,
            proof=Proof(
                base=_BASE,
                quiet={_REVERSALS: 7},
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
            ),
        ),
        Alert(
            "ServingThrash",
            Severity.INFO,
            Kind.CAUSE,
            f"{_CONDITION}unless {_FELT.strip()}",
            for_="10m",
            keep_firing_for="30m",
            summary="Replicas flap by a small step: the load rests on a scaling boundary.",
            description=_DESCRIPTION,
            proof=Proof(
                base={**_BASE, "serving:active_replicas:swing2h": 1},
                quiet={_REVERSALS: 7},
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
            ),
        ),
    ),
    inhibitions=(
        Inhibition(
            "ServingThrash",
            ("ServingLatencyAfterScaleDown",),
            DEPLOYMENT,
            "Latency after a scale-down is what thrash feels like; one ticket is enough.",
        ),
    ),
    runbooks={"ServingThrash": _RUNBOOK},
    fires_on=("boundary-noise", "short-bursts", "plain-feed"),
    silent_on=(
        "diurnal",
        "hourly-bursts",
        "pinned",
        "nightly-drain",
        "single-scale-up",
        "one-restart",
        "crash-loop",
        "promotion",
        "label-change",
        "scrape-outage",
        "schedule-switch",
        "websocket",
        "development",
    ),
)
