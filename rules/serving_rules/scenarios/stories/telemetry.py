"""Data that is late, missing or refused: what must not be taken for an event."""

from __future__ import annotations

from serving_rules.scenarios.autoscaler import Settings
from serving_rules.scenarios.deployment import Deployment
from serving_rules.scenarios.stories.common import SHORT, everywhere
from serving_rules.scenarios.stories.profiles import steady, steps
from serving_rules.scenarios.story import Check, Exporter, Scenario, fires

__all__ = ["SCENARIOS"]


def _serving() -> Deployment:
    return Deployment(steady(2, SHORT))


def _asleep() -> Deployment:
    """At zero, where its series have vanished from the feed."""
    return Deployment(steady(0, SHORT), Settings(min_replicas=0), deployment_id="d-zero", environment="internal")


def _held(first: int, hold: int, last: int) -> Deployment:
    """The feed fails: the exporter shows what it last read for a while, then nothing."""
    chat = _serving()
    chat.feed_held = range(first, first + hold)
    chat.feed_gone = range(first + hold, last + 1)
    return chat


_ACTIVE = "serving:active_replicas:max{$here}"
_OVER_A_GAP = (
    Check("no wake", "count_over_time(serving:wake:now{$here}[50m])", 55, None),
    Check("no step", "sum_over_time(serving:active_replicas:step1m{$here}[50m])", 55, 0),
    Check("what was before is again", _ACTIVE, 45, 3),
)
_NOTHING = "neither zero nor anything else is stated"


def _stories() -> tuple[Scenario, ...]:
    return (
        Scenario(
            "scrape-outage",
            "No scrape succeeds for five minutes; one deployment serves, another is at zero.",
            SHORT,
            (_serving(), _asleep()),
            without=everywhere(SHORT),
            gaps=range(20, 25),
            checks=(*_OVER_A_GAP, Check(_NOTHING, _ACTIVE, 23, None)),
        ),
        Scenario(
            "long-scrape-outage",
            "No scrape succeeds for nine minutes.",
            SHORT,
            (_serving(), _asleep()),
            (fires("ServingExporterDown/critical", 24, 26, until=30),),
            gaps=range(20, 29),
            checks=(*_OVER_A_GAP, Check(_NOTHING, _ACTIVE, 27, None)),
        ),
        Scenario(
            "feed-failing",
            "The exporter cannot read the feed for a quarter of an hour: it holds what it knew for five minutes.",
            SHORT,
            (_held(20, 5, 34), _asleep()),
            (fires("ServingSourceFailing/critical", 24, 27, until=38),),
            exporter=Exporter(SHORT, failing={"feed": range(20, 35)}),
            checks=(*_OVER_A_GAP, Check("what is held is shown", _ACTIVE, 23, 3), Check(_NOTHING, _ACTIVE, 30, None)),
        ),
        Scenario(
            "zero-and-back",
            "Replicas drain to zero, the series vanish, and requests wake a replica.",
            SHORT,
            (
                Deployment(
                    steps(SHORT, (0, 0.5), (5, 0), (40, 0.1)), Settings(min_replicas=0, scale_down_delay=600), environment="internal"
                ),
            ),
            without=everywhere(SHORT),
            checks=(
                Check("zero is a number", _ACTIVE, 35, 0),
                Check("one wake", "count_over_time(serving:wake:now{$here}[50m])", 55, 1),
            ),
        ),
        Scenario(
            "exporter-down",
            "The exporter is gone for good.",
            SHORT,
            (_serving(),),
            (fires("ServingExporterDown/critical", 23, 28),),
            gaps=range(20, SHORT + 1),
        ),
        Scenario(
            "throttled",
            "Another client uses up the feed's allowance: every third minute is refused.",
            SHORT,
            (_serving(),),
            (fires("ServingApiThrottled/warning", 15, 30),),
            exporter=Exporter(SHORT, throttled={"feed": range(10, 50, 3)}),
        ),
    )


SCENARIOS = _stories()
