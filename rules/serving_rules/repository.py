"""What the repository keeps of the pack: every format, runbooks, tests and the schema, below ``rules/``.

``python -m serving_rules.repository rules`` writes it again and removes what is no longer made. A test compares both.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from serving_rules import fixtures, overrides, runbooks, scenarios
from serving_rules.formats import FORMATS
from serving_rules.pack import Pack, build

__all__ = ["FOLDERS", "SCHEMA", "committed", "files", "update"]

SCHEMA = "overrides.schema.json"
FOLDERS = (*FORMATS, "runbooks", "tests")
"""The folders below ``rules/`` in which nothing is written by hand."""


def files(pack: Pack | None = None) -> dict[str, str]:
    """Return every generated file, by its path below ``rules/``."""
    pack = pack or build()
    folders = {
        **{name: write(pack) for name, write in FORMATS.items()},
        "runbooks": runbooks.files(pack),
        "tests": {**fixtures.files(pack), **scenarios.files(pack)},
    }
    made = {f"{folder}/{name}": text for folder, contents in folders.items() for name, text in contents.items()}
    return {**made, SCHEMA: schema_text()}


def schema_text() -> str:
    """Return the JSON Schema of the overrides file as text."""
    return json.dumps(overrides.schema(), indent=2, ensure_ascii=False) + "\n"


def committed(root: Path) -> dict[str, str]:
    """Return what stands where generated files belong."""
    paths = [path for folder in FOLDERS for path in (root / folder).rglob("*") if path.is_file()]
    paths += [root / SCHEMA] if (root / SCHEMA).exists() else []
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def update(root: Path) -> None:
    """Write every generated file and remove those that are no longer made."""
    made = files()
    for name in committed(root).keys() - made.keys():
        (root / name).unlink()
    for name, text in made.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    update(Path(sys.argv[1]))
