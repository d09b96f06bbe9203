"""Data that is late, missing or refused: what must not be taken for an event."""

from __future__ import annotations

from serving_rules.scenarios.autoscaler import Settings
from serving_rules.scenarios.deployment import Deployment
from serving_rules.scenarios.stories.common import MEDIUM, SHORT, everywhere
from serving_rules.scenarios.stories.profiles import steady, steps
from serving_rules.scenarios.story import Check, Exporter, Scenario, Situation, fires

__all__ = ["SCENARIOS"]


def _asleep(minutes: int) -> Deployment:
    """At zero, where its series have vanished from the feed."""
    return Deployment(steady(0, minutes), Settings(min_replicas=0), deployment_id="d-zero", environment="internal")


def _held(first: int, hold: int, last: int) -> Deployment:
    """The feed fails: the exporter shows what it last read for a while, then nothing."""
    chat = Deployment(steady(2, MEDIUM))
    chat.feed_held = range(first, first + hold)
    chat.feed_gone = range(first + hold, last + 1)
    return chat


_NOBODY_WOKE = Check("no wake", "count_over_time(serving:wake:now{$here}[140m])", 149, None)
_NOTHING_KNOWN = "serving:active_replicas:max{$here}"
_OVER_A_GAP = (
    _NOBODY_WOKE,
    Check("neither zero nor anything else is stated", _NOTHING_KNOWN, 73, None),
    Check("what was before is again", _NOTHING_KNOWN, 81, 3),
    Check("no step", "sum_over_time(serving:active_replicas:step1m{$here}[140m])", 149, 0),
)


def _stories() -> tuple[Scenario, ...]:
    return (
        Scenario(
            "scrape-outage",
            "No scrape succeeds for five minutes; one deployment serves, another is at zero.",
            MEDIUM,
            (Deployment(steady(2, MEDIUM)), _asleep(MEDIUM)),
            without=everywhere(MEDIUM),
            gaps=range(70, 75),
            checks=_OVER_A_GAP,
        ),
        Scenario(
            "long-scrape-outage",
            "No scrape succeeds for nine minutes.",
            MEDIUM,
            (Deployment(steady(2, MEDIUM)), _asleep(MEDIUM)),
            (fires("ServingExporterDown/critical", 74, 76, until=80),),
            gaps=range(70, 79),
            checks=_OVER_A_GAP,
        ),
        Scenario(
            "feed-failing",
            "The exporter cannot read the feed for a quarter of an hour: it holds what it knew for five minutes.",
            MEDIUM,
            (_held(70, 5, 84), _asleep(MEDIUM)),
            (fires("ServingSourceFailing/critical", 74, 77, until=88),),
            exporter=Exporter(MEDIUM, failing={"feed": range(70, 85)}),
            checks=(
                _NOBODY_WOKE,
                Check("what is held is shown", _NOTHING_KNOWN, 73, 3),
                Check("neither zero nor anything else is stated", _NOTHING_KNOWN, 80, None),
                Check("no step", "sum_over_time(serving:active_replicas:step1m{$here}[140m])", 149, 0),
            ),
        ),
        Scenario(
            "zero-and-back",
            "Replicas drain to zero, the series vanish, and one request wakes a replica.",
            MEDIUM,
            (
                Deployment(
                    steps(MEDIUM, (0, 0.5), (20, 0), (120, 0.5)), Settings(min_replicas=0, scale_down_delay=600), environment="internal"
                ),
            ),
            checks=(
                Check("zero is a number", _NOTHING_KNOWN, 90, 0),
                Check("one wake", "count_over_time(serving:wake:now{$here}[140m])", 149, 1),
            ),
        ),
        Scenario(
            "exporter-down",
            "The exporter is gone for good.",
            SHORT,
            (Deployment(steady(2, SHORT)),),
            (fires("ServingExporterDown/critical", 23, 28),),
            gaps=range(20, SHORT + 1),
        ),
        Scenario(
            "throttled",
            "Another client uses up the feed's allowance: every third minute is refused.",
            MEDIUM,
            (Deployment(steady(2, MEDIUM)),),
            (fires("ServingApiThrottled/warning", 45, 60),),
            exporter=Exporter(MEDIUM, throttled={"feed": range(40, 80, 3)}),
        ),
        Scenario(
            "two-exporters",
            "A pair of exporters: each sees the same a minute apart.",
            MEDIUM,
            (Deployment(steps(MEDIUM, (0, 2), (60, 3))),),
            base=Situation.TWO_SCRAPERS,
            checks=(
                Check("replicas are not doubled", "serving:active_replicas:max{$here}", 50, 3),
                Check("requests are not doubled", "serving:sync_requests:rate5m{$here}", 50, 2),
                Check("by Little's law neither", "serving:inflight_requests:little5m{$here}", 50, 8),
            ),
        ),
    )


SCENARIOS = _stories()
