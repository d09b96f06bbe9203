"""Tables: a row for each object, a column for each query or label."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar

from serving_dashboards.colours import Colour
from serving_dashboards.links import Link
from serving_dashboards.panels import Limit, Panel, Unit, Word, mappings, override, thresholds
from serving_dashboards.queries import Query

__all__ = ["Cell", "Column", "Table"]

_NOTHING = "–"

Json = dict[str, Any]
Rename = Callable[[str], str]


class Cell(Enum):
    """How a table shows a value."""

    PLAIN = "auto"
    COLOURED = "color-text"
    FILLED = "color-background"


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table from a query of its own, or (``label``) from a label that the queries share; ``hidden`` ones feed links only."""

    title: str
    query: Query | None = None
    label: str = ""
    unit: str = Unit.COUNT
    cell: Cell = Cell.PLAIN
    base: Colour = Colour.NEUTRAL
    limits: Sequence[Limit] = ()
    words: Sequence[Word] = ()
    decimals: int | None = None
    width: int = 0
    hidden: bool = False
    links: Sequence[Link] = ()

    def properties(self) -> Json:
        """Return in what it differs from the other columns."""
        # Without it every empty cell would say why the whole table might be empty.
        found: Json = {"custom.cellOptions": {"type": self.cell.value}, "noValue": _NOTHING}
        if self.words:
            found["mappings"] = mappings(self.words)
        if self.query:
            found |= {"unit": self.unit, "thresholds": thresholds(self.base, self.limits)}
        if self.decimals is not None:
            found["decimals"] = self.decimals
        if self.width:
            found["custom.width"] = self.width
        if self.hidden:
            found["custom.hidden"] = True
        if self.links:
            found["links"] = [link.json() for link in self.links]
        return found


@dataclass(frozen=True, kw_only=True)
class Table(Panel):
    """Rows by label, columns by query, as of now: rows are put together by the labels that all queries share.

    ``sort`` is the title of the column by which rows are sorted, the largest first unless ``ascending``.
    """

    type: ClassVar[str] = "table"
    format: ClassVar[str] = "table"
    queries: Sequence[Query] = field(init=False, default=())
    columns: Sequence[Column]
    sort: str
    ascending: bool = False
    width: int = 24
    unit: str = Unit.COUNT

    def __post_init__(self) -> None:
        object.__setattr__(self, "queries", tuple(column.query for column in self.columns if column.query))

    @property
    def instant(self) -> bool:
        """It shows the end of the selected time only."""
        return True

    def _fields(self, label: Rename) -> dict[str, str]:
        """Name of a field as the datasource has it, to the title of its column."""
        values = iter(self.ids())
        fields = {}
        for column in self.columns:
            if column.query:
                fields[f"Value #{next(values)}"] = column.title
                if len(self.queries) == 1:
                    fields["Value"] = column.title
            else:
                fields[label(column.label)] = column.title
        return fields

    def _custom(self) -> Json:
        return {"align": "auto", "filterable": True, "inspect": False, "cellOptions": {"type": "auto"}}

    def _overrides(self) -> list[Json]:
        return [override("byName", column.title, column.properties()) for column in self.columns]

    def _options(self) -> Json:
        return {
            "showHeader": True,
            "cellHeight": "sm",
            "sortBy": [{"displayName": self.sort, "desc": not self.ascending}],
            "footer": {"show": False, "reducer": ["sum"], "countRows": False, "fields": ""},
        }

    def _transformations(self, label: Rename) -> list[Json]:
        fields = self._fields(label)
        order = {name: index for index, name in enumerate(fields)}
        return [
            {"id": "merge", "options": {}},
            {"id": "filterFieldsByName", "options": {"include": {"names": list(fields)}}},
            {"id": "organize", "options": {"excludeByName": {}, "indexByName": order, "renameByName": fields}},
        ]
