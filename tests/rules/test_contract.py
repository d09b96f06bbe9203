"""What is exported and what the pack reads agree, in both directions, and any rename breaks the agreement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest

from serving_exporter.catalogue import ALL, Metric, Scope
from serving_rules.contract import Usage, violations
from serving_rules.contract.raw import RAW_LABELS, RAW_METRICS
from serving_rules.pack import Pack, Rule, RuleFile, build
from serving_rules.runbooks import queries

PACK = build()
QUERIES = [Usage(f"runbook of {query.alert}", query.expr) for query in queries(PACK)]


def renamed_metrics() -> Iterator[dict[str, Metric]]:
    for name, metric in ALL.items():
        new = name.removesuffix("_total") + "_renamed" + ("_total" if name.endswith("_total") else "")
        yield {**{key: value for key, value in ALL.items() if key != name}, new: replace(metric, name=new)}


def renamed_labels() -> Iterator[tuple[str, dict[str, Metric]]]:
    for name, metric in ALL.items():
        for label in metric.extra_labels:
            labels = tuple(each + "_renamed" if each == label else each for each in metric.extra_labels)
            yield f"{name}.{label}", {**ALL, name: replace(metric, extra_labels=labels)}


def renamed_key_labels() -> Iterator[tuple[str, dict[str, Metric]]]:
    """Key labels are those of a metric's scope: each of them is renamed in one metric at a time."""
    for name, metric in ALL.items():
        for label in metric.scope.value or ():
            labels = tuple(each + "_renamed" if each == label else each for each in metric.scope.value or ())
            scope = cast("Scope", SimpleNamespace(value=labels))
            yield f"{name}.{label}", {**ALL, name: replace(metric, scope=scope)}


def test_pack_and_catalogue_agree() -> None:
    assert violations(PACK, QUERIES) == []


def test_renaming_any_metric_is_noticed() -> None:
    unnoticed = [list(catalogue)[-1] for catalogue in renamed_metrics() if not violations(PACK, QUERIES, catalogue)]
    assert unnoticed == []


def test_renaming_any_label_is_noticed() -> None:
    unnoticed = [what for what, catalogue in renamed_labels() if not violations(PACK, QUERIES, catalogue)]
    assert unnoticed == []


def test_renaming_any_key_label_is_noticed() -> None:
    unnoticed = [what for what, catalogue in renamed_key_labels() if not violations(PACK, QUERIES, catalogue)]
    assert unnoticed == []


def test_taking_away_any_label_value_that_a_rule_uses_is_noticed() -> None:
    metric = ALL["baseten_deployment_status"]
    kept = tuple(value for value in metric.values["status"] if value != "UNHEALTHY")
    catalogue = {**ALL, metric.name: replace(metric, values={"status": kept})}
    assert any("'UNHEALTHY'" in each for each in violations(PACK, catalogue=catalogue))


def test_every_line_of_the_raw_lists_has_a_reason() -> None:
    assert all(len(reason) > 15 for reason in (*RAW_METRICS.values(), *RAW_LABELS.values()))


@pytest.mark.parametrize(
    ("expr", "complaint"),
    [
        ("baseten_replicas_activ", "no such metric"),
        ('baseten_replicas_active{rollout="stable"}', "no label rollout"),
        ('baseten_pod_readiness{condition="maybe"}', "label condition is never 'maybe'"),
        ("sum by (workspace, replica) (baseten_replicas_active)", "no label replica"),
        ("max by (workspace) (rate(baseten_replicas_active[5m]))", "not a counter"),
        ("max by (workspace) (deriv(baseten_inference_requests_total[5m]))", "a counter"),
        ("baseten_replicas_active / baseten_pod_readiness", "without on()"),
        ("histogram_quantile(0.9, sum by (model_id) (rate(baseten_time_to_first_byte_seconds_bucket[5m])))", "no label le"),
        ("baseten_replicas_active * on (model_id) group_left (region) baseten_concurrent_requests", "no label region"),
        ("serving:active_replicas:min", "no such metric"),
    ],
)
def test_a_wrong_query_is_named(expr: str, complaint: str) -> None:
    found = violations(PACK, [Usage("here", expr)])
    assert any(each.startswith("here: ") and complaint in each for each in found), found


def _with_alert(rule: Rule) -> Pack:
    *others, alerts = PACK.files
    group = replace(alerts.groups[0], rules=(*alerts.groups[0].rules, rule))
    return replace(PACK, files=(*others, RuleFile(alerts.layer, (group, *alerts.groups[1:]))))


def test_an_annotation_that_uses_a_label_which_the_alert_lacks_is_named() -> None:
    rule = Rule("serving:active_replicas:max > 5", alert="X", annotations={"description": "on {{ $labels.replica }}"})
    assert any("uses the label replica" in each for each in violations(_with_alert(rule)))


def test_an_alert_that_reads_the_platform_directly_is_named() -> None:
    rule = Rule("baseten_replicas_active > 5", alert="X")
    assert any("alerts read signals only" in each for each in violations(_with_alert(rule)))
