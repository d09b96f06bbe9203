"""Links between dashboards, which keep the time and what is selected."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from serving_rules.model import Dashboard

__all__ = ["Link", "panel_id"]


@dataclass(frozen=True, slots=True)
class Link:
    """A link from a row of a table to a dashboard.

    ``variables`` maps variables of the target to titles of columns; those of ``kept`` go over as they are.
    """

    title: str
    target: Dashboard
    variables: Mapping[str, str]
    kept: tuple[str, ...] = ("datasource",)

    def json(self) -> dict[str, object]:
        """Return the link as Grafana has it: time and variables in the query string."""
        kept = [f"${{{name}:queryparam}}" for name in self.kept]
        chosen = [f'var-{name}=${{__data.fields["{column}"]:percentencode}}' for name, column in self.variables.items()]
        return {"title": self.title, "url": f"/d/{self.target}?{'&'.join(('${__url_time_range}', *kept, *chosen))}", "targetBlank": False}


def panel_id(dashboard: Dashboard, title: str) -> int:
    """Return the id of a panel, which links rely on: from the names alone, so that it survives every change of order."""
    return zlib.crc32(f"{dashboard}/{title}".encode()) % 1_000_000_000 + 1
