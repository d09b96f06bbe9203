"""The YAML in the documents is what the programs that it is for accept: each block, by the program itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.stack.alertmanager import check_config
from tests.stack.programs import run
from tests.tools.toolchain import ALERTMANAGER, PROMETHEUS

from serving_exporter.config import load
from serving_rules import overrides
from serving_rules.formats.alertmanager import files as alertmanager_files
from serving_rules.pack import build
from serving_simulator import fleet
from serving_simulator.world import World

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = [*sorted((DOCS / "how-to").glob("*.md")), DOCS / "scale.md", DOCS / "rules.md"]


def blocks(page: Path) -> list[str]:
    """Every YAML block of a page; one inside a list is indented."""
    found = re.findall(r"^( *)```yaml\n(.*?)^ *```", page.read_text(), re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", text, flags=re.MULTILINE) for indent, text in found]


BLOCKS = [(page, number, text) for page in PAGES for number, text in enumerate(blocks(page), start=1)]


def as_overrides(text: str, _: Path) -> None:
    overrides.parse(text)


def as_receivers(text: str, folder: Path) -> None:
    path = folder / "alertmanager.yaml"
    written = alertmanager_files(build(overrides.parse(text)))["alertmanager.yaml"]
    document = yaml.safe_load(written)
    # A mail receiver needs a server that every real configuration has.
    document["global"] = {"smtp_smarthost": "localhost:25", "smtp_from": "a@example.com", "slack_api_url_file": "/nowhere"}
    path.write_text(yaml.safe_dump(document))
    check_config(ALERTMANAGER[-1], path)


def as_configuration(text: str, folder: Path) -> None:
    for each in set(re.findall(r"/etc/serving-exporter/[\w/-]+", text)):
        path = folder / each.removeprefix("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a.key\n")
    path = folder / "serving-exporter.yaml"
    path.write_text(text.replace("/etc/serving-exporter", str(folder / "etc" / "serving-exporter")))
    assert load(path, {}).workspaces


def as_prometheus(text: str, folder: Path) -> None:
    path = folder / "prometheus.yml"
    path.write_text(text)
    flags = ["--agent"] if "remote_write" in text else []
    for release in PROMETHEUS:
        result = run(release.promtool, "check", "config", *flags, str(path))
        assert result.returncode == 0, result.stdout + result.stderr
    assert all(job["honor_labels"] for job in yaml.safe_load(text)["scrape_configs"])


def as_fleet(text: str, folder: Path) -> None:
    path = folder / "fleet.yaml"
    path.write_text(text)
    world = World(fleet.load(str(path)), seed=1, start=1_790_000_000.0)
    assert [model.name for model in world.models()] == ["chat"]


def as_rule_files(text: str, _: Path) -> None:
    assert yaml.safe_load(text) == {"rule_files": ["rules/prometheus/*.yaml"]}


KINDS: dict[str, Callable[[str, Path], None]] = {
    "receivers": as_receivers,
    "detections": as_overrides,
    "dashboard_url": as_overrides,
    "selector": as_overrides,
    "workspaces": as_configuration,
    "scrape_configs": as_prometheus,
    "models": as_fleet,
    "warmup": as_fleet,
    "rule_files": as_rule_files,
}
"""By the first key of a block: what it is for."""


def test_there_are_blocks() -> None:
    assert len(BLOCKS) >= 10


@pytest.mark.parametrize(("page", "number", "text"), BLOCKS, ids=[f"{page.stem}-{number}" for page, number, _ in BLOCKS])
def test_a_block_is_accepted(page: Path, number: int, text: str, tmp_path: Path) -> None:
    document: Any = yaml.safe_load(text)
    KINDS[next(iter(document))](text, tmp_path)


def test_the_setting_of_the_dry_run_is_one_that_the_emulator_takes() -> None:
    page = (DOCS / "how-to" / "dry-run.md").read_text()
    (change,) = re.findall(r'"change": \{"(\w+)": \d+\}', page)
    (text,) = blocks(DOCS / "how-to" / "dry-run.md")
    assert change in text
