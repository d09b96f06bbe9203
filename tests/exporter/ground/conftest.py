"""What the tests of the ground floor share: virtual time for many short worlds, and a clock that is stepped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import looptime
import pytest

from serving_exporter.clock import Clock


class SteppedClock(Clock):
    """A clock whose wall time can be stepped, as hosts do."""

    offset = 0.0

    def wall(self) -> float:
        return super().wall() + self.offset


@pytest.fixture(scope="session")
def stepped_clock() -> type[SteppedClock]:
    return SteppedClock


@pytest.fixture(scope="session")
def run_virtual() -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Run a coroutine on a loop of its own whose time jumps to the next timer: the examples of one property test cannot share a loop."""

    loop_type = looptime.make_event_loop_class(asyncio.SelectorEventLoop)

    def run(main: Coroutine[Any, Any, Any]) -> Any:
        loop = loop_type(noop_cycles=5)
        try:
            return loop.run_until_complete(main)
        finally:
            loop.close()

    return run
