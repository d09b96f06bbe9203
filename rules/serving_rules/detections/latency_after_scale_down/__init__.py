"""C2: requests slow down after replicas were removed.

``records`` says when and how often, ``records_examples`` proves it, ``runbook`` has the page.
"""

from __future__ import annotations

from serving_rules.detections.latency_after_scale_down.names import ADVICE, COST, DELAY, EPISODES, FLOOR
from serving_rules.detections.latency_after_scale_down.records import RECORDS
from serving_rules.detections.latency_after_scale_down.runbook import RUNBOOK
from serving_rules.guards import ELASTIC, NOT_DEVELOPMENT
from serving_rules.limits import LONGEST_DELAY_SECONDS
from serving_rules.model import Alert, Case, Detection, Guard, Kind, Outcome, Proof, Severity, Threshold
from serving_rules.promql import name_of, value_of

__all__ = ["DETECTION"]

_NOT_CHANGED = Guard(
    "NOT_CHANGED",
    f"unless (({DELAY} >= {ADVICE}) < {LONGEST_DELAY_SECONDS})",
    "The delay in force would have outlasted what was seen: it was raised since, and the count is about the past.",
)

_DESCRIPTION = (
    name_of
    + """ slowed down {{ $value | printf "%.0f" }} times in 6 hours right after replicas were removed: the 95th percentile """
    + "of the response time rose above $latency_factor times its median. scale_down_delay is "
    + value_of(DELAY)
    + " s"
    + value_of(
        FLOOR,
        before=", the longest there is; set min_replica to ",
        after=".",
        otherwise="; set it to " + value_of("serving:scale_down_delay_seconds:recommended") + " s.",
    )
    + value_of(
        "serving:max_scale_down_ratio:recommended",
        form="humanizePercentage",
        before=" Single steps took more than 30 % of the replicas: set max_scale_down_rate to ",
        after=".",
        otherwise="",
    )
    + value_of(COST, form='printf "%.2f"', before=" Added cost: at most $", after=" a day.", otherwise="")
)

_TEXT = (
    "chat (production), deployment d-one slowed down 5 times in 6 hours right after replicas were removed: the 95th percentile of the "
    "response time rose above 1.5 times its median. scale_down_delay is 300 s; set it to 1140 s."
)

_BASE = {
    EPISODES: 5,
    ADVICE: 1140,
    DELAY: 300,
    "serving:scale_down_delay_seconds:recommended": 1140,
    COST: 4.2,
    "serving:min_replicas:current": 1,
    "serving:max_replicas:current": 12,
    "serving:active_replicas:min2h": 4,
}

DETECTION = Detection(
    id="C2",
    slug="latency_after_scale_down",
    title="Latency after scale-down: requests slow down when replicas are removed",
    catches="Removals of replicas that the load still needed: it came back within minutes and met too few slots.",
    origins=("D1", "T1"),
    thresholds=(
        Threshold(
            "episodes",
            5,
            "Episodes in 6 hours. Where each replica takes a request or two, chance alone makes three or four of ordinary traffic; five "
            "are a habit. A single one is visible on the dashboard.",
            minimum=1,
            maximum=36,
        ),
        Threshold(
            "latency_factor",
            1.5,
            "How many times its own median of six hours the 95th percentile must reach: drift against the deployment's own past, since "
            "no absolute number fits every model. Batching engines wander by a fifth; lower finds that, higher misses slow-downs that "
            "users feel.",
            minimum=1.01,
            maximum=100,
        ),
        Threshold(
            "requests_per_minute",
            1,
            "Synchronous requests a minute from which a percentile means anything.",
            minimum=0.01,
            maximum=10_000,
        ),
    ),
    records=RECORDS,
    alerts=(
        Alert(
            "ServingLatencyAfterScaleDown",
            Severity.WARNING,
            Kind.SYMPTOM,
            f"""
            ({EPISODES} >= $episodes)
            {_NOT_CHANGED}
            {ELASTIC}
            {NOT_DEVELOPMENT}
            unless (serving:active_replicas:min2h == 0)
            """,
            for_="2m",
            keep_firing_for="15m",
            summary="Requests slow down right after replicas are removed.",
            description=_DESCRIPTION,
            proof=Proof(
                base=_BASE,
                quiet={EPISODES: 2},
                description=_TEXT + " Added cost: at most $4.20 a day.",
                cases=(
                    Case("four episodes", Outcome.UNDER, {EPISODES: 4}),
                    Case("exactly five", Outcome.AT, {EPISODES: 5}, fires=True),
                    Case("the delay was raised since", Outcome.GUARD, {DELAY: 1140}),
                    Case("it was raised a lot", Outcome.GUARD, {DELAY: 2400}),
                    Case("it was raised, not enough", Outcome.GUARD, {DELAY: 1139}, fires=True),
                    Case(
                        "the delay cannot be raised",
                        Outcome.GUARD,
                        {DELAY: 3600, ADVICE: 3600, FLOOR: 5, "serving:max_scale_down_ratio:recommended": 0.2, COST: None},
                        fires=True,
                        description=_TEXT.replace("is 300 s; set it to 1140 s.", "is 3600 s, the longest there is; set min_replica to 5.")
                        + " Single steps took more than 30 % of the replicas: set max_scale_down_rate to 20%.",
                    ),
                    Case("a pinned deployment cannot scale", Outcome.GUARD, {"serving:max_replicas:current": 1}),
                    Case("a development deployment", Outcome.GUARD, {"serving:development:flag": 1}),
                    Case("between zero and one it is scale-to-zero churn", Outcome.ZERO, {"serving:active_replicas:min2h": 0}),
                    Case(
                        "bounds not known",
                        Outcome.ABSENT,
                        {"serving:min_replicas:current": None, "serving:max_replicas:current": None},
                        fires=True,
                    ),
                ),
            ),
        ),
    ),
    runbooks={"ServingLatencyAfterScaleDown": RUNBOOK},
    fires_on=("early-scale-down",),
    silent_on=(
        "diurnal",
        "hourly-bursts",
        "pinned",
        "nightly-drain",
        "one-restart",
        "crash-loop",
        "promotion",
        "schedule-switch",
        "low-traffic-one-error",
        "plain-feed",
    ),
)
