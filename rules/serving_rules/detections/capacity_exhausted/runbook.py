"""The pages of an exhausted deployment or environment."""

from __future__ import annotations

from serving_rules.model import Cause, Query, Runbook

__all__ = ["DEPLOYMENT_RUNBOOK", "ENVIRONMENT_RUNBOOK"]

_OF = '{model_id=~"$model_id",deployment_id=~"$deployment_id"}'
_IN = '{model_id=~"$model_id",environment=~"$environment"}'

DEPLOYMENT_RUNBOOK = Runbook(
    meaning="All replicas that `max_replica` allows are active, each has as many requests as `concurrency_target` gives it, and more are "
    "in flight than that. With `REJECT_ON_FULL` there is no queue: then it means that more than one request in a hundred was refused in "
    "ten minutes.",
    impact="Users wait at the router, and see nothing of it but latency. The queue grows for as long as more arrives than is answered; "
    "after the parking timeout (10 to 20 minutes) requests end in 500. Clients that give up (499) and try again make it worse.",
    confirm=(
        Query("Requests that wait, mean of five minutes: below zero are free slots.", f"serving:waiting_requests:avg5m{_OF}"),
        Query("What arrives in a second.", f"serving:arrivals:rate5m{_OF}"),
        Query(
            "And what the replicas answer: less than arrives means that the queue grows.",
            f"serving:replica_throughput:full{_OF} * serving:active_replicas:max{_OF}",
        ),
        Query(
            "Answers by code: 499 users give up, 429 refused, 500 parked for too long, 504 ran for too long.",
            f"serving:requests_by_code:rate5m{_OF}",
        ),
        Query("How busy the GPUs are.", f"serving:gpu_utilization_ratio:avg{_OF}"),
        Query(
            "Replicas of which the GPU does nothing: one that hangs keeps its slots.",
            f"serving_replica:gpu_utilization_ratio:max10m{_OF} < 0.01",
        ),
    ),
    causes=(
        Cause(
            "More load than the ceiling serves", "Arrivals rose, and GPUs are busy.", "Raise `max_replica` to the recommended value, now."
        ),
        Cause(
            "The concurrency target is too low",
            "GPUs idle although every slot is taken.",
            "Raise `concurrency_target`, as far as the engine's batch size and `predict_concurrency` go: it takes effect without new "
            "replicas.",
        ),
        Cause(
            "Replicas lost or hung",
            "Arrivals are as ever; answers of the fleet fell, a GPU stands still, or restarts rose.",
            "ServingReplicaHung and ServingRestartLoop name the replica; terminate it.",
        ),
        Cause(
            "Callers in a loop",
            "Arrivals jumped, with many 499 or 429 among the answers.",
            "Ask the callers to back off: retries are load.",
        ),
        Cause(
            "A slow dependency",
            "Response times rose while the GPUs idle.",
            "Replicas wait for something else: more of them do not help it.",
        ),
    ),
    fix="Raise `max_replica` to the recommended value (autoscaling settings of the deployment, or of its environment when it has one). "
    "New replicas take one start-up time (`serving:startup_seconds:typical`) until they help. The recommendation comes from arrivals and "
    "from what a full replica gets done, not from the length of the queue, so it does not run away while the queue grows. Where no more "
    "replicas may be had, shed load at the callers, or set the backpressure policy `REJECT_ON_FULL`, so that clients learn of it at once "
    "instead of after minutes.",
    lies=(
        "WebSockets and idle gRPC connections count as requests in flight while nothing runs.",
        (
            "Every slot must be seen taken for four minutes: the page comes five to six minutes after the last one was, and stays a "
            "quarter of an hour after a slot is free again; where the load hovers about the ceiling, until it has room."
        ),
        (
            "While what arrives fits the ceiling by a throughput measured within the hour, the queue of a cold start drains by itself, and "
            "the page is held back. Before there is a measure it counts as exhausted. Where replicas come and go all the time the measure "
            "may be an hour old; ServingLatencyBurn1h does not wait for it."
        ),
    ),
)

ENVIRONMENT_RUNBOOK = Runbook(
    meaning="A promotion is in progress or ended less than half an hour ago, both deployments together have more requests in flight than "
    "slots, and no replica is on its way that would change it: the environment is at its ceiling, or scaling stands still. "
    "ServingCapacityExhausted is silent for the two deployments meanwhile, since neither need be at the ceiling alone.",
    impact="As ServingCapacityExhausted: users wait at the router. The promotion slows down as well, since it moves only with replicas "
    "that are ready.",
    confirm=(
        Query("Requests in flight over slots.", f"serving_environment:ceiling_inflight_ratio:current{_IN}"),
        Query(
            "Active and starting replicas of both sides.",
            f"serving_environment:active_replicas:sum{_IN} + serving_environment:starting_replicas:sum{_IN}",
        ),
        Query("The ceiling.", f"serving_environment:max_replicas:current{_IN}"),
        Query("How far the promotion is.", f"serving_environment:promotion_traffic_ratio:current{_IN}"),
        Query("Which side waits.", 'serving:waiting_requests:avg5m{model_id=~"$model_id"}'),
    ),
    causes=(
        Cause(
            "The ceiling is too low",
            "Active and starting replicas have reached the ceiling.",
            "Raise `max_replica` of the environment, now.",
        ),
        Cause(
            "The promotion suspends scaling",
            "Fewer replicas than the ceiling, none starting, and the load rose since the promotion began.",
            "Force it forward or cancel it; scaling then goes on.",
        ),
        Cause(
            "The new version is slower or broken",
            "Only the candidate has requests that wait, or it answers with 5xx.",
            "Cancel the promotion (ServingCandidateWorse).",
        ),
    ),
    fix="Raise `max_replica` in the autoscaling settings of the environment to the recommended value; or cancel the promotion and repeat "
    "it at a quiet hour.",
    lies=(
        "One side may have a queue while the other has free slots: their sum shows neither. ServingLatencyBurn1h sees what users feel.",
        "With `REJECT_ON_FULL` there is no queue to see: ServingRequestsShed counts the refusals.",
        "For up to 30 minutes after a promotion the old deployment may still be counted while it drains.",
    ),
)
