"""The loop alone: documented numbers of the platform, and the limits that follow from them."""

from __future__ import annotations

import numpy as np
import pytest

from serving_simulator.engine.autoscaler import Autoscaler, Bounds, SlidingMaximum
from serving_simulator.fleet.switches import Switches


class Loop:
    """One deployment whose replicas follow at once."""

    def __init__(
        self,
        *,
        start: int,
        least: int = 0,
        most: int = 100,
        per: float = 7.0,
        window: int = 60,
        delay: int = 900,
        rate: int = 50,
        **switches: object,
    ) -> None:
        def whole(value: int) -> np.ndarray:
            return np.array([value], np.int64)

        bounds = Bounds(whole(least), whole(most), np.array([per]), whole(window), whole(delay), whole(rate))
        self.autoscaler = Autoscaler(bounds, Switches(**switches), whole(start))
        self.ready = whole(start)
        self.at = 0

    def run(self, seconds: int, load: float) -> list[tuple[int, int]]:
        """Changes of the desired count as (seconds since the beginning, count)."""
        changes = []
        for _ in range(seconds // 2):
            self.at += 2
            desired = self.autoscaler.tick(np.array([2.0 * load]), self.ready, np.array([True]), np.array([load > 0]))
            if desired[0] != self.ready[0]:
                self.ready = desired.copy()
                changes.append((self.at, int(desired[0])))
        return changes


def test_documented_formula_25_in_flight_at_7_a_replica_wants_4() -> None:
    loop = Loop(start=1)
    changes = loop.run(120, 25.0)
    assert int(loop.ready[0]) == 4
    assert changes[0][0] <= 2, "the whole difference is asked for at the next decision"


def test_scale_up_waits_for_the_window_to_fill() -> None:
    loop = Loop(start=1, least=1)
    loop.run(600, 1.0)
    before = loop.at
    changes = loop.run(120, 29.0)
    # 7 in flight on average is crossed when 6/28 of the window is full.
    assert changes[0] == (before + 14, 2)
    assert changes[-1][1] == 5


@pytest.mark.parametrize(
    ("start", "rate", "expected"),
    [
        (10, 50, [5, 2, 1, 0]),
        (8, 50, [4, 2, 1, 0]),
        (20, 50, [10, 5, 2, 1, 0]),
        (100, 50, [50, 25, 12, 6, 3, 1, 0]),
        (10, 20, [8, 6, 4, 3, 2, 1, 0]),
        (10, 10, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]),
    ],
)
def test_documented_staircase_with_a_whole_delay_between_steps(start: int, rate: int, expected: list[int]) -> None:
    loop = Loop(start=start, rate=rate, delay=900)
    changes = loop.run(900 * (len(expected) + 2), 0.0)
    assert [count for _, count in changes] == expected
    gaps = np.diff([0, *(at for at, _ in changes)])
    assert (gaps >= 900).all()
    assert (gaps <= 904).all()


def test_steps_to_zero_from_a_hundred_at_20_percent() -> None:
    assert len(Loop(start=100, rate=20, delay=60).run(3000, 0.0)) == 17


def test_scale_down_stops_at_the_minimum() -> None:
    assert [count for _, count in Loop(start=8, least=2, delay=60).run(1200, 0.0)] == [4, 2]


def test_the_surplus_switch_halves_what_is_above_the_minimum() -> None:
    changes = Loop(start=10, least=2, delay=60, step_of="surplus").run(1200, 0.0)
    assert [count for _, count in changes] == [6, 4, 3, 2]


def test_load_that_returns_inside_the_delay_changes_nothing() -> None:
    loop = Loop(start=4, delay=300)
    loop.run(300, 25.0)
    assert loop.run(200, 1.0) == []
    assert loop.run(120, 25.0) == []
    assert int(loop.ready[0]) == 4


@pytest.mark.parametrize("delay", [60, 300, 600])
def test_no_cycle_is_shorter_than_the_delay(delay: int) -> None:
    loop = Loop(start=1, least=1, window=30, delay=delay)
    rng = np.random.default_rng(3)
    ups, downs = [], []
    size = int(loop.ready[0])
    for _ in range(60):
        # Pauses from much shorter to somewhat longer than the delay.
        for seconds, load in ((40, 30.0), (2 * int(rng.integers(5, delay)), 0.0)):
            for at, count in loop.run(seconds, load):
                (ups if count > size else downs).append(at)
                size = count
    assert len(downs) > 3
    assert all(min((down - up for up in ups if up < down), default=delay) >= delay - 2 for down in downs)


def test_panic_mode_answers_a_flood_that_the_long_window_does_not_see_yet() -> None:
    calm, panic = Loop(start=2, window=600, least=1), Loop(start=2, window=600, least=1, panic_mode=True)
    for loop in (calm, panic):
        loop.run(600, 7.0)
        loop.run(30, 70.0)
    assert int(calm.ready[0]) == 2
    assert int(panic.ready[0]) >= 6


def test_the_scale_up_ratio_bounds_one_decision() -> None:
    loop = Loop(start=2, scale_up_ratio=2.0)
    assert [count for _, count in loop.run(10, 70.0)] == [4, 8, 10]


def test_sliding_maximum_equals_the_naive_one() -> None:
    rng = np.random.default_rng(1)
    widths = np.array([1, 2, 3, 7, 30, 450])
    sliding = SlidingMaximum(widths, np.full(6, 5))
    values = rng.integers(0, 1000, (2000, 6))
    for index, row in enumerate(values):
        got = sliding.push(row)
        for column, width in enumerate(widths):
            past = values[max(0, index - width + 1) : index + 1, column]
            expected = max(int(past.max()), 5 if index + 1 < width else 0)
            assert got[column] == expected


def test_new_settings_keep_the_present_size_for_a_whole_delay() -> None:
    loop = Loop(start=8, delay=900)
    loop.run(600, 50.0)
    loop.autoscaler.bounds.delay[0] = 300
    loop.autoscaler.reset(0, 8)
    before = loop.at
    changes = loop.run(700, 0.0)
    assert changes[0][0] - before in range(298, 363)
    assert changes[0][1] < 8
