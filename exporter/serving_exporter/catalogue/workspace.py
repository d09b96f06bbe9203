"""The workspace as a whole: audit log and bill."""

from __future__ import annotations

from serving_exporter.catalogue.label_values import USAGE_KINDS
from serving_exporter.catalogue.metric import MetricSet, Scope

__all__ = [
    "AUDIT_EVENTS_TOTAL",
    "USAGE_DOLLARS",
]

METRICS = MetricSet(kind=USAGE_KINDS)

_WORKSPACE = Scope.WORKSPACE

AUDIT_EVENTS_TOTAL = METRICS.counter(
    "baseten_audit_events_total", _WORKSPACE, "events",
    "Audit log entries by type; model and deployment are empty where the entry names none.",
    "event_type", "model_id", "deployment_id",
)  # fmt: skip
USAGE_DOLLARS = METRICS.gauge(
    "baseten_usage_dollars", _WORKSPACE, "billing",
    "Billed usage in US dollars by kind (dedicated, training, model_apis) and UTC day, from the usage summary.",
    "kind", "date",
)  # fmt: skip
