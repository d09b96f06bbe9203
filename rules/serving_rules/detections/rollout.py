"""C25, second half: promotions that do not move, and candidates that should not be promoted."""

from __future__ import annotations

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
    Scope,
    Severity,
    Threshold,
)
from serving_rules.promql import ENVIRONMENT, by, name_of, names, value_of

__all__ = ["DETECTION"]

_OVER = "PAUSED|SUCCEEDED|FAILED|CANCELED"

_RUNNING = f"""
max {by(ENVIRONMENT)} (serving_environment:promotion_status:current{{status!~"{_OVER}"}})
"""

_PHASES = "serving_environment:phase_requests:rate5m"

_TWENTY = 20 / 300
"""A rate of exactly twenty requests in five minutes."""

_COST = (
    " Both versions together cost $"
    + value_of("serving_environment:rollout_dollars_per_hour:cost", labels=ENVIRONMENT, form='printf "%.2f"')
    + " an hour."
)

_NO_ZERO = "an environment in a promotion has at least one replica on each side"

DETECTION = Detection(
    id="C25",
    slug="rollout",
    title="Rollout: stuck, forgotten, or with a bad candidate",
    catches="Promotions whose traffic has not moved for an hour, promotions left paused, and candidates that fail more requests than the "
    "version they replace.",
    origins=(),
    thresholds=(
        Threshold(
            "error_factor",
            2,
            "How many times the stable version's error share a candidate may have. Twice leaves room for a candidate that is still "
            "warming "
            "up.",
            minimum=1,
            maximum=100,
            scope=Scope.ENVIRONMENT,
        ),
        Threshold(
            "error_margin",
            0.01,
            "Share of errors that is added on top: without it, twice nothing would page for the first error.",
            minimum=0,
            maximum=1,
            unit="ratio",
            scope=Scope.ENVIRONMENT,
        ),
        Threshold(
            "requests",
            20,
            "Requests that each version must have answered in 5 minutes: fewer say nothing about shares of one in a hundred.",
            minimum=1,
            maximum=100_000,
            scope=Scope.ENVIRONMENT,
            matching=f"on ({names(ENVIRONMENT)}) group_left ()",
        ),
    ),
    records=(
        Record(
            "serving_environment:promotion:running",
            _RUNNING,
            "1 while a promotion is on its way: in progress, and not paused by somebody.",
            examples=(
                Example(
                    "ramping up",
                    {'serving_environment:promotion_status:current{status="RAMPING_UP"}': 1},
                    "1m",
                    {"serving_environment:promotion:running": 1},
                ),
                Example("paused", {'serving_environment:promotion_status:current{status="PAUSED"}': 1}, "1m", {}),
                Example("over", {'serving_environment:promotion_status:current{status="SUCCEEDED"}': 1}, "1m", {}),
                Example("failed", {'serving_environment:promotion_status:current{status="FAILED"}': 1}, "1m", {}),
                Example("canceled", {'serving_environment:promotion_status:current{status="CANCELED"}': 1}, "1m", {}),
            ),
        ),
        Record(
            "serving_environment:promotion_traffic_ratio:changes1h",
            "changes(serving_environment:promotion_traffic_ratio:current[1h])",
            "How often the candidate's share of traffic changed in the last hour.",
            examples=(
                Example(
                    "two steps within the hour; one before it does not count",
                    {"serving_environment:promotion_traffic_ratio:current": "0x10 0.1x40 0.2x30 0.5x60"},
                    "110m",
                    {"serving_environment:promotion_traffic_ratio:changes1h": 2},
                ),
                Example(
                    "a step 40 minutes ago",
                    {"serving_environment:promotion_traffic_ratio:current": "0.1x60 0.2x60"},
                    "100m",
                    {"serving_environment:promotion_traffic_ratio:changes1h": 1},
                ),
            ),
        ),
        Record(
            "serving_environment:promotion_paused:count4h",
            'count_over_time(serving_environment:promotion_status:current{status="PAUSED"}[4h])',
            "Minutes of the last four hours in which a promotion was paused.",
            examples=(
                Example(
                    "paused for three hours",
                    {'serving_environment:promotion_status:current{status="PAUSED"}': "_x10 1x179"},
                    "200m",
                    {'serving_environment:promotion_paused:count4h{status="PAUSED"}': 180},
                ),
                Example("moving", {'serving_environment:promotion_status:current{status="RAMPING_UP"}': 1}, "200m", {}),
            ),
        ),
        Record(
            "serving_environment:rollout_dollars_per_hour:cost",
            f"""
            sum {by(ENVIRONMENT)} (
              serving:cost_dollars_per_hour:active
              * on (platform, workspace, model_id, deployment_id) group_left (environment)
              serving:deployment:info{{environment!=""}}
            )
            """,
            "What all deployments of an environment cost together, US dollars an hour.",
            examples=(
                Example(
                    "two versions of one environment, and a deployment of none",
                    {
                        "serving:cost_dollars_per_hour:active": 3,
                        'serving:cost_dollars_per_hour:active{deployment_id="d-two"}': 4,
                        'serving:cost_dollars_per_hour:active{deployment_id="d-three"}': 9,
                        'serving:deployment:info{environment="production"}': 1,
                        'serving:deployment:info{deployment_id="d-two",environment="production"}': 1,
                        'serving:deployment:info{deployment_id="d-three",environment=""}': 1,
                    },
                    "1m",
                    {"serving_environment:rollout_dollars_per_hour:cost": 7},
                ),
            ),
        ),
        Record(
            "serving_environment:candidate_error_ratio:rate5m",
            f"""
            (
              sum {by(ENVIRONMENT)} (serving_environment:phase_errors:rate5m{{rollout_phase="promoting"}})
              or
              0 * sum {by(ENVIRONMENT)} ({_PHASES}{{rollout_phase="promoting"}})
            )
            /
            (sum {by(ENVIRONMENT)} ({_PHASES}{{rollout_phase="promoting"}}) > 0)
            """,
            "Share of the candidate's requests answered with 5xx over 5 minutes, 0 to 1.",
            examples=(
                Example(
                    "one in four fails, the stable version is not looked at",
                    {
                        f'{_PHASES}{{rollout_phase="promoting"}}': 4,
                        f'{_PHASES}{{rollout_phase="stable"}}': 40,
                        'serving_environment:phase_errors:rate5m{rollout_phase="promoting"}': 1,
                        'serving_environment:phase_errors:rate5m{rollout_phase="stable"}': 3,
                    },
                    "1m",
                    {
                        "serving_environment:candidate_error_ratio:rate5m": 0.25,
                    },
                ),
                Example(
                    "no error was ever counted",
                    {f'{_PHASES}{{rollout_phase="promoting"}}': 4, f'{_PHASES}{{rollout_phase="stable"}}': 40},
                    "1m",
                    {"serving_environment:candidate_error_ratio:rate5m": 0},
                ),
                Example(
                    "half a request a second is a rate too",
                    {
                        f'{_PHASES}{{rollout_phase="promoting"}}': 0.5,
                        'serving_environment:phase_errors:rate5m{rollout_phase="promoting"}': 0.25,
                    },
                    "1m",
                    {"serving_environment:candidate_error_ratio:rate5m": 0.5},
                ),
                Example(
                    "without requests there is no share",
                    {
                        f'{_PHASES}{{rollout_phase="promoting"}}': 0,
                        'serving_environment:phase_errors:rate5m{rollout_phase="promoting"}': 0,
                    },
                    "1m",
                    {},
                ),
            ),
        ),
        Record(
            "serving_environment:stable_error_ratio:rate5m",
            f"""
            (
              sum {by(ENVIRONMENT)} (serving_environment:phase_errors:rate5m{{rollout_phase="stable"}})
              or
              0 * sum {by(ENVIRONMENT)} ({_PHASES}{{rollout_phase="stable"}})
            )
            /
            (sum {by(ENVIRONMENT)} ({_PHASES}{{rollout_phase="stable"}}) > 0)
            """,
            "Share of the stable version's requests answered with 5xx over 5 minutes, 0 to 1.",
            examples=(
                Example(
                    "one in eight fails, the candidate is not looked at",
                    {
                        f'{_PHASES}{{rollout_phase="promoting"}}': 64,
                        f'{_PHASES}{{rollout_phase="stable"}}': 8,
                        'serving_environment:phase_errors:rate5m{rollout_phase="promoting"}': 32,
                        'serving_environment:phase_errors:rate5m{rollout_phase="stable"}': 1,
                    },
                    "1m",
                    {
                        "serving_environment:stable_error_ratio:rate5m": 0.125,
                    },
                ),
                Example(
                    "no error was ever counted",
                    {f'{_PHASES}{{rollout_phase="stable"}}': 0.5, f'{_PHASES}{{rollout_phase="promoting"}}': 4},
                    "1m",
                    {"serving_environment:stable_error_ratio:rate5m": 0},
                ),
                Example(
                    "without requests there is no share",
                    {
                        f'{_PHASES}{{rollout_phase="stable"}}': 0,
                        'serving_environment:phase_errors:rate5m{rollout_phase="stable"}': 0,
                    },
                    "1m",
                    {},
                ),
            ),
        ),
    ),
    alerts=(
        Alert(
            "ServingRolloutStuck",
            Severity.WARNING,
            Kind.CAUSE,
            # An hour of ranges instead of `for: 1h`: one gap in the data would begin the hour anew.
            """
            serving_environment:promotion:running
            and (serving_environment:promotion:running offset 1h)
            unless (serving_environment:promotion_traffic_ratio:changes1h > 0)
            """,
            for_="5m",
            summary="A promotion has not moved for an hour.",
            description="The promotion of "
            + name_of
            + " is in progress and its traffic has stood at "
            + value_of(
                "serving_environment:promotion_traffic_ratio:current",
                labels=ENVIRONMENT,
                form="humanizePercentage",
                otherwise="an unknown share",
            )
            + " for the candidate for an hour."
            + _COST
            + " Find out why the candidate's replicas do not become ready, or cancel the promotion.",
            scope=Scope.ENVIRONMENT,
            dashboard=Dashboard.DEPLOYMENT,
            proof=Proof(
                base={
                    "serving_environment:promotion:running": 1,
                    "serving_environment:promotion_traffic_ratio:changes1h": 0,
                    "serving_environment:promotion_traffic_ratio:current": 0.2,
                    "serving_environment:rollout_dollars_per_hour:cost": 7.5,
                },
                quiet={"serving_environment:promotion_traffic_ratio:changes1h": 1},
                starts="60m",
                description="The promotion of chat (production) is in progress and its traffic has stood at 20% for the candidate for an "
                "hour. Both versions "
                "together cost $7.50 an hour. Find out why the candidate's replicas do not become ready, or cancel the promotion.",
                cases=(
                    Case("it began 55 minutes ago", Outcome.UNDER, {"serving_environment:promotion:running": "_x10 1x200"}),
                    Case("one step within the hour", Outcome.GUARD, {"serving_environment:promotion_traffic_ratio:changes1h": 1}),
                    Case(
                        "a promotion without shares of traffic",
                        Outcome.ABSENT,
                        {"serving_environment:promotion_traffic_ratio:changes1h": None},
                        fires=True,
                    ),
                    Case("it is over", Outcome.ABSENT, {"serving_environment:promotion:running": "1x30 stale"}),
                    Case(
                        "it has been under way for a full hour", Outcome.AT, {"serving_environment:promotion:running": "1x200"}, fires=True
                    ),
                ),
                waived={Outcome.ZERO: _NO_ZERO},
            ),
        ),
        Alert(
            "ServingRolloutPaused",
            Severity.INFO,
            Kind.CAUSE,
            # 228 of 240 minutes: a few lost scrapes do not begin the four hours anew.
            f"""
            max {by(ENVIRONMENT)} (serving_environment:promotion_paused:count4h) / 60 >= 3.8
            and on ({names(ENVIRONMENT)}) serving_environment:promotion_status:current{{status="PAUSED"}}
            """,
            for_="2m",
            summary="A promotion has been paused for four hours.",
            description="The promotion of "
            + name_of
            + """ has been paused for {{ $value | printf "%.1f" }} of the last 4 hours."""
            + _COST
            + " Resume or cancel it.",
            scope=Scope.ENVIRONMENT,
            dashboard=Dashboard.DEPLOYMENT,
            proof=Proof(
                base={
                    'serving_environment:promotion_paused:count4h{status="PAUSED"}': 228,
                    'serving_environment:promotion_status:current{status="PAUSED"}': 1,
                    "serving_environment:rollout_dollars_per_hour:cost": 7.5,
                },
                quiet={
                    'serving_environment:promotion_status:current{status="PAUSED"}': None,
                    'serving_environment:promotion_status:current{status="RAMPING_UP"}': 1,
                },
                description="The promotion of chat (production) has been paused for 3.8 of the last 4 hours. Both versions together cost "
                "$7.50 an hour. Resume "
                "or cancel it.",
                cases=(
                    Case("a minute less", Outcome.UNDER, {'serving_environment:promotion_paused:count4h{status="PAUSED"}': 227}),
                    Case(
                        "all but twelve minutes",
                        Outcome.AT,
                        {'serving_environment:promotion_paused:count4h{status="PAUSED"}': 228},
                        fires=True,
                    ),
                    Case(
                        "it goes on",
                        Outcome.GUARD,
                        {
                            'serving_environment:promotion_status:current{status="PAUSED"}': None,
                            'serving_environment:promotion_status:current{status="RAMPING_UP"}': 1,
                        },
                    ),
                ),
                waived={Outcome.ZERO: _NO_ZERO},
            ),
        ),
        Alert(
            "ServingCandidateWorse",
            Severity.CRITICAL,
            Kind.SYMPTOM,
            f"""
            (
              serving_environment:candidate_error_ratio:rate5m
              > $error_factor * serving_environment:stable_error_ratio:rate5m + $error_margin
            )
            and on ({names(ENVIRONMENT)}) (300 * {_PHASES}{{rollout_phase="promoting"}} >= $requests)
            and on ({names(ENVIRONMENT)}) (300 * {_PHASES}{{rollout_phase="stable"}} >= $requests)
            """,
            for_="5m",
            summary="The candidate of a promotion fails more requests than the stable version.",
            description="The candidate of "
            + name_of
            + " answers {{ $value | humanizePercentage }} of its requests with 5xx, the stable version "
            + value_of("serving_environment:stable_error_ratio:rate5m", labels=ENVIRONMENT, form="humanizePercentage")
            + ". It takes "
            + value_of(
                "serving_environment:promotion_traffic_ratio:current",
                labels=ENVIRONMENT,
                form="humanizePercentage",
                otherwise="an unknown share",
            )
            + " of the traffic. Cancel the promotion (`cancel_promotion`).",
            scope=Scope.ENVIRONMENT,
            dashboard=Dashboard.DEPLOYMENT,
            proof=Proof(
                base={
                    "serving_environment:candidate_error_ratio:rate5m": 0.12,
                    "serving_environment:stable_error_ratio:rate5m": 0.05,
                    f'{_PHASES}{{rollout_phase="promoting"}}': 1,
                    f'{_PHASES}{{rollout_phase="stable"}}': 1,
                    "serving_environment:promotion_traffic_ratio:current": 0.25,
                },
                quiet={"serving_environment:candidate_error_ratio:rate5m": 0},
                description="The candidate of chat (production) answers 12% of its requests with 5xx, the stable version 5%. It takes "
                "25% "
                "of the traffic. "
                "Cancel the promotion (`cancel_promotion`).",
                cases=(
                    Case("twice the stable share and a point", Outcome.UNDER, {"serving_environment:candidate_error_ratio:rate5m": 0.11}),
                    Case("a little more", Outcome.AT, {"serving_environment:candidate_error_ratio:rate5m": 0.1101}, fires=True),
                    Case(
                        "a perfect stable version leaves one point",
                        Outcome.UNDER,
                        {"serving_environment:stable_error_ratio:rate5m": 0, "serving_environment:candidate_error_ratio:rate5m": 0.01},
                    ),
                    Case(
                        "and not more",
                        Outcome.AT,
                        {"serving_environment:stable_error_ratio:rate5m": 0, "serving_environment:candidate_error_ratio:rate5m": 0.011},
                        fires=True,
                    ),
                    Case("nineteen requests to the candidate", Outcome.GUARD, {f'{_PHASES}{{rollout_phase="promoting"}}': 19 / 300}),
                    Case(
                        "twenty requests to the candidate", Outcome.GUARD, {f'{_PHASES}{{rollout_phase="promoting"}}': _TWENTY}, fires=True
                    ),
                    Case("nineteen requests to the stable version", Outcome.GUARD, {f'{_PHASES}{{rollout_phase="stable"}}': 19 / 300}),
                    Case(
                        "twenty requests to the stable version",
                        Outcome.GUARD,
                        {f'{_PHASES}{{rollout_phase="stable"}}': _TWENTY},
                        fires=True,
                    ),
                    Case("no stable version to compare with", Outcome.ABSENT, {"serving_environment:stable_error_ratio:rate5m": None}),
                ),
                waived={Outcome.ZERO: _NO_ZERO},
            ),
        ),
    ),
    runbooks={
        "ServingRolloutStuck": Runbook(
            meaning="A promotion has been in progress for more than an hour, and the candidate's share of traffic has not changed in "
            "that "
            "time.",
            impact="Two versions are billed, the release waits, and no other promotion of the environment can begin.",
            confirm=(
                Query("The share of traffic.", 'serving_environment:promotion_traffic_ratio:current{model_id=~"$model_id"}'),
                Query("The promotion's status.", 'serving_environment:promotion_status:current{model_id=~"$model_id"}'),
                Query("Replicas of both versions: do the candidate's start?", 'serving:starting_replicas:max{model_id=~"$model_id"}'),
            ),
            causes=(
                Cause(
                    "The candidate has no hardware",
                    "Its replicas are starting and never active.",
                    "Cancel, or wait for capacity; see ServingReplicasStuckStarting.",
                ),
                Cause("The candidate crashes", "Restarts or failed start-ups.", "Cancel the promotion and read its log."),
                Cause(
                    "Long connections",
                    "WebSocket or gRPC connections stay on the old version.",
                    "Wait for them, or close them from the client's side.",
                ),
            ),
            fix="Cancel with `POST /v1/models/{model_id}/environments/{env_name}/cancel_promotion`; `force_cancel_promotion` when that "
            "does not answer.",
            lies=("A rollout with a very long stabilization time may rest for most of an hour at each step.",),
        ),
        "ServingRolloutPaused": Runbook(
            meaning="A promotion has been paused for four hours.",
            impact="Two versions are billed, and a forgotten candidate keeps its share of the traffic.",
            confirm=(
                Query(
                    "The share of traffic it was paused at.", 'serving_environment:promotion_traffic_ratio:current{model_id=~"$model_id"}'
                ),
            ),
            causes=(
                Cause("Forgotten", "Nobody works on it.", "Resume or cancel it."),
                Cause("Meant as a canary", "Somebody watches it.", "Lengthen `for` of this alert."),
            ),
            fix="Resume or cancel the promotion in the environment's page or by the API.",
            lies=("A canary over a night is a good reason to pause.",),
        ),
        "ServingCandidateWorse": Runbook(
            meaning="In a promotion, the candidate answers a larger share of its requests with 5xx than the stable version: more than "
            "twice as many, and a "
            "point on top, for five minutes, with at least twenty requests on each side.",
            impact="The users whose requests go to the candidate get errors, and there will be more of them with every step.",
            confirm=(
                Query("Errors by version.", 'serving_environment:phase_errors:rate5m{model_id=~"$model_id"}'),
                Query("Requests by version.", 'serving_environment:phase_requests:rate5m{model_id=~"$model_id"}'),
            ),
            causes=(
                Cause("A bug in the new version", "The same code for every request of a kind.", "Cancel the promotion."),
                Cause(
                    "The candidate is overloaded",
                    "Its replicas are fewer than its share of traffic needs.",
                    "Pause until its replicas are ready.",
                ),
                Cause("It crashes", "502 and restarts.", "Cancel the promotion; see ServingRestartLoop."),
            ),
            fix="`POST /v1/models/{model_id}/environments/{env_name}/cancel_promotion`. The stable version gets its traffic back.",
            lies=(
                "A client bug that meets the new version's stricter checks as 5xx looks the same.",
                "Stable and candidate may get different kinds of requests when clients stay on their connections.",
            ),
        ),
    },
    fires_on=("bad-candidate", "stuck-rollout"),
    silent_on=("promotion", "first-deployment"),
)
