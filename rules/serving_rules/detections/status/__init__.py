"""C25, first half: what the platform itself says of a deployment."""

from __future__ import annotations

from serving_rules.detections.status import cases
from serving_rules.detections.status.records import RECORDS
from serving_rules.detections.status.runbooks import RUNBOOKS
from serving_rules.guards import NOT_DEVELOPMENT
from serving_rules.model import (
    Alert,
    Dashboard,
    Detection,
    Inhibition,
    Kind,
    Scope,
    Severity,
    Threshold,
)
from serving_rules.promql import DEPLOYMENT, ENVIRONMENT, MODEL, by, name_of, names, value_of

__all__ = ["DETECTION"]

_FAILED = "DEPLOY_FAILED|BUILD_FAILED|FAILED"
_ON_ITS_WAY = "DEPLOYING|LOADING_MODEL|WAKING_UP|UPDATING"


DETECTION = Detection(
    id="C25",
    slug="status",
    title="Status: unhealthy, failed, stuck on its way",
    catches="Deployments that the platform calls unhealthy or failed, that never arrive at ACTIVE, and environments that point at a "
    "failed deployment.",
    origins=("T3",),
    thresholds=(
        Threshold(
            "stuck_seconds",
            1200,
            "Longest time on the way (deploying, loading, waking, updating) that is accepted without question: above every ordinary "
            "start, below the platform's start-up threshold of 1800 s. Where the start-up time is known, twice that counts when it is "
            "longer.",
            minimum=60,
            maximum=86_400,
            unit="s",
        ),
        Threshold(
            "start_factor",
            2,
            "How many of its own start-ups a deployment may be on its way.",
            minimum=1,
            maximum=20,
        ),
    ),
    records=RECORDS,
    alerts=(
        Alert(
            "ServingDeploymentUnhealthy",
            Severity.CRITICAL,
            Kind.SYMPTOM,
            f"""
            max {by(DEPLOYMENT)} (serving:status:current{{status="UNHEALTHY"}})
            {NOT_DEVELOPMENT}
            unless serving:restart_loop:stopped
            """,
            for_="5m",
            keep_firing_for="30m",  # longer than the parked requests that it silences, which end later
            summary="The platform calls a deployment unhealthy.",
            description=name_of
            + " has been UNHEALTHY for "
            + value_of("serving:status_age_seconds:now", form="humanizeDuration")
            + " with "
            + value_of("serving:active_replicas:max")
            + " active replicas. Restarts in 2 hours: "
            + value_of("serving:restarts:sum2h")
            + ".",
            dashboard=Dashboard.DEPLOYMENT,
            proof=cases.UNHEALTHY,
        ),
        Alert(
            "ServingDeploymentFailed",
            Severity.WARNING,
            Kind.CAUSE,
            f'serving:status:current{{status=~"{_FAILED}"}}',
            for_="0m",
            summary="A deployment failed.",
            description=name_of
            + " has the status {{ $labels.status }}, for "
            + value_of("serving:status_age_seconds:now", form="humanizeDuration")
            + ". Its logs say why; what served before still serves, unless an environment points here.",
            extra_labels=("status",),
            dashboard=Dashboard.DEPLOYMENT,
            proof=cases.FAILED,
        ),
        Alert(
            "ServingDeploymentStuck",
            Severity.WARNING,
            Kind.CAUSE,
            f"""
            (
              ((serving:status_age_seconds:now > $start_factor * serving:startup_seconds:typical) > $stuck_seconds)
              or
              ((serving:status_age_seconds:now unless serving:startup_seconds:typical) > $stuck_seconds)
            )
            and on ({names(DEPLOYMENT)}) serving:status:current{{status=~"{_ON_ITS_WAY}"}}
            """,
            for_="2m",
            keep_firing_for="5m",
            summary="A deployment has been on its way for too long.",
            description=name_of
            + " has been deploying, loading, waking or updating for {{ $value | humanizeDuration }}; a start takes "
            + value_of("serving:startup_seconds:typical", form="humanizeDuration", otherwise="an unknown time")
            + ". Without hardware it waits and then goes INACTIVE without a log line: try another instance type or region.",
            dashboard=Dashboard.DEPLOYMENT,
            proof=cases.STUCK,
        ),
        Alert(
            "ServingDeploymentNeverStarted",
            Severity.WARNING,
            Kind.CAUSE,
            "serving:never_started:bool",
            for_="0m",
            summary="A deployment went inactive without ever having been active.",
            description=name_of
            + " was deploying and is now INACTIVE; it was never active in between. Most often it never got its hardware: instance type "
            '{{ or $labels.instance_type "unknown" }}.',
            dashboard=Dashboard.DEPLOYMENT,
            proof=cases.NEVER_STARTED,
        ),
        Alert(
            "ServingEnvironmentBroken",
            Severity.CRITICAL,
            Kind.SYMPTOM,
            f"""
            max {by(ENVIRONMENT)} (
              serving_environment:deployment:info
              and on ({names(DEPLOYMENT)}) serving:status:current{{status=~"{_FAILED}"}}
            )
            and on ({names(MODEL)}) serving:status:current{{status="ACTIVE"}}
            """,
            for_="5m",
            summary="An environment points at a failed deployment while another is active.",
            description=name_of
            + " sends its requests to a deployment that failed, although another deployment of the model is active. Promote the active "
            "one.",
            scope=Scope.ENVIRONMENT,
            dashboard=Dashboard.DEPLOYMENT,
            proof=cases.BROKEN,
        ),
    ),
    inhibitions=(
        Inhibition(
            "ServingDeploymentUnhealthy",
            (
                "ServingThrash",
                "ServingColdStartGap",
                "ServingConcurrencyTargetTooHigh",
                "ServingPodsNotReady",
                "ServingBelowMinReplicas",
                "ServingRequestsParked",
                "ServingRequestsExpired",
            ),
            DEPLOYMENT,
            "A deployment that fails loses and starts replicas, and its requests wait; what that looks like is its consequence.",
        ),
        Inhibition(
            "ServingDeploymentFailed",
            ("ServingThrash", "ServingColdStartGap", "ServingConcurrencyTargetTooHigh", "ServingPodsNotReady", "ServingBelowMinReplicas"),
            DEPLOYMENT,
            "A failed deployment has no replicas to speak of.",
        ),
    ),
    runbooks=RUNBOOKS,
    fires_on=("no-hardware", "crash-on-load", "unhealthy"),
    silent_on=("first-deployment", "promotion", "nightly-drain"),
)
