"""Load that comes and goes: what autoscaling does well, and what settings make of it."""

from __future__ import annotations

from serving_rules.scenarios.autoscaler import Settings
from serving_rules.scenarios.deployment import Deployment
from serving_rules.scenarios.stories.common import LONG, MEDIUM, SHORT, everywhere
from serving_rules.scenarios.stories.profiles import bursts, stairs, steady, steps
from serving_rules.scenarios.story import Check, Scenario, Situation, fires

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


def _short_bursts() -> Deployment:
    return Deployment(bursts(MEDIUM, 2, 5, every=10, lasting=3), Settings(min_replicas=1, scale_down_delay=60))


def _switched() -> Deployment:
    """A schedule raises the floor at minute 10 and lowers it half an hour later; replicas follow, without any load that asks for it."""
    chat = Deployment(steady(1, SHORT))
    chat.set["min_replicas"] = [*steps(SHORT, (0, 2), (10, 6), (40, 2))]
    chat.active = [*steps(SHORT, (0, 2), (13, 6), (41, 3), (56, 2))]
    chat.starting = [*steps(SHORT, (0, 0), (11, 4), (13, 0))]
    return chat


def _edited() -> Deployment:
    """Somebody tries settings: the ceiling down and up, a shorter delay, another target."""
    chat = Deployment(steady(2, SHORT))
    chat.set["max_replicas"] = [*steps(SHORT, (0, 12), (10, 8), (22, 20), (40, 12))]
    chat.set["scale_down_delay_seconds"] = [*steps(SHORT, (0, 900), (15, 600))]
    chat.set["concurrency_target"] = [*steps(SHORT, (0, 4), (25, 3))]
    chat.active = [*steps(SHORT, (0, 3), (27, 4))]
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
    chat = Deployment(steady(0, SHORT), Settings(min_replicas=0), environment="")
    chat.born, chat.created = 5, 300.0
    chat.status = [*["BUILDING"] * 15, *["DEPLOYING"] * 3, *["LOADING_MODEL"] * 2, *["ACTIVE"] * 17, *["SCALED_TO_ZERO"] * (SHORT - 36)]
    chat.starting = [*steps(SHORT, (0, 0), (15, 1), (20, 0))]
    chat.active = [*steps(SHORT, (0, 0), (20, 1), (37, 0))]
    for values in chat.set.values():
        values[:20] = [None] * 20
    chat.answer("200", 1, 23, 23, seconds=4)
    return chat


def _stories() -> tuple[Scenario, ...]:
    return (
        Scenario(
            "diurnal",
            "A working day: load rises fivefold over hours and falls again.",
            LONG,
            (Deployment(stairs(LONG, _DAY)),),
            without={Situation.PLAIN_FEED: ()},
        ),
        Scenario(
            "morning",
            "The first hours of that day, in every situation.",
            MEDIUM,
            (Deployment(stairs(MEDIUM, _DAY[:12])),),
            without=everywhere(MEDIUM),
            checks=(
                Check("replicas are not doubled", "serving:active_replicas:max{$here}", 10, 2),
                Check("requests are not doubled", "serving:sync_requests:rate5m{$here}", 10, 1),
                Check("by Little's law neither", "serving:inflight_requests:little5m{$here}", 10, 4),
            ),
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
            SHORT,
            (Deployment(bursts(SHORT, 1, 3, every=20, lasting=8), Settings(min_replicas=4, max_replicas=4)),),
        ),
        Scenario(
            "exactly-at-max",
            "The load asks for exactly as many replicas as there may be.",
            SHORT,
            (Deployment(steady(6 * 2.8 / 4, SHORT), Settings(max_replicas=6)),),
        ),
        Scenario(
            "single-scale-up",
            "Load doubles once and stays.",
            SHORT,
            (Deployment(steps(SHORT, (0, 2), (20, 4))),),
        ),
        Scenario(
            "boundary-noise",
            "Load on the boundary between eight replicas and nine, with a delay of a minute.",
            MEDIUM,
            (Deployment(bursts(MEDIUM, 5.5, 5.7, every=6, lasting=3), Settings(min_replicas=6, scale_down_delay=60, window=30)),),
            (fires("ServingThrash/info", 30, 120),),
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
            MEDIUM,
            (Deployment(steps(MEDIUM, (0, 4), (10, 1), (30, 0)), Settings(min_replicas=0), environment="internal"),),
        ),
        Scenario("schedule-switch", "A schedule raises the floor for half an hour.", SHORT, (_switched(),)),
        Scenario("settings-edit", "An operator tries one setting after the other.", SHORT, (_edited(),)),
        Scenario("websocket", "Long connections; replicas come and leave one at a time.", MEDIUM, (_websocket(),)),
        Scenario("development", "A development deployment while its author works.", MEDIUM, (_development(),)),
        Scenario("first-deployment", "The first deployment of a model, from build to its first rest.", SHORT, (_first(),)),
        Scenario(
            "plain-feed",
            "Flapping, on a plain scrape of the feed: what only settings can tell stays untold.",
            MEDIUM,
            (_short_bursts(),),
            _FLAPPING,
            base=Situation.PLAIN_FEED,
        ),
    )


SCENARIOS = _stories()
