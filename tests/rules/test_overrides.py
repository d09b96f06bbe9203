"""The overrides file: what it changes and nothing else, and what it refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import promql_parser
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.stack.programs import run
from tests.tools.toolchain import PROMETHEUS, PrometheusRelease

from serving_rules import overrides, runbooks
from serving_rules.contract import violations
from serving_rules.detections import DETECTIONS
from serving_rules.errors import SettingsError
from serving_rules.formats import FORMATS
from serving_rules.model import Alert, Detection, Scope, Threshold
from serving_rules.pack import Pack, Rule, build
from serving_rules.rendering import threshold_series
from serving_rules.settings import CANONICAL, DetectionChange, ScopedValue, Settings
from serving_rules.thresholds import MATCHABLE

RULES = Path(__file__).resolve().parents[2] / "rules"
EXAMPLE = RULES / "overrides.example.yaml"
PACK = build()
SCHEMA = overrides.schema()
ALERTS = [(detection, alert) for detection in DETECTIONS for alert in detection.alerts]
THRESHOLDS = [(detection, threshold) for detection in DETECTIONS for threshold in detection.thresholds]
SCOPED = [(detection, threshold) for detection, threshold in THRESHOLDS if threshold.scoped]
RENAMED = {name: f"their_{name}_x" for name in CANONICAL}

few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def parse(document: object) -> Settings:
    return overrides.parse(yaml.safe_dump(document, allow_unicode=True))


def refused(text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        overrides.parse(text, "overrides.yaml")
    return list(caught.value.problems)


def key(rule: Rule) -> tuple[str, ...]:
    """What tells a rule from every other, whatever its severity is changed to: alerts of one name differ in what they compute."""
    return (rule.record, rule.alert, rule.expr, *(f"{name}={value}" for name, value in rule.labels.items() if name != "severity"))


def matching(pack: Pack, alert: Alert) -> list[Rule]:
    return [rule for rule in pack.rules() if rule.alert == alert.name and rule.labels["severity"] == alert.severity]


# --- what is refused -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("thresholds: {}", r"thresholds: found a key that is not known, allowed: selector, .*detections \(line 1\)"),
        ("selectr: x", r"did you mean selector\?"),
        ("[]", r"overrides.yaml: found a list of 0, allowed: a mapping of selector"),
        ("selector: job=x", r"selector: found 'job=x', allowed: label matchers"),
        ("""selector: 'job="x" instance="y"'""", "allowed: label matchers"),
        ("""selector: 'job=~"a(b"'""", "allowed: a regular expression that can be read"),
        ("""selector: '__name__="x"'""", "allowed: label matchers"),
        (r"""selector: 'job=~"\d+"'""", "allowed: label matchers"),
        ("receivers: {pagers: {}}", r"receivers.pagers: found a key that is not known \(did you mean pager\?\)"),
        ("receivers: {pager: {webhook_configs: {url: x}}}", "receivers.pager: found .*allowed: what Alertmanager takes"),
        ("receivers: {pager: {webhooks: []}}", "allowed: what Alertmanager takes below a receiver's name: lists such as webhook_configs"),
        ("receivers: {pager: {webhook_configs: [x]}}", "allowed: what Alertmanager takes"),
        ("label_names: {model: x}", r"label_names.model: found a key that is not known \(did you mean model_id\?\)"),
        ("label_names: {model_id: 'a b'}", r"label_names.model_id: found 'a b', allowed: a label name"),
        ("label_names: {model_id: __x}", "allowed: a label name"),
        ("label_names: {model_id: workspace}", "found 'workspace', which is another label already"),
        ("label_names: {model_id: status}", "found 'status', which is another label already"),
        ("label_names: {model_id: severity}", "found 'severity', which is another label already"),
        ("label_names: {model_id: by}", "a word of PromQL"),
        ("label_names: {model_id: m, workspace: m}", "label_names.workspace: found 'm' again, allowed: a name that model_id does not have"),
        ("scraper_labels: []", "scraper_labels: found an empty list"),
        ("scraper_labels: [job, model_id]", r"scraper_labels\[1\]: found 'model_id', allowed: a label in which scrapers differ"),
        ("labels: {severity: x}", r"labels.severity: found a name that is taken, allowed: .*except severity"),
        *((f"labels: {{{name}: x}}", f"labels.{name}: found a name that is taken") for name in ("job", "instance", "cluster", "replica")),
        ("labels: {team: 3}", r"labels.team: found 3, allowed: a text of one line, in quotes"),
        ("labels: {team: '{{ $value }}'}", "a label whose value changes makes a new alert each time"),
        ("label_names: {model_id: m}\nlabels: {m: x}", "labels.m: found a name that label_names gives to another label"),
        ("runbook_url: ftp://x", "runbook_url: found 'ftp://x', allowed: an http:// or https:// URL"),
        ("runbook_url: https://x/?a=b", "allowed: an http:// or https:// URL"),
        ("detections: {thrsh: {}}", r"detections.thrsh: found a key that is not known \(did you mean thrash\?\), allowed: thrash"),
        ("detections: {thrash: {threshold: {}}}", r"did you mean thresholds\?"),
        ("detections: {thrash: {disabled: 'yes'}}", "detections.thrash.disabled: found 'yes', allowed: true or false"),
        ("detections: {thrash: {thresholds: {reversal: 3}}}", r"did you mean reversals\?\), allowed: reversals, swing_ratio"),
        ("detections: {thrash: {thresholds: {reversals: 1}}}", "reversals: found 1, allowed: a number from 2 to 60"),
        ("detections: {thrash: {thresholds: {reversals: 61}}}", "reversals: found 61, allowed: a number from 2 to 60"),
        ("detections: {thrash: {thresholds: {reversals: true}}}", "found true, allowed: a number"),
        ("detections: {thrash: {thresholds: {reversals: .nan}}}", "found nan, allowed: a number"),
        ("detections: {thrash: {thresholds: {reversals: '14'}}}", "found '14', allowed: a number"),
        ("detections: {thrash: {thresholds: {swing_ratio: 1.01}}}", r"allowed: a number from 0 to 1 \(ratio\)"),
        ("detections: {thrash: {thresholds: {reversals: {default: 99}}}}", "reversals.default: found 99"),
        ("detections: {thrash: {thresholds: {reversals: {exceptions: [{value: 3}]}}}}", r"exceptions\[0\]: found no match"),
        (
            "detections: {thrash: {thresholds: {reversals: {exceptions: [{match: {}, value: 3}]}}}}",
            "found an empty mapping, allowed: at least 1",
        ),
        (
            "detections: {thrash: {thresholds: {reversals: {exceptions: [{match: {model_id: 7}, value: 3}]}}}}",
            "found 7, allowed: the exact value",
        ),
        ("detections: {thrash: {thresholds: {reversals: {exceptions: [{match: {region: x}, value: 3}]}}}}", "allowed: workspace, model_id"),
        (
            "detections: {thrash: {thresholds: {reversals: {exceptions: [{match: {model_id: x}, value: 1}]}}}}",
            r"exceptions\[0\].value: found 1",
        ),
        (
            "detections: {thrash: {alerts: {ServingThras: {}}}}",
            r"did you mean ServingThrash\?\), allowed: ServingThrash, ServingThrash/warning",
        ),
        ("detections: {thrash: {alerts: {ServingThrash/critical: {}}}}", "a key that is not known"),
        ("detections: {thrash: {alerts: {ServingThrash: {For: 5m}}}}", r"did you mean for\?"),
        ("detections: {thrash: {alerts: {ServingThrash: {for: -5m}}}}", "found '-5m', allowed: a duration such as 90s"),
        ("detections: {thrash: {alerts: {ServingThrash: {for: 300}}}}", "found 300, allowed: a duration"),
        ("detections: {thrash: {alerts: {ServingThrash: {for: 5 m}}}}", "found '5 m', allowed: a duration"),
        (
            "detections: {thrash: {alerts: {ServingThrash: {for: 2d}}}}",
            "allowed: a duration from 0s to 1d: a condition that must hold for longer",
        ),
        ("detections: {thrash: {alerts: {ServingThrash: {keep_firing_for: 8d}}}}", "allowed: a duration from 0s to 7d"),
        ("detections: {thrash: {alerts: {ServingThrash: {severity: page}}}}", "found 'page', allowed: critical, warning, info"),
        ("detections: {thrash: {alerts: {ServingThrash: {severity: critical}}}}", "found 'critical' for two rules of ServingThrash"),
        (
            "detections: {thrash: {alerts: {ServingThrash/info: {severity: warning}}}}",
            r"ServingThrash/info.severity: found 'warning' for two rules",
        ),
        ("detections: {thrash: {alerts: {ServingThrash: {labels: {detection: x}}}}}", "labels.detection: found a name that is taken"),
        ("detections: {thrash: {alerts: {ServingThrash: {annotations: {note: '{{ a'}}}}}", "a text in which every {{ has its }}"),
        ("a: 1\na: 2", r"a: found it again \(first in line 1\), allowed: once \(line 2\)"),
        ("? [a]\n: 1", "found a mapping or a list as a key"),
        ("a: [", "found a mistake in the YAML"),
    ],
)
def test_a_mistake_is_refused_with_its_path_its_value_and_what_is_allowed(text: str, problem: str) -> None:
    problems = refused(text)
    assert any(re.search(problem, each) for each in problems), problems
    assert all(each.startswith("overrides.yaml: ") and (", allowed: " in each) for each in problems)


def test_all_mistakes_are_named_in_one_go_each_with_its_line() -> None:
    text = """\
selector: "job"
labels:
  job: x
detections:
  thrash:
    thresholds:
      reversals: 1
      swing_ratio:
        exceptions:
          - match: {model_id: a}
            value: 7
    alerts:
      ServingThrash:
        for: soon
"""
    problems = refused(text)
    assert len(problems) == 5
    assert [int(re.findall(r"\(line (\d+)\)", each)[-1]) for each in problems] == [1, 3, 7, 11, 14]


@pytest.mark.parametrize(
    "later",
    ["{model_id: a}", "{model_id: a, environment: staging}", "{model_id: a, environment: production, workspace: w}"],
)
def test_an_exception_behind_one_that_covers_it_is_refused(later: str) -> None:
    text = f"""\
detections:
  thrash:
    thresholds:
      reversals:
        exceptions:
          - match: {{environment: dev}}
            value: 3
          - match: {{model_id: a}}
            value: 4
          - match: {later}
            value: 5
"""
    (problem,) = refused(text)
    assert "exceptions[2]: found an exception that can never apply, allowed: one that exceptions[1] does not cover" in problem


def test_an_exception_by_a_label_that_its_objects_lack_is_refused() -> None:
    for detection, threshold in SCOPED:
        for label in set(CANONICAL) - set(MATCHABLE[threshold.scope]):
            change = {"exceptions": [{"match": {label: "x"}, "value": threshold.default}]}
            text = yaml.safe_dump({"detections": {detection.slug: {"thresholds": {threshold.name: change}}}})
            (problem,) = refused(text)
            assert f"match.{label}: found a key that is not known" in problem
            assert f"allowed: {', '.join(MATCHABLE[threshold.scope])} (line " in problem


def test_a_file_that_cannot_be_read_is_an_error_and_not_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "binary.yaml").write_bytes(b"a: \xff")
    for path in (tmp_path, tmp_path / "absent.yaml", tmp_path / "binary.yaml"):
        with pytest.raises(SettingsError, match=re.escape(str(path))):
            overrides.load(path)
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdef", "bcdefg", strict=True)
    )
    with pytest.raises(SettingsError, match="too many values"):
        overrides.parse(bomb)


# --- what the schema says ------------------------------------------------------------------------------------------------------


def texts(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for name, node in schema.get("properties", {}).items():
        yield f"{path}.{name}", node.get("description", "")
        assert "$ref" not in node or node["$ref"].removeprefix("#/$defs/") in SCHEMA["$defs"]
        for branch in (node, *node.get("oneOf", ())):
            yield from texts(branch, f"{path}.{name}")


def test_every_knob_has_a_text() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert [path for path, text in texts(SCHEMA) if not text] == []


@pytest.mark.parametrize(("detection", "threshold"), THRESHOLDS, ids=lambda each: getattr(each, "slug", None) or each.name)
def test_the_schema_has_each_threshold_with_default_range_and_reason(detection: Detection, threshold: Threshold) -> None:
    node = SCHEMA["properties"]["detections"]["properties"][detection.slug]["properties"]["thresholds"]["properties"][threshold.name]
    number = node["oneOf"][0] if threshold.scoped else node
    assert (number["minimum"], number["maximum"], node["default"]) == (threshold.minimum, threshold.maximum, threshold.default)
    assert threshold.reason in node["description"]


def test_defaults_are_values_that_the_file_accepts() -> None:
    document: dict[str, Any] = {}
    for detection in DETECTIONS:
        alerts = {}
        for name, several in overrides.knobs.alerts_of(detection):
            if len(several) == 1:
                (alert,) = several
                alerts[name] = {"for": alert.for_, "keep_firing_for": alert.keep_firing_for or "0s", "severity": str(alert.severity)}
        document[detection.slug] = {"alerts": alerts}
        if detection.thresholds:
            document[detection.slug]["thresholds"] = {each.name: each.default for each in detection.thresholds}
    given_defaults = build(parse({"detections": document}))
    assert list(given_defaults.rules()) == list(PACK.rules())


@pytest.mark.parametrize(
    "document",
    [
        {"thresholds": {}},
        {"detections": {"thrsh": {}}},
        {"detections": {"thrash": {"thresholds": {"reversal": 3}}}},
        {"detections": {"thrash": {"thresholds": {"reversals": 61}}}},
        {"detections": {"thrash": {"thresholds": {"reversals": {"default": 14, "other": 1}}}}},
        {"detections": {"thrash": {"thresholds": {"reversals": {"exceptions": [{"match": {}, "value": 14}]}}}}},
        {"detections": {"thrash": {"alerts": {"ServingThras": {}}}}},
        {"detections": {"thrash": {"alerts": {"ServingThrash": {"for": "soon"}}}}},
        {"detections": {"thrash": {"alerts": {"ServingThrash": {"severity": "page"}}}}},
        {"labels": {"severity": "x"}},
        {"labels": {"a-b": "x"}},
        {"label_names": {"model": "x"}},
        {"scraper_labels": []},
    ],
)
def test_schema_and_program_refuse_the_same(document: dict[str, Any]) -> None:
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(document)
    with pytest.raises(SettingsError):
        parse(document)


def test_the_example_is_valid_and_builds() -> None:
    document = yaml.safe_load(EXAMPLE.read_text())
    jsonschema.validate(document, SCHEMA, cls=jsonschema.Draft202012Validator)
    pack = build(overrides.load(EXAMPLE))
    names = {rule.alert for rule in pack.rules()}
    assert set(document) == set(SCHEMA["properties"]), "the example shows every key"
    assert "ServingAsyncExpiry" not in names
    thrash = next(rule for rule in pack.rules() if rule.alert == "ServingThrash")
    assert (thrash.for_, thrash.keep_firing_for, thrash.labels["severity"], thrash.labels["team"]) == (
        "20m",
        "1h",
        "critical",
        "ml-platform",
    )


def test_the_examples_of_the_documentation_are_accepted() -> None:
    page = (RULES.parent / "docs" / "rules.md").read_text()
    examples = [block for block in re.findall(r"```yaml\n(.*?)```", page, flags=re.DOTALL) if "detections:" in block]
    assert len(examples) == 2
    for example in examples:
        jsonschema.validate(yaml.safe_load(example), SCHEMA, cls=jsonschema.Draft202012Validator)
        assert list(build(overrides.parse(example)).rules()) != list(PACK.rules())


# --- what changes --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}", "detections:\n", "detections: {thrash: {alerts: {ServingThrash: }}}"])
def test_an_empty_file_changes_nothing(text: str) -> None:
    pack = build(overrides.parse(text))
    assert list(pack.files) == list(PACK.files)
    assert [write(pack) for write in FORMATS.values()] == [write(PACK) for write in FORMATS.values()]


changes = st.fixed_dictionaries(
    {},
    optional={
        "for": st.sampled_from(["0s", "1m", "7m", "1h30m", "1d"]),
        "keep_firing_for": st.sampled_from(["3m", "2h", "7d"]),
        "labels": st.dictionaries(st.sampled_from(["team", "service"]), st.text('abc é"\\', min_size=1).filter(str.strip), min_size=1),
        "annotations": st.dictionaries(st.sampled_from(["summary", "note"]), st.sampled_from(["x", "{{ $value }}"]), min_size=1),
        "disabled": st.booleans(),
    },
)


@given(st.sampled_from(ALERTS), changes)
@few
def test_an_override_changes_its_own_alert_and_nothing_else(which: tuple[Detection, Alert], change: dict[str, Any]) -> None:
    detection, alert = which
    several = len({other.severity for other in detection.alerts if other.name == alert.name}) > 1
    name = f"{alert.name}/{alert.severity}" if several else alert.name
    pack = build(parse({"detections": {detection.slug: {"alerts": {name: change}}}}))
    own = matching(PACK, alert)
    assert [rule for rule in pack.rules() if rule not in matching(pack, alert)] == [rule for rule in PACK.rules() if rule not in own]
    if change.get("disabled"):
        assert matching(pack, alert) == []
        return
    for before, after in zip(own, matching(pack, alert), strict=True):
        assert after.expr == before.expr
        assert after.for_ == {"0s": ""}.get(change.get("for", ""), change.get("for", before.for_))
        assert after.keep_firing_for == change.get("keep_firing_for", before.keep_firing_for)
        assert after.labels == {**before.labels, **change.get("labels", {})}
        assert after.annotations == {**before.annotations, **change.get("annotations", {})}


@given(st.sampled_from(THRESHOLDS), st.floats(0, 1))
@few
def test_a_threshold_changes_nothing_outside_of_its_detection(which: tuple[Detection, Threshold], share: float) -> None:
    detection, threshold = which
    value = threshold.minimum + share * (threshold.maximum - threshold.minimum)
    pack = build(parse({"detections": {detection.slug: {"thresholds": {threshold.name: value}}}}))
    own = {record.name for record in detection.records}
    changed = [after for before, after in zip(PACK.rules(), pack.rules(), strict=True) if before != after]
    assert all(rule.record in own or rule.labels.get("detection") == detection.slug for rule in changed)
    assert value == threshold.default or changed, "the threshold is used nowhere"


@pytest.mark.parametrize("detection", DETECTIONS, ids=lambda detection: detection.slug)
def test_a_disabled_detection_leaves_no_alert_no_advice_and_no_runbook(detection: Detection) -> None:
    pack = build(parse({"detections": {detection.slug: {"disabled": True}}}))
    assert not any(rule.labels.get("detection") == detection.slug for rule in pack.rules())
    assert not {f"{name}.md" for name in detection.runbooks} & set(runbooks.files(pack))
    recorded = {rule.record for rule in pack.rules()}
    read = {name for rule in pack.rules() for text in (rule.expr, *rule.annotations.values()) for name in re.findall(r"[\w:]+", text)}
    for record in detection.records:
        assert record.name not in recorded or record.name in read, "kept, and nobody reads it"
    others = [rule for rule in PACK.rules() if rule.alert and rule.labels["detection"] != detection.slug]
    assert [rule for rule in pack.rules() if rule.alert] == others
    gone = {record.name for record in detection.records} - recorded
    for rule in others:
        assert not gone & set(re.findall(r"[\w:]+", rule.expr)), f"{rule.alert} reads what is gone"


def test_the_advice_of_a_disabled_detection_is_gone() -> None:
    pack = build(parse({"detections": {"thrash": {"disabled": True}}}))
    assert "serving:scale_down_delay_seconds:for_thrash" in {rule.record for rule in PACK.rules()}
    assert "serving:scale_down_delay_seconds:for_thrash" not in {rule.record for rule in pack.rules()}


def test_a_severity_can_be_exchanged() -> None:
    pack = build(parse({"detections": {"thrash": {"alerts": {"ServingThrash/warning": {"severity": "critical"}}}}}))
    assert [rule.labels["severity"] for rule in pack.rules() if rule.alert == "ServingThrash"] == ["critical", "info"]


def test_a_change_of_a_name_and_one_of_a_severity_add_up() -> None:
    alerts = {"ServingThrash": {"for": "20m", "labels": {"team": "a"}}, "ServingThrash/info": {"for": "1h"}}
    warning, info = (rule for rule in build(parse({"detections": {"thrash": {"alerts": alerts}}})).rules() if rule.alert == "ServingThrash")
    assert (warning.for_, info.for_) == ("20m", "1h")
    assert warning.labels["team"] == info.labels["team"] == "a"


def test_the_selector_is_on_every_series_of_the_platform_and_on_no_signal() -> None:
    pack = build(parse({"selector": ' job = "a,b}",cluster =~ "eu-.*", '}))
    assert pack.settings.selector == 'job = "a,b}",cluster =~ "eu-.*"'
    for rule in pack.rules():
        for name, matchers in selectors(promql_parser.parse(rule.expr)):
            has = {("job", "a,b}"), ("cluster", "eu-.*")} <= matchers
            assert has == (name or "").startswith(("baseten_", "serving_exporter_")), f"{name} in {rule.name}"


def selectors(expr: Any) -> Iterator[tuple[str, set[tuple[str, str]]]]:
    if isinstance(expr, promql_parser.VectorSelector):
        yield expr.name, {(each.name, each.value) for each in expr.matchers.matchers}
    for child in ("expr", "lhs", "rhs", "param", "vector_selector"):
        if (inner := getattr(expr, child, None)) is not None and not isinstance(inner, str):
            yield from selectors(inner)
    for argument in getattr(expr, "args", None) or ():
        yield from selectors(argument)


# --- renamed labels ------------------------------------------------------------------------------------------------------------


def old_labels(text: str) -> set[str]:
    return set(re.findall(rf"(?<![\w:])(?:{'|'.join(CANONICAL)})(?![\w:])", text))


def code(rule: Rule) -> Iterator[str]:
    yield re.sub(r'(?<![(,\s])"(?:\\.|[^"\\])*"', '""', rule.expr)  # values of labels stay what they are
    yield from rule.labels
    for text in rule.annotations.values():
        yield from re.findall(r"\{\{.*?\}\}", text)


def test_renaming_all_labels_leaves_no_old_one_on_any_surface() -> None:
    pack = build(parse({"label_names": RENAMED, "scraper_labels": ["job", "pod"]}))
    for rule in pack.rules():
        assert set().union(*map(old_labels, code(rule))) == set(), rule.name
        assert "instance)" not in rule.expr
    for query in runbooks.queries(pack):
        assert old_labels(query.expr) == set(), query.alert
    for name, page in runbooks.files(pack).items():
        for block in re.findall(r"```promql\n(.*?)```|`\$?(\w+)`", page, flags=re.DOTALL):
            assert old_labels(re.sub(r'"[^"]*"', '""', "".join(block))) == set(), name
    inhibitions = yaml.safe_load(FORMATS["alertmanager"](pack)["inhibit_rules.yaml"])["inhibit_rules"]
    assert {label for each in inhibitions for label in each["equal"]} & set(CANONICAL) == set()


def test_renamed_labels_give_the_same_rules_but_for_the_names() -> None:
    pack = build(parse({"label_names": RENAMED}))

    def back(text: str) -> str:
        for name, new in RENAMED.items():
            text = re.sub(rf"\b{new}\b", name, text)
        return text

    for before, after in zip(PACK.rules(), pack.rules(), strict=True):
        assert promql_parser.parse(after.expr)
        assert back(json.dumps(after.mapping())) == json.dumps(before.mapping())


# --- thresholds of single models -----------------------------------------------------------------------------------------------


@cache
def shipped_violations() -> set[str]:
    return set(violations(PACK))


def scoped(detection: Detection, threshold: Threshold, *values: ScopedValue) -> Pack:
    return build(Settings(detections={detection.slug: DetectionChange(scoped={threshold.name: values})}))


@pytest.mark.parametrize(("detection", "threshold"), SCOPED, ids=lambda each: getattr(each, "slug", None) or each.name)
def test_any_threshold_can_be_set_for_single_objects(detection: Detection, threshold: Threshold) -> None:
    """As a series it must fit where the number stood: the labels of both sides of every operator are inferred."""
    label = MATCHABLE[threshold.scope][0]
    pack = scoped(detection, threshold, ScopedValue({label: "x"}, threshold.minimum))
    assert set(violations(pack)) <= shipped_violations()
    for rule in pack.rules():
        if rule.labels.get("detection") == detection.slug:
            assert not re.search(r"\{\{[^}]*\{\{", rule.annotations["description"]), "a template within a template"


@given(st.sampled_from(SCOPED), st.integers(1, 1000), st.integers(1, 40), st.booleans())
@few
def test_a_thousand_exceptions_are_one_record_and_no_alert(
    which: tuple[Detection, Threshold], count: int, distinct: int, mixed: bool
) -> None:
    detection, threshold = which
    labels = MATCHABLE[threshold.scope]
    step = (threshold.maximum - threshold.minimum) / distinct
    values = [
        ScopedValue({labels[index % len(labels) if mixed else 0]: f"x{index}"}, threshold.minimum + index % distinct * step)
        for index in range(count)
    ]
    pack = scoped(detection, threshold, *values)
    series = threshold_series(detection, threshold)
    assert [rule.record for rule in pack.rules() if rule.record and rule.record not in {each.record for each in PACK.rules()}] == [series]
    assert [rule.alert for rule in pack.rules() if rule.alert] == [rule.alert for rule in PACK.rules() if rule.alert]
    assert promql_parser.parse(next(rule.expr for rule in pack.rules() if rule.record == series))


OVERRIDES = """
detections:
  thrash:
    thresholds:
      reversals:
        default: 14
        exceptions:
          - match: {model_name: chat, environment: staging}
            value: 40
          - match: {model_id: m-strict}
            value: 4
          - match: {model_id: m-same}
            value: 4
          - match: {model_name: chat}
            value: 10
          - match: {deployment_id: "d-\\\\odd.*\\"é"}
            value: 6
"""
OBJECTS = {
    # deployment: (model id, model name, environment, threshold)
    "d-plain": ("m-plain", "other", "production", 14),
    "d-chat": ("m-chat", "chat", "production", 10),
    "d-staging": ("m-chat", "chat", "staging", 40),
    "d-strict": ("m-strict", "chat", "production", 4),
    "d-same": ("m-same", "other", "", 4),
    'd-\\odd.*"é': ("m-odd", "odd", "production", 6),
    "d-\\oddxx": ("m-odd", "odd", "production", 14),
}


def quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


@pytest.mark.parametrize("release", PROMETHEUS, ids=str)
def test_one_models_threshold_takes_effect_and_the_others_keep_theirs(release: PrometheusRelease, tmp_path: Path) -> None:
    """Every object has one reversal fewer than its threshold in one test, and just as many in the other."""
    pack = build(overrides.parse(OVERRIDES))
    thrash = next(detection for detection in DETECTIONS if detection.slug == "thrash")
    alert = next(each for each in thrash.alerts if each.severity == "warning")
    wanted = [rule for rule in pack.rules() if rule.record == "serving:thrash_reversals:threshold" or rule in matching(pack, alert)]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "g", "rules": [rule.mapping() for rule in wanted]}]}))
    tests = []
    for missing in (0, 1):
        series, thresholds, firing = [], [], []
        for deployment, (model, name, environment, threshold) in OBJECTS.items():
            own = f'platform="baseten",workspace="w",model_id={quoted(model)},deployment_id={quoted(deployment)}'
            words = f'model_name={quoted(name)},deployment_name="d",environment="{environment}",instance_type="A10G"'
            base = {**alert.proof.base, "serving:replica_reversals:changes2h": threshold - missing}
            scoped_to = {scope.prefix: scope for scope in Scope}
            for signal, value in base.items():
                labels = (
                    own
                    if scoped_to[signal.split(":", 1)[0]] is Scope.DEPLOYMENT
                    else f'platform="baseten",workspace="w",model_id={quoted(model)}'
                )
                series.append(
                    {"series": f"{signal.split('{')[0]}{{{labels}}}", "values": value if isinstance(value, str) else f"{value}x60"}
                )
            series.append({"series": f"serving:deployment:info{{{own},{words}}}", "values": "1x60"})
            thresholds.append({"labels": f"serving:thrash_reversals:threshold{{{own}}}", "value": threshold})
            if not missing:
                firing.append({"labels": f"{{deployment_id={quoted(deployment)}}}", "value": 1})
        tests.append(
            {
                "interval": "1m",
                "input_series": list({each["series"]: each for each in series}.values()),
                "promql_expr_test": [
                    {"expr": "serving:thrash_reversals:threshold", "eval_time": "40m", "exp_samples": thresholds},
                    {
                        "expr": 'max by (deployment_id) (ALERTS{alertname="ServingThrash",alertstate="firing"})',
                        "eval_time": "40m",
                        "exp_samples": firing,
                    },
                ],
            }
        )
    document = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": tests}
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(document, allow_unicode=True))
    result = run(release.promtool, "test", "rules", "test.yaml", cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("release", PROMETHEUS, ids=str)
def test_a_pack_with_every_threshold_scoped_is_accepted(release: PrometheusRelease, tmp_path: Path) -> None:
    change: dict[str, DetectionChange] = {}
    for detection in DETECTIONS:
        values = {
            each.name: tuple(ScopedValue({MATCHABLE[each.scope][0]: f"x{index}"}, each.minimum) for index in range(100))
            for each in detection.thresholds
            if each.scoped
        }
        change[detection.slug] = DetectionChange(scoped=values)
    pack = build(Settings(detections=change))
    for name, text in FORMATS["prometheus"](pack).items():
        (tmp_path / name).write_text(text)
    result = run(release.promtool, "check", "rules", "--lint-fatal", *FORMATS["prometheus"](pack), cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
