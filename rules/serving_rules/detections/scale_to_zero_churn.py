"""C8: a deployment falls to zero between uses that lie less than an hour apart."""

from __future__ import annotations

from collections.abc import Mapping

from serving_rules.guards import NOT_DEVELOPMENT, SETTLED
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

_WAKES = "serving:regretted_wakes:count6h"
_GAP = "serving:idle_gap_seconds:regretted"
_LONG = "serving:idle_gap_seconds:long"
_DELAY = "serving:scale_down_delay_seconds:current"
_RECOMMENDED = "serving:scale_down_delay_seconds:recommended"
_MISSED = "serving:scale_down_delay_seconds:missed"
_ADVICE = "serving:scale_down_delay_seconds:for_scale_to_zero_churn"
_FLOOD = "serving:scale_to_zero_churn:flood"
_FLOODS = "serving:scale_to_zero_churn_floods:count6h"
_STARTS = "serving:scale_to_zero_churn_starts_per_day:avoided"
_COST = "serving:scale_to_zero_churn_fix_dollars_per_day:cost"
_PRICE = "serving:replica_price_dollars_per_hour:current"
_INFLIGHT = "serving:inflight_requests:max"

_NOT_CHANGED = Guard(
    "NOT_CHANGED",
    f"unless ({_DELAY} >= {_ADVICE})",
    "The delay in force bridges the gaps that were seen: it was raised since, and the count is about the past.",
)
_MAY_SLEEP = Guard(
    "MAY_SLEEP",
    "unless (serving:min_replicas:current > 0)",
    "A deployment with a floor does not fall to zero; the floor was set since.",
)

_CONDITION = f"""
({_WAKES} >= $wakes)
{_MAY_SLEEP}
{_NOT_CHANGED}
{NOT_DEVELOPMENT}
{SETTLED}
"""

_DESCRIPTION = (
    name_of
    + """ was started from zero {{ $value | printf "%.0f" }} times in 6 hours, each time less than an hour after its last use"""
    + value_of("serving:startup_seconds:typical", form="humanizeDuration", before="; a start takes about ", otherwise="")
    + ". scale_down_delay is "
    + value_of(_DELAY, after=" s", otherwise="not known")
    + value_of(_RECOMMENDED, before="; set it to ", after=" s", otherwise="; raise it")
    + "."
    + value_of(_COST, form='printf "%.2f"', before=" Staying warm through the gaps costs about $", after=" a day", otherwise="")
    + value_of(_STARTS, before=" and avoids ", after=" cold starts a day.", otherwise="")
)

_TEXT = (
    "chat (production), deployment d-one was started from zero 5 times in 6 hours, each time less than an hour after its last use; a "
    "start takes about 1m 50s. scale_down_delay is 30 s; set it to 1080 s. Staying warm through the gaps costs about $4.50 a day and "
    "avoids 18 cold starts a day."
)

_BASE: dict[str, Values] = {
    _WAKES: 5,
    "serving:startup_seconds:typical": 110,
    "serving:min_replicas:current": 0,
    _DELAY: 30,
    _ADVICE: 1080,
    _RECOMMENDED: 1080,
    _COST: 4.5,
    _STARTS: 18,
    _FLOODS: 1,
}

_NOT_KNOWN = dict.fromkeys(("serving:min_replicas:current", _DELAY, _ADVICE, _RECOMMENDED, _COST))

_CASES = (
    Case("two wakes", Outcome.UNDER, {_WAKES: 2}),
    Case("exactly three", Outcome.AT, {_WAKES: 3}, fires=True),
    Case("a floor was set since", Outcome.GUARD, {"serving:min_replicas:current": 1}),
    Case("the delay was raised since", Outcome.GUARD, {_DELAY: 1080}),
    Case("it was raised, not enough", Outcome.GUARD, {_DELAY: 1079}, fires=True),
    Case("a development deployment", Outcome.GUARD, {"serving:development:flag": 1}),
    Case("a schedule moved the floor", Outcome.GUARD, {"serving:bounds:changes30m": 1}),
    Case("nothing moved the floor", Outcome.GUARD, {"serving:bounds:changes30m": 0}, fires=True),
    Case("at zero for good", Outcome.ZERO, {_WAKES: None}),
    Case(
        "without settings",
        Outcome.ABSENT,
        _NOT_KNOWN,
        fires=True,
        description=_TEXT.partition("is 30 s")[0]
        + "is not known; raise it. It avoids 18 cold starts a day.".replace(" It avoids", " and avoids"),
    ),
)


def _advised(name: str, inputs: Mapping[str, Values], expect: Mapping[str, float], *, wakes: int = 3, at: str = "80m") -> Example:
    """Return an example of advice, where the count of wakes is given."""
    return Example(name, {_WAKES: wakes, **inputs}, at, expect)


# Around minute 1500: one is more than a day old, two lie in its first half, two in its second.
_DAY = "_x50 3000 _x11 600 600 _x900 300 300"
_PRICED: dict[str, Values] = {_PRICE: 2, _DELAY: 300, _RECOMMENDED: 1200, _GAP: _DAY}

_RECORDS = (
    Record(
        _MISSED,
        f"{_DELAY} + 1.25 * {_GAP}",
        "At a wake that a longer scale-down delay could have prevented: that delay with a quarter of the gap to spare, seconds.",
        examples=(Example("a gap of 14 minutes", {_DELAY: 30, _GAP: 840}, "2m", {_MISSED: 1080}),),
    ),
    Record(
        _ADVICE,
        f"""
        clamp_max(60 * ceil(quantile_over_time(0.95, {_MISSED}[1d]) / 60), {LONGEST_DELAY_SECONDS})
        and ({_WAKES} >= $wakes)
        """,
        "Scale-down delay that would have prevented nineteen in twenty of the avoidable starts of the last day, seconds.",
        examples=(
            _advised("at most an hour", {_MISSED: "4000 4000"}, {_ADVICE: 3600}),
            _advised("in whole minutes", {_MISSED: "1021 1021"}, {_ADVICE: 1080}),
            _advised(
                "three in 24 count, older ones do not",
                {_MISSED: "_x30 2000x2 _x40 900x2 _x720 600x19 _x500 300"},
                {_ADVICE: 900},
                at="1500m",
            ),
            _advised("too few wakes", {_MISSED: "4000 4000"}, {}, wakes=2),
        ),
    ),
    Record(
        _FLOOD,
        f"""
        ({_INFLIGHT} >= 4)
        unless ({_INFLIGHT} < 4 * serving:concurrency_target:current)
        and (serving:active_replicas:max == 0)
        """,
        "Requests that wait while nothing serves, in minutes in which they are at least four times what a replica takes; absent otherwise.",
        examples=(
            Example(
                "just a flood",
                {_INFLIGHT: 32, "serving:concurrency_target:current": 8, "serving:active_replicas:max": 0},
                "2m",
                {_FLOOD: 32},
            ),
            Example("just none", {_INFLIGHT: 31, "serving:concurrency_target:current": 8, "serving:active_replicas:max": 0}, "2m", {}),
            Example(
                "something serves", {_INFLIGHT: 32, "serving:concurrency_target:current": 8, "serving:active_replicas:max": 1}, "2m", {}
            ),
            Example("without settings", {_INFLIGHT: 4, "serving:active_replicas:max": 0}, "2m", {_FLOOD: 4}),
            Example("three is none", {_INFLIGHT: 3, "serving:active_replicas:max": 0}, "2m", {}),
        ),
    ),
    Record(
        _FLOODS,
        f"count_over_time({_FLOOD}[6h])",
        "Minutes of the last 6 hours in which a flood of requests waited while nothing served.",
        examples=(
            Example(
                "two minutes; it was more before",
                {_INFLIGHT: "9x50 0x20 9 0x250 9 0x200", "serving:active_replicas:max": "0x600"},
                "420m",
                {_FLOODS: 2},
            ),
        ),
    ),
    Record(
        _STARTS,
        f"count_over_time({_GAP}[1d]) and ({_WAKES} >= $wakes)",
        "Starts from zero of the last day that a longer scale-down delay would have avoided.",
        examples=(
            _advised("four, one is older", {_GAP: _DAY}, {_STARTS: 4}, at="1500m"),
            _advised("too few wakes", {_GAP: "600 600"}, {}, wakes=2),
        ),
    ),
    Record(
        _COST,
        # Short gaps are idle as a whole from then on; long ones begin later, by the difference of the delays.
        f"""
        {_PRICE} / 3600
        * (
          sum_over_time({_GAP}[1d])
          + ({_RECOMMENDED} - {_DELAY}) * (count_over_time({_LONG}[1d]) or 0 * {_RECOMMENDED})
        )
        and ({_WAKES} >= $wakes)
        """,
        "What one replica costs that stays warm through the gaps, US dollars a day.",
        examples=(
            _advised("half an hour of short gaps", {**_PRICED, _GAP: "600 600 300 300"}, {_COST: 1}),
            _advised(
                "and two long ones, each 15 minutes shorter; others are older",
                {**_PRICED, _LONG: "_x50 9000 _x11 9000 _x900 9000"},
                {_COST: 2},
                at="1500m",
            ),
            _advised("too few wakes", _PRICED, {}, wakes=2),
        ),
    ),
)

_RUNBOOK = Runbook(
    meaning="The deployment fell to zero replicas and was needed again within the hour, at least three times in six hours. A longer "
    "scale-down delay would have kept its last replica.",
    impact="The first users of each burst wait for a whole start. At each start the model is loaded again, which is billed.",
    confirm=(
        Query("Falls to zero, and starts soon after.", 'serving:active_replicas:max{model_id=~"$model_id"}'),
        Query("Seconds at zero before each start.", 'last_over_time(serving:idle_gap_seconds:regretted{model_id=~"$model_id"}[6h])'),
        Query("How long a start takes, seconds.", 'serving:startup_seconds:typical{model_id=~"$model_id"}'),
    ),
    causes=(
        Cause(
            "Delay shorter than the pauses of the traffic",
            "The gaps are minutes, at any time of the day.",
            "Raise scale_down_delay to the recommended value.",
        ),
        Cause(
            "A periodic job or a probe",
            "The gaps are all alike (15 minutes, an hour), with a handful of requests after each.",
            "Let the job call less often, or in one go; else raise scale_down_delay.",
        ),
        Cause(
            "Tests by hand",
            "A new model, a few requests from one caller.",
            "Set min_replica to 1 while testing, and back to 0 afterwards.",
        ),
        Cause(
            "Cost comes first",
            "The dollars a day are worth more than the waits.",
            "Leave it, and switch this detection off for the model.",
        ),
    ),
    fix="Set `scale_down_delay` to the recommended value (autoscaling settings of the deployment, or of its environment when it has "
    "one). The description weighs both sides: what staying warm costs, and how many starts it avoids. Pauses of more than an hour are "
    "not counted here; no delay bridges them, see ServingDailyColdStart.",
    lies=(
        "The cost is that of one replica: a deployment that falls to zero from several keeps them for longer, too.",
        "On its first day the figures for a day cover only the hours that were seen.",
        "Without an exporter a deployment whose series vanish at zero replicas is never seen to wake.",
    ),
)


def _alert(severity: Severity, joint: str, summary: str, proof: Proof) -> Alert:
    return Alert(
        "ServingScaleToZeroChurn",
        severity,
        Kind.CAUSE,
        f"{_CONDITION}{joint} ({_FLOODS} > 0)",
        for_="10m",
        keep_firing_for="30m",
        summary=summary,
        description=_DESCRIPTION,
        proof=proof,
    )


DETECTION = Detection(
    id="C8",
    slug="scale_to_zero_churn",
    title="Scale-to-zero churn: asleep between uses",
    catches="Starts from zero that a longer scale-down delay would have avoided.",
    origins=("D5", "E3", "T4"),
    thresholds=(
        Threshold(
            "wakes",
            3,
            "Avoidable starts in 6 hours: three are a habit, one is an accident. Higher spares deployments where cost comes first.",
            minimum=1,
            maximum=360,
        ),
    ),
    records=_RECORDS,
    alerts=(
        _alert(
            Severity.WARNING,
            "and",
            "A deployment falls to zero between uses, and many requests wait each time.",
            Proof(
                base=_BASE,
                quiet={_WAKES: 2},
                description=_TEXT,
                cases=(*_CASES, Case("no flood", Outcome.UNDER, {_FLOODS: 0}), Case("never a flood", Outcome.ABSENT, {_FLOODS: None})),
            ),
        ),
        _alert(
            Severity.INFO,
            "unless",
            "A deployment falls to zero between uses that lie less than an hour apart.",
            Proof(
                base={**_BASE, _FLOODS: 0},
                quiet={_WAKES: 2},
                description=_TEXT,
                cases=(*_CASES, Case("a flood is the warning's", Outcome.OVER, {_FLOODS: 1})),
            ),
        ),
    ),
    runbooks={"ServingScaleToZeroChurn": _RUNBOOK},
    fires_on=("bursts-short-delay", "rare-requests-from-zero"),
    silent_on=("diurnal", "nightly-drain", "pinned", "crash-loop", "development", "first-deployment", "scrape-outage", "schedule-switch"),
)
