"""What the tests of the page share: strict readers of both formats, and pages put together without a service."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from serving_exporter.exposition import FamilyBlock
from serving_exporter.exposition.joining import FamilyShelf, Page, SelfMetrics

Series = tuple[str, frozenset[tuple[str, str]]]
Samples = dict[Series, float]


def _samples(families: Iterable[object]) -> Samples:
    found: Samples = {}
    for family in families:
        for sample in family.samples:  # type: ignore[attr-defined]
            name = sample.name
            series = (name, frozenset((label, value) for label, value in sample.labels.items() if value))
            assert series not in found, f"duplicate {series}"
            # NaN is not equal to itself, and the tests compare pages.
            found[series] = "NaN" if math.isnan(sample.value) else float(sample.value)  # type: ignore[assignment]
    return found


@pytest.fixture(scope="session")
def text_samples() -> Callable[[bytes], Samples]:
    """All samples of a 0.0.4 page by name and non-empty labels."""
    # The reader adds _total to the samples of counters that have none; as gauges they keep the name that they have on the page.
    counter_line = re.compile(r"^(# TYPE \S+) counter$", re.MULTILINE)
    return lambda page: _samples(parse_text(counter_line.sub(r"\1 gauge", page.decode())))


@pytest.fixture(scope="session")
def openmetrics_samples() -> Callable[[bytes], Samples]:
    """All samples of an OpenMetrics page, which the strict reader must accept."""
    return lambda page: _samples(parse_openmetrics(page.decode()))


@pytest.fixture(scope="session")
def page_of() -> Callable[..., Page]:
    """A page of units, each a sequence of blocks."""

    def build(*units: Iterable[FamilyBlock], self_metrics: SelfMetrics | None = None, max_series: int | None = None) -> Page:
        shelf = FamilyShelf()
        for number, blocks in enumerate(units):
            shelf.put(("workspace", f"unit/{number}"), tuple(blocks))
        return Page.of(shelf, self_metrics or SelfMetrics(), max_series)

    return build
