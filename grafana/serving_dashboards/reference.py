"""The page of the documentation that lists the dashboards: ``python -m serving_dashboards.reference docs`` writes it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from serving_dashboards.boards import BOARDS
from serving_dashboards.document import Dashboard
from serving_rules.markdown import cell, table

__all__ = ["pages"]

_NOTE = "<!-- Generated from grafana/serving_dashboards: edit there, then run `make docs`. -->"


def pages() -> dict[str, str]:
    """Make the generated page, by file name."""
    return {"dashboards.md": _dashboards_page()}


def _dashboards_page() -> str:
    return "\n".join(
        [
            "# Dashboards",
            "",
            _NOTE,
            "",
            "How to load them: [grafana/README.md](../grafana/README.md). They show the recorded series of the rules pack",
            "([signals.md](signals.md)) and what the exporter adds ([metrics.md](metrics.md)); a panel without data says which source or",
            "feature flag is missing.",
            "",
            *table(("Dashboard", "What it answers"), ((f"[{board.title}](#{_anchor(board.title)})", board.answers) for board in BOARDS)),
            "",
            *(line for board in BOARDS for line in _board(board)),
        ]
    )


def _anchor(heading: str) -> str:
    """Return what a repository's pages and the site make of a heading."""
    return re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")


def _board(board: Dashboard) -> Iterator[str]:
    yield from (f"## {board.title}", "", f"`{board.uid}`. {board.answers}", "")
    selected = ", ".join(f"`{variable.name}`" for variable in board.variables)
    yield from (f"Variables: {selected}.", "")
    for row in board.rows:
        yield from (f"### {board.title.partition('/ ')[2]}: {row.title}", "")
        yield from table(("Panel", "What it shows"), ((panel.title, cell(panel.description)) for panel in row.panels))
        yield ""


if __name__ == "__main__":
    for _name, _text in pages().items():
        (Path(sys.argv[1]) / _name).write_text(_text, encoding="utf-8")
