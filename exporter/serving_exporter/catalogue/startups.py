"""Start-ups of replicas."""

from __future__ import annotations

from serving_exporter.catalogue.label_values import STARTUP_OUTCOMES, STARTUP_PHASES, UNKNOWN_PHASE, WHOLE_STARTUP
from serving_exporter.catalogue.metric import MetricSet, Scope

__all__ = [
    "REPLICAS_STARTING_IN_PHASE",
    "STARTUPS_TOTAL",
    "STARTUP_P50",
    "STARTUP_P90",
    "STARTUP_SECONDS",
]

METRICS = MetricSet(outcome=STARTUP_OUTCOMES, phase=(WHOLE_STARTUP, *STARTUP_PHASES))

_DEPLOYMENT = Scope.DEPLOYMENT

# A start takes seconds (a warm node) to half an hour (no hardware); the middle of the range is where advice about min_replica turns.
_STARTUP_BUCKETS = (
    1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 240.0, 300.0, 420.0, 600.0, 900.0, 1200.0, 1800.0, 3600.0,
)  # fmt: skip

STARTUPS_TOTAL = METRICS.counter(
    "baseten_replica_startups_total", _DEPLOYMENT, "startups",
    "Finished replica start-ups by outcome, counted from the start-ups API.",
    "outcome",
)  # fmt: skip
STARTUP_SECONDS = METRICS.histogram(
    "baseten_replica_startup_seconds", _DEPLOYMENT, "startups",
    "Duration of finished start-ups: phase total for successful attempts as a whole, then each completed phase.",
    "phase",
    buckets=_STARTUP_BUCKETS,
)  # fmt: skip
REPLICAS_STARTING_IN_PHASE = METRICS.gauge(
    "baseten_replicas_starting_in_phase", _DEPLOYMENT, "startups",
    "Replicas whose start-up is still open, by the phase they are in.",
    "phase",
    phase=(*STARTUP_PHASES, UNKNOWN_PHASE),
)  # fmt: skip
STARTUP_P50 = METRICS.gauge(
    "baseten_replica_startup_p50_seconds", _DEPLOYMENT, "startups",
    "Median start-up over the last day by phase, from the start-ups summary, refreshed hourly; known at once after a restart.",
    "phase",
)  # fmt: skip
STARTUP_P90 = METRICS.gauge(
    "baseten_replica_startup_p90_seconds", _DEPLOYMENT, "startups",
    "Start-up that nine in ten did not exceed over the last day, by phase, from the start-ups summary, refreshed hourly.",
    "phase",
)  # fmt: skip
