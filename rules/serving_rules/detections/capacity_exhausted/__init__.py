"""C4: every slot of every allowed replica is taken; requests wait or are refused."""

from __future__ import annotations

from serving_rules.detections.capacity_exhausted import cases
from serving_rules.detections.capacity_exhausted.records import EXHAUSTED, RECORDS, full
from serving_rules.detections.capacity_exhausted.runbook import DEPLOYMENT_RUNBOOK, ENVIRONMENT_RUNBOOK
from serving_rules.guards import ALONE, NOT_DEVELOPMENT, NOT_DRAINING, NOT_TOKENS
from serving_rules.model import Alert, Detection, Inhibition, Kind, Scope, Severity, Threshold
from serving_rules.promql import DEPLOYMENT, ENVIRONMENT, MODEL, name_of, value_of

__all__ = ["DETECTION"]


def _costs(record: str) -> str:
    return value_of(record, form='printf "%.2f"', before=" (at most $", after=" a day more)", otherwise="")


# Between two queues the least that helps is what gives the load room.
_ADVICE = value_of(
    "serving:max_replicas:for_capacity_exhausted",
    after=_costs("serving:capacity_exhausted_dollars_per_day:cost"),
    otherwise=value_of("serving:max_replicas:for_capacity_saturated", after=_costs("serving:capacity_saturated_dollars_per_day:cost")),
)

DETECTION = Detection(
    id="C4",
    slug="capacity_exhausted",
    title="Exhausted: every slot is taken and requests wait or are refused",
    catches="A deployment at max_replica with more requests in flight than its replicas take: the rest waits at the router, invisible to "
    "the client, until it times out; with REJECT_ON_FULL it is refused instead.",
    origins=("D2", "E2"),
    thresholds=(
        Threshold(
            "used",
            1,
            "Above 1 every slot is taken and requests wait whenever one looks, for four minutes. Lower pages "
            "before users feel it; higher tolerates a queue.",
            minimum=0.5,
            maximum=10,
            unit="ratio",
        ),
        Threshold(
            "environment_used",
            1,
            "As used, for the sum of both sides of a promotion.",
            minimum=0.5,
            maximum=10,
            unit="ratio",
            scope=Scope.ENVIRONMENT,
        ),
        Threshold(
            "refused_ratio",
            0.01,
            "A deployment that refuses on purpose never queues; one request in a hundred refused is what users notice. It counts at the "
            "ceiling only: refusals while replicas start are a cold start.",
            minimum=0.0001,
            maximum=1,
            unit="ratio",
        ),
    ),
    records=RECORDS,
    alerts=(
        Alert(
            "ServingCapacityExhausted",
            Severity.CRITICAL,
            Kind.SYMPTOM,
            # Pinned deployments are not left out, other than for ServingCapacitySaturated: a queue hurts them too.
            f"""
            {EXHAUSTED}
            {NOT_DRAINING} {NOT_TOKENS} {NOT_DEVELOPMENT} {ALONE}
            """,
            for_="1m",
            keep_firing_for="15m",
            summary="Every slot of every allowed replica is taken: requests wait at the router or are refused.",
            description=name_of
            + " is at its ceiling of "
            + value_of("serving:max_replicas:current")
            + " replicas with "
            + value_of("serving:inflight_requests:avg5m")
            + " requests in flight for "
            + value_of("serving:slots:current")
            + " slots"
            + value_of(
                "serving:ceiling_refused_ratio:avg10m",
                form="humanizePercentage",
                before="; ",
                after=" of the requests of ten minutes were refused (429)",
                otherwise="",
            )
            + ". Set max_replica to "
            + _ADVICE
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
            "ServingEnvironmentExhausted",
            Severity.CRITICAL,
            Kind.SYMPTOM,
            f"""
            {full("serving_environment:ceiling_inflight_ratio:current", "$environment_used")}
            and serving_environment:rollout:recent30m
            """,
            for_="1m",
            keep_firing_for="15m",
            scope=Scope.ENVIRONMENT,
            summary="During a promotion every slot of the environment is taken: requests wait at the router.",
            description=name_of
            + " is being promoted, and both versions together have "
            + value_of("serving_environment:inflight_requests:avg5m", labels=ENVIRONMENT)
            + ' requests in flight: {{ $value | printf "%.1f" }} times the slots of its '
            + value_of("serving_environment:active_replicas:sum", labels=ENVIRONMENT)
            + " replicas, with no more on their way. max_replica of the environment is "
            + value_of("serving_environment:max_replicas:current", labels=ENVIRONMENT)
            + "; set it to "
            + value_of("serving_environment:max_replicas:needed", labels=ENVIRONMENT)
            + ".",
            proof=cases.ENVIRONMENT,
        ),
    ),
    inhibitions=(
        Inhibition(
            "ServingCapacityExhausted",
            ("ServingCapacitySaturated", "ServingConcurrencyTargetTooHigh", "ServingRequestsExpired"),
            DEPLOYMENT,
            "Whoever has no free slot also has no room, and requests that wait for one expire: the page is out, with the advice.",
        ),
        Inhibition(
            "ServingEnvironmentExhausted",
            ("ServingEnvironmentSaturated",),
            ENVIRONMENT,
            "Whoever has no free slot also has no room: the page is out, with the advice.",
        ),
        Inhibition(
            "ServingEnvironmentExhausted",
            ("ServingRequestsExpired",),
            MODEL,
            "Requests that wait for a slot expire, also at the version that the promotion has just taken out of the environment.",
        ),
    ),
    runbooks={"ServingCapacityExhausted": DEPLOYMENT_RUNBOOK, "ServingEnvironmentExhausted": ENVIRONMENT_RUNBOOK},
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
