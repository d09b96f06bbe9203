"""From what fired to what was right: one verdict for each scenario, and the numbers over many."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from serving_simulator.scenarios import Scenario
from serving_simulator.score.engine import Fired

__all__ = ["Score", "Verdict", "judge", "scores"]

_PAGE, _TICKET = "critical", "warning"
_EARLY = 2
"""Minutes by which an alert may seem to come before its cause: a scrape and an evaluation are a minute wide."""
_WEEK = 7 * 24 * 60


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was said about one scenario. ``delay`` is minutes from onset to the first alert that names the incident, None without one.

    ``false`` are alerts that page or open a ticket and are neither expected nor companions, or came before anything was wrong; ``first`` is
    the alert of either severity that came first after onset.
    """

    scenario: Scenario
    delay: int | None = None
    first: str = ""
    fires: Mapping[str, int] = field(default_factory=dict)
    false: tuple[tuple[str, str], ...] = ()
    """Alert and severity."""

    @property
    def named_first(self) -> bool:
        """Whether the first alert names the incident."""
        return self.first in self.scenario.expected


def judge(scenario: Scenario, fired: Iterable[Fired]) -> Verdict:
    """Hold what fired for a scenario's model against its labels."""
    heard = [each for each in fired if each.labels.get("severity") in (_PAGE, _TICKET)]
    due = scenario.expected | scenario.companions
    early = scenario.onset - _EARLY
    false = [
        (each.labels["alertname"], each.labels["severity"])
        for each in heard
        if each.labels["alertname"] not in due or (scenario.expected and min(each.began) < early)
    ]
    after = sorted(
        (minute, each.labels["alertname"] not in scenario.expected, each.labels["alertname"])
        for each in heard
        for minute in each.began
        if minute >= early
    )
    right = [minute for minute, other, _ in after if not other]
    return Verdict(
        scenario,
        delay=max(0, right[0] - scenario.onset) if right else None,
        first=after[0][2] if after else "",
        fires=Counter(name for _, _, name in after),
        false=tuple(sorted(false)),
    )


@dataclass(frozen=True, slots=True)
class Score:
    """Verdicts on one incident at one level (or one negative), counted. Delays in minutes, NaN where nothing was detected."""

    incident: str
    level: str
    runs: int
    detected: int
    named_first: int
    delay_median: float
    delay_p95: float
    fires: float
    """Times that the expected alerts began to fire, for each run in which they did."""
    weeks: float
    """Deployment-weeks played."""
    false_pages: int
    false_tickets: int
    confused_with: Mapping[str, int]

    @property
    def recall(self) -> float:
        """Share of runs in which an expected alert fired."""
        return self.detected / self.runs


def scores(verdicts: Sequence[Verdict]) -> list[Score]:
    """Count verdicts by incident and level, in the order in which they first come."""
    groups: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in verdicts:
        groups.setdefault((verdict.scenario.incident, verdict.scenario.level), []).append(verdict)
    return [_score(incident, level, found) for (incident, level), found in groups.items()]


def _score(incident: str, level: str, found: Sequence[Verdict]) -> Score:
    delays = [verdict.delay for verdict in found if verdict.delay is not None]
    false = Counter(kind for verdict in found for kind in verdict.false)
    begun = [sum(count for name, count in verdict.fires.items() if name in verdict.scenario.expected) for verdict in found]
    return Score(
        incident=incident,
        level=level,
        runs=len(found),
        detected=len(delays),
        named_first=sum(verdict.named_first for verdict in found),
        delay_median=float(np.median(delays)) if delays else math.nan,
        delay_p95=float(np.percentile(delays, 95)) if delays else math.nan,
        fires=sum(begun) / max(1, sum(count > 0 for count in begun)),
        weeks=sum(verdict.scenario.minutes for verdict in found) / _WEEK,
        false_pages=sum(count for (_, severity), count in false.items() if severity == _PAGE),
        false_tickets=sum(count for (_, severity), count in false.items() if severity == _TICKET),
        confused_with={f"{name}/{severity}": count for (name, severity), count in sorted(false.items())},
    )
