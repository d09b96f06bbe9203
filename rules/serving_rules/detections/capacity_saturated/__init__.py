"""C3: the autoscaler wants more replicas than it may have."""

from __future__ import annotations

from serving_rules.detections.capacity_saturated import cases
from serving_rules.detections.capacity_saturated.records import RECORDS
from serving_rules.detections.capacity_saturated.runbook import DEPLOYMENT_RUNBOOK, ENVIRONMENT_RUNBOOK
from serving_rules.guards import ALONE, ELASTIC, NOT_DEVELOPMENT, NOT_DRAINING
from serving_rules.model import Alert, Detection, Inhibition, Kind, Scope, Severity, Threshold
from serving_rules.promql import DEPLOYMENT, ENVIRONMENT, name_of, value_of

__all__ = ["DETECTION"]

_REASON = (
    "A load that arrives exactly at the ceiling reads 1, and wobbles around it: a tenth is room for that. Lower warns earlier of growth; "
    "from 1 / target utilization on (1.43 at 70 %) every slot is taken and ServingCapacityExhausted pages. More than 2 is never counted."
)

DETECTION = Detection(
    id="C3",
    slug="capacity_saturated",
    title="Saturated: the ceiling keeps the autoscaler from following the load",
    catches="A deployment at max_replica whose load asks for more replicas than that: it serves, but with less room than its target "
    "utilization promises, and the next growth queues.",
    origins=("D2", "E2"),
    thresholds=(
        Threshold("excess", 1.1, _REASON, minimum=1, maximum=1.9, unit="ratio"),
        Threshold(
            "environment_excess",
            1.1,
            "As excess, for the sum of both sides of a promotion.",
            minimum=1,
            maximum=1.9,
            unit="ratio",
            scope=Scope.ENVIRONMENT,
        ),
        Threshold(
            "idle_gpu_ratio",
            0.7,
            "GPUs busy for less than this share of the time can take more requests at once: then a higher concurrency target is offered "
            "as the cheaper way. Only the advice depends on it.",
            minimum=0.05,
            maximum=1,
            unit="ratio",
        ),
        Threshold(
            "flat_ratio",
            1.2,
            "A p95 above its median of six hours by more than a fifth says that replicas already do more at once than they can: no "
            "higher target is offered. Only the advice depends on it.",
            minimum=1,
            maximum=5,
            unit="ratio",
        ),
    ),
    records=RECORDS,
    alerts=(
        Alert(
            "ServingCapacitySaturated",
            Severity.WARNING,
            Kind.CAUSE,
            # No guard for settled bounds: a schedule that lowers the ceiling under the load is what this is for.
            f"""
            (avg_over_time(serving:ceiling_demand_ratio:avg5m[10m]) > $excess)
            {ELASTIC} {NOT_DRAINING} {NOT_DEVELOPMENT} {ALONE}
            """,
            for_="5m",
            keep_firing_for="15m",
            summary="The load asks for more replicas than max_replica allows.",
            description=name_of
            + " is at its ceiling, and in ten minutes its load came to {{ $value | humanizePercentage }} of what the autoscaler plans "
            "that ceiling for. max_replica is "
            + value_of("serving:max_replicas:current")
            + "; set it to "
            + value_of("serving:max_replicas:for_capacity_saturated")
            + value_of(
                "serving:capacity_saturated_dollars_per_day:cost",
                form='printf "%.2f"',
                before=" (at most $",
                after=" a day more)",
                otherwise="",
            )
            + "."
            + value_of(
                "serving:concurrency_target:for_capacity_saturated",
                before=" Or, as the GPUs are not busy and p95 is flat: raise concurrency_target from "
                + value_of("serving:concurrency_target:current")
                + " to ",
                after=".",
                otherwise="",
            ),
            proof=cases.DEPLOYMENT,
        ),
        Alert(
            "ServingEnvironmentSaturated",
            Severity.WARNING,
            Kind.CAUSE,
            """
            (avg_over_time(serving_environment:ceiling_demand_ratio:avg5m[10m]) > $environment_excess)
            and serving_environment:rollout:recent30m
            unless (serving_environment:max_replicas:current <= serving_environment:min_replicas:current)
            """,
            for_="5m",
            keep_firing_for="15m",
            scope=Scope.ENVIRONMENT,
            summary="During a promotion the load asks for more replicas than the environment's max_replica allows.",
            description=name_of
            + " is being promoted, and both versions together are at its ceiling: in ten minutes the load came to {{ $value | "
            "humanizePercentage }} of what the autoscaler plans that ceiling for. max_replica of the environment is "
            + value_of("serving_environment:max_replicas:current", labels=ENVIRONMENT)
            + "; set it to "
            + value_of("serving_environment:max_replicas:needed", labels=ENVIRONMENT)
            + ".",
            proof=cases.ENVIRONMENT,
        ),
    ),
    inhibitions=(
        Inhibition(
            "ServingCapacitySaturated",
            ("ServingConcurrencyTargetTooHigh",),
            DEPLOYMENT,
            "At the ceiling requests are slow for want of replicas; whether the target is too high shows only when there is room.",
        ),
    ),
    runbooks={"ServingCapacitySaturated": DEPLOYMENT_RUNBOOK, "ServingEnvironmentSaturated": ENVIRONMENT_RUNBOOK},
    fires_on=(
        "step-past-capacity",
        "saturation-then-recovery",
        "max-one-overloaded",
        "reject-on-full",
        "flood-from-zero",
        "flood-during-rollout",
    ),
    silent_on=(
        "diurnal",
        "hourly-bursts",
        "pinned",
        "exactly-at-max",
        "promotion",
        "development",
        "async-only",
        "token-saturated",
        "scrape-outage",
        "plain-feed",
    ),
)
