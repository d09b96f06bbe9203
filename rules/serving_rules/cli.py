"""The command line: ``serving-rules build | diff | schema``.

Exit status: 0 good; 1 a removed or renamed rule is not in the changelog; 2 the overrides file, an input or the command line is wrong.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import NoReturn, cast

import click

from serving_rules import diff as differences
from serving_rules import fixtures, overrides, repository, runbooks, scenarios
from serving_rules.errors import RulesError
from serving_rules.formats import FORMATS
from serving_rules.pack import Pack
from serving_rules.pack import build as build_pack
from serving_rules.settings import TARGETS, Settings, Target

__all__ = ["main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="serving-exporter", prog_name="serving-rules")
def main() -> None:
    """Write recording rules, alerts and runbooks for managed model deployments."""


@main.command()
@click.option(
    "--config", "config_path", type=click.Path(path_type=Path), help="Overrides file (YAML). Without one the pack is the shipped one."
)
@click.option(
    "--format",
    "formats",
    type=click.Choice(list(FORMATS)),
    multiple=True,
    default=("prometheus",),
    show_default=True,
    help="What to write; may be given several times.",
)
@click.option(
    "--target", type=click.Choice(TARGETS), default=TARGETS[0], show_default=True, help="The oldest server that must accept the files."
)
@click.option("--output", "folder", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder to write to.")
def build(config_path: Path | None, formats: tuple[str, ...], target: str, folder: Path) -> None:
    """Write the pack: a folder for each format, the runbooks, and for the unchanged Prometheus pack its promtool tests."""
    try:
        settings = replace(overrides.load(config_path) if config_path else Settings(), target=cast("Target", target))
        files = _files(build_pack(settings), formats)
    except RulesError as error:
        _fail(str(error))
    try:
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        _fail(f"cannot write to {error.filename or folder}: {error.strerror or error}")
    for name in dict.fromkeys(name.split("/", 1)[0] for name in files):
        click.echo(f"{folder / name}: {sum(each.startswith(f'{name}/') for each in files)} files")


@main.command()
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option(
    "--changelog", type=click.Path(path_type=Path), default=Path("CHANGELOG.md"), show_default=True, help="Must tell what is gone."
)
def diff(old: Path, new: Path, changelog: Path) -> None:
    """Show new, removed, renamed and changed rules between two files or folders of rules.

    Fails when a removal or a rename is not named in the newest section of the changelog.
    """
    try:
        found = differences.compare(differences.read(old), differences.read(new))
    except RulesError as error:
        _fail(str(error))
    click.echo(differences.report(found))
    if not found.removed and not found.renamed:
        return
    try:
        text = changelog.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        _fail(f"{changelog}: found {error}, allowed: a changelog that names what is removed or renamed")
    missing = differences.untold(found, text)
    for line in missing:
        click.echo(f"{changelog}: {line}, and its newest section does not say so", err=True)
    sys.exit(1 if missing else 0)


@main.command()
def schema() -> None:
    """Print the JSON Schema of the overrides file, for editors."""
    click.echo(repository.schema_text(), nl=False)


def _files(pack: Pack, formats: tuple[str, ...]) -> dict[str, str]:
    folders = {name: FORMATS[name](pack) for name in formats}
    folders["runbooks"] = runbooks.files(pack)
    # The tests show the shipped thresholds, words and labels; a changed pack fails them by design.
    if "prometheus" in formats and replace(pack.settings, target=TARGETS[0]) == Settings():
        folders["tests"] = {**fixtures.files(pack), **scenarios.files(pack)}
    return {f"{folder}/{name}": text for folder, files in folders.items() for name, text in files.items()}


def _fail(message: str) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(2)


if __name__ == "__main__":
    main()
