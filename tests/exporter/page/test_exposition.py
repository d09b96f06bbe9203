from __future__ import annotations

import math
import shutil
import subprocess
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving_exporter.catalogue import CATALOGUE, Metric, MetricType, Scope, platform_metrics
from serving_exporter.exposition.blocks import FamilyBlock, UnitBuilder, format_value
from serving_exporter.exposition.joining import Page

GAUGE = Metric("demo_gauge", MetricType.GAUGE, Scope.DEPLOYMENT, 'Help with "quotes", a \\ and\na line feed.', "test", ("status",))
COUNTER = Metric("demo_events_total", MetricType.COUNTER, Scope.WORKSPACE, "Events.", "test", ("kind",))
HISTOGRAM = Metric("demo_seconds", MetricType.HISTOGRAM, Scope.DEPLOYMENT, "Seconds.", "test", (), (0.5, 1.0, 30.0))
PLAIN = Metric("demo_plain", MetricType.GAUGE, Scope.WORKSPACE, "No label.", "test")

hostile_text = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ['a"b', "back\\slash", "line\nfeed", "\\n", 'x"} 1', "} 1", '",le="1', " # {", "\r", "\x00", "é\u2028", "\ud800", "# EOF\n", ""]
    ),
)
finite = st.floats(allow_nan=False)


def test_one_line_of_each_kind() -> None:
    builder = UnitBuilder("acme")
    builder.add(GAUGE, ("m1", "d1", "ACTIVE"), 1)
    builder.add(COUNTER, ("deploy",), 3.0)
    builder.add_histogram(HISTOGRAM, ("m1", "d1"), (1, 1, 4, 5), 61.5)
    gauge, counter, histogram = builder.build()
    assert gauge.lines == b'demo_gauge{workspace="acme",model_id="m1",deployment_id="d1",status="ACTIVE"} 1\n'
    assert gauge.header == b'# HELP demo_gauge Help with "quotes", a \\\\ and\\na line feed.\n# TYPE demo_gauge gauge\n'
    assert counter == FamilyBlock("demo_events_total", "counter", "Events.", b'demo_events_total{workspace="acme",kind="deploy"} 3.0\n', 1)
    labels = 'workspace="acme",model_id="m1",deployment_id="d1"'
    assert histogram.lines.decode().splitlines() == [
        f'demo_seconds_bucket{{{labels},le="0.5"}} 1',
        f'demo_seconds_bucket{{{labels},le="1.0"}} 1',
        f'demo_seconds_bucket{{{labels},le="30.0"}} 4',
        f'demo_seconds_bucket{{{labels},le="+Inf"}} 5',
        f"demo_seconds_sum{{{labels}}} 61.5",
        f"demo_seconds_count{{{labels}}} 5",
    ]
    assert histogram.samples == 6


def test_without_workspace_and_without_labels() -> None:
    builder = UnitBuilder(None)
    builder.add(PLAIN, (), 2)
    assert builder.build()[0].lines == b"demo_plain 2\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (2**63, "9223372036854775808"),
        (3.0, "3.0"),
        (0.1, "0.1"),
        (1e300, "1e+300"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
        (math.nan, "NaN"),
        (True, "1"),
        (-0.0, "-0.0"),
    ],
)
def test_spelling_of_values(value: float, text: str) -> None:
    assert format_value(value) == text


def test_duplicates_nan_and_negative_counters_are_left_out_and_counted() -> None:
    builder = UnitBuilder("acme")
    builder.add(GAUGE, ("m", "d", "A"), 1)
    builder.add(GAUGE, ("m", "d", "A"), 2)
    builder.add(GAUGE, ("m", "d", "B"), math.nan)
    builder.add(COUNTER, ("deploy",), -1)
    builder.add_histogram(HISTOGRAM, ("m", "d"), (0, 0, 0, 0), math.nan)
    builder.add_histogram(HISTOGRAM, ("m", "d"), (0, 0, 0, 0), 0.0)
    builder.add_histogram(HISTOGRAM, ("m", "d"), (1, 1, 1, 1), 1.0)
    blocks = {block.name: block for block in builder.build()}
    assert builder.dropped == 5
    assert blocks["demo_gauge"].lines.endswith(b'status="A"} 1\n')
    assert blocks["demo_gauge"].samples == 1
    assert "demo_events_total" not in blocks
    assert b"_count{" in blocks["demo_seconds"].lines
    assert blocks["demo_seconds"].samples == 6


def test_mistakes_of_the_caller_are_raised() -> None:
    builder = UnitBuilder("acme")
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        builder.add(GAUGE, ("m", "d"), 1)
    with pytest.raises(ValueError, match="needs 4 cumulative bucket counts"):
        builder.add_histogram(HISTOGRAM, ("m", "d"), (1, 2, 3), 1.0)
    with pytest.raises(ValueError, match="needs 4 cumulative bucket counts"):
        builder.add_histogram(HISTOGRAM, ("m", "d"), (1, 2, 1, 3), 1.0)


@settings(max_examples=300, deadline=None)
@given(
    workspace=st.none() | hostile_text,
    gauges=st.dictionaries(st.tuples(hostile_text, hostile_text, hostile_text), finite, max_size=5),
    counters=st.dictionaries(hostile_text, st.floats(min_value=0), max_size=3),
    histograms=st.dictionaries(
        st.tuples(hostile_text, hostile_text), st.tuples(st.lists(st.integers(0, 9), min_size=4, max_size=4), st.floats(0, 1e6)), max_size=3
    ),
)
def test_any_state_reads_back_identically_in_both_formats(
    workspace: str | None,
    gauges: dict[tuple[str, str, str], float],
    counters: dict[str, float],
    histograms: dict[tuple[str, str], tuple[list[int], float]],
    page_of: Callable[..., Page],
    text_samples: Callable[[bytes], object],
    openmetrics_samples: Callable[[bytes], object],
) -> None:
    def seen(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
        labels |= {} if workspace is None else {"workspace": workspace}
        utf8 = {label: value.encode("utf-8", "replace").decode() for label, value in labels.items()}
        return name, frozenset((label, value) for label, value in utf8.items() if value)

    expected: dict[object, float] = {}
    builder = UnitBuilder(workspace)
    for (model, deployment, status), value in gauges.items():
        builder.add(GAUGE, (model, deployment, status), value)
        expected.setdefault(seen("demo_gauge", model_id=model, deployment_id=deployment, status=status), value)
    for kind, value in counters.items():
        builder.add(COUNTER, (kind,), value)
        expected.setdefault(seen("demo_events_total", kind=kind), value)
    for (model, deployment), (counts, total) in histograms.items():
        key = {"model_id": model, "deployment_id": deployment}
        if seen("demo_seconds_sum", **key) in expected:
            continue
        cumulative = [sum(counts[: end + 1]) for end in range(4)]
        builder.add_histogram(HISTOGRAM, (model, deployment), cumulative, total)
        for le, count in zip(("0.5", "1.0", "30.0", "+Inf"), cumulative, strict=True):
            expected[seen("demo_seconds_bucket", **key, le=le)] = count
        expected |= {seen("demo_seconds_sum", **key): total, seen("demo_seconds_count", **key): cumulative[-1]}
    page = page_of(builder.build())
    assert text_samples(page.text()) == expected
    assert openmetrics_samples(page.openmetrics()) == expected


def test_promtool_has_nothing_to_say_about_the_catalogue(page_of: Callable[..., Page]) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian package prometheus)")
    platform, own = UnitBuilder("default"), UnitBuilder(None)
    for metric in CATALOGUE.values():
        builder = platform if metric.is_platform else own
        values = [f"{label} value" for label in metric.labels]
        if metric.type is MetricType.HISTOGRAM:
            builder.add_histogram(metric, values, [1] * (len(metric.buckets) + 1), 0.5)
        else:
            builder.add(metric, values, 1)
    page = page_of(platform.build(), own.build())
    assert page.samples > len(list(platform_metrics()))
    result = subprocess.run([promtool, "check", "metrics"], input=page.text(), capture_output=True, check=False)
    assert (result.stdout, result.stderr, result.returncode) == (b"", b"", 0)
