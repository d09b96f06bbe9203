"""The runbook of flapping replicas."""

from __future__ import annotations

from serving_rules.model import Cause, Query, Runbook

__all__ = ["RUNBOOK"]

RUNBOOK = Runbook(
    meaning="The number of active replicas reversed its direction at least fourteen times within two hours: the autoscaler removes "
    "replicas that the traffic needs again minutes later.",
    impact="After each removal the remaining replicas queue until a new one has started. Median latency may stay flat while the slowest "
    "requests take a whole cold start longer. Every start is billed from the moment the model loads.",
    confirm=(
        Query("Steps down followed by steps up, again and again.", 'serving:active_replicas:max{model_id=~"$model_id"}'),
        Query("Delay in force, seconds.", 'serving:scale_down_delay_seconds:current{model_id=~"$model_id"}'),
        Query("Cycle, seconds: longer than the delay.", 'serving:thrash_cycle_seconds:estimate{model_id=~"$model_id"}'),
        Query("Requests in flight: the cycle of the traffic itself.", 'serving:inflight_requests:max{model_id=~"$model_id"}'),
    ),
    causes=(
        Cause(
            "Delay shorter than the traffic's cycle",
            "Requests in flight rise and fall in the same rhythm as the replicas.",
            "Raise scale_down_delay to the recommended value.",
        ),
        Cause(
            "Load on a scaling boundary",
            "Requests in flight are steady and the swing is one replica (severity info).",
            "Raise scale_down_delay, then autoscaling_window up to 300 s; then lower max_scale_down_rate to 20.",
        ),
        Cause(
            "Crash loop",
            "Restarts or failed start-ups beside the changes.",
            "See ServingRestartLoop: from three restarts in two hours on this alert is held back, and so it is when replicas go faster "
            "than the delay lets the autoscaler take them. With a short delay and no restart counts both look alike: read the logs of a "
            "replica that left.",
        ),
    ),
    fix="Set `scale_down_delay` to the recommended value (autoscaling settings of the deployment, or of its environment when it has "
    "one). Where it is 3600 s and replicas still flap, raise `min_replica` to what the peaks need or use a schedule. Then "
    "`autoscaling_window` up to 300 s, then `max_scale_down_rate` 20, and `target_utilization_percentage` last.",
    lies=(
        (
            "Schedules that switch at the hour and half hour move replicas by design; a change of bounds holds the alert back for 30 "
            "minutes only."
        ),
        "Cycles shorter than about three minutes are seen too rarely at one scrape a minute: the count is then too low, never too high.",
        (
            "The cycle is the apparent one: cold-start overshoot adds reversals inside a burst. Look again after a day, the delay may "
            "have to grow."
        ),
    ),
)
