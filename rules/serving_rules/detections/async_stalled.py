"""C21: asynchronous requests wait and none is completed."""

from __future__ import annotations

from serving_rules.guards import NOT_DEVELOPMENT
from serving_rules.model import Alert, Case, Cause, Dashboard, Detection, Inhibition, Kind, Outcome, Proof, Query, Runbook, Severity
from serving_rules.promql import DEPLOYMENT, name_of, value_of

__all__ = ["DETECTION"]

# A deployment at zero whose replicas are on their way has not stalled: whether they come is the business of the alerts on starting.
_ON_ITS_WAY = "unless ((serving:active_replicas:max == 0) and (serving:starting_replicas:max > 0))"

DETECTION = Detection(
    id="C21",
    slug="async_stalled",
    title="Async stalled: a queue, and nobody works on it",
    catches="Asynchronous requests wait while none has been completed for a quarter of an hour.",
    origins=("T5",),
    thresholds=(),
    alerts=(
        Alert(
            "ServingAsyncStalled",
            Severity.CRITICAL,
            Kind.SYMPTOM,
            f"""
            (serving:async_queued:max and (serving:async_queued:min10m > 0))
            unless (serving:async_requests:rate15m > 0)
            {_ON_ITS_WAY}
            {NOT_DEVELOPMENT}
            """,
            for_="5m",
            keep_firing_for="40m",  # longer than waits of the stall are among those of the last quarter of an hour
            summary="Asynchronous requests wait and none is completed.",
            description=name_of
            + """ has {{ $value | printf "%.0f" }} asynchronous requests waiting and has completed none for 15 minutes. Active replicas: """
            + value_of("serving:active_replicas:max")
            + ", in progress: "
            + value_of("serving:async_in_progress:max")
            + ".",
            dashboard=Dashboard.DEPLOYMENT,
            proof=Proof(
                base={
                    "serving:async_queued:max": 12,
                    "serving:async_queued:min10m": 12,
                    "serving:async_requests:rate15m": 0,
                    "serving:active_replicas:max": 1,
                    "serving:starting_replicas:max": 0,
                    "serving:async_in_progress:max": 8,
                },
                quiet={"serving:async_requests:rate15m": 0.01},
                description="chat (production), deployment d-one has 12 asynchronous requests waiting and has completed none for 15 "
                "minutes. Active replicas: 1, in progress: 8.",
                cases=(
                    Case("one was completed", Outcome.UNDER, {"serving:async_requests:rate15m": 0.001}),
                    Case("none was ever completed", Outcome.AT, {"serving:async_requests:rate15m": None}, fires=True),
                    Case("one request waits", Outcome.OVER, {"serving:async_queued:max": 1, "serving:async_queued:min10m": 1}, fires=True),
                    Case("the queue was empty within ten minutes", Outcome.UNDER, {"serving:async_queued:min10m": 0}),
                    Case(
                        "replicas are on their way from zero",
                        Outcome.GUARD,
                        {"serving:active_replicas:max": 0, "serving:starting_replicas:max": 1},
                    ),
                    Case("one more replica starts beside a running one", Outcome.GUARD, {"serving:starting_replicas:max": 1}, fires=True),
                    Case("at zero and nothing starts", Outcome.ZERO, {"serving:active_replicas:max": 0}, fires=True),
                    Case("a development deployment", Outcome.GUARD, {"serving:development:flag": 1}),
                    Case("no queue is known", Outcome.ABSENT, {"serving:async_queued:max": None}),
                ),
            ),
        ),
    ),
    inhibitions=(
        Inhibition(
            "ServingAsyncStalled",
            ("ServingAsyncBacklog", "ServingAsyncExpiry"),
            DEPLOYMENT,
            "Where nothing is completed, a growing queue and expiring requests are its consequences.",
        ),
    ),
    runbooks={
        "ServingAsyncStalled": Runbook(
            meaning="Requests wait in the asynchronous queue, and for fifteen minutes none has been completed.",
            impact="Every asynchronous request of this deployment waits and then expires. Producers that rely on webhooks hear nothing.",
            confirm=(
                Query("The queue stands or grows.", 'serving:async_queued:max{model_id=~"$model_id"}'),
                Query("No completions.", "serving:async_requests:rate15m"),
                Query("Requests that were taken and never finished.", "serving:async_in_progress:max"),
                Query("Refusals: the queue's worker backs off on 429.", 'serving:requests_by_code:rate5m{status_code="429"}'),
            ),
            causes=(
                Cause(
                    "A replica hangs",
                    "Requests are in progress, the GPU is idle.",
                    "Terminate the replica (see ServingReplicaHung); another takes its place.",
                ),
                Cause(
                    "The worker is refused",
                    "Answers 429 beside the queue: synchronous load takes every slot.",
                    "Raise `max_replica`, or `min_replica` until the queue has drained.",
                ),
                Cause(
                    "Nothing runs and nothing starts",
                    "No active and no starting replica although requests wait.",
                    "Check the status: an inactive or failed deployment must be activated or redeployed.",
                ),
            ),
            fix="Find which of the three it is; restart the model (terminate its replicas one by one, or redeploy) when requests are in "
            "progress and nothing finishes. Nothing in the autoscaling settings fixes a hang.",
            lies=(
                (
                    "Work that takes longer than fifteen minutes each (the platform allows an hour) completes nothing for a while and is "
                    "healthy: switch the alert off for such models, or lengthen `for`."
                ),
                "A deployment that somebody paused on purpose keeps its queue.",
            ),
        ),
    },
    fires_on=("async-stalled",),
    silent_on=("async-backlog", "async-only", "diurnal"),
)
