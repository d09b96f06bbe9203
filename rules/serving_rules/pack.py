"""The pack as a whole: rule files of groups, made from signals, detections and settings. Formats write it; they add nothing to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from serving_rules import advice, ruler_limits, thresholds
from serving_rules.detections import DETECTIONS
from serving_rules.model import Alert, Detection, Inhibition, Layer, Record, RecordGroup
from serving_rules.rendering import Renderer, threshold_series
from serving_rules.ruler_limits import GROUP_SIZE
from serving_rules.settings import AlertChange, Settings
from serving_rules.signals import GROUPS

__all__ = ["GROUP_SIZE", "INTERVAL", "Group", "Pack", "Rule", "RuleFile", "build", "dashboard_url"]

INTERVAL = "1m"
"""Every group is evaluated once a minute: the feed refreshes every 30 s and is scraped every 30 to 60 s."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as a ruler reads it: ``record`` or ``alert`` is set, the other is empty. Durations are Prometheus' text (``10m``)."""

    expr: str
    record: str = ""
    alert: str = ""
    for_: str = ""
    keep_firing_for: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The series or the alert that the rule makes."""
        return self.record or self.alert

    def mapping(self) -> dict[str, object]:
        """Return the rule as the YAML of every rule format has it, empty fields left out."""
        fields: dict[str, object] = {
            "record": self.record,
            "alert": self.alert,
            "expr": self.expr,
            "for": self.for_,
            "keep_firing_for": self.keep_firing_for,
            "labels": dict(self.labels),
            "annotations": dict(self.annotations),
        }
        return {name: value for name, value in fields.items() if value}


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are evaluated one after the other."""

    name: str
    rules: tuple[Rule, ...]
    interval: str = INTERVAL

    def mapping(self) -> dict[str, object]:
        """Return the group as the YAML of every rule format has it."""
        return {"name": self.name, "interval": self.interval, "rules": [rule.mapping() for rule in self.rules]}


@dataclass(frozen=True, slots=True)
class RuleFile:
    """The groups of one layer."""

    layer: Layer
    groups: tuple[Group, ...]

    def mapping(self) -> dict[str, object]:
        """Return the file as Prometheus reads it."""
        return {"groups": [group.mapping() for group in self.groups]}


@dataclass(frozen=True, slots=True)
class Pack:
    """Everything that formats write: rule files in the order of the layers, the inhibitions, and the detections that are switched on."""

    settings: Settings
    files: tuple[RuleFile, ...]
    detections: tuple[Detection, ...]
    inhibitions: tuple[Inhibition, ...]

    def groups(self) -> Iterator[Group]:
        """Every group, in order."""
        return (group for file in self.files for group in file.groups)

    def rules(self) -> Iterator[Rule]:
        """Every rule, in order."""
        return (rule for group in self.groups() for rule in group.rules)


def build(settings: Settings | None = None, detections: Sequence[Detection] = DETECTIONS) -> Pack:
    """Put the pack together. Raises PackError when the result breaks a rule of its own (a mistake in a detection, not in the settings)."""
    settings = settings or Settings()
    kept = tuple(each for each in detections if not settings.detection(each.slug).disabled)
    renderer = Renderer(settings)
    alerts = RuleFile(Layer.ALERTS, tuple(_alert_groups(renderer, kept)))
    files = (
        RuleFile(Layer.SIGNALS, tuple(_groups(renderer, GROUPS))),
        RuleFile(Layer.DETECTIONS, tuple(_detection_groups(renderer, detections, kept))),
        alerts,
    )
    ruler_limits.check(group for file in files for group in file.groups)
    firing = {rule.alert for group in alerts.groups for rule in group.rules}
    inhibitions = tuple(each for detection in kept for each in detection.inhibitions if each.source in firing)
    return Pack(settings, files, kept, inhibitions)


def _split(name: str, rules: Sequence[Rule]) -> Iterator[Group]:
    """One group, or several when there are more rules than a group may hold."""
    for number, start in enumerate(range(0, len(rules), GROUP_SIZE), start=1):
        yield Group(name if number == 1 else f"{name}-{number}", tuple(rules[start : start + GROUP_SIZE]))


def _groups(renderer: Renderer, groups: Iterable[RecordGroup]) -> Iterator[Group]:
    for group in groups:
        yield from _split(group.name, [_record(renderer, record) for record in group.records])


def _detection_groups(renderer: Renderer, detections: Sequence[Detection], kept: Sequence[Detection]) -> Iterator[Group]:
    """Yield the records of the detections. One that is switched off keeps those that others read."""
    read = _read(detections, kept)
    recorded = [(each, [record for record in each.records if each in kept or record.name in read]) for each in detections]
    yield from _split(
        "serving-thresholds", [rule for each, records in recorded if records or each in kept for rule in _threshold_rules(renderer, each)]
    )
    yield from _by_dashboard(
        "detections",
        ((detection.alerts[0].dashboard, _record(renderer, record, detection)) for detection, records in recorded for record in records),
    )
    yield from _groups(renderer, (advice.GROUP,))


def _read(detections: Sequence[Detection], kept: Sequence[Detection]) -> set[str]:
    """Names of all series that the detections in use read, over any number of records."""
    records = {record.name: record.expr for detection in detections for record in detection.records}
    waiting = [text for detection in kept for text in _texts(detection)]
    read: set[str] = set()
    while waiting:
        new = set(_SERIES.findall(waiting.pop())) - read
        read |= new
        waiting += [records[name] for name in new & records.keys()]
    return read


def _texts(detection: Detection) -> Iterator[str]:
    yield from (record.expr for record in detection.records)
    for alert in detection.alerts:
        yield from (alert.expr, alert.description)


def _alert_groups(renderer: Renderer, detections: Sequence[Detection]) -> Iterator[Group]:
    rules = []
    for detection in detections:
        for alert in detection.alerts:
            change = renderer.settings.alert(detection.slug, alert.name, alert.severity)
            if not change.disabled:
                rules.append((alert.dashboard, _alert(renderer, alert, detection, change)))
    return _by_dashboard("alerts", rules)


def _by_dashboard(what: str, rules: Iterable[tuple[str, Rule]]) -> Iterator[Group]:
    """Rules by the dashboard that shows their object: a group for each detection would be more groups than a tenant of Mimir may have."""
    groups: dict[str, list[Rule]] = {}
    for dashboard, rule in rules:
        groups.setdefault(dashboard, []).append(rule)
    for dashboard, members in groups.items():
        yield from _split(f"{dashboard}-{what}", members)


def _record(renderer: Renderer, record: Record, detection: Detection | None = None) -> Rule:
    return Rule(renderer.expression(record.expr, detection), record=record.name, labels=renderer.labels(record.labels))


def _alert(renderer: Renderer, alert: Alert, detection: Detection, change: AlertChange) -> Rule:
    labels = {
        "severity": change.severity or str(alert.severity),
        "alert_type": str(alert.kind),
        "detection": detection.slug,
        **alert.labels,
        **renderer.settings.labels,
        **change.labels,
    }
    annotations = {
        "summary": alert.summary,
        "description": renderer.annotation(alert.description, detection),
        "runbook_url": f"{renderer.settings.runbook_url}/{alert.name}.md",
        "dashboard_url": renderer.annotation(dashboard_url(renderer.settings.dashboard_url, alert), detection),
        **change.annotations,
    }
    return Rule(
        renderer.alert_expression(alert, detection),
        alert=alert.name,
        for_=_duration(alert.for_ if change.for_ is None else change.for_),
        keep_firing_for=_duration(alert.keep_firing_for if change.keep_firing_for is None else change.keep_firing_for),
        labels=labels,
        annotations=annotations,
    )


def _duration(text: str) -> str:
    return "" if re.fullmatch(r"0(ms|[smhdw])?", text) else text


_SERIES = re.compile(r"\bserving\w*:[\w:]+")

_VARIABLES = {"workspace": "workspace", "model_id": "model", "environment": "environment", "deployment_id": "deployment"}
"""Label of an alert to variable of the dashboards."""


def dashboard_url(base: str, alert: Alert) -> str:
    """Return the dashboard that shows an alert's object, as a template: label values escaped for a query string."""
    labels = [label for label in _VARIABLES if label in (*alert.scope.labels, *alert.scope.words) and label in alert.dashboard.selects]
    variables = "&".join(f"var-{_VARIABLES[label]}={{{{ $labels.{label} | urlquery }}}}" for label in labels)
    return f"{base}/d/{alert.dashboard}?{variables}"


def _threshold_rules(renderer: Renderer, detection: Detection) -> Iterator[Rule]:
    """Yield a rule for each threshold that is set for single models."""
    change = renderer.settings.detection(detection.slug)
    for threshold in detection.thresholds:
        if scoped := change.scoped.get(threshold.name):
            default = change.thresholds.get(threshold.name, threshold.default)
            yield Rule(
                renderer.expression(thresholds.expression(threshold, scoped, default)), record=threshold_series(detection, threshold)
            )
