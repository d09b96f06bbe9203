"""What looks like an incident and is none because of what it happens to: each is what a guard of the rules is for.

Development deployments live through every incident that one deployment can have; others are promoted, edited or replaced all day long.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from serving_simulator.scenarios.excused import operations, settings, tokens
from serving_simulator.scenarios.excused.development import DEVELOPED, developed
from serving_simulator.scenarios.incidents import INCIDENTS
from serving_simulator.scenarios.scenario import Scenario

__all__ = ["EXCUSED", "excused"]

_MADE = {**operations.MADE, **settings.MADE, **tokens.MADE}
EXCUSED = (*_MADE, DEVELOPED)
"""Kinds, as the report has them."""


def excused(seeds: int) -> Iterator[Scenario]:
    """Yield ``seeds`` variations of each kind; of each incident in development a third as many."""
    for kind, make in _MADE.items():
        for number in range(seeds):
            name = f"negative-{kind}-{number}"
            yield make(name, np.random.default_rng(list(name.encode())))
    for kind in INCIDENTS:
        for number in range((seeds + 2) // 3):
            scenario = developed(kind, number)
            if scenario:
                yield scenario
