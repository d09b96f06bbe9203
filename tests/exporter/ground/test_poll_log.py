"""What a poller says: each edge once, and mistakes of the program with their traceback."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from serving_exporter.clock import Clock
from serving_exporter.platforms.contract import Malformed, NotPermitted, Poll, Throttled, Unavailable

GOOD = Poll(items=412)


async def test_the_first_failure_and_the_recovery_are_said_once(make_bench: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    clock = Clock(epoch=0.0)

    async def first() -> Poll:
        await clock.sleep(1.2)
        return GOOD

    async with make_bench(
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


async def test_not_permitted_is_said_once_however_often_it_is_tried(make_bench: Any, caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock(epoch=0.0)
    async with make_bench(clock, Unavailable("503"), NotPermitted("the key may not read /v1/models")).running() as bench:
        await clock.sleep(6 * 3600)
        assert 30 <= len(bench.source.started) <= 45
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == 2, messages
    assert "503" in messages[0]
    assert "the key may not read /v1/models" in messages[1]


async def test_an_unexpected_error_is_logged_once_with_its_traceback_and_ends_nothing(
    make_bench: Any, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock(epoch=0.0)
    async with make_bench(clock, KeyError("model_id"), KeyError("model_id"), KeyError("model_id"), GOOD).running() as bench:
        await clock.sleep(100)
        assert bench.poller.state.up
    records = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(records) == 1
    assert records[0].exc_info is not None
    assert "unexpected KeyError: 'model_id'" in records[0].getMessage()


async def test_a_source_that_cannot_forget_is_said_and_ends_nothing(
    make_bench: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(epoch=0.0)
    bench = make_bench(clock, GOOD, *[Unavailable("x")] * 12, GOOD, max_age=60.0)

    def broken() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(bench.source, "expire", broken)
    async with bench.running():
        await clock.sleep(1000)
        assert bench.poller.state.up
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR] == ["feed: cannot forget its records"]


async def test_failing_parts_are_counted_and_said_once(make_bench: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    clock = Clock(epoch=0.0)
    partial = Poll(items=2, problems={"m1": Unavailable("503"), "m2": Malformed("no JSON")})
    async with make_bench(clock, GOOD, partial, partial, GOOD).running() as bench:
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
