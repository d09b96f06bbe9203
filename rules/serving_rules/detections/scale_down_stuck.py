"""C14: replicas that should have gone and have not."""

from __future__ import annotations

from serving_rules.guards import NOT_DEVELOPMENT, NOT_ROLLOUT, NOT_TOKENS
from serving_rules.model import (
    Alert,
    Case,
    Cause,
    Dashboard,
    Detection,
    Example,
    Kind,
    Outcome,
    Proof,
    Query,
    Record,
    Runbook,
    Severity,
    Threshold,
)
from serving_rules.promql import name_of, value_of

__all__ = ["DETECTION"]

# At 900 s of delay and 60 s of window: 2 * 900 + 60 + 600 = 2460.
_BASE = {
    "serving:active_replicas:max": 3,
    "serving:min_replicas:current": 1,
    "serving:idle_seconds:now": 2461,
    "serving:unchanged_seconds:now": 2461,
    "serving:above_floor_seconds:now": 2461,
    "serving:scale_down_delay_seconds:current": 900,
    "serving:autoscaling_window_seconds:current": 60,
    "serving:scale_down_stuck_dollars_per_day:saving": 24,
}

_ALLOWED = "($delays * serving:scale_down_delay_seconds:current + serving:autoscaling_window_seconds:current + $grace_seconds)"

DETECTION = Detection(
    id="C14",
    slug="scale_down_stuck",
    title="Scale-down stuck: no work for long, and no replica leaves",
    catches="Replicas above the floor, no work of any kind for longer than two scale-down delays, and no removal in that time.",
    origins=("T6",),
    thresholds=(
        Threshold(
            "delays",
            2,
            "Scale-down delays within which one removal must have happened. One is what the platform promises; the second covers a "
            "countdown that a last request began anew.",
            minimum=1,
            maximum=20,
        ),
        Threshold(
            "grace_seconds",
            600,
            "Time on top of delays and window: for draining, for the lag of the data, and for the platform's own tick.",
            minimum=0,
            maximum=86_400,
            unit="s",
        ),
    ),
    records=(
        Record(
            "serving:scale_down_stuck_dollars_per_day:saving",
            """
            24 * serving:replica_price_dollars_per_hour:current
            * (serving:active_replicas:max - serving:min_replicas:current > 0)
            and (serving:idle_seconds:now > 0)
            """,
            "List price of the replicas above the floor of a deployment without work, US dollars a day.",
            examples=(
                Example(
                    "two replicas above the floor at half a dollar",
                    {
                        "serving:replica_price_dollars_per_hour:current": 0.5,
                        "serving:active_replicas:max": 3,
                        "serving:min_replicas:current": 1,
                        "serving:idle_seconds:now": 1,
                    },
                    "1m",
                    {"serving:scale_down_stuck_dollars_per_day:saving": 24},
                ),
                Example(
                    "at the floor",
                    {
                        "serving:replica_price_dollars_per_hour:current": 0.5,
                        "serving:active_replicas:max": 3,
                        "serving:min_replicas:current": 3,
                        "serving:idle_seconds:now": 60,
                    },
                    "1m",
                    {},
                ),
                Example(
                    "half a replica above it (a mean of two exporters) counts",
                    {
                        "serving:replica_price_dollars_per_hour:current": 0.5,
                        "serving:active_replicas:max": 1.5,
                        "serving:min_replicas:current": 1,
                        "serving:idle_seconds:now": 60,
                    },
                    "1m",
                    {"serving:scale_down_stuck_dollars_per_day:saving": 6},
                ),
                Example(
                    "it has work",
                    {
                        "serving:replica_price_dollars_per_hour:current": 0.5,
                        "serving:active_replicas:max": 3,
                        "serving:min_replicas:current": 1,
                        "serving:idle_seconds:now": 0,
                    },
                    "1m",
                    {},
                ),
            ),
        ),
    ),
    alerts=(
        Alert(
            "ServingScaleDownStuck",
            Severity.WARNING,
            Kind.CAUSE,
            f"""
            (serving:idle_seconds:now > {_ALLOWED})
            and (serving:unchanged_seconds:now > {_ALLOWED})
            and (serving:above_floor_seconds:now > {_ALLOWED})
            {NOT_ROLLOUT}
            {NOT_TOKENS}
            {NOT_DEVELOPMENT}
            """,
            for_="10m",
            summary="Replicas stay although there has been no work for long.",
            description=name_of
            + " has had no work for {{ $value | humanizeDuration }} and keeps "
            + value_of("serving:active_replicas:max")
            + " replicas; min_replica is "
            + value_of("serving:min_replicas:current")
            + " and scale_down_delay "
            + value_of("serving:scale_down_delay_seconds:current")
            + " s, so one should have left. About $"
            + value_of("serving:scale_down_stuck_dollars_per_day:saving", form='printf "%.2f"')
            + " a day.",
            dashboard=Dashboard.COST,
            proof=Proof(
                base=_BASE,
                quiet={"serving:idle_seconds:now": 0},
                description="chat (production), deployment d-one has had no work for 41m 1s and keeps 3 replicas; min_replica is 1 and "
                "scale_down_delay 900 s, so one should have left. About $24.00 a day.",
                cases=(
                    Case("exactly two delays, the window and the grace", Outcome.UNDER, {"serving:idle_seconds:now": 2460}),
                    Case("a second more", Outcome.AT, {"serving:idle_seconds:now": 2461}, fires=True),
                    Case("a replica left just that long ago", Outcome.UNDER, {"serving:unchanged_seconds:now": 2460}),
                    Case("it left before", Outcome.AT, {"serving:unchanged_seconds:now": 2461}, fires=True),
                    Case("a delay of an hour", Outcome.UNDER, {"serving:scale_down_delay_seconds:current": 3600}),
                    Case("at the floor", Outcome.GUARD, {"serving:above_floor_seconds:now": None}),
                    Case("a schedule lowered the floor just that long ago", Outcome.GUARD, {"serving:above_floor_seconds:now": 2460}),
                    Case("it lowered it before", Outcome.AT, {"serving:above_floor_seconds:now": 2461}, fires=True),
                    Case("a promotion keeps both versions", Outcome.GUARD, {"serving_model:rollout:recent30m": 1}),
                    Case("tokens decay by a half-life of their own", Outcome.GUARD, {"serving:target_inflight_tokens:current": 60_000}),
                    Case("a development deployment", Outcome.GUARD, {"serving:development:flag": 1}),
                    Case(
                        "scaled to zero",
                        Outcome.ZERO,
                        {"serving:above_floor_seconds:now": None, "serving:idle_seconds:now": 90000},
                    ),
                    Case(
                        "without settings nobody knows what to expect",
                        Outcome.ABSENT,
                        {
                            "serving:above_floor_seconds:now": None,
                            "serving:scale_down_delay_seconds:current": None,
                            "serving:autoscaling_window_seconds:current": None,
                        },
                    ),
                    Case("without the delay neither", Outcome.ABSENT, {"serving:scale_down_delay_seconds:current": None}),
                ),
            ),
        ),
    ),
    runbooks={
        "ServingScaleDownStuck": Runbook(
            meaning="There has been no work of any kind (requests in flight or answered, queue, WebSockets, tokens) for longer than two "
            "scale-down delays, the window and ten minutes, and the number of replicas, above the floor all that time, has not changed.",
            impact="Money: every replica above the floor is billed for nothing.",
            confirm=(
                Query("Replicas.", 'serving:active_replicas:max{model_id=~"$model_id"}'),
                Query("Time without work.", 'serving:idle_seconds:now{model_id=~"$model_id"}'),
                Query("Time without a change.", 'serving:unchanged_seconds:now{model_id=~"$model_id"}'),
                Query("Time above the floor.", 'serving:above_floor_seconds:now{model_id=~"$model_id"}'),
            ),
            causes=(
                Cause(
                    "Hidden traffic",
                    "A monitor, a health-check poll or an SSH session of a person; each resets the countdown.",
                    "Find and stop it: the access log of the model names the caller.",
                ),
                Cause(
                    "Settings not yet in force",
                    "They were changed within the last minutes and the change is queued.",
                    "Wait for it, then read the settings again.",
                ),
                Cause("The platform", "None of the above.", "Give the deployment's id and these graphs to its support."),
            ),
            fix="Find what keeps the countdown from ending. As a stopgap lower `max_replica` of the deployment to its floor, then set it "
            "back.",
            lies=(
                "Work that no series shows (an interactive session) is work all the same.",
                "Within ten minutes after a gap in the data the times begin anew: the alert comes late, not early.",
            ),
        ),
    },
    fires_on=("stuck-up",),
    silent_on=("nightly-drain", "websocket", "async-only", "pinned"),
)
