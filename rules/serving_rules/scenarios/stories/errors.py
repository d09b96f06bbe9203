"""Answers that users did not want."""

from __future__ import annotations

from serving_rules.scenarios.autoscaler import Settings
from serving_rules.scenarios.deployment import Deployment
from serving_rules.scenarios.stories.common import MEDIUM, SHORT, burns, everywhere
from serving_rules.scenarios.stories.profiles import steady
from serving_rules.scenarios.story import Scenario, fires

__all__ = ["SCENARIOS"]


def _failing(code: str, first: int, last: int, share: float, minutes: int = SHORT) -> Deployment:
    chat = Deployment(steady(5, minutes))
    chat.quieten(first, last, 1 - share)
    chat.answer(code, 300 * share, first, last, seconds=1)
    return chat


def _rare() -> Deployment:
    """Ten requests an hour, one of which fails."""
    chat = Deployment(steady(0, MEDIUM), Settings(min_replicas=2, max_replicas=4))
    for minute in range(3, MEDIUM, 6):
        chat.answer("500" if minute == 63 else "200", 1, minute, minute, seconds=4)
    return chat


_MODELS = ("one", "two", "three", "four", "five")


def _everywhere_at_once() -> tuple[Deployment, ...]:
    models = []
    for number in _MODELS:
        chat = _failing("500", 20, SHORT, 0 if number == "five" else 0.5)
        chat.deployment_id = f"d-{number}"
        models.append(chat)
    return tuple(models)


_FAST = burns("Availability", 11, 30, "1h", "6h", because="")


def _stories() -> tuple[Scenario, ...]:
    return (
        Scenario(
            "error-burst",
            "One answer in three is an error, for a quarter of an hour.",
            SHORT,
            (_failing("500", 10, 24, 0.33),),
            _FAST,
            everywhere(SHORT, _FAST),
        ),
        Scenario(
            "slow-errors",
            "Four answers in a hundred are errors, for hours.",
            MEDIUM,
            (_failing("500", 10, MEDIUM, 0.04, MEDIUM),),
            burns("Availability", 60, 140, "1d", because=""),
        ),
        Scenario(
            "no-endpoint",
            "One answer in ten is 503 for a quarter of an hour, and nothing is rolled out.",
            SHORT,
            (_failing("503", 20, 34, 0.1),),
            (fires("ServingNoEndpoint/warning", 25, 35),),
        ),
        Scenario("low-traffic-one-error", "Ten requests an hour, and one of them fails.", MEDIUM, (_rare(),)),
        Scenario(
            "platform-incident",
            "Four of five models answer every second request with an error.",
            SHORT,
            _everywhere_at_once(),
            (
                fires("ServingPlatformIncident/critical", 22, 32),
                *burns("Availability", 21, 45, "1h", "6h", because="Each model's own."),
            ),
            model_ids={f"d-{number}": f"m-{number}" for number in _MODELS},
        ),
    )


SCENARIOS = _stories()
