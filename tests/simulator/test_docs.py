"""The page about the simulator says what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from serving_simulator import fleet
from serving_simulator.api.faults import KINDS
from serving_simulator.api.switches import ApiSwitches
from serving_simulator.fleet.switches import Switches
from serving_simulator.reference import PARTS, renew

PAGE = Path(__file__).resolve().parents[2] / "docs" / "simulator.md"
TEXT = PAGE.read_text("utf-8")


def test_the_made_parts_are_committed() -> None:
    assert re.findall("<!-- made: (.*) -->", TEXT) == list(PARTS)
    assert renew(TEXT) == TEXT, "run: python -m serving_simulator.reference docs/simulator.md"


def test_a_stale_part_is_found() -> None:
    assert renew(TEXT.replace("| `tick` | `2` |", "| `tick` | `3` |")) == TEXT
    assert renew(TEXT.replace("| `drip` |", "| `drop` |")) == TEXT


@pytest.mark.parametrize("kind", [Switches, ApiSwitches])
def test_every_switch_has_its_default_and_a_meaning(kind: type[msgspec.Struct]) -> None:
    for field in msgspec.structs.fields(kind):
        row = re.search(rf"^\| `{field.name}` \| `(.*?)` \| (.+) \|$", TEXT, re.MULTILINE)
        assert row, field.name
        assert msgspec.json.decode(row[1]) == field.default
        assert len(row[2]) > 10, field.name


def test_every_fault_is_listed() -> None:
    for name, kind in KINDS.items():
        row = next(line for line in TEXT.splitlines() if line.startswith("|") and f"`{name}`" in line and kind.summary[:20] in line)
        assert all(f"`{parameter}`" in row for parameter in kind.parameters)


def test_the_example_loads_and_every_model_of_the_demo_has_its_story() -> None:
    example = re.search(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    assert example
    loaded = fleet.parse(example[1], source="docs/simulator.md")
    assert [model.name for model in loaded.models] == ["chat"]
    assert len(loaded.timeline) == 1
    demo = fleet.load("demo")
    rows = re.findall(r"^\| ([a-z][a-z-]+) \| .* \| .* \|$", TEXT, re.MULTILINE)
    assert rows == [*(model.name for model in demo.models), *(chain.name for chain in demo.chains)]
