"""The pages of the four alerts on token-scaled deployments."""

from __future__ import annotations

from serving_rules.model import Cause, Query, Runbook

__all__ = ["RUNBOOKS"]

_LOAD = Query("Replicas that the tokens ask for, beside those that run.", 'serving:token_replicas:desired{model_id=~"$model_id"}')
_RUNNING = Query("Replicas that serve or start.", 'serving:token_replicas:running{model_id=~"$model_id"}')
_HALF_LIFE = (
    "`scale_down_half_life_seconds` stands in the deployment's own configuration (600 to 1800, 900 by default) and takes a new deployment "
    "to change; the bounds and `scale_down_delay` are autoscaling settings and apply at once."
)
_PODS = (
    "Tokens in flight are summed over the pods of the deployment. If the platform ever reported the whole in each pod, they would be too "
    "high by the number of pods; `serving:token_replicas:desired` would then be far above the replicas at rest."
)

RUNBOOKS = {
    "ServingTokensSaturated": Runbook(
        meaning="For ten minutes the deployment has run at its ceiling with over a tenth more tokens in flight than the ceiling is "
        "planned for: tokens queue at the router.",
        impact="First tokens come late and later: the queue grows for as long as more arrives than is answered.",
        confirm=(
            Query("Tokens in flight over what the ceiling is planned for: above 1.", 'serving:token_capacity:ratio{model_id=~"$model_id"}'),
            _LOAD,
            Query("Time to the first byte rises.", 'serving:first_byte_seconds:p95{model_id=~"$model_id"}'),
        ),
        causes=(
            Cause("More traffic", "Requests a second have grown.", "Raise max_replica to the recommended value."),
            Cause(
                "Longer prompts or answers",
                "Requests are as many as before, tokens are more.",
                "Raise max_replica, or limit prompts at the caller.",
            ),
            Cause(
                "A token target that is too low",
                "GPUs are below 70 % busy and latency was flat before.",
                "Raise target_in_flight_tokens by a fifth at a time (50000 to 150000 is usual).",
            ),
        ),
        fix="Raise `max_replica` to the recommended value (autoscaling settings of the deployment, or of its environment). The "
        "recommendation comes from arrivals and "
        "answers, not from the backlog, and leaves a tenth to work the backlog off.",
        lies=(_PODS, "A burst shorter than the autoscaling window is averaged away and never seen here."),
    ),
    "ServingTokenOvershoot": Runbook(
        meaning="Half an hour to an hour ago a ramp brought the deployment to over one and a half times the replicas that its load has "
        "needed since, and the load has not gone away.",
        impact="Money for the surplus, which shrinks by half in each half-life, and caches that are spread thin over too many replicas.",
        confirm=(
            _RUNNING,
            _LOAD,
            Query("The load that is still there.", 'serving:sync_requests:rate5m{model_id=~"$model_id"}'),
        ),
        causes=(
            Cause(
                "Slow starts",
                "Replicas take minutes to start; tokens queue meanwhile and are counted as load.",
                "Lower max_replica to the ceiling that the description names, and shorten the start (weights and compile caches).",
            ),
            Cause(
                "A floor that is too low",
                "The ramp begins at one replica every morning.",
                "Raise min_replica, or use a schedule that starts before the ramp.",
            ),
        ),
        fix="Lower `max_replica` to the ceiling that the description names, or raise `min_replica` before the hour of the ramp (a "
        "schedule of the environment). Watch "
        "ServingTokensSaturated afterwards. " + _HALF_LIFE,
        lies=(
            _PODS,
            "A burst of longer prompts that has ended looks like overshoot when the number of requests stayed the same.",
        ),
    ),
    "ServingKvCacheLoss": Runbook(
        meaning="Replicas were removed within half an hour, the hit rate of the KV cache fell by over three tenths of its usual value, "
        "and the 95th percentile to the first byte is over one and a half times its median of six hours.",
        impact="Conversations that were cached are computed again from their beginning: users wait for the first token, and GPUs work "
        "twice.",
        confirm=(
            Query(
                "Hit rate against its median.",
                'serving:kv_cache_hit_ratio:mean15m{model_id=~"$model_id"} / serving:kv_cache_hit_ratio:median6h',
            ),
            Query("Steps down before the fall.", 'serving:active_replicas:step1m{model_id=~"$model_id"}'),
            Query("Time to the first byte.", 'serving:first_byte_seconds:p95{model_id=~"$model_id"}'),
        ),
        causes=(
            Cause("The fleet shrinks too fast", "Several steps down within minutes.", "Set scale_down_half_life_seconds to 900 to 1800."),
            Cause(
                "Another mix of prompts", "The hit rate fell before the first step down.", "Nothing to set: new prompts have no cache yet."
            ),
            Cause("Crashes", "Restarts or failed start-ups at the same time.", "See ServingRestartLoop."),
        ),
        fix="Raise `scale_down_half_life_seconds` to 900 to 1800 so that caches move to the remaining replicas before the others go, "
        "and keep `scale_down_delay` at 300 s or "
        "more. " + _HALF_LIFE,
        lies=(
            "With little traffic the hit rate of a quarter of an hour is that of a few prompts.",
            "The first two hours of a deployment have no median to fall from.",
        ),
    ),
    "ServingTokenThrash": Runbook(
        meaning="The number of active replicas of a token-scaled deployment reversed its direction at least ten times within two hours.",
        impact="Each removal throws away a warm replica and its KV cache, each start makes users wait; starts are billed from the "
        "moment the model loads.",
        confirm=(
            Query("Changes of direction in two hours.", 'serving:replica_reversals:changes2h{model_id=~"$model_id"}'),
            _RUNNING,
            Query("Hit rate of the cache: it falls with each step down.", 'serving:kv_cache_hit_ratio:mean15m{model_id=~"$model_id"}'),
        ),
        causes=(
            Cause(
                "A half-life shorter than the traffic's cycle",
                "Tokens rise and fall in the rhythm of the replicas.",
                "Set the recommended half-life.",
            ),
            Cause(
                "A token target near the load of one replica",
                "Tokens are steady, and the swing is two replicas, the least that counts.",
                "Change target_in_flight_tokens by a fifth, up or down.",
            ),
            Cause(
                "Crash loop",
                "Restarts beside the changes.",
                "See ServingRestartLoop: this alert is held back from three restarts in two hours on.",
            ),
        ),
        fix="Set `scale_down_half_life_seconds` to the recommended value and `scale_down_delay` and `autoscaling_window` to 300 s. "
        + _HALF_LIFE,
        lies=(
            (
                "Cycles shorter than about three minutes are seen too rarely at one scrape a minute: the count is then too low, never too "
                "high."
            ),
            "Schedules move replicas by design; a change of bounds holds the alert back for 30 minutes only.",
        ),
    ),
}
