"""C5: requests wait because new replicas take long to start."""

from __future__ import annotations

from serving_rules.detections.cold_start_gap import cases
from serving_rules.detections.cold_start_gap.records import RECORDS
from serving_rules.detections.cold_start_gap.runbook import RUNBOOK
from serving_rules.guards import NOT_DEVELOPMENT, NOT_ROLLOUT, NOT_WITHOUT_HARDWARE
from serving_rules.model import Alert, Detection, Kind, Severity, Threshold
from serving_rules.promql import label_of, name_of, value_of

__all__ = ["DETECTION"]

_GAP = f"""
(serving:cold_start_gap_seconds:now >= serving:cold_start_gap_seconds:limit)
{NOT_ROLLOUT} {NOT_DEVELOPMENT} {NOT_WITHOUT_HARDWARE}
"""
_HEAVY = "(serving:inflight_requests:avg5m > $heavy_load * serving:slots:current)"

_SLOWEST = "serving:startup_slowest_phase_seconds:p90"
_DESCRIPTION = (
    name_of
    + " has had more requests than slots for {{ $value | humanizeDuration }}, while "
    + value_of("serving:starting_replicas:max")
    + " replicas start beside "
    + value_of("serving:active_replicas:max")
    + " active ones: "
    + value_of("serving:inflight_requests:avg5m")
    + " requests in flight for "
    + value_of("serving:slots:current")
    + " slots. A start takes "
    + value_of("serving:startup_seconds:typical", form="humanizeDuration", otherwise="an unknown time")
    + label_of(
        _SLOWEST,
        "phase",
        before=", most of it in ",
        after=value_of(_SLOWEST, form="humanizeDuration", before=" (", after=")"),
        otherwise="",
    )
    + ". min_replica is "
    + value_of("serving:min_replicas:current")
    + "; set it to "
    + value_of("serving:min_replicas:for_cold_start_gap")
    + value_of(
        "serving:cold_start_gap_dollars_per_day:cost", form='printf "%.2f"', before=" (at most $", after=" a day more)", otherwise=""
    )
    + "."
)


def _alert(severity: Severity, condition: str, summary: str) -> Alert:
    return Alert(
        "ServingColdStartGap",
        severity,
        Kind.SYMPTOM,
        f"{_GAP} {condition} {_HEAVY}",
        for_="1m",
        keep_firing_for="15m",
        summary=summary,
        description=_DESCRIPTION,
        proof=cases.PROOFS[severity],
    )


DETECTION = Detection(
    id="C5",
    slug="cold_start_gap",
    title="Cold-start gap: the load grows faster than replicas start",
    catches="Requests that wait at the router of a serving deployment while new replicas are on their way: starts are too slow for the "
    "load, or there is too little warm capacity to bridge them.",
    origins=("D3", "T3", "T7"),
    thresholds=(
        Threshold(
            "gap_seconds",
            240,
            "With a minute of `for`, five minutes of waiting: beyond an ordinary start of two to four minutes and the lag of the feed. "
            "It is a limit on what users bear, so slow starts do not stretch it: they are the incident.",
            minimum=60,
            maximum=3600,
            unit="seconds",
        ),
        Threshold(
            "gap_starts",
            2,
            "Where starts are quick, two of them are long: after the first, the queue should have gone. Once it is shorter than "
            "gap_seconds (and not below three minutes, which the feed could not tell from chance), this is the limit.",
            minimum=1,
            maximum=20,
            unit="start-ups",
        ),
        Threshold(
            "heavy_load",
            5,
            "Five requests for every slot: what starts now will not clear the queue soon, and clients time out. It makes the difference "
            "between a ticket and a page.",
            minimum=1,
            maximum=100,
            unit="ratio",
        ),
    ),
    records=RECORDS,
    alerts=(
        _alert(Severity.CRITICAL, "and", "Requests pile up far beyond the slots while replicas start too slowly."),
        _alert(Severity.WARNING, "unless", "Requests wait while replicas start: the load grows faster than capacity."),
    ),
    runbooks={"ServingColdStartGap": RUNBOOK},
    fires_on=("slow-starts",),
    silent_on=(
        "diurnal",
        "hourly-bursts",
        "single-scale-up",
        "promotion",
        "development",
        "scrape-outage",
        "async-only",
        "token-saturated",
        "plain-feed",
    ),
)
