"""Mistakes that only several values together make: names that clash, exceptions that can never apply, alerts that become the same alert."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from serving_exporter.catalogue import ALL
from serving_rules.model import Alert, Detection
from serving_rules.overrides.document import KeyPath, Report
from serving_rules.overrides.knobs import OWN, SINGLE
from serving_rules.promql import SCRAPER
from serving_rules.settings import CANONICAL, AlertChange, ScopedValue, Settings

__all__ = ["check"]

_OPERATORS = ("and", "or", "unless", "by", "without", "on", "ignoring", "group_left", "group_right", "bool", "offset", "atan2")
_WORDS = frozenset((*_OPERATORS, "sum", "min", "max", "avg", "count", "start", "end", "inf", "nan"))
"""Words of PromQL, which not every parser accepts as a label's name."""


def check(settings: Settings, detections: Sequence[Detection], report: Report) -> None:
    """Report what is wrong with settings whose single values are right."""
    _renamed(settings, detections, report)
    _scrapers(settings, report)
    for where, labels in _static_labels(settings):
        for name in labels:
            if name in settings.label_names.values():
                report((*where, name), "a name that label_names gives to another label", "a name of its own")
    for detection in detections:
        change = settings.detection(detection.slug)
        place: KeyPath = ("detections", detection.slug)
        for threshold, scoped in change.scoped.items():
            _reachable(scoped, (*place, "thresholds", threshold, "exceptions"), report)
        _distinct(settings, detection, (*place, "alerts"), report)


def _renamed(settings: Settings, detections: Sequence[Detection], report: Report) -> None:
    used = {*CANONICAL, *OWN, *SINGLE, *SCRAPER, *settings.scraper_labels, "le", "alertstate"}
    used |= {label for metric in ALL.values() for label in metric.labels}
    used |= {label for detection in detections for alert in detection.alerts for label in (*alert.labels, *alert.extra_labels)}
    seen: dict[str, str] = {}
    for name, new in settings.label_names.items():
        place = ("label_names", name)
        if new == name:
            continue
        if new in used:
            report(place, f"{new!r}, which is another label already", "a name that no series and no alert has")
        elif new in _WORDS:
            report(place, f"{new!r}, a word of PromQL", "a name that is none")
        elif new in seen:
            report(place, f"{new!r} again", f"a name that {seen[new]} does not have")
        seen.setdefault(new, name)


def _scrapers(settings: Settings, report: Report) -> None:
    for index, name in enumerate(settings.scraper_labels):
        if (name in CANONICAL and name not in settings.label_names) or name in settings.label_names.values():
            report(("scraper_labels", index), repr(name), "a label in which scrapers differ, not one that tells objects apart")


def _static_labels(settings: Settings) -> Iterator[tuple[KeyPath, Sequence[str]]]:
    yield ("labels",), tuple(settings.labels)
    for slug, change in settings.detections.items():
        for name, alert in change.alerts.items():
            yield ("detections", slug, "alerts", name, "labels"), tuple(alert.labels)


def _reachable(scoped: Sequence[ScopedValue], place: KeyPath, report: Report) -> None:
    """Report exceptions that can never apply: an earlier one asks for no more than they do."""
    earlier: dict[frozenset[tuple[str, str]], int] = {}
    sizes: set[int] = set()
    for index, each in enumerate(scoped):
        asked = frozenset(each.match.items())
        first = earlier.get(asked)
        if first is None and any(size < len(asked) for size in sizes):
            first = next((position for other, position in earlier.items() if other < asked), None)
        if first is not None:
            report(
                (*place, index),
                "an exception that can never apply",
                f"one that exceptions[{first}] does not cover, or its place before that one",
            )
        earlier.setdefault(asked, index)
        sizes.add(len(asked))


def _distinct(settings: Settings, detection: Detection, place: KeyPath, report: Report) -> None:
    """Two alerts with one name and the same labels would take turns in Alertmanager."""
    seen: dict[tuple[str, ...], Alert] = {}
    change = settings.detection(detection.slug)
    for alert in detection.alerts:
        changed = settings.alert(detection.slug, alert.name, alert.severity)
        if change.disabled or changed.disabled:
            continue
        severity = changed.severity or str(alert.severity)
        labels = {**alert.labels, **changed.labels}
        identity = (alert.name, severity, *(f"{name}={labels[name]}" for name in sorted(labels)))
        other = seen.setdefault(identity, alert)
        if other is not alert:
            key = next(
                (
                    key
                    for key in (f"{alert.name}/{alert.severity}", f"{alert.name}/{other.severity}")
                    if change.alerts.get(key, AlertChange()).severity
                ),
                alert.name,
            )
            allowed = f"one that the alert's other rule ({alert.name}/{other.severity}) does not have, or `disabled: true` for one of them"
            report((*place, key, "severity"), f"{severity!r} for two rules of {alert.name}", allowed)
