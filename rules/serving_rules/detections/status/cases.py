"""Proofs of the alerts on what the platform says of a deployment."""

from __future__ import annotations

from serving_rules.model import Case, Outcome, Proof

__all__ = ["BROKEN", "FAILED", "NEVER_STARTED", "STUCK", "UNHEALTHY"]

_IDLE = 'serving:status:current{status="SCALED_TO_ZERO"}'
_NO_THRESHOLD = "a status is there or is not"

UNHEALTHY = Proof(
    base={
        'serving:status:current{status="UNHEALTHY"}': 1,
        "serving:status_age_seconds:now": 330,
        "serving:active_replicas:max": 0,
        "serving:restarts:sum2h": 6,
    },
    quiet={'serving:status:current{status="UNHEALTHY"}': None, 'serving:status:current{status="ACTIVE"}': 1},
    description="chat (production), deployment d-one has been UNHEALTHY for 5m 30s with 0 active replicas. Restarts in 2 hours: 6.",
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
)

FAILED = Proof(
    base={'serving:status:current{status="BUILD_FAILED"}': 1, "serving:status_age_seconds:now": 60},
    quiet={'serving:status:current{status="BUILD_FAILED"}': None, 'serving:status:current{status="ACTIVE"}': 1},
    description="chat (production), deployment d-one has the status BUILD_FAILED, for 1m 0s. Its logs say why; what served "
    "before still serves, unless an environment points here.",
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
)

STUCK = Proof(
    base={
        "serving:status_age_seconds:now": 1201,
        'serving:status:current{status="DEPLOYING"}': 1,
        "serving:startup_seconds:typical": 120,
    },
    quiet={'serving:status:current{status="DEPLOYING"}': None, 'serving:status:current{status="ACTIVE"}': 1},
    description="chat (production), deployment d-one has been deploying, loading, waking or updating for 20m 1s; a start "
    "takes 2m 0s. Without hardware it waits and then goes INACTIVE without a log line: try another instance type or region.",
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
            "start takes an unknown time. Without hardware it waits and then goes INACTIVE without a log line: try another instance type "
            "or region.",
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
)

NEVER_STARTED = Proof(
    base={"serving:never_started:bool": 1},
    quiet={"serving:never_started:bool": None},
    description="chat (production), deployment d-one was deploying and is now INACTIVE; it was never active in between. Most "
    "often it never got its hardware: instance type A10Gx4x16.",
    cases=(),
    waived={
        Outcome.UNDER: _NO_THRESHOLD,
        Outcome.AT: _NO_THRESHOLD,
        Outcome.GUARD: "the condition is a record, whose examples hold its guards",
        Outcome.ZERO: "the record excludes deployments that were scaled to zero; an example shows it",
    },
)

BROKEN = Proof(
    base={
        'serving_environment:deployment:info{deployment_id="d-one"}': 1,
        'serving:status:current{status="FAILED"}': 1,
        'serving:status:current{deployment_id="d-two",status="ACTIVE"}': 1,
    },
    quiet={'serving:status:current{status="FAILED"}': None, 'serving:status:current{status="ACTIVE"}': 1},
    description="chat (production) sends its requests to a deployment that failed, although another deployment of the model "
    "is active. Promote the active one.",
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
)
