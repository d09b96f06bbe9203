"""What users may change without forking the pack. ``serving_rules.overrides`` reads it from a file; this is the meaning.

Defaults stand here and in the detections; an empty file changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from serving_rules.promql import REPLICA

__all__ = ["CANONICAL", "RECEIVERS", "TARGETS", "AlertChange", "DetectionChange", "ScopedValue", "Settings", "Target"]

CANONICAL = (*REPLICA, "environment", "model_name", "deployment_name", "instance_type")
"""The labels that identify and describe an object: those that can be renamed."""

RECEIVERS: Mapping[str, str] = {
    "pager": "Who is woken up: alerts with severity `critical`.",
    "tickets": "Who looks within the day: `warning`, and whatever no other route takes.",
    "digest": "Who reads advice: `info`, gathered over hours.",
}
"""The receivers of the routing tree, and for whom each is."""

Target = Literal["prometheus-2.42", "prometheus-3"]
"""The oldest server that must accept the files."""

TARGETS: tuple[Target, ...] = get_args(Target)


@dataclass(frozen=True, slots=True)
class ScopedValue:
    """A threshold for some objects only: canonical labels and exact values, all of which must hold. The first that matches wins."""

    match: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class AlertChange:
    """Changes to one alert (name and severity): None leaves the default."""

    for_: str | None = None
    keep_firing_for: str | None = None
    severity: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    disabled: bool = False

    def then(self, other: AlertChange) -> AlertChange:
        """Both changes; where they disagree the other one holds."""
        return AlertChange(
            self.for_ if other.for_ is None else other.for_,
            self.keep_firing_for if other.keep_firing_for is None else other.keep_firing_for,
            self.severity if other.severity is None else other.severity,
            {**self.labels, **other.labels},
            {**self.annotations, **other.annotations},
            self.disabled or other.disabled,
        )


@dataclass(frozen=True, slots=True)
class DetectionChange:
    """Changes to one detection. ``alerts`` is keyed by alert name, or by ``Name/severity`` where a name has several severities."""

    disabled: bool = False
    thresholds: Mapping[str, float] = field(default_factory=dict)
    scoped: Mapping[str, tuple[ScopedValue, ...]] = field(default_factory=dict)
    alerts: Mapping[str, AlertChange] = field(default_factory=dict)


_NO_DETECTION_CHANGE = DetectionChange()
_NO_ALERT_CHANGE = AlertChange()


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that users may change.

    ``selector`` is put into every selector of the platform's and the exporter's series (``job="serving"``). ``label_names`` renames
    canonical labels (``model_id`` to ``model``) on every surface. ``scraper_labels`` are those in which two scrapers of one page differ.
    ``runbook_url`` and ``dashboard_url`` are the bases of links. ``labels`` are put on every alert. ``receivers`` says how each of
    ``RECEIVERS`` is reached, in Alertmanager's words.
    """

    selector: str = ""
    label_names: Mapping[str, str] = field(default_factory=dict)
    scraper_labels: tuple[str, ...] = ("job", "instance")
    runbook_url: str = "rules/runbooks"
    dashboard_url: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    receivers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    detections: Mapping[str, DetectionChange] = field(default_factory=dict)
    target: Target = "prometheus-2.42"

    def detection(self, slug: str) -> DetectionChange:
        """Return the changes to one detection."""
        return self.detections.get(slug, _NO_DETECTION_CHANGE)

    def alert(self, slug: str, name: str, severity: str) -> AlertChange:
        """Return the changes to one alert: those to its name, then those to its name and severity."""
        alerts = self.detection(slug).alerts
        return alerts.get(name, _NO_ALERT_CHANGE).then(alerts.get(f"{name}/{severity}", _NO_ALERT_CHANGE))
