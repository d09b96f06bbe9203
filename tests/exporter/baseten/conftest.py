"""A stand-in for Baseten with exact bodies, and a platform in front of it: one poll at a time, on virtual time."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from serving_exporter.budgets import BudgetRegistry
from serving_exporter.clock import Clock
from serving_exporter.config import Filter, Hosts, Selector, WorkspaceConfig
from serving_exporter.exposition import FamilyBlock
from serving_exporter.platforms.baseten.platform import BasetenPlatform, build
from serving_exporter.platforms.contract import Poll
from serving_exporter.secrets import KeySource, Secret
from serving_exporter.statefile import StateFile
from serving_exporter.telemetry import Telemetry

EPOCH = 1_790_000_000.0  # 2026-09-21T13:33:20Z
KEY = "abcd1234.verysecretpartofthekey"


class Baseten:
    """Answers by path. An answer is a JSON value, text, bytes, a ``web.Response``, or a function of the request."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.requests: list[web.Request] = []
        self.times: list[float] = []

    def paths(self) -> list[str]:
        return [request.path for request in self.requests]

    def count(self, path: str) -> int:
        return self.paths().count(path)

    def forget(self) -> None:
        self.requests.clear()
        self.times.clear()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        self.times.append(asyncio.get_running_loop().time())
        answer = self.answers.get(request.path)
        if callable(answer):
            answer = answer(request)
            if isinstance(answer, Awaitable):
                answer = await answer
        if answer is None:
            return web.json_response({"code": "NOT_FOUND", "message": "No Oracle matches the given query."}, status=404)
        if isinstance(answer, web.StreamResponse):
            return answer
        if isinstance(answer, str | bytes):
            body = answer.encode() if isinstance(answer, str) else answer
            return web.Response(body=body, content_type="text/plain")
        return web.json_response(answer)


class FakePage:
    """Keeps the units like the page does."""

    def __init__(self) -> None:
        self.units: dict[str, Sequence[FamilyBlock]] = {}
        self.puts: list[str] = []

    def put(self, unit: str, families: Sequence[FamilyBlock]) -> None:
        self.puts.append(unit)
        self.units[unit] = families

    def drop(self, unit: str) -> None:
        self.units.pop(unit, None)

    def blocks(self, prefix: str = "") -> dict[str, bytes]:
        return {unit: b"".join(family.lines for family in blocks) for unit, blocks in self.units.items() if unit.startswith(prefix)}

    def lines(self, prefix: str = "", unit: str = "") -> list[str]:
        """Every sample line that begins with ``prefix``, sorted."""
        text = b"".join(self.blocks(unit).values()).decode()
        return sorted(line for line in text.splitlines() if line.startswith(prefix))


class Rig:
    """One workspace's platform, its page, and the stand-in behind it."""

    def __init__(self, baseten: Baseten, platform: BasetenPlatform, page: FakePage, clock: Clock, telemetry: Telemetry) -> None:
        self.baseten = baseten
        self.platform = platform
        self.page = page
        self.clock = clock
        self.telemetry = telemetry

    async def poll(self, *names: str) -> Poll | None:
        """Poll the sources one after the other; gives the last one's poll."""
        result = None
        for name in names:
            result = await self.platform.sources[name].poll()
        return result

    async def every(self, name: str, interval: float, until: float) -> None:
        """Poll like the poller does until ``until`` seconds have passed."""
        end = self.clock.monotonic() + until
        while self.clock.monotonic() < end:
            started = self.clock.monotonic()
            poll = await self.platform.sources[name].poll()
            ended = self.clock.monotonic()
            wait = poll.next_in if poll is not None and poll.next_in is not None else max(0.0, started + interval - ended)
            await self.clock.sleep(wait)

    async def self_metrics(self) -> str:
        text, _ = await self.telemetry.render()
        return text.decode()

    async def requests_total(self) -> dict[tuple[str, str], float]:
        """Give the requests counted by endpoint and code."""
        counted = {}
        for line in (await self.self_metrics()).splitlines():
            if line.startswith("serving_exporter_api_requests_total{"):
                _, code, _, endpoint, value = line.split('"')
                if line.index("endpoint=") < line.index("code="):
                    code, endpoint = endpoint, code
                counted[endpoint, code] = float(value.strip("} "))
        return counted


Running = Callable[..., Any]


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    """Start rigs: ``await running(**changes)``; changes that are not named below are fields of the workspace's configuration."""
    async with AsyncExitStack() as stack:

        async def start(
            *,
            baseten: Baseten | None = None,
            section: dict[str, Any] | None = None,
            keys: Mapping[str, KeySource] | None = None,
            label: str | None = "default",
            full_state_sets: bool = False,
            keeps_family: Callable[[str], bool] = lambda _: True,
            epoch: float = EPOCH,
            **workspace: Any,
        ) -> Rig:
            baseten = baseten or Baseten()
            app = web.Application()
            app.router.add_route("*", "/{path:.*}", baseten.handle)
            server = TestServer(app)
            await stack.enter_async_context(_serving(server))
            url = str(server.make_url("")).rstrip("/")
            session = await stack.enter_async_context(aiohttp.ClientSession())
            clock = Clock(epoch=epoch)
            state, telemetry = StateFile(None), Telemetry()
            hosts = Hosts(app=url, api=url, model=url + "/model-{model_id}")
            config = WorkspaceConfig(**{"hosts": hosts, **workspace})
            one_key = KeySource(secret=Secret(KEY), origin="variable BASETEN_API_KEY")
            page = FakePage()
            platform = build(
                config,
                session=session,
                keys=dict.fromkeys(("feed", "management", "inference"), one_key) if keys is None else keys,
                budgets=BudgetRegistry(clock, state, telemetry),
                telemetry=telemetry,
                state_section={} if section is None else section,
                touch=lambda: None,
                page=page,
                clock=clock,
                log=logging.getLogger("serving_exporter.baseten"),
                label=label,
                full_state_sets=full_state_sets,
                keeps_family=keeps_family,
            )
            return Rig(baseten, platform, page, clock, telemetry)

        yield start


@asynccontextmanager
async def _serving(server: TestServer) -> AsyncIterator[TestServer]:
    await server.start_server()
    try:
        yield server
    finally:
        await server.close()


SETTINGS = {
    "min_replica": 2,
    "max_replica": 8,
    "autoscaling_window": 60,
    "scale_down_delay": 900,
    "concurrency_target": 32,
    "target_utilization_percentage": 70,
    "target_in_flight_tokens": None,
    "max_scale_down_rate": 50,
}


class Make:
    """Bodies as the API documents them; keyword arguments replace fields, and ``...`` removes one."""

    settings = SETTINGS

    @staticmethod
    def _with(body: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in {**body, **changes}.items() if value is not ...}

    def model(self, model_id: str = "abcd1234", **changes: Any) -> dict[str, Any]:
        body = {
            "id": model_id,
            "created_at": "2026-05-04T09:12:33.120Z",
            "name": "embedder",
            "deployments_count": 1,
            "production_deployment_id": "wxyz123",
            "development_deployment_id": None,
            "instance_type_name": "L4:4x16",
            "team_name": "search",
        }
        return self._with(body, changes)

    def deployment(self, deployment_id: str = "wxyz123", **changes: Any) -> dict[str, Any]:
        body = {
            "id": deployment_id,
            "created_at": "2026-08-20T10:00:00Z",
            "name": "deployment-3",
            "model_id": "abcd1234",
            "is_production": True,
            "is_development": False,
            "status": "ACTIVE",
            "active_replica_count": 4,
            "autoscaling_settings": SETTINGS,
            "instance_type_name": "L4:4x16",
            "environment": "production",
            "labels": {"team": "search"},
            "region": {"slug": "us", "display_name": "United States"},
            "request_backpressure_settings": {"policy": None},
        }
        return self._with(body, changes)

    def environment(self, name: str = "production", **changes: Any) -> dict[str, Any]:
        body = {
            "name": name,
            "created_at": "2026-01-10T00:00:00Z",
            "model_id": "abcd1234",
            "current_deployment": self.deployment(),
            "candidate_deployment": None,
            "in_progress_promotion": None,
            "autoscaling_settings": SETTINGS,
            "promotion_settings": {"rolling_deploy": True},
            "instance_type": self.instance_type(),
            "request_backpressure_settings": {"policy": "QUEUE_ON_FULL"},
            "autoscaling_schedules": None,
        }
        return self._with(body, changes)

    def instance_type(self, type_id: str = "L4:4x16", **changes: Any) -> dict[str, Any]:
        body = {
            "id": type_id,
            "name": type_id,
            "memory_limit_mib": 16384,
            "millicpu_limit": 4500,
            "gpu_count": 1,
            "gpu_type": "L4",
            "gpu_memory_limit_mib": 24576,
        }
        return self._with(body, changes)

    def attempt(self, replica: str | None = "a1b2c", started: float = 0.0, **changes: Any) -> dict[str, Any]:
        """``started`` in seconds after the epoch of the tests."""
        millis = int((EPOCH + started) * 1000)
        body = {
            "model_id": "abcd1234",
            "deployment_id": "wxyz123",
            "deployment_name": "deployment-3",
            "environment_name": None,
            "replica_id": replica,
            "started_at_epoch_millis": millis,
            "ready_at_epoch_millis": millis + 42_000,
            "duration_ms": 42_000,
            "outcome": "SUCCESS",
            "phase_summary": [
                {"phase": "SCHEDULING", "status": "COMPLETED", "offset_ms": 0, "duration_ms": 2_000},
                {"phase": "READINESS", "status": "COMPLETED", "offset_ms": 2_000, "duration_ms": 40_000},
            ],
        }
        return self._with(body, changes)

    def page(self, *items: Any, cursor: str | None = None) -> dict[str, Any]:
        return {"items": list(items), "pagination": {"has_more": cursor is not None, "cursor": cursor}, "total_count": len(items)}

    def event(self, event_id: str, created: float, event_type: str = "MODEL_DEPLOYED", **data: Any) -> dict[str, Any]:
        """``created`` in seconds after the epoch of the tests."""
        moment = dt.datetime.fromtimestamp(EPOCH + created, dt.UTC).isoformat()
        return {
            "id": event_id,
            "created": moment,
            "event_type": event_type,
            "event_data": {"event_type": event_type, **data},
            "source": "UI",
            "actor": {"type": "USER", "email": "jo@example.com", "api_key_prefix": None, "api_key_name": None},
        }

    def inventory(self, baseten: Baseten, *deployments: dict[str, Any], environments: Sequence[Any] = (), **model: Any) -> None:
        """Let the stand-in have one model with these deployments."""
        body = self.model(**model)
        baseten.answers["/v1/models"] = {"models": [body]}
        baseten.answers[f"/v1/models/{body['id']}/deployments"] = {"deployments": list(deployments)}
        baseten.answers[f"/v1/models/{body['id']}/environments"] = {"environments": list(environments)}

    def only(self, *models: str) -> Filter:
        return Filter(models=tuple(Selector(name) for name in models))


@pytest.fixture
def key() -> str:
    """The key that every rig uses."""
    return KEY


@pytest.fixture
def epoch() -> float:
    """The wall time at which every rig starts."""
    return EPOCH


@pytest.fixture
def make() -> Make:
    return Make()


@pytest.fixture
def baseten() -> Baseten:
    return Baseten()
