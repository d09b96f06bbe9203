"""A dashboard, and its classic JSON: panels get places, ids and datasources here, and the user's names and selectors are put in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from serving_dashboards.links import panel_id
from serving_dashboards.panels import Panel
from serving_dashboards.queries import Query
from serving_dashboards.variables import SOURCE, Variable
from serving_rules import model
from serving_rules.rendering import Renderer

__all__ = ["SCHEMA_VERSION", "TAG", "Annotation", "Dashboard", "LayoutError", "Row", "document"]

SCHEMA_VERSION = 39
"""Accepted by file provisioning from Grafana 10.4 on; newer ones migrate it."""
TAG = "serving-exporter"
"""All dashboards carry it: the menu of links lists them by it."""

_COLUMNS = 24
_LEGEND = re.compile(r"(?<=\{\{)\w+(?=\}\})")

Json = dict[str, Any]


class LayoutError(Exception):
    """A dashboard cannot be laid out: two panels of one title, or a panel wider than the page."""


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under a heading that can be folded. ``collapsed`` ones ask nothing until they are opened."""

    title: str
    panels: Sequence[Panel]
    collapsed: bool = False


@dataclass(frozen=True, slots=True)
class Annotation:
    """Moments that are marked in every graph: those at which a query has a value. Texts may use ``{{label}}``."""

    name: str
    expr: str
    colour: str
    title: str
    text: str
    step: str = "1m"
    enabled: bool = True


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    """One dashboard. ``answers`` is the question that it answers, in a sentence, for its readme and the page of dashboards."""

    uid: model.Dashboard
    title: str
    answers: str
    variables: Sequence[Variable]
    rows: Sequence[Row]
    annotations: Sequence[Annotation] = ()
    refresh: str = "1m"
    since: str = "now-6h"
    tags: Sequence[str] = field(default=(TAG,))

    def panels(self) -> Iterator[Panel]:
        """Every panel, in order, those of folded rows too."""
        return (panel for row in self.rows for panel in row.panels)


def document(dashboard: Dashboard, renderer: Renderer) -> Json:
    """Return the classic JSON of a dashboard. Raises LayoutError."""
    return {
        "uid": str(dashboard.uid),
        "title": dashboard.title,
        "description": dashboard.answers,
        "tags": list(dashboard.tags),
        "schemaVersion": SCHEMA_VERSION,
        "editable": False,
        "graphTooltip": 1,
        "refresh": dashboard.refresh,
        "timezone": "browser",
        "time": {"from": dashboard.since, "to": "now"},
        "timepicker": {},
        "links": [_menu()],
        "templating": {"list": [each.json(renderer.expression, renderer.label) for each in dashboard.variables]},
        "annotations": {"list": [_annotation(each, renderer) for each in dashboard.annotations]},
        "panels": _place(dashboard, renderer),
    }


def _menu() -> Json:
    return {
        "title": "Serving dashboards",
        "type": "dashboards",
        "icon": "external link",
        "tooltip": "The other dashboards, for the same selection and time",
        "url": "",
        "tags": [TAG],
        "asDropdown": True,
        "includeVars": True,
        "keepTime": True,
        "targetBlank": False,
    }


def _annotation(annotation: Annotation, renderer: Renderer) -> Json:
    expr = renderer.expression(annotation.expr)
    return {
        "name": annotation.name,
        "datasource": SOURCE,
        "enable": annotation.enabled,
        "hide": False,
        "iconColor": annotation.colour,
        "expr": expr,
        "step": annotation.step,
        "titleFormat": _legend(annotation.title, renderer),
        "textFormat": _legend(annotation.text, renderer),
        "target": {"refId": "Anno", "expr": expr, "interval": annotation.step},
    }


def _place(dashboard: Dashboard, renderer: Renderer) -> list[Json]:
    """Let panels flow into 24 columns, row by row."""
    placed: list[Json] = []
    taken: set[int] = set()
    top = 0
    for row in dashboard.rows:
        heading = _heading(dashboard, row, top)
        placed.append(heading)
        top += 1
        inside: list[Json] = []
        left = height = 0
        for panel in row.panels:
            if panel.width > _COLUMNS:
                raise LayoutError(f"{dashboard.uid}: panel {panel.title!r} is {panel.width} columns wide, allowed: up to {_COLUMNS}")
            if left + panel.width > _COLUMNS:
                top, left, height = top + height, 0, 0
            inside.append(_panel(dashboard, panel, renderer, left, top))
            left, height = left + panel.width, max(height, panel.height)
        top += height
        if row.collapsed:
            heading["panels"] = inside
        else:
            placed += inside
        for each in (heading, *inside):
            if each["id"] in taken:
                raise LayoutError(
                    f"{dashboard.uid}: two panels are called {each['title']!r}; titles make ids, so each needs one of its own"
                )
            taken.add(each["id"])
    return placed


def _heading(dashboard: Dashboard, row: Row, top: int) -> Json:
    return {
        "id": panel_id(dashboard.uid, f"row {row.title}"),
        "type": "row",
        "title": row.title,
        "collapsed": row.collapsed,
        "gridPos": {"h": 1, "w": _COLUMNS, "x": 0, "y": top},
        "panels": [],
    }


def _panel(dashboard: Dashboard, panel: Panel, renderer: Renderer, left: int, top: int) -> Json:
    targets = {"datasource": SOURCE, "targets": _targets(panel, renderer)} if panel.queries else {}
    return {
        "id": panel_id(dashboard.uid, panel.title),
        "type": panel.type,
        "title": panel.title,
        "description": panel.description,
        "gridPos": {"h": panel.height, "w": panel.width, "x": left, "y": top},
        **targets,
        **panel.body(renderer.label),
    }


def _targets(panel: Panel, renderer: Renderer) -> list[Json]:
    return [_target(ref, query, panel, renderer) for ref, query in zip(panel.ids(), panel.queries, strict=True)]


def _target(ref: str, query: Query, panel: Panel, renderer: Renderer) -> Json:
    return {
        "refId": ref,
        "datasource": SOURCE,
        "editorMode": "code",
        "expr": renderer.expression(query.expr),
        "format": panel.format,
        "instant": panel.instant,
        "range": not panel.instant,
        "legendFormat": _legend(query.legend, renderer) or "__auto",
    }


def _legend(text: str, renderer: Renderer) -> str:
    return _LEGEND.sub(lambda match: renderer.label(match.group(0)), text)
