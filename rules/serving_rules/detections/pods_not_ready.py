"""C17: pods that stay unready."""

from __future__ import annotations

from serving_rules.guards import NOT_DEVELOPMENT, NOT_ROLLOUT
from serving_rules.model import (
    Alert,
    Case,
    Cause,
    Dashboard,
    Detection,
    Example,
    Kind,
    Outcome,
    Proof,
    Query,
    Record,
    Runbook,
    Severity,
    Threshold,
    Values,
)
from serving_rules.promql import DEPLOYMENT, name_of, names, value_of

__all__ = ["DETECTION"]

_ON = f"on ({names(DEPLOYMENT)})"

_UNREADY = "serving:unready_pods:beyond_starting"
_DRAINING = "serving:draining:recent"
_ACTIVE = "serving:active_replicas:max"
_READY = 'serving:pods:max{condition="true"}'
_FALSE = 'serving:pods:max{condition="false"}'
_UNKNOWN = 'serving:pods:max{condition="unknown"}'


def _draining(name: str, inputs: dict[str, Values], *, recent: bool) -> Example:
    return Example(name, inputs, "130m", {_DRAINING: 1} if recent else {})


_DRAIN_EXAMPLES = (
    _draining("a replica left eight minutes ago", {_ACTIVE: "4x121 3x20"}, recent=True),
    _draining("two left, one after the other", {_ACTIVE: "4x122 3 2x20"}, recent=True),
    _draining("one left twelve minutes ago", {_ACTIVE: "4x117 3x20"}, recent=False),
    _draining("one came", {_ACTIVE: "3x121 4x20"}, recent=False),
    _draining("one left 50 minutes ago, and requests are quick", {_ACTIVE: "4x79 3x60"}, recent=False),
    _draining(
        "one left 50 minutes ago, and gRPC connections last", {_ACTIVE: "4x79 3x60", "serving:long_connections:flag": 1}, recent=True
    ),
    _draining(
        "one left 50 minutes ago, and WebSockets last", {_ACTIVE: "4x79 3x60", "serving:websocket_connections:max2h": 1}, recent=True
    ),
    _draining(
        "one left 50 minutes ago, and no WebSocket is open", {_ACTIVE: "4x79 3x60", "serving:websocket_connections:max2h": 0}, recent=False
    ),
    _draining("one left 70 minutes ago", {_ACTIVE: "4x59 3x80", "serving:long_connections:flag": 1}, recent=False),
    _draining("WebSockets without a scale-down", {_ACTIVE: 3, "serving:websocket_connections:max2h": 5}, recent=False),
)

_CASES = (
    Case("just under one pod", Outcome.UNDER, {_UNREADY: 0.9}),
    Case("exactly one", Outcome.AT, {_UNREADY: 1}, fires=True),
    Case("as many unready as starting", Outcome.UNDER, {_UNREADY: 0}),
    Case("replicas drain", Outcome.GUARD, {_DRAINING: 1}),
    Case("a promotion moves pods", Outcome.GUARD, {"serving_model:rollout:recent30m": 1}),
    Case("a development deployment", Outcome.GUARD, {"serving:development:flag": 1}),
    Case("scaled to zero", Outcome.ZERO, {_UNREADY: 0}),
    Case("without the pod-health flag", Outcome.ABSENT, {_UNREADY: None}),
)

DETECTION = Detection(
    id="C17",
    slug="pods_not_ready",
    title="Pods not ready: billed, and out of traffic",
    catches="Pods that fail their readiness check in steady state, neither starting nor draining, and pods whose state the cluster does "
    "not know.",
    origins=("T11",),
    thresholds=(
        Threshold(
            "pods",
            1,
            "Pods that are unready without a reason. One is enough: it is billed and does no work. Large fleets that lose single nodes may "
            "want more.",
            minimum=0.5,
            maximum=1000,
            unit="pods",
            matching=f"on ({names(DEPLOYMENT)}) group_left ()",
        ),
    ),
    records=(
        Record(
            _UNREADY,
            f"{_FALSE} - ignoring (condition) serving:starting_replicas:max",
            "Pods that are not ready beyond those that are starting, which may be; needs the pod-health flag.",
            examples=(
                Example(
                    "three unready, one of them starting", {_FALSE: 3, _READY: 7, "serving:starting_replicas:max": 1}, "5m", {_UNREADY: 2}
                ),
                Example("only the unready count", {_READY: 7, _UNKNOWN: 2, "serving:starting_replicas:max": 1}, "5m", {}),
            ),
        ),
        Record(
            _DRAINING,
            # A terminating pod is unready until its last request is answered: minutes for requests, up to an hour for open connections.
            """
            (
              (resets(serving:active_replicas:max[10m]) > 0)
              or
              (
                (resets(serving:active_replicas:max[1h]) > 0)
                and (serving:long_connections:flag or (serving:websocket_connections:max2h > 0))
              )
            )
            * 0 + 1
            """,
            "1 while replicas that a scale-down took may still be draining: for 10 minutes, for WebSockets and gRPC an hour.",
            examples=_DRAIN_EXAMPLES,
        ),
    ),
    alerts=(
        Alert(
            "ServingPodsNotReady",
            Severity.WARNING,
            Kind.CAUSE,
            f"""
            ({_UNREADY} >= $pods)
            {NOT_ROLLOUT}
            unless {_DRAINING}
            {NOT_DEVELOPMENT}
            """,
            for_="15m",
            keep_firing_for="5m",
            summary="Pods stay unready that are neither starting nor draining.",
            description=name_of
            + ' has {{ $value | printf "%.0f" }} pods that are not ready, those that start left out; '
            + value_of("serving:pods:max", where={"condition": "true"})
            + " are ready. They are billed and get no requests. Set stop_traffic_threshold_seconds to 60 and restart_threshold_seconds to "
            "90 (both are 1800 by default): a broken replica is then out after a minute and restarted half a minute later.",
            dashboard=Dashboard.DEPLOYMENT,
            proof=Proof(
                base={_UNREADY: 2, _READY: 3},
                quiet={_UNREADY: 0},
                description="chat (production), deployment d-one has 2 pods that are not ready, those that start left out; 3 are ready. "
                "They are billed and get no requests. Set stop_traffic_threshold_seconds to 60 and restart_threshold_seconds to 90 (both "
                "are 1800 by default): a broken replica is then out after a minute and restarted half a minute later.",
                cases=_CASES,
            ),
        ),
        Alert(
            "ServingPodsNotReady",
            Severity.INFO,
            Kind.CAUSE,
            f"""
            ({_UNKNOWN} >= $pods)
            unless {_ON} serving:development:flag
            """,
            for_="10m",
            keep_firing_for="5m",
            summary="The cluster does not know the state of some pods.",
            description=name_of
            + ' has {{ $value | printf "%.0f" }} pods whose state is unknown: most often their node does not answer. If it lasts, '
            "terminate the replica or ask the platform's support.",
            extra_labels=("condition",),
            dashboard=Dashboard.DEPLOYMENT,
            proof=Proof(
                base={_UNKNOWN: 2},
                quiet={_UNKNOWN: 0},
                description="chat (production), deployment d-one has 2 pods whose state is unknown: most often their node does not answer. "
                "If it lasts, terminate the replica or ask the platform's support.",
                labels={"condition": "unknown"},
                cases=(
                    Case("just under one pod", Outcome.UNDER, {_UNKNOWN: 0.9}),
                    Case("exactly one", Outcome.AT, {_UNKNOWN: 1}, fires=True),
                    Case("pods in other states", Outcome.GUARD, {_UNKNOWN: None, _FALSE: 5, _READY: 5}),
                    Case("a development deployment", Outcome.GUARD, {"serving:development:flag": 1}),
                    Case("scaled to zero", Outcome.ZERO, {_UNKNOWN: 0}),
                ),
            ),
        ),
    ),
    runbooks={
        "ServingPodsNotReady": Runbook(
            meaning="For fifteen minutes at least one pod was not ready although it was neither starting nor being removed (warning); or "
            "for ten minutes the cluster could not tell the state of a pod (info).",
            impact="An unready pod gets no requests and is billed. The others carry its share; the autoscaler may add a replica that would "
            "not be needed.",
            confirm=(
                Query(
                    "Pods by condition.",
                    'serving:pods:max{model_id=~"$model_id",deployment_id=~"$deployment_id"}',
                ),
                Query(
                    "Starting replicas, which may be unready.",
                    'serving:starting_replicas:max{model_id=~"$model_id",deployment_id=~"$deployment_id"}',
                ),
                Query(
                    "Which replica does not work.",
                    'serving_replica:gpu_utilization_ratio:avg10m{model_id=~"$model_id",deployment_id=~"$deployment_id"}',
                ),
                Query(
                    "Restarts: the liveness check may be at work already.",
                    'serving:restarts:sum2h{model_id=~"$model_id",deployment_id=~"$deployment_id"}',
                ),
            ),
            causes=(
                Cause(
                    "Health check fails on one replica",
                    "One pod, the rest fine; its GPU idle or stuck at 100 %.",
                    "Terminate it (`DELETE /v1/models/{model_id}/deployments/{deployment_id}/replicas/{replica_id}`), and shorten the "
                    "thresholds.",
                ),
                Cause(
                    "Health check fails under load",
                    "Pods become unready when requests in flight are high, and return.",
                    "Make `is_healthy()` answer while the model works, or lower `concurrency_target`.",
                ),
                Cause(
                    "Slow termination",
                    "It began with a scale-down and ends by itself.",
                    "Nothing, unless requests run for very long: then the drain takes as long.",
                ),
                Cause(
                    "Crash loop",
                    "Restarts or failed start-ups beside it.",
                    "See ServingRestartLoop, which silences this alert.",
                ),
            ),
            fix="In the health checks of the deployment set `stop_traffic_threshold_seconds` to 60 and `restart_threshold_seconds` to 90: "
            "with the defaults of 1800 s a broken replica keeps its traffic for half an hour and its place for as long.",
            lies=(
                "Needs the pod-health feature flag; without it this alert never fires (ServingPodHealthBlind says so).",
                "A fleet that loses a replica every few minutes is always draining: the guard then holds the alert back for good.",
                "A pod that turns ready every few minutes begins the fifteen minutes anew.",
            ),
        ),
    },
    fires_on=("one-pod-unready",),
    silent_on=("promotion", "nightly-drain", "single-scale-up", "websocket", "slow-starts", "development"),
)
