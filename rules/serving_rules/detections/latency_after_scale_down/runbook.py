"""The page of requests that slow down after a removal."""

from __future__ import annotations

from serving_rules.model import Cause, Query, Runbook

__all__ = ["RUNBOOK"]

RUNBOOK = Runbook(
    meaning="At least five times in six hours the 95th percentile of the response time rose above 1.5 times its median within ten "
    "minutes of a removal of replicas, while the load was more than the replicas left are planned for.",
    impact="Users wait at the router, and then for a replica to start, because of capacity that had been there minutes before.",
    confirm=(
        Query("Response time against its median: peaks after the steps down.", 'serving:latency_seconds:p95{model_id=~"$model_id"}'),
        Query("Steps down before the peaks.", 'serving:active_replicas:step1m{model_id=~"$model_id"} < 0'),
        Query(
            "Requests in flight beyond the slots that were left.",
            'serving:inflight_requests:max{model_id=~"$model_id"} - serving:slots:current > 0',
        ),
    ),
    causes=(
        Cause(
            "The load's troughs are longer than the delay",
            "Requests in flight come back within minutes of the step down.",
            "Raise scale_down_delay to the recommended value.",
        ),
        Cause(
            "Steps too large",
            "Single steps took more than 30 % of the replicas; small removals did no harm.",
            "Set max_scale_down_rate to 20, so that five steps replace two.",
        ),
        Cause(
            "Traffic that grew by itself",
            "Requests in flight reached a level that the fleet before the step could not have served either.",
            "See ServingColdStartGap and ServingCapacitySaturated.",
        ),
    ),
    fix="Set `scale_down_delay` to the recommended value, and `max_scale_down_rate` to 20 where the alert says so (autoscaling settings "
    "of the deployment, or of its environment when it has one). With the delay at 3600 s, raise `min_replica`.",
    lies=(
        "Traffic that rises for its own reasons just after a removal looks the same; it does not do so five times in six hours for long.",
        "A changed mix of requests (longer prompts after the hour) raises the percentile without any lack of capacity.",
        "The percentile is interpolated between the platform's buckets: with coarse ones 1.5 times may be a single bucket.",
    ),
)
