"""C27: a deployment, or a workspace, costs a multiple of what it usually costs at this hour.

``records`` says what is usual, ``records_examples`` proves it, ``runbook`` has the pages.
"""

from __future__ import annotations

from serving_rules.detections.spend_spike.records import RECORDS
from serving_rules.detections.spend_spike.runbook import DEPLOYMENT_PAGE, WORKSPACE_PAGE
from serving_rules.guards import NOT_DEVELOPMENT
from serving_rules.model import Alert, Case, Dashboard, Detection, Kind, Outcome, Proof, Scope, Severity, Threshold
from serving_rules.promql import MODEL, WORKSPACE, name_of, names, value_of

__all__ = ["DETECTION"]

_DOLLARS = 'printf "%.2f"'
_COMPARED = "of the same hour last week (with less than a week of data: of yesterday)"

_DEPLOYMENT = (
    name_of
    + " costs $"
    + value_of("serving:cost_dollars_per_hour:avg1h", form=_DOLLARS)
    + ' an hour, {{ $value | printf "%.1f" }} times the $'
    + value_of("serving:cost_dollars_per_hour:baseline", form=_DOLLARS)
    + f" {_COMPARED}: $"
    + value_of("serving:spend_spike_dollars_per_day:cost", form=_DOLLARS)
    + " more a day if it stays. max_replica is "
    + value_of("serving:max_replicas:current")
    + value_of(
        "serving:spend_spike_max_replicas:cap",
        otherwise="",
        before="; a ceiling of ",
        after=" is one and a half times the peak need of the week before",
    )
    + "."
)

_WORKSPACE = (
    "Workspace {{ $labels.workspace }} costs $"
    + value_of("serving_workspace:cost_dollars_per_hour:avg1h", labels=WORKSPACE, form=_DOLLARS)
    + ' an hour, {{ $value | printf "%.1f" }} times the $'
    + value_of("serving_workspace:cost_dollars_per_hour:baseline", labels=WORKSPACE, form=_DOLLARS)
    + f" {_COMPARED}: $"
    + value_of("serving_workspace:spend_spike_dollars_per_day:cost", labels=WORKSPACE, form=_DOLLARS)
    + " more a day if it stays."
)

DETECTION = Detection(
    id="C27",
    slug="spend_spike",
    title="Spend spike: a multiple of what this hour usually costs",
    catches="Replicas of a deployment, or of a whole workspace, that cost more than twice what they cost in the same hour a week ago "
    "(a day ago, while there is no week).",
    origins=("A3", "T6"),
    thresholds=(
        Threshold(
            "ratio",
            2,
            "Cost of the last hour over that of the hour it is compared with, or over the price of one replica where that is more. The "
            "published case is five times as much at two in the morning. Lower finds growth as well as spikes.",
            minimum=1.1,
            maximum=100,
            unit="times",
        ),
        Threshold(
            "model_ratio",
            1.5,
            "The same for the whole model, which must have grown too: a promotion moves the cost from one deployment to another and "
            "adds none.",
            minimum=1,
            maximum=100,
            unit="times",
            scope=Scope.MODEL,
        ),
        Threshold(
            "workspace_ratio",
            2,
            "Cost of the workspace in the last hour over that of the hour it is compared with. Many deployments average out: doubling "
            "is rare.",
            minimum=1.1,
            maximum=100,
            unit="times",
            scope=Scope.WORKSPACE,
        ),
        Threshold(
            "workspace_dollars",
            10,
            "Dollars an hour by which a workspace must have grown at least: less is not worth a ticket.",
            minimum=0,
            maximum=1_000_000,
            unit="$/h",
            scope=Scope.WORKSPACE,
        ),
    ),
    records=RECORDS,
    alerts=(
        Alert(
            "ServingSpendSpike",
            Severity.WARNING,
            Kind.SYMPTOM,
            f"""
            (serving:spend_growth:ratio > $ratio)
            and on ({names(MODEL)}) (serving_model:spend_growth:ratio > $model_ratio)
            {NOT_DEVELOPMENT}
            """,
            # An hour, not a quarter: one busy hour in days of real traffic costs twice as much and is over before anybody looks.
            for_="1h",
            keep_firing_for="1h",
            summary="A deployment costs a multiple of what it usually costs at this hour.",
            description=_DEPLOYMENT,
            dashboard=Dashboard.COST,
            proof=Proof(
                base={
                    "serving:spend_growth:ratio": 5,
                    "serving_model:spend_growth:ratio": 4,
                    "serving:cost_dollars_per_hour:avg1h": 65,
                    "serving:cost_dollars_per_hour:baseline": 13,
                    "serving:spend_spike_dollars_per_day:cost": 1248,
                    "serving:max_replicas:current": 100,
                    "serving:spend_spike_max_replicas:cap": 6,
                },
                quiet={"serving:spend_growth:ratio": 1.1},
                description="chat (production), deployment d-one costs $65.00 an hour, 5.0 times the $13.00 of the same hour last week "
                "(with less than a week of data: of yesterday): $1248.00 more a day if it stays. max_replica is 100; a ceiling of 6 is one "
                "and a half times the peak need of the week before.",
                cases=(
                    Case("just under twice", Outcome.UNDER, {"serving:spend_growth:ratio": 1.99}),
                    Case("exactly twice", Outcome.AT, {"serving:spend_growth:ratio": 2}),
                    Case("a little more than twice", Outcome.OVER, {"serving:spend_growth:ratio": 2.01}, fires=True),
                    Case("a promotion: the model as a whole costs what it did", Outcome.GUARD, {"serving_model:spend_growth:ratio": 1}),
                    Case("the model has grown by half", Outcome.GUARD, {"serving_model:spend_growth:ratio": 1.5}),
                    Case("the model has grown by more than half", Outcome.GUARD, {"serving_model:spend_growth:ratio": 1.51}, fires=True),
                    Case("development deployments are not billed", Outcome.GUARD, {"serving:development:flag": 1}),
                    Case("nothing costs nothing", Outcome.ZERO, {"serving:spend_growth:ratio": 0, "serving_model:spend_growth:ratio": 0}),
                    Case("no price, or no history", Outcome.ABSENT, {"serving:spend_growth:ratio": None}),
                    Case(
                        "without a ceiling to recommend",
                        Outcome.ABSENT,
                        {"serving:spend_spike_max_replicas:cap": None},
                        fires=True,
                        description="chat (production), deployment d-one costs $65.00 an hour, 5.0 times the $13.00 of the same hour "
                        "last week (with less than a week of data: of yesterday): $1248.00 more a day if it stays. max_replica is 100.",
                    ),
                ),
            ),
        ),
        Alert(
            "ServingWorkspaceSpendSpike",
            Severity.WARNING,
            Kind.SYMPTOM,
            """
            (serving_workspace:spend_growth:ratio > $workspace_ratio)
            and (serving_workspace:cost_dollars_per_hour:avg1h - serving_workspace:cost_dollars_per_hour:baseline > $workspace_dollars)
            """,
            for_="1h",
            keep_firing_for="1h",
            scope=Scope.WORKSPACE,
            summary="A workspace costs a multiple of what it usually costs at this hour.",
            description=_WORKSPACE,
            dashboard=Dashboard.COST,
            proof=Proof(
                base={
                    "serving_workspace:spend_growth:ratio": 3.25,
                    "serving_workspace:cost_dollars_per_hour:avg1h": 130,
                    "serving_workspace:cost_dollars_per_hour:baseline": 40,
                    "serving_workspace:spend_spike_dollars_per_day:cost": 2160,
                },
                quiet={"serving_workspace:spend_growth:ratio": 1.1},
                description="Workspace w-one costs $130.00 an hour, 3.2 times the $40.00 of the same hour last week (with less than a "
                "week of data: of yesterday): $2160.00 more a day if it stays.",
                cases=(
                    Case("just under twice", Outcome.UNDER, {"serving_workspace:spend_growth:ratio": 1.99}),
                    Case("exactly twice", Outcome.AT, {"serving_workspace:spend_growth:ratio": 2}),
                    Case("a little more than twice", Outcome.OVER, {"serving_workspace:spend_growth:ratio": 2.01}, fires=True),
                    Case("ten dollars more", Outcome.AT, {"serving_workspace:cost_dollars_per_hour:avg1h": 50}),
                    Case(
                        "ten dollars and a cent more", Outcome.GUARD, {"serving_workspace:cost_dollars_per_hour:avg1h": 50.01}, fires=True
                    ),
                    Case("a small workspace", Outcome.GUARD, {"serving_workspace:cost_dollars_per_hour:avg1h": 42}),
                    Case("a usual cost that is nearly as high", Outcome.GUARD, {"serving_workspace:cost_dollars_per_hour:baseline": 125}),
                    Case(
                        "everything at zero",
                        Outcome.ZERO,
                        {"serving_workspace:spend_growth:ratio": 0, "serving_workspace:cost_dollars_per_hour:avg1h": 0},
                    ),
                    Case("no history", Outcome.ABSENT, {"serving_workspace:cost_dollars_per_hour:baseline": None}),
                ),
            ),
        ),
    ),
    runbooks={"ServingSpendSpike": DEPLOYMENT_PAGE, "ServingWorkspaceSpendSpike": WORKSPACE_PAGE},
    fires_on=("five-times-yesterday",),
    silent_on=("diurnal", "hourly-bursts", "nightly-drain", "promotion", "first-deployment", "development", "plain-feed"),
)
