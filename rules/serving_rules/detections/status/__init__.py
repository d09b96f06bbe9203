"""C25, first half: what the platform itself says of a deployment."""

from __future__ import annotations

from serving_rules.detections.status.records import RECORDS
from serving_rules.detections.status.runbooks import RUNBOOKS
from serving_rules.guards import NOT_DEVELOPMENT
from serving_rules.model import (
    Alert,
    Case,
    Dashboard,
    Detection,
    Inhibition,
    Kind,
    Outcome,
    Proof,
    Scope,
    Severity,
    Threshold,
)
from serving_rules.promql import DEPLOYMENT, ENVIRONMENT, MODEL, by, name_of, names, value_of

__all__ = ["DETECTION"]

_FAILED = "DEPLOY_FAILED|BUILD_FAILED|FAILED"
_ON_ITS_WAY = "DEPLOYING|LOADING_MODEL|WAKING_UP|UPDATING"

_IDLE = 'serving:status:current{status="SCALED_TO_ZERO"}'

_NO_THRESHOLD = "a status is there or is not"

DETECTION = Detection(
    id="C25",
    slug="status",
    title="Status: unhealthy, failed, stuck on its way",
    catches="Deployments that the platform calls unhealthy or failed, that never arrive at ACTIVE, and environments that point at a "
    "failed "
    "deployment.",
    origins=("T3",),
    thresholds=(
        Threshold(
            "stuck_seconds",
            1200,
            "Longest time on the way (deploying, loading, waking, updating) that is accepted without question: above every ordinary "
            "start, "
            "below the "
            "platform's start-up threshold of 1800 s. Where the start-up time is known, twice that counts when it is longer.",
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
            proof=Proof(
                base={
                    'serving:status:current{status="UNHEALTHY"}': 1,
                    "serving:status_age_seconds:now": 330,
                    "serving:active_replicas:max": 0,
                    "serving:restarts:sum2h": 6,
                },
                quiet={'serving:status:current{status="UNHEALTHY"}': None, 'serving:status:current{status="ACTIVE"}': 1},
                description="chat (production), deployment d-one has been UNHEALTHY for 5m 30s with 0 active replicas. Restarts in 2 "
                "hours: 6.",
                cases=(
                    Case(
                        "a development deployment breaks while its author works",
                        Outcome.GUARD,
                        {"serving:development:flag": 1},
                    ),
                    Case(
                        "a candidate that was withdrawn keeps the status: nothing runs, waits or is asked for",
                        Outcome.GUARD,
                        {"serving:restart_loop:stopped": 1},
                    ),
                    Case(
                        "another status",
                        Outcome.OVER,
                        {'serving:status:current{status="UNHEALTHY"}': None, 'serving:status:current{status="LOADING_MODEL"}': 1},
                    ),
                    Case(
                        "scaled to zero",
                        Outcome.ZERO,
                        {'serving:status:current{status="UNHEALTHY"}': None, _IDLE: 1},
                    ),
                ),
                waived={Outcome.UNDER: _NO_THRESHOLD, Outcome.AT: _NO_THRESHOLD},
            ),
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
            proof=Proof(
                base={'serving:status:current{status="BUILD_FAILED"}': 1, "serving:status_age_seconds:now": 60},
                quiet={'serving:status:current{status="BUILD_FAILED"}': None, 'serving:status:current{status="ACTIVE"}': 1},
                description="chat (production), deployment d-one has the status BUILD_FAILED, for 1m 0s. Its logs say why; what served "
                "before still serves, "
                "unless an environment points here.",
                cases=(
                    Case(
                        "a failed deploy",
                        Outcome.OVER,
                        {'serving:status:current{status="BUILD_FAILED"}': None, 'serving:status:current{status="DEPLOY_FAILED"}': 1},
                        fires=True,
                        labels={"status": "DEPLOY_FAILED"},
                    ),
                    Case(
                        "failed without more",
                        Outcome.OVER,
                        {'serving:status:current{status="BUILD_FAILED"}': None, 'serving:status:current{status="FAILED"}': 1},
                        fires=True,
                        labels={"status": "FAILED"},
                    ),
                    Case(
                        "a build that somebody stopped",
                        Outcome.GUARD,
                        {'serving:status:current{status="BUILD_FAILED"}': None, 'serving:status:current{status="BUILD_STOPPED"}': 1},
                    ),
                    Case(
                        "scaled to zero",
                        Outcome.ZERO,
                        {'serving:status:current{status="BUILD_FAILED"}': None, _IDLE: 1},
                    ),
                ),
                waived={Outcome.UNDER: _NO_THRESHOLD, Outcome.AT: _NO_THRESHOLD},
                labels={"status": "BUILD_FAILED"},
            ),
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
            proof=Proof(
                base={
                    "serving:status_age_seconds:now": 1201,
                    'serving:status:current{status="DEPLOYING"}': 1,
                    "serving:startup_seconds:typical": 120,
                },
                quiet={'serving:status:current{status="DEPLOYING"}': None, 'serving:status:current{status="ACTIVE"}': 1},
                description="chat (production), deployment d-one has been deploying, loading, waking or updating for 20m 1s; a start "
                "takes "
                "2m 0s. Without "
                "hardware it waits and then goes INACTIVE without a log line: try another instance type or region.",
                cases=(
                    Case("exactly twenty minutes", Outcome.UNDER, {"serving:status_age_seconds:now": 1200}),
                    Case(
                        "exactly twenty minutes, start-up time unknown",
                        Outcome.UNDER,
                        {"serving:status_age_seconds:now": 1200, "serving:startup_seconds:typical": None},
                    ),
                    Case(
                        "a second more, start-up time unknown",
                        Outcome.AT,
                        {"serving:startup_seconds:typical": None},
                        fires=True,
                        description="chat (production), deployment d-one has been deploying, loading, waking or updating for 20m 1s; a "
                        "start takes an "
                        "unknown time. Without hardware it waits and then goes INACTIVE without a log line: try another instance type or "
                        "region.",
                    ),
                    Case(
                        "a model that starts in eleven minutes may take twenty-two",
                        Outcome.UNDER,
                        {"serving:startup_seconds:typical": 660, "serving:status_age_seconds:now": 1320},
                    ),
                    Case(
                        "and not longer",
                        Outcome.AT,
                        {"serving:startup_seconds:typical": 660, "serving:status_age_seconds:now": 1321},
                        fires=True,
                    ),
                    Case(
                        "a long build is no stuck start",
                        Outcome.GUARD,
                        {'serving:status:current{status="DEPLOYING"}': None, 'serving:status:current{status="BUILDING"}': 1},
                    ),
                    Case(
                        "waking up",
                        Outcome.OVER,
                        {'serving:status:current{status="DEPLOYING"}': None, 'serving:status:current{status="WAKING_UP"}': 1},
                        fires=True,
                    ),
                    Case(
                        "loading the model",
                        Outcome.OVER,
                        {'serving:status:current{status="DEPLOYING"}': None, 'serving:status:current{status="LOADING_MODEL"}': 1},
                        fires=True,
                    ),
                    Case(
                        "updating",
                        Outcome.OVER,
                        {'serving:status:current{status="DEPLOYING"}': None, 'serving:status:current{status="UPDATING"}': 1},
                        fires=True,
                    ),
                    Case(
                        "scaled to zero for hours",
                        Outcome.ZERO,
                        {'serving:status:current{status="DEPLOYING"}': None, _IDLE: 1},
                    ),
                ),
            ),
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
            proof=Proof(
                base={"serving:never_started:bool": 1},
                quiet={"serving:never_started:bool": None},
                description="chat (production), deployment d-one was deploying and is now INACTIVE; it was never active in between. Most "
                "often it never "
                "got its hardware: instance type A10Gx4x16.",
                cases=(),
                waived={
                    Outcome.UNDER: _NO_THRESHOLD,
                    Outcome.AT: _NO_THRESHOLD,
                    Outcome.GUARD: "the condition is a record, whose examples hold its guards",
                    Outcome.ZERO: "the record excludes deployments that were scaled to zero; an example shows it",
                },
            ),
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
            proof=Proof(
                base={
                    'serving_environment:deployment:info{deployment_id="d-one"}': 1,
                    'serving:status:current{status="FAILED"}': 1,
                    'serving:status:current{deployment_id="d-two",status="ACTIVE"}': 1,
                },
                quiet={'serving:status:current{status="FAILED"}': None, 'serving:status:current{status="ACTIVE"}': 1},
                description="chat (production) sends its requests to a deployment that failed, although another deployment of the model "
                "is "
                "active. Promote "
                "the active one.",
                cases=(
                    Case(
                        "no other deployment is active",
                        Outcome.GUARD,
                        {
                            'serving:status:current{deployment_id="d-two",status="ACTIVE"}': None,
                            'serving:status:current{deployment_id="d-two",status="INACTIVE"}': 1,
                        },
                    ),
                    Case(
                        "the failed one is not the environment's",
                        Outcome.GUARD,
                        {
                            'serving_environment:deployment:info{deployment_id="d-one"}': None,
                            'serving_environment:deployment:info{deployment_id="d-two"}': 1,
                        },
                    ),
                    Case(
                        "the environment's deployment is scaled to zero",
                        Outcome.ZERO,
                        {'serving:status:current{status="FAILED"}': None, _IDLE: 1},
                    ),
                ),
                waived={Outcome.UNDER: _NO_THRESHOLD, Outcome.AT: _NO_THRESHOLD},
            ),
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
