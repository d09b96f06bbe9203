"""C1: replicas flap."""

from __future__ import annotations

from serving_rules.detections.thrash import cases
from serving_rules.detections.thrash.names import CYCLE, DELAY, REVERSALS
from serving_rules.detections.thrash.records import RECORDS, SLOWER_THAN_DELAY
from serving_rules.detections.thrash.runbook import RUNBOOK
from serving_rules.guards import ELASTIC, NOT_DEVELOPMENT, NOT_ROLLOUT, NOT_TOKENS, NOT_WEBSOCKET, QUIET_RESTARTS, SETTLED
from serving_rules.model import Alert, Detection, Inhibition, Kind, Severity, Threshold
from serving_rules.promql import DEPLOYMENT, name_of, value_of

__all__ = ["DETECTION"]

_CONDITION = f"""
({REVERSALS} >= $reversals)
{SLOWER_THAN_DELAY}
{ELASTIC}
{NOT_ROLLOUT}
{QUIET_RESTARTS}
{SETTLED}
{NOT_WEBSOCKET}
{NOT_DEVELOPMENT}
{NOT_TOKENS}
unless (serving:active_replicas:min2h == 0)
"""

# A swing below two replicas, or below a fifth of the fleet, is the documented 8 <-> 9: untidy, hardly felt, unless latency says otherwise.
_FELT = """
(
  (serving:active_replicas:swing2h >= clamp_min($swing_ratio * serving:active_replicas:avg2h, 2))
  or
  (serving:latency_after_scale_down_episodes:count6h > 0)
)
"""

_DESCRIPTION = (
    name_of
    + """ changed direction {{ $value | printf "%.0f" }} times in 2 hours, a cycle of about """
    + value_of(CYCLE, form="humanizeDuration")
    + ". scale_down_delay is "
    + value_of(DELAY, after=" s", otherwise="not known")
    + "; set it to "
    + value_of("serving:scale_down_delay_seconds:recommended")
    + " s."
    + value_of(
        "serving:thrash_fix_dollars_per_day:cost", form='printf "%.2f"', before=" Added cost: at most $", after=" a day.", otherwise=""
    )
)

DETECTION = Detection(
    id="C1",
    slug="thrash",
    title="Thrash: replicas go up and down again and again",
    catches="Replicas removed and started again in short cycles: each removal throws away a warm replica, each start makes users wait.",
    origins=("D1", "T2", "E3"),
    thresholds=(
        Threshold(
            "reversals",
            14,
            "With the platform's default delay of 900 s no traffic pattern tried reached 14 reversals in 2 hours (most: 12); with 120 s "
            "or less nearly all do. 14 is a cycle of 17 minutes. Lower finds slower cycles and, below 12, healthy bursts.",
            minimum=2,
            maximum=60,
        ),
        Threshold(
            "swing_ratio",
            0.2,
            "A swing of a fifth of the fleet (at least two replicas) is what users feel; steady traffic at a boundary swings by one. "
            "Only severity depends on it.",
            minimum=0,
            maximum=1,
            unit="ratio",
        ),
    ),
    records=RECORDS,
    alerts=(
        Alert(
            "ServingThrash",
            Severity.WARNING,
            Kind.CAUSE,
            f"{_CONDITION}and {_FELT.strip()}",
            for_="10m",
            keep_firing_for="30m",
            summary="Replicas flap: the scale-down delay is shorter than the traffic's cycle.",
            description=_DESCRIPTION,
            proof=cases.WARNING,
        ),
        Alert(
            "ServingThrash",
            Severity.INFO,
            Kind.CAUSE,
            f"{_CONDITION}unless {_FELT.strip()}",
            for_="10m",
            keep_firing_for="30m",
            summary="Replicas flap by a small step: the load rests on a scaling boundary.",
            description=_DESCRIPTION,
            proof=cases.INFO,
        ),
    ),
    inhibitions=(
        Inhibition(
            "ServingThrash",
            ("ServingLatencyAfterScaleDown",),
            DEPLOYMENT,
            "Latency after a scale-down is what thrash feels like; one ticket is enough.",
        ),
    ),
    runbooks={"ServingThrash": RUNBOOK},
    fires_on=("boundary-noise", "short-bursts", "plain-feed"),
    silent_on=(
        "diurnal",
        "hourly-bursts",
        "pinned",
        "nightly-drain",
        "single-scale-up",
        "one-restart",
        "crash-loop",
        "promotion",
        "label-change",
        "scrape-outage",
        "schedule-switch",
        "websocket",
        "development",
    ),
)
