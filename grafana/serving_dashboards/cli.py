"""The command line: ``serving-dashboards build``.

Exit status: 0 good; 2 the overrides file or the command line is wrong, or the folder cannot be written.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

import click

from serving_dashboards.formats import FORMATS
from serving_rules import overrides
from serving_rules.errors import RulesError
from serving_rules.settings import Settings

__all__ = ["main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="serving-exporter", prog_name="serving-dashboards")
def main() -> None:
    """Write Grafana dashboards for managed model deployments."""


@main.command()
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    help="Overrides file of the rules (YAML): the dashboards take its selector and label names. Without one they are the shipped ones.",
)
@click.option(
    "--format", "formatted", type=click.Choice(list(FORMATS)), default="json", show_default=True, help="JSON to import, or ConfigMaps."
)
@click.option("--output", "folder", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder to write to.")
def build(config_path: Path | None, formatted: str, folder: Path) -> None:
    """Write every dashboard into a folder."""
    try:
        files = FORMATS[formatted](overrides.load(config_path) if config_path else Settings())
    except RulesError as error:
        _fail(str(error))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        _fail(f"cannot write to {error.filename or folder}: {error.strerror or error}")
    click.echo(f"{folder}: {len(files)} dashboards")


def _fail(message: str) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(2)


if __name__ == "__main__":
    main()
