"""What is generated equals what is committed, and what the documents point at exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from serving_exporter.reference import pages as exporter_pages
from serving_exporter.scrape_config import scrape_config
from serving_rules.reference import pages as rules_pages

REPOSITORY = Path(__file__).resolve().parents[1]
PAGES = {**exporter_pages(), **rules_pages()}
DOCUMENTS = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]


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


def test_no_document_names_a_metric_that_does_not_exist() -> None:
    known = " ".join(exporter_pages().values())
    for path in DOCUMENTS:
        for name in re.findall(r"`(baseten_(?:deployment|environment|chainlet|audit|usage)_\w+|serving_exporter_\w+)", path.read_text()):
            assert name in known, f"{path.name}: {name}"
