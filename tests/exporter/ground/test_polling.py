"""Pollers: cadence, back-off, freshness, liveness, and what is said once."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from serving_exporter.clock import Clock
from serving_exporter.platforms.contract import Malformed, NotOffered, NotPermitted, Poll, SourceError, Throttled, Unavailable
from serving_exporter.polling import Poller
from serving_exporter.retries import retry_delay
from serving_exporter.telemetry import Telemetry

Step = Poll | Exception | None | Callable[[], Awaitable[Poll | None]]


class Scripted:
    """A source that ends each poll as its script says, and the last step for ever."""

    name = "feed"
    blind_without = "load"

    def __init__(self, clock: Clock, *script: Step) -> None:
        self.clock = clock
        self.script = list(script)
        self.started: list[float] = []
        self.ended: list[float] = []
        self.expired: list[float] = []
        self.held = 0

    async def poll(self) -> Poll | None:
        self.started.append(self.clock.monotonic())
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        try:
            result = await step() if callable(step) else step
        finally:
            self.ended.append(self.clock.monotonic())
        if isinstance(result, Exception):
            raise result
        if result is not None:
            self.held = result.items
        return result

    def samples(self) -> int:
        return self.held

    def expire(self) -> None:
        self.held = 0
        self.expired.append(self.clock.monotonic())


GOOD = Poll(items=412)


class Bench:
    """One running poller and everything that it told others."""

    def __init__(self, clock: Clock, *script: Step, **options: Any) -> None:
        self.clock = clock
        self.source = Scripted(clock, *script)
        self.telemetry = Telemetry()
        self.changes: list[float] = []
        settings: dict[str, Any] = {"interval": 30.0, "max_age": 300.0} | options
        self.poller = Poller(
            self.source,
            workspace="default",
            clock=clock,
            telemetry=self.telemetry,
            on_change=lambda: self.changes.append(clock.monotonic()),
            **settings,
        )

    async def metric(self, name: str, **labels: str) -> float | None:
        text = (await self.telemetry.render())[0].decode()
        wanted = ",".join(f'{key}="{value}"' for key, value in sorted({"source": "feed", "workspace": "default", **labels}.items()))
        for line in text.splitlines():
            if line.startswith(f"serving_exporter_source_{name}{{{wanted}}} "):
                return float(line.rpartition(" ")[2])
        return None

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Bench]:
        task = asyncio.create_task(self.poller.run())
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_a_steady_source_keeps_its_cadence_whatever_a_poll_takes() -> None:
    clock = Clock(epoch=1000.0)

    async def slow() -> Poll:
        await clock.sleep(7)
        return GOOD

    async with Bench(clock, slow).running() as bench:
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


async def test_a_source_may_ask_for_another_time() -> None:
    clock = Clock(epoch=0.0)
    async with Bench(clock, Poll(items=1, next_in=12.5, data_timestamp=77.0), GOOD).running() as bench:
        await clock.sleep(20)
        assert bench.source.started == pytest.approx([0, 12.5])
        assert await bench.metric("data_timestamp_seconds") == 77


async def test_a_source_that_asks_for_now_does_not_spin() -> None:
    clock = Clock(epoch=0.0)
    async with Bench(clock, Poll(items=1, next_in=0.0)).running() as bench:
        await clock.sleep(10.5)
        assert len(bench.source.started) == 11


async def test_polls_in_which_nothing_was_due_are_not_counted_and_keep_the_data_fresh() -> None:
    clock = Clock(epoch=0.0)
    async with Bench(clock, GOOD, None, max_age=100.0).running() as bench:
        await clock.sleep(1000)
        assert len(bench.source.started) == 34
        assert await bench.metric("polls_total", outcome="success") == 1
        assert not bench.source.expired
        assert len(bench.changes) == 1
        assert bench.poller.state.condition == "up"


async def test_nothing_due_does_not_hide_a_failure() -> None:
    clock = Clock(epoch=0.0)
    async with Bench(clock, GOOD, Unavailable("down"), None, max_age=100.0).running() as bench:
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
async def test_each_failure_shows_at_once_and_is_counted(error: Any, outcome: str, supported: int) -> None:
    clock = Clock(epoch=0.0)

    async def fail() -> Poll:
        raise error

    async with Bench(clock, GOOD, fail).running() as bench:
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


async def test_a_failure_is_retried_ever_more_slowly_and_a_success_starts_afresh() -> None:
    clock = Clock(epoch=0.0)
    failures = [Unavailable("down")] * 9
    async with Bench(clock, *failures, GOOD, Unavailable("down"), max_age=3600.0).running() as bench:
        await clock.sleep(700)
        starts = bench.source.started
        gaps = [later - earlier for earlier, later in zip(starts, starts[1:], strict=False)]
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
async def test_when_each_failure_is_tried_again(error: Exception, interval: float, least: float, most: float) -> None:
    clock = Clock(epoch=0.0)
    async with Bench(clock, error, GOOD, interval=interval).running() as bench:
        await clock.sleep(most + 1)
        assert least <= bench.source.started[1] <= most


def test_no_retry_is_later_than_the_interval_or_a_minute() -> None:

    rng = random.Random(1)  # noqa: S311
    assert max(retry_delay(Unavailable(""), failures, 30, rng) for failures in range(1, 50)) <= 66
    assert 94 <= retry_delay(Unavailable(""), 50, 21600, rng) <= 116


async def test_wake_polls_now_and_again_after_a_running_poll() -> None:
    clock = Clock(epoch=0.0)

    async def slow() -> Poll:
        await clock.sleep(10)
        return GOOD

    async with Bench(clock, NotPermitted("403"), slow).running() as bench:
        await clock.sleep(100)
        bench.poller.wake()
        await clock.sleep(5)
        assert bench.source.started == pytest.approx([0, 100])
        bench.poller.wake()
        await clock.sleep(10)
        assert bench.source.started == pytest.approx([0, 100, 110])
        assert await bench.metric("supported") == 1


async def test_the_first_poll_can_wait_its_turn() -> None:
    clock = Clock(epoch=0.0)
    async with Bench(clock, GOOD, first_delay=17.0).running() as bench:
        await clock.sleep(10)
        state = bench.poller.state
        assert (state.condition, state.up, state.settled, state.polling) == ("waiting", False, False, False)
        assert state.next_poll == pytest.approx(17)
        assert await bench.metric("up") == 0
        assert await bench.metric("last_success_timestamp_seconds") is None
        await clock.sleep(8)
        assert bench.source.started == pytest.approx([17])


async def test_data_are_forgotten_at_their_maximum_age_and_come_back() -> None:
    clock = Clock(epoch=0.0)
    async with Bench(clock, GOOD, *[Unavailable("down")] * 12, GOOD, max_age=120.0).running() as bench:
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


async def test_data_are_forgotten_while_a_poll_hangs_and_the_poll_is_cut_off() -> None:
    clock = Clock(epoch=0.0)

    async def hang() -> Poll:
        await asyncio.Event().wait()
        raise AssertionError

    async with Bench(clock, GOOD, hang, max_age=120.0, time_limit=200.0).running() as bench:
        await clock.sleep(125)
        assert bench.source.expired == pytest.approx([120], abs=0.1)
        assert bench.poller.state.polling
        assert bench.poller.state.alive
        await clock.sleep(110)
        assert bench.source.ended[1] == pytest.approx(230, abs=0.1)
        assert "did not end within 3.33 min" in str(bench.poller.state.last_error)
        assert await bench.metric("up") == 0
        assert await bench.metric("polls_total", outcome="failure") == 1


async def test_never_having_succeeded_is_nothing_to_forget() -> None:
    clock = Clock(epoch=0.0)
    async with Bench(clock, Unavailable("down"), max_age=60.0).running() as bench:
        await clock.sleep(600)
        assert not bench.source.expired
        assert not bench.poller.state.settled


async def test_a_poller_that_does_not_turn_is_not_alive() -> None:
    clock = Clock(epoch=0.0)

    async def ignore_everything() -> Poll:
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await clock.sleep(10_000)
                return GOOD

    async with Bench(clock, ignore_everything, max_age=100.0).running() as bench:
        for _ in range(13):
            await clock.sleep(10)
            assert bench.poller.state.alive is (clock.monotonic() <= 130)
        await clock.sleep(1)
        assert not bench.poller.state.alive
        await clock.sleep(11_000)


async def test_a_poller_that_was_never_started_is_not_alive_for_long() -> None:
    clock = Clock(epoch=0.0)
    bench = Bench(clock, GOOD)
    assert bench.poller.state.alive
    await clock.sleep(31)
    assert not bench.poller.state.alive


async def test_a_long_interval_is_not_death() -> None:
    clock = Clock(epoch=0.0)
    async with Bench(clock, GOOD, interval=21600.0, max_age=64800.0).running() as bench:
        for _ in range(20):
            await clock.sleep(3000)
            assert bench.poller.state.alive


async def test_the_first_failure_and_the_recovery_are_said_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    clock = Clock(epoch=0.0)

    async def first() -> Poll:
        await clock.sleep(1.2)
        return GOOD

    async with Bench(
        clock, first, GOOD, Unavailable("GET /metrics: 503"), Malformed("HTML"), Throttled("429", retry_after=5), GOOD
    ).running():
        await clock.sleep(400)
    messages = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert len(messages) == 3, messages
    assert messages[0] == ("INFO", "feed: first success after 1.2 s, 412 samples")
    level, failure = messages[1]
    assert level == "WARNING"
    assert failure.startswith("feed: GET /metrics: 503; next try in ")
    assert messages[2][1].startswith("feed: recovered after 3 failures in ")
    assert {(record.workspace, record.source) for record in caplog.records} == {("default", "feed")}  # type: ignore[attr-defined]


async def test_not_permitted_is_said_once_however_often_it_is_tried(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock(epoch=0.0)
    async with Bench(clock, Unavailable("503"), NotPermitted("the key may not read /v1/models")).running() as bench:
        await clock.sleep(6 * 3600)
        assert 30 <= len(bench.source.started) <= 45
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == 2, messages
    assert "503" in messages[0]
    assert "the key may not read /v1/models" in messages[1]


async def test_an_unexpected_error_is_logged_once_with_its_traceback_and_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock(epoch=0.0)
    async with Bench(clock, KeyError("model_id"), KeyError("model_id"), KeyError("model_id"), GOOD).running() as bench:
        await clock.sleep(100)
        assert bench.poller.state.up
    records = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(records) == 1
    assert records[0].exc_info is not None
    assert "unexpected KeyError: 'model_id'" in records[0].getMessage()


async def test_a_source_that_cannot_forget_is_said_and_ends_nothing(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(epoch=0.0)
    bench = Bench(clock, GOOD, *[Unavailable("x")] * 12, GOOD, max_age=60.0)

    def broken() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(bench.source, "expire", broken)
    async with bench.running():
        await clock.sleep(1000)
        assert bench.poller.state.up
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR] == ["feed: cannot forget its records"]


async def test_failing_parts_are_counted_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    clock = Clock(epoch=0.0)
    partial = Poll(items=2, problems={"m1": Unavailable("503"), "m2": Malformed("no JSON")})
    async with Bench(clock, GOOD, partial, partial, GOOD).running() as bench:
        await clock.sleep(65)
        assert await bench.metric("failing_parts") == 2
        assert await bench.metric("up") == 1, "the source as a whole works"
        assert dict(bench.poller.state.problems) == {"m1": "503", "m2": "no JSON"}
        await clock.sleep(60)
        assert await bench.metric("failing_parts") == 0
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == 3
    assert messages[1] == "feed: 2 parts failed, their last values stay for now (m1: 503; m2: no JSON)"
    assert messages[2] == "feed: all parts work again"


async def test_the_state_is_a_view_that_nobody_can_change() -> None:
    clock = Clock(epoch=0.0)
    async with Bench(clock, Poll(items=1, problems={"m": Unavailable("x")})).running() as bench:
        await clock.sleep(1)
        state = bench.poller.state
        with pytest.raises(FrozenInstanceError):
            state.up = False  # type: ignore[misc]
        with pytest.raises(TypeError):
            state.problems["m"] = "y"  # type: ignore[index]


async def test_speed_compresses_cadence_and_ages() -> None:
    clock = Clock(speed=60.0, epoch=0.0)
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with Bench(clock, GOOD, *[GOOD] * 9, Unavailable("down"), max_age=600.0).running() as bench:
        await clock.sleep(299)
        assert len(bench.source.started) == 10
        assert loop.time() - started == pytest.approx(299 / 60, abs=0.1)
        await clock.sleep(700)
        assert bench.source.expired == pytest.approx([870], abs=1)


async def test_a_hanging_source_leaves_the_others_alone() -> None:
    clock = Clock(epoch=0.0)

    async def hang() -> Poll:
        await asyncio.Event().wait()
        raise AssertionError

    async with Bench(clock, hang).running(), Bench(clock, GOOD).running() as healthy:
        await clock.sleep(300)
        assert len(healthy.source.started) == 10


async def test_tasks_have_names_and_end_when_cancelled() -> None:
    clock = Clock(epoch=0.0)
    async with Bench(clock, GOOD).running():
        await clock.sleep(1)
        names = {task.get_name() for task in asyncio.all_tasks()}
        assert {"poll default/feed", "expire default/feed"} <= names
    assert not {task.get_name() for task in asyncio.all_tasks()} & {"poll default/feed", "expire default/feed"}
