"""``serving-simulator``: the emulated platform as a program."""

from __future__ import annotations

import asyncio
import shlex
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from serving_simulator.clock import SimClock
from serving_simulator.emulator import Emulator, EmulatorError
from serving_simulator.fleet import Fleet, FleetError, load
from serving_simulator.inbox import Inbox, InboxError
from serving_simulator.scenarios import TracesError, matrix
from serving_simulator.score.engine import EngineError, read, version
from serving_simulator.score.inhibition import inhibitions
from serving_simulator.score.loop import cures
from serving_simulator.score.page import as_markdown
from serving_simulator.score.report import Report, as_json
from serving_simulator.score.runs import BASELINES, Pack
from serving_simulator.score.runs import Settings as ScoreSettings
from serving_simulator.score.runs import run as run_scenarios

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
    default="rules",
    show_default=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where `serving-rules build` wrote: prometheus/*.yaml and alertmanager/inhibit_rules.yaml, or rule files themselves.",
)
@click.option("--scenarios", "pattern", default="*", show_default=True, metavar="PATTERN", help="Scenarios by name, as a shell pattern.")
@click.option(
    "--traces",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of recorded traffic with an index.json; without it that part is left out.",
)
@click.option("--seeds", default=3, show_default=True, type=click.IntRange(min=1), help="Variations of each scenario.")
@click.option("--hours", default=24, show_default=True, type=click.IntRange(min=1), help="Length of negatives that go on for days.")
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(min=1), help="Worlds and servers at once.")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(min=0), help="The same seed gives the same worlds.")
@click.option("--baselines/--no-baselines", default=True, show_default=True, help="Judge two packs of simple rules on the same runs.")
@click.option(
    "--loop", "loops", default=0, show_default=True, type=click.IntRange(min=0), help="Close the loop so often for each incident."
)
@click.option("--broken", is_flag=True, help="Also break every rule on purpose, and count what the scorecard notices.")
@click.option("--state", type=click.Path(dir_okay=False, path_type=Path), help="Keep findings here, and go on from there when interrupted.")
@click.option(
    "--output",
    "outputs",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the report here: JSON for .json, else Markdown; may be given more than once.",
)
def score(outputs: tuple[Path, ...], loops: int, **options: Any) -> None:
    """Play labelled incidents, ordinary life and recorded traffic through the rules, by Prometheus itself, and count what they say."""
    try:
        settings = _score_settings(**options)
        chosen = list(matrix(options["seeds"], options["hours"], options["pattern"], options["traces"]))
        if not chosen:
            raise _Failure(f"--scenarios: found no scenario of the name {options['pattern']!r}")

        def say(text: str) -> None:
            click.echo(text, err=True)

        results = run_scenarios(chosen, settings, say)
        closed = cures(loops, settings, options["pattern"], say) if loops else []
    except TracesError as error:
        raise _Failure(str(error)) from None
    except EngineError as error:
        raise _Failure(f"Prometheus cannot play the rules: {error}") from None
    made = {
        "command": _command(loops=loops, **options),
        **{name: options[name] for name in ("seed", "seeds", "hours")},
        "scenarios": options["pattern"],
        "traces": options["traces"] is not None,
        "rules": settings.packs[0].digest,
        "prometheus": version(settings.prometheus),
    }
    report = Report(made, results.verdicts, results.effects, closed)
    for output in outputs:
        output.write_text(as_json(report) if output.suffix == ".json" else as_markdown(report), encoding="utf-8")
    if not outputs:
        click.echo(as_markdown(report))


def _score_settings(*, folder: Path, jobs: int, seed: int, broken: bool, state: Path | None, baselines: bool, **_: Any) -> ScoreSettings:
    """Return how to run. Raises ``EngineError`` for files that cannot be read."""
    prometheus = shutil.which("prometheus")
    if prometheus is None:
        raise _Failure("no prometheus on PATH: install it (Debian: apt-get install prometheus)")
    inside = folder / "prometheus"
    files = sorted((inside if inside.is_dir() else folder).glob("*.yaml"))
    if not files:
        raise _Failure(f"{folder}: found no rule files (*.yaml)")
    silences = folder / "alertmanager" / "inhibit_rules.yaml"
    packs = [Pack("rules", read(files), inhibitions(silences) if silences.exists() else ())]
    if baselines:
        packs += [Pack(path.stem, read([path])) for path in BASELINES]
    return ScoreSettings(packs, prometheus, seed=seed, jobs=jobs, broken=broken, state=state)


def _command(*, loops: int, pattern: str, traces: Path | None, seeds: int, hours: int, seed: int, broken: bool, **_: Any) -> str:
    """Return what makes the same report again, without the paths of this machine."""
    words = ["serving-simulator score", f"--seeds {seeds} --hours {hours} --seed {seed}"]
    words += [f"--scenarios {shlex.quote(pattern)}"] if pattern != "*" else []
    words += ["--traces TRACES"] if traces else []
    words += [f"--loop {loops}"] if loops else []
    words += ["--broken"] if broken else []
    return " ".join(words)


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
