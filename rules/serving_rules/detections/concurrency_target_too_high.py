"""C10: replicas are given more requests at once than they work on well."""

from __future__ import annotations

from serving_rules.detections.concurrency_target_too_high_examples import BOOL, COST, FOR, KNEE, RATIO
from serving_rules.guards import NOT_ASYNC, NOT_ROLLOUT
from serving_rules.model import (
    Alert,
    Case,
    Cause,
    Detection,
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

_BASE = {
    "serving:slow_with_free_slots:ratio1h": 0.45,
    "serving:concurrency_target:current": 64,
    "serving:concurrency_target:recommended": 12,
    "serving:latency_seconds:mean15m": 9.5,
    "serving:latency_seconds:floor1d": 3.25,
    "serving:concurrency_target_too_high_fix_dollars_per_day:cost": 41.5,
}

DETECTION = Detection(
    id="C10",
    slug="concurrency_target_too_high",
    title="Concurrency target too high: replicas slow each other's requests down",
    catches="Latency that doubles while slots are free and replicas could be added: each replica is given more requests at once than "
    "it works on well, so the autoscaler sees no need for another.",
    origins=("D4", "T10"),
    thresholds=(
        Threshold(
            "slowdown",
            2,
            "Mean latency over that of the quietest tenth of the day. Engines that batch lose up to 1.5 to 2 times on a healthy day; above "
            "2 the requests are in each other's way. Lower finds more, and healthy batching with it.",
            minimum=1.2,
            maximum=20,
            unit="times",
        ),
        Threshold(
            "duty",
            0.3,
            "Share of the last hour that was slow in this way. The fleet flaps between one replica and several, so a long `for` would "
            "never mature; a share counts the minutes. Lower fires on shorter peaks.",
            minimum=0.05,
            maximum=0.95,
            unit="ratio",
        ),
        Threshold(
            "mixed_sizes",
            1.5,
            "Mean response size over its median of the day, above which requests are bigger rather than slower and nothing is "
            "concluded. Higher accepts more variety.",
            minimum=1.1,
            maximum=100,
            unit="times",
        ),
        Threshold(
            "history_hours",
            6,
            "Hours of the last day with traffic that the floor must rest on. With fewer there may have been no quiet hour, and the "
            "floor is not one.",
            minimum=0.25,
            maximum=23,
            unit="h",
        ),
    ),
    records=(
        Record(
            "serving:slow_with_free_slots:bool",
            # In turn: slow against its own quiet hours; not at the ceiling; nobody waits at the router; several requests share a replica;
            # more of them than usual, or it is something else that is slow; and no replica of the last quarter of an hour was a cold start.
            # Each factor is 0 or 1, and the last line makes "no traffic" or "no history" a 0: the share below is one of the hour, not of
            # the traffic.
            """
            (
              (serving:latency_seconds:mean15m > bool $slowdown * serving:latency_seconds:floor1d)
              * (serving:active_replicas:max < bool serving:max_replicas:current)
              * (serving:inflight_requests:max <= bool serving:slots:current)
              * (serving:inflight_per_replica:avg5m > bool 2)
              * (serving:inflight_per_replica:avg5m > bool serving:inflight_per_replica:median1d)
              * (min_over_time(serving:active_replicas:max[15m]) > bool 0)
              and (serving:latency_seconds:hours1d >= $history_hours)
              unless (serving:response_bytes:mean15m > $mixed_sizes * serving:response_bytes:median1d)
            )
            or 0 * serving:slots:current
            """,
            "1 in a minute in which requests are slow although slots are free, the ceiling is not reached and nothing starts; 0 otherwise.",
            examples=BOOL,
        ),
        Record(
            "serving:slow_with_free_slots:ratio1h",
            "avg_over_time(serving:slow_with_free_slots:bool[1h])",
            "Share of the last hour that was slow although slots were free.",
            examples=RATIO,
        ),
        Record(
            "serving:concurrency_knee:estimate",
            # What a replica answers in a second is requests in flight / latency; at the latency of quiet hours that throughput takes this
            # many at once.
            """
            serving:inflight_per_replica:avg5m * serving:latency_seconds:floor1d / serving:latency_seconds:mean15m
            and (serving:slow_with_free_slots:bool == 1)
            """,
            "Requests at once at which a replica would do the same work without slowing them down; in slow minutes only.",
            examples=KNEE,
        ),
        Record(
            "serving:concurrency_target:for_concurrency_target_too_high",
            """
            (
              clamp_min(floor(1.5 * avg_over_time(serving:concurrency_knee:estimate[1h])), 1)
              < serving:concurrency_target:current
            )
            and (serving:slow_with_free_slots:ratio1h > $duty)
            """,
            "Concurrency target at one and a half times the knee: batching engines gain throughput beyond it, and lose little latency.",
            examples=FOR,
        ),
        Record(
            "serving:concurrency_target_too_high_fix_dollars_per_day:cost",
            # Replicas now run at 1.5 knees of work each; the autoscaler will plan them at the target utilization of that: 1 / utilization
            # as many.
            """
            24 * serving:replica_price_dollars_per_hour:current * serving:active_replicas:avg1h
            * (1 / (serving:target_utilization_ratio:current > 0) - 1)
            and serving:concurrency_target:for_concurrency_target_too_high
            """,
            "What the replicas cost that the lower target adds, US dollars a day: the headroom that the utilization asks for and does "
            "not get now.",
            examples=COST,
        ),
    ),
    alerts=(
        Alert(
            "ServingConcurrencyTargetTooHigh",
            Severity.WARNING,
            Kind.CAUSE,
            f"""
            (serving:slow_with_free_slots:ratio1h > $duty)
            and (serving:concurrency_target:current > 1)
            {NOT_ROLLOUT} {NOT_ASYNC}
            """,
            for_="5m",
            keep_firing_for="1h",
            summary="Requests slow each other down inside replicas that still have free slots.",
            description=name_of
            + " was slow with free slots for {{ $value | humanizePercentage }} of the last hour: "
            + value_of("serving:latency_seconds:mean15m", form="humanizeDuration")
            + " a request, "
            + value_of("serving:latency_seconds:floor1d", form="humanizeDuration")
            + " in its quiet hours. concurrency_target is "
            + value_of("serving:concurrency_target:current")
            + "; set it to "
            + value_of("serving:concurrency_target:recommended", otherwise="a lower value")
            + ". Added cost: about $"
            + value_of("serving:concurrency_target_too_high_fix_dollars_per_day:cost", form='printf "%.2f"')
            + " a day.",
            proof=Proof(
                base=_BASE,
                quiet={"serving:slow_with_free_slots:ratio1h": 0.1},
                description="chat (production), deployment d-one was slow with free slots for 45% of the last hour: 9.5s a request, "
                "3.25s in its quiet hours. concurrency_target is 64; set it to 12. Added cost: about $41.50 a day.",
                cases=(
                    Case("slow for less of the hour", Outcome.UNDER, {"serving:slow_with_free_slots:ratio1h": 0.29}),
                    Case("slow for just that share", Outcome.AT, {"serving:slow_with_free_slots:ratio1h": 0.3}),
                    Case("slow for a little more", Outcome.OVER, {"serving:slow_with_free_slots:ratio1h": 0.31}, fires=True),
                    Case("a target of one cannot be lowered", Outcome.GUARD, {"serving:concurrency_target:current": 1}),
                    Case("a target of two can", Outcome.GUARD, {"serving:concurrency_target:current": 2}, fires=True),
                    Case("a promotion moves load", Outcome.GUARD, {"serving_model:rollout:recent30m": 1}),
                    Case("asynchronous work is not in flight", Outcome.GUARD, {"serving:async_requests:share1h": 0.51}),
                    Case("half of it asynchronous", Outcome.GUARD, {"serving:async_requests:share1h": 0.5}, fires=True),
                    Case("nothing is slow at zero replicas", Outcome.ZERO, {"serving:slow_with_free_slots:ratio1h": 0}),
                    Case("without settings nothing is known of slots", Outcome.ABSENT, {"serving:concurrency_target:current": None}),
                ),
            ),
        ),
    ),
    runbooks={
        "ServingConcurrencyTargetTooHigh": Runbook(
            meaning="For a good part of the last hour requests took at least twice as long as in the deployment's quiet hours, while "
            "the router still had free slots, the ceiling was not reached and no replica was starting. Each replica is given more requests "
            "at once than it can work on without slowing them all down.",
            impact="Users wait, and the autoscaler adds nothing: by its formula the replicas have room. The fleet may also flap, "
            "because slow requests pile up until one replica too many is asked for.",
            confirm=(
                Query(
                    "Requests for each replica when it is slow: they rise together with the latency.",
                    'serving:inflight_per_replica:avg5m{model_id=~"$model_id"}',
                ),
                Query(
                    "Latency over that of the quiet hours: 1 is as fast as it gets.",
                    'serving:latency_seconds:mean15m{model_id=~"$model_id"} / serving:latency_seconds:floor1d',
                ),
                Query(
                    "Where the curve bends: requests at once that cost no latency.",
                    'serving:concurrency_knee:estimate{model_id=~"$model_id"}',
                ),
                Query(
                    "How busy the hardware is: near 1 when the target is what is wrong.",
                    'serving:compute_utilization_ratio:avg{model_id=~"$model_id"}',
                ),
            ),
            causes=(
                Cause(
                    "Concurrency target past the knee",
                    "Latency follows the requests for each replica, GPUs are busy.",
                    "Lower concurrency_target to the recommended value.",
                ),
                Cause(
                    "A slow dependency",
                    "Latency rises while GPUs idle: requests wait for a database, a bucket or another service.",
                    "Fix the dependency; more replicas would wait as well.",
                ),
                Cause(
                    "Bigger requests",
                    "Response or request sizes are above their median of the day.",
                    "Nothing is wrong with the target: compare requests of one kind, or split kinds over deployments.",
                ),
                Cause(
                    "Requests queue inside the container",
                    "`predict_concurrency` of the Truss is below the concurrency target: the surplus waits where the router does not "
                    "see it.",
                    "Raise predict_concurrency, or lower concurrency_target to it.",
                ),
            ),
            fix="Set `concurrency_target` to the recommended value (autoscaling settings of the deployment, or of its environment when "
            "it has one), never above the engine's `max_batch_size`. Gentler: lower `target_utilization_percentage` first. Check that "
            "`max_replica` leaves room for the replicas that are then asked for.",
            lies=(
                (
                    "The quiet hours are those of the last day: a day without a quiet hour has a floor that is too high, and the alert "
                    "stays silent."
                ),
                "A slow dependency that also lets requests pile up looks the same. GPU utilization tells them apart.",
                (
                    "The recommended value is an estimate from the slow minutes; look again after an hour, and measure p95 at two or three "
                    "targets to be sure."
                ),
            ),
        ),
    },
    fires_on=("target-past-knee",),
    silent_on=(
        "diurnal",
        "hourly-bursts",
        "exactly-at-max",
        "embedding-target-one",
        "max-one-overloaded",
        "promotion",
        "slow-dependency",
        "plain-feed",
    ),
)
