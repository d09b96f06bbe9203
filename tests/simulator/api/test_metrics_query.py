"""The metrics query API: modes, rules, and values computed by hand from the fake world's history."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from serving_simulator.api.metric_steps import Buckets, Steps, add_buckets, counter_increase, quantile
from serving_simulator.api.metrics_query import lag_seconds, step_seconds
from serving_simulator.api.switches import ApiSwitches
from serving_simulator.views import HistoryWindow

from .conftest import Rig
from .fake_world import START

PATH = "/v1/models/modela/deployments/prod1/metrics"
REQUESTS = "baseten_inference_requests_total"
LATENCY = "baseten_end_to_end_response_time_seconds"
ACTIVE = "baseten_replicas_active"


def millis(seconds: float) -> int:
    return round(seconds * 1000)


def column(document: dict[str, Any], name: str, **labels: str) -> list[float | None]:
    for index, descriptor in enumerate(document["metric_descriptors"]):
        if descriptor["name"] == name:
            place = descriptor["label_sets"].index(labels)
            return [value_set["values"][index][place] for value_set in document["metric_values"]]
    raise AssertionError(f"{name} is not in the answer")


async def test_summary_of_an_hour(rig: Rig) -> None:
    document = await rig.get(PATH, mode="SUMMARY", start_epoch_millis=millis(START - 7200), end_epoch_millis=millis(START - 3600))
    assert (document["mode"], document["step_seconds"], len(document["metric_values"])) == ("SUMMARY", None, 1)
    assert [each["name"] for each in document["metric_descriptors"]] == [ACTIVE, REQUESTS, LATENCY]
    assert column(document, ACTIVE) == [2.0]
    assert column(document, REQUESTS, status="200") == [120.0]
    assert column(document, REQUESTS, status="502") == [12.0]
    # Every request took 0.5 s and fell into the bucket 0.1 to 1.0, inside which quantiles are straight lines.
    assert column(document, LATENCY, quantile="0.5") == [pytest.approx(0.1 + 0.9 * 0.5)]
    assert column(document, LATENCY, quantile="0.99") == [pytest.approx(0.1 + 0.9 * 0.99)]
    assert column(document, LATENCY, stat="avg") == [0.5]
    kinds = {each["name"]: (each["kind"], each["unit_hint"]) for each in document["metric_descriptors"]}
    assert kinds == {ACTIVE: ("GAUGE", "COUNT"), REQUESTS: ("COUNTER", "COUNT"), LATENCY: ("HISTOGRAM", "SECONDS")}


async def test_series_of_twenty_minutes(rig: Rig) -> None:
    start = START - 7200
    window = {"start_epoch_millis": millis(start + 0.516), "end_epoch_millis": millis(start + 1200.516)}
    document = await rig.get(PATH, mode="SERIES", metrics=REQUESTS, **window)
    assert document["step_seconds"] == 30
    starts = [value_set["start_epoch_millis"] for value_set in document["metric_values"]]
    assert len(starts) == 41
    assert (starts[0], starts[1], starts[-1]) == (millis(start), millis(start + 30), millis(start + 1200))
    assert column(document, REQUESTS, status="200") == [1.0] * 41
    assert sum(value or 0 for value in column(document, REQUESTS, status="502")) == 4.0


async def test_current_is_the_newest_that_has_arrived(rig: Rig) -> None:
    rig.world.now = rig.world.start
    lag = lag_seconds("prod1")
    newest = START - 7200 + 30 * 360
    assert 60 <= lag <= 180
    assert newest > START  # the fake history reaches into the future; nothing of that may be seen
    rig.world.histories["prod1"] = HistoryWindow(
        (START - 400, START - lag - 1, START - lag + 1, START),
        {ACTIVE: (1.0, 2.0, 3.0, 4.0)},
        {REQUESTS: {"200": (0.0, 7.0, 50.0, 90.0)}},
        {},
    )
    document = await rig.get(PATH, metrics=[ACTIVE, REQUESTS])
    assert (document["mode"], document["start_epoch_millis"]) == ("CURRENT", document["end_epoch_millis"])
    assert column(document, ACTIVE) == [2.0]
    assert column(document, REQUESTS, status="200") == [0.0]


async def test_during_the_lag_counters_are_zero_and_histograms_null(rig: Rig) -> None:
    rig.world.histories["prod1"] = HistoryWindow((), {ACTIVE: ()}, {REQUESTS: {}}, {LATENCY: ((0.1,), (), ())})
    document = await rig.get(PATH, mode="SUMMARY", start_epoch_millis=millis(START - 20), end_epoch_millis=millis(START))
    assert column(document, REQUESTS, status="200") == [0.0]
    assert column(document, LATENCY, quantile="0.5") == [None]
    assert column(document, LATENCY, stat="avg") == [None]
    assert column(document, ACTIVE) == [None]


async def test_default_window_is_the_last_hour(rig: Rig) -> None:
    document = await rig.get(PATH, mode="SUMMARY")
    assert (document["start_epoch_millis"], document["end_epoch_millis"]) == (millis(START - 3600), millis(START))


async def test_a_rate_is_shown_as_cores(rig: Rig) -> None:
    name = "baseten_container_cpu_usage_seconds_total"
    window = {"start_epoch_millis": millis(START - 7200), "end_epoch_millis": millis(START - 3600)}
    document = await rig.get(PATH, mode="SUMMARY", metrics=name, **window)
    assert document["metric_descriptors"][0] == {"name": name, "unit_hint": "RATIO", "kind": "GAUGE", "label_sets": [{}]}
    assert column(document, name) == [2.0]


async def test_known_names_that_do_not_apply_are_left_out(rig: Rig) -> None:
    document = await rig.get("/v1/models/modelb/deployments/old1/metrics", metrics=["baseten_gpu_utilization", ACTIVE])
    assert [each["name"] for each in document["metric_descriptors"]] == [ACTIVE]


async def test_environment_adds_its_deployments_before_quantiles(rig: Rig) -> None:
    window = {"start_epoch_millis": millis(START - 7200), "end_epoch_millis": millis(START - 3600)}
    document = await rig.get("/v1/models/modela/environments/production/metrics", mode="SUMMARY", **window)
    assert column(document, ACTIVE) == [4.0]
    assert column(document, REQUESTS, status="200") == [240.0]
    assert column(document, LATENCY, stat="avg") == [0.5]


@pytest.mark.parametrize(
    "query",
    [
        {"mode": "CURRENT", "start_epoch_millis": "1"},
        {"mode": "CURRENT", "end_epoch_millis": "1"},
        {"end_epoch_millis": "1"},
        {"mode": "SUMMARY", "start_epoch_millis": "2000", "end_epoch_millis": "1000"},
        {"mode": "SERIES", "start_epoch_millis": "0", "end_epoch_millis": str(7 * 86_400_000 + 1)},
        {"mode": "SOMETIMES"},
        {"mode": "SUMMARY", "start_epoch_millis": "yesterday"},
        {"metrics": "baseten_replicas_desired"},
        {"metrics": f"{ACTIVE},{REQUESTS}"},
    ],
)
async def test_refused_queries(rig: Rig, query: dict[str, str]) -> None:
    reply = await rig.ask(PATH, params=query)
    assert (reply.status, reply.json["code"]) == (400, "VALIDATION_ERROR")
    rig.emulator.switches = ApiSwitches(validation_status=422)
    assert (await rig.ask(PATH, params=query)).status == 422


async def test_one_unknown_name_rejects_all(rig: Rig) -> None:
    assert (await rig.ask(f"{PATH}?metrics={ACTIVE}&metrics=nope")).status == 400


async def test_seven_days_exactly_are_allowed(rig: Rig) -> None:
    document = await rig.get(PATH, mode="SERIES", start_epoch_millis=millis(START - 7 * 86400), end_epoch_millis=millis(START))
    assert document["step_seconds"] == 1800
    assert len(document["metric_values"]) == 337


@pytest.mark.parametrize(("window", "step"), [(300, 30), (1200, 30), (10_800, 30), (21_600, 60), (86_400, 300), (7 * 86_400, 1800)])
def test_step_gives_at_most_about_360_points(window: int, step: int) -> None:
    assert step_seconds(window) == step


def test_lag_is_between_one_and_three_minutes_and_differs() -> None:
    lags = {lag_seconds(f"deployment{number}") for number in range(200)}
    assert min(lags) >= 60
    assert max(lags) <= 180
    assert len(lags) > 50


def test_counter_resets_do_not_take_away() -> None:
    window = HistoryWindow((0.0, 30.0, 60.0, 90.0), {}, {"c": {"": (10.0, 14.0, 3.0, 5.0)}}, {})
    steps = Steps(np.array([0.0]), np.array([90.0]), 1000.0)
    assert counter_increase(window, "c", steps)[""].tolist() == [9.0]


def test_quantiles_as_prometheus_computes_them() -> None:
    counts = np.array([10.0, 20.0, 0.0, 10.0])
    assert quantile((1.0, 2.0, 4.0), counts, 0.25) == 1.0
    assert quantile((1.0, 2.0, 4.0), counts, 0.5) == 1.5
    assert quantile((1.0, 2.0, 4.0), counts, 0.99) == 4.0
    assert quantile((1.0,), np.zeros(2), 0.5) is None


def test_adding_histograms_with_other_bounds_keeps_every_observation() -> None:
    first = Buckets((1.0, 2.0), np.array([[4.0, 0.0, 1.0]]), np.array([5.0]))
    second = Buckets((2.0, 4.0), np.array([[8.0, 2.0, 0.0]]), np.array([20.0]))
    total = add_buckets([first, second])
    assert total.bounds == (1.0, 2.0, 4.0)
    assert total.counts.tolist() == [[8.0, 4.0, 2.0, 1.0]]
    assert total.totals.tolist() == [25.0]
