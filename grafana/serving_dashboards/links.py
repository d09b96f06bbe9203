"""Links between dashboards, which keep the time and what is selected."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from serving_rules.model import Dashboard

__all__ = ["Link", "panel_id"]


@dataclass(frozen=True, slots=True)
class Link:
    """A link from a panel, a row of a table or a line of a graph to a dashboard.

    ``variables`` maps variables of the target to labels of what was clicked (in a table: to the titles of columns); those of ``kept`` go
    over as they are. ``panel`` is the title of the panel to open there. ``row`` says that the link stands in a table.
    """

    title: str
    target: Dashboard
    variables: Mapping[str, str] = field(default_factory=dict)
    panel: str = ""
    row: bool = False
    kept: tuple[str, ...] = ("datasource", "workspace")

    def json(self, label: Callable[[str], str]) -> dict[str, object]:
        """Return the link as Grafana has it; ``label`` gives the user's name of a label."""
        return {"title": self.title, "url": self.url(label), "targetBlank": False}

    def url(self, label: Callable[[str], str]) -> str:
        """Return the address: time, variables and the panel to open in the query string."""
        kept = [f"${{{name}:queryparam}}" for name in self.kept if name not in self.variables]
        chosen = [f"var-{name}=${{{self._clicked(each, label)}:percentencode}}" for name, each in self.variables.items()]
        opened = [f"viewPanel={panel_id(self.target, self.panel)}"] if self.panel else []
        return f"/d/{self.target}?{'&'.join(('${__url_time_range}', *kept, *chosen, *opened))}"

    def _clicked(self, name: str, label: Callable[[str], str]) -> str:
        return f'__data.fields["{name}"]' if self.row else f"__field.labels.{label(name)}"


def panel_id(dashboard: Dashboard, title: str) -> int:
    """Return the id of a panel, which links rely on: from the names alone, so that it survives every change of order."""
    return zlib.crc32(f"{dashboard}/{title}".encode()) % 1_000_000_000 + 1
