"""Asynchronous requests: work that the autoscaler does not see."""

from __future__ import annotations

from collections.abc import Sequence

from serving_rules.scenarios.autoscaler import Settings
from serving_rules.scenarios.deployment import Deployment
from serving_rules.scenarios.samples import counted
from serving_rules.scenarios.stories.common import MEDIUM, everywhere
from serving_rules.scenarios.stories.profiles import steady, steps
from serving_rules.scenarios.story import Scenario, fires

__all__ = ["SCENARIOS"]

_WAITS = (10, 60, 300, 480, 600)


def _worker(queue: Sequence[float], done: Sequence[float], wait: Sequence[float]) -> Deployment:
    """Two replicas that get all of their work from the queue: its length, requests completed and seconds waited, for each minute."""
    chat = Deployment(steady(0, MEDIUM), Settings(), service=20)
    chat.answers, chat.seconds = {("200", "true"): [*done]}, {"200": [20.0] * (MEDIUM + 1)}
    chat.add("async_queue_size", queue)
    for bound in _WAITS:
        below = [count * min(1, bound / seconds) if seconds else count for count, seconds in zip(done, wait, strict=True)]
        chat.add("time_in_async_queue_seconds_bucket", counted(below), le=f"{bound}")
    chat.add("time_in_async_queue_seconds_bucket", counted(done), le="+Inf")
    chat.add("time_in_async_queue_seconds_count", counted(done))
    chat.add("time_in_async_queue_seconds_sum", counted(count * seconds / 2 for count, seconds in zip(done, wait, strict=True)))
    return chat


def _ramp(first: int, last: int, step: float) -> list[float]:
    """Nothing, then a rise by so much a minute, then nothing more."""
    return [step * max(0, min(minute, last) - first) for minute in range(MEDIUM + 1)]


def _stories() -> tuple[Scenario, ...]:
    six, none = steady(6, MEDIUM), steady(0, MEDIUM)
    backlog = _ramp(30, MEDIUM, 3)
    # A batch of 24 requests that is gone half an hour later: six a minute are done, five more arrive.
    burst = [max(0.0, 24 - (minute - 40)) if minute >= 40 else 0.0 for minute in range(MEDIUM + 1)]
    late = (
        fires("ServingAsyncBacklog/warning", 30, 70),
        fires("ServingAsyncExpiry/warning", 40, 90),
        fires("ServingAsyncExpiry/critical", 50, 120),
    )
    stalled = (fires("ServingAsyncStalled/critical", 55, 66),)
    return (
        Scenario(
            "async-only",
            "All work comes from the queue, which is hardly ever long.",
            MEDIUM,
            (_worker([2.0 * (minute % 3 == 0) for minute in range(MEDIUM + 1)], six, steady(15, MEDIUM)),),
            without=everywhere(MEDIUM),
        ),
        Scenario(
            "async-burst",
            "A batch fills the queue at once and is worked off.",
            MEDIUM,
            (_worker(burst, six, [10 * length for length in burst]),),
        ),
        Scenario(
            "async-backlog",
            "One and a half times as many requests arrive as are worked off.",
            MEDIUM,
            (_worker(backlog, six, [10 * length for length in backlog]),),
            late,
            everywhere(MEDIUM, late),
        ),
        Scenario(
            "async-stalled",
            "The worker stops; requests go on arriving.",
            MEDIUM,
            (_worker(_ramp(45, MEDIUM, 6), steps(MEDIUM, (0, 6), (45, 0)), none),),
            stalled,
            everywhere(MEDIUM, stalled),
        ),
    )


SCENARIOS = _stories()
