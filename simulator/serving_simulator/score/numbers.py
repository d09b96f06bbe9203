"""The numbers over many verdicts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from serving_simulator.score.verdicts import PAGE, TICKET, Verdict

__all__ = ["Score", "Totals", "grouped", "score", "totals"]


@dataclass(frozen=True, slots=True)
class Score:
    """Verdicts on one kind of incident (or one detection) at one level, counted.

    ``late`` are the median and the 95th percentile of the minutes from the moment at which the detection's definition was met (onset and
    ``evidence``) and its ``for`` had passed; ``delay`` the same from onset. NaN where nothing was found. ``fires`` is how often an
    alert began to fire in a run that raised it, the mean over those of the incident. ``pages`` is the mean and ``most_pages`` the most
    of the notifications that paged in one run.
    """

    name: str
    level: str
    runs: int
    weeks: float
    found: int
    named_first: int
    heard: int
    delay_median: float
    delay_p95: float
    late_median: float
    late_p95: float
    fires: float
    pages: float
    paged_once: int
    false_pages: int
    false_tickets: int
    false: Mapping[str, int]
    raised: Mapping[str, int]

    @property
    def recall(self) -> float:
        """Share of runs in which an expected alert fired."""
        return self.found / self.runs if self.runs else math.nan


@dataclass(frozen=True, slots=True)
class Totals:
    """What counts over a whole matrix. Shares are NaN where there was nothing to count."""

    runs: int
    weeks: float
    quiet_weeks: float
    false_pages: int
    false_tickets: int
    recall: float
    named_first: float
    page_precision: float
    paged_once: float

    @property
    def tickets_a_week(self) -> float:
        """False tickets for each quiet deployment-week."""
        return self.false_tickets / self.quiet_weeks if self.quiet_weeks else math.nan

    @property
    def pages_a_week(self) -> float:
        """False pages for each quiet deployment-week."""
        return self.false_pages / self.quiet_weeks if self.quiet_weeks else math.nan


def grouped(verdicts: Iterable[Verdict], key: Callable[[Verdict], tuple[str, str]]) -> list[Score]:
    """Count verdicts by name and level, in the order in which they first come."""
    groups: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in verdicts:
        groups.setdefault(key(verdict), []).append(verdict)
    return [score(name, level, found) for (name, level), found in groups.items()]


def score(name: str, level: str, found: Sequence[Verdict]) -> Score:
    """Count verdicts."""
    delays = [each.delay for each in found if each.delay is not None]
    late = [each.delay - each.evidence - each.wait for each in found if each.delay is not None]
    raised: Counter[str] = Counter()
    false: Counter[str] = Counter()
    for each in found:
        raised.update(each.begun.keys())
        false.update(each.false)
    begun = [count for each in found for alert, count in each.begun.items() if alert.partition("/")[0] in each.expected]
    paging = [each.pages for each in found if each.pages]
    return Score(
        name=name,
        level=level,
        runs=len(found),
        weeks=sum(each.weeks for each in found),
        found=len(delays),
        named_first=sum(each.named_first for each in found),
        heard=sum(bool(each.first) for each in found),
        delay_median=_percentile(delays, 50),
        delay_p95=_percentile(delays, 95),
        late_median=_percentile(late, 50),
        late_p95=_percentile(late, 95),
        fires=float(np.mean(begun)) if begun else math.nan,
        pages=float(np.mean(paging)) if paging else 0.0,
        paged_once=sum(count == 1 for count in paging),
        false_pages=_of(false, PAGE),
        false_tickets=_of(false, TICKET),
        false=dict(sorted(false.items())),
        raised=dict(sorted(raised.items())),
    )


def totals(verdicts: Sequence[Verdict]) -> Totals:
    """Count over a whole matrix; recall and names at every level but the healthy one."""
    quiet = [each for each in verdicts if each.negative]
    wrong = [each for each in verdicts if not each.negative]
    false: Counter[str] = Counter()
    for each in quiet:
        false.update(each.false)
    false_pages = sum(count for each in verdicts for alert, count in each.false.items() if alert.endswith(f"/{PAGE}"))
    true_pages = sum(each.true_pages for each in verdicts)
    heard = [each for each in wrong if each.first]
    paged = [each for each in wrong if each.pages]
    return Totals(
        runs=len(verdicts),
        weeks=sum(each.weeks for each in verdicts),
        quiet_weeks=sum(each.weeks for each in quiet),
        false_pages=_of(false, PAGE),
        false_tickets=_of(false, TICKET),
        recall=_share(each.delay is not None for each in wrong),
        named_first=_share(each.named_first for each in heard),
        page_precision=true_pages / (true_pages + false_pages) if true_pages + false_pages else math.nan,
        paged_once=_share(each.pages == 1 for each in paged),
    )


def _of(counts: Mapping[str, int], severity: str) -> int:
    return sum(count for name, count in counts.items() if name.endswith(f"/{severity}"))


def _share(values: Iterable[bool]) -> float:
    found = list(values)
    return sum(found) / len(found) if found else math.nan


def _percentile(values: Sequence[int], percent: float) -> float:
    return float(np.percentile(values, percent)) if values else math.nan
