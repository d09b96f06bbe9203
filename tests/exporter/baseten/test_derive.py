"""The documented formula and the history of load that it averages."""

from __future__ import annotations

import math

import pytest

from serving_exporter.derive import AutoscalerSettings, Load, LoadHistory, desired_replicas

SETTINGS = AutoscalerSettings(min_replicas=0, max_replicas=10, concurrency_target=10, target_utilization=0.7, window=60)


@pytest.mark.parametrize(
    ("in_flight", "expected"),
    [
        (25, 4),
        (7, 1),
        (7.0001, 2),
        (14, 2),
        (21, 3),
        (0, 0),
        (0.1, 1),
        (69, 10),
        (700, 10),
        (math.inf, None),
        (math.nan, None),
        (None, None),
    ],
)
def test_the_formula(in_flight: float | None, expected: int | None) -> None:
    assert desired_replicas(SETTINGS, in_flight=in_flight, tokens=None) == expected


@pytest.mark.parametrize("target", range(1, 60))
def test_a_load_that_fits_exactly_asks_for_no_replica_more(target: int) -> None:
    for percent in (70, 35, 90, 10, 100, 33):
        settings = AutoscalerSettings(0, 10_000, target, percent / 100, 60)
        for replicas in range(1, 40):
            load = target * percent * replicas / 100
            assert desired_replicas(settings, in_flight=load, tokens=None) == replicas


def test_bounds() -> None:
    settings = AutoscalerSettings(min_replicas=2, max_replicas=3, concurrency_target=1, target_utilization=1.0)
    assert [desired_replicas(settings, in_flight=load, tokens=None) for load in (0, 2, 3, 9)] == [2, 2, 3, 3]


@pytest.mark.parametrize("missing", ["min_replicas", "max_replicas", "concurrency_target"])
def test_a_setting_that_is_not_known_gives_no_value(missing: str) -> None:
    values = {"min_replicas": 1, "max_replicas": 5, "concurrency_target": 10, "target_utilization": 0.7, missing: None}
    assert desired_replicas(AutoscalerSettings(**values), in_flight=5, tokens=None) is None


def test_a_null_utilization_is_the_platforms_default() -> None:
    settings = AutoscalerSettings(0, 10, 10, None, None)
    assert desired_replicas(settings, in_flight=25, tokens=None) == 4


def test_a_target_of_zero_gives_no_value() -> None:
    assert desired_replicas(AutoscalerSettings(0, 10, 0, 0.7, 60), in_flight=25, tokens=None) is None
    assert desired_replicas(AutoscalerSettings(0, 10, 10, 0.0, 60), in_flight=25, tokens=None) is None


def test_tokens_replace_requests() -> None:
    settings = AutoscalerSettings(1, 10, 1, 0.7, 60, target_in_flight_tokens=50_000)
    assert desired_replicas(settings, in_flight=500, tokens=120_000) == 3
    assert desired_replicas(settings, in_flight=500, tokens=0) == 1
    assert desired_replicas(settings, in_flight=500, tokens=None) is None


def test_the_window_is_the_deployments_own() -> None:
    history: LoadHistory[str] = LoadHistory()
    for number, load in enumerate((10, 20, 30, 40)):
        history.record(number * 30.0, {"d": Load(load)})
    assert history.average("d", 60) == 35
    assert history.average("d", 61) == 30
    assert history.average("d", 3600) == 25
    assert history.average("d", 10) == 40
    assert history.desired({"d": SETTINGS, "other": SETTINGS}) == {"d": 5}


def test_no_load_now_is_no_average() -> None:
    history: LoadHistory[str] = LoadHistory()
    history.record(0.0, {"d": Load(10)})
    history.record(30.0, {})
    assert history.average("d", 60) is None
    assert history.desired({"d": SETTINGS}) == {}
    history.record(60.0, {"d": Load(30)})
    assert history.average("d", 90) == 20


def test_memory_is_an_hour() -> None:
    history: LoadHistory[int] = LoadHistory()
    for number in range(1000):
        history.record(number * 30.0, {number: Load(1.0), -1: Load(1.0)})
    assert len(history._samples) == 121
    assert len(history._samples[-1]) == 120
