"""C11: replicas are given fewer requests at once than their hardware could work on."""

from __future__ import annotations

from serving_rules.detections.concurrency_target_too_low_examples import FOR, SAVING
from serving_rules.guards import NOT_ASYNC, NOT_DEVELOPMENT, NOT_ROLLOUT
from serving_rules.model import (
    Alert,
    Case,
    Cause,
    Dashboard,
    Detection,
    Guard,
    Inhibition,
    Kind,
    Outcome,
    Proof,
    Query,
    Record,
    Runbook,
    Severity,
    Threshold,
)
from serving_rules.promql import DEPLOYMENT, name_of, value_of

__all__ = ["DETECTION"]

_NOT_HEADROOM = Guard(
    "NOT_HEADROOM",
    "unless (serving:target_utilization_ratio:current <= 0.3)",
    "The vendor's embedding engine is meant to be planned at a quarter of its slots, so that its idle hardware is intended.",
)
_NOT_TOO_HIGH = Guard(
    "NOT_TOO_HIGH",
    "unless serving:concurrency_target:for_concurrency_target_too_high",
    "A deployment whose requests already slow each other down is not to be given more of them.",
)

# As large as the target demands: at least half of the slots that the formula fills are in use, so neither the floor nor the delay
# explains the size.
_CONDITION = f"""
(serving:active_replicas:avg6h >= $replicas)
and (serving:compute_utilization_ratio:avg6h < $utilization)
and (serving:inflight_requests:avg6h > 0.5 * serving:active_replicas:avg6h * serving:effective_concurrency:current)
and (serving:active_replicas:avg6h > 1.5 * serving:min_replicas:current)
{NOT_ASYNC} {NOT_DEVELOPMENT}
{_NOT_HEADROOM}
{_NOT_TOO_HIGH}
"""

_FLOOR = "clamp_min(serving:min_replicas:current, 1)"
_AFTER = """
serving:active_replicas:avg6h * serving:concurrency_target:current / serving:concurrency_target:for_concurrency_target_too_low
"""

_BASE = {
    "serving:active_replicas:avg6h": 8,
    "serving:compute_utilization_ratio:avg6h": 0.125,
    "serving:inflight_requests:avg6h": 5,
    "serving:effective_concurrency:current": 0.7,
    "serving:min_replicas:current": 1,
    "serving:concurrency_target:current": 1,
    "serving:concurrency_target:recommended": 4,
    "serving:concurrency_target_too_low_dollars_per_day:saving": 288.96,
}

DETECTION = Detection(
    id="C11",
    slug="concurrency_target_too_low",
    title="Concurrency target too low: many replicas, idle hardware",
    catches="A fleet that is as large as its concurrency target demands while the hardware it runs on idles: each replica is given too "
    "few requests at once.",
    origins=("E1", "T6", "T10"),
    thresholds=(
        Threshold(
            "replicas",
            3,
            "Replicas, mean of 6 hours, from which the waste is worth a person's time.",
            minimum=1.1,
            maximum=10_000,
        ),
        Threshold(
            "utilization",
            0.3,
            "Utilization of GPUs (CPUs where there are none), mean of 6 hours, below which they idle. Image generators and other exclusive "
            "models run near 1 and are never found; higher finds more, and doubles less safely.",
            minimum=0.01,
            maximum=0.69,
            unit="ratio",
        ),
    ),
    records=(
        Record(
            "serving:concurrency_target:for_concurrency_target_too_low",
            # Up to 70 % of the hardware, and at most four times the present target: beyond that the estimate is a guess. 0.7 / 0 is
            # infinite, thus 4.
            f"""
            floor(serving:concurrency_target:current * clamp_max(0.7 / serving:compute_utilization_ratio:avg6h, 4))
            and
            (
              {_CONDITION.strip()}
            )
            """,
            "Concurrency target at which the hardware would be about 70 % busy, at most four times the present one; to be reached by "
            "doubling.",
            examples=FOR,
        ),
        Record(
            "serving:concurrency_target_too_low_dollars_per_day:saving",
            f"""
            24 * serving:replica_price_dollars_per_hour:current
            * (
              serving:active_replicas:avg6h
              - (({_AFTER.strip()} > {_FLOOR}) or {_FLOOR})
            )
            and serving:concurrency_target:for_concurrency_target_too_low
            """,
            "What the replicas cost that the higher target makes superfluous, US dollars a day; the floor stays.",
            examples=SAVING,
        ),
    ),
    alerts=(
        Alert(
            "ServingConcurrencyTargetTooLow",
            Severity.INFO,
            Kind.CAUSE,
            f"{_CONDITION} {NOT_ROLLOUT}",
            for_="1h",
            keep_firing_for="2h",
            summary="Many replicas serve few requests each while their hardware idles.",
            description=name_of
            + ' ran {{ $value | printf "%.1f" }} replicas (mean of 6 hours) whose hardware was '
            + value_of("serving:compute_utilization_ratio:avg6h", form="humanizePercentage")
            + " busy. concurrency_target is "
            + value_of("serving:concurrency_target:current")
            + "; raise it to "
            + value_of("serving:concurrency_target:recommended")
            + ", doubling step by step while the 95th percentile of the latency rises by less than a fifth. Saves about $"
            + value_of("serving:concurrency_target_too_low_dollars_per_day:saving", form='printf "%.2f"')
            + " a day.",
            dashboard=Dashboard.COST,
            proof=Proof(
                base=_BASE,
                quiet={"serving:compute_utilization_ratio:avg6h": 0.8},
                description="chat (production), deployment d-one ran 8.0 replicas (mean of 6 hours) whose hardware was 12.5% busy. "
                "concurrency_target is 1; raise it to 4, doubling step by step while the 95th percentile of the latency rises by less than "
                "a fifth. Saves about $288.96 a day.",
                cases=(
                    Case(
                        "fewer than three replicas",
                        Outcome.UNDER,
                        {"serving:active_replicas:avg6h": 2.99, "serving:inflight_requests:avg6h": 2},
                    ),
                    Case(
                        "exactly three replicas",
                        Outcome.AT,
                        {"serving:active_replicas:avg6h": 3, "serving:inflight_requests:avg6h": 2},
                        fires=True,
                    ),
                    Case("hardware just busy enough", Outcome.AT, {"serving:compute_utilization_ratio:avg6h": 0.3}),
                    Case("hardware a little less busy", Outcome.OVER, {"serving:compute_utilization_ratio:avg6h": 0.29}, fires=True),
                    Case("exclusive models keep their hardware busy", Outcome.GUARD, {"serving:compute_utilization_ratio:avg6h": 0.95}),
                    Case("half of the slots in use: the delay explains the rest", Outcome.AT, {"serving:inflight_requests:avg6h": 2.8}),
                    Case("a little more than half of the slots", Outcome.OVER, {"serving:inflight_requests:avg6h": 2.9}, fires=True),
                    Case(
                        "the floor keeps two thirds of the fleet",
                        Outcome.AT,
                        {"serving:min_replicas:current": 6, "serving:active_replicas:avg6h": 9},
                    ),
                    Case("the floor keeps less than that", Outcome.OVER, {"serving:min_replicas:current": 5}, fires=True),
                    Case("no floor", Outcome.GUARD, {"serving:min_replicas:current": 0}, fires=True),
                    Case("asynchronous work is not in flight", Outcome.GUARD, {"serving:async_requests:share1h": 0.6}),
                    Case("half of it asynchronous", Outcome.GUARD, {"serving:async_requests:share1h": 0.5}, fires=True),
                    Case("a development deployment", Outcome.GUARD, {"serving:development:flag": 1}),
                    Case("headroom on purpose", Outcome.GUARD, {"serving:target_utilization_ratio:current": 0.3}),
                    Case("more than that is not headroom", Outcome.GUARD, {"serving:target_utilization_ratio:current": 0.31}, fires=True),
                    Case(
                        "the target is too high already", Outcome.GUARD, {"serving:concurrency_target:for_concurrency_target_too_high": 1}
                    ),
                    Case("a promotion shares the load out anew", Outcome.GUARD, {"serving_model:rollout:recent30m": 1}),
                    Case("mostly at zero", Outcome.ZERO, {"serving:active_replicas:avg6h": 0, "serving:inflight_requests:avg6h": 0}),
                    Case("too little history", Outcome.ABSENT, {"serving:active_replicas:avg6h": None}),
                    Case(
                        "without settings",
                        Outcome.ABSENT,
                        {"serving:effective_concurrency:current": None, "serving:min_replicas:current": None},
                    ),
                ),
            ),
        ),
    ),
    inhibitions=(
        Inhibition(
            "ServingConcurrencyTargetTooHigh",
            ("ServingConcurrencyTargetTooLow",),
            DEPLOYMENT,
            "The same setting cannot be too high and too low: slow requests weigh more than idle hardware.",
        ),
    ),
    runbooks={
        "ServingConcurrencyTargetTooLow": Runbook(
            meaning="Over six hours the fleet was as large as its concurrency target demands, well above its floor, while the hardware "
            "of its replicas idled. Each replica is given fewer requests at once than it could work on, most often one at a time because "
            "that is the platform's default.",
            impact="Money: the same load would run on a fraction of the replicas. Latency is fine, which is why nobody notices.",
            confirm=(
                Query("Utilization of the hardware: well below 30 %.", 'serving:compute_utilization_ratio:avg6h{model_id=~"$model_id"}'),
                Query("Requests at once for each replica: near the target.", 'serving:inflight_per_replica:avg5m{model_id=~"$model_id"}'),
                Query("Replicas above the floor.", 'serving:active_replicas:avg6h{model_id=~"$model_id"} - serving:min_replicas:current'),
            ),
            causes=(
                Cause(
                    "The default target of 1",
                    "concurrency_target is 1 and the engine batches (vLLM, SGLang, TensorRT-LLM, embeddings).",
                    "Raise concurrency_target to the recommended value by doubling; 32 is a usual start for engines that batch.",
                ),
                Cause(
                    "The container takes one request at a time",
                    "`predict_concurrency` of the Truss is 1: a higher target would queue inside the container.",
                    "Raise predict_concurrency first (it must be at least the concurrency target), then the target.",
                ),
                Cause(
                    "Requests wait for something else",
                    "GPU and CPU idle and latency is long: downloads, calls to other services.",
                    "A higher target still helps, since waiting costs no hardware.",
                ),
                Cause(
                    "The model must have the GPU to itself",
                    "GPU memory is too small for two requests.",
                    "Leave the target; choose a smaller instance.",
                ),
            ),
            fix="Double `concurrency_target` (autoscaling settings of the deployment, or of its environment), wait an hour, compare "
            "`serving:latency_seconds:p95` with its value of the day before, and go on until the recommended value or until p95 is up by a "
            "fifth. Keep it at or below `predict_concurrency` and the engine's `max_batch_size`.",
            lies=(
                (
                    "GPU utilization says in how much of the time something ran on the GPU, not how well it was used: a value of 25 % may "
                    "hide short, intense work."
                ),
                "Memory is not looked at: a model that fills it with one request cannot take two.",
                "The saving assumes that the load stays as it was in the last six hours.",
            ),
        ),
    },
    fires_on=("embedding-target-one",),
    silent_on=("diurnal", "target-past-knee", "pinned", "idle-floor", "async-only", "token-saturated", "plain-feed"),
)
