"""Worlds as scrapes saw them: every series of an exporter's page, a sample a minute, at once for hours and weeks.

A page a minute through a real exporter takes a second; a week has ten thousand. This reads the same world directly: the feed from the
observations behind its pages (their lag and their refresh included), the rest from the platform's views.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from serving_simulator.recording.additions import Additions, sources
from serving_simulator.recording.feed import Series, feed_series
from serving_simulator.recording.notation import Values, series_name, values_text
from serving_simulator.world import World

__all__ = ["SCRAPE_SECONDS", "Recording", "record"]

SCRAPE_SECONDS = 60
"""Seconds between two scrapes: rules are evaluated as often."""

_TARGET = {"job": "serving-exporter", "instance": "exporter:9816"}


@dataclass(frozen=True)
class Recording:
    """What ``scrapes`` scrapes, one each minute, saw. Series by PromQL name; a sample for each scrape, NaN where there was none."""

    scrapes: int
    series: dict[str, Values]

    def notation(self) -> Iterator[tuple[str, str]]:
        """Yield each series with its samples in promtool's notation."""
        for name, values in self.series.items():
            yield name, values_text(values)


def record(world: World, minutes: int, *, workspace: str = "default", seed: int = 0, failures: float = 0.0) -> Recording:
    """Let a world live for some minutes and return what scrapes, one a minute, would have shown.

    ``failures`` is the share of scrapes that fail: all series are gone then, and ``up`` is 0. Moments are counted from the first scrape.
    """
    start = world.now
    observations, times = [], start + SCRAPE_SECONDS * np.arange(minutes, dtype=np.float64)
    additions, simulation = Additions(minutes, start), world.simulation
    used = np.zeros(len(simulation.rows), bool)
    used[list(simulation.uses_async)] = True
    used |= simulation.fleet.switches.async_families == "all"
    for scrape, moment in enumerate(times.tolist()):
        world.advance(moment)
        observations.append(world.observation())
        shown = np.flatnonzero(observations[-1].visible & used).tolist()
        additions.look(world, scrape, (simulation.rows[index].id for index in shown))
    failed = np.random.default_rng(seed).random(minutes) < failures
    failed[0] = False
    found = {}
    everything: list[Iterator[Series]] = [
        feed_series(observations, simulation.rows, simulation.fleet.switches, set(np.flatnonzero(used).tolist())),
        additions.series(world, simulation.rows, times),
        sources(times, start),
    ]
    for part in everything:
        for name, labels, values in part:
            found[series_name(name, {**_TARGET, "workspace": workspace, **labels})] = np.where(failed, np.nan, values)
    found[series_name("up", _TARGET)] = np.where(failed, 0.0, 1.0)
    return Recording(minutes, found)
