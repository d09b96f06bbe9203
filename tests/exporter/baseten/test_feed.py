"""The feed: passed through as one unit, read for others, filtered, and read just behind its refresh."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from aiohttp import web

from serving_exporter.config import Filter, Selector
from serving_exporter.exposition.decoding import Observation
from serving_exporter.platforms.baseten.feed_phase import FeedPhase
from serving_exporter.platforms.baseten.feed_readings import readings
from serving_exporter.platforms.baseten.state import FeedReading
from serving_exporter.platforms.contract import Malformed, Unavailable

D = 'model_id="abcd1234",model_name="embedder",deployment_id="wxyz123",environment="production",rollout_phase="stable"'
PAGE = f"""\
# HELP baseten_inference_requests_total Cumulative number of requests.
# TYPE baseten_inference_requests_total counter
baseten_inference_requests_total{{{D},status_code="200",is_async="false"}} 1042
# TYPE baseten_concurrent_requests gauge
baseten_concurrent_requests{{{D}}} 37
# TYPE baseten_replicas_active gauge
baseten_replicas_active{{{D}}} 4
# TYPE baseten_replicas_starting gauge
baseten_replicas_starting{{{D}}} 1
# TYPE baseten_async_queue_size gauge
baseten_async_queue_size{{{D}}} 0
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{{deployment_id="wxyz123",replica="a1b2c"}} 3
# TYPE something_new gauge
something_new{{{D}}} 1e3
"""


async def test_lines_pass_through_unchanged_behind_the_workspace(running: Any, baseten: Any) -> None:
    baseten.answers["/metrics"] = PAGE
    rig = await running(baseten=baseten)
    poll = await rig.poll("feed")
    given = [line for line in PAGE.splitlines() if not line.startswith("#")]
    assert rig.page.lines() == sorted(line.replace("{", '{workspace="default",', 1) for line in given)
    assert rig.platform.sources["feed"].samples() == 7
    assert poll.items == 1


async def test_without_the_workspace_label_they_are_the_same(running: Any, baseten: Any) -> None:
    baseten.answers["/metrics"] = PAGE
    rig = await running(baseten=baseten, label=None)
    await rig.poll("feed")
    assert rig.page.lines() == sorted(line for line in PAGE.splitlines() if not line.startswith("#"))


async def test_families_that_are_not_wanted(running: Any, baseten: Any) -> None:
    baseten.answers["/metrics"] = PAGE
    rig = await running(baseten=baseten, keeps_family=lambda name: not name.startswith("vllm:"))
    await rig.poll("feed")
    assert not rig.page.lines("vllm")
    assert rig.page.lines("something_new")
    assert 'serving_exporter_series_dropped_total{reason="dropped_family"} 1.0' in await rig.self_metrics()


async def test_a_bad_line_costs_itself_and_is_reported_once(running: Any, baseten: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "serving_exporter.baseten")
    rig = await running(baseten=baseten)
    for number in range(3):
        baseten.answers["/metrics"] = PAGE + f'broken{{secret_label="x}} {number}\n'
        await rig.poll("feed")
    assert len(rig.page.lines()) == 7
    assert [record.levelname for record in caplog.records if "cannot be read" in record.message] == ["WARNING"]
    assert 'serving_exporter_series_dropped_total{reason="invalid"} 3.0' in await rig.self_metrics()
    assert "secret_label" not in caplog.text
    baseten.answers["/metrics"] = PAGE
    await rig.poll("feed")
    assert caplog.messages[-1] == "feed: every line can be read again"


@pytest.mark.parametrize("body", [PAGE[:-20], "<!DOCTYPE html><html></html>\n", ""])
async def test_a_partial_page_is_a_failure_and_deletes_nothing(running: Any, baseten: Any, body: str) -> None:
    baseten.answers["/metrics"] = PAGE
    rig = await running(baseten=baseten)
    await rig.poll("feed")
    before = rig.page.blocks()
    baseten.answers["/metrics"] = body
    with pytest.raises(Malformed):
        await rig.poll("feed")
    assert rig.page.blocks() == before


async def test_a_series_that_is_gone_is_gone_from_the_next_page(running: Any, baseten: Any) -> None:
    baseten.answers["/metrics"] = PAGE
    rig = await running(baseten=baseten)
    await rig.poll("feed")
    baseten.answers["/metrics"] = PAGE.replace("wxyz123", "other77")
    await rig.poll("feed")
    assert not [line for line in rig.page.lines() if "wxyz123" in line]
    assert len(rig.page.lines()) == 7


async def test_a_page_that_did_not_change_keeps_its_timestamp(running: Any, baseten: Any, epoch: float) -> None:
    baseten.answers["/metrics"] = PAGE
    rig = await running(baseten=baseten)
    first = await rig.poll("feed")
    await rig.clock.sleep(30)
    second = await rig.poll("feed")
    assert first.data_timestamp == second.data_timestamp == epoch
    baseten.answers["/metrics"] = PAGE.replace("1042", "1043")
    await rig.clock.sleep(30)
    third = await rig.poll("feed")
    assert third.data_timestamp == pytest.approx(epoch + 60, abs=0.5)
    assert rig.page.puts.count("feed") == 2


async def test_expiry_takes_feed_and_desired_replicas(running: Any, make: Any, baseten: Any) -> None:
    baseten.answers["/metrics"] = PAGE
    make.inventory(baseten, make.deployment())
    rig = await running(baseten=baseten)
    await rig.poll("inventory", "feed")
    assert rig.page.lines("baseten_deployment_desired_replicas")
    rig.platform.sources["feed"].expire()
    assert {unit.split("/")[0] for unit in rig.page.units} == {"inventory"}
    assert rig.platform.sources["feed"].samples() == 0
    await rig.clock.sleep(60)
    await rig.poll("feed")  # the same page as before the expiry is a new one
    assert len(rig.page.lines(unit="feed")) == 7


# --- what others read from it ------------------------------------------------------------------------------------------------------


def seen(name: str, value: float, **labels: str) -> Observation:
    return Observation(name, {"model_id": "m", "deployment_id": "d", **labels}, value)


def test_two_label_sets_at_a_promotion_are_one_deployment() -> None:
    observed = [
        seen("baseten_replicas_active", 3, environment="", rollout_phase=""),
        seen("baseten_replicas_active", 4, environment="production", rollout_phase="promoting"),
        seen("baseten_concurrent_requests", 20, environment="production", rollout_phase="promoting"),
        seen("baseten_concurrent_requests", 12),
    ]
    assert readings(observed) == {("m", "d"): FeedReading(active=4, in_flight=20)}


def test_tokens_of_several_pods_add_up() -> None:
    observed = [
        seen("baseten_llm_avg_in_flight_tokens", 1000, environment="production", pod="x1"),
        seen("baseten_llm_avg_in_flight_tokens", 500, environment="production", pod="x2"),
        seen("baseten_llm_avg_in_flight_tokens", 200, environment="", pod="x2"),
    ]
    assert readings(observed)["m", "d"].average_tokens == 1500


@pytest.mark.parametrize(("spelling", "expected"), [("true", True), ("True", True), ("false", False), ("", False)])
def test_async_use_is_seen_in_requests_however_it_is_spelled(spelling: str, expected: bool) -> None:
    observed = [seen("baseten_inference_requests_total", 5, is_async=spelling), seen("baseten_inference_requests_total", 7, is_async="no")]
    reading = readings([*observed, seen("baseten_replicas_active", 1)])["m", "d"]
    assert reading.uses_async is expected
    assert reading.async_requests == (5 if expected else None)


def test_an_empty_queue_is_use_and_no_queue_is_none() -> None:
    assert readings([seen("baseten_async_queue_size", 0)])["m", "d"].uses_async
    assert not readings([seen("baseten_replicas_active", 1)])["m", "d"].uses_async


def test_lines_without_ids_say_nothing_of_a_deployment() -> None:
    assert readings([Observation("baseten_replicas_active", {"deployment_id": "d"}, 1.0)]) == {}


# --- desired replicas ------------------------------------------------------------------------------------------------------------------


async def test_desired_replicas_over_the_deployments_own_window(running: Any, make: Any, baseten: Any) -> None:
    settings = {**make.settings, "concurrency_target": 10, "min_replica": 1, "max_replica": 20}
    make.inventory(
        baseten,
        make.deployment("short", autoscaling_settings={**settings, "autoscaling_window": 60}),
        make.deployment("long", autoscaling_settings={**settings, "autoscaling_window": 600}),
        make.deployment("unset", autoscaling_settings=None),
    )
    rig = await running(baseten=baseten, label=None)
    await rig.poll("inventory")
    for load in (14, 14, 14, 14, 70):
        lines = [f'baseten_concurrent_requests{{model_id="abcd1234",deployment_id="{name}"}} {load}' for name in ("short", "long", "unset")]
        baseten.answers["/metrics"] = "\n".join(["# TYPE baseten_concurrent_requests gauge", *lines, ""])
        await rig.poll("feed")
        await rig.clock.sleep(30)
    name = 'baseten_deployment_desired_replicas{model_id="abcd1234",deployment_id='
    # short: (14 + 70) / 2 / 7 = 6; long: (4 × 14 + 70) / 5 / 7 = 3.6
    assert rig.page.lines(name) == [f'{name}"long"}} 4', f'{name}"short"}} 6']


async def test_a_changed_load_touches_the_derived_unit_and_the_feed_only(running: Any, make: Any, baseten: Any) -> None:
    baseten.answers["/metrics"] = PAGE
    make.inventory(baseten, make.deployment())
    rig = await running(baseten=baseten)
    await rig.poll("inventory", "feed")
    rig.page.puts.clear()
    baseten.answers["/metrics"] = PAGE.replace("} 37", "} 370")
    await rig.clock.sleep(30)
    await rig.poll("feed")
    assert sorted(rig.page.puts) == ["derived/desired", "feed"]


async def test_a_deployment_without_load_on_the_page_has_no_desired_replicas(running: Any, make: Any, baseten: Any) -> None:
    baseten.answers["/metrics"] = PAGE
    make.inventory(baseten, make.deployment())
    rig = await running(baseten=baseten)
    await rig.poll("inventory", "feed")
    baseten.answers["/metrics"] = "up 1\n"
    await rig.poll("feed")
    assert rig.page.lines("baseten_deployment_desired_replicas") == []


# --- include and exclude -----------------------------------------------------------------------------------------------------------------

MANY = """\
# TYPE baseten_replicas_active gauge
baseten_replicas_active{model_id="m1",model_name="embedder",deployment_id="d1",environment="production"} 1
baseten_replicas_active{deployment_id="d2",environment="staging",model_name="embedder",model_id="m1"} 2
baseten_replicas_active{model_id="m2",model_name="odd \\",model_id=\\"m1\\" name",deployment_id="d3"} 3
# TYPE vllm:running gauge
vllm:running{deployment_id="d1",replica="a"} 1
vllm:running{deployment_id="d3",replica="b"} 3
vllm:running{deployment_id="unknown",replica="c"} 4
# TYPE up gauge
up 1
"""


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        (Filter(models=(Selector("m1"),)), Filter(), {"d1", "d2"}),
        (Filter(models=(Selector("/emb.*/"),)), Filter(), {"d1", "d2"}),
        (Filter(environments=(Selector("production"),)), Filter(), {"d1"}),
        (Filter(), Filter(models=(Selector("m1"),)), {"d3", "unknown"}),
        (Filter(), Filter(environments=(Selector("staging"),)), {"d1", "d3", "unknown"}),
    ],
)
async def test_filters_hold_for_lines(running: Any, baseten: Any, include: Filter, exclude: Filter, expected: set[str]) -> None:
    baseten.answers["/metrics"] = MANY
    rig = await running(baseten=baseten, include=include, exclude=exclude)
    await rig.poll("feed")
    lines = rig.page.lines()
    assert {line.split('deployment_id="')[1].split('"')[0] for line in lines if "deployment_id" in line} == expected
    assert 'up{workspace="default"} 1' in lines
    engine = {line.split('deployment_id="')[1].split('"')[0] for line in rig.page.lines("vllm")}
    assert engine == expected - {"d2"}


# --- the phase -----------------------------------------------------------------------------------------------------------------------


def test_polls_creep_up_to_the_refresh_and_stay_behind_it() -> None:
    """A feed that is rebuilt at 0, 30, 60, … and a first poll at the worst moment: 29 s after a refresh."""
    phase, now, last, ages, requests = FeedPhase(30.0), 29.0, -1, [], []
    for _ in range(100):
        version = int(now // 30)
        ages.append(now % 30)
        requests.append(now)
        now += phase.next_in(changed=version != last)
        last = version
    assert max(ages[40:]) <= 3
    assert all(later - earlier > 1 for earlier, later in pairwise(requests))
    busiest = max(sum(1 for other in requests if start <= other < start + 60) for start in requests)
    assert busiest <= 4


def test_a_feed_that_never_changes_is_not_asked_more_often() -> None:
    phase = FeedPhase(30.0)
    waits = [phase.next_in(changed=number == 0) for number in range(20)]
    assert waits[1] == 3
    assert waits[2:] == [30.0] * 18


def test_other_intervals() -> None:
    assert FeedPhase(60.0).next_in(changed=True) == 59
    assert FeedPhase(45.0).next_in(changed=True) == 45
    assert FeedPhase(15.0).next_in(changed=False) == 15


async def test_never_more_than_four_requests_a_minute(running: Any, baseten: Any) -> None:
    baseten.answers["/metrics"] = PAGE
    rig = await running(baseten=baseten)
    baseten.answers["/metrics"] = lambda _: web.Response(text=PAGE.replace("1042", str(int(baseten.times[-1] // 30))))
    await rig.every("feed", 30, 600)
    times = baseten.times
    assert 20 <= len(times) <= 26
    assert max(sum(1 for other in times if start <= other < start + 60) for start in times) <= 4


async def test_the_feed_failing_leaves_the_other_blocks_as_they_are(running: Any, make: Any, baseten: Any) -> None:
    baseten.answers["/metrics"] = PAGE
    make.inventory(baseten, make.deployment())
    rig = await running(baseten=baseten)
    await rig.poll("feed", "inventory")
    before = rig.page.blocks()
    baseten.answers["/metrics"] = lambda _: web.Response(status=500)
    with pytest.raises(Unavailable):
        await rig.poll("feed")
    assert rig.page.blocks() == before
