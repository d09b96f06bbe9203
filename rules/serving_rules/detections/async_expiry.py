"""C22: asynchronous requests wait so long that they will expire."""

from __future__ import annotations

from serving_rules.detections.async_backlog import TIME_TO_LIVE
from serving_rules.guards import NOT_DEVELOPMENT
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

_ENOUGH = "and (serving:async_dequeued:increase15m >= $completions)"

_DESCRIPTION = (
    "Of the asynchronous requests of "
    + name_of
    + " one in twenty waits {{ $value | humanizeDuration }} or longer; they expire after $ttl_seconds s. "
    "A time to live that outlasts a start and "
    "twice this wait is "
    + value_of("serving:async_ttl_seconds:recommended")
    + " s (`max_time_in_queue_seconds` of the request); or keep a replica warm: min_replica is "
    + value_of("serving:min_replicas:current")
    + "."
)

_BASE = {
    "serving:async_wait_seconds:p95": 301,
    "serving:async_dequeued:increase15m": 20,
    "serving:async_ttl_seconds:recommended": 720,
    "serving:min_replicas:current": 0,
}

_CASES = (
    Case("nineteen left the queue: too few to judge", Outcome.UNDER, {"serving:async_dequeued:increase15m": 19}),
    Case("no count of what left the queue", Outcome.ABSENT, {"serving:async_dequeued:increase15m": None}),
    Case("a development deployment", Outcome.GUARD, {"serving:development:flag": 1}),
    Case("at zero nothing leaves the queue", Outcome.ZERO, {"serving:async_dequeued:increase15m": 0}),
)

DETECTION = Detection(
    id="C22",
    slug="async_expiry",
    title="Async expiry: waits come near the time to live",
    catches="The slowest twentieth of the asynchronous requests waits for more than half of the time after which a request expires.",
    origins=("T5",),
    thresholds=(
        TIME_TO_LIVE,
        Threshold(
            "wait_share",
            0.5,
            "Share of the time to live that the 95th percentile of the wait may reach before a ticket is opened. Half leaves time to "
            "react.",
            minimum=0.05,
            maximum=1,
            unit="ratio",
        ),
        Threshold(
            "page_share",
            0.8,
            "Share at which it pages: waits of four fifths of the time to live expire at the next burst.",
            minimum=0.05,
            maximum=1,
            unit="ratio",
        ),
        Threshold(
            "completions",
            20,
            "Requests that must have left the queue in 15 minutes: with fewer, the 95th percentile is a single old request of low "
            "priority.",
            minimum=1,
            maximum=10_000,
        ),
    ),
    records=(
        Record(
            "serving:async_ttl_seconds:recommended",
            "ceil(((serving:startup_seconds:typical + 2 * serving:async_wait_seconds:p95) or 2 * serving:async_wait_seconds:p95) / 60) * "
            "60",
            "Time to live that outlasts a start and twice the 95th percentile of the wait, whole minutes in seconds.",
            examples=(
                Example(
                    "a start of 110 s and waits of 301 s",
                    {"serving:startup_seconds:typical": 110, "serving:async_wait_seconds:p95": 301},
                    "1m",
                    {"serving:async_ttl_seconds:recommended": 720},
                ),
                Example(
                    "the start-up time is not known",
                    {"serving:async_wait_seconds:p95": 301},
                    "1m",
                    {"serving:async_ttl_seconds:recommended": 660},
                ),
                Example("nothing waited", {"serving:startup_seconds:typical": 110}, "1m", {}),
            ),
        ),
    ),
    alerts=(
        Alert(
            "ServingAsyncExpiry",
            Severity.WARNING,
            Kind.SYMPTOM,
            f"""
            (serving:async_wait_seconds:p95 > $wait_share * $ttl_seconds)
            unless (serving:async_wait_seconds:p95 > $page_share * $ttl_seconds)
            {_ENOUGH}
            {NOT_DEVELOPMENT}
            """,
            for_="5m",
            keep_firing_for="10m",
            summary="Asynchronous requests wait for more than half of their time to live.",
            description=_DESCRIPTION,
            dashboard=Dashboard.DEPLOYMENT,
            proof=Proof(
                base=_BASE,
                quiet={"serving:async_wait_seconds:p95": 30},
                description="Of the asynchronous requests of chat (production), deployment d-one one in twenty waits 5m 1s or longer; "
                "they expire after 600 s. A time to live that outlasts a start and twice this wait is 720 s (`max_time_in_queue_seconds` "
                "of the request); or keep a replica warm: min_replica is 0.",
                cases=(
                    *_CASES,
                    Case("exactly half of the time to live", Outcome.UNDER, {"serving:async_wait_seconds:p95": 300}),
                    Case("a second more than half", Outcome.AT, {"serving:async_wait_seconds:p95": 301}, fires=True),
                    Case("exactly four fifths is still a ticket", Outcome.AT, {"serving:async_wait_seconds:p95": 480}, fires=True),
                    Case("beyond four fifths it pages instead", Outcome.OVER, {"serving:async_wait_seconds:p95": 481}),
                ),
            ),
        ),
        Alert(
            "ServingAsyncExpiry",
            Severity.CRITICAL,
            Kind.SYMPTOM,
            f"""
            (serving:async_wait_seconds:p95 > $page_share * $ttl_seconds)
            {_ENOUGH}
            {NOT_DEVELOPMENT}
            """,
            for_="5m",
            keep_firing_for="10m",
            summary="Asynchronous requests are about to expire in the queue.",
            description=_DESCRIPTION,
            dashboard=Dashboard.DEPLOYMENT,
            proof=Proof(
                base={**_BASE, "serving:async_wait_seconds:p95": 481, "serving:async_ttl_seconds:recommended": 1080},
                quiet={"serving:async_wait_seconds:p95": 30},
                description="Of the asynchronous requests of chat (production), deployment d-one one in twenty waits 8m 1s or longer; "
                "they expire after 600 s. A time to live that outlasts a start and twice this wait is 1080 s (`max_time_in_queue_seconds` "
                "of the request); or keep a replica warm: min_replica is 0.",
                cases=(
                    *_CASES,
                    Case("exactly four fifths", Outcome.UNDER, {"serving:async_wait_seconds:p95": 480}),
                    Case("a second more", Outcome.AT, {"serving:async_wait_seconds:p95": 481}, fires=True),
                ),
            ),
        ),
    ),
    runbooks={
        "ServingAsyncExpiry": Runbook(
            meaning="The 95th percentile of the time in the asynchronous queue is more than half (ticket) or four fifths (page) of the "
            "time to live.",
            impact="Requests that reach their time to live expire unanswered. The percentile counts those that left the queue: at this "
            "point the first ones are being lost or are about to be.",
            confirm=(
                Query("The wait, against the time to live.", 'serving:async_wait_seconds:p95{model_id=~"$model_id"}'),
                Query("Is the queue growing (ServingAsyncBacklog) or is it a burst?", "serving:async_queued:max"),
                Query("Does the wait contain a cold start?", "serving:startup_seconds:typical"),
            ),
            causes=(
                Cause(
                    "Too few replicas for the arrivals",
                    "The queue is never empty; ServingAsyncBacklog fires too.",
                    "Raise `min_replica` as that alert recommends.",
                ),
                Cause(
                    "Each burst waits for a cold start",
                    "The deployment is at zero between bursts and the wait is about one start-up.",
                    "Keep one replica warm (`min_replica` 1), by schedule if the bursts are regular.",
                ),
                Cause(
                    "Low priorities starve",
                    "Completions are high and the queue stays; producers send different priorities.",
                    "Raise `min_replica`, or give the urgent work another deployment.",
                ),
            ),
            fix="Make room (`min_replica`, `max_replica`) or make the wait acceptable: producers set `max_time_in_queue_seconds` (10 to "
            "259200) on each request; the recommended value outlasts a start and twice the present wait. Then set `ttl_seconds` of this "
            "detection for the model.",
            lies=(
                "The time to live is chosen with each request and is not exported; the alert knows only the threshold `ttl_seconds`.",
                "Fewer than twenty requests in a quarter of an hour are not judged.",
                "Expired requests may not be counted by the platform's histogram: a low percentile with a long queue is no comfort.",
            ),
        ),
    },
    fires_on=("async-backlog",),
    silent_on=("async-only", "diurnal"),
)
