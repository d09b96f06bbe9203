"""What scrapes saw of deployments that scale on tokens: the engine's own families, a series for each of its pods."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from serving_simulator.engine.observation import Observation
from serving_simulator.engine.pages import Labels, PageWriter
from serving_simulator.engine.simulation import Simulation
from serving_simulator.engine.token_families import token_families
from serving_simulator.recording.feed import Series
from serving_simulator.recording.notation import Values

__all__ = ["TokenSeries"]


class TokenSeries:
    """Collects, scrape by scrape, as the page has them; ``scrapes`` is how many there will be. Nothing where no deployment has tokens."""

    def __init__(self, simulation: Simulation, scrapes: int) -> None:
        self._simulation = simulation
        self._scrapes = scrapes
        self._scaled = np.array([row.spec.service.tokens is not None for row in simulation.rows], bool)
        self._labels = PageWriter(simulation).labels
        self._values: dict[tuple[str, Labels], Values] = {}

    def look(self, seen: Observation, scrape: int) -> None:
        """Write down what the page of this scrape says."""
        shown = np.flatnonzero(self._scaled & seen.visible).tolist()
        if not shown:
            return
        for family in token_families(self._simulation, seen, shown, self._labels, self._simulation.fleet.switches.pod_label):
            for suffix, labels, value in family.samples:
                key = family.name + suffix, labels
                if key not in self._values:
                    self._values[key] = np.full(self._scrapes, np.nan)
                self._values[key][scrape] = value

    def series(self) -> Iterator[Series]:
        """Yield everything that was written down."""
        for (name, labels), values in self._values.items():
            yield name, dict(labels), values
