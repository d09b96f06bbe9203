"""Labelled scenarios: incidents at several levels with their healthy twins, and ordinary life that looks like trouble."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator

import yaml

from serving_simulator.fleet import Fleet, parse
from serving_simulator.scenarios.incidents import INCIDENTS, incidents
from serving_simulator.scenarios.negatives import NEGATIVES, negatives
from serving_simulator.scenarios.scenario import HEALTHY, LEVELS, Level, Scenario

__all__ = ["HEALTHY", "INCIDENTS", "LEVELS", "NEGATIVES", "Level", "Scenario", "fleet_of", "matrix"]

_WARMUP = "30m"


def matrix(seeds: int, hours: int, pattern: str = "*") -> Iterator[Scenario]:
    """Yield every scenario whose name matches a shell pattern: ``seeds`` variations of each, negatives ``hours`` long."""
    for scenario in (*incidents(seeds), *negatives(seeds, hours)):
        if fnmatch.fnmatchcase(scenario.name, pattern):
            yield scenario


def fleet_of(scenarios: Iterable[Scenario]) -> Fleet:
    """Return one fleet in which all scenarios happen side by side: steps of the engine cost little more for many models than for one."""
    chosen = list(scenarios)
    document = {
        "warmup": _WARMUP,
        "models": [dict(each.model) for each in chosen],
        "timeline": [dict(entry) for each in chosen for entry in each.timeline],
    }
    return parse(yaml.dump(document, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper)), source="scenarios")
