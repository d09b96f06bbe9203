"""The committed dashboards: as generated, as Grafana's own model reads them, and with the user's names in them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from click.testing import CliRunner
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from tests.grafana.execution import ALL, fill, panels, queries

from serving_dashboards import cli, repository
from serving_dashboards.boards import BOARDS
from serving_dashboards.document import Dashboard, LayoutError, Row, document
from serving_dashboards.formats import FORMATS
from serving_dashboards.links import panel_id
from serving_dashboards.needs import Needs, need_of
from serving_dashboards.panels import Graph, Unit
from serving_dashboards.queries import VARIABLES, Query, UnknownSeriesError, metric, signal, target
from serving_dashboards.tables import Table
from serving_dashboards.variables import DATASOURCE
from serving_exporter.catalogue import ALL as CATALOGUE
from serving_rules import model
from serving_rules.pack import build
from serving_rules.rendering import Renderer
from serving_rules.settings import CANONICAL, Settings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of the classic schema as such: file provisioning refuses the newer one
    from grafana_foundation_sdk.models import dashboard as grafana

GRAFANA = Path(__file__).resolve().parents[2] / "grafana"
MADE = repository.files()
DOCUMENTS = {name.removesuffix(".json"): json.loads(text) for name, text in FORMATS["json"](Settings()).items()}
each_dashboard = pytest.mark.parametrize("uid", DOCUMENTS)


def test_what_is_committed_is_what_is_made() -> None:
    kept = repository.committed(GRAFANA)
    assert sorted(kept) == sorted(MADE)
    assert [name for name in MADE if kept[name] != MADE[name]] == [], "run: make dashboards"


def test_another_process_makes_the_same() -> None:
    code = "import json; from serving_dashboards import repository; print(json.dumps(repository.files()))"
    for seed in ("1", "2"):
        done = subprocess.run([sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True)
        assert json.loads(done.stdout) == MADE


def test_writing_again_removes_what_is_no_longer_made(tmp_path: Path) -> None:
    (tmp_path / "dashboards").mkdir()
    (tmp_path / "dashboards" / "old.json").write_text("{}")
    repository.update(tmp_path)
    assert repository.committed(tmp_path) == MADE


def test_there_is_one_for_each_uid_that_alerts_link_to() -> None:
    assert set(DOCUMENTS) == {str(uid) for uid in model.Dashboard}


def test_links_in_alerts_find_their_dashboard_and_its_variables() -> None:
    urls = {rule.alert: rule.annotations["dashboard_url"] for rule in build().rules() if rule.alert}
    assert len(urls) > 50
    for alert, url in urls.items():
        uid = re.fullmatch(r"/d/([\w-]+)\?.*", url)
        assert uid, url
        variables = {each["name"] for each in DOCUMENTS[uid[1]]["templating"]["list"]}
        assert set(re.findall(r"var-(\w+)=", url)) <= variables, alert


def test_dashboards_have_the_variables_that_links_may_set() -> None:
    for found in BOARDS:
        chosen = {VARIABLES[label] for label in found.uid.selects}
        assert chosen == {each.name for each in found.variables} & set(VARIABLES.values()) - {"job"}, found.uid


@each_dashboard
def test_grafanas_own_model_finds_every_field_again(uid: str) -> None:
    plugins.register_default_plugins()
    read = grafana.Dashboard.from_json(DOCUMENTS[uid])
    back = json.loads(json.dumps(read, cls=JSONEncoder))
    assert list(lost(DOCUMENTS[uid], back)) == []


def lost(ours: Any, theirs: Any, path: str = "") -> Iterator[str]:
    """Yield what of ours is not in theirs; what they add are defaults."""
    if isinstance(ours, dict):
        for key, value in ours.items():
            yield from lost(value, theirs[key], f"{path}.{key}") if isinstance(theirs, dict) and key in theirs else (f"{path}.{key}",)
    elif isinstance(ours, list):
        if not isinstance(theirs, list) or len(ours) != len(theirs):
            yield path
        else:
            for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
                yield from lost(one, other, f"{path}[{number}]")
    elif ours != theirs:
        yield f"{path}: {ours!r} became {theirs!r}"


def test_that_comparison_can_fail() -> None:
    assert list(lost({"a": [{"b": 1}]}, {"a": [{"b": 2}]})) == [".a[0].b: 1 became 2"]
    assert list(lost({"a": 1}, {})) == [".a"]
    assert list(lost([1, 2], [1])) == [""]


def test_provisioning_points_at_files_that_grafana_reads() -> None:
    provider = yaml.safe_load(MADE["provisioning/dashboards/serving.yaml"])
    assert provider["apiVersion"] == 1
    assert provider["providers"][0]["type"] == "file"
    assert provider["providers"][0]["options"]["path"] == repository.MOUNTED
    source = yaml.safe_load(MADE["provisioning/datasources/prometheus.yaml"])
    assert source["datasources"][0]["type"] == "prometheus"


def test_configmaps_hold_the_same_dashboards() -> None:
    for name, text in FORMATS["configmap"](Settings()).items():
        found = yaml.safe_load(text)
        assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert re.fullmatch(r"[a-z0-9-]{1,63}", found["metadata"]["name"])
        ((file, content),) = found["data"].items()
        assert file == name.replace(".yaml", ".json")
        assert json.loads(content) == DOCUMENTS[file.removesuffix(".json")]
        assert len(text) < 1_000_000, "a ConfigMap holds a mebibyte"


RENAMED = Settings(selector='cluster="one"', label_names={label: f"{label}_renamed" for label in CANONICAL})


@each_dashboard
def test_label_names_and_selectors_of_the_user_are_everywhere(uid: str) -> None:
    rendered = document(next(board for board in BOARDS if str(board.uid) == uid), Renderer(RENAMED))
    variables = {**ALL, "scope": "environment_renamed, deployment_name_renamed"}
    for where, text, _ in queries(rendered):
        expr = fill(text, variables)
        promql_parser.parse(expr)
        old = set(re.findall(r"\b(?:" + "|".join(CANONICAL) + r")\b", re.sub(r'"[^"]*"', "", expr)))
        assert not old, f"{where}: {expr}"
        for name, selector in re.findall(r"\b((?:baseten|serving_exporter)_\w+)(\{[^}]*\})?", expr):
            assert 'cluster="one"' in selector, f"{where}: {name}{selector}"
    for panel in panels(rendered):
        for each in panel.get("targets", ()):
            assert not set(re.findall(r"\{\{(\w+)\}\}", each["legendFormat"])) & set(CANONICAL), panel["title"]
        for change in panel.get("transformations", ()):
            assert not set(change["options"].get("renameByName", ())) & set(CANONICAL), panel["title"]


def graph(title: str, **changed: Any) -> Graph:
    fields = {"description": "d", "queries": [Query("up")], "unit": Unit.COUNT, "needs": Needs.SELF, **changed}
    return Graph(title=title, **fields)


def board(*rows: Row) -> Dashboard:
    return Dashboard(uid=model.Dashboard.FLEET, title="t", answers="a", variables=(DATASOURCE,), rows=rows)


def placed(*rows: Row) -> dict[str, tuple[int, int, int, int]]:
    found = panels(document(board(*rows), Renderer(Settings())))
    return {each["title"]: tuple(each["gridPos"][key] for key in "xywh") for each in found}


def test_panels_flow_and_break() -> None:
    assert placed(Row("r", (graph("a", width=12), graph("b", width=12, height=4), graph("c", width=6))), Row("s", (graph("d"),))) == {
        "r": (0, 0, 24, 1),
        "a": (0, 1, 12, 8),
        "b": (12, 1, 12, 4),
        "c": (0, 9, 6, 8),
        "s": (0, 17, 24, 1),
        "d": (0, 18, 8, 8),
    }


def test_a_folded_row_holds_its_panels() -> None:
    rendered = document(board(Row("r", (graph("a"),), collapsed=True)), Renderer(Settings()))
    (row,) = rendered["panels"]
    assert row["collapsed"]
    assert [each["title"] for each in row["panels"]] == ["a"]


def test_ids_come_from_names_and_survive_every_change_of_order() -> None:
    one = document(board(Row("r", (graph("a"), graph("b")))), Renderer(Settings()))
    other = document(board(Row("s", (graph("b"),)), Row("r", (graph("a"),))), Renderer(Settings()))
    ids = [{each["title"]: each["id"] for each in panels(rendered)} for rendered in (one, other)]
    assert all(ids[0][title] == ids[1][title] for title in ("a", "b", "r"))
    assert ids[0]["a"] == panel_id(model.Dashboard.FLEET, "a")


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ((Row("r", (graph("a"), graph("a"))),), "two panels are called 'a'"),
        ((Row("r", (graph("a", width=25),)),), "25 columns wide, allowed: up to 24"),
    ],
)
def test_what_cannot_be_laid_out_is_said(rows: tuple[Row, ...], complaint: str) -> None:
    with pytest.raises(LayoutError, match=complaint):
        document(board(*rows), Renderer(Settings()))


def test_a_series_that_nothing_records_is_an_error_with_the_nearest_names() -> None:
    with pytest.raises(UnknownSeriesError, match="no series serving:active_replicas:maximum; there is serving:active_replicas:max"):
        signal("serving:active_replicas:maximum")
    with pytest.raises(UnknownSeriesError, match="baseten_replicas_active"):
        metric("baseten_replica_active")
    with pytest.raises(UnknownSeriesError, match="scrape_duration_seconds"):
        target("scrape_duration_second")


def test_every_metric_of_the_page_has_words_for_its_absence() -> None:
    assert all(isinstance(need_of(each), Needs) for each in CATALOGUE.values())
    assert len({need.value for need in Needs}) == len(Needs)


@pytest.mark.parametrize("panel", [each for found in BOARDS for each in found.panels() if each.queries], ids=lambda panel: panel.title)
def test_a_panel_of_one_source_names_that_source(panel: Any) -> None:
    """A panel that reads the exporter's page directly, and nothing that the rules record, says what its metrics need."""
    names = {name for query in panel.queries for name in re.findall(r"\b(?:baseten|serving_exporter)_\w+", query.expr)}
    families = {family.name: family for family in CATALOGUE.values() if set(family.sample_names) & names}
    wanted = {need_of(family) for family in families.values()}
    if len(wanted) == 1 and wanted != {Needs.FEED}:
        assert panel.needs in wanted | {Needs.MOTION}, f"{panel.needs} where {wanted} is needed"


def test_tables_show_every_query_in_a_column() -> None:
    for found in BOARDS:
        for panel in found.panels():
            if isinstance(panel, Table):
                order = next(each for each in panel.body(str)["transformations"] if each["id"] == "organize")["options"]["renameByName"]
                titles = [column.title for column in panel.columns]
                assert list(dict.fromkeys(order.values())) == titles, panel.title
                assert panel.sort in titles, panel.title
                assert all(column.properties()["noValue"] == "–" for column in panel.columns), "an empty cell is no empty table"


def test_the_command_writes_what_is_asked_for(tmp_path: Path) -> None:
    overrides = tmp_path / "overrides.yaml"
    overrides.write_text("label_names: {model_id: model}\n")
    done = CliRunner().invoke(cli.main, ["build", "--config", str(overrides), "--output", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "7 dashboards" in done.output
    assert 'model=~\\"$model\\"' in (tmp_path / "out" / "serving-fleet.json").read_text()


@pytest.mark.parametrize(
    ("text", "said"),
    [("label_nams: {}\n", "label_nams"), ("label_names: {model: x}\n", "label_names"), (None, "overrides.yaml")],
    ids=["unknown key", "unknown label", "no file"],
)
def test_a_wrong_overrides_file_is_said(tmp_path: Path, text: str | None, said: str) -> None:
    overrides = tmp_path / "overrides.yaml"
    if text:
        overrides.write_text(text)
    done = CliRunner().invoke(cli.main, ["build", "--config", str(overrides), "--output", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert said in done.output
    assert not (tmp_path / "out").exists()
