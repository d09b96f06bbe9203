"""Pollers: cadence, retries, what a failure shows, and that one source leaves the others alone."""

from __future__ import annotations

import asyncio
import itertools
import random
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from serving_exporter.clock import Clock
from serving_exporter.platforms.contract import Malformed, NotOffered, NotPermitted, Poll, SourceError, Throttled, Unavailable
from serving_exporter.retries import retry_delay

GOOD = Poll(items=412)


async def test_a_steady_source_keeps_its_cadence_whatever_a_poll_takes(make_bench: Any) -> None:
    clock = Clock(epoch=1000.0)

    async def slow() -> Poll:
        await clock.sleep(7)
        return GOOD

    async with make_bench(clock, slow).running() as bench:
        await clock.sleep(125)
        assert bench.source.started == pytest.approx([0, 30, 60, 90, 120])
        assert await bench.metric("up") == 1
        assert await bench.metric("samples") == 412
        assert await bench.metric("polls_total", outcome="success") == 4
        assert await bench.metric("interval_seconds") == pytest.approx(23)
        assert await bench.metric("last_success_timestamp_seconds") == pytest.approx(1097)
        assert await bench.metric("poll_duration_seconds_sum") == pytest.approx(28)
        assert len(bench.changes) == 4
        assert not bench.source.expired


async def test_a_source_may_ask_for_another_time(make_bench: Any) -> None:
    clock = Clock(epoch=0.0)
    async with make_bench(clock, Poll(items=1, next_in=12.5, data_timestamp=77.0), GOOD).running() as bench:
        await clock.sleep(20)
        assert bench.source.started == pytest.approx([0, 12.5])
        assert await bench.metric("data_timestamp_seconds") == 77


async def test_a_source_that_asks_for_now_does_not_spin(make_bench: Any) -> None:
    clock = Clock(epoch=0.0)
    async with make_bench(clock, Poll(items=1, next_in=0.0)).running() as bench:
        await clock.sleep(10.5)
        assert len(bench.source.started) == 11


async def test_polls_in_which_nothing_was_due_are_not_counted_and_keep_the_data_fresh(make_bench: Any) -> None:
    clock = Clock(epoch=0.0)
    async with make_bench(clock, GOOD, None, max_age=100.0).running() as bench:
        await clock.sleep(1000)
        assert len(bench.source.started) == 34
        assert await bench.metric("polls_total", outcome="success") == 1
        assert not bench.source.expired
        assert len(bench.changes) == 1
        assert bench.poller.state.condition == "up"


async def test_nothing_due_does_not_hide_a_failure(make_bench: Any) -> None:
    clock = Clock(epoch=0.0)
    async with make_bench(clock, GOOD, Unavailable("down"), None, max_age=100.0).running() as bench:
        await clock.sleep(300)
        assert await bench.metric("up") == 0
        assert bench.poller.state.condition == "failing"
        assert bench.source.expired == pytest.approx([100], abs=0.1)


@pytest.mark.parametrize(
    ("error", "outcome", "supported"),
    [
        (Unavailable("503"), "failure", 1),
        (Malformed("HTML"), "failure", 1),
        (SourceError("odd"), "failure", 1),
        (Throttled("429"), "throttled", 1),
        (NotPermitted("403"), "not_permitted", 0),
        (NotOffered("404"), "not_offered", 0),
        (KeyError("bug"), "failure", 1),
        (TimeoutError(), "failure", 1),
        (asyncio.CancelledError(), "failure", 1),
    ],
)
async def test_each_failure_shows_at_once_and_is_counted(make_bench: Any, error: Any, outcome: str, supported: int) -> None:
    clock = Clock(epoch=0.0)

    async def fail() -> Poll:
        raise error

    async with make_bench(clock, GOOD, fail).running() as bench:
        await clock.sleep(31)
        assert await bench.metric("up") == 0
        assert await bench.metric("supported") == supported
        assert await bench.metric("polls_total", outcome=outcome) == 1
        assert await bench.metric("samples") == 412, "the last values stay for now"
        assert len(bench.changes) == 2
        state = bench.poller.state
        assert not state.up
        assert state.settled
        assert state.condition == {"not_permitted": "not permitted", "not_offered": "not offered"}.get(outcome, "failing")


async def test_a_failure_is_retried_ever_more_slowly_and_a_success_starts_afresh(make_bench: Any) -> None:
    clock = Clock(epoch=0.0)
    failures = [Unavailable("down")] * 9
    async with make_bench(clock, *failures, GOOD, Unavailable("down"), max_age=3600.0).running() as bench:
        await clock.sleep(700)
        starts = bench.source.started
        gaps = [later - earlier for earlier, later in itertools.pairwise(starts)]
        for gap, expected in zip(gaps, [5, 10, 15, 25, 40, 60, 60, 60, 60, 30, 5, 10, 15], strict=False):
            assert 0.9 * expected - 0.01 <= gap <= 1.1 * expected + 0.01
        assert await bench.metric("interval_seconds") == pytest.approx(bench.poller.state.next_poll - starts[-1], abs=0.1)


@pytest.mark.parametrize(
    ("error", "interval", "least", "most"),
    [
        (Throttled("429", retry_after=37), 30, 37, 40.7),
        (Throttled("429", retry_after=0), 30, 1, 1.1),
        (Throttled("429"), 30, 60, 66),
        (Throttled("429", retry_after=-3), 30, 60, 66),
        (Throttled("429", retry_after=float("nan")), 30, 60, 66),
        (Throttled("429", retry_after=1e9), 30, 3600, 3960),
        (NotPermitted("403"), 30, 540, 660),
        (NotOffered("404"), 30, 3240, 3960),
        (Unavailable("503"), 2, 1.8, 2.2),
        (Unavailable("503"), 21600, 4.5, 5.5),
    ],
)
async def test_when_each_failure_is_tried_again(make_bench: Any, error: Exception, interval: float, least: float, most: float) -> None:
    clock = Clock(epoch=0.0)
    async with make_bench(clock, error, GOOD, interval=interval).running() as bench:
        await clock.sleep(most + 1)
        assert least <= bench.source.started[1] <= most


def test_no_retry_is_later_than_the_interval_or_a_minute() -> None:

    rng = random.Random(1)  # noqa: S311
    assert max(retry_delay(Unavailable(""), failures, 30, rng) for failures in range(1, 50)) <= 66
    assert 94 <= retry_delay(Unavailable(""), 50, 21600, rng) <= 116


async def test_wake_polls_now_and_again_after_a_running_poll(make_bench: Any) -> None:
    clock = Clock(epoch=0.0)

    async def slow() -> Poll:
        await clock.sleep(10)
        return GOOD

    async with make_bench(clock, NotPermitted("403"), slow).running() as bench:
        await clock.sleep(100)
        bench.poller.wake()
        await clock.sleep(5)
        assert bench.source.started == pytest.approx([0, 100])
        bench.poller.wake()
        await clock.sleep(10)
        assert bench.source.started == pytest.approx([0, 100, 110])
        assert await bench.metric("supported") == 1


async def test_the_first_poll_can_wait_its_turn(make_bench: Any) -> None:
    clock = Clock(epoch=0.0)
    async with make_bench(clock, GOOD, first_delay=17.0).running() as bench:
        await clock.sleep(10)
        state = bench.poller.state
        assert (state.condition, state.up, state.settled, state.polling) == ("waiting", False, False, False)
        assert state.next_poll == pytest.approx(17)
        assert await bench.metric("up") == 0
        assert await bench.metric("last_success_timestamp_seconds") is None
        await clock.sleep(8)
        assert bench.source.started == pytest.approx([17])


async def test_the_state_is_a_view_that_nobody_can_change(make_bench: Any) -> None:
    clock = Clock(epoch=0.0)
    async with make_bench(clock, Poll(items=1, problems={"m": Unavailable("x")})).running() as bench:
        await clock.sleep(1)
        state = bench.poller.state
        with pytest.raises(FrozenInstanceError):
            state.up = False  # type: ignore[misc]
        with pytest.raises(TypeError):
            state.problems["m"] = "y"  # type: ignore[index]


async def test_speed_compresses_cadence_and_ages(make_bench: Any) -> None:
    clock = Clock(speed=60.0, epoch=0.0)
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with make_bench(clock, GOOD, *[GOOD] * 9, Unavailable("down"), max_age=600.0).running() as bench:
        await clock.sleep(299)
        assert len(bench.source.started) == 10
        assert loop.time() - started == pytest.approx(299 / 60, abs=0.1)
        await clock.sleep(700)
        assert bench.source.expired == pytest.approx([870], abs=1)


async def test_a_hanging_source_leaves_the_others_alone(make_bench: Any) -> None:
    clock = Clock(epoch=0.0)

    async def hang() -> Poll:
        await asyncio.Event().wait()
        raise AssertionError

    async with make_bench(clock, hang).running(), make_bench(clock, GOOD).running() as healthy:
        await clock.sleep(300)
        assert len(healthy.source.started) == 10


async def test_tasks_have_names_and_end_when_cancelled(make_bench: Any) -> None:
    clock = Clock(epoch=0.0)
    async with make_bench(clock, GOOD).running():
        await clock.sleep(1)
        names = {task.get_name() for task in asyncio.all_tasks()}
        assert {"poll default/feed", "expire default/feed"} <= names
    assert not {task.get_name() for task in asyncio.all_tasks()} & {"poll default/feed", "expire default/feed"}
