"""What is wrong in the JSON of dashboards: the rules of Grafana's dashboard-linter that apply, over every panel, and what they leave out.

Rules of the linter, in its order: template-datasource, template-job, template-label-promql, template-on-time-change-reload,
panel-datasource, panel-title-description, panel-units, panel-no-targets, target-promql, target-rate-interval, target-job,
target-counter-agg, uneditable-dashboard. Left out, with reasons: those of Loki (there are no logs); ``instance`` (a page is one target,
what people select is a model); ``job`` where signals are read (they carry none on purpose: two scrapers of one page are one truth), so the
two rules on ``job`` hold for the dashboard of the exporter. ``increase`` over a fixed time is right in a panel that shows no course.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import combinations
from typing import Any

import promql_parser
from tests.grafana.execution import ALL, fill, panels, queries

from serving_dashboards.panels import Unit
from serving_exporter.catalogue import ALL as CATALOGUE
from serving_exporter.catalogue import MetricType
from serving_rules.contract import reader
from serving_rules.pack import build

__all__ = ["complaints"]

Json = dict[str, Any]

PACK = build()
READ = reader(PACK)
UNITS = {value for name, value in vars(Unit).items() if not name.startswith("_")}
GONE = {"graph", "singlestat", "table-old", "grafana-piechart-panel", "grafana-worldmap-panel"}
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
WORDLESS = {"row", "text"}

_REFERENCE = re.compile(r"\$\{(\w+)(?::\w+)?\}|\$(\w+)")
_STRING = re.compile(r'"[^"]*"')
_LEGEND = re.compile(r"\{\{(\w+)\}\}")
_LINK = re.compile(r"/d/(?P<uid>[\w-]+)(?P<query>\?[^)\s\"]*)?")
_BUILT_IN = {"__rate_interval", "__interval", "__range", "__url_time_range", "__data", "__field", "__all_variables", "__from", "__to"}
SCOPES = ({}, {"scope": "environment"})


def complaints(dashboards: Mapping[str, Json]) -> Iterator[str]:
    """Yield what is wrong, dashboard by dashboard; ``dashboards`` are all of them, by uid, since they link to each other."""
    for uid, dashboard in dashboards.items():
        for each in (*_document(uid, dashboard), *_panels(dashboard), *_queries(dashboard), *_variables(dashboard)):
            yield f"{uid}: {each}"
        yield from (f"{uid}: {each}" for each in _links(dashboard, dashboards))


def _document(uid: str, dashboard: Json) -> Iterator[str]:
    if dashboard["uid"] != uid or not re.fullmatch(r"[a-z-]{4,40}", uid):
        yield "its uid is not its name"
    if dashboard.get("editable") is not False:
        yield "is editable"
    if not 39 <= dashboard["schemaVersion"] <= 42:
        yield "has a schemaVersion that not every Grafana takes"
    if not dashboard["title"] or not dashboard["tags"] or not dashboard["description"]:
        yield "lacks a title, a description or tags"
    if not any(link["type"] == "dashboards" and link["includeVars"] and link["keepTime"] for link in dashboard["links"]):
        yield "has no menu of the other dashboards that keeps variables and time"
    if "__inputs" in dashboard or dashboard.get("id"):
        yield "has __inputs or an id: it is an export, which provisioning refuses"


def _panels(dashboard: Json) -> Iterator[str]:
    every = list(panels(dashboard))
    ids = [panel["id"] for panel in every]
    if len(set(ids)) != len(ids) or any(not isinstance(each, int) or each <= 0 for each in ids):
        yield "panels without an id of their own"
    for panel in every:
        where = f"panel {panel['title']!r}"
        if panel["type"] in GONE:
            yield f"{where} is of a type that is gone"
        if not panel["title"]:
            yield f"a {panel['type']} has no title"
        place = panel["gridPos"]
        if place["x"] < 0 or place["w"] < 1 or place["x"] + place["w"] > 24:
            yield f"{where} is off the page"
        if panel["type"] == "row":
            continue
        if not panel.get("description"):
            yield f"{where} has no description"
        if panel["type"] not in WORDLESS:
            yield from (f"{where} {each}" for each in _graph(panel))
    yield from _overlaps(every)


def _graph(panel: Json) -> Iterator[str]:
    if panel.get("datasource") != SOURCE:
        yield "does not ask the selected datasource"
    targets = panel.get("targets") or []
    if not targets:
        yield "asks nothing"
    refs = [target.get("refId") for target in targets]
    if not all(refs) or len(set(refs)) != len(refs):
        yield "has queries without a refId of their own"
    if any(target.get("datasource") != SOURCE for target in targets):
        yield "has a query that does not ask the selected datasource"
    fields = panel["fieldConfig"]
    if fields["defaults"].get("unit") not in UNITS:
        yield f"has the unit {fields['defaults'].get('unit')!r}"
    if not fields["defaults"].get("noValue"):
        yield "does not say what is missing when there is nothing to show"
    units = [each["value"] for override in fields["overrides"] for each in override["properties"] if each["id"] == "unit"]
    yield from (f"has the unit {unit!r}" for unit in units if unit not in UNITS)


def _overlaps(every: Sequence[Json]) -> Iterator[str]:
    for one, other in combinations(every, 2):
        a, b = one["gridPos"], other["gridPos"]
        if a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"] and a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"]:
            folded = any(panel in heading.get("panels", ()) for heading in every for panel in (one, other))
            if not folded or any({one["id"], other["id"]} <= {panel["id"] for panel in each.get("panels", ())} for each in every):
                yield f"panels {one['title']!r} and {other['title']!r} overlap"


def _queries(dashboard: Json) -> Iterator[str]:
    for where, text, ranged in queries(dashboard):
        for scope in SCOPES:
            yield from (f"{where}: {each}" for each in _query(_filled(text, **scope)))
        for match in re.finditer(r"\b(?:rate|irate|increase)\([^\[]*\[([^\]]+)\]", _STRING.sub('""', text)):
            fixed = match[1] != "$__rate_interval"
            if fixed and (ranged or not match[0].startswith("increase")):
                yield f"{where}: {match[0]} does not follow the resolution ($__rate_interval)"
        if dashboard["uid"] == "serving-exporter" and where != "variable job":
            names = [each.name for each in _selectors(_filled(text)) if "job" not in {one.name for one in each.matchers.matchers}]
            found = [name for name in names if name and re.match("serving_exporter|process|scrape", name)]
            yield from (f"{where}: {name} is not limited to the selected job" for name in found)
    yield from _legends(dashboard)


def _filled(text: str, **variables: str) -> str:
    """Return a query with its variables filled in; one that no dashboard has is reported elsewhere, and here stands for anything."""
    unknown = {one or other: "x" for one, other in _REFERENCE.findall(text) if (one or other) not in _BUILT_IN}
    return fill(text, {**unknown, **ALL, **variables})


@cache
def _selectors(expr: str) -> list[promql_parser.VectorSelector]:
    """Return every selector of an expression; none of one that does not parse."""
    found: list[promql_parser.VectorSelector] = []

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.MatrixSelector):
            node = node.vector_selector
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)

    if not list(_parse_errors(expr)):
        promql_parser.walk(promql_parser.parse(expr), visit)
    return found


@cache
def _query(expr: str) -> tuple[str, ...]:
    if errors := tuple(_parse_errors(expr)):
        return errors
    return (*READ(expr)[1], *_counters(promql_parser.parse(expr)))


def _parse_errors(expr: str) -> Iterator[str]:
    try:
        promql_parser.parse(expr)
    except ValueError as error:
        yield f"does not parse: {error}"


def _counters(parsed: promql_parser.Expr) -> Iterator[str]:
    """Counters are read through rate, irate or increase: the linter's rule, which sees matchers as well."""
    cumulative = {
        name for family in CATALOGUE.values() if family.type is not MetricType.GAUGE for name in family.sample_names
    }  # resets() counts falls
    inside = set(re.findall(r"\b(?:rate|irate|increase|resets|changes)\(([\w:]+)", str(parsed)))
    every = set(re.findall(r"\b([a-z_]\w+)\b(?=[{\[])", str(parsed)))
    yield from (f"{name} is a counter and is read as it is" for name in sorted((every & cumulative) - inside))


@cache
def _labels(expr: str) -> frozenset[str]:
    return READ(expr)[0]


def _legends(dashboard: Json) -> Iterator[str]:
    for panel in panels(dashboard):
        if any(not _selectors(_filled(target["expr"])) for target in panel.get("targets", ())):
            continue  # does not parse, and is reported as such
        for target in panel.get("targets", ()):
            kept = [_labels(_filled(target["expr"], **scope)) for scope in SCOPES]
            lost = set(_LEGEND.findall(target["legendFormat"])) - set().union(*kept)
            if lost and "__name__" not in target["expr"]:
                yield f"panel {panel['title']!r}: the legend uses {', '.join(sorted(lost))}, which the query drops"
        if panel["type"] == "table":
            shapes = [_labels(_filled(target["expr"])) - {"__name__"} for target in panel["targets"]]
            shared = frozenset.intersection(*shapes)
            shown = set(panel["transformations"][1]["options"]["include"]["names"])
            if shared not in shapes or set().union(*shapes) - shared - shown:
                different = sorted(map(sorted, set(shapes)))
                yield f"panel {panel['title']!r}: its queries have different labels, so rows do not meet: {different}"


def _variables(dashboard: Json) -> Iterator[str]:
    variables = {each["name"]: each for each in dashboard["templating"]["list"]}
    sources = [each for each in variables.values() if each["type"] == "datasource"]
    if [(each["name"], each["label"], each["query"]) for each in sources] != [("datasource", "Data source", "prometheus")]:
        yield "does not have one variable for the data source"
    if (dashboard["uid"] == "serving-exporter") != ("job" in variables):
        yield "has a variable job that selects nothing, or lacks the one that selects its exporter"
    for name, each in variables.items():
        if each["type"] == "query":
            wanted = ".+" if name == "job" else ".*"
            if each["refresh"] != 2 or not each["multi"] or not each["includeAll"] or each["allValue"] != wanted:
                yield f"variable {name} does not take several values, or all, of the selected time"
            if each["datasource"] != SOURCE:
                yield f"variable {name} does not ask the selected datasource"
    texts = [text for _, text, _ in queries(dashboard)]
    used = {match[0] or match[1] for text in texts for match in _REFERENCE.findall(text)} - _BUILT_IN
    yield from (f"uses the variable {name}, which it does not have" for name in sorted(used - variables.keys()))
    yield from (f"has the variable {name} and does not use it" for name in sorted(variables.keys() - used - {"datasource"}))
    for text in texts:
        plain = re.findall(r'(\w+)\s*(=|!=|!~)\s*"\$(\w+)', text)
        yield from (f'matches {label} {op} "${name}": several values need =~' for label, op, name in plain)


def _links(dashboard: Json, dashboards: Mapping[str, Json]) -> Iterator[str]:
    variables = {each["name"] for each in dashboard["templating"]["list"]}
    for where, url in _urls(dashboard):
        for match in _LINK.finditer(url):
            target = dashboards.get(match["uid"])
            if target is None:
                yield f"{where} links to {match['uid']}, which does not exist"
                continue
            there = {each["name"] for each in target["templating"]["list"]}
            query = match["query"] or ""
            given = set(re.findall(r"var-(\w+)=", query))
            passed = {name for name, form in re.findall(r"\$\{(\w+):(queryparam)\}", query) if form}
            yield from (f"{where} gives {name}, which {match['uid']} does not have" for name in sorted((given | passed) - there))
            yield from (f"{where} passes {name} on, which it does not have" for name in sorted(passed - variables))
            for opened in re.findall(r"viewPanel=(\d+)", query):
                if int(opened) not in {panel["id"] for panel in panels(target)}:
                    yield f"{where} opens a panel that {match['uid']} does not have"


def _urls(dashboard: Json) -> Iterator[tuple[str, str]]:
    for panel in panels(dashboard):
        where = f"panel {panel['title']!r}"
        yield from ((where, link["url"]) for link in panel.get("links", ()))
        yield where, panel.get("options", {}).get("content", "") if panel["type"] == "text" else ""
        for override in panel.get("fieldConfig", {}).get("overrides", ()):
            for each in override["properties"]:
                if each["id"] == "links":
                    yield from ((where, link["url"]) for link in each["value"])
