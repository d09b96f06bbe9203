"""Proofs of the alerts of a cold flood."""

from __future__ import annotations

from serving_rules.model import Case, Outcome, Proof

__all__ = ["FLOOD", "PARKED"]

_INFLIGHT, _ACTIVE = "serving:inflight_requests:max", "serving:active_replicas:max"
_STARTING = "serving:starting_replicas:max"
_MIN, _TARGET = "serving:min_replicas:current", "serving:concurrency_target:current"
_FOR_MIN, _FOR_MAX = "serving:min_replicas:for_cold_flood", "serving:max_replicas:for_cold_flood"
_COST = "serving:cold_flood_dollars_per_day:cost"
_NAME = "chat (production), deployment d-one"


def _cause(cause: str) -> str:
    return f'serving:stuck_starting_cause:current{{cause="{cause}"}}'


_FLOOD_TEXT = f"{_NAME} has 310 requests parked and no active replica; a start takes 1m 50s. min_replica is 0; set it to "
_SCHEDULE = ", or let a schedule raise it 15 minutes before the usual hour."

FLOOD = Proof(
    base={
        _INFLIGHT: 310,
        _ACTIVE: 0,
        _TARGET: 8,
        _MIN: 0,
        "serving:max_replicas:current": 100,
        "serving:startup_seconds:typical": 110,
        _FOR_MIN: 5,
        _FOR_MAX: 8,
        _COST: 482.88,
    },
    quiet={_INFLIGHT: 2},
    description=f"{_FLOOD_TEXT}5 ($482.88 a day){_SCHEDULE} Lower max_replica from 100 to 8: the backlog asks for more replicas than the "
    "load needs.",
    cases=(
        Case("just under four for each slot", Outcome.UNDER, {_INFLIGHT: 31}),
        Case("exactly four for each slot", Outcome.AT, {_INFLIGHT: 32}, fires=True),
        Case("a replica is active", Outcome.GUARD, {_ACTIVE: 1}),
        Case("a floor: replicas were lost, which pages by itself", Outcome.GUARD, {_MIN: 1}),
        Case("one that scales on tokens", Outcome.GUARD, {"serving:target_inflight_tokens:current": 60000}),
        Case("a development deployment wakes as its author works", Outcome.GUARD, {"serving:development:flag": 1}),
        Case("one polite request at zero", Outcome.ZERO, {_INFLIGHT: 1}),
        Case("a plain scrape of the feed knows no target", Outcome.ABSENT, {_TARGET: None, _MIN: None}),
        Case("a failed scrape is no zero", Outcome.ABSENT, {_ACTIVE: None}),
        Case("an unknown floor", Outcome.ABSENT, {_MIN: None}, fires=True),
        Case(
            "no more advice than a floor of one",
            Outcome.ABSENT,
            {_FOR_MIN: 1, _FOR_MAX: None, _COST: None, "serving:startup_seconds:typical": None},
            fires=True,
            description=f"{_NAME} has 310 requests parked and no active replica; a start takes an unknown time. min_replica is 0; set it "
            f"to 1{_SCHEDULE}",
        ),
    ),
)

# None, a gap of the window's length (so that its edge makes no difference), and then some.
_ARRIVE = "0x8 _x3 7x90"
_PARKED_TEXT = (
    f"{_NAME} has had at least 7 requests parked for five minutes and no active replica; starting: 2. They end in 500 once the parking "
    "timeout (10 to 20 minutes) is over."
)
_ADVICE = " min_replica is 0; set it to 5 ($482.88 a day)."


def _text(cause: str, text: str) -> Case:
    return Case(cause, Outcome.OVER, {_cause(cause): 1}, fires=True, description=f"{_PARKED_TEXT} {text}{_ADVICE}")


PARKED = Proof(
    base={_INFLIGHT: _ARRIVE, _ACTIVE: 0, _STARTING: 2, _FOR_MIN: 5, _COST: 482.88},
    quiet={_ACTIVE: 1},
    starts="12m",
    description=f"{_PARKED_TEXT}{_ADVICE}",
    cases=(
        Case("a single request", Outcome.OVER, {_INFLIGHT: 1}, fires=True),
        Case("none in every third minute", Outcome.AT, {_INFLIGHT: "7 7 0 7 7 0 7 7 0 7 7 0 7 7 0"}),
        Case("two minutes without a replica", Outcome.UNDER, {_INFLIGHT: 7, _ACTIVE: "1x10 0x30"}, at="12m"),
        Case("seven minutes without a replica", Outcome.OVER, {_INFLIGHT: 7, _ACTIVE: "1x10 0x30"}, fires=True, at="17m"),
        Case("two minutes parked", Outcome.UNDER, {_INFLIGHT: "0x10 7x30"}, at="12m"),
        Case("seven minutes parked", Outcome.OVER, {_INFLIGHT: "0x10 7x30"}, fires=True, at="17m"),
        Case("a replica in every third minute", Outcome.UNDER, {_INFLIGHT: 7, _ACTIVE: "0 0 1 0 0 1 0 0 1 0 0 1 0 0 1"}),
        Case("a development deployment wakes as its author works", Outcome.GUARD, {"serving:development:flag": 1}),
        Case("nobody waits at zero", Outcome.ZERO, {_INFLIGHT: 0}),
        Case("a failed scrape is no zero", Outcome.ABSENT, {_ACTIVE: None}),
        _text("no hardware", "There is no hardware for it: another instance type or region, or support."),
        _text("slow load", "A replica is loading."),
        _text("crash on load", "Its replicas crash while loading: read the log of load(), or promote the previous deployment."),
        Case(
            "a floor, and no cause known: the replicas were lost",
            Outcome.ABSENT,
            {_FOR_MIN: None, _COST: None},
            fires=True,
            description=_PARKED_TEXT,
        ),
    ),
)
