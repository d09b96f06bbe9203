"""C20: the asynchronous queue grows faster than it is worked off."""

from __future__ import annotations

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

TIME_TO_LIVE = Threshold(
    "ttl_seconds",
    600,
    "Seconds that a request may wait before it expires (`max_time_in_queue_seconds` of the request): producers choose it, 600 is the "
    "platform's default. Set it for each model whose producers choose another; nightly batches choose up to 259200.",
    minimum=10,
    maximum=259_200,
    unit="s",
)
"""The queue's time to live, the same knob in every detection on the queue."""

_BASE = {
    "serving:async_queued:min10m": 40,
    "serving:async_queued:deriv15m": 0.1,
    "serving:async_drain_seconds:estimate": 301,
    "serving:async_queued:max": 120,
    "serving:min_replicas:current": 1,
    "serving:min_replicas:recommended": 4,
    "serving:min_replica_dollars_per_day:for_async_backlog": 144.5,
}

DETECTION = Detection(
    id="C20",
    slug="async_backlog",
    title="Async backlog: more arrives than is worked off",
    catches="A queue of asynchronous requests that grows and would take longer to drain than half of the time after which requests expire.",
    origins=("T5",),
    thresholds=(
        TIME_TO_LIVE,
        Threshold(
            "drain_share",
            0.5,
            "Share of the time to live that draining the queue may take. At half there is still time to add replicas; a large queue that "
            "shrinks is healthy at any size.",
            minimum=0.05,
            maximum=1,
            unit="ratio",
        ),
    ),
    records=(
        Record(
            "serving:async_queued:min10m",
            "min_over_time(serving:async_queued:max[10m])",
            "Fewest asynchronous requests waiting in 10 minutes: above 0 the queue was never empty.",
            examples=(
                Example(
                    "the queue was shorter nine minutes ago",
                    {"serving:async_queued:max": "1 1 1 1 1 1 1 _ 9 9 9 2 8 8 8 8 8 8"},
                    "17m",
                    {"serving:async_queued:min10m": 2},
                ),
                Example(
                    "a short queue just inside the window counts",
                    {"serving:async_queued:max": "9x8 _ 3 9 9 9 9 9 9 9 9"},
                    "18m",
                    {"serving:async_queued:min10m": 3},
                ),
            ),
        ),
        Record(
            "serving:async_queued:deriv15m",
            "deriv(serving:async_queued:max[15m])",
            "Growth of the asynchronous queue over 15 minutes, requests a second; negative while it drains.",
            examples=(
                Example(
                    "six more each minute",
                    {"serving:async_queued:max": "0+6x20"},
                    "20m",
                    {"serving:async_queued:deriv15m": 0.1},
                ),
                Example(
                    "what lies before the window does not count",
                    {"serving:async_queued:max": "0x3 100 _ 0+60x14"},
                    "20m",
                    {"serving:async_queued:deriv15m": 1},
                ),
                Example(
                    "it grew in the first half of the window only",
                    {"serving:async_queued:max": "0x4 _ 0+60x7 420x8"},
                    "20m",
                    {"serving:async_queued:deriv15m": 0.5},
                ),
            ),
        ),
        Record(
            "serving:async_drain_seconds:estimate",
            "serving:async_queued:max / (serving:async_requests:rate15m > 0)",
            "Time that the present queue needs at the present rate of completions if nothing more arrives, seconds.",
            examples=(
                Example(
                    "two a second drain sixty in half a minute",
                    {"serving:async_queued:max": 60, "serving:async_requests:rate15m": 2},
                    "1m",
                    {"serving:async_drain_seconds:estimate": 30},
                ),
                Example(
                    "nothing is completed: there is no estimate",
                    {"serving:async_queued:max": 60, "serving:async_requests:rate15m": 0},
                    "1m",
                    {},
                ),
                Example(
                    "half a request a second is still a rate",
                    {"serving:async_queued:max": 60, "serving:async_requests:rate15m": 0.5},
                    "1m",
                    {"serving:async_drain_seconds:estimate": 120},
                ),
            ),
        ),
        Record(
            "serving:min_replicas:for_async_backlog",
            # A queue that is never empty keeps every replica busy, so completions for each replica are what one can do. Arrivals are
            # what was completed plus what the queue grew by; 0.7 leaves the headroom that the platform's own utilization target does.
            """
            ceil(
              (serving:async_requests:rate15m + clamp_min(serving:async_queued:deriv15m, 0))
              /
              (0.7 * serving:async_requests:rate15m / (serving:active_replicas:max > 0) > 0)
            )
            and (serving:async_queued:min10m > 0)
            """,
            "Replicas that keep up with asynchronous arrivals at 70 % of what one replica was seen to complete. The queue is no scaling "
            "signal: only the floor brings them.",
            examples=(
                Example(
                    "two replicas complete one a second, the queue grows by half a request a second",
                    {
                        "serving:async_requests:rate15m": 1,
                        "serving:async_queued:max": "10+30x20",
                        "serving:active_replicas:max": 2,
                    },
                    "20m",
                    {"serving:min_replicas:for_async_backlog": 5},
                ),
                Example(
                    "a draining queue needs replicas for its arrivals only",
                    {
                        "serving:async_requests:rate15m": 1,
                        "serving:async_queued:max": "1000-6x20",
                        "serving:active_replicas:max": 2,
                    },
                    "20m",
                    {"serving:min_replicas:for_async_backlog": 3},
                ),
                Example(
                    "the queue was empty in between",
                    {
                        "serving:async_requests:rate15m": 1,
                        "serving:async_queued:max": "10x14 0 10x6",
                        "serving:active_replicas:max": 2,
                    },
                    "20m",
                    {},
                ),
                Example(
                    "without replicas nothing was seen that one can do",
                    {
                        "serving:async_requests:rate15m": 1,
                        "serving:async_queued:max": "10+30x20",
                        "serving:active_replicas:max": 0,
                    },
                    "20m",
                    {},
                ),
                Example(
                    "nothing was completed",
                    {
                        "serving:async_requests:rate15m": 0,
                        "serving:async_queued:max": "10+30x20",
                        "serving:active_replicas:max": 2,
                    },
                    "20m",
                    {},
                ),
            ),
        ),
        Record(
            "serving:min_replica_dollars_per_day:for_async_backlog",
            """
            24 * serving:replica_price_dollars_per_hour:current
            * (serving:min_replicas:for_async_backlog - serving:active_replicas:max)
            """,
            "List price of the replicas that the advice adds to the active ones, US dollars a day.",
            examples=(
                Example(
                    "three more at two dollars an hour",
                    {
                        "serving:replica_price_dollars_per_hour:current": 2,
                        "serving:async_requests:rate15m": 1,
                        "serving:async_queued:max": "10+30x20",
                        "serving:active_replicas:max": 2,
                    },
                    "20m",
                    {"serving:min_replica_dollars_per_day:for_async_backlog": 144},
                ),
            ),
        ),
    ),
    alerts=(
        Alert(
            "ServingAsyncBacklog",
            Severity.WARNING,
            Kind.SYMPTOM,
            f"""
            (serving:async_drain_seconds:estimate > $drain_share * $ttl_seconds)
            and (serving:async_queued:min10m > 0)
            and (serving:async_queued:deriv15m > 0)
            {NOT_DEVELOPMENT}
            """,
            for_="10m",
            keep_firing_for="10m",
            summary="The asynchronous queue grows faster than it is worked off.",
            description=name_of
            + " has "
            + value_of("serving:async_queued:max")
            + " asynchronous requests waiting; at the present rate they take {{ $value | humanizeDuration }} to drain, "
            "and more arrive than leave. Requests expire after $ttl_seconds s. The queue does not make the autoscaler add replicas: "
            "min_replica is "
            + value_of("serving:min_replicas:current")
            + ", set it to "
            + value_of("serving:min_replicas:recommended")
            + " (about $"
            + value_of("serving:min_replica_dollars_per_day:for_async_backlog", form='printf "%.2f"')
            + " a day more).",
            dashboard=Dashboard.DEPLOYMENT,
            proof=Proof(
                base=_BASE,
                quiet={"serving:async_queued:deriv15m": -0.1},
                description="chat (production), deployment d-one has 120 asynchronous requests waiting; at the present rate they take 5m "
                "1s to drain, and more arrive than leave. Requests expire after 600 s. The queue does not make the autoscaler add "
                "replicas: min_replica is 1, set it to 4 (about $144.50 a day more).",
                cases=(
                    Case("it drains in exactly half of the time to live", Outcome.UNDER, {"serving:async_drain_seconds:estimate": 300}),
                    Case("one second more than half", Outcome.AT, {"serving:async_drain_seconds:estimate": 301}, fires=True),
                    Case("a large queue that shrinks", Outcome.GUARD, {"serving:async_queued:deriv15m": -0.001}),
                    Case("a queue that stands still", Outcome.GUARD, {"serving:async_queued:deriv15m": 0}),
                    Case("it was empty within ten minutes", Outcome.GUARD, {"serving:async_queued:min10m": 0}),
                    Case("one request always waited", Outcome.OVER, {"serving:async_queued:min10m": 1}, fires=True),
                    Case("a development deployment", Outcome.GUARD, {"serving:development:flag": 1}),
                    Case(
                        "at zero nothing is completed: that is ServingAsyncStalled",
                        Outcome.ZERO,
                        {"serving:async_drain_seconds:estimate": None},
                    ),
                    Case("the queue's past is not known", Outcome.ABSENT, {"serving:async_queued:min10m": None}),
                ),
            ),
        ),
    ),
    runbooks={
        "ServingAsyncBacklog": Runbook(
            meaning="Asynchronous requests wait longer and longer: over the last quarter of an hour more arrived than were completed, "
            "and the queue was never empty.",
            impact="Requests that wait longer than their time to live expire unanswered, with status EXPIRED. Nobody sees an error "
            "unless they poll or have a webhook.",
            confirm=(
                Query("The queue's length: rising, not a burst that drains.", 'serving:async_queued:max{model_id=~"$model_id"}'),
                Query("Time to drain, against the time to live.", "serving:async_drain_seconds:estimate"),
                Query("Replicas: they do not follow the queue.", "serving:active_replicas:max"),
                Query("Synchronous work that takes the slots first.", "serving:inflight_requests:avg5m / serving:slots:current"),
            ),
            causes=(
                Cause(
                    "More arrivals than the replicas can complete",
                    "Completions are steady, the queue grows in a straight line.",
                    "Raise `min_replica` to the recommended value: the queue is not part of the scaling signal.",
                ),
                Cause(
                    "Synchronous requests take the slots",
                    "In-flight requests fill 80 % of the slots or more.",
                    "Raise `max_replica`, or lower `target_utilization_percentage` so that replicas come earlier.",
                ),
                Cause(
                    "Each request takes longer than before",
                    "Completions for each replica have fallen while arrivals have not.",
                    "Look at the model: larger inputs, a slow dependency, a new version.",
                ),
            ),
            fix="Set `min_replica` (autoscaling settings of the deployment, or of its environment) to the recommended value until the "
            "queue has drained; raise `max_replica` with it when it is lower. For work that may wait, let producers send a longer "
            "`max_time_in_queue_seconds` and set `ttl_seconds` of this detection for the model.",
            lies=(
                "Producers choose the time to live with each request; the alert knows only the threshold `ttl_seconds`.",
                "The native queue gauge is a sample every 30 seconds; short bursts may be missed, never invented.",
                (
                    "What one replica can complete is measured while the queue is not empty; if the workers wait for something else, the "
                    "advice is too high."
                ),
            ),
        ),
    },
    fires_on=("async-backlog",),
    silent_on=("async-only", "async-stalled", "diurnal"),
)
