"""What a scenario is: a workspace that lives through something, and what should be said about it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from serving_simulator.recording.losses import Loss

__all__ = [
    "BUDGETS",
    "DAY",
    "HEALTHY",
    "LASTS",
    "LEVELS",
    "ONSET",
    "SHORT",
    "WEEK",
    "Level",
    "Make",
    "Scenario",
    "during",
    "model_of",
    "seconds",
    "varied",
]

Level = Literal["healthy", "mild", "medium", "severe"]

LEVELS: tuple[Level, ...] = ("mild", "medium", "severe")
HEALTHY: Level = "healthy"

SHORT, DAY, WEEK = 390, 26 * 60, 8 * 24 * 60
"""Minutes of a scenario: some hours, a day and what rules on days want first, a week and a day. Those of one length share a world."""
ONSET = 150
"""Minutes of ordinary life before an incident: two hours and a half, so that windows of two hours hold it and nothing else."""

LASTS = 90
"""Minutes that most faults last."""

BUDGETS = frozenset(f"Serving{kind}Burn{window}" for kind in ("Latency", "Availability") for window in ("1h", "6h", "1d", "3d"))
"""Alerts on budgets: whatever goes wrong for long enough also spends one."""


@dataclass(frozen=True)
class Scenario:
    """One workspace of a fleet and its labels. Times are minutes from the first scrape.

    ``incident`` is what happens, in one word, and ``level`` how hard; for a healthy twin or a negative nothing wrong happens, whatever the
    load does. ``detection`` is the one that is meant to find it, ``expected`` are its alerts (or those of another), any of which names
    the incident, ``companions`` those that may come with it, because they are true as well; every other page or ticket is false.
    ``evidence`` is how many minutes of the incident the detection has to see before its own definition is met: three days at one hour,
    a mean of six hours. ``models`` are the workspace's models as a fleet file has them, ``timeline`` what is done to them, ``losses`` what
    the exporter could not read.
    """

    name: str
    incident: str
    level: Level
    minutes: int
    models: Sequence[Mapping[str, Any]]
    timeline: Sequence[Mapping[str, Any]] = ()
    losses: Sequence[Loss] = ()
    detection: str = ""
    onset: int = 0
    end: int | None = None
    evidence: int = 0
    expected: frozenset[str] = frozenset()
    companions: frozenset[str] = frozenset()

    @property
    def negative(self) -> bool:
        """Whether no alert at all is due."""
        return not self.expected

    @property
    def digest(self) -> str:
        """What tells this scenario from one of the same name: a hash of its life and of its labels."""
        labels = sorted(self.expected), sorted(self.companions)
        return hashlib.sha256(repr((replace(self, expected=frozenset(), companions=frozenset()), labels)).encode()).hexdigest()[:12]

    @property
    def deployments(self) -> int:
        """How many deployments the scenario has."""
        return sum(len(model["deployments"]) for model in self.models)


Make = Callable[[str, Level, np.random.Generator], Scenario]
"""Makes one variation of an incident, or of its healthy twin."""


def varied(rng: np.random.Generator, value: float, share: float = 0.15) -> float:
    """Return a value that differs from the given one by at most that share of it."""
    return float(value * rng.uniform(1 - share, 1 + share))


def seconds(minutes: float) -> float:
    """Return minutes in seconds, as a fleet file counts."""
    return 60 * minutes


def model_of(name: str, deployment: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return a model of a fleet file with one deployment, in production."""
    return {"name": name, "deployments": [{"name": "deployment-1", "environment": "production", **deployment}], **more}


def during(name: str, change: dict[str, Any], over: dict[str, Any]) -> list[dict[str, Any]]:
    """Let faults begin with the incident and end with it."""
    do = {"action": "fault", "deployment": f"{name}/deployment-1"}
    return [
        {"at": seconds(ONSET), "do": {**do, "change": change}},
        {"at": seconds(ONSET + LASTS), "do": {**do, "change": over}},
    ]
