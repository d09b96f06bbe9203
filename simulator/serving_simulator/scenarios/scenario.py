"""What a scenario is: one model that lives through something, and what should be said about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

__all__ = ["HEALTHY", "LEVELS", "Level", "Scenario", "model_of", "varied"]

Level = Literal["healthy", "mild", "medium", "severe"]

LEVELS: tuple[Level, ...] = ("mild", "medium", "severe")
HEALTHY: Level = "healthy"


@dataclass(frozen=True)
class Scenario:
    """One model of a fleet and its labels. Times are minutes from the first scrape.

    ``incident`` is what happens, in one word, and ``level`` how hard; for a healthy twin or a negative nothing wrong happens, whatever the
    load does. ``expected`` are the alerts any of which names the incident, ``companions`` those that may come with it, because they
    are true as well; every other page or ticket is false. Advice (severity info) is not judged. ``model`` is the model as a fleet file
    has it, ``timeline`` what is done to it.
    """

    name: str
    incident: str
    level: Level
    minutes: int
    model: Mapping[str, Any]
    timeline: Sequence[Mapping[str, Any]] = ()
    onset: int = 0
    end: int | None = None
    expected: frozenset[str] = frozenset()
    companions: frozenset[str] = frozenset()

    @property
    def negative(self) -> bool:
        """Whether no alert at all is due."""
        return not self.expected


def varied(rng: np.random.Generator, value: float, share: float = 0.15) -> float:
    """Return a value that differs from the given one by at most that share of it."""
    return float(value * rng.uniform(1 - share, 1 + share))


def model_of(name: str, deployment: dict[str, Any]) -> dict[str, Any]:
    """Return a model of a fleet file with one deployment, in production."""
    return {"name": name, "deployments": [{"name": "deployment-1", "environment": "production", **deployment}]}
