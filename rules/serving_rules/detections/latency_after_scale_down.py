"""C2: requests slow down after replicas were removed."""

from __future__ import annotations

from collections.abc import Mapping

from serving_rules.guards import ELASTIC, NOT_DEVELOPMENT, NOT_ROLLOUT, NOT_TOKENS, SETTLED
from serving_rules.limits import LONGEST_DELAY_SECONDS
from serving_rules.model import (
    Alert,
    Case,
    Cause,
    Detection,
    Example,
    Guard,
    Kind,
    Outcome,
    Proof,
    Query,
    Record,
    Runbook,
    Severity,
    Threshold,
    Values,
)
from serving_rules.promql import name_of, value_of

__all__ = ["DETECTION"]

_NOW = "serving:latency_after_scale_down:now"
_START = "serving:latency_after_scale_down:start"
_EPISODES = "serving:latency_after_scale_down_episodes:count6h"
_ADVICE = "serving:scale_down_delay_seconds:for_latency_after_scale_down"
_FLOOR = "serving:min_replicas:for_latency_after_scale_down"
_STEP = "serving:max_scale_down_ratio:for_latency_after_scale_down"
_COST = "serving:latency_after_scale_down_fix_dollars_per_day:cost"
_DELAY = "serving:scale_down_delay_seconds:current"

_QUIET_NOW = Guard(
    "QUIET_NOW",
    "unless (max_over_time(serving:restarts:increase1m[15m]) > 0)",
    "A replica that crashed leaves like one that was removed, and no delay would have kept it.",
)
_NOT_CHANGED = Guard(
    "NOT_CHANGED",
    f"unless (({_DELAY} >= {_ADVICE}) < {LONGEST_DELAY_SECONDS})",
    "The delay in force would have outlasted what was seen: it was raised since, and the count is about the past.",
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

_SLOW: dict[str, Values] = {
    "serving:latency_seconds:p95": 6,
    "serving:latency_seconds:p95_median6h": 2,
    "serving:active_replicas:step1m": "0x9 -1 0x30",
    "serving:active_replicas:max": 4,
    "serving:inflight_requests:max": "9x10 30x4 9x30",
    "serving:effective_concurrency:current": 5,
    "serving:sync_requests:rate5m": 0.5,
}


def _now(name: str, ratio: float | None, at: str = "15m", **change: float | str) -> Example:
    """Return an example of the condition; keywords are the short names of its inputs."""
    short = {
        "p95": "serving:latency_seconds:p95",
        "step": "serving:active_replicas:step1m",
        "active": "serving:active_replicas:max",
        "inflight": "serving:inflight_requests:max",
        "rate": "serving:sync_requests:rate5m",
        "restarts": "serving:restarts:increase1m",
        "bounds": "serving:bounds:changes30m",
        "rollout": "serving_model:rollout:recent30m",
        "model": 'serving_model:rollout:recent30m{model_id="m-two"}',
        "workspace": 'serving_model:rollout:recent30m{workspace="w-two"}',
        "platform": 'serving_model:rollout:recent30m{platform="p-two"}',
        "median": "serving:latency_seconds:p95_median6h",
    }
    return Example(name, {**_SLOW, **{short[each]: values for each, values in change.items()}}, at, {} if ratio is None else {_NOW: ratio})


_AT_LIMIT = {_DELAY: 3600, "serving:min_replicas:current": 2, "serving:active_replicas:avg2h": 4.2}
_PRICED = {_DELAY: 300, "serving:scale_down_delay_seconds:recommended": 1140, "serving:replica_price_dollars_per_hour:current": 2}
_STARTS = "0x29 1 0x60 1 0x200 1 0x200"


def _advised(name: str, inputs: Mapping[str, Values], expect: Mapping[str, float], *, at: str = "80m", episodes: int = 5) -> Example:
    """Return an example of advice, some minutes after the last of these episodes."""
    starts = f"_x{int(at[:-1]) - 15} " + " ".join(["1140"] * episodes)
    return Example(name, {_START: starts, **inputs}, at, expect)


_RECORDS = (
    Record(
        _NOW,
        _CONDITION,
        "How many times as slow as usual (95th percentile against its median of 6 hours), in minutes in which replicas were just removed "
        "and those left cannot take the load; absent otherwise.",
        examples=(
            _now("three times as slow", 3),
            _now("exactly half as slow again", None, p95=3),
            _now("a little more", 1.75, p95=3.5),
            _now("no usual latency is known", None, median=0),
            _now("nothing was removed", None, step="0x2 -1 0x30"),
            _now("nine minutes ago", 3, at="18m", inflight=21),
            _now("only additions", None, step="0x9 1 0x30"),
            _now("scaled to zero", None, active=0),
            _now("load just fits", None, inflight=20),
            _now("half as much again for three of five minutes", 3, at="17m"),
            _now("for two of five minutes", None, at="18m"),
            _now("one request a minute", 3, rate=0.0166666666666666667),
            _now("fewer", None, rate=0.016),
            _now("a replica crashed within a quarter of an hour", None, at="18m", inflight=21, restarts="0x4 1 0x40"),
            _now("a replica crashed before that", 3, at="24m", inflight=21, step="0x17 -1 0x30", restarts="0x4 1 0x40"),
            _now("no crash", 3, restarts=0),
            _now("two crashes, less than a quarter of an hour ago", None, at="18m", inflight=21, restarts="0x4 1 1 0x40"),
            _now("during a promotion", None, rollout=1),
            _now("a promotion of another model, workspace and platform", 3, model=1, workspace=1, platform=1),
            _now("the bounds were changed", None, bounds=1),
            _now("the bounds were not changed", 3, bounds=0),
        ),
    ),
    Record(
        _START,
        f"""
        60 * ceil(1.25 * ({_DELAY} + 600) / 60)
        and {_NOW}
        unless present_over_time({_NOW}[10m] offset 1m)
        """,
        # Load came back within ten minutes of the removal, or there would be no episode.
        "At the beginning of an episode: the delay that would have outlasted it, seconds, with a quarter to spare. Ten minutes without "
        "the condition end an episode.",
        examples=(
            Example("after quiet", {_NOW: "_x20 3 3", _DELAY: 300}, "20m", {_START: 1140}),
            Example("the next minute is the same episode", {_NOW: "_x20 3 3", _DELAY: 300}, "21m", {}),
            Example("so is one nine minutes later", {_NOW: "_x20 3 stale _x7 3", _DELAY: 300}, "29m", {}),
            Example("one twelve minutes later is another", {_NOW: "_x20 3 stale _x10 3", _DELAY: 300}, "32m", {_START: 1140}),
            Example("no episode", {_NOW: "_x20 3 stale", _DELAY: 300}, "40m", {}),
        ),
    ),
    Record(
        _EPISODES,
        f"count_over_time({_START}[6h])",
        "Episodes of the last 6 hours in which requests slowed down after a removal.",
        examples=(Example("four, one is older", {_START: "_x50 900 _x11 900 _x137 900 _x99 900 _x109 900"}, "420m", {_EPISODES: 4}),),
    ),
    Record(
        _ADVICE,
        f"""
        clamp_max(max_over_time({_START}[6h]), {LONGEST_DELAY_SECONDS})
        and ({_EPISODES} >= $episodes)
        """,
        "Scale-down delay that would have outlasted every episode of the last 6 hours, seconds, at most the longest that may be set.",
        examples=(
            Example("the longest counts", {_START: "_x50 9000 _x11 1140 1140 1140 1140 _x200 900 _x20"}, "420m", {_ADVICE: 1140}),
            Example("at most an hour", {_START: "_x70 4800 4800 4800 4800 4800"}, "80m", {_ADVICE: 3600}),
            Example("too few episodes", {_START: "_x70 1140 1140 1140 1140"}, "80m", {}),
        ),
    ),
    Record(
        _FLOOR,
        f"""
        (ceil(serving:active_replicas:avg2h) > serving:min_replicas:current)
        and ({_DELAY} >= {LONGEST_DELAY_SECONDS})
        and ({_EPISODES} >= $episodes)
        """,
        "Floor where the delay cannot grow any more: the mean size of the fleet.",
        examples=(
            _advised("four and a bit", {**_AT_LIMIT, "serving:active_replicas:avg2h": 4.2}, {_FLOOR: 5}),
            _advised("the floor is as high already", {**_AT_LIMIT, "serving:active_replicas:avg2h": 2}, {}),
            _advised("the delay can grow", {**_AT_LIMIT, _DELAY: 3599}, {}),
            _advised("too few episodes", _AT_LIMIT, {}, episodes=4),
        ),
    ),
    Record(
        _STEP,
        f"""
        ({_EPISODES} >= $episodes) * 0 + 0.2
        and (max_over_time(serving:active_replicas:drop_ratio[6h]) > 0.3)
        unless (serving:max_scale_down_ratio:current <= 0.2)
        """,
        "Largest share of the replicas to remove in one step, where a step of the last 6 hours took more than three in ten: 0.2.",
        examples=(
            _advised("half of them at once, five hours ago", {"serving:active_replicas:drop_ratio": "_x90 0.5"}, {_STEP: 0.2}, at="390m"),
            _advised("that was seven hours ago", {"serving:active_replicas:drop_ratio": "_x20 0.5 _x200 0.25"}, {}, at="440m"),
            _advised("three in ten", {"serving:active_replicas:drop_ratio": 0.3}, {}),
            _advised("two steps, one of them large", {"serving:active_replicas:drop_ratio": "0.5 stale _x50 0.25"}, {_STEP: 0.2}),
            _advised(
                "small steps are set already", {"serving:active_replicas:drop_ratio": 0.5, "serving:max_scale_down_ratio:current": 0.2}, {}
            ),
            _advised(
                "larger ones are set",
                {"serving:active_replicas:drop_ratio": 0.5, "serving:max_scale_down_ratio:current": 0.21},
                {_STEP: 0.2},
            ),
            _advised("too few episodes", {"serving:active_replicas:drop_ratio": 0.5}, {}, episodes=4),
        ),
    ),
    Record(
        _COST,
        f"""
        4 * sum_over_time(serving:active_replicas:raised1m[6h])
        * (serving:scale_down_delay_seconds:recommended - {_DELAY}) / 3600
        * serving:replica_price_dollars_per_hour:current
        and ({_EPISODES} >= $episodes)
        """,
        # What was started had been removed: removals of a day are four times the starts of six hours.
        "What it costs at most to keep every removed replica for the longer delay, US dollars a day.",
        examples=(
            # Two starts in six hours (one is older), 840 seconds longer, two dollars an hour.
            _advised(
                "eight removals a day", {**_PRICED, "serving:active_replicas:raised1m": _STARTS}, {_COST: 3.7333333333333334}, at="420m"
            ),
            _advised("too few episodes", {**_PRICED, "serving:active_replicas:raised1m": _STARTS}, {}, at="420m", episodes=4),
        ),
    ),
)

_DESCRIPTION = (
    name_of
    + """ slowed down {{ $value | printf "%.0f" }} times in 6 hours right after replicas were removed: the 95th percentile """
    + "of the response time rose above $latency_factor times its median. scale_down_delay is "
    + value_of(_DELAY)
    + " s"
    + value_of(
        _FLOOR,
        before=", the longest there is; set min_replica to ",
        after=".",
        otherwise="; set it to " + value_of("serving:scale_down_delay_seconds:recommended") + " s.",
    )
    + value_of(
        "serving:max_scale_down_ratio:recommended",
        form="humanizePercentage",
        before=" Single steps took more than 30 % of the replicas: set max_scale_down_rate to ",
        after=".",
        otherwise="",
    )
    + value_of(_COST, form='printf "%.2f"', before=" Added cost: at most $", after=" a day.", otherwise="")
)

_TEXT = (
    "chat (production), deployment d-one slowed down 5 times in 6 hours right after replicas were removed: the 95th percentile of the "
    "response time rose above 1.5 times its median. scale_down_delay is 300 s; set it to 1140 s."
)

_BASE = {
    _EPISODES: 5,
    _ADVICE: 1140,
    _DELAY: 300,
    "serving:scale_down_delay_seconds:recommended": 1140,
    _COST: 4.2,
    "serving:min_replicas:current": 1,
    "serving:max_replicas:current": 12,
    "serving:active_replicas:min2h": 4,
}

_RUNBOOK = Runbook(
    meaning="At least five times in six hours the 95th percentile of the response time rose above 1.5 times its median within ten "
    "minutes of a removal of replicas, while the load was more than the replicas left are planned for.",
    impact="Users wait at the router, and then for a replica to start, because of capacity that had been there minutes before.",
    confirm=(
        Query("Response time against its median: peaks after the steps down.", 'serving:latency_seconds:p95{model_id=~"$model_id"}'),
        Query("Steps down before the peaks.", 'serving:active_replicas:step1m{model_id=~"$model_id"} < 0'),
        Query(
            "Requests in flight beyond the slots that were left.",
            'serving:inflight_requests:max{model_id=~"$model_id"} - serving:slots:current > 0',
        ),
    ),
    causes=(
        Cause(
            "The load's troughs are longer than the delay",
            "Requests in flight come back within minutes of the step down.",
            "Raise scale_down_delay to the recommended value.",
        ),
        Cause(
            "Steps too large",
            "Single steps took more than 30 % of the replicas; small removals did no harm.",
            "Set max_scale_down_rate to 20, so that five steps replace two.",
        ),
        Cause(
            "Traffic that grew by itself",
            "Requests in flight reached a level that the fleet before the step could not have served either.",
            "See ServingColdStartGap and ServingCapacitySaturated.",
        ),
    ),
    fix="Set `scale_down_delay` to the recommended value, and `max_scale_down_rate` to 20 where the alert says so (autoscaling settings "
    "of the deployment, or of its environment when it has one). With the delay at 3600 s, raise `min_replica`.",
    lies=(
        "Traffic that rises for its own reasons just after a removal looks the same; it does not do so three times in six hours for long.",
        "A changed mix of requests (longer prompts after the hour) raises the percentile without any lack of capacity.",
        "The percentile is interpolated between the platform's buckets: with coarse ones 1.5 times may be a single bucket.",
    ),
)

DETECTION = Detection(
    id="C2",
    slug="latency_after_scale_down",
    title="Latency after scale-down: requests slow down when replicas are removed",
    catches="Removals of replicas that the load still needed: it came back within minutes and met too few slots.",
    origins=("D1", "T1"),
    thresholds=(
        Threshold(
            "episodes",
            5,
            "Episodes in 6 hours. Where each replica takes a request or two, chance alone makes three or four of ordinary traffic; five "
            "are a habit. A single one is visible on the dashboard.",
            minimum=1,
            maximum=36,
        ),
        Threshold(
            "latency_factor",
            1.5,
            "How many times its own median of six hours the 95th percentile must reach: drift against the deployment's own past, since "
            "no absolute number fits every model. Batching engines wander by a fifth; lower finds that, higher misses slow-downs that "
            "users feel.",
            minimum=1.01,
            maximum=100,
        ),
        Threshold(
            "requests_per_minute",
            1,
            "Synchronous requests a minute from which a percentile means anything.",
            minimum=0.01,
            maximum=10_000,
        ),
    ),
    records=_RECORDS,
    alerts=(
        Alert(
            "ServingLatencyAfterScaleDown",
            Severity.WARNING,
            Kind.SYMPTOM,
            f"""
            ({_EPISODES} >= $episodes)
            {_NOT_CHANGED}
            {ELASTIC}
            {NOT_DEVELOPMENT}
            {NOT_TOKENS}
            unless (serving:active_replicas:min2h == 0)
            """,
            for_="2m",
            keep_firing_for="15m",
            summary="Requests slow down right after replicas are removed.",
            description=_DESCRIPTION,
            proof=Proof(
                base=_BASE,
                quiet={_EPISODES: 2},
                description=_TEXT + " Added cost: at most $4.20 a day.",
                cases=(
                    Case("four episodes", Outcome.UNDER, {_EPISODES: 4}),
                    Case("exactly five", Outcome.AT, {_EPISODES: 5}, fires=True),
                    Case("the delay was raised since", Outcome.GUARD, {_DELAY: 1140}),
                    Case("it was raised a lot", Outcome.GUARD, {_DELAY: 2400}),
                    Case("it was raised, not enough", Outcome.GUARD, {_DELAY: 1139}, fires=True),
                    Case(
                        "the delay cannot be raised",
                        Outcome.GUARD,
                        {_DELAY: 3600, _ADVICE: 3600, _FLOOR: 5, "serving:max_scale_down_ratio:recommended": 0.2, _COST: None},
                        fires=True,
                        description=_TEXT.replace("is 300 s; set it to 1140 s.", "is 3600 s, the longest there is; set min_replica to 5.")
                        + " Single steps took more than 30 % of the replicas: set max_scale_down_rate to 20%.",
                    ),
                    Case("a pinned deployment cannot scale", Outcome.GUARD, {"serving:max_replicas:current": 1}),
                    Case("a development deployment", Outcome.GUARD, {"serving:development:flag": 1}),
                    Case("tokens have their own detection", Outcome.GUARD, {"serving:target_inflight_tokens:current": 80_000}),
                    Case("between zero and one it is scale-to-zero churn", Outcome.ZERO, {"serving:active_replicas:min2h": 0}),
                    Case(
                        "bounds not known",
                        Outcome.ABSENT,
                        {"serving:min_replicas:current": None, "serving:max_replicas:current": None},
                        fires=True,
                    ),
                ),
            ),
        ),
    ),
    runbooks={"ServingLatencyAfterScaleDown": _RUNBOOK},
    fires_on=("early-scale-down",),
    silent_on=(
        "diurnal",
        "hourly-bursts",
        "pinned",
        "nightly-drain",
        "one-restart",
        "crash-loop",
        "promotion",
        "schedule-switch",
        "low-traffic-one-error",
        "plain-feed",
    ),
)
