"""Turns: a few parts at a time, for a while, until a 429."""

from __future__ import annotations

import asyncio

import pytest

from serving_exporter.clock import Clock
from serving_exporter.platforms.baseten.turns import Failures, Turn, read_parts
from serving_exporter.platforms.contract import NotPermitted, SourceError, Throttled, Unavailable


async def test_six_at_a_time_in_order() -> None:
    running, most, order = 0, 0, []

    async def read(part: int) -> None:
        nonlocal running, most
        order.append(part)
        running += 1
        most = max(most, running)
        await asyncio.sleep(1)
        running -= 1

    turn = await read_parts(range(30), read, Clock())
    assert order == list(range(30))
    assert most == 6
    assert sorted(turn.read) == order
    assert turn.next_in is None


async def test_a_turn_ends_and_what_is_left_comes_soon() -> None:
    async def read(_: int) -> None:
        await asyncio.sleep(7)

    turn = await read_parts(range(30), read, Clock())
    assert len(turn.read) == 18  # three times six had begun within 20 s
    assert list(turn.left) == list(range(18, 30))
    assert turn.next_in == 0.5


async def test_a_429_ends_it_and_its_part_is_left_first() -> None:
    async def read(part: int) -> None:
        await asyncio.sleep(1)
        if part == 7:
            raise Throttled("slow down", retry_after=40)

    turn = await read_parts(range(30), read, Clock())
    assert 11 <= len(turn.read) <= 16  # those that were under way
    assert turn.left[0] == 7
    assert len(turn.read) + len(turn.left) == 30
    assert turn.next_in == 40
    turn.raise_when_nothing_worked()


async def test_a_failing_part_is_its_own_business_and_a_row_of_them_ends_the_turn() -> None:
    async def odd(part: int) -> None:
        if part % 2:
            raise Unavailable(str(part))

    turn = await read_parts(range(40), odd, Clock())
    assert len(turn.read) == len(turn.failed) == 20

    async def never(part: int) -> None:
        raise Unavailable(str(part))

    turn = await read_parts(range(40), never, Clock())
    assert 12 <= len(turn.failed) <= 18
    with pytest.raises(Unavailable):
        turn.raise_when_nothing_worked()


def test_a_refused_key_is_named_before_other_failures() -> None:
    turn: Turn[str] = Turn(failed=[("a", Unavailable("x")), ("b", NotPermitted("y"))])
    with pytest.raises(NotPermitted):
        turn.raise_when_nothing_worked()


def test_failures_know_since_when() -> None:
    failures: Failures[str] = Failures()
    first, later = SourceError("1"), SourceError("2")
    failures.note(Turn(failed=[("a", first), ("b", first)]), 100.0)
    failures.note(Turn(read=["b"], failed=[("a", later)]), 200.0)
    assert failures.problems(str) == {"a": later}
    assert failures.expired(399.0, 300.0) == []
    assert failures.expired(400.0, 300.0) == ["a"]
    failures.keep_only([])
    assert "a" not in failures
