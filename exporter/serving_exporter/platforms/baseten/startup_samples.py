"""Start-ups to samples."""

from __future__ import annotations

from serving_exporter import catalogue
from serving_exporter.catalogue import WHOLE_STARTUP
from serving_exporter.exposition import UnitBuilder
from serving_exporter.platforms.baseten.reading import word
from serving_exporter.platforms.baseten.records import StartupPercentiles, StartupSummary
from serving_exporter.platforms.baseten.startup_ledger import Ledger
from serving_exporter.platforms.baseten.state import Key

__all__ = ["write_startups"]

_MILLIS = 1000


def write_startups(page: UnitBuilder, key: Key, ledger: Ledger, starting: dict[str, int], summary: StartupSummary | None) -> None:
    """Write one deployment's start-ups; ``starting`` has the open attempts by phase.

    The outcomes and the histogram of whole start-ups exist from the first answer on, those of the phases from the first attempt on that
    was not history: with zeros for all of them a large fleet would have a million series.
    """
    for outcome, count in ledger.outcomes.items():
        page.add(catalogue.STARTUPS_TOTAL, (*key, outcome), count)
    page.add_histogram(catalogue.STARTUP_SECONDS, (*key, WHOLE_STARTUP), ledger.total.cumulative(), ledger.total.total)
    for phase, distribution in ledger.phases.items():
        page.add_histogram(catalogue.STARTUP_SECONDS, (*key, phase), distribution.cumulative(), distribution.total)
    for phase, count in starting.items():
        page.add(catalogue.REPLICAS_STARTING_IN_PHASE, (*key, phase), count)
    if summary is None:
        return
    if summary.total_duration_ms is not None:
        _percentiles(page, key, WHOLE_STARTUP, summary.total_duration_ms)
    for entry in summary.phase_duration_ms or ():
        _percentiles(page, key, word(entry.phase).lower(), entry.duration_ms)


def _percentiles(page: UnitBuilder, key: Key, phase: str, distribution: StartupPercentiles) -> None:
    if distribution.p50_ms is not None:
        page.add(catalogue.STARTUP_P50, (*key, phase), distribution.p50_ms / _MILLIS)
    if distribution.p90_ms is not None:
        page.add(catalogue.STARTUP_P90, (*key, phase), distribution.p90_ms / _MILLIS)
