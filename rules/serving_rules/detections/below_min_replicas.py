"""C18: fewer active replicas than the floor promises."""

from __future__ import annotations

from serving_rules.guards import NOT_DEVELOPMENT, NOT_ROLLOUT, SETTLED
from serving_rules.model import Alert, Case, Cause, Dashboard, Detection, Kind, Outcome, Proof, Query, Runbook, Severity
from serving_rules.promql import DEPLOYMENT, name_of, names, value_of

__all__ = ["DETECTION"]

# A deployment that somebody stopped, that is not built yet or that failed has no floor to keep; failures have alerts of their own.
_NOT_MEANT_TO_RUN = (
    f"unless on ({names(DEPLOYMENT)}) "
    'serving:status:current{status=~"INACTIVE|DEACTIVATING|SCALED_TO_ZERO|BUILDING|BUILD_FAILED|BUILD_STOPPED|DEPLOY_FAILED|FAILED"}'
)

_GUARDS = f"""
{NOT_ROLLOUT}
{SETTLED}
{_NOT_MEANT_TO_RUN}
{NOT_DEVELOPMENT}
"""

_DESCRIPTION = (
    name_of
    + ' has {{ $value | printf "%.0f" }} active replicas, and min_replica promises '
    + value_of("serving:min_replicas:current")
    + ". Starting: "
    + value_of("serving:starting_replicas:max")
    + ", none has become active for "
    + value_of("serving:starting_seconds:stalled", form="humanizeDuration", otherwise="0s")
    + "."
)

_BASE = {
    "serving:active_replicas:max": 2,
    "serving:min_replicas:current": 3,
    "serving:starting_replicas:max": 1,
    "serving:starting_seconds:stalled": 930,
}


def _status(status: str) -> dict[str, float]:
    return {f'serving:status:current{{status="{status}"}}': 1}


_CASES = (
    Case("a promotion shares the floor between two deployments", Outcome.GUARD, {"serving_model:rollout:recent30m": 1}),
    Case("the floor was just raised", Outcome.GUARD, {"serving:bounds:changes30m": 1}),
    Case("the bounds have not changed", Outcome.GUARD, {"serving:bounds:changes30m": 0}, fires=True),
    Case("a development deployment", Outcome.GUARD, {"serving:development:flag": 1}),
    *(
        Case(f"its status is {status}", Outcome.GUARD, _status(status))
        for status in (
            "INACTIVE",
            "DEACTIVATING",
            "SCALED_TO_ZERO",
            "BUILDING",
            "BUILD_FAILED",
            "BUILD_STOPPED",
            "DEPLOY_FAILED",
            "FAILED",
        )
    ),
    Case("its status is ACTIVE", Outcome.OVER, _status("ACTIVE"), fires=True),
    Case("without settings there is no floor", Outcome.ABSENT, {"serving:min_replicas:current": None}),
)

DETECTION = Detection(
    id="C18",
    slug="below_min_replicas",
    title="Below the floor: fewer replicas than min_replica promises",
    catches="Active replicas below min_replica for a quarter of an hour, outside promotions and edits.",
    origins=(),
    thresholds=(),
    alerts=(
        Alert(
            "ServingBelowMinReplicas",
            Severity.WARNING,
            Kind.CAUSE,
            f"""
            (serving:active_replicas:max < serving:min_replicas:current)
            unless (serving:active_replicas:max == 0)
            {_GUARDS}
            """,
            for_="15m",
            keep_firing_for="5m",
            summary="A deployment has fewer active replicas than its floor.",
            description=_DESCRIPTION,
            dashboard=Dashboard.DEPLOYMENT,
            proof=Proof(
                base=_BASE,
                quiet={"serving:active_replicas:max": 3},
                description="chat (production), deployment d-one has 2 active replicas, and min_replica promises 3. Starting: 1, none has "
                "become active for 15m 30s.",
                cases=(
                    *_CASES,
                    Case("exactly the floor", Outcome.UNDER, {"serving:active_replicas:max": 3}),
                    Case("one below", Outcome.AT, {"serving:active_replicas:max": 2}, fires=True),
                    Case("none at all pages instead", Outcome.OVER, {"serving:active_replicas:max": 0}),
                    Case(
                        "scaled to zero as it may",
                        Outcome.ZERO,
                        {"serving:active_replicas:max": 0, "serving:min_replicas:current": 0},
                    ),
                ),
            ),
        ),
        Alert(
            "ServingBelowMinReplicas",
            Severity.CRITICAL,
            Kind.SYMPTOM,
            f"""
            (serving:active_replicas:max == 0)
            and (serving:min_replicas:current > 0)
            {_GUARDS}
            """,
            for_="15m",
            keep_firing_for="5m",
            summary="A deployment with a floor has no active replica.",
            description=_DESCRIPTION,
            dashboard=Dashboard.DEPLOYMENT,
            proof=Proof(
                base={**_BASE, "serving:active_replicas:max": 0},
                quiet={"serving:active_replicas:max": 3},
                description="chat (production), deployment d-one has 0 active replicas, and min_replica promises 3. Starting: 1, none has "
                "become active for 15m 30s.",
                cases=(
                    *_CASES,
                    Case("one replica is a ticket", Outcome.UNDER, {"serving:active_replicas:max": 1}),
                    Case("a floor of one", Outcome.AT, {"serving:min_replicas:current": 1}, fires=True),
                    Case("scaled to zero as it may", Outcome.ZERO, {"serving:min_replicas:current": 0}),
                ),
            ),
        ),
    ),
    runbooks={
        "ServingBelowMinReplicas": Runbook(
            meaning="For a quarter of an hour the deployment has had fewer active replicas than min_replica asks for; it pages when it has "
            "none.",
            impact="The capacity that somebody ordered is not there. With none active, every request waits.",
            confirm=(
                Query("Active, against the floor.", 'serving:active_replicas:max{model_id=~"$model_id"}'),
                Query("The floor.", 'serving:min_replicas:current{model_id=~"$model_id"}'),
                Query("Replicas on their way, and in which phase.", 'serving:starting_in_phase:max{model_id=~"$model_id"}'),
                Query("Restarts.", 'serving:restarts:sum2h{model_id=~"$model_id"}'),
            ),
            causes=(
                Cause("No hardware", "Replicas start and none becomes active.", "See ServingReplicasStuckStarting."),
                Cause("Crash loop", "Restarts or failed start-ups.", "See ServingRestartLoop."),
                Cause("Nothing starts", "No starting replica either.", "Check the status; ask the platform's support."),
            ),
            fix="Follow the cause. There is nothing to set: the floor is what was asked for.",
            lies=(
                "A promotion that the feed does not show splits the floor between two deployments.",
                "A status that was not read for long may hide that somebody deactivated the deployment.",
            ),
        ),
    },
    fires_on=("one-replica-missing",),
    silent_on=("promotion", "first-deployment", "nightly-drain", "settings-edit"),
)
