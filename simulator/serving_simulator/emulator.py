"""The emulated platform: a simulated fleet behind the platform's HTTP API, on one port.

::

    async with Emulator(fleet.load("demo"), clock=SimClock(speed=60)) as emulator:
        ...  # emulator.url, emulator.world, emulator.requests, emulator.faults
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from aiohttp import web

from serving_simulator.api.endpoints import ENDPOINTS
from serving_simulator.api.faults import FaultBook
from serving_simulator.api.organization import Organization
from serving_simulator.api.ports import SimulatedWorld, SimulationClock
from serving_simulator.api.requestlog import RequestLog
from serving_simulator.api.routing import Router
from serving_simulator.api.service import Service
from serving_simulator.api.switches import ApiSwitches
from serving_simulator.fleet import Fleet
from serving_simulator.world import World

__all__ = ["Emulator", "EmulatorError"]

_BACKLOG = 128
# Real seconds between two moves of the world while nobody asks: often enough that no request has far to catch up.
_TICK_SECONDS = 1.0


class EmulatorError(OSError):
    """The emulator cannot serve: the address is in use, not ours or not allowed. The text says which."""


class Emulator:
    """A running emulated platform, as an async context manager.

    ``port`` 0 takes a free port. The world starts at the clock's present, with the fleet's warm-up behind it. It moves on with each request
    and in the background; ``ticking=False`` leaves the background out, for tests on virtual time that wait for other threads: a timer that
    is always due would make their clock run away. ``world`` replaces the fleet's own simulation. Everything but ``url`` exists only once it
    has been entered, which raises ``EmulatorError`` when the address cannot be had and ``FleetError`` when a trace cannot be read.
    """

    def __init__(
        self,
        fleet: Fleet,
        *,
        clock: SimulationClock,
        host: str = "127.0.0.1",
        port: int = 0,
        seed: int = 1,
        switches: ApiSwitches | None = None,
        world: SimulatedWorld | None = None,
        ticking: bool = True,
    ) -> None:
        self._fleet = fleet
        self._clock = clock
        self._host = host
        self._port = port
        self._seed = seed
        self._ticking = ticking
        self._switches = switches or ApiSwitches()
        self._given_world = world
        self._service: Service
        self._runner: web.AppRunner
        self._ticker: asyncio.Task[None] | None = None
        self.url = ""

    @property
    def world(self) -> SimulatedWorld:
        """The simulated platform."""
        return self._service.state.world

    @property
    def requests(self) -> RequestLog:
        """Every request that arrived."""
        return self._service.state.log

    @property
    def faults(self) -> FaultBook:
        """The faults in force."""
        return self._service.state.faults

    @property
    def switches(self) -> ApiSwitches:
        """How undocumented behaviour is set; replace it to change it."""
        return self._service.state.switches

    @switches.setter
    def switches(self, switches: ApiSwitches) -> None:
        self._service.state.switches = switches

    async def advance(self) -> None:
        """Bring the world to the clock's present."""
        await self._service.catch_up()

    async def __aenter__(self) -> Self:
        start = self._clock.wall()
        world = self._given_world or await self._make_world(start)
        organization = Organization(self._fleet, world.models(), start)
        self._service = Service(world, organization, self._clock, Router(ENDPOINTS), seed=self._seed, switches=self._switches)
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._service.handle)
        # Hanging answers end only when nobody can connect any more: a client that is cut off tries again at once.
        application.on_shutdown.append(self._end_hanging)
        # A client that gives up ends its handler, so an answer that never comes holds nothing. No access log: the request log is better.
        self._runner = web.AppRunner(application, handler_cancellation=True, access_log=None)
        await self._runner.setup()
        try:
            site = web.TCPSite(self._runner, self._host, self._port, backlog=_BACKLOG)
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise EmulatorError(f"cannot listen on {self._host}:{self._port}: {error.strerror or error}") from error
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        if self._ticking:
            self._ticker = asyncio.create_task(self._tick(), name="emulator-ticker")
        return self

    async def _make_world(self, start: float) -> SimulatedWorld:
        # It reads zone and trace files and lives through its warm-up: not on the loop.
        world: World = await asyncio.to_thread(World, self._fleet, seed=self._seed, start=start)
        return world

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._ticker is not None:
            self._ticker.cancel()
            await asyncio.wait([self._ticker])
        await self._runner.cleanup()
        if self._ticker is not None and not self._ticker.cancelled():
            self._ticker.result()  # a world that failed must not look like a clean end

    async def _end_hanging(self, _: web.Application) -> None:
        self._service.closing.set()

    async def _tick(self) -> None:
        while True:
            await self._service.catch_up()
            await self._clock.sleep(_TICK_SECONDS * self._clock.speed)
