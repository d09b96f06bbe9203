"""C13: far more replicas than the load asks for, all day."""

from __future__ import annotations

from serving_rules.guards import NOT_ASYNC, NOT_DEVELOPMENT, NOT_ROLLOUT
from serving_rules.limits import SAFE_DELAY_SECONDS
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

_SURPLUS = "(serving:active_replicas:avg1d > $surplus_factor * clamp_min(serving:desired_replicas:avg1d, 1))"

_FAST = {"serving:active_replicas:avg1d": 8, "serving:desired_replicas:avg1d": 2}

DETECTION = Detection(
    id="C13",
    slug="over_provisioned",
    title="Over-provisioned: three times what the load asks for",
    catches="A day in which the deployment ran more than three times the replicas that its load asked for, and not because of its floor.",
    origins=("T6",),
    thresholds=(
        Threshold(
            "surplus_factor",
            3,
            "Mean replicas of a day over mean replicas that the load asked for. The delay deliberately keeps a surplus: twice is "
            "ordinary for bursty traffic, three times is money.",
            minimum=1,
            maximum=100,
        ),
        Threshold(
            "floor_factor",
            1.5,
            "Mean replicas of a day over the floor: below it the floor explains the surplus, and that is somebody's choice.",
            minimum=1,
            maximum=100,
        ),
    ),
    records=(
        Record(
            "serving:scale_down_delay_seconds:for_over_provisioned",
            # A delay is surplus by design: what it keeps shrinks with it. Below the safe delay replicas would flap.
            f"""
            (
              clamp_min(
                60 * ceil(
                  serving:scale_down_delay_seconds:current * serving:desired_replicas:avg1d / (serving:active_replicas:avg1d > 0) / 60
                ),
                {SAFE_DELAY_SECONDS}
              )
              < serving:scale_down_delay_seconds:current
            )
            and {_SURPLUS}
            unless (serving:replica_reversals:changes2h >= 8)
            """,
            "Scale-down delay, shortened by the share of the surplus, whole minutes in seconds; only where replicas do not flap.",
            examples=(
                Example(
                    "a quarter of an hour of load keeps an hour of replicas",
                    {**_FAST, "serving:scale_down_delay_seconds:current": 3600, "serving:replica_reversals:changes2h": 7},
                    "1m",
                    {"serving:scale_down_delay_seconds:for_over_provisioned": 900},
                ),
                Example(
                    "whole minutes, upwards",
                    {
                        "serving:active_replicas:avg1d": 7,
                        "serving:desired_replicas:avg1d": 2,
                        "serving:scale_down_delay_seconds:current": 3600,
                    },
                    "1m",
                    {"serving:scale_down_delay_seconds:for_over_provisioned": 1080},
                ),
                Example(
                    "not below the safe delay",
                    {**_FAST, "serving:scale_down_delay_seconds:current": 900},
                    "1m",
                    {"serving:scale_down_delay_seconds:for_over_provisioned": 600},
                ),
                Example("it is the safe delay already", {**_FAST, "serving:scale_down_delay_seconds:current": 600}, "1m", {}),
                Example(
                    "replicas flap: a shorter delay would make it worse",
                    {**_FAST, "serving:scale_down_delay_seconds:current": 3600, "serving:replica_reversals:changes2h": 8},
                    "1m",
                    {},
                ),
                Example(
                    "three times is not more than three times",
                    {
                        "serving:active_replicas:avg1d": 6,
                        "serving:desired_replicas:avg1d": 2,
                        "serving:scale_down_delay_seconds:current": 3600,
                    },
                    "1m",
                    {},
                ),
                Example(
                    "half a replica was asked for, three ran: the first replica does not count as surplus",
                    {
                        "serving:active_replicas:avg1d": 3,
                        "serving:desired_replicas:avg1d": 0.5,
                        "serving:scale_down_delay_seconds:current": 3600,
                    },
                    "1m",
                    {},
                ),
                Example(
                    "half a replica was asked for, four ran",
                    {
                        "serving:active_replicas:avg1d": 4,
                        "serving:desired_replicas:avg1d": 0.5,
                        "serving:scale_down_delay_seconds:current": 9600,
                    },
                    "1m",
                    {"serving:scale_down_delay_seconds:for_over_provisioned": 1200},
                ),
                Example(
                    "nothing ran",
                    {
                        "serving:active_replicas:avg1d": 0,
                        "serving:desired_replicas:avg1d": 0,
                        "serving:scale_down_delay_seconds:current": 3600,
                    },
                    "1m",
                    {},
                ),
            ),
        ),
        Record(
            "serving:over_provisioned_dollars_per_day:saving",
            f"""
            24 * serving:replica_price_dollars_per_hour:current
            * (serving:active_replicas:avg1d - clamp_min(serving:desired_replicas:avg1d, 1))
            and {_SURPLUS}
            """,
            "List price of the replicas beyond those that the load asked for (one at least), US dollars a day.",
            examples=(
                Example(
                    "six replicas at half a dollar",
                    {**_FAST, "serving:replica_price_dollars_per_hour:current": 0.5},
                    "1m",
                    {"serving:over_provisioned_dollars_per_day:saving": 72},
                ),
                Example(
                    "the first replica is no surplus",
                    {
                        "serving:active_replicas:avg1d": 4,
                        "serving:desired_replicas:avg1d": 0.25,
                        "serving:replica_price_dollars_per_hour:current": 0.5,
                    },
                    "1m",
                    {"serving:over_provisioned_dollars_per_day:saving": 36},
                ),
                Example(
                    "two and a half times one replica",
                    {
                        "serving:active_replicas:avg1d": 2.5,
                        "serving:desired_replicas:avg1d": 0.25,
                        "serving:replica_price_dollars_per_hour:current": 0.5,
                    },
                    "1m",
                    {},
                ),
                Example(
                    "no surplus, no saving",
                    {
                        "serving:active_replicas:avg1d": 6,
                        "serving:desired_replicas:avg1d": 2,
                        "serving:replica_price_dollars_per_hour:current": 0.5,
                    },
                    "1m",
                    {},
                ),
            ),
        ),
    ),
    alerts=(
        Alert(
            "ServingOverProvisioned",
            Severity.INFO,
            Kind.CAUSE,
            f"""
            {_SURPLUS}
            and (serving:active_replicas:avg1d > $floor_factor * clamp_min(serving:min_replicas:current, 1))
            {NOT_ROLLOUT}
            {NOT_ASYNC}
            {NOT_DEVELOPMENT}
            """,
            for_="1h",
            keep_firing_for="1h",
            summary="A deployment ran three times the replicas that its load asked for.",
            description=name_of
            + ' ran {{ $value | printf "%.1f" }} replicas on average of the last day; its load asked for '
            + value_of("serving:desired_replicas:avg1d", form='printf "%.1f"')
            + ". scale_down_delay is "
            + value_of("serving:scale_down_delay_seconds:current")
            + " s, recommended "
            + value_of("serving:scale_down_delay_seconds:recommended", otherwise="no other")
            + " s; concurrency_target is "
            + value_of("serving:concurrency_target:current")
            + ", recommended "
            + value_of("serving:concurrency_target:recommended", otherwise="no other")
            + ". The surplus costs about $"
            + value_of("serving:over_provisioned_dollars_per_day:saving", form='printf "%.2f"')
            + " a day.",
            dashboard=Dashboard.COST,
            proof=Proof(
                base={
                    "serving:active_replicas:avg1d": 6.1,
                    "serving:desired_replicas:avg1d": 2,
                    "serving:min_replicas:current": 2,
                    "serving:scale_down_delay_seconds:current": 3600,
                    "serving:scale_down_delay_seconds:recommended": 1200,
                    "serving:concurrency_target:current": 4,
                    "serving:over_provisioned_dollars_per_day:saving": 98.4,
                },
                quiet={"serving:active_replicas:avg1d": 3},
                description="chat (production), deployment d-one ran 6.1 replicas on average of the last day; its load asked for 2.0. "
                "scale_down_delay is 3600 s, recommended 1200 s; concurrency_target is 4, recommended no other. The surplus costs about "
                "$98.40 a day.",
                cases=(
                    Case("exactly three times", Outcome.UNDER, {"serving:active_replicas:avg1d": 6}),
                    Case("a little more", Outcome.AT, {"serving:active_replicas:avg1d": 6.01}, fires=True),
                    Case(
                        "three replicas where a tenth of one was asked for",
                        Outcome.UNDER,
                        {"serving:active_replicas:avg1d": 3, "serving:desired_replicas:avg1d": 0.1, "serving:min_replicas:current": 0},
                    ),
                    Case(
                        "four replicas where a tenth of one was asked for",
                        Outcome.OVER,
                        {"serving:active_replicas:avg1d": 4, "serving:desired_replicas:avg1d": 0.1, "serving:min_replicas:current": 0},
                        fires=True,
                    ),
                    Case(
                        "no floor counts as a floor of one",
                        Outcome.UNDER,
                        {"serving:active_replicas:avg1d": 1.5, "serving:desired_replicas:avg1d": 0.1, "serving:min_replicas:current": 0},
                    ),
                    Case("the floor explains it", Outcome.GUARD, {"serving:min_replicas:current": 4.1}),
                    Case("exactly one and a half times the floor", Outcome.UNDER, {"serving:min_replicas:current": 6.1 / 1.5}),
                    Case("the floor is lower than that", Outcome.AT, {"serving:min_replicas:current": 4}, fires=True),
                    Case("scale to zero is allowed", Outcome.OVER, {"serving:min_replicas:current": 0}, fires=True),
                    Case(
                        "scale to zero is allowed and one ran",
                        Outcome.ZERO,
                        {"serving:active_replicas:avg1d": 0.4, "serving:desired_replicas:avg1d": 0.1, "serving:min_replicas:current": 0},
                    ),
                    Case("a promotion doubles the fleet", Outcome.GUARD, {"serving_model:rollout:recent30m": 1}),
                    Case("asynchronous work is not in the load", Outcome.GUARD, {"serving:async_requests:share1h": 0.51}),
                    Case("half asynchronous is still load", Outcome.GUARD, {"serving:async_requests:share1h": 0.5}, fires=True),
                    Case("a development deployment", Outcome.GUARD, {"serving:development:flag": 1}),
                    Case("without settings nobody knows the floor", Outcome.ABSENT, {"serving:min_replicas:current": None}),
                ),
            ),
        ),
    ),
    runbooks={
        "ServingOverProvisioned": Runbook(
            meaning="Over the last day the deployment had more than three times the replicas that its load asked for, and more than one "
            "and a half times its floor.",
            impact="Money. Nobody waits.",
            confirm=(
                Query("What ran.", 'serving:active_replicas:avg1d{model_id=~"$model_id"}'),
                Query("What was asked for.", 'serving:desired_replicas:avg1d{model_id=~"$model_id"}'),
                Query("What it costs.", "serving:over_provisioned_dollars_per_day:saving"),
            ),
            causes=(
                Cause(
                    "Delay much longer than the bursts",
                    "Replicas stay long after requests in flight have fallen.",
                    "Shorten `scale_down_delay` to the recommended value; watch the reversals for a day.",
                ),
                Cause(
                    "Concurrency target too low",
                    "GPUs idle while the slots are used: ServingConcurrencyTargetTooLow fires.",
                    "Raise `concurrency_target` as that alert recommends.",
                ),
                Cause(
                    "Scale-down is stuck",
                    "No request for hours, and no replica leaves: ServingScaleDownStuck fires.",
                    "See there.",
                ),
            ),
            fix="Change one setting at a time (autoscaling settings of the deployment, or of its environment) and look again after a day.",
            lies=(
                "Rare large bursts need replicas that the mean of a day does not show: compare with the day's peak before you save.",
                "In the first twelve hours of data there is no mean of a day, and no alert.",
            ),
        ),
    },
    fires_on=("hourly-peaks-kept-warm",),
    silent_on=("diurnal", "hourly-bursts", "pinned", "async-only"),
)
