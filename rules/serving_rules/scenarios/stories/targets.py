"""Settings that do not fit: targets, floors, delays, and money."""

from __future__ import annotations

from serving_rules.scenarios.autoscaler import Settings
from serving_rules.scenarios.deployment import Deployment
from serving_rules.scenarios.stories.common import LONG, MEDIUM
from serving_rules.scenarios.stories.profiles import steady, steps
from serving_rules.scenarios.story import Scenario, fires

__all__ = ["SCENARIOS"]


def _gpu(chat: Deployment, percent: float) -> Deployment:
    """As many GPUs as replicas, all as busy as that."""
    chat.set["gpus"] = [1.0] * (chat.minutes + 1)
    for number in range(int(max(each or 0 for each in chat.active))):
        there = [percent if (active or 0) > number else None for active in chat.active]
        chat.add("gpu_utilization", there, replica=f"r{number + 1}", gpu="0")
    return chat


def _past_the_knee() -> Deployment:
    """Up to eight requests at once are as fast as one; the target is 64, and at noon each of three replicas has 33, four times as slow."""
    chat = Deployment(steady(1, LONG), Settings(min_replicas=2, max_replicas=12, concurrency_target=64), service=6)
    for minute in range(370, LONG + 1):
        chat.active[minute], chat.in_flight[minute] = 3, 100
        chat.answers["200", "false"][minute], chat.seconds["200"][minute] = 250, 24
    return chat


def _slow_dependency() -> Deployment:
    """Latency triples with the same few requests on each replica: something behind the model is slow."""
    chat = Deployment(steady(2, LONG))
    chat.seconds["200"][370:] = [12.0] * (LONG - 369)
    return chat


def _tokens() -> Deployment:
    """A BIS-LLM deployment at its ceiling: half as many tokens again as its replicas are planned for."""
    chat = Deployment(steady(2, MEDIUM), Settings(min_replicas=1, max_replicas=4))
    for name in ("concurrency_target", "target_utilization_ratio"):
        chat.set[name] = [None] * (MEDIUM + 1)
    chat.set["target_in_flight_tokens"] = [100_000.0] * (MEDIUM + 1)
    chat.active = [*steps(MEDIUM, (0, 2), (40, 4))]
    chat.starting = [*steps(MEDIUM, (0, 0), (36, 2), (40, 0))]
    chat.in_flight = [*steps(MEDIUM, (0, 40), (36, 150))]
    for pod in ("p1", "p2"):
        chat.add("llm_avg_in_flight_tokens", steps(MEDIUM, (0, 80_000), (36, 300_000)), pod=pod)
        chat.add("llm_num_requests", steps(MEDIUM, (0, 20), (36, 75)), pod=pod)
    return chat


def _stuck_up() -> Deployment:
    """Load has gone, and six replicas have stayed."""
    chat = Deployment(steps(MEDIUM, (0, 3), (10, 0)))
    chat.active = [6.0] * (MEDIUM + 1)
    return chat


def _stories() -> tuple[Scenario, ...]:
    return (
        Scenario(
            "target-past-knee",
            "Replicas are given more requests at once than they can batch.",
            LONG,
            (_past_the_knee(),),
            (fires("ServingConcurrencyTargetTooHigh/warning", 385, 399),),
        ),
        Scenario(
            "slow-dependency",
            "What the model calls has become slow; its replicas have no more to do than before.",
            LONG,
            (_slow_dependency(),),
        ),
        Scenario(
            "embedding-target-one",
            "One request at a time for replicas that could batch dozens: ten GPUs at 12 %.",
            LONG,
            (_gpu(Deployment(steady(140, LONG), Settings(max_replicas=20, concurrency_target=1), service=0.05), 12),),
            (fires("ServingConcurrencyTargetTooLow/info", 350, 399),),
        ),
        Scenario(
            "idle-floor",
            "A floor of two replicas and no traffic at all.",
            MEDIUM,
            (Deployment(steps(MEDIUM, (0, 1), (5, 0))),),
            (fires("ServingIdleSpend/info", 120, 145),),
        ),
        Scenario(
            "stuck-up",
            "Replicas do not leave although there is no load.",
            MEDIUM,
            (_stuck_up(),),
            (fires("ServingScaleDownStuck/warning", 60, 80),),
        ),
        Scenario(
            "token-saturated",
            "More tokens in flight than the replicas at the ceiling are planned for.",
            MEDIUM,
            (_tokens(),),
            (fires("ServingTokensSaturated/warning", 40, 60),),
        ),
    )


SCENARIOS = _stories()
