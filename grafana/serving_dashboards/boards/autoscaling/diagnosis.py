"""The platform's diagnosis table, each line with the panel that proves or refutes it."""

from __future__ import annotations

from collections.abc import Iterator

from serving_dashboards.links import panel_id
from serving_dashboards.panels import Text
from serving_rules.detections import DETECTIONS
from serving_rules.diagnosis import ROWS, Row
from serving_rules.markdown import cell, table
from serving_rules.model import Dashboard
from serving_rules.reference import answers

__all__ = ["DIAGNOSIS"]

_PANELS = {
    "D1": "Latency and steps",
    "D2": "Load against the ceiling",
    "D3": "Cold-start gap",
    "D4": "Slow with free slots",
    "D5": "Cycle against the scale-down delay",
    "M1": "Asynchronous queue and time to drain",
    "M2": "Hardware in use",
    "M3": "Pods that are not ready",
    "M4": "Restarts",
    "T1": "Latency and steps",
    "T2": "Reversals",
    "T3": "Where starting replicas are",
    "T4": "Wakes from zero",
    "T5": "Asynchronous queue and time to drain",
    "T6": "How well replicas follow the load",
    "T7": "Cold-start time by phase",
    "T8": "Settings in force and recommended",
    "T9": "Settings in force and recommended",
    "T10": "Load of a replica",
    "T11": "Answers by code",
    "E1": "Load of a replica",
    "E2": "Cold-start gap",
    "E3": "Avoidable wakes",
    "A2": "Replicas within their bounds",
    "A3": "Replicas within their bounds",
}
"""Row of the table to the title of a panel of this dashboard."""
_KEPT = "&".join(f"${{{name}:queryparam}}" for name in ("datasource", "workspace", "model", "environment", "deployment"))


def _link(title: str) -> str:
    uid = Dashboard.AUTOSCALING
    return f"[{title}](/d/{uid}?${{__url_time_range}}&{_KEPT}&viewPanel={panel_id(uid, title)})"


def _alerts(row: Row) -> str:
    return ", ".join(dict.fromkeys(alert.name for each in answers(row, DETECTIONS) for alert in each.alerts))


def _lines() -> Iterator[tuple[str, ...]]:
    for row in ROWS:
        yield (row.id, cell(row.seen), cell(row.cause), _alerts(row) or cell(row.instead), _link(_PANELS[row.id]))


DIAGNOSIS = Text(
    title="Diagnosis",
    description="One line for each row of the platform's own diagnosis tables (D and M: metrics, T: troubleshooting) and of published "
    "evaluations (E, A): what is seen, why, which alert says so, and the panel that proves or refutes it for what is selected.",
    content="\n".join(table(("", "What you see", "Cause", "Alerts", "Proof"), _lines())) + "\n",
    height=14,
)
