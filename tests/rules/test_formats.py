"""Every format says the same, fits its ruler, and comes out the same each time; what is committed is what is generated."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from tests.stack.programs import run
from tests.tools.toolchain import PROMETHEUS, PrometheusRelease

from serving_rules import cli, fixtures, overrides, repository, ruler_limits, runbooks, scenarios
from serving_rules.errors import PackError
from serving_rules.formats import FORMATS, mimir, mixin, prometheus, prometheus_operator, thanos
from serving_rules.model import Layer
from serving_rules.pack import Group, Pack, Rule, RuleFile, build
from serving_rules.settings import TARGETS, Settings

REPOSITORY = Path(__file__).resolve().parents[2]
RULES = REPOSITORY / "rules"
EXAMPLE = RULES / "overrides.example.yaml"
PACK = build()
CHANGED = build(overrides.load(EXAMPLE))
MADE = repository.files()
LABELLED = build(Settings(labels={"team": "ml", "tier": "one"}))
PACKS = {"shipped": PACK, "example": CHANGED, "labelled": LABELLED}

RULERS = ("prometheus", "prometheus-operator", "mimir", "thanos", "mixin")

Groups = list[dict[str, Any]]


def load(text: str) -> Any:
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def groups(format_name: str, pack: Pack) -> Groups:
    """Every group that a format writes, in the order of the layers, as its ruler reads it: labels of a group are those of its rules."""
    files = FORMATS[format_name](pack)
    if format_name == "mixin":
        documents = [json.loads(files["rules.json"]), json.loads(files["alerts.json"])]
    else:
        documents = [load(files[f"{layer}.yaml"]) for layer in Layer]
    found = [group for document in documents for group in document.get("spec", document)["groups"]]
    return [effective(group) for group in found]


def effective(group: dict[str, Any]) -> dict[str, Any]:
    labels = group.get("labels", {})
    rules = [{**rule, "labels": {**labels, **rule.get("labels", {})}} for rule in group["rules"]]
    return {"name": group["name"], "interval": group["interval"], "rules": rules}


@pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS)
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("format_name", RULERS)
def test_rule_bodies_are_equal_in_every_format(pack: Pack, target: Any, format_name: str) -> None:
    aimed = replace(pack, settings=replace(pack.settings, target=target))
    expected = [effective(group.mapping()) for group in pack.groups()]  # type: ignore[arg-type]
    assert groups(format_name, aimed) == expected


def test_a_newer_target_writes_static_labels_once_and_changes_nothing_else() -> None:
    newer = replace(LABELLED, settings=replace(LABELLED.settings, target="prometheus-3"))
    files = prometheus.files(newer)
    assert {name for name in files if files[name] != prometheus.files(LABELLED)[name]} == {"alerts.yaml"}
    for group in load(files["alerts.yaml"])["groups"]:
        assert group["labels"] == {"team": "ml", "tier": "one"}
        assert not any("team" in rule["labels"] for rule in group["rules"])
    shipped = replace(PACK, settings=Settings(target="prometheus-3"))
    assert prometheus.files(shipped) == prometheus.files(PACK)
    for other in (mimir, thanos, mixin):
        assert other.files(newer) == other.files(LABELLED)


@pytest.mark.parametrize("release", PROMETHEUS, ids=str)
@pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS)
def test_prometheus_accepts_the_files(pack: Pack, release: PrometheusRelease, tmp_path: Path) -> None:
    targets = [target for target in TARGETS if target != "prometheus-3" or release.version.startswith("3.")]
    for target in targets:
        for name, text in prometheus.files(replace(pack, settings=replace(pack.settings, target=target))).items():
            (tmp_path / f"{target}-{name}").write_text(text)
    result = run(release.promtool, "check", "rules", "--lint-fatal", *(path.name for path in tmp_path.iterdir()), cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


def test_each_kind_of_ruler_gets_its_own_wrapping() -> None:
    for layer, text in zip(Layer, prometheus_operator.files(PACK).values(), strict=True):
        manifest = load(text)
        assert (manifest["apiVersion"], manifest["kind"]) == ("monitoring.coreos.com/v1", "PrometheusRule")
        assert manifest["metadata"]["name"] == f"serving-{layer}"
        assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", manifest["metadata"]["name"])
        assert len(text.encode()) < 262_144, "larger than kubectl apply can annotate"
    for layer, text in zip(Layer, mimir.files(PACK).values(), strict=True):
        assert list(load(text)) == ["namespace", "groups"]
        assert load(text)["namespace"] == f"serving-{layer}"
    for text in thanos.files(PACK).values():
        assert {group["partial_response_strategy"] for group in load(text)["groups"]} == {"abort"}
    shim = mixin.files(PACK)["mixin.libsonnet"]
    assert set(re.findall(r"import '([^']+)'", shim)) == set(mixin.files(PACK)) - {"mixin.libsonnet"}
    assert {"prometheusAlerts+::", "prometheusRules+::", "grafanaDashboards+::"} <= set(shim.split())


# --- limits of rulers ----------------------------------------------------------------------------------------------------------


def group_of(count: int = 1, name: str = "group", alert: str = "ServingThing") -> Group:
    return Group(name, tuple(Rule("vector(1)", alert=alert) for _ in range(count)))


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ([group_of(21)], "group group: 21 rules, Mimir and Grafana Cloud accept 20"),
        ([group_of(name="g" * 41)], "a name of 41 characters, Grafana Cloud accepts 40"),
        ([group_of(alert="S" + "x" * 40)], "has 41 characters, Grafana Cloud accepts 40"),
        ([group_of(alert="serving_x")], "group group: alert serving_x is not written in CamelCase"),
        ([group_of(alert="ServingAPI")], "not written in CamelCase"),
        ([group_of(name=f"g{number}") for number in range(71)], "71 groups: Mimir accepts 70 of a tenant"),
        ([group_of(), group_of()], "group group: occurs 2 times"),
    ],
)
def test_what_a_ruler_would_refuse_is_not_built(found: list[Group], message: str) -> None:
    with pytest.raises(PackError, match=message):
        ruler_limits.check(found)


def test_what_fits_exactly_is_accepted() -> None:
    exact = Group("g" * 40, tuple(Rule("vector(1)", alert="S" + "x" * 39) for _ in range(20)))
    ruler_limits.check([exact, *(group_of(name=f"g{number}") for number in range(69))])


def test_the_pack_leaves_room_for_a_tenants_own_groups() -> None:
    assert len(list(PACK.groups())) <= 50


def test_a_manifest_that_the_operator_refuses_is_not_written() -> None:
    huge = RuleFile(Layer.SIGNALS, (Group("g", (Rule("x" * 600_000, record="a:b"),)),))
    with pytest.raises(PackError, match="PrometheusRule serving-signals: 6"):
        prometheus_operator.files(replace(PACK, files=(huge,)))


# --- determinism and drift -----------------------------------------------------------------------------------------------------

_DIGEST = """
import hashlib, json
from serving_rules import overrides, repository
made = json.dumps([repository.files(), overrides.schema()])
print(hashlib.sha256(made.encode()).hexdigest())
"""


def test_the_output_does_not_depend_on_the_process() -> None:
    def digest(seed: str) -> str:
        environ = {**os.environ, "PYTHONHASHSEED": seed}
        return subprocess.run([sys.executable, "-c", _DIGEST], env=environ, capture_output=True, text=True, check=True).stdout

    assert digest("1") == digest("2")


def test_what_is_committed_is_what_is_generated() -> None:
    kept = repository.committed(RULES)
    assert sorted(kept) == sorted(MADE), "run: make rules"
    assert [name for name, text in MADE.items() if kept[name] != text] == [], "run: make rules"


def test_update_removes_what_is_no_longer_made(tmp_path: Path) -> None:
    stale = [tmp_path / "runbooks" / "ServingOld.md", tmp_path / "tests" / "groups" / "old.yaml"]
    for path in stale:
        path.parent.mkdir(parents=True)
        path.write_text("old")
    (tmp_path / "overrides.example.yaml").write_text("mine")
    repository.update(tmp_path)
    assert not any(path.exists() for path in stale)
    assert (tmp_path / "overrides.example.yaml").read_text() == "mine"
    assert repository.committed(tmp_path) == MADE


# --- the command ---------------------------------------------------------------------------------------------------------------


def written(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_build_writes_prometheus_files_runbooks_and_tests(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli.main, ["build", "--output", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert written(tmp_path) == {
        **{f"prometheus/{name}": text for name, text in prometheus.files(PACK).items()},
        **{f"runbooks/{name}": text for name, text in runbooks.files(PACK).items()},
        **{f"tests/{name}": text for name, text in {**fixtures.files(PACK), **scenarios.files(PACK)}.items()},
    }
    assert f"{tmp_path}/prometheus: 3 files" in result.output


def test_build_writes_every_format_asked_for_with_the_overrides(tmp_path: Path) -> None:
    asked = [argument for name in FORMATS for argument in ("--format", name)]
    result = CliRunner().invoke(cli.main, ["build", "--config", str(EXAMPLE), *asked, "--output", str(tmp_path)])
    assert result.exit_code == 0, result.output
    expected = {f"{name}/{file}": text for name, write in FORMATS.items() for file, text in write(CHANGED).items()}
    assert written(tmp_path) == {**expected, **{f"runbooks/{name}": text for name, text in runbooks.files(CHANGED).items()}}


def test_a_wrong_file_writes_nothing_and_exits_with_two(tmp_path: Path) -> None:
    config = tmp_path / "wrong.yaml"
    config.write_text("detections: {thrash: {thresholds: {reversals: 1, swing_ratio: 2}}}")
    result = CliRunner().invoke(cli.main, ["build", "--config", str(config), "--output", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert len(result.output.splitlines()) == 2
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_to_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "prometheus").write_text("a file in the way")
    result = CliRunner().invoke(cli.main, ["build", "--output", str(tmp_path)])
    assert result.exit_code == 2
    assert "cannot write to" in result.output


def test_schema_prints_what_is_committed() -> None:
    result = CliRunner().invoke(cli.main, ["schema"])
    assert json.loads(result.output) == overrides.schema()
