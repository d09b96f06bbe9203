"""The page of stuck replicas."""

from __future__ import annotations

from serving_rules.model import Cause, Query, Runbook

__all__ = ["RUNBOOK"]

_OF = '{model_id=~"$model_id",deployment_id=~"$deployment_id"}'

RUNBOOK = Runbook(
    meaning="Replicas of this deployment have been starting for longer than 20 minutes (or two usual starts, at most an hour), and none "
    "has become active in that time. After three failed starts in an hour without a success, five minutes are enough. It pages when no "
    "replica is active or requests wait for a slot.",
    impact="The capacity that the autoscaler asked for does not come. With no active replica every request is parked, and ends in 500 "
    "after 10 to 20 minutes. Waiting for hardware costs nothing; replicas that load, or crash while loading, are billed.",
    confirm=(
        Query("How long none has got through, seconds.", f"serving:starting_seconds:stalled{_OF}"),
        Query("Why, as far as the start-ups, restarts and status tell.", f"serving:stuck_starting_cause:current{_OF}"),
        Query("In which phase they are: scheduling is the wait for hardware (start-ups API).", f"serving:starting_in_phase:max{_OF} > 0"),
        Query("How the starts of the last hour ended (start-ups API).", f"serving:startups:increase1h{_OF}"),
        Query(
            "The status that the platform gives: DEPLOYING may be a wait for hardware, LOADING_MODEL has hardware.",
            f"serving:status:current{_OF}",
        ),
        Query("Restarts: more than one while nothing gets through is a crash on load.", f"serving:restarts:sum2h{_OF}"),
        Query("Others that wait for hardware at the same time.", 'serving:stuck_starting_cause:current{cause="no hardware"}'),
    ),
    causes=(
        Cause(
            "No hardware",
            "Open starts are in scheduling; the deployment's log is empty; the status stays DEPLOYING. Others with the same instance "
            "type wait too.",
            "Another instance type (a smaller GPU count is easier to have), another region, or support. Do not lower `min_replica` of "
            "what still runs: the hardware would be given away.",
        ),
        Cause(
            "Slow load",
            "Open starts are in image_pull, weight_download, container_start or readiness, and get on.",
            "Wait, if it is the first start of a large model. Set `startup_threshold_seconds` to twice the longest start (at most 3000): "
            "a shorter one kills replicas while they load, and begins anew.",
        ),
        Cause(
            "Crash on load",
            "FAILED start-ups or restarts, in container_start or readiness, with ever new replica ids.",
            "Read the log of `load()`. Promote the previous deployment meanwhile. ServingRestartLoop has the patterns.",
        ),
        Cause(
            "Health check that never passes",
            "Open starts stay in readiness for the whole startup threshold.",
            "Fix `is_healthy()`; it begins after `load()` has ended.",
        ),
    ),
    fix="By cause, as above; the alert's text names it where the platform tells. When users are affected and the previous deployment "
    "still exists, promote it first and look afterwards.",
    lies=(
        (
            "A replica that becomes active sets the clock back for all: one that is stuck among many that start well is seen when the "
            "others are done."
        ),
        (
            "Between two attempts of a crash loop nothing starts for some minutes: pauses of up to nine minutes are counted as part of "
            "the wait."
        ),
        (
            "Without the start-ups API no hardware and a slow load look alike; a status of LOADING_MODEL tells them apart, where the "
            "exporter reads it."
        ),
        "Starts that are called STALLED by the platform are still open, and may yet succeed.",
        "Scaled down before they were ready, replicas leave no trace: several such starts in a row count as one long one.",
    ),
)
