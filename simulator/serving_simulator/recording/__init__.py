"""Worlds as scrapes saw them: every series of an exporter's page, a sample a minute, at once for hours and weeks.

A page a minute through a real exporter takes a second; a week has ten thousand. This reads the same world directly: the feed from the
observations behind its pages (their lag and their refresh included), the rest from the platform's views.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from serving_simulator.recording.additions import Additions, sources
from serving_simulator.recording.feed import Series, feed_series
from serving_simulator.recording.losses import Loss, lost
from serving_simulator.recording.notation import Values, series_name, values_text
from serving_simulator.recording.tokens import TokenSeries
from serving_simulator.world import World

__all__ = ["SCRAPE_SECONDS", "Loss", "Recording", "record"]

SCRAPE_SECONDS = 60
"""Seconds between two scrapes: rules are evaluated as often."""

DEFAULT = "default"
"""The workspace of models of which nothing else is said."""
_TARGET = {"job": "serving-exporter", "instance": "exporter:9816"}


@dataclass(frozen=True)
class Recording:
    """What ``scrapes`` scrapes, one each minute, saw. Series by PromQL name; a sample for each scrape, NaN where there was none.

    ``labels`` are those of each series, by the same names, ``__name__`` among them.
    """

    scrapes: int
    series: dict[str, Values]
    labels: dict[str, dict[str, str]]

    def add(self, name: str, labels: Mapping[str, str], values: Values) -> None:
        """Take a series in."""
        series = series_name(name, labels)
        self.series[series], self.labels[series] = values, {"__name__": name, **labels}

    def notation(self) -> Iterator[tuple[str, str]]:
        """Yield each series with its samples in promtool's notation."""
        for name, values in self.series.items():
            yield name, values_text(values)


def record(
    world: World,
    minutes: int,
    *,
    workspaces: Mapping[str, str] | None = None,
    losses: Mapping[str, Sequence[Loss]] | None = None,
    seed: int = 0,
    failures: float = 0.0,
) -> Recording:
    """Let a world live for some minutes and return what scrapes, one a minute, would have shown.

    ``workspaces`` says by name which workspace a model is in (without: all are in ``default``), ``losses`` what an exporter could not read
    of a workspace. ``failures`` is the share of scrapes that fail: all series are gone then, and ``up`` is 0. Moments are counted from
    the first scrape.
    """
    start = world.now
    observations, times = [], start + SCRAPE_SECONDS * np.arange(minutes, dtype=np.float64)
    additions, simulation = Additions(minutes, start), world.simulation
    tokens = TokenSeries(simulation, minutes)
    used = np.zeros(len(simulation.rows), bool)
    used[list(simulation.uses_async)] = True
    used |= simulation.fleet.switches.async_families == "all"
    for scrape, moment in enumerate(times.tolist()):
        world.advance(moment)
        observations.append(world.observation())
        shown = np.flatnonzero(observations[-1].visible & used).tolist()
        additions.look(world, scrape, (simulation.rows[index].id for index in shown))
        tokens.look(observations[-1], scrape)
    failed = np.random.default_rng(seed).random(minutes) < failures
    failed[0] = False
    recording = Recording(minutes, {}, {})
    place = {model.id: (workspaces or {}).get(model.name, DEFAULT) for model in world.models()}

    def keep(source: str, series: Series, workspace: str) -> None:
        name, labels, values = series
        values = np.where(failed, np.nan, values)
        words = {**_TARGET, "workspace": workspace, **labels}
        for loss in (losses or {}).get(workspace, ()):
            values = lost(loss, {"__name__": name, **words}, values, source)
        recording.add(name, words, values)

    for source, part in (
        ("feed", feed_series(observations, simulation.rows, simulation.fleet.switches, set(np.flatnonzero(used).tolist()))),
        ("feed", tokens.series()),
        ("inventory", additions.series(world, simulation.rows, times)),
    ):
        for series in part:
            keep(source, series, place.get(series[1]["model_id"], DEFAULT))
    for workspace in dict.fromkeys(place.values()):
        for series in sources(times, start):
            keep("", series, workspace)
    recording.add("up", _TARGET, np.where(failed, 0.0, 1.0))
    return recording
