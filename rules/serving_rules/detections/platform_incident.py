"""P1: many models in trouble at once: the platform, not the models."""

from __future__ import annotations

from serving_rules.guards import NOT_DEVELOPMENT
from serving_rules.model import (
    EVERYTHING,
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
from serving_rules.promql import DEPLOYMENT, MODEL, WORKSPACE, by, names, value_of

__all__ = ["DETECTION"]

_CODES = "serving:requests_by_code:rate5m"
_MODELS = "serving_workspace:models:count"

DETECTION = Detection(
    id="P1",
    slug="platform_incident",
    title="Platform incident: many models in trouble at once",
    catches="Errors or unhealthy deployments in most of a workspace's models at the same time: one page for the platform instead of one "
    "for each model.",
    origins=(),
    thresholds=(
        Threshold(
            "error_share",
            0.1,
            "Share of 5xx among a deployment's answers from which it counts as in trouble. A model of its own rarely fails one request in "
            "ten; an outage fails more.",
            minimum=0.001,
            maximum=1,
            unit="ratio",
        ),
        Threshold(
            "models",
            4,
            "Models in trouble at once. Two or three may share a bug, a dependency or a client; four at a time hardly do.",
            minimum=2,
            maximum=1000,
            scope=Scope.WORKSPACE,
        ),
        Threshold(
            "share",
            0.5,
            "Share of the models at work that must be in trouble: in a workspace with hundreds of models four are always in trouble.",
            minimum=0.01,
            maximum=1,
            unit="ratio",
            scope=Scope.WORKSPACE,
        ),
    ),
    records=(
        Record(
            "serving:trouble:bool",
            # Ten requests in five minutes: one error among two requests is no sign of anything.
            f"""
            (
              (
                sum {by(DEPLOYMENT)} ({_CODES}{{status_code=~"5.."}})
                > $error_share * sum {by(DEPLOYMENT)} ({_CODES})
              ) * 0 + 1
              and (300 * sum {by(DEPLOYMENT)} ({_CODES}) >= 10)
            )
            or max {by(DEPLOYMENT)} (serving:status:current{{status="UNHEALTHY"}})
            """,
            "1 for deployments that answer many requests with 5xx or that the platform calls unhealthy.",
            examples=(
                Example(
                    "one in eight answers is an error",
                    {f'{_CODES}{{status_code="200"}}': 7, f'{_CODES}{{status_code="503"}}': 1},
                    "1m",
                    {"serving:trouble:bool": 1},
                ),
                Example(
                    "exactly one in ten is not yet trouble",
                    {f'{_CODES}{{status_code="200"}}': 9, f'{_CODES}{{status_code="500"}}': 1},
                    "1m",
                    {},
                ),
                Example(
                    "two kinds of errors add up",
                    {f'{_CODES}{{status_code="200"}}': 17, f'{_CODES}{{status_code="500"}}': 1.5, f'{_CODES}{{status_code="502"}}': 1.5},
                    "1m",
                    {"serving:trouble:bool": 1},
                ),
                Example(
                    "the caller's own mistakes are no trouble",
                    {f'{_CODES}{{status_code="200"}}': 1, f'{_CODES}{{status_code="400"}}': 9},
                    "1m",
                    {},
                ),
                Example(
                    "close codes of WebSockets are no errors",
                    {f'{_CODES}{{status_code="1000"}}': 1, f'{_CODES}{{status_code="1005"}}': 9},
                    "1m",
                    {},
                ),
                Example(
                    "nine requests in five minutes are too few",
                    {f'{_CODES}{{status_code="500"}}': 9 / 300},
                    "1m",
                    {},
                ),
                Example(
                    "ten are enough",
                    {f'{_CODES}{{status_code="500"}}': 10 / 300},
                    "1m",
                    {"serving:trouble:bool": 1},
                ),
                Example(
                    "thirty requests, four of them errors",
                    {f'{_CODES}{{status_code="200"}}': 13 / 512, f'{_CODES}{{status_code="500"}}': 7 / 512},
                    "1m",
                    {"serving:trouble:bool": 1},
                ),
                Example(
                    "unhealthy without requests",
                    {'serving:status:current{status="UNHEALTHY"}': 1},
                    "1m",
                    {"serving:trouble:bool": 1},
                ),
                Example(
                    "active without requests",
                    {'serving:status:current{status="ACTIVE"}': 1},
                    "1m",
                    {},
                ),
            ),
        ),
        Record(
            "serving_workspace:troubled_models:count",
            f"""
            count {by(WORKSPACE)} (
              max {by(MODEL)} (
                serving:trouble:bool
                {NOT_DEVELOPMENT}
              )
            )
            """,
            "Models with a deployment in trouble, development deployments left out.",
            examples=(
                Example(
                    "two deployments of one model and one of another",
                    {
                        'serving:status:current{status="UNHEALTHY"}': 1,
                        'serving:status:current{deployment_id="d-two",status="UNHEALTHY"}': 1,
                        'serving:status:current{model_id="m-two",status="UNHEALTHY"}': 1,
                        'serving:status:current{model_id="m-three",status="UNHEALTHY"}': 1,
                        'serving:development:flag{model_id="m-three"}': 1,
                    },
                    "1m",
                    {"serving_workspace:troubled_models:count": 2},
                ),
                Example("all is well", {'serving:status:current{status="ACTIVE"}': 1}, "1m", {}),
            ),
        ),
        Record(
            _MODELS,
            f"""
            count {by(WORKSPACE)} (
              max {by(MODEL)} (
                (
                  (sum {by(DEPLOYMENT)} ({_CODES}) > 0)
                  or (serving:active_replicas:max > 0)
                  or serving:trouble:bool
                )
                {NOT_DEVELOPMENT}
              )
            )
            """,
            "Models at work: with requests, with active replicas or in trouble; development deployments left out.",
            examples=(
                Example(
                    "two with requests, one with replicas, one unhealthy, one idle at zero, one in development",
                    {
                        f'{_CODES}{{status_code="200"}}': 0.5,
                        'serving:active_replicas:max{deployment_id="d-two"}': 1,
                        'serving:active_replicas:max{model_id="m-two"}': 0.5,
                        'serving:status:current{model_id="m-three",status="UNHEALTHY"}': 1,
                        'serving:active_replicas:max{model_id="m-four"}': 0,
                        f'{_CODES}{{model_id="m-four",status_code="200"}}': 0,
                        f'{_CODES}{{model_id="m-six",status_code="200"}}': 0.5,
                        f'{_CODES}{{model_id="m-six",status_code="500"}}': 0,
                        'serving:active_replicas:max{model_id="m-five"}': 1,
                        'serving:development:flag{model_id="m-five"}': 1,
                    },
                    "1m",
                    {_MODELS: 4},
                ),
                Example("nothing runs", {"serving:active_replicas:max": 0}, "1m", {}),
            ),
        ),
    ),
    alerts=(
        Alert(
            "ServingPlatformIncident",
            Severity.CRITICAL,
            Kind.CAUSE,
            f"""
            (serving_workspace:troubled_models:count >= $models)
            and (serving_workspace:troubled_models:count / {_MODELS} >= $share)
            """,
            for_="3m",
            keep_firing_for="15m",
            summary="Most models of a workspace are in trouble at once.",
            description="""{{ $value | printf "%.0f" }} of """
            + value_of(_MODELS, labels=WORKSPACE)
            + " models at work in workspace {{ $labels.workspace }} are unhealthy or answer many requests with 5xx. Look at the "
            "platform's status page before looking at models; their own alerts are held back meanwhile.",
            scope=Scope.WORKSPACE,
            dashboard=Dashboard.FLEET,
            proof=Proof(
                base={"serving_workspace:troubled_models:count": 4, _MODELS: 8},
                quiet={"serving_workspace:troubled_models:count": 1},
                description="4 of 8 models at work in workspace w-one are unhealthy or answer many requests with 5xx. Look at the "
                "platform's status page before looking at models; their own alerts are held back meanwhile.",
                cases=(
                    Case("three models, all there are", Outcome.UNDER, {"serving_workspace:troubled_models:count": 3, _MODELS: 3}),
                    Case("four models, all there are", Outcome.AT, {_MODELS: 4}, fires=True),
                    Case("four of nine", Outcome.UNDER, {_MODELS: 9}),
                    Case("four of eight", Outcome.AT, {_MODELS: 8}, fires=True),
                    Case("four of hundreds", Outcome.GUARD, {_MODELS: 400}),
                    Case("four unhealthy models, and none at work", Outcome.ZERO, {_MODELS: None}),
                ),
            ),
        ),
    ),
    inhibitions=(
        Inhibition(
            "ServingPlatformIncident",
            EVERYTHING,
            WORKSPACE,
            "One page for the platform instead of one for each model.",
            spares=("telemetry",),
        ),
    ),
    runbooks={
        "ServingPlatformIncident": Runbook(
            meaning="At least four models, and at least half of those at work, are in trouble at the same time.",
            impact="Users of most models get errors. Alerts on single models are held back: this page stands for all of them.",
            confirm=(
                Query("Which models.", f"max {by(MODEL)} (serving:trouble:bool)"),
                Query("Which answers.", f'sum by ({names(WORKSPACE)}, status_code) ({_CODES}{{status_code=~"5.."}})'),
                Query("Statuses over the workspace.", f"count by ({names(WORKSPACE)}, status) (serving:status:current)"),
            ),
            causes=(
                Cause(
                    "The platform is down or degraded",
                    "Its status page says so; models without any change fail.",
                    "Wait; tell users; do not redeploy.",
                ),
                Cause("A dependency of yours", "The failing models share a database, a bucket or a secret.", "Restore the dependency."),
                Cause("A change of yours", "Several deploys or settings changes just before.", "Roll them back."),
            ),
            fix="Look at the platform's status page and at what the failing models have in common. Redeploying during an outage makes "
            "the way back longer: starts compete for what works.",
            lies=(
                "Models that share a client with a bad release fail together without the platform's doing.",
                "A workspace with fewer than four models at work never fires this alert.",
            ),
        ),
    },
    fires_on=("platform-incident",),
    silent_on=("error-burst", "unhealthy", "diurnal"),
)
