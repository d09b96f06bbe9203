"""The difference of two packs, in words, and what of it a changelog must tell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from serving_rules import cli, diff
from serving_rules.diff import RuleText, compare
from serving_rules.errors import RulesError
from serving_rules.formats import mimir, prometheus, prometheus_operator
from serving_rules.pack import build

PACK = build()
A = {"record": "serving:a:max", "expr": "max(x)"}
B = {"record": "serving:b:max", "expr": "max(serving:a:max)\n+ 1"}
ALERT = {
    "alert": "ServingA",
    "expr": "serving:b:max > 1",
    "for": "5m",
    "labels": {"severity": "warning"},
    "annotations": {"summary": "A.", "runbook_url": "x/ServingA.md"},
}


def write(path: Path, *rules: dict[str, Any], **group: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({"groups": [{"name": "g", "interval": "1m", **group, "rules": list(rules)}]}))
    return path


def between(tmp_path: Path, old: list[dict[str, Any]], new: list[dict[str, Any]]) -> diff.Diff:
    return compare(diff.read(write(tmp_path / "old.yaml", *old)), diff.read(write(tmp_path / "new.yaml", *new)))


def command(tmp_path: Path, old: list[dict[str, Any]], new: list[dict[str, Any]], changelog: str | None = None) -> Result:
    arguments = ["diff", str(write(tmp_path / "old.yaml", *old)), str(write(tmp_path / "new.yaml", *new))]
    if changelog is not None:
        (tmp_path / "CHANGELOG.md").write_text(changelog)
    return CliRunner().invoke(cli.main, [*arguments, "--changelog", str(tmp_path / "CHANGELOG.md")])


def test_a_pack_does_not_differ_from_itself_in_any_format(tmp_path: Path) -> None:
    folders = []
    for module in (prometheus, prometheus_operator, mimir):
        folder = tmp_path / module.__name__
        folder.mkdir()
        for name, text in module.files(PACK).items():
            (folder / name).write_text(text)
        folders.append(folder)
    rules = [diff.read(folder) for folder in folders]
    assert len(rules[0]) == len(list(PACK.rules()))
    assert not any(compare(rules[0], other) for other in rules)


def test_new_and_removed(tmp_path: Path) -> None:
    found = between(tmp_path, [A, B], [A, {"record": "serving:c:max", "expr": "max(y)"}])
    assert [rule.name for rule in found.new] == ["serving:c:max"]
    assert [rule.name for rule in found.removed] == ["serving:b:max"]
    assert not found.renamed
    assert not found.changed


def test_a_rule_with_another_name_and_the_same_body_is_renamed(tmp_path: Path) -> None:
    renamed = {**ALERT, "alert": "ServingNew", "annotations": {"summary": "B.", "runbook_url": "x/ServingNew.md"}}
    found = between(tmp_path, [A, B, ALERT], [A, B, renamed])
    assert [(change.old.name, change.new.name) for change in found.renamed] == [("ServingA", "ServingNew")]
    assert not found.new
    assert not found.removed
    assert between(tmp_path, [ALERT], [{**renamed, "for": "6m"}]).renamed == ()


def test_renames_are_followed_through_the_rules_that_read_them(tmp_path: Path) -> None:
    new = [
        {**A, "record": "serving:a:largest"},
        {"record": "serving:b:largest", "expr": "max(serving:a:largest) + 1"},
        {**ALERT, "expr": "serving:b:largest > 1"},
    ]
    found = between(tmp_path, [A, B, ALERT], new)
    assert {(change.old.name, change.new.name) for change in found.renamed} == {
        ("serving:a:max", "serving:a:largest"),
        ("serving:b:max", "serving:b:largest"),
    }
    assert not found.changed, "a reference to a renamed record is no change"
    assert not found.new
    assert not found.removed


def test_of_several_candidates_the_most_similar_name_is_the_renamed_one(tmp_path: Path) -> None:
    found = between(tmp_path, [A], [{**A, "record": "other:z:sum"}, {**A, "record": "serving:a:maximum"}])
    assert [change.new.name for change in found.renamed] == ["serving:a:maximum"]
    assert [rule.name for rule in found.new] == ["other:z:sum"]


def test_alerts_of_one_name_are_told_apart_by_their_labels(tmp_path: Path) -> None:
    critical = {**ALERT, "labels": {"severity": "critical"}, "expr": "serving:b:max > 2"}
    found = between(tmp_path, [ALERT, critical], [{**ALERT, "for": "9m"}])
    assert [rule.title for rule in found.removed] == ["alert ServingA (critical)"]
    assert [change.old.title for change in found.changed] == ["alert ServingA (warning)"]
    severity = between(tmp_path, [ALERT, critical], [critical, {**ALERT, "labels": {"severity": "info"}}])
    assert [(change.old.labels["severity"], change.new.labels["severity"]) for change in severity.changed] == [("warning", "info")]
    assert not severity.removed


def test_every_change_is_shown(tmp_path: Path) -> None:
    after = {
        **ALERT,
        "expr": "serving:b:max > 2",
        "for": "10m",
        "keep_firing_for": "1h",
        "labels": {"severity": "critical"},
        "annotations": {"summary": "Changed.", "runbook_url": "x/ServingA.md"},
    }
    text = diff.report(between(tmp_path, [A, ALERT], [A, after]))
    assert (
        text
        == """\
0 new, 0 removed, 0 renamed, 1 changed

Changed
  alert ServingA (warning)
    for: 5m -> 10m
    keep_firing_for: none -> 1h
    label severity: warning -> critical
    annotation summary: A. -> Changed.
    expr:
      -serving:b:max > 1
      +serving:b:max > 2"""
    )


def test_layout_and_order_are_no_change_and_the_interval_is_one(tmp_path: Path) -> None:
    other = {**B, "expr": "max(serving:a:max) + 1"}
    assert not between(tmp_path, [A, B, ALERT], [ALERT, other, A])
    slower = write(tmp_path / "slow.yaml", A, interval="5m")
    (change,) = compare(diff.read(write(tmp_path / "fast.yaml", A)), diff.read(slower)).changed
    assert "interval: 1m -> 5m" in diff.report(diff.Diff((), (), (), (change,)))


def test_labels_of_a_group_are_those_of_its_rules(tmp_path: Path) -> None:
    old = diff.read(write(tmp_path / "old.yaml", {**ALERT, "labels": {"severity": "warning", "team": "a"}}))
    new = diff.read(write(tmp_path / "new.yaml", ALERT, labels={"team": "a", "severity": "info"}))
    assert not compare(old, new)


@pytest.mark.parametrize(
    ("changelog", "status"),
    [
        ("# Log\n\n## [Unreleased]\n\n- `serving:b:max` is now something else.\n\n## 1.0\n", 0),
        ("# Log\n\n## 2.0\n\n- serving:b:max is gone.\n", 0),
        ("# Log\n\n## [Unreleased]\n\n- `serving:b:maximum` is gone.\n\n## 1.0\n\n- `serving:b:max` is new.\n", 1),
        ("# Log\n\nserving:b:max\n\n## [Unreleased]\n", 1),
        ("", 1),
    ],
)
@pytest.mark.parametrize("new", [[A], [A, {**B, "record": "serving:other:max"}]], ids=["removed", "renamed"])
def test_what_is_gone_must_be_in_the_newest_section_of_the_changelog(
    tmp_path: Path, new: list[dict[str, Any]], changelog: str, status: int
) -> None:
    result = command(tmp_path, [A, B], new, changelog)
    assert result.exit_code == status, result.output
    assert ("and its newest section does not say so" in result.output) == bool(status)


def test_additions_and_changes_need_no_changelog(tmp_path: Path) -> None:
    result = command(tmp_path, [A], [{**A, "expr": "max(y)"}, B])
    assert result.exit_code == 0, result.output
    assert result.output.startswith("1 new, 0 removed, 0 renamed, 1 changed\n")


def test_a_removal_without_any_changelog_fails(tmp_path: Path) -> None:
    result = command(tmp_path, [A, B], [A])
    assert result.exit_code == 2
    assert "allowed: a changelog that names what is removed or renamed" in result.output


@pytest.mark.parametrize("content", ["a: [", "groups: [1]", "groups: [{rules: [{expr: x}]}]", "tests: []", "- 1", ""])
def test_files_without_rules_are_an_error_in_words(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.yaml").write_text(content)
    with pytest.raises(RulesError, match=f"(?s){tmp_path}.*found .*, allowed: "):
        diff.read(tmp_path)
    with pytest.raises(RulesError, match="no such file"):
        diff.read(tmp_path / "absent")


def test_tests_and_settings_beside_rules_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "rules.yaml", A)
    (tmp_path / "tests.yaml").write_text("rule_files: []\ntests: []\n")
    assert [rule.name for rule in diff.read(tmp_path)] == ["serving:a:max"]


def test_the_body_of_a_rule_is_everything_but_its_name_and_its_words() -> None:
    rule = RuleText("alert", "A", "x  >\n 1", {"for": "5m"}, {"severity": "info"}, {"summary": "A."})
    assert rule.body() == replace(rule, name="B", expr="x > 1", annotations={}).body()
    for change in ({"kind": "record"}, {"expr": "x > 2"}, {"fields": {}}, {"labels": {}}):
        assert rule.body() != replace(rule, **change).body()  # type: ignore[arg-type]
