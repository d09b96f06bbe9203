"""The pages of rollout."""

from __future__ import annotations

from serving_rules.model import (
    Cause,
    Query,
    Runbook,
)

__all__ = ["RUNBOOKS"]

RUNBOOKS = {
    "ServingRolloutStuck": Runbook(
        meaning="A promotion has been in progress for more than an hour, and the candidate's share of traffic has not changed in "
        "that time.",
        impact="Two versions are billed, the release waits, and no other promotion of the environment can begin.",
        confirm=(
            Query("The share of traffic.", 'serving_environment:promotion_traffic_ratio:current{model_id=~"$model_id"}'),
            Query("The promotion's status.", 'serving_environment:promotion_status:current{model_id=~"$model_id"}'),
            Query("Replicas of both versions: do the candidate's start?", 'serving:starting_replicas:max{model_id=~"$model_id"}'),
        ),
        causes=(
            Cause(
                "The candidate has no hardware",
                "Its replicas are starting and never active.",
                "Cancel, or wait for capacity; see ServingReplicasStuckStarting.",
            ),
            Cause("The candidate crashes", "Restarts or failed start-ups.", "Cancel the promotion and read its log."),
            Cause(
                "Long connections",
                "WebSocket or gRPC connections stay on the old version.",
                "Wait for them, or close them from the client's side.",
            ),
        ),
        fix="Cancel with `POST /v1/models/{model_id}/environments/{env_name}/cancel_promotion`; `force_cancel_promotion` when that "
        "does not answer.",
        lies=("A rollout with a very long stabilization time may rest for most of an hour at each step.",),
    ),
    "ServingRolloutPaused": Runbook(
        meaning="A promotion has been paused for four hours.",
        impact="Two versions are billed, and a forgotten candidate keeps its share of the traffic.",
        confirm=(
            Query("The share of traffic it was paused at.", 'serving_environment:promotion_traffic_ratio:current{model_id=~"$model_id"}'),
        ),
        causes=(
            Cause("Forgotten", "Nobody works on it.", "Resume or cancel it."),
            Cause("Meant as a canary", "Somebody watches it.", "Lengthen `for` of this alert."),
        ),
        fix="Resume or cancel the promotion in the environment's page or by the API.",
        lies=("A canary over a night is a good reason to pause.",),
    ),
    "ServingCandidateWorse": Runbook(
        meaning="In a promotion, the candidate answers a larger share of its requests with 5xx than the stable version: more than "
        "twice as many, and a point on top, for five minutes, with at least twenty requests on each side.",
        impact="The users whose requests go to the candidate get errors, and there will be more of them with every step.",
        confirm=(
            Query("Errors by version.", 'serving_environment:phase_errors:rate5m{model_id=~"$model_id"}'),
            Query("Requests by version.", 'serving_environment:phase_requests:rate5m{model_id=~"$model_id"}'),
        ),
        causes=(
            Cause("A bug in the new version", "The same code for every request of a kind.", "Cancel the promotion."),
            Cause(
                "The candidate is overloaded",
                "Its replicas are fewer than its share of traffic needs.",
                "Pause until its replicas are ready.",
            ),
            Cause("It crashes", "502 and restarts.", "Cancel the promotion; see ServingRestartLoop."),
        ),
        fix="`POST /v1/models/{model_id}/environments/{env_name}/cancel_promotion`. The stable version gets its traffic back.",
        lies=(
            "A client bug that meets the new version's stricter checks as 5xx looks the same.",
            "Stable and candidate may get different kinds of requests when clients stay on their connections.",
        ),
    ),
}
