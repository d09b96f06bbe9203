"""C19: one replica among many does nothing."""

from __future__ import annotations

from serving_rules.guards import NOT_DEVELOPMENT
from serving_rules.model import Alert, Case, Cause, Dashboard, Detection, Kind, Outcome, Proof, Query, Runbook, Scope, Severity, Threshold
from serving_rules.promql import DEPLOYMENT, by, name_of, names, value_of

__all__ = ["DETECTION"]

_IDLE = "serving_replica:gpu_utilization_ratio:max10m"
_MEAN = "serving_replica:gpu_utilization_ratio:avg10m"

# What loads its weights has an idle GPU and is no hung replica; the feed does not say which replica is starting.
_NONE_STARTS = f"unless on ({names(DEPLOYMENT)}) (serving:starting_replicas:max > 0)"
_NOT_DEVELOPMENT = str(NOT_DEVELOPMENT).replace("unless ", f"unless on ({names(DEPLOYMENT)}) ")

DETECTION = Detection(
    id="C19",
    slug="replica_hung",
    title="Hung replica: one GPU idle while the others work",
    catches="A replica whose GPUs have done nothing for twenty minutes while the deployment's others are busy.",
    origins=("T11",),
    thresholds=(
        Threshold(
            "idle_ratio",
            0.01,
            "Highest GPU utilization in ten minutes at which a replica counts as doing nothing. A replica that serves anything shows more.",
            minimum=0.0001,
            maximum=0.5,
            unit="ratio",
            matching=f"on ({names(DEPLOYMENT)}) group_left ()",
        ),
        Threshold(
            "busy_ratio",
            0.4,
            "Mean GPU utilization of the deployment, the idle replica included, from which the others count as busy. With less, a replica "
            "may just have had no request.",
            minimum=0.01,
            maximum=1,
            unit="ratio",
        ),
    ),
    alerts=(
        Alert(
            "ServingReplicaHung",
            Severity.WARNING,
            Kind.CAUSE,
            f"""
            ({_IDLE} < $idle_ratio)
            and on ({names(DEPLOYMENT)}) (avg {by(DEPLOYMENT)} ({_MEAN}) > $busy_ratio)
            {_NONE_STARTS}
            {_NOT_DEVELOPMENT}
            """,
            for_="10m",
            summary="A replica does nothing while the others are busy.",
            description="Replica {{ $labels.replica }} of "
            + name_of
            + " has used {{ $value | humanizePercentage }} of its GPU at most in ten minutes, while "
            + value_of("serving:active_replicas:max")
            + " replicas are active and busy. Terminate it: DELETE "
            "/v1/models/{{ $labels.model_id }}/deployments/{{ $labels.deployment_id }}/replicas/{{ $labels.replica }}.",
            scope=Scope.REPLICA,
            dashboard=Dashboard.DEPLOYMENT,
            proof=Proof(
                base={
                    f'{_IDLE}{{replica="r-one"}}': 0.005,
                    f'{_MEAN}{{replica="r-one"}}': 0,
                    f'{_MEAN}{{replica="r-busy"}}': 0.9,
                    "serving:active_replicas:max": 2,
                    "serving:starting_replicas:max": 0,
                },
                quiet={f'{_IDLE}{{replica="r-one"}}': 0.5},
                labels={"replica": "r-one"},
                description="Replica r-one of chat (production), deployment d-one has used 0.5% of its GPU at most in ten minutes, while 2 "
                "replicas are active and busy. Terminate it: DELETE /v1/models/m-one/deployments/d-one/replicas/r-one.",
                cases=(
                    Case("one percent", Outcome.UNDER, {f'{_IDLE}{{replica="r-one"}}': 0.01}),
                    Case("less than one percent", Outcome.AT, {f'{_IDLE}{{replica="r-one"}}': 0.0099}, fires=True),
                    Case("the others are busy to 40 % on average", Outcome.UNDER, {f'{_MEAN}{{replica="r-busy"}}': 0.8}),
                    Case("a little more than that", Outcome.AT, {f'{_MEAN}{{replica="r-busy"}}': 0.81}, fires=True),
                    Case("a replica is loading", Outcome.GUARD, {"serving:starting_replicas:max": 1}),
                    Case("a development deployment", Outcome.GUARD, {"serving:development:flag": 1}),
                    Case(
                        "scaled to zero",
                        Outcome.ZERO,
                        {
                            f'{_IDLE}{{replica="r-one"}}': None,
                            f'{_MEAN}{{replica="r-one"}}': None,
                            f'{_MEAN}{{replica="r-busy"}}': None,
                        },
                    ),
                ),
            ),
        ),
    ),
    runbooks={
        "ServingReplicaHung": Runbook(
            meaning="For twenty minutes this replica's GPUs have done nothing, while the GPUs of the deployment are busy on average.",
            impact="The requests that were given to it hang until they time out, and the others carry its share.",
            confirm=(
                Query("GPU by replica: one is flat.", f'{_MEAN}{{model_id=~"$model_id"}}'),
                Query("Timeouts.", 'serving:requests_by_code:rate5m{status_code="504",model_id=~"$model_id"}'),
                Query("Unready pods.", 'serving:pods:max{condition!="true",model_id=~"$model_id"}'),
            ),
            causes=(
                Cause("The process hangs", "It is ready, and answers nothing.", "Terminate the replica; a new one takes its place."),
                Cause("It is taken out of the traffic", "Its pod is not ready.", "See ServingPodsNotReady."),
                Cause(
                    "Requests stick to other replicas", "Long-lived connections; it answers what it gets.", "Nothing: it is idle, not hung."
                ),
            ),
            fix="`DELETE /v1/models/{model_id}/deployments/{deployment_id}/replicas/{replica_id}` with the replica's id from the alert. "
            "When it comes back, look for what the model waits for: a lock, a dependency, a full GPU memory.",
            lies=(
                "A model whose work is on the CPU for some requests leaves its GPU idle.",
                "With two replicas the other one must be busy to more than 80 % for the mean to be above 40 %.",
            ),
        ),
    },
    fires_on=("hung-replica",),
    silent_on=("single-scale-up", "diurnal", "slow-starts"),
)
