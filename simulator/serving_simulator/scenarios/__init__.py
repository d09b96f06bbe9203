"""Labelled scenarios: fleets that live through something of which it is known what should be said."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from serving_simulator.fleet import Fleet, parse
from serving_simulator.scenarios.borderline import BORDERLINE, borderline
from serving_simulator.scenarios.excused import EXCUSED, excused
from serving_simulator.scenarios.incidents import INCIDENTS, incidents, named
from serving_simulator.scenarios.negatives import NEGATIVES, negatives
from serving_simulator.scenarios.scenario import HEALTHY, LEVELS, Level, Scenario
from serving_simulator.scenarios.traces import SETTINGS, TracesError, traces

__all__ = [
    "BORDERLINE",
    "EXCUSED",
    "HEALTHY",
    "INCIDENTS",
    "LEVELS",
    "NEGATIVES",
    "SETTINGS",
    "Level",
    "Scenario",
    "TracesError",
    "fleet_of",
    "matrix",
    "named",
]

_WARMUP = "30m"


def matrix(seeds: int, hours: int, pattern: str = "*", folder: Path | None = None) -> Iterator[Scenario]:
    """Yield every scenario whose name matches a shell pattern: ``seeds`` variations of each, long negatives ``hours`` long.

    ``folder`` holds recorded traffic, whose replays are negatives too. Raises ``TracesError`` when it cannot be read.
    """
    replays = traces(folder, hours) if folder else ()
    for scenario in (*incidents(seeds), *negatives(seeds, hours), *excused(seeds), *borderline(seeds), *replays):
        if fnmatch.fnmatchcase(scenario.name, pattern):
            yield scenario


def fleet_of(scenarios: Iterable[Scenario]) -> Fleet:
    """Return one fleet in which all scenarios happen side by side: steps of the engine cost little more for many models than for one."""
    chosen = list(scenarios)
    document = {
        "warmup": _WARMUP,
        "models": [dict(model) for each in chosen for model in each.models],
        "timeline": [dict(entry) for each in chosen for entry in each.timeline],
    }
    return parse(yaml.dump(document, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper)), source="scenarios")
