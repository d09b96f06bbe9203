"""Proofs of the alerts of a cold-start gap."""

from __future__ import annotations

from serving_rules.model import Case, Outcome, Proof, Severity, Values

__all__ = ["PROOFS"]

_NOW = "serving:cold_start_gap_seconds:now"
_LIMIT = "serving:cold_start_gap_seconds:limit"
_INFLIGHT = "serving:inflight_requests:avg5m"
_SLOTS = "serving:slots:current"
_SLOWEST = 'serving:startup_slowest_phase_seconds:p90{phase="weight_download"}'
_NAME = "chat (production), deployment d-one"
_ADVICE = "min_replica is 2; set it to 5 (at most $180.50 a day more)."


def _base(inflight: float) -> dict[str, Values]:
    return {
        _NOW: 420,
        _LIMIT: 240,
        _INFLIGHT: inflight,
        _SLOTS: 8,
        "serving:starting_replicas:max": 4,
        "serving:active_replicas:max": 2,
        "serving:startup_seconds:typical": 390,
        _SLOWEST: 210,
        "serving:min_replicas:current": 2,
        "serving:min_replicas:for_cold_start_gap": 5,
        "serving:cold_start_gap_dollars_per_day:cost": 180.5,
    }


def _text(inflight: int, start: str = "6m 30s, most of it in weight_download (3m 30s)", advice: str = _ADVICE) -> str:
    return (
        f"{_NAME} has had more requests than slots for 7m 0s, while 4 replicas start beside 2 active ones: {inflight} requests in flight "
        f"for 8 slots. A start takes {start}. {advice}"
    )


_COMMON = (
    Case("just under the limit", Outcome.UNDER, {_NOW: 239}),
    Case("exactly at the limit", Outcome.AT, {_NOW: 240}, fires=True),
    Case("a limit of two quick starts", Outcome.AT, {_NOW: 200, _LIMIT: 200}, fires=True),
    Case("a promotion moves load and replicas", Outcome.GUARD, {"serving_model:rollout:recent30m": 1}),
    Case("a development deployment wakes as its author works", Outcome.GUARD, {"serving:development:flag": 1}),
    Case("no start has found hardware", Outcome.GUARD, {'serving:stuck_starting_cause:current{cause="no hardware"}': 1}),
    Case("starts that load slowly are the gap", Outcome.AT, {'serving:stuck_starting_cause:current{cause="slow load"}': 1}, fires=True),
    Case("at zero it is a wake, not a gap", Outcome.ZERO, {_NOW: None, _LIMIT: None}),
)

WARNING = Proof(
    base=_base(30),
    quiet={_NOW: 60},
    description=_text(30),
    cases=(
        *_COMMON,
        Case("exactly five requests for each slot", Outcome.UNDER, {_INFLIGHT: 40}, fires=True),
        Case("more than five requests for each slot: the page's", Outcome.OVER, {_INFLIGHT: 40.5}),
        Case("requests in flight unknown", Outcome.ABSENT, {_INFLIGHT: None}, fires=True),
        Case(
            "without the start-ups API",
            Outcome.ABSENT,
            {_SLOWEST: None, "serving:startup_seconds:typical": None},
            fires=True,
            description=_text(30, "an unknown time"),
        ),
        Case(
            "without a price and advice",
            Outcome.ABSENT,
            {"serving:min_replicas:for_cold_start_gap": None, "serving:cold_start_gap_dollars_per_day:cost": None},
            fires=True,
            description=_text(30, advice="min_replica is 2; set it to unknown."),
        ),
    ),
)

CRITICAL = Proof(
    base=_base(60),
    quiet={_NOW: 60},
    description=_text(60),
    cases=(
        *_COMMON,
        Case("exactly five requests for each slot", Outcome.UNDER, {_INFLIGHT: 40}),
        Case("more than five requests for each slot", Outcome.OVER, {_INFLIGHT: 40.5}, fires=True),
        Case("requests in flight unknown", Outcome.ABSENT, {_INFLIGHT: None}),
    ),
)

PROOFS = {Severity.WARNING: WARNING, Severity.CRITICAL: CRITICAL}
