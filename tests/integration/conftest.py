"""Emulator and exporter together, in one process and on one virtual clock, over real loopback sockets."""

from __future__ import annotations

import asyncio
import functools
import json
import pickle
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from serving_exporter.clock import Clock
from serving_exporter.config import Config, load
from serving_exporter.service import Service
from serving_simulator.clock import SimClock
from serving_simulator.emulator import Emulator
from serving_simulator.fleet import load as load_fleet
from serving_simulator.world import World

EPOCH = 1_790_000_000.0
# Read once and not on the event loop, where reading files is a mistake.
DEMO = load_fleet("demo")
KEY = "demo.emulator"


@functools.cache
def _warmed(seed: int) -> bytes:
    """Return the demo's world at the first answer, its simulated past behind it: made once, copied for each test."""
    return pickle.dumps(World(DEMO, seed=seed, start=EPOCH))


Labels = tuple[tuple[str, str], ...]


_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Page:
    """One scraped page: values by sample name and labels.

    Reads only the families that a test asks for, because a real parser takes a second for a page; that whole pages parse is tested
    elsewhere, with real parsers.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._lines: dict[str, list[str]] = {}
        self._parsed: dict[str, dict[Labels, float]] = {}
        for line in text.splitlines():
            if not line.startswith("#"):
                self._lines.setdefault(re.split(r"[{ ]", line, maxsplit=1)[0], []).append(line)

    def series(self, name: str) -> dict[Labels, float]:
        """Return every series of one name."""
        if name not in self._parsed:
            self._parsed[name] = {
                tuple(sorted(_LABEL.findall(line.rpartition("}")[0]))): float(line.rpartition(" ")[2]) for line in self._lines.get(name, ())
            }
        return self._parsed[name]

    def value(self, name: str, **labels: str) -> float:
        """Return the value of the one series that has these labels."""
        found = self.find(name, **labels)
        assert len(found) == 1, f"{name} with {labels}: {len(found)} series"
        return next(iter(found.values()))

    def find(self, name: str, **labels: str) -> dict[Labels, float]:
        """Return every series that has these labels."""
        wanted = set(labels.items())
        return {key: value for key, value in self.series(name).items() if wanted <= set(key)}

    def label_values(self, name: str, label: str) -> set[str]:
        return {dict(key)[label] for key in self.series(name)}

    def ids(self, name: str, label: str = "deployment_id") -> set[str]:
        """Return the ids that the series of one name have, of series that have that label."""
        return {value for key in self.series(name) for name, value in key if name == label}


@dataclass
class Pair:
    """A running emulator with an exporter in front of it."""

    emulator: Emulator
    service: Service
    url: str
    http: aiohttp.ClientSession
    clock: Clock

    async def scrape(self, **params: str) -> Page:
        async with self.http.get(self.url + "/metrics", params=params) as answer:
            assert answer.status == 200
            return Page(await answer.text())

    async def until(self, condition: Callable[[Page], bool], *, within: float, every: float = 5.0) -> Page:
        """Scrape every ``every`` simulated seconds until the condition holds; fail after ``within``."""
        deadline = self.clock.monotonic() + within
        while True:
            page = await self.scrape()
            if condition(page):
                return page
            assert self.clock.monotonic() < deadline, f"not within {within} simulated seconds"
            await self.clock.sleep(every)

    def start_another(self, config: Config) -> asyncio.Task[None]:
        """Start one more exporter on the same clock, as a task that the caller ends."""
        return asyncio.create_task(Service(config, lambda: config, clock=self.clock).run())

    async def admin(self, method: str, path: str, body: Any = None) -> Any:
        async with self.http.request(method, f"{self.emulator.url}/_emulator/{path}", json=body) as answer:
            text = await answer.text()
            assert answer.status < 300, f"{method} {path}: {answer.status} {text}"
            return json.loads(text) if text else None


def environment(url: str, **extra: str) -> Mapping[str, str]:
    """Return the environment that points an exporter at an emulator."""
    return {
        "BASETEN_API_KEY": KEY,
        "BASETEN_APP_URL": url,
        "BASETEN_API_URL": url,
        "BASETEN_MODEL_URL": url + "/model-{model_id}",
        "SERVING_EXPORTER_LISTEN_ADDRESS": "127.0.0.1:0",
        "SERVING_EXPORTER_STATE_FILE": "",
        **extra,
    }


def _default_configuration(url: str) -> Config:
    return load(None, environment(url))


@asynccontextmanager
async def running(
    *,
    speed: float = 1.0,
    seed: int = 1,
    configure: Callable[[str], Config] | None = None,
) -> AsyncIterator[Pair]:
    """Start a pair; ``configure`` makes the exporter's configuration from the emulator's address."""
    origin = asyncio.get_running_loop().time()
    world = await asyncio.to_thread(lambda: pickle.loads(_warmed(seed)))  # in a thread, as it reads zone files
    async with AsyncExitStack() as stack:
        clock = Clock(speed=speed, epoch=EPOCH, origin=origin)
        emulator = await stack.enter_async_context(
            Emulator(DEMO, clock=SimClock(speed=speed, epoch=EPOCH, origin=origin), seed=seed, world=world)
        )
        config = await asyncio.to_thread(configure or _default_configuration, emulator.url)
        service = Service(config, lambda: config, clock=clock)
        listening: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(service.run(on_listening=listening.set_result))
        await asyncio.wait({task, listening}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
        http = await stack.enter_async_context(aiohttp.ClientSession())
        try:
            yield Pair(emulator, service, listening.result(), http, clock)
        finally:
            service.stop()
            await task


@pytest.fixture
def write_config(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "serving-exporter.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write
