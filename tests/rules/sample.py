"""Detections of a few lines for the tests of the tools: a record, a warning and its critical twin, in any scope."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from serving_rules.fixtures import Suite, suites_of_detection
from serving_rules.model import (
    Alert,
    Case,
    Detection,
    Example,
    Kind,
    Outcome,
    Proof,
    Record,
    Scope,
    Severity,
    Threshold,
)
from serving_rules.pack import build
from serving_rules.promql import MODEL, name_of, names

__all__ = ["alert", "alone", "detection", "proof", "suite"]

EXTRA = {Scope.REPLICA: '{replica="r1"}'}
NAMED = {
    Scope.DEPLOYMENT: "chat (production), deployment d-one",
    Scope.REPLICA: "chat (production), deployment d-one",
    Scope.ENVIRONMENT: "chat (production)",
    Scope.MODEL: "chat",
    Scope.WORKSPACE: "w-one",
}


def proof(scope: Scope = Scope.DEPLOYMENT, **changes: Any) -> Proof:
    load, limit, pause = series(scope)
    made = Proof(
        base={load: 30, limit: 20, pause: 0},
        quiet={load: 3},
        description=f"{NAMED[scope]} has a load of 30.",
        cases=(
            Case("a little less", Outcome.UNDER, {load: 19}),
            Case("just as much as its limit", Outcome.AT, {load: 20}, fires=True),
            Case("above another limit", Outcome.OVER, {load: 12, limit: 11}, fires=True),
            Case("it is paused", Outcome.GUARD, {pause: 1}),
            Case("it is gone", Outcome.ZERO, {load: None}),
            Case("no limit is known", Outcome.ABSENT, {limit: None}),
            *(() if scope is Scope.WORKSPACE else (Case("its model is paused", Outcome.GUARD, {"serving_model:pause:flag": 1}),)),
        ),
        labels={"replica": "r1"} if scope is Scope.REPLICA else {},
    )
    return replace(made, **changes)


def series(scope: Scope) -> tuple[str, str, str]:
    extra = EXTRA.get(scope, "")
    return f"{scope.prefix}:load:max{extra}", f"{scope.prefix}:limit:current{extra}", f"{scope.prefix}:pause:ratio{extra}"


def alert(scope: Scope = Scope.DEPLOYMENT, **changes: Any) -> Alert:
    paused = "" if scope is Scope.WORKSPACE else f"unless on ({names(MODEL)}) serving_model:pause:flag"
    made = Alert(
        "ServingSampleLoad",
        Severity.WARNING,
        Kind.CAUSE,
        f"({scope.prefix}:load:max >= {scope.prefix}:limit:current) unless ({scope.prefix}:pause:ratio > 0) {paused}",
        for_="3m",
        keep_firing_for="4m",
        summary="The load reaches the limit.",
        description=(name_of if scope is not Scope.WORKSPACE else "{{ $labels.workspace }}") + " has a load of {{ $value }}.",
        proof=proof(scope),
        scope=scope,
    )
    return replace(made, **changes)


RECORD = Record(
    "serving:limit:for_sample",
    "max_over_time(serving:load:max[10m]) + $margin and (serving:load:max > 1)",
    "Limit that the load of ten minutes would not reach.",
    examples=(
        Example("what was eleven minutes ago is forgotten", {"serving:load:max": "50x2 _ 2x11"}, "14m", {"serving:limit:for_sample": 7}),
        Example("nothing at one", {"serving:load:max": 1}, "1m", {}),
        Example("a little above one", {"serving:load:max": 1.5}, "1m", {"serving:limit:for_sample": 6.5}),
        Example("it was larger nine minutes ago", {"serving:load:max": "_x5 4 2x8"}, "14m", {"serving:limit:for_sample": 9}),
    ),
)


def detection(*alerts: Alert, records: tuple[Record, ...] = ()) -> Detection:
    return Detection(
        id="C0",
        slug="sample",
        title="A sample",
        catches="Nothing.",
        origins=(),
        thresholds=(Threshold("margin", 5, "As good as any.", minimum=0, maximum=100),),
        records=records,
        alerts=alerts,
        runbooks={},
    )


def suite(*alerts: Alert, records: tuple[Record, ...] = ()) -> Suite:
    """Return the suite of a detection with these alerts, or with these records."""
    made = detection(*(alerts or (alert(),)), records=records)
    return next(
        found
        for found in suites_of_detection(build(detections=(made,)), made)
        if found.name.startswith("detections" if records else "alerts")
    )


def alone(made: Suite, name: str) -> Suite:
    """Return a suite with the tests alone whose names contain a text."""
    return replace(made, tests=tuple(test for test in made.tests if name in test["name"]))
