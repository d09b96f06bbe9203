"""An emulator over the small fake world, and a client that speaks to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from serving_simulator.clock import SimClock
from serving_simulator.emulator import Emulator

from .fake_world import FLEET, START, FakeWorld

FULL = {"Authorization": "Bearer full.secret"}


@dataclass
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes
    json: Any = None


@dataclass
class Rig:
    """A running emulator on virtual time, its fake world, and a session."""

    emulator: Emulator
    world: FakeWorld
    clock: SimClock
    session: aiohttp.ClientSession

    async def ask(self, path: str, *, key: str | None = "full.secret", method: str = "GET", **options: Any) -> Reply:
        headers = {**({"Authorization": f"Bearer {key}"} if key is not None else {}), **options.pop("headers", {})}
        async with self.session.request(method, self.emulator.url + path, headers=headers, **options) as answer:
            body = await answer.read()
            is_json = answer.content_type == "application/json" and body
            return Reply(answer.status, dict(answer.headers), body, await answer.json() if is_json else None)

    async def get(self, path: str, **params: Any) -> Any:
        """Ask for JSON that must come."""
        reply = await self.ask(path, params=params)
        assert reply.status == 200, reply.body
        return reply.json

    async def fault(self, **document: Any) -> Any:
        reply = await self.ask("/_emulator/faults", method="POST", json=document)
        assert reply.status == 201, reply.body
        return reply.json


@asynccontextmanager
async def running(**options: Any) -> AsyncIterator[Rig]:
    world = FakeWorld()
    # Fixtures run on real time, tests on virtual time that begins at 0: only a fixed origin means the same in both.
    clock = SimClock(epoch=START, origin=0.0)
    async with (
        Emulator(FLEET, clock=clock, world=world, ticking=False, **options) as emulator,
        aiohttp.ClientSession() as session,
    ):
        yield Rig(emulator, world, clock, session)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with running() as made:
        yield made
