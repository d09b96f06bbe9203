"""Proofs of the alerts of a saturated deployment or environment."""

from __future__ import annotations

from serving_rules.model import Case, Outcome, Proof, Values

__all__ = ["DEPLOYMENT", "ENVIRONMENT"]

_RATIO = "serving:ceiling_demand_ratio:avg5m"
_ENVIRONMENT_RATIO = "serving_environment:ceiling_demand_ratio:avg5m"
_MIN, _MAX = "serving:min_replicas:current", "serving:max_replicas:current"
_ROLLOUT = "serving_environment:rollout:recent30m"
_TARGET = "serving:concurrency_target:for_capacity_saturated"


def _windows(ratio: str) -> tuple[Case, ...]:
    """Return what pins the mean of ten minutes: when it begins to hold after ten minutes of room, and what it does not mind."""
    return (
        Case("seven minutes at the ceiling", Outcome.UNDER, {ratio: "0x10 1.5x30"}, at="17m"),
        Case("a quarter of an hour at the ceiling", Outcome.OVER, {ratio: "0x10 1.5x30"}, fires=True, at="25m"),
        Case("a dip of a minute", Outcome.OVER, {ratio: "1.5x14 0 1.5x30"}, fires=True, at="20m"),
        Case("a missed scrape", Outcome.OVER, {ratio: "1.5x14 _x3 1.5x30"}, fires=True, at="20m"),
        Case("a peak of a minute", Outcome.UNDER, {ratio: "1x14 1.9 1x30"}, at="20m"),
    )


_NAME = "chat (production), deployment d-one"
_BASE: dict[str, Values] = {
    _RATIO: 1.5,
    _MIN: 1,
    _MAX: 4,
    "serving:max_replicas:for_capacity_saturated": 9,
    "serving:capacity_saturated_dollars_per_day:cost": 241.464,
    "serving:concurrency_target:current": 8,
}
_TEXT = (
    f"{_NAME} is at its ceiling, and in ten minutes its load came to 150% of what the autoscaler plans that ceiling for. max_replica is "
    "4; set it to "
)

DEPLOYMENT = Proof(
    base=_BASE,
    quiet={_RATIO: 0},
    lingers="2m",
    description=f"{_TEXT}9 (at most $241.46 a day more).",
    cases=(
        Case("exactly a tenth more than planned", Outcome.AT, {_RATIO: 1.1}),
        Case("the least more than that", Outcome.OVER, {_RATIO: 1.11}, fires=True),
        Case("exactly at the ceiling", Outcome.UNDER, {_RATIO: 1}),
        *_windows(_RATIO),
        Case("a pinned deployment cannot scale", Outcome.GUARD, {_MIN: 4}),
        Case("one that may scale by one", Outcome.GUARD, {_MIN: 3}, fires=True),
        Case("a development deployment has one replica by design", Outcome.GUARD, {"serving:development:flag": 1}),
        Case("a promotion: its environment is judged", Outcome.GUARD, {"serving:rollout:recent30m": 1}),
        Case("the backlog of a cold start drains", Outcome.GUARD, {"serving:ceiling_backlog:draining": 3}),
        Case("no replicas, no ceiling", Outcome.ZERO, {_RATIO: 0}),
        Case("a floor that is not known", Outcome.ABSENT, {_MIN: None}, fires=True),
        Case("a plain scrape of the feed knows no ceiling", Outcome.ABSENT, {_RATIO: None, _MAX: None, _MIN: None}),
        Case(
            "GPUs that idle",
            Outcome.OVER,
            {_TARGET: 12},
            fires=True,
            description=f"{_TEXT}9 (at most $241.46 a day more). Or, as the GPUs are not busy and p95 is flat: raise concurrency_target "
            "from 8 to 12.",
        ),
        Case(
            "no price, no advice",
            Outcome.ABSENT,
            {"serving:max_replicas:for_capacity_saturated": None, "serving:capacity_saturated_dollars_per_day:cost": None},
            fires=True,
            description=f"{_TEXT}unknown.",
        ),
    ),
)

ENVIRONMENT = Proof(
    base={
        _ENVIRONMENT_RATIO: 1.5,
        _ROLLOUT: 1,
        "serving_environment:min_replicas:current": 1,
        "serving_environment:max_replicas:current": 4,
        "serving_environment:max_replicas:needed": 9,
    },
    quiet={_ENVIRONMENT_RATIO: 0},
    lingers="2m",
    description="chat (production) is being promoted, and both versions together are at its ceiling: in ten minutes the load came to "
    "150% of what the autoscaler plans that ceiling for. max_replica of the environment is 4; set it to 9.",
    cases=(
        Case("exactly a tenth more than planned", Outcome.AT, {_ENVIRONMENT_RATIO: 1.1}),
        Case("the least more than that", Outcome.OVER, {_ENVIRONMENT_RATIO: 1.11}, fires=True),
        Case("exactly at the ceiling", Outcome.UNDER, {_ENVIRONMENT_RATIO: 1}),
        *_windows(_ENVIRONMENT_RATIO),
        Case("without a promotion the deployment is judged", Outcome.GUARD, {_ROLLOUT: None}),
        Case("a pinned environment cannot scale", Outcome.GUARD, {"serving_environment:min_replicas:current": 4}),
        Case("one that may scale by one", Outcome.GUARD, {"serving_environment:min_replicas:current": 3}, fires=True),
        Case("no replicas, no ceiling", Outcome.ZERO, {_ENVIRONMENT_RATIO: 0}),
        Case("a floor that is not known", Outcome.ABSENT, {"serving_environment:min_replicas:current": None}, fires=True),
    ),
)
