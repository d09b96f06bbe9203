"""Promotions: good ones, bad ones, and those that do not end."""

from __future__ import annotations

from collections.abc import Mapping

from serving_rules.scenarios.deployment import Deployment, in_environment
from serving_rules.scenarios.stories.common import MEDIUM, everywhere
from serving_rules.scenarios.stories.profiles import steady, steps
from serving_rules.scenarios.story import Check, Environment, Scenario, fires

__all__ = ["SCENARIOS"]

_FIRST, _EACH = 40, 8
_REPLICAS = 5


def _shares(stuck_at: int = _REPLICAS) -> list[float]:
    """Share of traffic on the candidate: a fifth more every eight minutes."""
    return steps(MEDIUM, (0, 0), *((_FIRST + _EACH * number, number / _REPLICAS) for number in range(1, stuck_at + 1)))


def _pair(shares: list[float], *, done: int | None, rate: float = 3) -> tuple[Deployment, Deployment]:
    """Old and new deployment while traffic moves; replicas move with it, one at a time."""
    old, new = Deployment(steady(rate, MEDIUM)), Deployment(steady(0, MEDIUM), deployment_id="d-two")
    new.born, new.created = _FIRST - 15, (_FIRST - 15) * 60.0
    active = [round(share * _REPLICAS) for share in shares]
    new.active = [*active]
    new.starting = [
        int(minute >= _FIRST and now < soon) for minute, (now, soon) in enumerate(zip(active, [*active[2:], 9, 9], strict=True))
    ]
    new.starting[-2:] = [0, 0]
    old.active = [_REPLICAS - (replicas or 0) for replicas in new.active]
    old.starting = [0.0] * (MEDIUM + 1)
    old.carry([rate * (1 - share) for share in shares])
    new.carry([rate * share for share in shares])
    new.status = [*["BUILDING"] * (_FIRST - 10), *["DEPLOYING"] * 10, *["ACTIVE"] * (MEDIUM + 1 - _FIRST)]
    new.phases = [(0, in_environment("")), (_FIRST, in_environment("production", "promoting"))]
    if done is not None:
        new.phases.append((done, in_environment("production")))
        old.phases.append((done, in_environment("")))
        old.set["min_replicas"][done:] = [0.0] * (MEDIUM + 1 - done)
    return old, new


def _promoting(shares: list[float], *, done: int | None) -> Environment:
    end = MEDIUM + 1 if done is None else done
    progress: Mapping[int, tuple[str, float]] = {minute: ("RAMPING_UP", shares[minute]) for minute in range(_FIRST, end)}
    return Environment(MEDIUM, ((0, "d-one"),) if done is None else ((0, "d-one"), (done, "d-two")), progress)


def _good() -> Scenario:
    shares, done = _shares(), _FIRST + _EACH * _REPLICAS + 2
    return Scenario(
        "promotion",
        "A rolling promotion moves five replicas and their traffic within forty minutes.",
        MEDIUM,
        _pair(shares, done=done),
        environment=_promoting(shares, done=done),
        without=everywhere(MEDIUM),
        checks=(
            Check("no restart", "sum_over_time(serving:restarts:increase1m{$here}[140m])", 145, 0),
            Check("replicas of both", "serving:active_replicas:max{$here}", 60, 5),
        ),
    )


def _bad() -> Scenario:
    shares = _shares(stuck_at=2)
    old, new = _pair(shares, done=None)
    new.quieten(_FIRST, MEDIUM, 0.8)
    for minute, share in enumerate(shares):
        new.answer("500", 180 * 0.2 * share, minute, minute, seconds=2)
    alarms = (
        fires("ServingCandidateWorse/critical", 45, 62),
        fires("ServingRolloutStuck/warning", 110, 125, because="The operator looks on: nothing moves for an hour."),
    )
    return Scenario(
        "bad-candidate",
        "One in five answers of the candidate is an error, and the rollout goes no further.",
        MEDIUM,
        (old, new),
        alarms,
        everywhere(MEDIUM, alarms, plain=alarms[:1]),
        environment=_promoting(shares, done=None),
    )


def _stuck() -> Scenario:
    shares = _shares(stuck_at=1)
    return Scenario(
        "stuck-rollout",
        "A rollout stops at a fifth of the traffic.",
        MEDIUM,
        _pair(shares, done=None),
        (fires("ServingRolloutStuck/warning", 100, 116),),
        environment=_promoting(shares, done=None),
    )


SCENARIOS = (_good(), _bad(), _stuck())
