"""C25, first half: what the platform itself says of a deployment."""

from __future__ import annotations

from serving_rules.guards import NOT_DEVELOPMENT
from serving_rules.model import (
    Alert,
    Case,
    Cause,
    Dashboard,
    Detection,
    Example,
    Inhibition,
    Kind,
    Outcome,
    Proof,
    Query,
    Record,
    Runbook,
    Scope,
    Severity,
    Threshold,
)
from serving_rules.promql import DEPLOYMENT, ENVIRONMENT, MODEL, by, name_of, names, value_of

__all__ = ["DETECTION"]

_FAILED = "DEPLOY_FAILED|BUILD_FAILED|FAILED"
_ON_ITS_WAY = "DEPLOYING|LOADING_MODEL|WAKING_UP|UPDATING"

_ONCE_THERE = "ACTIVE|UNHEALTHY|SCALED_TO_ZERO|WAKING_UP|DEACTIVATING"
"""Statuses that a deployment has only after it was active, or when somebody stops it."""

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
    records=(
        Record(
            "serving:never_started:bool",
            # Two hours, not a day: a range over every status of every deployment is dear, and a deploy that takes longer is stuck,
            # which is another alert.
            f"""
            max {by(DEPLOYMENT)} (serving:status:current{{status="INACTIVE"}})
            and
            max {by(DEPLOYMENT)} (max_over_time(serving:status:current{{status=~"DEPLOYING|LOADING_MODEL"}}[2h]))
            unless
            max {by(DEPLOYMENT)} (max_over_time(serving:status:current{{status=~"{_ONCE_THERE}"}}[2h]))
            """,
            "1 for a deployment that became inactive within 2 hours of deploying without ever having been active.",
            examples=(
                Example(
                    "it deployed for half an hour and is inactive",
                    {
                        'serving:status:current{status="DEPLOYING"}': "1x30 stale",
                        'serving:status:current{status="INACTIVE"}': "_x31 1x60",
                    },
                    "40m",
                    {"serving:never_started:bool": 1},
                ),
                Example(
                    "an hour and fifty minutes later it is still worth saying",
                    {
                        'serving:status:current{status="LOADING_MODEL"}': "1x10 stale",
                        'serving:status:current{status="INACTIVE"}': "_x11 1x200",
                    },
                    "119m",
                    {"serving:never_started:bool": 1},
                ),
                Example(
                    "it was active three hours ago, deployed anew and went",
                    {
                        'serving:status:current{status="ACTIVE"}': "1x10 stale",
                        'serving:status:current{status="DEPLOYING"}': "_x140 1x30 stale",
                        'serving:status:current{status="INACTIVE"}': "_x172 1x60",
                    },
                    "180m",
                    {"serving:never_started:bool": 1},
                ),
                Example(
                    "two hours after the deploy it is history",
                    {
                        'serving:status:current{status="DEPLOYING"}': "1x10 stale",
                        'serving:status:current{status="INACTIVE"}': "_x11 1x200",
                    },
                    "135m",
                    {},
                ),
                Example(
                    "it was active in between, an hour and a half ago",
                    {
                        'serving:status:current{status="DEPLOYING"}': "1x10 stale",
                        'serving:status:current{status="ACTIVE"}': "_x11 1x5 stale",
                        'serving:status:current{status="INACTIVE"}': "_x17 1x200",
                    },
                    "110m",
                    {},
                ),
                Example(
                    "somebody deactivated it while it deployed",
                    {
                        'serving:status:current{status="DEPLOYING"}': "1x10 stale",
                        'serving:status:current{status="DEACTIVATING"}': "_x11 1x2 stale",
                        'serving:status:current{status="INACTIVE"}': "_x14 1x200",
                    },
                    "60m",
                    {},
                ),
                Example(
                    "an old inactive deployment",
                    {'serving:status:current{status="INACTIVE"}': "1x200"},
                    "60m",
                    {},
                ),
                Example(
                    "it still deploys",
                    {'serving:status:current{status="DEPLOYING"}': "1x200"},
                    "60m",
                    {},
                ),
                Example(
                    "the status is unhealthy, not inactive",
                    {
                        'serving:status:current{status="DEPLOYING"}': "1x30 stale",
                        'serving:status:current{status="FAILED"}': "_x31 1x60",
                    },
                    "40m",
                    {},
                ),
            ),
        ),
    ),
    alerts=(
        Alert(
            "ServingDeploymentUnhealthy",
            Severity.CRITICAL,
            Kind.SYMPTOM,
            f"""
            max {by(DEPLOYMENT)} (serving:status:current{{status="UNHEALTHY"}})
            {NOT_DEVELOPMENT}
            """,
            for_="5m",
            keep_firing_for="5m",
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
            ("ServingThrash", "ServingColdStartGap", "ServingConcurrencyTargetTooHigh", "ServingPodsNotReady", "ServingBelowMinReplicas"),
            DEPLOYMENT,
            "A deployment that fails loses and starts replicas; what that looks like is its consequence.",
        ),
        Inhibition(
            "ServingDeploymentFailed",
            ("ServingThrash", "ServingColdStartGap", "ServingConcurrencyTargetTooHigh", "ServingPodsNotReady", "ServingBelowMinReplicas"),
            DEPLOYMENT,
            "A failed deployment has no replicas to speak of.",
        ),
    ),
    runbooks={
        "ServingDeploymentUnhealthy": Runbook(
            meaning="The management API has given the status UNHEALTHY for five minutes: replicas fail their health checks or restart.",
            impact="Requests meet replicas that do not answer, or wait for others. Failing replicas are billed like healthy ones.",
            confirm=(
                Query("The status and how long it has lasted.", 'serving:status_age_seconds:now{model_id=~"$model_id"}'),
                Query("Restarts: a crash loop has its own alert.", "serving:restarts:sum2h"),
                Query("Errors that users see.", 'serving:requests_by_code:rate5m{status_code=~"5.."}'),
                Query("Open start-ups by phase.", "serving:starting_in_phase:max"),
            ),
            causes=(
                Cause("Crash loop", "Restarts or failed start-ups beside the status.", "See ServingRestartLoop."),
                Cause(
                    "Health check fails under load",
                    "No restarts, requests in flight at the slots' limit.",
                    "Make the model's health check cheap, or lower `concurrency_target`.",
                ),
                Cause("Bad version", "It began with a deploy or a promotion.", "Roll back: promote the previous deployment."),
            ),
            fix="Read the deployment's logs around the time when the status changed. If a version is new, promote the previous one; "
            "otherwise follow the cause.",
            lies=(
                "The status is polled, every 30 seconds to 5 minutes by activity: it may lag behind by that much.",
                "One unready replica among many may be enough for the platform to say UNHEALTHY while users notice little.",
            ),
        ),
        "ServingDeploymentFailed": Runbook(
            meaning="A build or a deploy failed; the deployment will not serve by itself.",
            impact="None for users while an environment points elsewhere. The release that somebody started did not happen.",
            confirm=(
                Query("Which status.", 'serving:status:current{status=~"DEPLOY_FAILED|BUILD_FAILED|FAILED",model_id=~"$model_id"}'),
                Query("Does an environment point at it?", 'serving_environment:deployment:info{model_id=~"$model_id"}'),
            ),
            causes=(
                Cause(
                    "The image does not build", "BUILD_FAILED.", "Read the build log; requirements and base image are the usual reasons."
                ),
                Cause(
                    "The model does not load",
                    "DEPLOY_FAILED, start-ups that fail in a late phase.",
                    "Read the log of `load()`: memory, weights, secrets.",
                ),
                Cause("No hardware", "DEPLOY_FAILED after a long wait in scheduling.", "Another instance type or region."),
            ),
            fix="Fix the cause and deploy again; deactivate or delete the failed deployment, which also ends this alert.",
            lies=("Failed deployments keep their status for ever: one that nobody needs should be deleted.",),
        ),
        "ServingDeploymentStuck": Runbook(
            meaning="The deployment has been deploying, loading, waking or updating for longer than twenty minutes and than twice its "
            "own "
            "start-up time.",
            impact="From zero, users wait or fail. A release waits.",
            confirm=(
                Query("How long.", 'serving:status_age_seconds:now{model_id=~"$model_id"}'),
                Query("In which phase the start-ups hang.", "serving:starting_in_phase:max"),
                Query("How the last start-ups ended.", "serving:startups:increase1h"),
            ),
            causes=(
                Cause(
                    "No hardware",
                    "Start-ups open in the phase `scheduling`.",
                    "Another instance type or region; ask the platform's support.",
                ),
                Cause(
                    "Slow weights", "The phase `weight_download` dominates.", "Mirror the weights through the platform's delivery network."
                ),
                Cause("It crashes on load", "Start-ups that fail in `container_start` or `readiness`.", "Read the log of `load()`."),
            ),
            fix="Tell the three causes apart by the phase; without the start-ups API, look at the deployment's log: no line at all means "
            "no hardware.",
            lies=(
                "Very large models may take longer than twenty minutes on a first deploy: set `stuck_seconds` for the model.",
                "The time counts from when the exporter first saw the status; a restart without a state file begins anew.",
            ),
        ),
        "ServingDeploymentNeverStarted": Runbook(
            meaning="Within two hours the deployment was deploying, and it is inactive now; it was never active in between.",
            impact="The release did not happen, and nothing says so: there is no failed status and often no log.",
            confirm=(
                Query("It is inactive.", 'serving:status:current{status="INACTIVE",model_id=~"$model_id"}'),
                Query("How its start-ups ended.", "serving:startups:increase1h"),
            ),
            causes=(
                Cause("It never got hardware", "No log lines, start-ups that stalled.", "Another instance type or region."),
                Cause("Somebody stopped it", "An entry in the audit log.", "Nothing: it was meant."),
            ),
            fix="Deploy again on an instance type that is to be had; ask the platform's support for the scarce one.",
            lies=("A deactivation that falls between two polls of the status looks the same.",),
        ),
        "ServingEnvironmentBroken": Runbook(
            meaning="The environment's current deployment has a failed status, and another deployment of the same model is active.",
            impact="Every request to the environment fails.",
            confirm=(
                Query("Where the environment points.", 'serving_environment:deployment:info{model_id=~"$model_id"}'),
                Query("The status of the model's deployments.", 'serving:status:current{model_id=~"$model_id"}'),
            ),
            causes=(
                Cause("The first deployment failed", "The environment has never served.", "Promote the active deployment."),
                Cause("A deploy broke what served", "It served before.", "Promote the previous deployment."),
            ),
            fix="Promote the active deployment to the environment (`POST /v1/models/{model_id}/environments/{environment}/promote`).",
            lies=("An environment that nobody uses any more may point anywhere: delete it.",),
        ),
    },
    fires_on=("no-hardware", "crash-on-load", "unhealthy"),
    silent_on=("first-deployment", "promotion", "nightly-drain"),
)
