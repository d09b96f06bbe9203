"""What many stories share: their lengths, and what other situations change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from serving_rules.scenarios.story import Alarm, Situation, fires

__all__ = ["LONG", "MEDIUM", "SHORT", "burns", "everywhere", "without"]

SHORT, MEDIUM, LONG = 58, 150, 400
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


def without(alarms: Sequence[Alarm], *names: str) -> tuple[Alarm, ...]:
    """The alarms but those with these names."""
    return tuple(alarm for alarm in alarms if alarm.name not in names)


def burns(what: str, since: int, by: int, *windows: str, because: str) -> tuple[Alarm, ...]:
    """The burn rates of an objective (``Availability``, ``Latency``). The history is as long as the story: long windows see no more."""
    severities = {"1h": "critical", "6h": "critical", "1d": "warning", "3d": "warning"}
    return tuple(fires(f"Serving{what}Burn{window}/{severities[window]}", since, by, because=because) for window in windows)
