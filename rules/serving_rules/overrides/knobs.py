"""Everything that the file may say: a tree made from the detections, and what its values mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from serving_rules.model import Alert, Detection, Threshold
from serving_rules.overrides.kinds import (
    ANNOTATION,
    BASE_URL,
    FLAG,
    LABEL_NAME,
    LABEL_VALUE,
    MATCHED,
    RECEIVER,
    SELECTOR,
    SEVERITY,
    duration,
    number,
)
from serving_rules.overrides.shape import ABSENT, Either, Items, Keyed, Node, Shared, Table
from serving_rules.promql import SCRAPER
from serving_rules.promql import number as spelled
from serving_rules.settings import CANONICAL, RECEIVERS, AlertChange, DetectionChange, ScopedValue, Settings
from serving_rules.thresholds import MATCHABLE

__all__ = ["OWN", "SINGLE", "alerts_of", "settings_of", "tree"]

OWN = ("severity", "alertname", "alert_type", "detection")
"""Labels that the pack itself puts on alerts."""

SINGLE = ("job", "instance", "cluster", "replica")
"""Labels that Prometheus or its relatives put on everything: a static one would hide where a series comes from."""

_FOR = Shared("for", duration("1d", "a condition that must hold for longer would be noticed before its alert"))
_KEEP = Shared("keep_firing_for", duration("7d", "an alert that fires for so long after its end says nothing"))
_SEVERITY = Shared("severity", SEVERITY)
_ANNOTATIONS = Shared("annotations", Keyed(LABEL_NAME, ANNOTATION))
_MATCHES = {
    scope: Shared(
        f"match_{scope.name.lower()}",
        Table(
            {label: MATCHED.described(f"Exact value of `{label}`.") for label in labels},
            "Labels that an object must all have for the exception to apply; canonical names, whatever they are renamed to.",
            least=1,
        ),
    )
    for scope, labels in MATCHABLE.items()
}

_TEXTS = {
    "selector": "Label matchers that are put into every selector of the platform's and the exporter's series; signals are not touched.",
    "label_names": "New names of canonical labels, for example `environment: exported_environment` where a scrape did not honor labels. "
    "They change in expressions, templates, links and runbooks alike; a series must really carry them.",
    "scraper_labels": "Labels in which two scrapers of one page differ. Values that differ in these alone are counted once.",
    "labels": "Labels for every alert, for routing.",
    "runbook_url": "Where the runbook pages are; `/<Alert>.md` is appended.",
    "dashboard_url": "Where Grafana is; `/d/<dashboard>?<variables>` is appended.",
    "receivers": "What receivers of the generated `alertmanager.yaml` are, in Alertmanager's words. One that is left out sends nothing.",
}


def tree(detections: Sequence[Detection]) -> Table:
    """Everything that the file may say about these detections."""
    alert_labels = {label for detection in detections for alert in detection.alerts for label in (*alert.labels, *alert.extra_labels)}
    taken = tuple(dict.fromkeys((*OWN, *SINGLE, *CANONICAL, *sorted(alert_labels))))
    labels = Shared("labels", Keyed(LABEL_NAME, LABEL_VALUE, forbidden=taken))
    defaults = Settings()
    return Table(
        {
            "selector": SELECTOR.described(_TEXTS["selector"]),
            "label_names": Table({name: LABEL_NAME.described(f"New name of `{name}`.") for name in CANONICAL}, _TEXTS["label_names"]),
            "scraper_labels": Items(LABEL_NAME, _TEXTS["scraper_labels"], SCRAPER),
            "labels": labels.described(_TEXTS["labels"]),
            "runbook_url": BASE_URL.described(_TEXTS["runbook_url"], defaults.runbook_url),
            "dashboard_url": BASE_URL.described(_TEXTS["dashboard_url"], defaults.dashboard_url),
            "receivers": Table({name: RECEIVER.described(text) for name, text in RECEIVERS.items()}, _TEXTS["receivers"]),
            "detections": Table({each.slug: _detection(each, labels) for each in detections}, "Changes to single detections."),
        },
        "What this pack of rules does differently from the shipped one. An empty file changes nothing.",
    )


def alerts_of(detection: Detection) -> Iterator[tuple[str, list[Alert]]]:
    """Yield the keys under which a detection's alerts are changed: names, and ``Name/severity`` where a name has several severities."""
    for name in dict.fromkeys(alert.name for alert in detection.alerts):
        alerts = [alert for alert in detection.alerts if alert.name == name]
        yield name, alerts
        severities = dict.fromkeys(alert.severity for alert in alerts)
        if len(severities) > 1:
            for severity in severities:
                yield f"{name}/{severity}", [alert for alert in alerts if alert.severity == severity]


def _detection(detection: Detection, labels: Shared) -> Table:
    fields: dict[str, Node] = {"disabled": FLAG.described("Leave the detection out: its alerts, advice and runbook.", default=False)}
    if detection.thresholds:
        fields["thresholds"] = Table({each.name: _threshold(each) for each in detection.thresholds}, "Numbers to compare with.")
    fields["alerts"] = Table({key: _alert(key, alerts, labels) for key, alerts in alerts_of(detection)}, "Changes to single alerts.")
    return Table(fields, f"{detection.title}. {detection.catches}")


def _threshold(threshold: Threshold) -> Node:
    unit = f" {threshold.unit}" if threshold.unit else ""
    text = (
        f"Default {spelled(threshold.default)}{unit}, from {spelled(threshold.minimum)} to {spelled(threshold.maximum)}. {threshold.reason}"
    )
    kind = number(threshold.minimum, threshold.maximum, threshold.unit)
    value = kind.described(text, threshold.default)
    if not threshold.scoped:
        return value
    exception = Table(
        {
            "match": _MATCHES[threshold.scope].described("Of what it is an exception."),
            "value": kind.described("The threshold for what matches."),
        },
        required=("match", "value"),
    )
    mixed = Table(
        {
            "default": kind.described("For everything that no exception matches.", threshold.default),
            "exceptions": Items(exception, "For single models, environments, deployments or workspaces; the first that matches applies."),
        },
        "One number, and exceptions from it.",
    )
    return Either(value, mixed, text)


def _alert(key: str, alerts: Sequence[Alert], labels: Shared) -> Table:
    def default(values: Sequence[str]) -> Any:
        return values[0] if len(set(values)) == 1 else ABSENT

    severities = [str(alert.severity) for alert in alerts]
    fields: dict[str, Node] = {
        "disabled": FLAG.described("Leave the alert out.", default=False),
        "for": _FOR.described("How long the condition must hold before the alert fires.", default([alert.for_ for alert in alerts])),
        "keep_firing_for": _KEEP.described(
            "How long the alert goes on firing after its condition has ended.", default([alert.keep_firing_for or "0s" for alert in alerts])
        ),
        "severity": _SEVERITY.described("`critical` pages, `warning` is a ticket, `info` is advice.", default(severities)),
        "labels": labels.described("More labels for this alert."),
        "annotations": _ANNOTATIONS.described("More annotations, or others in place of the shipped ones."),
    }
    which = f" ({', '.join(dict.fromkeys(severities))})"
    return Table(fields, " ".join(dict.fromkeys(alert.summary for alert in alerts)) + ("" if "/" in key else which))


def settings_of(values: Any) -> Settings:
    """Return what the values of a tree mean; those that could not be read are as if they were not there."""
    values = {} if values is ABSENT else values
    plain = ("selector", "label_names", "labels", "runbook_url", "dashboard_url", "receivers")
    direct = {name: values[name] for name in plain if name in values}
    if "scraper_labels" in values:
        direct["scraper_labels"] = tuple(each for each in values["scraper_labels"] if each is not ABSENT)
    return Settings(**direct, detections={slug: _detection_change(each) for slug, each in values.get("detections", {}).items()})


def _detection_change(values: Mapping[str, Any]) -> DetectionChange:
    numbers: dict[str, float] = {}
    scoped: dict[str, tuple[ScopedValue, ...]] = {}
    for name, value in values.get("thresholds", {}).items():
        if not isinstance(value, dict):
            numbers[name] = value
            continue
        if "default" in value:
            numbers[name] = value["default"]
        complete = [each for each in value.get("exceptions", ()) if each is not ABSENT and len(each) == 2]
        if complete:
            scoped[name] = tuple(ScopedValue(each["match"], each["value"]) for each in complete)
    alerts = {name: _alert_change(value) for name, value in values.get("alerts", {}).items()}
    return DetectionChange(values.get("disabled", False), numbers, scoped, alerts)


def _alert_change(values: Mapping[str, Any]) -> AlertChange:
    return AlertChange(**{{"for": "for_"}.get(name, name): value for name, value in values.items()})
