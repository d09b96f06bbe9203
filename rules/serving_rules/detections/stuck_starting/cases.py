"""Proofs of the alerts of stuck replicas."""

from __future__ import annotations

from serving_rules.model import Case, Outcome, Proof, Severity, Values

__all__ = ["PROOFS"]

_STALLED = "serving:starting_seconds:stalled"
_LIMIT = "serving:stuck_starting_seconds:limit"
_ACTIVE = "serving:active_replicas:max"
_WAITING = "serving:waiting_requests:avg5m"
_NAME = "chat (production), deployment d-one"
_THRESHOLD = "serving:startup_threshold_seconds:for_stuck_starting"


def _cause(cause: str) -> str:
    return f'serving:stuck_starting_cause:current{{cause="{cause}"}}'


def _base(active: int) -> dict[str, Values]:
    return {
        _STALLED: 1500,
        _LIMIT: 1200,
        _ACTIVE: active,
        _WAITING: -2.5,
        "serving:starting_replicas:max": 2,
        "serving:inflight_requests:avg5m": 5.5,
        _cause("no hardware"): 1,
    }


def _text(active: int, cause: str) -> str:
    return (
        f"{_NAME} has had replicas starting for 25m 0s without one becoming active; the limit is 20m 0s. Starting: 2, active: {active}, "
        f"requests in flight: 6. {cause}"
    )


_NO_HARDWARE = "They wait for hardware: move to another instance type or region, or ask support; the wait itself is not billed."
_SLOW = "They have hardware and are still loading: look at the phase, and keep startup_threshold_seconds at {} or more (at most 3000)."

_COMMON = (
    Case("just under the limit", Outcome.UNDER, {_STALLED: 1199}),
    Case("exactly at the limit", Outcome.AT, {_STALLED: 1200}, fires=True),
    Case("a longer limit for slow starts", Outcome.UNDER, {_LIMIT: 1501}),
    Case("a development deployment starts as its author works", Outcome.GUARD, {"serving:development:flag": 1}),
    Case("nothing starts", Outcome.ABSENT, {_STALLED: None, _LIMIT: None}),
)

WARNING = Proof(
    base=_base(3),
    quiet={_STALLED: 60},
    description=_text(3, _NO_HARDWARE),
    cases=(
        *_COMMON,
        Case("none is active: the page's", Outcome.ZERO, {_ACTIVE: 0}),
        Case("requests wait: the page's", Outcome.OVER, {_WAITING: 0.5}),
        Case("every slot is taken, and nobody waits", Outcome.AT, {_WAITING: 0}, fires=True),
        Case("a plain scrape of the feed at zero replicas", Outcome.ABSENT, {_ACTIVE: None, _WAITING: None}, fires=True),
        Case(
            "a slow load",
            Outcome.OVER,
            {_cause("no hardware"): None, _cause("slow load"): 1, _THRESHOLD: 840},
            fires=True,
            description=_text(3, _SLOW.format("840")),
        ),
        Case(
            "a slow load of unknown length",
            Outcome.OVER,
            {_cause("no hardware"): None, _cause("slow load"): 1},
            fires=True,
            description=_text(3, _SLOW.format("twice the longest start")),
        ),
        Case(
            "a crash on load",
            Outcome.OVER,
            {_cause("no hardware"): None, _cause("crash on load"): 1},
            fires=True,
            description=_text(
                3,
                "They crash while loading: read the log of load() on the newest replica, or promote the previous deployment; each "
                "attempt is billed.",
            ),
        ),
        Case(
            "no source tells the cause",
            Outcome.ABSENT,
            {_cause("no hardware"): None},
            fires=True,
            description=_text(
                3,
                "Nothing tells no hardware from a slow load or a crash: read the deployment's log; without any line in it there is no "
                "hardware.",
            ),
        ),
    ),
)

CRITICAL = Proof(
    base=_base(0),
    quiet={_STALLED: 60},
    description=_text(0, _NO_HARDWARE),
    cases=(
        *_COMMON,
        Case("one that serves is enough", Outcome.ZERO, {_ACTIVE: 1}),
        Case("one that serves is not enough: requests wait", Outcome.OVER, {_ACTIVE: 1, _WAITING: 0.5}, fires=True),
        Case("every slot is taken, and nobody waits", Outcome.AT, {_ACTIVE: 1, _WAITING: 0}),
        Case("without settings, at zero replicas", Outcome.ABSENT, {_WAITING: None}, fires=True),
    ),
)

PROOFS = {Severity.WARNING: WARNING, Severity.CRITICAL: CRITICAL}
