"""The page of a cold-start gap."""

from __future__ import annotations

from serving_rules.model import Cause, Query, Runbook

__all__ = ["RUNBOOK"]

_OF = '{model_id=~"$model_id",deployment_id=~"$deployment_id"}'

RUNBOOK = Runbook(
    meaning="The deployment serves, but more requests are in flight than its active replicas have slots, and the replicas that would "
    "take them have been starting for minutes: longer than two of its usual starts, or than five minutes. It pages when there are more "
    "than five requests for every slot.",
    impact="The requests beyond the slots wait for a start to finish; the rest are served as usual, so that the median latency looks "
    "fine. Clients with short timeouts give up (499), and their retries lengthen the queue. Queued requests also inflate what the "
    "autoscaler asks for: it overshoots.",
    confirm=(
        Query("How long the gap has lasted, seconds.", f"serving:cold_start_gap_seconds:now{_OF}"),
        Query("Requests that wait.", f"serving:cold_start_gap_requests:now{_OF}"),
        Query(
            "Share of replicas that start: above a half for longer than a start is a cold-start problem.",
            f"serving:cold_start_gap_ratio:now{_OF}",
        ),
        Query("How long a start takes, seconds.", f"serving:startup_seconds:typical{_OF}"),
        Query("Which phase of it takes how long, seconds (start-ups API).", f"serving:startup_phase_seconds:p90{_OF}"),
        Query("Where the starting replicas are now (start-ups API).", f"serving:starting_in_phase:max{_OF} > 0"),
        Query("What arrives in a second.", f"serving:arrivals:rate5m{_OF}"),
    ),
    causes=(
        Cause(
            "A burst on too few warm replicas",
            "Arrivals rose within less than a start; starts take what they always take.",
            "Raise `min_replica` to the recommended value, or by a schedule 15 minutes before the hour at which it happens.",
        ),
        Cause(
            "Slow weights",
            "weight_download is the longest phase.",
            "Mirror the weights (a `weights` block in the Truss configuration), use a smaller or quantized model.",
        ),
        Cause(
            "Slow load",
            "container_start or readiness is the longest phase.",
            "Cache compiled graphs, leave warm-up out of `load()`, or capture fewer batch sizes.",
        ),
        Cause("Slow image", "image_pull is the longest phase.", "Use the streaming image, and move weights out of the image."),
        Cause(
            "No hardware",
            "Starting replicas stay in scheduling.",
            "ServingReplicasStuckStarting follows; another instance type or region, or support.",
        ),
        Cause(
            "Scaling begins too late",
            "Replicas begin to start minutes after the slots filled.",
            "Lower `target_utilization_percentage` to 50 or 60 and `autoscaling_window` to 30 or 60 s.",
        ),
    ),
    fix="Raise `min_replica` to the recommended value (autoscaling settings of the deployment, or of its environment when it has one): "
    "it is what arrived at the end of the longest gap of the last hour, divided by what a full replica answers. For bursts at known "
    "hours use an autoscaling schedule instead, and pay for the burst only. Cheaper where it applies: lower "
    "`target_utilization_percentage` to 50 or 60, which keeps more free slots as the load grows; and shorten the phase that the alert "
    "names.",
    lies=(
        "The feed is half a minute to two minutes behind: a gap is over that much before the alert resolves.",
        (
            "During a promotion, and half an hour after, the alert is silent for the whole model; ServingEnvironmentExhausted covers "
            "what hurts then."
        ),
        (
            "Without the start-ups API the time of a start is an estimate from replica counts: it needs three starts in a day, and "
            "counts a start that waited for hardware as a slow one."
        ),
        "Requests that clients repeat after giving up count as arrivals: the recommendation is then too high.",
    ),
)
