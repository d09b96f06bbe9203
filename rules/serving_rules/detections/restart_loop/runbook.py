"""The page of ServingRestartLoop."""

from __future__ import annotations

from serving_rules.model import Cause, Query, Runbook

__all__ = ["RUNBOOK"]

RUNBOOK = Runbook(
    meaning="Containers of this deployment were restarted, or start-ups of its replicas failed, at least three times in an hour (or, for "
    "models that load for more than a quarter of an hour, in three hours). It pages when nothing served at some time in the last 15 "
    "minutes although requests waited or the floor asks for a replica, or when three restarts fell into 15 minutes.",
    impact="Each restart breaks off the requests of its replica (502, or longer waits where the router tries again) and takes its slots "
    "away for a whole load. With one replica the deployment is down between two restarts. Crashing replicas are billed while they load.",
    confirm=(
        Query(
            "Restarts as they happen, from the pod-health counter (feature flag); falls of the counter are left out.",
            'serving:restarts:increase1m{model_id=~"$model_id",deployment_id=~"$deployment_id"} > 0',
        ),
        Query(
            "How start-ups ended: FAILED again and again is a crash while loading.",
            'serving:startups:increase1h{model_id=~"$model_id",deployment_id=~"$deployment_id"}',
        ),
        Query(
            "The pattern that the pack sees, with the number that shows it.",
            'serving:restart_loop:pattern{model_id=~"$model_id",deployment_id=~"$deployment_id"}',
        ),
        Query(
            "Memory of each replica as a share of its limit: a saw-tooth that breaks off near 1 is the out-of-memory killer.",
            'serving_replica:memory_ratio:max{model_id=~"$model_id",deployment_id=~"$deployment_id"}',
        ),
        Query(
            "Requests that were broken off.",
            'serving:requests_by_code:rate5m{status_code="502",model_id=~"$model_id",deployment_id=~"$deployment_id"}',
        ),
        Query(
            "Minutes between two restarts: equal ones point at a timer, unequal ones at requests.",
            'serving:restart_gap_seconds:at_restart{model_id=~"$model_id",deployment_id=~"$deployment_id"} / 60',
        ),
        Query(
            "Replicas that serve and replicas on their way.",
            'serving:active_replicas:max{model_id=~"$model_id",deployment_id=~"$deployment_id"} + serving:starting_replicas:max',
        ),
    ),
    causes=(
        Cause(
            "Out of memory",
            "Memory was at 95 % of the limit or more before the restarts.",
            "An instance type with at least 1.3 times the observed peak (`instance_type` of a new deployment), or a smaller batch. A slow "
            "rise that never falls is a leak: restart on purpose until it is fixed.",
        ),
        Cause(
            "Crash while loading",
            "FAILED start-ups, or restarts although no replica became active; new replica ids fail in container_start or readiness.",
            "Read the log of `load()`: a missing secret, a bad weight file, a library. Promote the previous deployment. Where every start "
            "dies after the same time, `startup_threshold_seconds` is shorter than the load: set it to twice the longest (at most 3000), "
            "see ServingReplicasStuckStarting.",
        ),
        Cause(
            "Liveness check",
            "Restarts at equal distances, about `restart_threshold_seconds` (default 1800 s) apart.",
            "Make `is_healthy()` cheap and independent of load; `stop_traffic_threshold_seconds` 60 and `restart_threshold_seconds` 90 "
            "take a broken replica out early, a larger value (at most 3000) gives a busy one time.",
        ),
        Cause(
            "Crash in predict",
            "502s with the restarts, memory far from its limit, unequal distances.",
            "Find the request in the log just before a restart; reject that input, then fix it.",
        ),
        Cause(
            "Bad candidate",
            "Only the deployment that is being promoted restarts.",
            "Cancel the promotion (`POST /v1/models/{model_id}/environments/{environment}/cancel_promotion`).",
        ),
    ),
    fix="Bring back what served last: promote the previous deployment, or cancel the promotion. Then follow the cause. While nothing "
    "serves, more replicas do not help: each of them loads and dies as well.",
    lies=(
        (
            "Without the pod-health flag crashes are inferred from start-ups (while loading) and from replicas that come back after 502s "
            "or from below the floor: a restart that is over between two scrapes is not seen, and a scale-down under the delay of a few "
            "minutes beside ordinary 502s looks like one."
        ),
        "The counter has no replica label. When a pod leaves in the same minute in which another restarts, the restart is lost.",
        "Several ordinary restarts in a large fleet within an hour are counted together: set `restarts` for such a model.",
        (
            "The pattern is told from the last hours of the whole deployment; two causes at once show as the first of memory, loading, "
            "liveness, predict."
        ),
    ),
)
