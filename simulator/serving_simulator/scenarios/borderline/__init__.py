"""Life near a threshold: what is only just an incident, and what is not quite one.

An incident far beyond its threshold is found with the threshold doubled as well, and a quiet life stays quiet with it halved. These runs
lie within a factor of two of one threshold each, on either side, so that the scorecard sees it move.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from serving_simulator.scenarios.borderline import (
    answers,
    asynchronous,
    autoscaling,
    crashes,
    hardware,
    held_back,
    memory,
    operations,
    settings,
    spending,
)
from serving_simulator.scenarios.scenario import HEALTHY, Make, Scenario

__all__ = ["BORDERLINE", "borderline"]

BORDERLINE: Mapping[str, Make] = {
    **autoscaling.MADE,
    **held_back.MADE,
    **hardware.MADE,
    **settings.MADE,
    **spending.MADE,
    **crashes.MADE,
    **memory.MADE,
    **answers.MADE,
    **asynchronous.MADE,
    **operations.MADE,
}
"""By kind: what makes one variation, only just an incident where its level is mild, and not quite one where it is healthy."""


def borderline(seeds: int) -> Iterator[Scenario]:
    """Yield of each kind, on either side of the threshold, a third of ``seeds`` variations."""
    for kind, make in BORDERLINE.items():
        for level in (HEALTHY, "mild"):
            for number in range((seeds + 2) // 3):
                name = f"{kind.replace('_', '-')}-{level}-{number}"
                scenario = make(name, level, np.random.default_rng(list(name.encode())))
                yield replace(scenario, expected=frozenset(), companions=frozenset()) if level == HEALTHY else scenario
