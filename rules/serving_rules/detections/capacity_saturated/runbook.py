"""The pages of a saturated deployment or environment."""

from __future__ import annotations

from serving_rules.model import Cause, Query, Runbook

__all__ = ["DEPLOYMENT_RUNBOOK", "ENVIRONMENT_RUNBOOK"]

_OF = '{model_id=~"$model_id",deployment_id=~"$deployment_id"}'
_IN = '{model_id=~"$model_id",environment=~"$environment"}'

_LIMIT = (
    "Accounts may have a limit of their own (ten replicas, in older documents) until support raises it: a larger `max_replica` is then "
    "refused or has no effect."
)

DEPLOYMENT_RUNBOOK = Runbook(
    meaning="All replicas that `max_replica` allows are active, and over ten minutes the requests in flight were more than the "
    "autoscaler plans for that many: it would add replicas and may not. Below 1 / target utilization (143 % at 70 %) there are still "
    "free slots.",
    impact="Little as yet: requests run, closer together than intended. The room that absorbs a burst while a replica starts is gone, so "
    "the next rise queues at the router, and then ServingCapacityExhausted pages.",
    confirm=(
        Query(
            "Load over what is planned for the ceiling: above 1 the autoscaler wants more than it may have.",
            f"serving:ceiling_demand_ratio:avg5m{_OF}",
        ),
        Query(
            "Replicas that the load asks for, beside those that there are.",
            f"serving:desired_replicas:raw{_OF} / serving:active_replicas:max{_OF}",
        ),
        Query("Requests that arrive in a second: is it a peak or the new normal?", f"serving:arrivals:rate5m{_OF}"),
        Query("The week's peak.", f"serving:arrivals:peak7d{_OF}"),
        Query("What a full replica gets done, answers a second.", f"serving:replica_throughput:typical{_OF}"),
        Query("How busy the GPUs are while the slots fill.", f"serving:gpu_utilization_ratio:avg{_OF}"),
    ),
    causes=(
        Cause(
            "The ceiling is too low",
            "GPUs are busy (70 % and more), and arrivals are no accident of today.",
            "Raise `max_replica` to the recommended value.",
        ),
        Cause(
            "The concurrency target is too low",
            "GPUs idle although every replica has as many requests as it is given, and p95 is flat.",
            "Raise `concurrency_target` instead, as far as the engine's batch size and `predict_concurrency` go. It is free.",
        ),
        Cause(
            "Long streams with little work",
            "Requests last for minutes, GPUs idle, arrivals are few.",
            "As before: the target counts open streams, not work.",
        ),
        Cause(
            "Somebody floods it",
            "Arrivals jumped within minutes, far above the week's peak.",
            "Find the caller first. The ceiling is also what bounds the bill.",
        ),
        Cause(
            "Requests became slower",
            "Arrivals are as ever, the answers of a full replica fell.",
            "Look for a new version, longer inputs, or a replica that hangs (ServingReplicaHung).",
        ),
    ),
    fix="Set `max_replica` to the recommended value: autoscaling settings of the deployment, or of its environment when it has one. It "
    "is what arrives in a second, divided by what a full replica answers in a second and by the target utilization; the cost given is "
    "that of all further replicas "
    "running all day, and as they come and go with the load the real one is less. " + _LIMIT,
    lies=(
        (
            "What a full replica gets done is measured only while every slot is taken. Before that ever happened it is the concurrency "
            "target over the response time of quiet hours, which is too much for models that slow down when they batch: the "
            "recommendation is then too low, and the next one will be higher."
        ),
        (
            "More than 200 % is not counted, so that the backlog of a minute does not weigh as much as ten minutes of load: 200 % may be "
            "far more."
        ),
        (
            "While what arrives fits the ceiling by a throughput measured within the hour, the queue of a cold start drains by itself, and "
            "the alert is held back. Where replicas come and go all the time that measure may be an hour old; ServingLatencyBurn1h does "
            "not wait for it."
        ),
        "Callers that repeat refused or broken requests look like load.",
        "Asynchronous requests are not in flight for the autoscaler: their backlog has alerts of its own.",
    ),
)

ENVIRONMENT_RUNBOOK = Runbook(
    meaning="A promotion is in progress or ended less than half an hour ago. The replicas of both deployments together have reached the "
    "environment's `max_replica`, and the load of both is more than the autoscaler plans for that many. While it runs, "
    "ServingCapacitySaturated is silent for the two deployments, since neither reaches the ceiling alone.",
    impact="The promotion competes with the load for replicas: it takes longer, and requests begin to queue.",
    confirm=(
        Query("Load over what is planned for the environment's ceiling.", f"serving_environment:ceiling_demand_ratio:avg5m{_IN}"),
        Query(
            "Active and starting replicas of both sides.",
            f"serving_environment:active_replicas:sum{_IN} + serving_environment:starting_replicas:sum{_IN}",
        ),
        Query("How far the promotion is.", f"serving_environment:promotion_traffic_ratio:current{_IN}"),
        Query("Who has which load.", 'serving:inflight_requests:avg5m{model_id=~"$model_id"}'),
    ),
    causes=(
        Cause(
            "The ceiling is too low for the load",
            "It was close to the ceiling before the promotion too.",
            "Raise `max_replica` of the environment.",
        ),
        Cause(
            "The promotion needs room",
            "The load is what the ceiling was made for, and the new version is not slower.",
            "Promote at a quiet hour, or raise `max_replica` for the time of the promotion.",
        ),
        Cause(
            "The new version is slower",
            "The candidate has more requests in flight for its share of traffic than the stable deployment.",
            "Cancel the promotion and compare (ServingCandidateWorse).",
        ),
    ),
    fix="Raise `max_replica` in the autoscaling settings of the environment to the recommended value; a promotion in progress follows. "
    + _LIMIT,
    lies=(
        "Earlier releases of the platform suspended scaling during promotions: then the ceiling is not what holds it back.",
        "For up to 30 minutes after a promotion the old deployment may still be counted while it drains.",
    ),
)
