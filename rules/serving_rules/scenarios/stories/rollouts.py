"""Promotions: good ones, bad ones, and those that do not end."""

from __future__ import annotations

from collections.abc import Mapping

from serving_rules.scenarios.deployment import Deployment, in_environment
from serving_rules.scenarios.stories.common import MEDIUM, SHORT, everywhere
from serving_rules.scenarios.stories.profiles import steady, steps
from serving_rules.scenarios.story import Check, Environment, Scenario, fires

__all__ = ["SCENARIOS"]

_FIRST, _EACH, _REPLICAS = 10, 5, 5
"""A promotion begins at minute 10 and moves a fifth of the traffic, and a replica of five, every five minutes."""


def _shares(minutes: int, stuck_at: int = _REPLICAS) -> list[float]:
    """Share of traffic on the candidate."""
    return steps(minutes, (0, 0), *((_FIRST + _EACH * number, number / _REPLICAS) for number in range(1, stuck_at + 1)))


def _pair(shares: list[float], done: int | None = None, rate: float = 3) -> tuple[Deployment, Deployment]:
    """Old and new deployment while traffic moves; each replica of the candidate starts two minutes before it serves."""
    minutes = len(shares) - 1
    old, new = Deployment(steady(rate, minutes)), Deployment(steady(0, minutes), deployment_id="d-two")
    new.born, new.created = 1, 60.0
    serving = [round(share * _REPLICAS) for share in shares]
    new.active = [*serving]
    new.starting = [serving[min(minute + 2, minutes)] - now for minute, now in enumerate(serving)]
    old.active = [_REPLICAS - now for now in serving]
    old.starting = [0.0] * (minutes + 1)
    old.carry([rate * (1 - share) for share in shares])
    new.carry([rate * share for share in shares])
    new.status = [*["BUILDING"] * 5, *["DEPLOYING"] * (_FIRST - 5), *["ACTIVE"] * (minutes + 1 - _FIRST)]
    new.phases = [(0, in_environment("")), (_FIRST, in_environment("production", "promoting"))]
    if done is not None:
        new.phases.append((done, in_environment("production")))
        old.phases.append((done, in_environment("")))
        old.set["min_replicas"][done:] = [0.0] * (minutes + 1 - done)
    return old, new


def _promoting(shares: list[float], done: int | None = None) -> Environment:
    minutes = len(shares) - 1
    end = minutes + 1 if done is None else done
    progress: Mapping[int, tuple[str, float]] = {minute: ("RAMPING_UP", shares[minute]) for minute in range(_FIRST, end)}
    return Environment(minutes, ((0, "d-one"),) if done is None else ((0, "d-one"), (done, "d-two")), progress)


def _good() -> Scenario:
    shares, done = _shares(SHORT), _FIRST + _EACH * _REPLICAS + 2
    return Scenario(
        "promotion",
        "A rolling promotion moves five replicas and their traffic within half an hour.",
        SHORT,
        _pair(shares, done),
        environment=_promoting(shares, done),
        without=everywhere(SHORT),
        checks=(
            Check("no restart", "sum_over_time(serving:restarts:increase1m{$here}[50m])", 55, 0),
            Check("replicas of both", "serving:active_replicas:max{$here}", 22, 5),
        ),
    )


def _flooded() -> Scenario:
    """In the middle of a rollout three times the load arrives, and the environment's ceiling is five replicas."""
    shares = _shares(SHORT, stuck_at=3)
    old, new = _pair(shares)
    for chat, share in ((old, 0.4), (new, 0.6)):
        for minute in range(32, SHORT + 1):
            slots = (chat.active[minute] or 0) * chat.settings.concurrency_target
            chat.in_flight[minute] = slots + round(120 * share * (minute - 31))
        chat.set["max_replicas"] = [5.0] * (SHORT + 1)
    environment = _promoting(shares)
    environment.bounds = (2, 5)
    return Scenario(
        "flood-during-rollout",
        "Three times the load arrives in the middle of a rollout.",
        SHORT,
        (old, new),
        (fires("ServingEnvironmentExhausted/critical", 33, 50), fires("ServingEnvironmentSaturated/warning", 33, 55)),
        environment=environment,
    )


def _bad() -> Scenario:
    shares = _shares(SHORT, stuck_at=2)
    old, new = _pair(shares)
    new.quieten(0, SHORT, 0.8)
    for minute, share in enumerate(shares):
        new.answer("500", 180 * 0.2 * share, minute, minute, seconds=2)
    alarms = (fires("ServingCandidateWorse/critical", 18, 30),)
    return Scenario(
        "bad-candidate",
        "One in five answers of the candidate is an error, and the rollout goes no further.",
        SHORT,
        (old, new),
        alarms,
        everywhere(SHORT, alarms),
        environment=_promoting(shares),
    )


def _stuck() -> Scenario:
    shares = _shares(MEDIUM, stuck_at=1)
    return Scenario(
        "stuck-rollout",
        "A rollout stops at a fifth of the traffic.",
        MEDIUM,
        _pair(shares),
        (fires("ServingRolloutStuck/warning", 70, 82),),
        environment=_promoting(shares),
    )


SCENARIOS = (_good(), _flooded(), _bad(), _stuck())
