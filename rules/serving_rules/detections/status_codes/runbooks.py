"""The pages of the alerts on status codes."""

from __future__ import annotations

from serving_rules.model import Cause, Query, Runbook

__all__ = ["RUNBOOKS"]

_OBJECT = 'model_id=~"$model_id",deployment_id=~"$deployment_id"'

_SHARES = Query(
    "The share of each code, and when it began.",
    f"serving:requests_by_code:share10m{{{_OBJECT}}}",
)
_REPLICAS = Query(
    "Replicas that serve and replicas on their way.",
    f"serving:active_replicas:max{{{_OBJECT}}} + serving:starting_replicas:max",
)
_MINIMUM = "Fewer than ten such answers in ten minutes never fire it, whatever their share: a quiet deployment can fail without this alert."
_WEBSOCKET = (
    "A WebSocket shows codes of HTTP for failed upgrades alone; the end of a connection is a close code (1000 to 1015), which is not "
    "counted as an error."
)

RUNBOOKS = {
    "ServingRequestsShed": Runbook(
        meaning="For ten minutes more than 1 % of the requests, and at least ten, were answered with 429.",
        impact="Refused requests are lost unless the client tries again; retries add load to a deployment that is full.",
        confirm=(
            _SHARES,
            Query("Why, as far as the pack can tell (label `reason`).", f"serving:requests_shed:reason{{{_OBJECT}}}"),
            Query("Replicas against the ceiling.", f"serving:active_replicas:max{{{_OBJECT}}} / serving:max_replicas:current"),
            Query("Requests in flight against slots.", f"serving:inflight_requests:max{{{_OBJECT}}} / (serving:slots:current > 0)"),
        ),
        causes=(
            Cause("At the ceiling", "Active replicas equal `max_replica`.", "Raise `max_replica` to the recommended value."),
            Cause(
                "Policy refuses on full",
                "`request_backpressure_settings.policy` is REJECT_ON_FULL, and replicas are below the ceiling.",
                "More warm replicas (`min_replica`), a lower `target_utilization_percentage`, or QUEUE_ON_FULL.",
            ),
            Cause(
                "Limit in front of the deployment",
                "Neither; slots are free.",
                "Ask for a higher limit, or spread the requests; large queued payloads shed load as well.",
            ),
        ),
        fix="Follow the reason in the description. Only at the ceiling does a higher `max_replica` help.",
        lies=(
            _MINIMUM,
            (
                "The asynchronous queue's worker is refused and tries again: such 429s are not users' (they are left out only while no "
                "replica serves)."
            ),
            _WEBSOCKET,
        ),
    ),
    "ServingRequestsExpired": Runbook(
        meaning="More than 1 % of the requests, and at least ten in ten minutes, ended in 500 while no replica served or some were "
        "starting, after long waits: they were parked at the router until the timeout.",
        impact="Users waited for ten to twenty minutes and got an error. Whoever is parked now will follow.",
        confirm=(
            _SHARES,
            _REPLICAS,
            Query("How long the failed requests had taken.", f"serving:server_error_seconds:mean10m{{{_OBJECT}}}"),
            Query("Who waits now.", f"serving:inflight_requests:max{{{_OBJECT}}}"),
            Query("In which phase the start-ups are.", f"serving:starting_in_phase:max{{{_OBJECT}}}"),
        ),
        causes=(
            Cause(
                "No hardware",
                "Start-ups open in `scheduling`.",
                "Another `instance_type` or region; support. See ServingReplicasStuckStarting.",
            ),
            Cause("Crash while loading", "Failed start-ups.", "Promote the previous deployment. See ServingRestartLoop."),
            Cause(
                "Start longer than clients can wait",
                "Start-ups succeed, each takes minutes.",
                "`min_replica` at the recommended value; faster starts (weights through the delivery network, compile cache).",
            ),
            Cause(
                "Ceiling too low",
                "Replicas serve, all slots taken for longer than the timeout.",
                "Raise `max_replica`. See ServingCapacityExhausted.",
            ),
        ),
        fix="Get one replica up: promote a deployment that starts, or one on hardware that is to be had. Then set `min_replica` so that "
        "nobody has to wait for the first start.",
        lies=(
            _MINIMUM,
            "A model that answers 500 after more than five minutes of work, while another replica starts, looks the same.",
        ),
    ),
    "ServingReplicaCrashes": Runbook(
        meaning="For ten minutes more than 1 % of the requests, and at least ten, ended in 502, and the restart counter does not speak "
        "against it.",
        impact="Requests are broken off in the middle. The router tries again where it can, so users see longer waits before they see "
        "errors.",
        confirm=(
            _SHARES,
            Query("Restarts as they happen.", f"serving:restarts:increase1m{{{_OBJECT}}} > 0"),
            Query("Memory of each replica.", f"serving_replica:memory_ratio:max{{{_OBJECT}}}"),
            _REPLICAS,
        ),
        causes=(
            Cause(
                "Out of memory", "Memory breaks off near its limit.", "Larger `instance_type` or smaller batch. See ServingMemoryNearLimit."
            ),
            Cause("A request crashes predict", "Memory is low, one kind of input.", "Reject the input, then fix it."),
            Cause("Liveness check", "Restarts at equal distances.", "Fix `is_healthy()` or raise `restart_threshold_seconds`."),
            Cause("The platform", "502 on many models at once.", "See ServingPlatformIncident."),
        ),
        fix="Read the log just before a restart. After a deploy or a promotion, go back to the previous deployment first.",
        lies=(
            _MINIMUM,
            "Without the pod-health flag nothing tells a crash from another 502: the share alone fires it.",
            "Crashes far apart are not ten minutes of 502: ServingRestartLoop counts those.",
            _WEBSOCKET,
        ),
    ),
    "ServingNoEndpoint": Runbook(
        meaning="For five minutes more than 1 % of the requests, and at least ten in ten minutes, were answered with 503, and no promotion "
        "is in progress or has ended in the last 30 minutes.",
        impact="Requests fail at once; the router's own retries are used up by then.",
        confirm=(
            _SHARES,
            _REPLICAS,
            Query("Steps of the replicas: do the 503s follow a scale-down?", f"serving:active_replicas:step1m{{{_OBJECT}}} != 0"),
            Query("The platform's status.", f"serving:status:current{{{_OBJECT}}}"),
        ),
        causes=(
            Cause("Replicas stop without draining", "503s follow each step down.", "Let the server finish its requests on SIGTERM."),
            Cause("Circuit breaker open", "Errors of other kinds came first.", "Fix those; the breaker closes by itself."),
            Cause("Deactivated or redeployed", "The status changed.", "Activate it, or send the traffic to the environment's deployment."),
        ),
        fix="See which of status and replica steps goes with it. If nothing does, the platform's support needs the time and the deployment "
        "id.",
        lies=(_MINIMUM, "A promotion that the exporter cannot see (plain feed without rollout labels) is not held back.", _WEBSOCKET),
    ),
    "ServingRequestTimeouts": Runbook(
        meaning="For ten minutes more than 0.5 % of the requests, and at least ten, ended in 504: they ran past the platform's timeout.",
        impact="Each held a slot for the whole timeout. A few of them slow everybody, and the autoscaler adds replicas for work that is "
        "thrown away.",
        confirm=(
            _SHARES,
            Query("Response times.", f"serving:latency_seconds:p95{{{_OBJECT}}}"),
            Query("One idle replica among busy ones?", f"serving_replica:gpu_utilization_ratio:avg10m{{{_OBJECT}}}"),
            Query("Requests in flight.", f"serving:inflight_requests:max{{{_OBJECT}}}"),
        ),
        causes=(
            Cause(
                "Work that is too long",
                "Response times near the timeout for all replicas.",
                "Asynchronous requests (up to 3600 s), or streaming.",
            ),
            Cause("One hung replica", "One replica's GPUs are idle.", "Terminate it. See ServingReplicaHung."),
            Cause(
                "Too many requests in one replica",
                "Latency rises with requests in flight.",
                "Lower `concurrency_target`. See ServingConcurrencyTargetTooHigh.",
            ),
        ),
        fix="Tell the three causes apart by replica and by latency. A shorter limit on the length of an answer frees slots at once.",
        lies=(_MINIMUM, "On a WebSocket 504 is an upgrade that found no replica in time, not a long run."),
    ),
    "ServingClientsGivingUp": Runbook(
        meaning="For ten minutes more than 1 % of the requests, at least ten, and more than three times the day's median, were given up by "
        "their clients (499), while requests in flight were a fifth above their mean of the hour.",
        impact="Users leave. It comes before errors: the queue grows, and whoever leaves it makes it look shorter than the demand.",
        confirm=(
            _SHARES,
            Query("Requests in flight against slots.", f"serving:inflight_requests:max{{{_OBJECT}}} / (serving:slots:current > 0)"),
            Query("Response times.", f"serving:latency_seconds:p95{{{_OBJECT}}}"),
            _REPLICAS,
        ),
        causes=(
            Cause("Capacity", "At `max_replica`, all slots taken.", "Raise `max_replica`. See ServingCapacitySaturated."),
            Cause("Cold starts", "Replicas are starting.", "More warm replicas. See ServingColdStartGap."),
            Cause("Slow answers", "Slots are free, latency is high.", "Lower `concurrency_target`, or profile the model."),
            Cause("One client with a short timeout", "Nothing else changed.", "Ask for its timeout; the model is not at fault."),
        ),
        fix="Find out what they waited for. The remedy is that of the alert on capacity, cold starts or latency beside this one.",
        lies=(
            _MINIMUM,
            "In the first hours there is hardly a median; a model whose clients always leave early is compared with its own habit.",
        ),
    ),
}
