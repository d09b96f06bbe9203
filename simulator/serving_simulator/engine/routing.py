"""Which deployment the requests of each workload go to: straight to one, or to whatever serves an environment, split by traffic share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from serving_simulator.engine.queueing import Counts, Reals

__all__ = ["Routes"]


class Routes:
    """Routes of workloads. Workload ``k`` sends ``1 - share[k]`` of its requests to ``first[k]`` and the rest to ``second[k]``."""

    def __init__(self, targets: Sequence[int]) -> None:
        self.first: Counts = np.array(targets, np.int64)
        self.second: Counts = self.first.copy()
        self.share: Reals = np.zeros(self.first.size)

    def split(self, rates: Reals, rows: int) -> Reals:
        """Return requests a second of each of ``rows`` deployments."""
        total: Reals = np.asarray(np.bincount(self.first, rates * (1 - self.share), rows), np.float64)
        if not self.share.any():
            return total
        return total + np.bincount(self.second, rates * self.share, rows)
