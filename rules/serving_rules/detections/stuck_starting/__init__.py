"""C6: replicas have been starting for far too long, and none gets through."""

from __future__ import annotations

from serving_rules.detections.stuck_starting import cases
from serving_rules.detections.stuck_starting.records import RECORDS
from serving_rules.detections.stuck_starting.runbook import RUNBOOK
from serving_rules.guards import NOT_DEVELOPMENT
from serving_rules.model import Alert, Detection, Inhibition, Kind, Severity, Threshold
from serving_rules.promql import DEPLOYMENT, name_of, names, text_by, value_of

__all__ = ["DETECTION"]

# Neither promotions nor settled bounds hold it back: a candidate that cannot start, or a floor raised by a schedule for which there is no
# hardware, is what it is for, and no healthy start takes that long.
_STUCK = f"""
(serving:starting_seconds:stalled >= serving:stuck_starting_seconds:limit)
{NOT_DEVELOPMENT}
"""

_FELT = "((serving:active_replicas:max == 0) or (serving:waiting_requests:avg5m > 0))"

_CAUSES = {
    "no hardware": "They wait for hardware: move to another instance type or region, or ask support; the wait itself is not billed.",
    "slow load": "They have hardware and are still loading: look at the phase, and keep startup_threshold_seconds at "
    + value_of("serving:startup_threshold_seconds:for_stuck_starting", otherwise="twice the longest start")
    + " or more (at most 3000).",
    "crash on load": "They crash while loading: read the log of load() on the newest replica, or promote the previous deployment; "
    "each attempt is billed.",
}

_DESCRIPTION = (
    name_of
    + " has had replicas starting for {{ $value | humanizeDuration }} without one becoming active; the limit is "
    + value_of("serving:stuck_starting_seconds:limit", form="humanizeDuration")
    + ". Starting: "
    + value_of("serving:starting_replicas:max")
    + ", active: "
    + value_of("serving:active_replicas:max")
    + ", requests in flight: "
    + value_of("serving:inflight_requests:avg5m")
    + ". "
    + text_by(
        "serving:stuck_starting_cause:current",
        "cause",
        _CAUSES,
        otherwise="Nothing tells no hardware from a slow load or a crash: read the deployment's log; without any line in it there is no "
        "hardware.",
    )
)


def _alert(severity: Severity, condition: str, summary: str) -> Alert:
    return Alert(
        "ServingReplicasStuckStarting",
        severity,
        Kind.CAUSE,
        f"{_STUCK} {condition} {_FELT}",
        for_="1m",
        keep_firing_for="25m",  # longer than the gap that it silences, which is kept for 15 and ends later
        summary=summary,
        description=_DESCRIPTION,
        proof=cases.PROOFS[severity],
    )


_NOT_YET = (
    "A replica that does not get through is why requests wait and others are missing: one alert is enough, and this one knows the cause."
)

DETECTION = Detection(
    id="C6",
    slug="stuck_starting",
    title="Stuck starting: replicas start and never become active",
    catches="Replicas that have been on their way for far longer than a start takes: no hardware, a load that never ends, or a crash on "
    "load.",
    origins=("T3",),
    thresholds=(
        Threshold(
            "stuck_seconds",
            1200,
            "Above every ordinary start, below the platform's own limit for one (1800 s). Deployments with slower starts get two of "
            "them, at most an hour. Shorter finds missing hardware earlier, and calls large models stuck.",
            minimum=300,
            maximum=3600,
            unit="seconds",
        ),
        Threshold(
            "hardware_seconds",
            300,
            "A start that finds no hardware for five minutes, where one usually takes less than half of that, is no slow start. It needs "
            "the start-ups API, and two usual starts make it longer, up to stuck_seconds. Raise it where nodes are added on demand.",
            minimum=120,
            maximum=3600,
            unit="seconds",
        ),
        Threshold(
            "failed_starts",
            3,
            "Three failed starts in an hour and none that succeeded are a verdict: then five minutes are enough. One failure is "
            "ordinary, two may share an accident. Needs the start-ups API.",
            minimum=1,
            maximum=100,
            unit="start-ups",
            matching=f"on ({names(DEPLOYMENT)}) group_left ()",
        ),
    ),
    records=RECORDS,
    alerts=(
        _alert(Severity.CRITICAL, "and", "Replicas never finish starting, and requests have nowhere to go."),
        _alert(Severity.WARNING, "unless", "Replicas never finish starting; those that serve suffice for now."),
    ),
    inhibitions=(
        Inhibition(
            "ServingReplicasStuckStarting",
            ("ServingColdStartGap", "ServingBelowMinReplicas", "ServingDeploymentStuck"),
            DEPLOYMENT,
            _NOT_YET,
            {"severity": "critical"},
        ),
        Inhibition(
            "ServingReplicasStuckStarting",
            ("ServingColdStartGap", "ServingBelowMinReplicas", "ServingDeploymentStuck"),
            DEPLOYMENT,
            _NOT_YET + " A ticket does not silence a page.",
            {"severity": "warning"},
            {"severity": "warning"},
        ),
    ),
    runbooks={"ServingReplicasStuckStarting": RUNBOOK},
    fires_on=("slow-starts", "no-hardware", "no-hardware-for-more", "crash-on-load"),
    silent_on=(
        "diurnal",
        "hourly-bursts",
        "single-scale-up",
        "promotion",
        "first-deployment",
        "settings-edit",
        "schedule-switch",
        "development",
        "scrape-outage",
        "sequential-starts",
    ),
)
