"""What many stories share: their lengths, and what other situations change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from serving_rules.scenarios.story import Alarm, Situation, fires

__all__ = ["LONG", "MEDIUM", "SHORT", "everywhere"]

SHORT, MEDIUM, LONG = 55, 150, 460
"""Lengths of stories, minutes. Few different ones: stories of one length share the cost of a test."""


def everywhere(
    minutes: int,
    alarms: Sequence[Alarm] = (),
    *,
    plain: Sequence[Alarm] | None = None,
    no_pod_health: Sequence[Alarm] | None = None,
    serving_from: int = 0,
) -> Mapping[Situation, tuple[Alarm, ...]]:
    """Every situation. ``plain`` and ``no_pod_health`` are the alarms there, where they are not those of a story with all data.

    Without the flag for pod health the pack says so once something has served for an hour.
    """
    since = serving_from + 60
    blind = fires("ServingPodHealthBlind/info", since, since + 3, because="Without the flag this is the pack's own word on it.")
    return {
        Situation.NO_POD_HEALTH: (*(alarms if no_pod_health is None else no_pod_health), *([blind] if minutes >= since else [])),
        Situation.PLAIN_FEED: tuple(alarms if plain is None else plain),
        Situation.TWO_SCRAPERS: tuple(alarms),
    }
