"""Load that comes and goes: what autoscaling does well, and what settings make of it."""

from __future__ import annotations

from serving_rules.scenarios.autoscaler import Settings
from serving_rules.scenarios.deployment import Deployment
from serving_rules.scenarios.stories.common import LONG, MEDIUM, everywhere
from serving_rules.scenarios.stories.profiles import bursts, stairs, steady, steps
from serving_rules.scenarios.story import Scenario, Situation, fires

__all__ = ["SCENARIOS"]

_DAY = (
    1,
    1.2,
    1.5,
    1.8,
    2.2,
    2.6,
    3,
    3.4,
    3.8,
    4.2,
    4.5,
    4.7,
    4.8,
    4.8,
    4.7,
    4.5,
    4.7,
    4.8,
    4.5,
    4.2,
    3.8,
    3.4,
    3,
    2.6,
    2.2,
    1.8,
    1.5,
    1.3,
    1.1,
    1,
)

_FLAPPING = (fires("ServingThrash/warning", 30, 120),)
_UNTIDY = (fires("ServingThrash/info", 30, 120),)


def _short_bursts() -> Deployment:
    return Deployment(bursts(MEDIUM, 2, 5, every=10, lasting=3), Settings(min_replicas=1, scale_down_delay=60))


def _switched() -> Deployment:
    """A schedule raises the floor at the hour and lowers it an hour later; replicas follow, without any load that asks for it."""
    chat = Deployment(steady(1, MEDIUM))
    chat.set["min_replicas"] = [*steps(MEDIUM, (0, 2), (60, 6), (120, 2))]
    chat.active = [*steps(MEDIUM, (0, 2), (63, 6), (121, 3), (136, 2))]
    chat.starting = [*steps(MEDIUM, (0, 0), (61, 4), (63, 0))]
    return chat


def _edited() -> Deployment:
    """Somebody tries settings: the ceiling up and down, a shorter delay, another target."""
    chat = Deployment(steady(2, MEDIUM))
    chat.set["max_replicas"] = [*steps(MEDIUM, (0, 12), (40, 8), (52, 20), (70, 12))]
    chat.set["scale_down_delay_seconds"] = [*steps(MEDIUM, (0, 900), (45, 600))]
    chat.set["concurrency_target"] = [*steps(MEDIUM, (0, 4), (55, 3))]
    chat.active = [*steps(MEDIUM, (0, 3), (57, 4))]
    return chat


def _websocket() -> Deployment:
    """Connections of half an hour; replicas are added one at a time and leave one at a time, when their last connection closes."""
    chat = Deployment(steady(0.02, MEDIUM), Settings(max_replicas=8), service=1800)
    chat.active = [5 + (minute // 4) % 2 for minute in range(MEDIUM + 1)]
    chat.in_flight = [3 * (replicas or 0) for replicas in chat.active]
    chat.answers = {}
    chat.answer("1000", 1, 0, MEDIUM, seconds=1800)
    chat.add("ongoing_websocket_connections", chat.in_flight)
    return chat


def _development() -> Deployment:
    """Its author saves, it reloads, fails, stops and starts again."""
    chat = Deployment(steady(0.02, MEDIUM), Settings(min_replicas=0, max_replicas=1, concurrency_target=1), environment="")
    chat.development = True
    chat.active = [int(minute % 8 < 5) for minute in range(MEDIUM + 1)]
    chat.starting = [int(5 <= minute % 8 < 7) for minute in range(MEDIUM + 1)]
    chat.restart(*range(5, MEDIUM, 8))
    chat.answer("500", 2, 0, MEDIUM, seconds=1)
    return chat


def _first() -> Deployment:
    """Built, deployed, tried once, and at zero again."""
    chat = Deployment(steady(0, MEDIUM), Settings(min_replicas=0), environment="")
    chat.born, chat.created = 15, 15 * 60.0
    chat.status = [*["BUILDING"] * 25, *["DEPLOYING"] * 3, *["LOADING_MODEL"] * 2, *["ACTIVE"] * 17, *["SCALED_TO_ZERO"] * (MEDIUM - 46)]
    chat.starting = [*steps(MEDIUM, (0, 0), (25, 1), (30, 0))]
    chat.active = [*steps(MEDIUM, (0, 0), (30, 1), (47, 0))]
    for values in chat.set.values():
        values[:30] = [None] * 30
    chat.answer("200", 1, 33, 33, seconds=4)
    return chat


def _stories() -> tuple[Scenario, ...]:
    return (
        Scenario(
            "diurnal",
            "A working day: load rises fivefold over hours and falls again.",
            LONG,
            (Deployment(stairs(LONG, _DAY)),),
            without=everywhere(LONG),
        ),
        Scenario(
            "hourly-bursts",
            "A burst of a quarter of an hour each hour, with the settings recommended for bursts.",
            MEDIUM,
            (Deployment(bursts(MEDIUM, 2, 5, every=60, lasting=15, first=20), Settings(target_utilization=0.55)),),
        ),
        Scenario(
            "pinned",
            "Four replicas, always: floor and ceiling are the same.",
            MEDIUM,
            (Deployment(bursts(MEDIUM, 1, 3, every=20, lasting=8), Settings(min_replicas=4, max_replicas=4)),),
        ),
        Scenario(
            "exactly-at-max",
            "The load asks for exactly as many replicas as there may be.",
            MEDIUM,
            (Deployment(steady(6 * 2.8 / 4, MEDIUM), Settings(max_replicas=6)),),
        ),
        Scenario(
            "single-scale-up",
            "Load doubles once and stays.",
            MEDIUM,
            (Deployment(steps(MEDIUM, (0, 2), (40, 4))),),
        ),
        Scenario(
            "boundary-noise",
            "Load on the boundary between eight replicas and nine, with a delay of a minute.",
            MEDIUM,
            (Deployment(bursts(MEDIUM, 5.5, 5.7, every=6, lasting=3), Settings(min_replicas=6, scale_down_delay=60, window=30)),),
            _UNTIDY,
            everywhere(MEDIUM, _UNTIDY),
        ),
        Scenario(
            "short-bursts",
            "Bursts of three minutes every ten, with a delay of a minute.",
            MEDIUM,
            (_short_bursts(),),
            _FLAPPING,
            everywhere(MEDIUM, _FLAPPING),
        ),
        Scenario(
            "nightly-drain",
            "The office closes: load ends, replicas drain to zero and stay there.",
            LONG,
            (Deployment(steps(LONG, (0, 4), (60, 1), (90, 0), (440, 0.5)), Settings(min_replicas=0), environment="internal"),),
        ),
        Scenario("schedule-switch", "A schedule raises the floor for an hour.", MEDIUM, (_switched(),)),
        Scenario("settings-edit", "An operator tries one setting after the other.", MEDIUM, (_edited(),)),
        Scenario("websocket", "Long connections; replicas come and leave one at a time.", MEDIUM, (_websocket(),)),
        Scenario("development", "A development deployment while its author works.", MEDIUM, (_development(),)),
        Scenario("first-deployment", "The first deployment of a model, from build to its first rest.", MEDIUM, (_first(),)),
        Scenario(
            "plain-feed",
            "Flapping, on a plain scrape of the feed: without settings, what only settings can tell stays untold.",
            MEDIUM,
            (_short_bursts(),),
            _FLAPPING,
            base=Situation.PLAIN_FEED,
        ),
    )


SCENARIOS = _stories()
