"""Recorded worlds against the page of a real exporter in front of the same world: the same series, the same numbers where time allows."""

from __future__ import annotations

import asyncio
import math
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from tests.integration.conftest import EPOCH, _warmed, running
from tests.stack.programs import run
from tests.tools.toolchain import PROMETHEUS

from serving_simulator.fleet import parse
from serving_simulator.recording import Recording, record
from serving_simulator.recording.additions import SOURCES
from serving_simulator.recording.notation import series_name, values_text
from serving_simulator.world import World

# Both the recording and the page are made once, which takes most of a minute and more on a busy machine.
pytestmark = [pytest.mark.xdist_group("recording"), pytest.mark.timeout(400)]

MINUTES = 45
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
Key = tuple[str, frozenset[tuple[str, str]]]


def keyed(series: str) -> Key:
    name, _, labels = series.partition("{")
    return name, frozenset((label, value) for label, value in _LABEL.findall(labels) if label not in ("job", "instance"))


def parsed(page: str) -> dict[Key, float]:
    lines = (line.rpartition(" ") for line in page.splitlines() if not line.startswith("#"))
    return {keyed(series): float(value) for series, _, value in lines}


@pytest.fixture(scope="module")
def recording() -> Recording:
    """The demo fleet, recorded."""
    return record(pickle.loads(_warmed(1)), MINUTES)


@pytest.fixture(scope="module")
def page() -> dict[Key, float]:
    """The same, as an exporter's page had it at the last minute."""

    async def scrape() -> str:
        async with running() as pair:
            await pair.service.wait_ready()
            await pair.clock.sleep(60 * (MINUTES - 1) - pair.clock.monotonic())
            return (await pair.scrape()).text

    import looptime  # noqa: PLC0415 - a loop of our own, as the fixture outlives one test

    loop = looptime.new_event_loop()
    try:
        return parsed(loop.run_until_complete(asyncio.wait_for(scrape(), 100_000)))
    finally:
        loop.close()


def last(recording: Recording) -> dict[Key, float]:
    """What the last recorded scrape saw."""
    return {keyed(series): float(values[-1]) for series, values in recording.series.items() if not math.isnan(values[-1])}


NOT_ON_A_PAGE = {"up"}
OF_CHAINLETS = "chain"


def test_a_recording_has_the_series_of_the_page_and_no_others(recording: Recording, page: dict[Key, float]) -> None:
    ours = {key for key in last(recording) if key[0] not in NOT_ON_A_PAGE}
    families = {name for name, _ in ours}
    theirs = {key for key in page if key[0] in families}
    # What changes from minute to minute may differ by a poll: which phase a start is in, which replicas there are, a status. And before
    # the first feed an exporter asks for the queues of all.
    moving = re.compile(
        r"async_requests_|starting_in_phase|container_|gpu_|deployment_status$|startup_p90|promotion|environment_info|polls_total"
    )
    assert {key for key in ours ^ theirs if not moving.search(key[0])} == set()
    assert {name for name, _ in ours} - {name for name, _ in theirs} <= {"baseten_environment_promotion_traffic_ratio"}


def test_every_family_that_the_rules_read_is_recorded_or_is_one_that_the_simulator_lacks(recording: Recording) -> None:
    from serving_rules.pack import build  # noqa: PLC0415 - the simulator itself knows no rules

    read = {name for rule in build().rules() for name in re.findall(r"\b((?:baseten|serving_exporter)_\w+)", rule.expr)}
    recorded = {name for name, _ in map(keyed, recording.series)}
    lacking = read - recorded
    assert lacking == {
        "baseten_deployment_max_scale_down_ratio",  # no deployment of the demo sets it
        "baseten_ongoing_websocket_connections",
    }


def test_settings_and_hardware_are_the_same_numbers(recording: Recording, page: dict[Key, float]) -> None:
    seen = 0
    for (name, labels), value in last(recording).items():
        if re.match(r"baseten_(deployment_(min|max)_replicas|deployment_.*(target|window|delay|limit|gpus|price))", name):
            assert page[name, labels] == pytest.approx(value), (name, labels)
            seen += 1
    assert seen > 100


def test_counters_of_the_feed_are_a_poll_apart_at_most(recording: Recording, page: dict[Key, float]) -> None:
    seen = 0
    for series, values in recording.series.items():
        key = keyed(series)
        if key[0].endswith(("_total", "_count", "_bucket")) and key[0].startswith("baseten_") and key in page and "startup" not in key[0]:
            around = values[-4:][~np.isnan(values[-4:])]
            if around.size > 1:
                slack = around[-1] - around[0] + 1
                assert abs(page[key] - around[-1]) <= slack, (series, page[key], around)
                seen += 1
    assert seen > 1000


def test_starts_are_counted_as_the_exporter_counts_them(recording: Recording, page: dict[Key, float]) -> None:
    counted = {key: value for key, value in last(recording).items() if key[0] == "baseten_replica_startups_total"}
    assert sum(counted.values()) > 20
    for key, value in counted.items():
        assert page[key] == pytest.approx(value, abs=3), key


def test_a_failed_scrape_is_a_gap_in_everything_and_up_is_zero() -> None:
    world: World = pickle.loads(_warmed(1))
    whole = record(world, 30, failures=0.3, seed=3)
    up = whole.series['up{job="serving-exporter",instance="exporter:9816"}']
    failed = up == 0
    assert 0 < failed.sum() < 20
    for series, values in whole.series.items():
        if not series.startswith("up{"):
            assert np.isnan(values[failed]).all(), series


def test_sources_all_work(recording: Recording) -> None:
    seen = last(recording)
    for source in SOURCES:
        key = frozenset({("source", source), ("workspace", "default")})
        assert seen["serving_exporter_source_up", key] == 1
    feed = frozenset({("source", "feed"), ("workspace", "default")})
    assert seen["serving_exporter_source_last_success_timestamp_seconds", feed] == 60 * (MINUTES - 1)


FLEET = """
models:
  - name: chat
    environments: [{name: production}]
    deployments:
      - {name: blue, environment: production, replicas: 1, autoscaling: {min_replica: 1}, workload: {patterns: [{kind: constant, rate: 2}]}}
      - {name: green, replicas: 1, autoscaling: {min_replica: 1}}
timeline:
  - {at: 10m, do: {action: promote, environment: chat/production, deployment: chat/green}}
"""


def test_a_promotion_ends_one_series_and_begins_another() -> None:
    world = World(parse(FLEET, source="test"), seed=1, start=EPOCH)
    active = {series: values for series, values in record(world, 40).series.items() if series.startswith("baseten_replicas_active")}
    places = {dict(_LABEL.findall(series)).get("environment") for series in active}
    assert places == {"production", ""}
    for series, values in active.items():
        assert np.isnan(values).any() and not np.isnan(values).all(), series  # noqa: PT018 - one statement: it is a part


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([1, 1, 1, 2], "1x2 2"),
        ([math.nan, math.nan, 3], "_x2 3"),
        ([math.nan, 3], "_ 3"),
        ([3, math.nan, math.nan, 4.5], "3 stale _ 4.5"),
        ([3, math.nan], "3 stale"),
        ([0.1, 1e16, -2], "0.1 1e+16 -2"),
        ([], ""),
    ],
)
def test_samples_are_written_as_promtool_reads_them(values: list[float], text: str) -> None:
    assert values_text(np.array(values, float)) == text


def test_promtool_reads_back_what_is_written(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    values = np.repeat(rng.integers(0, 4, 20), rng.integers(1, 5, 20)).astype(float)
    values[rng.random(values.size) < 0.2] = math.nan
    name = series_name("x", {"a": 'quote " slash \\ line \n'})
    checks = [
        {"expr": "x", "eval_time": f"{minute}m", "exp_samples": [] if math.isnan(value) else [{"labels": name, "value": float(value)}]}
        for minute, value in enumerate(values)
    ]
    series = [{"series": name, "values": values_text(values)}]
    document = {"tests": [{"interval": "1m", "input_series": series, "promql_expr_test": checks}]}
    (tmp_path / "t.yaml").write_text(yaml.safe_dump(document))
    result = run(PROMETHEUS[-1].promtool, "test", "rules", "t.yaml", cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
