"""How long data live without a success, and when a poller counts as stuck."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

from serving_exporter.clock import Clock
from serving_exporter.platforms.contract import Poll, Unavailable

GOOD = Poll(items=412)


async def test_data_are_forgotten_at_their_maximum_age_and_come_back(make_bench: Any) -> None:
    clock = Clock(epoch=0.0)
    async with make_bench(clock, GOOD, *[Unavailable("down")] * 12, GOOD, max_age=120.0).running() as bench:
        await clock.sleep(119)
        assert await bench.metric("samples") == 412
        assert not bench.poller.state.expired
        await clock.sleep(2)
        assert bench.source.expired == pytest.approx([120], abs=0.1)
        assert await bench.metric("samples") == 0
        assert bench.poller.state.expired
        assert bench.changes[-1] == pytest.approx(120, abs=0.1)
        await clock.sleep(1000)
        assert len(bench.source.expired) == 1, "once"
        assert await bench.metric("samples") == 412
        assert await bench.metric("up") == 1
        assert not bench.poller.state.expired


async def test_data_are_forgotten_while_a_poll_hangs_and_the_poll_is_cut_off(make_bench: Any) -> None:
    clock = Clock(epoch=0.0)

    async def hang() -> Poll:
        await asyncio.Event().wait()
        raise AssertionError

    async with make_bench(clock, GOOD, hang, max_age=120.0, time_limit=200.0).running() as bench:
        await clock.sleep(125)
        assert bench.source.expired == pytest.approx([120], abs=0.1)
        assert bench.poller.state.polling
        assert bench.poller.state.alive
        await clock.sleep(110)
        assert bench.source.ended[1] == pytest.approx(230, abs=0.1)
        assert "did not end within 3.33 min" in str(bench.poller.state.last_error)
        assert await bench.metric("up") == 0
        assert await bench.metric("polls_total", outcome="failure") == 1


async def test_never_having_succeeded_is_nothing_to_forget(make_bench: Any) -> None:
    clock = Clock(epoch=0.0)
    async with make_bench(clock, Unavailable("down"), max_age=60.0).running() as bench:
        await clock.sleep(600)
        assert not bench.source.expired
        assert not bench.poller.state.settled


async def test_a_poller_that_does_not_turn_is_not_alive(make_bench: Any) -> None:
    clock = Clock(epoch=0.0)

    async def ignore_everything() -> Poll:
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await clock.sleep(10_000)
                return GOOD

    async with make_bench(clock, ignore_everything, GOOD, max_age=100.0).running() as bench:
        for _ in range(13):
            await clock.sleep(10)
            assert bench.poller.state.alive is (clock.monotonic() <= 130)
        await clock.sleep(1)
        assert not bench.poller.state.alive
        await clock.sleep(10_000)
        assert bench.poller.state.alive, "it turns again"


async def test_a_poller_that_was_never_started_is_not_alive_for_long(make_bench: Any) -> None:
    clock = Clock(epoch=0.0)
    bench = make_bench(clock, GOOD)
    assert bench.poller.state.alive
    await clock.sleep(31)
    assert not bench.poller.state.alive


async def test_a_long_interval_is_not_death(make_bench: Any) -> None:
    clock = Clock(epoch=0.0)
    async with make_bench(clock, GOOD, interval=21600.0, max_age=64800.0).running() as bench:
        for _ in range(20):
            await clock.sleep(3000)
            assert bench.poller.state.alive
