"""How long the phases of a start take: a lognormal draw for each, unless there is no hardware to start on."""

from __future__ import annotations

import numpy as np

from serving_simulator.engine.pods import PHASES
from serving_simulator.engine.rows import Row

__all__ = ["StartTimes"]


class StartTimes:
    """Draws the lengths of phases, in seconds."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def plan(self, row: Row) -> dict[str, float]:
        """All phases of one start; scheduling never ends while the deployment finds no hardware."""
        startup = row.spec.startup
        medians = (
            startup.scheduling,
            startup.image_pull,
            startup.weight_download,
            startup.container_create,
            startup.container_start,
            startup.readiness,
        )
        plan = {name: self._draw(median, startup.spread) for name, median in zip(PHASES, medians, strict=True)}
        plan["SCHEDULING"] = np.inf if row.faults.no_capacity else self.scheduling(row)
        return plan

    def scheduling(self, row: Row) -> float:
        """Return the wait for hardware when there is some."""
        return self._draw(row.spec.startup.scheduling, row.spec.startup.scheduling_spread)

    def _draw(self, median: float, sigma: float) -> float:
        return float(median * np.exp(sigma * self._rng.standard_normal())) if median > 0 else 0.0
