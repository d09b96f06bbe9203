"""C25, second half: promotions that do not move, and candidates that should not be promoted."""

from __future__ import annotations

from serving_rules.detections.rollout.records import PHASES, RECORDS
from serving_rules.detections.rollout.runbooks import RUNBOOKS
from serving_rules.model import (
    Alert,
    Case,
    Dashboard,
    Detection,
    Kind,
    Outcome,
    Proof,
    Scope,
    Severity,
    Threshold,
)
from serving_rules.promql import ENVIRONMENT, by, name_of, names, value_of

__all__ = ["DETECTION"]

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
            "How many times the stable version's error share a candidate may have. Twice leaves room for a candidate that is still warming "
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
    records=RECORDS,
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
                "hour. Both versions together cost $7.50 an hour. Find out why the candidate's replicas do not become ready, or cancel the "
                "promotion.",
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
                "$7.50 an hour. Resume or cancel it.",
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
            and on ({names(ENVIRONMENT)}) (300 * {PHASES}{{rollout_phase="promoting"}} >= $requests)
            and on ({names(ENVIRONMENT)}) (300 * {PHASES}{{rollout_phase="stable"}} >= $requests)
            """,
            for_="5m",
            keep_firing_for="15m",
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
                    f'{PHASES}{{rollout_phase="promoting"}}': 1,
                    f'{PHASES}{{rollout_phase="stable"}}': 1,
                    "serving_environment:promotion_traffic_ratio:current": 0.25,
                },
                quiet={"serving_environment:candidate_error_ratio:rate5m": 0},
                description="The candidate of chat (production) answers 12% of its requests with 5xx, the stable version 5%. It takes "
                "25% of the traffic. Cancel the promotion (`cancel_promotion`).",
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
                    Case("nineteen requests to the candidate", Outcome.GUARD, {f'{PHASES}{{rollout_phase="promoting"}}': 19 / 300}),
                    Case(
                        "twenty requests to the candidate", Outcome.GUARD, {f'{PHASES}{{rollout_phase="promoting"}}': _TWENTY}, fires=True
                    ),
                    Case("nineteen requests to the stable version", Outcome.GUARD, {f'{PHASES}{{rollout_phase="stable"}}': 19 / 300}),
                    Case(
                        "twenty requests to the stable version",
                        Outcome.GUARD,
                        {f'{PHASES}{{rollout_phase="stable"}}': _TWENTY},
                        fires=True,
                    ),
                    Case("no stable version to compare with", Outcome.ABSENT, {"serving_environment:stable_error_ratio:rate5m": None}),
                ),
                waived={Outcome.ZERO: _NO_ZERO},
            ),
        ),
    ),
    runbooks=RUNBOOKS,
    fires_on=("bad-candidate", "stuck-rollout"),
    silent_on=("promotion", "first-deployment"),
)
