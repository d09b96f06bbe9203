"""Alerts of what the data leave out, or contradict."""

from __future__ import annotations

from serving_rules.guards import NOT_DEVELOPMENT
from serving_rules.model import Alert, Case, Dashboard, Kind, Outcome, Proof, Scope, Severity
from serving_rules.promql import WORKSPACE, by, name_of, names, value_of

__all__ = ["ALERTS"]

_NO_THRESHOLD = "the condition is a yes or no"

ALERTS = (
    Alert(
        "ServingPodHealthBlind",
        Severity.INFO,
        Kind.CAUSE,
        f"""
        count {by(WORKSPACE)} (serving:active_replicas:max > 0)
        unless on ({names(WORKSPACE)}) count {by(WORKSPACE)} (serving:pods:max)
        """,
        for_="1h",
        summary="Restarts and readiness are not exported: crash loops are seen late.",
        description='{{ $value | printf "%.0f" }} deployments of workspace {{ $labels.workspace }} run, and none exports pod '
        "readiness or restarts: the platform's pod-health flag is off for the organization. Ask its support to switch it on; until then "
        "crash loops show only through start-ups and status codes.",
        scope=Scope.WORKSPACE,
        dashboard=Dashboard.EXPORTER,
        proof=Proof(
            base={"serving:active_replicas:max": 1},
            quiet={'serving:pods:max{condition="true"}': 1},
            description="1 deployments of workspace w-one run, and none exports pod readiness or restarts: the platform's pod-health "
            "flag is off for the organization. Ask its support to switch it on; until then crash loops show only through start-ups and "
            "status codes.",
            cases=(
                Case(
                    "another deployment's pods are seen: the flag is on",
                    Outcome.GUARD,
                    {'serving:pods:max{deployment_id="d-two",condition="true"}': 1},
                ),
                Case("nothing runs", Outcome.ZERO, {"serving:active_replicas:max": 0}),
                Case("one replica runs", Outcome.AT, {"serving:active_replicas:max": 1}, fires=True),
            ),
            waived={Outcome.UNDER: _NO_THRESHOLD},
        ),
    ),
    Alert(
        "ServingReplicaCountsDisagree",
        Severity.INFO,
        Kind.CAUSE,
        f"""
        serving:replica_counts:difference
        {NOT_DEVELOPMENT}
        """,
        for_="10m",
        summary="Feed and management API count different numbers of active replicas.",
        description="For "
        + name_of
        + " the management API counts "
        + value_of("serving:api_active_replicas:max")
        + " active replicas and the feed "
        + value_of("serving:active_replicas:max")
        + ", for more than half an hour. One of the two is wrong; alerts follow the feed.",
        dashboard=Dashboard.EXPORTER,
        proof=Proof(
            base={
                "serving:replica_counts:difference": 3,
                "serving:api_active_replicas:max": 5,
                "serving:active_replicas:max": 2,
            },
            quiet={"serving:replica_counts:difference": None},
            description="For chat (production), deployment d-one the management API counts 5 active replicas and the feed 2, for "
            "more than half an hour. One of the two is wrong; alerts follow the feed.",
            cases=(
                Case("a live-reload server counts as active", Outcome.GUARD, {"serving:development:flag": 1}),
                Case("the feed says zero", Outcome.ZERO, {"serving:replica_counts:difference": 5}, fires=True),
                Case("the feed says more", Outcome.OVER, {"serving:replica_counts:difference": -1}, fires=True),
            ),
            waived={Outcome.UNDER: "the record has no value while the counts agree", Outcome.AT: "any difference counts"},
        ),
    ),
)
