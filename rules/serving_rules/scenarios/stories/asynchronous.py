"""Asynchronous requests: work that the autoscaler does not see."""

from __future__ import annotations

from collections.abc import Sequence

from serving_rules.scenarios.deployment import Deployment
from serving_rules.scenarios.samples import counted
from serving_rules.scenarios.stories.common import MEDIUM, SHORT
from serving_rules.scenarios.stories.profiles import steady, steps
from serving_rules.scenarios.story import Scenario, fires

__all__ = ["SCENARIOS"]

_WAITS = (10, 60, 300, 480, 600)


def _worker(queue: Sequence[float], done: Sequence[float], wait: Sequence[float]) -> Deployment:
    """Two replicas that get all of their work from the queue: its length, requests completed and seconds waited, for each minute."""
    minutes = len(queue) - 1
    chat = Deployment(steady(0, minutes), service=20)
    chat.answers, chat.seconds = {("200", "true"): [*done]}, {"200": [20.0] * (minutes + 1)}
    chat.add("async_queue_size", queue)
    for bound in _WAITS:
        below = [count * min(1, bound / seconds) if seconds else count for count, seconds in zip(done, wait, strict=True)]
        chat.add("time_in_async_queue_seconds_bucket", counted(below), le=f"{bound}")
    chat.add("time_in_async_queue_seconds_bucket", counted(done), le="+Inf")
    chat.add("time_in_async_queue_seconds_count", counted(done))
    return chat


def _ramp(first: int, step: float) -> list[float]:
    """Nothing, then a rise by so much a minute."""
    return [step * max(0, minute - first) for minute in range(SHORT + 1)]


def _stories() -> tuple[Scenario, ...]:
    six = steady(6, SHORT)
    backlog = _ramp(10, 3)
    # A batch of 24 requests that is gone half an hour later: six a minute are done, five more arrive.
    burst = [max(0.0, 24 - (minute - 10)) if minute >= 10 else 0.0 for minute in range(SHORT + 1)]
    return (
        Scenario(
            "async-only",
            "All work comes from the queue, which is hardly ever long, for hours.",
            MEDIUM,
            (_worker([2.0 * (minute % 3 == 0) for minute in range(MEDIUM + 1)], steady(6, MEDIUM), steady(15, MEDIUM)),),
        ),
        Scenario(
            "async-burst",
            "A batch fills the queue at once and is worked off.",
            SHORT,
            (_worker(burst, six, [10 * length for length in burst]),),
        ),
        Scenario(
            "async-backlog",
            "One and a half times as many requests arrive as are worked off.",
            SHORT,
            (_worker(backlog, six, [10 * length for length in backlog]),),
            (
                fires("ServingAsyncBacklog/warning", 20, 45),
                fires("ServingAsyncExpiry/warning", 20, 45),
                fires("ServingAsyncExpiry/critical", 25, 55),
            ),
        ),
        Scenario(
            "async-stalled",
            "The worker stops; requests go on arriving.",
            SHORT,
            (_worker(_ramp(10, 6), steps(SHORT, (0, 6), (10, 0)), steady(0, SHORT)),),
            (fires("ServingAsyncStalled/critical", 20, 33),),
        ),
    )


SCENARIOS = _stories()
