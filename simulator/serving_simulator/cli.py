"""``serving-simulator``: the emulated platform as a program."""

from __future__ import annotations

import asyncio
import shlex
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path

import click

from serving_simulator.clock import SimClock
from serving_simulator.emulator import Emulator, EmulatorError
from serving_simulator.fleet import Fleet, FleetError, load
from serving_simulator.inbox import Inbox, InboxError
from serving_simulator.scenarios import matrix
from serving_simulator.score.engine import EngineError
from serving_simulator.score.report import as_json, as_markdown
from serving_simulator.score.runs import Settings as ScoreSettings
from serving_simulator.score.runs import run as run_scenarios
from serving_simulator.score.verdicts import scores

__all__ = ["main"]


class _Failure(click.ClickException):
    """Something that the user can put right."""

    exit_code = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="serving-exporter", prog_name="serving-simulator")
def main() -> None:
    """Simulate a fleet of autoscaled model deployments behind an emulated platform API."""


@main.command()
@click.option("--fleet", "fleet_name", default="demo", show_default=True, metavar="FILE|demo|large[:NxM]", help="What to simulate.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=9817, show_default=True, type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one.")
@click.option(
    "--speed", default=1.0, show_default=True, type=click.FloatRange(min=0, min_open=True), help="Simulated seconds per real one."
)
@click.option("--seed", default=1, show_default=True, type=click.IntRange(min=0), help="The same seed gives the same fleet history.")
def serve(fleet_name: str, host: str, port: int, speed: float, seed: int) -> None:
    """Serve a fleet until interrupted."""
    try:
        fleet = load(fleet_name)
    except FleetError as error:
        raise _Failure(str(error)) from None
    try:
        asyncio.run(_serve(fleet, fleet_name, host, port, speed, seed))
    except (EmulatorError, FleetError) as error:
        raise _Failure(str(error)) from None


def _greeting(emulator: Emulator, fleet: Fleet, fleet_name: str, speed: float) -> Sequence[str]:
    """Return what a person needs to start: addresses, keys, requests to try."""
    models = emulator.world.models()
    deployments = sum(model.deployments_count for model in models)
    shown_key = next((key.key for key in fleet.keys if key.type == "PERSONAL"), fleet.keys[0].key if fleet.keys else "NO-KEY")
    lines = [
        f"Serving {fleet_name} ({len(models)} models, {deployments} deployments) on {emulator.url} at {speed:g}x real time.",
        "Keys of this fleet:",
        *(f"  {key.key}  {key.type}{f'  ({key.name})' if key.name else ''}" for key in fleet.keys),
        "Try:",
        f"  curl -H 'Authorization: Bearer {shown_key}' {emulator.url}/metrics",
        f"  curl -H 'Authorization: Bearer {shown_key}' {emulator.url}/v1/models",
    ]
    if models:
        lines.append(f"  curl -H 'Authorization: Bearer {shown_key}' {emulator.url}/model-{models[0].id}/production/async_queue_status")
    return [*lines, f"What came in, and faults to switch on: {emulator.url}/_emulator/", "Stop with Ctrl-C."]


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=9818, show_default=True, type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one.")
def inbox(host: str, port: int) -> None:
    """Take Alertmanager's notifications at /webhook and show them on a page, until interrupted."""
    try:
        asyncio.run(_inbox(host, port))
    except InboxError as error:
        raise _Failure(str(error)) from None


@main.command()
@click.option(
    "--rules",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path("rules/prometheus"),
    show_default=True,
    help="Folder with the generated rules.",
)
@click.option("--scenarios", "pattern", default="*", show_default=True, help="Names of scenarios, as a shell pattern.")
@click.option("--seeds", default=3, show_default=True, type=click.IntRange(min=1), help="Variations of each scenario.")
@click.option("--hours", default=24, show_default=True, type=click.IntRange(min=1), help="Length of scenarios in which nothing is wrong.")
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(min=1), help="Calls of promtool at once.")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(min=0), help="Seed of the simulated worlds.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Report: .json for programs, .md for people.")
def score(folder: Path, pattern: str, seeds: int, hours: int, jobs: int, seed: int, output: Path | None) -> None:
    """Play labelled incidents and ordinary life through the rules, by promtool, and count what they say of them."""
    promtool = shutil.which("promtool")
    if promtool is None:
        raise _Failure("no promtool on PATH: it comes with Prometheus (Debian: apt-get install prometheus)")
    rules = sorted(folder.glob("*.yaml"))
    chosen = list(matrix(seeds, hours, pattern))
    if not rules or not chosen:
        raise _Failure(
            f"{folder}: found no rule files (*.yaml)" if not rules else f"--scenarios: found no scenario of the name {pattern!r}"
        )
    settings = ScoreSettings(rules, promtool, seed=seed, jobs=jobs)
    try:
        counted = scores(list(run_scenarios(chosen, settings, lambda text: click.echo(text, err=True))))
    except EngineError as error:
        raise _Failure(f"promtool cannot play the rules: {error}") from None
    command = {"scenarios": pattern, "seeds": seeds, "hours": hours, "seed": seed}
    words = " ".join(["serving-simulator score", *(f"--{name} {shlex.quote(str(value))}" for name, value in command.items())])
    text = as_json(counted, command) if output is not None and output.suffix == ".json" else as_markdown(counted, words)
    if output is None:
        click.echo(text)
    else:
        output.write_text(text, encoding="utf-8")


async def _inbox(host: str, port: int) -> None:
    stop = _stopping()
    async with Inbox(host=host, port=port) as running:
        click.echo(f"Notifications arrive at {running.url}/webhook and are shown on {running.url}/. Stop with Ctrl-C.")
        await stop.wait()


def _stopping() -> asyncio.Event:
    """Return what is set once the program is asked to end."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def _serve(fleet: Fleet, fleet_name: str, host: str, port: int, speed: float, seed: int) -> None:
    stop = _stopping()
    async with Emulator(fleet, clock=SimClock(speed=speed), host=host, port=port, seed=seed) as emulator:
        for line in _greeting(emulator, fleet, fleet_name, speed):
            click.echo(line)
        await stop.wait()
    click.echo("Stopped.")
