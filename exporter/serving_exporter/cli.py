"""The command line: ``serving-exporter serve | check | health | demo``.

Exit status: 0 good, 1 something that was asked for does not work, 2 the configuration or the command line is wrong.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from serving_exporter import __version__
from serving_exporter.config import Config, ConfigError, load
from serving_exporter.health import ask_health
from serving_exporter.logs import configure

__all__ = ["main"]

_Result = TypeVar("_Result")

_config_option = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    envvar="SERVING_EXPORTER_CONFIG",
    help="Configuration file (YAML). Without one, the environment alone configures one workspace.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="serving-exporter")
def main() -> None:
    """Put the settings, status, price and start-ups of model deployments next to their load in Prometheus."""


_listen_option = click.option("--listen-address", metavar="HOST:PORT", help="Overrides listen_address of the configuration.")


@main.command()
@_config_option
@_listen_option
def serve(config_path: Path | None, listen_address: str | None) -> None:
    """Poll the platform and serve /metrics until SIGTERM or Ctrl-C. SIGHUP reads the configuration again."""
    from serving_exporter.service import serve as run  # noqa: PLC0415 - the other commands start without the service's imports

    loader = _loader(config_path, listen_address)
    config = _configured(loader)
    try:
        _run(run(config, loader))
    except OSError as error:
        _fail(f"cannot listen on {config.listen_address}: {error.strerror or error}")


@main.command()
@_config_option
def check(config_path: Path | None) -> None:
    """Validate the configuration, ask every source once, and print what works and what goes blind without the rest."""
    from serving_exporter.check import check as run  # noqa: PLC0415 - as above

    sys.exit(_run(run(_configured(_loader(config_path)), click.echo)))


@main.command()
@_config_option
@_listen_option
@click.option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), default=3.0, show_default=True, help="Seconds to wait for an answer."
)
def health(config_path: Path | None, listen_address: str | None, timeout: float) -> None:
    """Ask the exporter that runs with this configuration whether its pollers turn: for health checks of containers without curl."""
    address = _configured(_loader(config_path, listen_address)).listen_address
    alive, answer = ask_health(address, timeout)
    click.echo(answer, err=not alive)
    sys.exit(not alive)


@main.command()
@click.option("--listen-address", metavar="HOST:PORT", default="127.0.0.1:0", help="Where the exporter listens; a free port by default.")
@click.option("--emulator-address", metavar="HOST:PORT", default="127.0.0.1:0", help="Where the emulated Baseten listens.")
@click.option("--speed", type=click.FloatRange(min=0.1, max=600), default=1.0, help="Simulated seconds in a real one, on both sides.")
@click.option("--prometheus/--no-prometheus", default=None, help="Start Prometheus too; by default when one is on PATH.")
@click.option("--fleet", default="demo", help="A shipped fleet (demo, large) or a fleet file.")
@click.option("--seed", type=int, default=1, help="Seed of the simulated world.")
def demo(listen_address: str, emulator_address: str, speed: float, prometheus: bool | None, fleet: str, seed: int) -> None:
    """Start an emulated Baseten and the exporter in front of it: no account, no Docker. Ctrl-C ends everything."""
    from serving_exporter.demo import DemoError, run_demo  # noqa: PLC0415 - the service must run where the simulator is not installed

    configure("warning", "logfmt")
    try:
        _run(run_demo(listen_address, emulator_address, speed=speed, prometheus=prometheus, fleet=fleet, seed=seed, say=click.echo))
    except DemoError as error:
        _fail(str(error))


def _loader(config_path: Path | None, listen_address: str | None = None) -> Callable[[], Config]:
    def load_configuration() -> Config:
        environ = dict(os.environ)
        if listen_address is not None:
            environ["SERVING_EXPORTER_LISTEN_ADDRESS"] = listen_address
        return load(config_path, environ)

    return load_configuration


def _configured(loader: Callable[[], Config]) -> Config:
    try:
        config = loader()
    except ConfigError as error:
        _fail(str(error))
    configure(config.log.level, config.log.format)
    return config


def _fail(message: str) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(2)


def _run(main_coroutine: Coroutine[Any, Any, _Result]) -> _Result | None:
    try:
        return asyncio.run(main_coroutine)
    except KeyboardInterrupt:
        return None
