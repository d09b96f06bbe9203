"""What the tests of the ground floor share: virtual time for many short worlds, a stepped clock, a poller with a scripted source."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

import looptime
import pytest

from serving_exporter.clock import Clock
from serving_exporter.platforms.contract import Poll
from serving_exporter.polling import Poller
from serving_exporter.telemetry import Telemetry

Step = Poll | Exception | None | Callable[[], Awaitable[Poll | None]]


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


@pytest.fixture(scope="session")
def make_bench() -> type[Bench]:
    return Bench
