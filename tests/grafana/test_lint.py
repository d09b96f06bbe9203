"""No dashboard has anything that the rules of ``tests.grafana.lint`` forbid, and each of the rules bites; the original linter agrees."""

from __future__ import annotations

import copy
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.grafana.lint import complaints
from tests.tools.toolchain import linter

from serving_dashboards.formats import FORMATS
from serving_rules.settings import Settings

Json = dict[str, Any]
DOCUMENTS: dict[str, Json] = {name.removesuffix(".json"): json.loads(text) for name, text in FORMATS["json"](Settings()).items()}


def test_nothing_is_wrong() -> None:
    assert list(complaints(DOCUMENTS)) == []


def first(document: Json, kind: str) -> Json:
    found: Json = next(panel for panel in document["panels"] if panel["type"] == kind)
    return found


def nested(document: Json) -> Json:
    """Put the first graph into a folded row of its own: what the original linter once did not look into."""
    graph = first(document, "timeseries")
    document["panels"].remove(graph)
    row = copy.deepcopy(first(document, "row"))
    row |= {"id": 1, "title": "folded", "collapsed": True, "panels": [graph], "gridPos": {"h": 1, "w": 24, "x": 0, "y": 900}}
    document["panels"].append(row)
    return graph


def variable(document: Json, name: str) -> Json:
    found: Json = next(each for each in document["templating"]["list"] if each["name"] == name)
    return found


def graph(document: Json) -> Json:
    return first(document, "timeseries")


def query(document: Json) -> Json:
    found: Json = graph(document)["targets"][0]
    return found


def link(document: Json, url: str) -> None:
    graph(document)["links"] = [{"title": "x", "url": url}]


BREAKS: dict[str, tuple[Callable[[Json], object], str]] = {
    "uid": (lambda d: d.update(uid="other"), "its uid is not its name"),
    "editable": (lambda d: d.update(editable=True), "is editable"),
    "schema": (lambda d: d.update(schemaVersion=43), "a schemaVersion that not every Grafana takes"),
    "tags": (lambda d: d.update(tags=[]), "lacks a title, a description or tags"),
    "menu": (lambda d: d["links"][0].update(includeVars=False), "no menu of the other dashboards"),
    "export": (lambda d: d.update(__inputs=[]), "it is an export"),
    "ids": (lambda d: graph(d).update(id=first(d, "stat")["id"]), "panels without an id of their own"),
    "angular": (lambda d: graph(d).update(type="graph"), "is of a type that is gone"),
    "title": (lambda d: graph(d).update(title=""), "has no title"),
    "off the page": (lambda d: graph(d)["gridPos"].update(x=20, w=8), "is off the page"),
    "description": (lambda d: graph(d).update(description=""), "has no description"),
    "nested description": (lambda d: nested(d).update(description=""), "has no description"),
    "overlap": (lambda d: graph(d)["gridPos"].update(first(d, "stat")["gridPos"]), "overlap"),
    "datasource": (lambda d: graph(d).update(datasource={"type": "prometheus", "uid": "P1"}), "does not ask the selected datasource"),
    "query datasource": (lambda d: query(d).update(datasource={"uid": "P1"}), "has a query that does not ask the selected datasource"),
    "nothing": (lambda d: graph(d).update(targets=[]), "asks nothing"),
    "refId": (lambda d: query(d).update(refId=""), "without a refId of their own"),
    "unit": (lambda d: graph(d)["fieldConfig"]["defaults"].update(unit="tok/s"), "has the unit 'tok/s'"),
    "nested unit": (lambda d: nested(d)["fieldConfig"]["defaults"].pop("unit"), "has the unit None"),
    "no data": (lambda d: graph(d)["fieldConfig"]["defaults"].pop("noValue"), "does not say what is missing"),
    "syntax": (lambda d: query(d).update(expr="sum(("), "does not parse"),
    "unknown series": (lambda d: query(d).update(expr="serving:nothing:now"), "no such metric"),
    "unknown label": (lambda d: query(d).update(expr='serving:active_replicas:max{colour="red"}'), "no label colour"),
    "fixed rate": (
        lambda d: query(d).update(expr="rate(baseten_inference_requests_total[5m])", legendFormat="x"),
        "does not follow the resolution",
    ),
    "bare counter": (
        lambda d: query(d).update(expr='baseten_inference_requests_total{workspace=~"$workspace"}', legendFormat="x"),
        "is a counter and is read as it is",
    ),
    "legend": (lambda d: query(d).update(legendFormat="{{colour}}"), "the legend uses colour, which the query drops"),
    "unknown variable": (lambda d: query(d).update(expr='serving:active_replicas:max{workspace=~"$room"}'), "uses the variable room"),
    "equals a variable": (
        lambda d: query(d).update(expr='serving:active_replicas:max{workspace="$workspace"}'),
        "several values need =~",
    ),
    "unused variable": (
        lambda d: d["templating"]["list"].append({**variable(d, "workspace"), "name": "spare"}),
        "has the variable spare and does not use it",
    ),
    "datasource variable": (lambda d: variable(d, "datasource").update(label="Source"), "does not have one variable for the data source"),
    "refresh": (lambda d: variable(d, "workspace").update(refresh=1), "does not take several values, or all, of the selected time"),
    "multi": (lambda d: variable(d, "workspace").update(multi=False), "does not take several values"),
    "job": (lambda d: d["templating"]["list"].append({**variable(d, "workspace"), "name": "job"}), "has a variable job"),
    "variable query": (
        lambda d: variable(d, "workspace").update(definition="label_values(up{, job)"),
        "does not parse",
    ),
    "target": (lambda d: link(d, "/d/serving-nowhere"), "links to serving-nowhere, which does not exist"),
    "variable of the target": (lambda d: link(d, "/d/serving-slo?var-deployment=x"), "gives deployment, which serving-slo does not have"),
    "variable passed on": (lambda d: link(d, "/d/serving-exporter?${job:queryparam}"), "passes job on, which it does not have"),
    "panel of the target": (lambda d: link(d, "/d/serving-slo?viewPanel=1"), "opens a panel that serving-slo does not have"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_each_rule_bites(name: str) -> None:
    change, complaint = BREAKS[name]
    broken = copy.deepcopy(DOCUMENTS)
    change(broken["serving-fleet"])
    found = [each for each in complaints(broken) if complaint in each]
    assert found, complaint
    assert all(each.startswith("serving-fleet: ") for each in found)


def test_the_exporters_dashboard_is_limited_to_the_selected_job() -> None:
    broken = copy.deepcopy(DOCUMENTS)
    query(broken["serving-exporter"])["expr"] = "serving_exporter_page_bytes"
    assert any("serving_exporter_page_bytes is not limited to the selected job" in each for each in complaints(broken))


def test_rows_of_a_table_that_cannot_meet_are_named() -> None:
    broken = copy.deepcopy(DOCUMENTS)
    first(broken["serving-fleet"], "table")["targets"][0]["expr"] = "sum by (workspace) (serving:active_replicas:max)"
    assert any("so rows do not meet" in each for each in complaints(broken))


EXCLUDED = {
    "template-instance-rule": "a page is one target; people select models and deployments",
    "target-instance-rule": "as above",
    "template-job-rule": "signals carry no job on purpose: two scrapers of one page are one truth; the exporter's dashboard has it",
    "target-job-rule": "as above; what is not a signal has it, see tests.grafana.lint",
}
"""Rules of the original linter that do not hold here, and why; ``tests.grafana.lint`` checks what remains of each."""


LINTER = linter()


@pytest.mark.skipif(LINTER is None, reason="dashboard-linter is built by `make tools`, where Go and its modules are at hand")
@pytest.mark.parametrize("uid", DOCUMENTS)
def test_the_original_linter_agrees(uid: str, tmp_path: Path) -> None:
    path = tmp_path / f"{uid}.json"
    path.write_text(json.dumps(DOCUMENTS[uid]))
    rules = [rule for rule in EXCLUDED if uid != "serving-exporter" or rule != "template-job-rule"]
    (tmp_path / ".lint").write_text(yaml.safe_dump({"exclusions": {rule: {"reason": EXCLUDED[rule]} for rule in rules}}))
    assert LINTER
    command = [LINTER, "lint", "--strict", "--verbose", "--config", str(tmp_path / ".lint"), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, re.sub(r"\x1b\[\d+m", "", done.stdout + done.stderr)
    assert "Checks that" in done.stdout
