"""Runbook pages: one for each alert, complete, with queries that parse and links that lead somewhere."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import quote_plus

import promql_parser
import pytest
import yaml
from tests.rules import sample
from tests.stack.programs import run
from tests.tools.toolchain import PROMETHEUS, PrometheusRelease

from serving_rules import overrides, runbooks
from serving_rules.contract import Usage, violations
from serving_rules.detections import DETECTIONS
from serving_rules.diagnosis import ROWS
from serving_rules.fixtures.series import selector
from serving_rules.guards import GUARDS
from serving_rules.model import Dashboard, Scope
from serving_rules.pack import build, dashboard_url
from serving_rules.reference import answers, pages
from serving_rules.settings import CANONICAL

REPOSITORY = Path(__file__).resolve().parents[2]
PACK = build()
PAGES = runbooks.files(PACK)
QUERIES = runbooks.queries(PACK)
NAMES = sorted({alert.name for detection in DETECTIONS for alert in detection.alerts})
SECTIONS = ("Meaning", "Impact", "Confirm", "Causes, told apart", "Fix", "When this alert lies", "Knobs", "The rule")
OBJECT = {label: f"{label}-one" for label in CANONICAL}

every_page = pytest.mark.parametrize("name", NAMES)


def test_there_is_a_page_for_each_alert_an_index_and_nothing_else() -> None:
    assert set(PAGES) == {"README.md", *(f"{name}.md" for name in NAMES)}
    assert re.findall(r"\| \[(\w+)\]\(\1\.md\)", PAGES["README.md"]) == list(
        dict.fromkeys(alert.name for detection in DETECTIONS for alert in detection.alerts)
    )


def test_no_detection_has_a_runbook_for_an_alert_of_another_name() -> None:
    for detection in DETECTIONS:
        assert set(detection.runbooks) == {alert.name for alert in detection.alerts}, detection.slug


@every_page
def test_a_page_has_every_section_in_order(name: str) -> None:
    page = PAGES[f"{name}.md"]
    assert page.startswith(f"# {name}\n")
    found = [title for title in re.findall(r"(?m)^## (.+)$", page) if title != "Other alerts"]
    assert found == list(SECTIONS)
    for text in page.split("\n## ")[1:]:
        assert len(text.splitlines()) > 2, "an empty section"
    assert "$reversals" not in page
    assert not re.search(r"\{\{", re.sub(r"```.*?```", "", page, flags=re.DOTALL))


@every_page
def test_links_lead_somewhere(name: str) -> None:
    for link in re.findall(r"\]\(([^)]+)\)", PAGES[f"{name}.md"]):
        assert link in PAGES, link


def test_every_link_of_an_alert_to_its_runbook_leads_to_a_page() -> None:
    for rule in PACK.rules():
        if rule.alert:
            assert rule.annotations["runbook_url"].removeprefix("rules/runbooks/") in PAGES


def test_every_link_of_an_alert_to_its_dashboard_names_one_and_its_variables() -> None:
    for rule in PACK.rules():
        if rule.alert:
            link = re.fullmatch(r"/d/([\w-]+)\?(.+)", rule.annotations["dashboard_url"])
            assert link, rule.alert
            assert link[1] in {*Dashboard}, rule.alert
            for variable in link[2].split("&"):
                assert re.fullmatch(r"var-(workspace|model|environment|deployment)=\{\{ \$labels\.\w+ \| urlquery \}\}", variable)


@pytest.mark.parametrize("release", PROMETHEUS, ids=str)
def test_label_values_are_escaped_in_links(release: PrometheusRelease, tmp_path: Path) -> None:
    """A model or environment may be called anything: Prometheus itself writes the link."""
    labels = {label: f'{label} "a" & b=c%d#é' for label in (*Scope.DEPLOYMENT.labels, "environment")}
    made = "/d/x?" + dashboard_url("", sample.alert()).partition("?")[2]
    values = {"workspace": "workspace", "model": "model_id", "environment": "environment", "deployment": "deployment_id"}
    expected = "/d/x?" + "&".join(f"var-{name}={quote_plus(labels[label])}" for name, label in values.items())
    rule = {"alert": "Linked", "expr": "serving:load:max", "annotations": {"dashboard_url": made}}
    test = {
        "interval": "1m",
        "input_series": [{"series": selector("serving:load:max", labels), "values": "1x9"}],
        "alert_rule_test": [
            {
                "alertname": "Linked",
                "eval_time": "1m",
                "exp_alerts": [{"exp_labels": labels, "exp_annotations": {"dashboard_url": expected}}],
            }
        ],
    }
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "g", "rules": [rule]}]}))
    (tmp_path / "test.yaml").write_text(yaml.safe_dump({"rule_files": ["rules.yaml"], "tests": [test]}))
    result = run(release.promtool, "test", "rules", "test.yaml", cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_query_parses_and_reads_what_is_recorded() -> None:
    usages = [Usage(f"{query.alert}: {query.expr}", query.of(labels)) for query in QUERIES for labels in (OBJECT, {})]
    for usage in usages:
        assert "$" not in usage.expr
        assert promql_parser.parse(usage.expr)
    wrong = [each for each in violations(PACK, usages) if each.startswith(tuple(usage.where for usage in usages))]
    assert [each for each in wrong if not each.endswith(": up: no such metric")] == [], "`up` is Prometheus' own"


def test_the_hook_has_every_query_of_every_page() -> None:
    blocks = [
        block.rstrip("\n")
        for name in NAMES
        for block in re.findall(r"```promql\n(.*?)```", PAGES[f"{name}.md"].split("## Confirm")[1].split("\n## ")[0], flags=re.DOTALL)
    ]
    assert sorted(blocks) == sorted(query.expr for query in QUERIES)
    assert {query.alert for query in QUERIES} == set(NAMES)


@pytest.mark.parametrize("release", PROMETHEUS, ids=str)
def test_every_query_executes(release: PrometheusRelease, tmp_path: Path) -> None:
    """promtool evaluates each of them; without series each is silent, and none is an error."""
    executed = [{"expr": query.of(OBJECT), "eval_time": "5m", "exp_samples": []} for query in QUERIES if not constant(query.of(OBJECT))]
    document = {"tests": [{"interval": "1m", "input_series": [], "promql_expr_test": executed}]}
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(document))
    result = run(release.promtool, "test", "rules", "test.yaml", cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


def constant(expr: str) -> bool:
    """Whether an expression answers without any series: absent(), vector(), time()."""
    return bool(re.search(r"\b(absent|absent_over_time|vector|time)\(", expr))


@every_page
def test_guards_that_a_rule_contains_are_explained(name: str) -> None:
    page = PAGES[f"{name}.md"]
    for rule in PACK.rules():
        for guard in GUARDS:
            if rule.alert == name and " ".join(guard.expr.split()) in " ".join(rule.expr.split()):
                assert f"**{guard.name}** `{guard.expr}`: {guard.why}" in page


@every_page
def test_the_example_of_a_page_is_a_valid_overrides_file_that_changes_nothing(name: str) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGES[f"{name}.md"], flags=re.DOTALL)
    changed = [rule for rule in build(overrides.parse(example.replace("…", "nobody"))).rules() if rule.alert == name]
    shipped = [rule for rule in PACK.rules() if rule.alert == name]
    assert [(rule.for_, rule.keep_firing_for, rule.labels) for rule in changed] == [
        (rule.for_, rule.keep_firing_for, rule.labels) for rule in shipped
    ]


def test_settings_show_on_the_pages() -> None:
    settings = overrides.parse(
        json.dumps(
            {
                "label_names": {"model_id": "their_model"},
                "dashboard_url": "https://g.example.com/",
                "detections": {
                    "thrash": {
                        "thresholds": {
                            "reversals": {"default": 20, "exceptions": [{"match": {"model_id": "a"}, "value": 9}]},
                            "swing_ratio": 0.5,
                        },
                        "alerts": {"ServingThrash/info": {"disabled": True}, "ServingThrash": {"for": "25m"}},
                    }
                },
            }
        )
    )
    page = runbooks.files(build(settings))["ServingThrash.md"]
    assert "| `reversals` | 20, 1 exception | 2 to 60 |" in page
    assert "| `swing_ratio` | 0.5 ratio | 0 to 1 |" in page
    assert "| warning | cause | 25m |" in page
    assert "| info | cause |" not in page
    assert 'their_model=~"$their_model"' in page
    assert "[`serving-autoscaling`]" in page or "[serving-autoscaling](https://g.example.com/d/serving-autoscaling)" in page


# --- the pages of docs/ --------------------------------------------------------------------------------------------------------


def test_every_row_of_the_diagnosis_tables_is_answered() -> None:
    unanswered = [row.id for row in ROWS if not row.instead and not answers(row, DETECTIONS)]
    assert unanswered == []


def test_detections_name_rows_that_there_are() -> None:
    known = {row.id for row in ROWS}
    for detection in DETECTIONS:
        assert set(detection.origins) <= known, detection.slug
    assert {slug for row in ROWS for slug in row.also} <= {detection.slug for detection in DETECTIONS}


def test_the_pages_name_every_alert_and_every_recorded_series() -> None:
    made = pages(PACK)
    assert set(re.findall(r"\[(Serving\w+)\]", made["alerts.md"])) >= set(NAMES)
    for rule in PACK.rules():
        assert not rule.record or f"| `{rule.record}` |" in made["signals.md"], rule.record
