"""The coverage tool: it finds what the generator makes, and misses every single thing that is taken away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.rules import sample

from serving_rules.coverage import Demand, Report, examine, main
from serving_rules.fixtures import files, suites_of_detection
from serving_rules.formats import prometheus
from serving_rules.formats.text import dump
from serving_rules.model import Detection, Outcome, Scope, Severity
from serving_rules.pack import build

ALERT = "ServingSampleLoad (warning)"
Document = dict[str, Any]
Change = Callable[[Document], None]


def written(folder: Path, made: Detection) -> Path:
    """Write the sample's rules and tests as they would be committed; nothing else of the pack."""
    pack = build(detections=(made,))
    mine = {rule.alert or rule.record for suite in suites_of_detection(pack, made) for rule in suite.rules}
    for name, text in prometheus.files(pack).items():
        document = yaml.safe_load(text)
        for group in document["groups"]:
            group["rules"] = [rule for rule in group["rules"] if rule.get("alert", rule.get("record")) in mine]
        put(folder / "prometheus" / name, dump(document))
    for suite in suites_of_detection(pack, made):
        for name, text in suite.files().items():
            put(folder / "tests" / name, text)
    return folder


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def made() -> Detection:
    return sample.detection(sample.alert(), records=(sample.RECORD,))


@pytest.fixture
def root(tmp_path: Path, made: Detection) -> Path:
    return written(tmp_path, made)


def edit(path: Path, change: Change) -> None:
    document = yaml.safe_load(path.read_text())
    change(document)
    path.write_text(dump(document))


def named(document: Document, name: str) -> Iterator[Document]:
    return (test for test in document["tests"] if name in test["name"])


def looks(document: Document) -> Iterator[Document]:
    return (look for test in document["tests"] for look in test.get("promql_expr_test", ()))


def without_test(name: str) -> Change:
    def change(document: Document) -> None:
        document["tests"] = [test for test in document["tests"] if name not in test["name"]]

    return change


def without_object(name: str) -> Change:
    """Take a case away, from inputs and expectations."""

    def change(document: Document) -> None:
        for test in document["tests"]:
            test["input_series"] = [series for series in test.get("input_series", ()) if f'"{name}' not in series["series"]]
            for look in test.get("promql_expr_test", ()):
                look["exp_samples"] = [each for each in look.get("exp_samples", ()) if f'"{name}' not in each["labels"]]

    return change


def without_texts(document: Document) -> None:
    for test in document["tests"]:
        if test.get("input_series"):
            test.pop("alert_rule_test", None)


def without_link(document: Document) -> None:
    for test in document["tests"]:
        for look in test.get("alert_rule_test", ()):
            for alert in look.get("exp_alerts", ()):
                alert["exp_annotations"].pop("dashboard_url")


def without_pending(document: Document) -> None:
    for test in named(document, "pending for"):
        test["promql_expr_test"] = [look for look in test["promql_expr_test"] if "pending" not in str(look)]


def without_end(document: Document) -> None:
    for test in named(document, "pending for"):
        test["promql_expr_test"].pop()


def ends_early(document: Document) -> None:
    """Look only until just after the start: ``keep_firing_for`` is then not shown."""
    for test in named(document, "pending for"):
        for look in test["promql_expr_test"][-2:]:
            look["eval_time"] = f"{int(look['eval_time'][:-1]) - 4}m"


def all_end(document: Document) -> None:
    for test in document["tests"]:
        for series in test.get("input_series", ()):
            series["values"] = f"{series['values'].removesuffix(' stale')} stale"


def none_ends(document: Document) -> None:
    for test in document["tests"]:
        for series in test.get("input_series", ()):
            series["values"] = series["values"].removesuffix(" stale")


def one_sample(document: Document) -> None:
    for look in looks(document):
        look["exp_samples"] = look.get("exp_samples", [])[:1]


def no_firing(document: Document) -> None:
    for look in looks(document):
        look["exp_samples"] = []


def fires_under(document: Document) -> None:
    """Expect the case just under the threshold to fire."""
    for test in named(document, "for those alone"):
        for look in test["promql_expr_test"]:
            look["exp_samples"].append({"labels": look["exp_samples"][0]["labels"].replace("d-one", "under: a little less", 1), "value": 1})
            for sample_ in look["exp_samples"][-1:]:
                sample_["labels"] = sample_["labels"].replace('deployment_id="d-one"', 'deployment_id="under: a little less"')


def base_alone(document: Document) -> None:
    """Leave the firing objects alone in their tests."""
    for test in document["tests"]:
        series = [each for each in test.get("input_series", ()) if ": " not in each["series"] and "quiet" not in each["series"]]
        test["input_series"] = series


def data_after_all(document: Document) -> None:
    for test in named(document, "without any data"):
        test["input_series"] = [{"series": 'serving:load:max{platform="baseten"}', "values": "1x9"}]


DAMAGES: list[tuple[Change, set[Demand]]] = [
    (without_texts, {Demand.TEXT}),
    (without_link, {Demand.TEXT}),
    (without_pending, {Demand.PENDING}),
    (without_end, {Demand.RESOLVES, Demand.STALE}),
    (ends_early, {Demand.RESOLVES, Demand.STALE}),
    (all_end, {Demand.RESOLVES}),
    (none_ends, {Demand.STALE}),
    (without_test("without any data"), {Demand.NO_DATA}),
    (data_after_all, {Demand.NO_DATA}),
    (without_object("under: "), {Demand.UNDER}),
    (fires_under, {Demand.UNDER}),
    (without_object("at: "), {Demand.AT}),
    (without_object("guard: "), {Demand.GUARD}),
    (without_object("zero: "), {Demand.ZERO}),
    (without_test("for those alone"), {Demand.SIBLING, Demand.UNDER, Demand.AT, Demand.GUARD, Demand.ZERO}),
    (without_test("pending for"), {Demand.PENDING, Demand.RESOLVES, Demand.STALE, Demand.TEXT}),
    (no_firing, {Demand.FIRES, Demand.TWO}),
    (one_sample, {Demand.TWO}),
    (base_alone, {Demand.SIBLING}),
]


def test_nothing_is_missing_of_what_is_generated(root: Path, made: Detection) -> None:
    report = examine(root, (made,))
    assert list(report.missing()) == []
    assert report.alerts == {ALERT: set(Demand)}
    assert report.records == {"serving:limit:for_sample": True}


@pytest.mark.parametrize("scope", Scope, ids=lambda scope: scope.prefix)
def test_in_every_scope(scope: Scope, tmp_path: Path) -> None:
    made = sample.detection(sample.alert(scope))
    assert list(examine(written(tmp_path, made), (made,)).missing()) == []


@pytest.mark.parametrize("for_", ["0m", "10m"])
def test_with_and_without_durations(for_: str, tmp_path: Path) -> None:
    made = sample.detection(sample.alert(for_=for_, keep_firing_for=""))
    assert list(examine(written(tmp_path, made), (made,)).missing()) == []


@pytest.mark.parametrize(
    ("damage", "lost"), DAMAGES, ids=lambda each: getattr(each, "__qualname__", "").partition(".")[0] or "+".join(sorted(each))
)
def test_whatever_is_taken_away_is_missed(damage: Change, lost: set[Demand], root: Path, made: Detection) -> None:
    edit(root / "tests" / "alerts-sample.test.yaml", damage)
    report = examine(root, (made,))
    assert lost <= set(Demand) - report.alerts[ALERT]
    assert {f"{ALERT}: no test shows: {demand}" for demand in lost} <= set(report.missing())


def test_every_demand_is_among_the_damages() -> None:
    assert set().union(*(lost for _, lost in DAMAGES)) == set(Demand)


def test_a_test_file_that_is_gone(root: Path, made: Detection) -> None:
    (root / "tests" / "alerts-sample.test.yaml").unlink()
    assert len(list(examine(root, (made,)).missing())) == len(Demand)


def test_a_record_without_a_value(root: Path, made: Detection) -> None:
    edit(root / "tests" / "detections-sample.test.yaml", no_firing)
    assert list(examine(root, (made,)).missing()) == ["serving:limit:for_sample: no value is asserted"]


@pytest.mark.parametrize("file", ["prometheus/alerts.yaml", "tests/groups/alerts-sample.yaml"])
def test_a_rule_that_is_not_the_shipped_one_is_not_covered(file: str, root: Path, made: Detection) -> None:
    path = root / file
    path.write_text(path.read_text().replace(">= serving:limit:current", "> serving:limit:current"))
    report = examine(root, (made,))
    assert report.alerts == {ALERT: set()}
    assert any("is not as it is shipped" in line for line in report.missing())


def test_a_rule_file_that_is_not_there(root: Path, made: Detection) -> None:
    (root / "tests" / "groups" / "alerts-sample.yaml").unlink()
    assert "alerts-sample.test.yaml: loads no rules" in set(examine(root, (made,)).missing())


def test_another_severity_does_not_count(tmp_path: Path) -> None:
    twin = sample.alert(severity=Severity.CRITICAL)
    made = sample.detection(sample.alert(), twin)
    root = written(tmp_path, made)
    edit(root / "tests" / "alerts-sample.test.yaml", without_test("(critical)"))
    report = examine(root, (made,))
    assert report.alerts[ALERT] == set(Demand)
    assert report.alerts["ServingSampleLoad (critical)"] == {Demand.NO_DATA}


def test_a_waiver_counts_until_it_is_not_needed(tmp_path: Path) -> None:
    cases = tuple(case for case in sample.proof().cases if case.shows is not Outcome.ZERO)
    waived = sample.detection(sample.alert(proof=sample.proof(cases=cases, waived={Outcome.ZERO: "It is never at zero."})))
    report = examine(written(tmp_path / "waived", waived), (waived,))
    assert list(report.missing()) == []
    assert "-" in "".join(report.table())
    needless = sample.detection(sample.alert(proof=sample.proof(waived={Outcome.ZERO: "It is never at zero."})))
    report = examine(written(tmp_path / "needless", needless), (needless,))
    assert list(report.missing()) == [f"{ALERT}: zero is waived, but a test shows it"]


def test_the_table_marks_what_is_missing() -> None:
    report = Report({"A (info)": set(Demand) - {Demand.AT}, "B (info)": set(Demand)}, {}, {"serving:x:y": True})
    lines = list(report.table())
    assert lines[1].count("!") == 1
    assert lines[2].count("+") == len(Demand)
    assert lines[-1] == "1 of 1 records have a value asserted."


def test_the_command_says_what_is_missing(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--root", str(root)]) == 0
    assert "Nothing is missing." in capsys.readouterr().out
    (root / "tests" / "detections-sample.test.yaml").unlink()
    assert main(["--root", str(root)]) == 1
    assert "serving:limit:for_sample: no value is asserted" in capsys.readouterr().out


def test_the_pack(tmp_path: Path) -> None:
    """What is generated now; that the committed files are those is tested with the formats."""
    pack = build()
    for folder, texts in (("prometheus", prometheus.files(pack)), ("tests", files(pack))):
        for name, text in texts.items():
            put(tmp_path / folder / name, text)
    assert list(examine(tmp_path).missing()) == []
