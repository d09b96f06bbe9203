"""``serving-exporter demo``: an emulated Baseten, the exporter and, where there is one, Prometheus, as one command.

The only module that knows both sides of the wire. Exporter and emulator share one clock (same origin, epoch and speed), so at ``speed`` N
one real second is N simulated ones for the emulator's world and its rate-limit windows and for the exporter's cadences and ages alike.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serving_exporter.clock import Clock
from serving_exporter.config import Config, load
from serving_exporter.scrape_config import scrape_config
from serving_exporter.service import Service
from serving_simulator.clock import SimClock
from serving_simulator.emulator import Emulator
from serving_simulator.fleet import FleetError
from serving_simulator.fleet import load as load_fleet

__all__ = ["Demo", "DemoError", "demo_fleet", "run_demo"]

Say = Callable[[str], None]
_STOP_SECONDS = 5.0


class DemoError(Exception):
    """The demo cannot start; the text says why and what would help."""


async def run_demo(
    listen_address: str,
    emulator_address: str,
    *,
    speed: float = 1.0,
    prometheus: bool | None = None,
    fleet: str = "demo",
    seed: int = 1,
    say: Say = print,
) -> None:
    """Run until SIGINT or SIGTERM; everything that was started has ended on return.

    Addresses are HOST:PORT, port 0 for a free one. ``prometheus`` None means "when one is on PATH". Raises ``DemoError`` when an address is
    in use, the fleet file is wrong, or a Prometheus was asked for and none is there.
    """
    binary = shutil.which("prometheus") if prometheus is not False else None
    if prometheus and binary is None:
        raise DemoError("no prometheus on PATH: install it (Debian: apt-get install prometheus) or use --no-prometheus")

    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with contextlib.AsyncExitStack() as stack:
        demo = await stack.enter_async_context(demo_fleet(listen_address, emulator_address, speed=speed, fleet=fleet, seed=seed, say=say))
        url = demo.url
        if binary is not None:
            address = await stack.enter_async_context(_prometheus(binary, url.removeprefix("http://"), speed))
            say(f"prometheus  http://{address}/graph")
        elif prometheus is None:
            say("prometheus  not started: none on PATH")
        say(f"speed       {speed:g} simulated seconds per second; Ctrl-C ends everything")
        ready = asyncio.create_task(_announce(demo, say), name="demo: announce readiness")
        await stopped.wait()
        ready.cancel()
        say("stopping")


@dataclass(frozen=True, slots=True)
class Demo:
    """A running emulator and exporter. ``url`` is the exporter's; at the Unix time ``epoch`` the world's clock agreed with this host's."""

    url: str
    emulator_url: str
    epoch: float
    wait_ready: Callable[[], Awaitable[None]]


@contextlib.asynccontextmanager
async def demo_fleet(
    listen_address: str, emulator_address: str, *, speed: float = 1.0, fleet: str = "demo", seed: int = 1, say: Say = print
) -> AsyncIterator[Demo]:
    """Run an emulated Baseten and an exporter that reads it, on one clock. Raises ``DemoError`` as ``run_demo`` does."""
    try:
        loaded = await asyncio.to_thread(load_fleet, fleet)
    except FleetError as error:
        raise DemoError(str(error)) from error
    origin, epoch = asyncio.get_running_loop().time(), time.time()
    host, port = _split(emulator_address)
    async with contextlib.AsyncExitStack() as stack:
        try:
            say(f"emulator    simulating the past of fleet {fleet!r} ...")
            clock = SimClock(speed=speed, epoch=epoch, origin=origin)
            emulator = await stack.enter_async_context(Emulator(loaded, host=host, port=port, clock=clock, seed=seed))
            say(f"emulator    {emulator.url}/_emulator/")
            config = _configuration(emulator.url, loaded.keys[0].key, listen_address)
            service = Service(config, lambda: config, clock=Clock(speed=speed, epoch=epoch, origin=origin))
            url = await stack.enter_async_context(_running(service))
        except OSError as error:
            raise DemoError(f"cannot listen on {listen_address} or {emulator_address}: {error.strerror or error}") from error
        say(f"exporter    {url}/metrics   (status page: {url}/)")
        yield Demo(url, emulator.url, epoch, service.wait_ready)


def _configuration(emulator_url: str, key: str, listen_address: str) -> Config:
    return load(
        None,
        {
            "BASETEN_API_KEY": key,
            "BASETEN_APP_URL": emulator_url,
            "BASETEN_API_URL": emulator_url,
            "BASETEN_MODEL_URL": emulator_url + "/model-{model_id}",
            "SERVING_EXPORTER_LISTEN_ADDRESS": listen_address,
            "SERVING_EXPORTER_STATE_FILE": "",
            "SERVING_EXPORTER_WORKSPACE": "demo",
        },
    )


@contextlib.asynccontextmanager
async def _running(service: Service) -> AsyncIterator[str]:
    started: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(service.run(on_listening=started.set_result), name="demo: exporter")
    first: set[asyncio.Future[Any]] = {task, started}
    await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        await task
    try:
        yield started.result()
    finally:
        service.stop()
        await task


async def _announce(demo: Demo, say: Say) -> None:
    await demo.wait_ready()
    say("exporter    ready: every source has been read once")


@contextlib.asynccontextmanager
async def _prometheus(binary: str, target: str, speed: float) -> AsyncIterator[str]:
    with tempfile.TemporaryDirectory(prefix="serving-exporter-demo-") as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
        probe.close()
        configuration = Path(folder, "prometheus.yml")
        text = scrape_config(target, interval_seconds=max(1, round(30 / speed)))
        await asyncio.to_thread(configuration.write_text, text)
        process = await asyncio.create_subprocess_exec(
            binary,
            f"--config.file={configuration}",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address={address}",
            "--log.level=error",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches us alone; we end what we started, in order
        )
        try:
            yield address
        finally:
            if process.returncode is None:
                process.terminate()
                try:
                    async with asyncio.timeout(_STOP_SECONDS):
                        await process.wait()
                except TimeoutError:
                    process.kill()
                    await process.wait()


def _split(address: str) -> tuple[str, int]:
    host, separator, port = address.rpartition(":")
    if not separator or not port.isdigit():
        raise DemoError(f"an address is HOST:PORT, such as 127.0.0.1:9816, not {address!r}")
    return host or "0.0.0.0", int(port)  # noqa: S104 - an empty host is the user's way to say "every address"
