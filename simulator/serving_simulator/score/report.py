"""The scorecard, and its form for programs (JSON)."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from serving_simulator.score.breaks import Effect
from serving_simulator.score.loop import Cure
from serving_simulator.score.numbers import Score, grouped, totals
from serving_simulator.score.verdicts import Verdict

__all__ = ["TRAFFIC", "Report", "as_json", "detections", "labelled"]

TRAFFIC = "traffic, "
"""How kinds of replayed traffic are called; under settings other than the recommended ones nobody has said what is due."""
_UNLABELLED = (f"{TRAFFIC}default settings", f"{TRAFFIC}bad settings")


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a scorecard says. ``verdicts`` by pack, the one that is judged first; ``made_with`` is what made it."""

    made_with: Mapping[str, Any]
    verdicts: Mapping[str, Sequence[Verdict]]
    effects: Sequence[Effect] = ()
    cures: Sequence[Cure] = ()

    @property
    def judged(self) -> list[Verdict]:
        """Verdicts of the pack itself on what has labels."""
        return labelled(next(iter(self.verdicts.values())))

    @property
    def unlabelled(self) -> list[Verdict]:
        """Verdicts of the pack on traffic of which nobody has said what is due."""
        return [each for each in next(iter(self.verdicts.values())) if each.incident in _UNLABELLED]


def as_json(report: Report) -> str:
    """Return the scorecard as JSON, as report.schema.json beside this module describes it; NaN is null."""
    document = {
        "made_with": dict(report.made_with),
        "packs": {name: _totals(verdicts) for name, verdicts in report.verdicts.items()},
        "detections": [_score(each) for each in detections(report.judged)],
        "incidents": [_score(each) for each in grouped(report.judged, lambda each: (each.incident, each.level))],
        "traffic": [_score(each) for each in grouped(report.unlabelled, lambda each: (each.incident, each.level))],
        "closed_loop": [asdict(each) for each in report.cures],
        "broken_rules": [{**asdict(each), "noticed": each.noticed, "expected": each.expected} for each in report.effects],
    }
    return json.dumps(_plain(document), indent=1) + "\n"


def labelled(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Return verdicts on what has labels."""
    return [each for each in verdicts if each.incident not in _UNLABELLED]


def detections(verdicts: Sequence[Verdict]) -> list[Score]:
    """Count incidents by the detection that is meant to find them, and level."""
    return grouped((each for each in verdicts if not each.negative), lambda each: (each.detection, each.level))


def _totals(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    found = totals(labelled(verdicts))
    return {**asdict(found), "false_pages_a_week": found.pages_a_week, "false_tickets_a_week": found.tickets_a_week}


def _score(score: Score) -> dict[str, Any]:
    return {**asdict(score), "recall": score.recall}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 4)
    return value
