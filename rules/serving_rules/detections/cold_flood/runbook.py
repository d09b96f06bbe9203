"""The pages of a cold flood and of parked requests."""

from __future__ import annotations

from serving_rules.model import Cause, Query, Runbook

__all__ = ["FLOOD_RUNBOOK", "PARKED_RUNBOOK"]

_OF = '{model_id=~"$model_id",deployment_id=~"$deployment_id"}'

FLOOD_RUNBOOK = Runbook(
    meaning="The deployment is scaled to zero, and at least four requests for every slot of a replica arrived before the first one was "
    "up. The router parks them until a replica has started.",
    impact="All of them wait for a whole cold start. The backlog looks like load to the autoscaler, which starts far more replicas than "
    "the traffic needs, up to `max_replica`, and keeps each for at least `scale_down_delay`: a short burst is paid for an hour or more.",
    confirm=(
        Query("Requests parked, and when they came.", f"serving:inflight_requests:max{_OF}"),
        Query(
            "What the burst brings in a second, against the week's peak.",
            f"serving:cold_flood_arrivals:rate{_OF} / serving:arrivals:peak7d{_OF}",
        ),
        Query("How long a start takes, seconds.", f"serving:startup_seconds:typical{_OF}"),
        Query(
            "Replicas that the backlog asks for, against those that the load needs.",
            f"serving:desired_replicas:raw{_OF} / serving:cold_flood_replicas:needed{_OF}",
        ),
        Query("At which hours it woke in the last days.", f"serving:wake:now{_OF}"),
    ),
    causes=(
        Cause(
            "A job at a known hour",
            "It woke at the same hour on other days.",
            "An autoscaling schedule on the environment that raises `min_replica` 15 minutes before, and nothing in between.",
        ),
        Cause("A launch or a load test", "It never woke like this before.", "Raise `min_replica` for its time."),
        Cause(
            "Interactive traffic on scale to zero",
            "It wakes several times a day at changing hours.",
            "A floor: set `min_replica` to the recommended value. See ServingScaleToZeroChurn for what a longer delay would save.",
        ),
        Cause("A caller that retries", "In-flight requests grow faster than callers are known to ask.", "Back-off at the caller."),
    ),
    fix="Set `min_replica` to the recommended value, or let a schedule do so before the usual hour (autoscaling settings of the "
    "deployment, or of its environment when it has one); the cost given is for the whole day. Pre-warm before a known burst, `POST "
    "…/wake` starts one replica only. Lower `max_replica` to the recommended value where one is given: it bounds what the backlog "
    "starts, and still serves the burst.",
    lies=(
        "The batch of a nightly job may wait, and nobody minds: route by label, or raise the threshold `flood` for that model.",
        "Within the first minutes the growth of one minute is all that is known of the burst; the recommendation settles as it goes on.",
        (
            "The feed shows in-flight requests half a minute to two minutes late: a start of less than a minute may be over before this "
            "is seen."
        ),
    ),
)

PARKED_RUNBOOK = Runbook(
    meaning="For five minutes at least one request was in flight while no replica was active. It makes no difference whether the "
    "deployment was scaled to zero or lost its replicas.",
    impact="Users wait, and nobody is served. Requests end in 500 after the parking timeout, 10 to 20 minutes; clients with shorter "
    "timeouts have given up already (499).",
    confirm=(
        Query("Requests parked.", f"serving:inflight_requests:max{_OF}"),
        Query("Active and starting replicas.", f"serving:active_replicas:max{_OF} + serving:starting_replicas:max{_OF}"),
        Query("Why they do not start, as far as it is known.", f"serving:stuck_starting_cause:current{_OF}"),
        Query("In which phase they are (start-ups API).", f"serving:starting_in_phase:max{_OF} > 0"),
        Query("The platform's status.", f"serving:status:current{_OF}"),
        Query("Answers by code: 500 parked for too long, 499 given up.", f"serving:requests_by_code:rate5m{_OF}"),
        Query("Restarts.", f"serving:restarts:sum2h{_OF}"),
        Query(
            "Others without a replica at this moment: then it is the platform.",
            "(serving:inflight_requests:max > 0) and (serving:active_replicas:max == 0)",
        ),
    ),
    causes=(
        Cause(
            "A cold start of more than five minutes",
            "A replica is loading, and no start has failed.",
            "A floor of one; ServingColdStartGap has what shortens a start.",
        ),
        Cause(
            "No hardware",
            "Open starts are in scheduling, or the log is empty.",
            "Another instance type or region, or support (ServingReplicasStuckStarting).",
        ),
        Cause(
            "Crash on load",
            "FAILED start-ups or restarts.",
            "Promote the previous deployment, then read the log of `load()` (ServingRestartLoop).",
        ),
        Cause(
            "All replicas crashed",
            "min_replica is above zero, active replicas fell to zero at once, 502 among the answers.",
            "Read the log; terminate replicas that do not come back.",
        ),
        Cause(
            "It was deactivated or failed",
            "Status INACTIVE, FAILED or DEPLOY_FAILED.",
            "Activate it or promote another deployment (ServingDeploymentFailed).",
        ),
        Cause(
            "The platform does not wake it",
            "Nothing starts although requests wait, and others have the same.",
            "Support; call `POST …/wake` meanwhile.",
        ),
    ),
    fix="First get anything to serve: promote the previous deployment when this one cannot start, wake it when nothing starts. Then "
    "prevent the next one: `min_replica` of at least one, or the recommended value (autoscaling settings of the deployment, or of its "
    "environment when it has one).",
    lies=(
        "A WebSocket or gRPC connection that stays open while its replica is replaced counts as a request in flight.",
        "Where the series of a deployment at zero vanish from the feed and no exporter fills them in, it cannot fire.",
        (
            "Requests that wake a model with a start of six minutes page although all is as designed: give it a floor, or accept the "
            "start and disable the alert for that model."
        ),
    ),
)
