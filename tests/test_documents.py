"""What is generated equals what is committed, and what the documents point at exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from serving_dashboards.reference import pages as dashboards_pages
from serving_exporter.catalogue import ALL
from serving_exporter.reference import pages as exporter_pages
from serving_exporter.scrape_config import scrape_config
from serving_rules.contract import Usage, violations
from serving_rules.pack import build
from serving_rules.reference import pages as rules_pages

REPOSITORY = Path(__file__).resolve().parents[1]
PAGES = {**exporter_pages(), **rules_pages(), **dashboards_pages()}
PACK = build()
DOCUMENTS = [REPOSITORY / "README.md", REPOSITORY / "grafana" / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]


@pytest.mark.parametrize("name", PAGES)
def test_generated_pages_are_committed(name: str) -> None:
    assert (REPOSITORY / "docs" / name).read_text() == PAGES[name], "run: make docs"


def test_the_readme_shows_the_scrape_configuration_that_is_tested() -> None:
    assert scrape_config() in (REPOSITORY / "README.md").read_text()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_and_named_files_exist(path: Path) -> None:
    text = path.read_text()
    links = [link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in link]
    for link in links:
        assert (path.parent / link).exists(), link
    for name in re.findall(r"`(tests/[\w/.]+)`", text):
        assert (REPOSITORY / name).exists(), name


RUNBOOKS = sorted((REPOSITORY / "rules" / "runbooks").glob("*.md"))
INVENTED = {
    "baseten_up": "a metric that is not exported, and why",
    "baseten_broken": "a line that the emulator breaks on purpose",
    "serving:thrash_reversals:threshold": "recorded only where a threshold has exceptions",
}
"""Names in documents that are of no metric, and what they stand for."""


@pytest.mark.parametrize("path", [*DOCUMENTS, *RUNBOOKS], ids=lambda path: path.name)
def test_no_document_names_a_metric_label_or_value_that_does_not_exist(path: Path) -> None:
    text = path.read_text()
    names = set(re.findall(r"\b(?:(?:baseten|serving_exporter)_\w+|serving\w*:[\w:]+)", text))
    exported = {name for metric in ALL.values() for name in (metric.name, *metric.sample_names)}
    assert names - exported - {rule.record for rule in PACK.rules()} - INVENTED.keys() == set()
    selectors = re.findall(r"\b(?:(?:baseten|serving_exporter)_\w+|serving\w*:[\w:]+)\{[^}`]*\}", text)
    usages = [Usage(f"in a document: {each}", each) for each in selectors if each.partition("{")[0] not in INVENTED]
    assert [each for each in violations(PACK, usages) if each.startswith("in a document")] == []


@pytest.mark.parametrize(
    ("selector", "complaint"),
    [('baseten_deployment_status{state="ACTIVE"}', "no label state"), ('baseten_deployment_status{status="AWAKE"}', "never 'AWAKE'")],
)
def test_a_wrong_label_or_value_in_a_document_would_be_found(selector: str, complaint: str) -> None:
    assert any(complaint in each for each in violations(PACK, [Usage("in a document", selector)]))
