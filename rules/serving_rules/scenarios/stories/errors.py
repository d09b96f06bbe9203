"""Answers that users did not want."""

from __future__ import annotations

from serving_rules.scenarios.autoscaler import Settings
from serving_rules.scenarios.deployment import Deployment
from serving_rules.scenarios.stories.common import MEDIUM, SHORT, everywhere
from serving_rules.scenarios.stories.profiles import steady
from serving_rules.scenarios.story import Scenario, fires

__all__ = ["SCENARIOS"]


def _failing(first: int, last: int, share: float, minutes: int = MEDIUM, rate: float = 5) -> Deployment:
    chat = Deployment(steady(rate, minutes))
    chat.quieten(first, last, 1 - share)
    chat.answer("500", 60 * rate * share, first, last, seconds=1)
    return chat


def _unreachable() -> Deployment:
    chat = Deployment(steady(5, SHORT))
    chat.quieten(20, 34, 0.9)
    chat.answer("503", 30, 20, 34, seconds=0.1)
    return chat


def _rare() -> Deployment:
    """Ten requests an hour, one of which fails."""
    chat = Deployment(steady(0, MEDIUM), Settings(min_replicas=2, max_replicas=4))
    for minute in range(3, MEDIUM, 6):
        chat.answer("500" if minute == 63 else "200", 1, minute, minute, seconds=4)
    return chat


def _everywhere_at_once() -> tuple[Deployment, ...]:
    models = []
    for number in ("one", "two", "three", "four", "five"):
        chat = _failing(20, SHORT, 0 if number == "five" else 0.5, SHORT)
        chat.deployment_id = f"d-{number}"
        models.append(chat)
    return tuple(models)


def _stories() -> tuple[Scenario, ...]:
    burst = (fires("ServingAvailabilityBurn1h/critical", 42, 52),)
    return (
        Scenario(
            "error-burst",
            "One answer in three is an error, for a quarter of an hour.",
            MEDIUM,
            (_failing(40, 54, 0.33),),
            burst,
            everywhere(MEDIUM, burst),
        ),
        Scenario(
            "slow-errors",
            "Two answers in a hundred are errors, for hours.",
            MEDIUM,
            (_failing(10, MEDIUM, 0.02),),
            (),
        ),
        Scenario(
            "no-endpoint",
            "One answer in ten is 503 for a quarter of an hour, and nothing is rolled out.",
            SHORT,
            (_unreachable(),),
            (fires("ServingNoEndpoint/warning", 25, 35),),
        ),
        Scenario("low-traffic-one-error", "Ten requests an hour, and one of them fails.", MEDIUM, (_rare(),), without=everywhere(MEDIUM)),
        Scenario(
            "platform-incident",
            "Four of five models answer every second request with an error.",
            SHORT,
            _everywhere_at_once(),
            (
                fires("ServingPlatformIncident/critical", 22, 32),
                *(fires("ServingAvailabilityBurn1h/critical", 21, 40, of=f"d-{number}") for number in ("one", "two", "three", "four")),
            ),
            model_ids={f"d-{number}": f"m-{number}" for number in ("one", "two", "three", "four", "five")},
        ),
    )


SCENARIOS = _stories()
