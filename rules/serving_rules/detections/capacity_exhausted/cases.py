"""Proofs of the alerts of an exhausted deployment or environment."""

from __future__ import annotations

from serving_rules.model import Case, Outcome, Proof, Values

__all__ = ["DEPLOYMENT", "ENVIRONMENT"]

_RATIO = "serving:ceiling_inflight_ratio:current"
_REFUSED = "serving:ceiling_refused_ratio:avg10m"
_ENVIRONMENT_RATIO = "serving_environment:ceiling_inflight_ratio:current"
_ROLLOUT = "serving_environment:rollout:recent30m"
_MAX = "serving:max_replicas:current"
_FOR_MAX = "serving:max_replicas:for_capacity_exhausted"
_NO_ROOM: dict[str, Values] = {"serving:max_replicas:for_capacity_saturated": 6}


def _windows(ratio: str) -> tuple[Case, ...]:
    """Return what pins the least of three minutes: when it begins to hold after ten minutes of room, and what it does not mind."""
    return (
        Case("two minutes without a free slot", Outcome.UNDER, {ratio: "0x10 1.5x30"}, at="12m"),
        Case("five minutes without one", Outcome.OVER, {ratio: "0x10 1.5x30"}, fires=True, at="15m"),
        Case(
            "five missed scrapes since it began, never three in a row",
            Outcome.OVER,
            {ratio: "1.5 _ 1.5 _x2 1.5 _ 1.5x20"},
            fires=True,
            at="8m",
        ),
        Case("full since an outage of ten minutes", Outcome.OVER, {ratio: "0.5x9 _x10 1.5x30"}, fires=True, at="21m"),
        Case("full since an outage of thirteen", Outcome.UNDER, {ratio: "0.5x7 _x13 1.5x30"}, at="22m"),
        Case("a free slot every other minute", Outcome.UNDER, {ratio: "1.5 0.9 1.5 0.9 1.5 0.9 1.5 0.9 1.5 0.9"}, at="9m"),
    )


# Room, a gap of the window's length (so that its edge makes no difference), and then none.
_FILLS_UP = "0.5x8 _x3 1.5x90"
_FULL = "12m"

_NAME = "chat (production), deployment d-one"
_BASE: dict[str, Values] = {
    _RATIO: _FILLS_UP,
    _MAX: 4,
    "serving:inflight_requests:avg5m": 48.2,
    "serving:slots:current": 32,
    _FOR_MAX: 9,
    "serving:capacity_exhausted_dollars_per_day:cost": 241.464,
    "serving:capacity_saturated_dollars_per_day:cost": 96,
    "serving:concurrency_target:current": 8,
}
_TEXT = f"{_NAME} is at its ceiling of 4 replicas with 48 requests in flight for 32 slots"
_ADVICE = "Set max_replica to 9 (at most $241.46 a day more)."

DEPLOYMENT = Proof(
    base=_BASE,
    quiet={_RATIO: 0.5},
    starts=_FULL,
    description=f"{_TEXT}. {_ADVICE}",
    cases=(
        Case("exactly full", Outcome.AT, {_RATIO: 1}),
        Case("the least more", Outcome.OVER, {_RATIO: 1.01}, fires=True),
        *_windows(_RATIO),
        Case("full from the first minute that is known", Outcome.UNDER, {_RATIO: 1.5}, at="1m"),
        Case("full in the first minutes that are known", Outcome.OVER, {_RATIO: 1.5}, fires=True, at="7m"),
        Case("exactly one in a hundred refused", Outcome.AT, {_RATIO: 0.9, _REFUSED: 0.01}),
        Case("the least more refused", Outcome.OVER, {_RATIO: 0.9, _REFUSED: 0.011}, fires=True),
        Case("none refused, since it queues", Outcome.OVER, {_REFUSED: 0}, fires=True),
        Case(
            "the queue is gone for a while, and there is no room",
            Outcome.OVER,
            {_RATIO: 0.9, _FOR_MAX: "_x8 9x1 _x80", **_NO_ROOM},
            fires=True,
            at="60m",
            description=f"{_TEXT}. Set max_replica to 6 (at most $96.00 a day more).",
        ),
        Case("for more than an hour", Outcome.UNDER, {_RATIO: 0.9, _FOR_MAX: "_x8 9x1 _x80", **_NO_ROOM}, at="90m"),
        Case("it stood for a minute only", Outcome.UNDER, {_RATIO: 0.9, _FOR_MAX: "_x8 9 _x80", **_NO_ROOM}, at="60m"),
        Case("there is room again", Outcome.UNDER, {_RATIO: 0.9, _FOR_MAX: "9x90"}),
        Case("one that scales on tokens", Outcome.GUARD, {"serving:target_inflight_tokens:current": 60000}),
        Case("a development deployment has one replica by design", Outcome.GUARD, {"serving:development:flag": 1}),
        Case("a promotion: its environment is judged", Outcome.GUARD, {"serving:rollout:recent30m": 1}),
        Case("the backlog of a cold start drains", Outcome.GUARD, {"serving:ceiling_backlog:draining": 3}),
        Case("no replicas, no ceiling", Outcome.ZERO, {_RATIO: 0}),
        Case("a plain scrape of the feed knows no ceiling", Outcome.ABSENT, {_RATIO: None}),
        Case(
            "one that refuses",
            Outcome.OVER,
            {_RATIO: 0.98, _REFUSED: 0.034, "serving:inflight_requests:avg5m": 31.4},
            fires=True,
            description=f"{_NAME} is at its ceiling of 4 replicas with 31 requests in flight for 32 slots; 3.4% of the requests of ten "
            f"minutes were refused (429). {_ADVICE}",
        ),
        Case(
            "GPUs that idle",
            Outcome.OVER,
            {"serving:concurrency_target:for_capacity_saturated": 12},
            fires=True,
            description=f"{_TEXT}. {_ADVICE} Or, as the GPUs are not busy and p95 is flat: raise concurrency_target from 8 to 12.",
        ),
        Case(
            "no price, no advice",
            Outcome.ABSENT,
            {_FOR_MAX: None, "serving:capacity_exhausted_dollars_per_day:cost": None},
            fires=True,
            description=f"{_TEXT}. Set max_replica to unknown.",
        ),
    ),
)

ENVIRONMENT = Proof(
    base={
        _ENVIRONMENT_RATIO: _FILLS_UP,
        _ROLLOUT: 1,
        "serving_environment:inflight_requests:avg5m": 48.2,
        "serving_environment:active_replicas:sum": 4,
        "serving_environment:max_replicas:current": 4,
        "serving_environment:max_replicas:needed": 9,
    },
    quiet={_ENVIRONMENT_RATIO: 0.5},
    starts=_FULL,
    description="chat (production) is being promoted, and both versions together have 48 requests in flight: 1.5 times the slots of its "
    "4 replicas, with no more on their way. max_replica of the environment is 4; set it to 9.",
    cases=(
        Case("exactly full", Outcome.AT, {_ENVIRONMENT_RATIO: 1}),
        Case("the least more", Outcome.OVER, {_ENVIRONMENT_RATIO: 1.01}, fires=True),
        *_windows(_ENVIRONMENT_RATIO),
        Case("full from the first minute that is known", Outcome.UNDER, {_ENVIRONMENT_RATIO: 1.5}, at="1m"),
        Case("a free slot", Outcome.UNDER, {_ENVIRONMENT_RATIO: 0.99}),
        Case("without a promotion the deployment is judged", Outcome.GUARD, {_ROLLOUT: None}),
        Case("more replicas on their way", Outcome.ZERO, {_ENVIRONMENT_RATIO: 0}),
    ),
)
