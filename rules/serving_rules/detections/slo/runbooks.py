"""Runbooks: what is the same for all tiers is written once."""

from __future__ import annotations

from serving_rules.detections.slo.alerts import alert_name
from serving_rules.detections.slo.records import BURN, OBJECTIVE, RATIO, left
from serving_rules.detections.slo.windows import TIERS, Indicator, Tier
from serving_rules.model import Cause, Query, Runbook

__all__ = ["RUNBOOKS"]

_HERE = 'model_id=~"$model_id",environment=~"$environment"'

_PACE = {
    "fast": "At this pace the budget of 30 days is gone in two days.",
    "medium": "At this pace the budget of 30 days is gone in five days.",
    "slow": "At this pace the budget of 30 days is gone in ten days. Nobody has to get up for it.",
    "trickle": "At this pace the objective is missed this month, without any incident that could be pointed at.",
}

_AVAILABILITY_CAUSES = (
    Cause(
        "A bad version",
        "It began with a deploy or a promotion; the candidate fails more than the stable version (ServingCandidateWorse).",
        "Cancel the promotion, or promote the previous deployment.",
    ),
    Cause(
        "Replicas crash (502)",
        "502, and restarts beside them (ServingRestartLoop, ServingReplicaCrashes).",
        "Read the container's last lines; out of memory: a larger instance, or a smaller `concurrency_target`.",
    ),
    Cause(
        "No capacity (429, 500 after a long wait)",
        "All replicas are active and more is in flight than they have slots for (ServingCapacityExhausted), or none is "
        "(ServingRequestsParked).",
        "Raise `max_replica`; from zero, a floor: `min_replica` 1.",
    ),
    Cause(
        "Nothing to route to (503)",
        "503 outside of a promotion (ServingNoEndpoint).",
        "Look at the deployment's status and readiness.",
    ),
    Cause("Work takes too long (504)", "504, and latency near the timeout.", "Profile the model, or make the call asynchronous."),
    Cause(
        "The model's own errors (500 at once)", "500 with a short response time and healthy replicas.", "Read the model's log; it is code."
    ),
)

_LATENCY_CAUSES = (
    Cause(
        "Queueing",
        "More in flight than `concurrency_target` times the active replicas (ServingCapacitySaturated, ServingColdStartGap).",
        "Raise `max_replica`, or `min_replica` where starts are slower than load grows.",
    ),
    Cause(
        "Slow work",
        "Nothing queues, and the response time rises with the requests in flight for each replica (ServingConcurrencyTargetTooHigh).",
        "Lower `concurrency_target`.",
    ),
    Cause(
        "Replicas taken away too early",
        "Latency rises just after replicas have gone (ServingLatencyAfterScaleDown, ServingThrash).",
        "A longer `scale_down_delay`.",
    ),
    Cause(
        "The router tries again",
        "Replicas crash or are not ready, and few requests fail: retries turn failures into waiting.",
        "Follow the restarts and the readiness.",
    ),
    Cause("Requests have grown", "Responses, or input, are larger than yesterday.", "A larger objective, or a faster engine."),
)


_NO_COLD_STARTS = (
    "Requests within 15 minutes of zero replicas are left out where `min_replica` is 0: what cold starts cost is said by "
    "ServingScaleToZeroChurn and ServingDailyColdStart."
)
_BOUNDS = (
    "Slow is counted from the first bucket bound that is not below the objective: an objective between two bounds is as strict as the "
    "larger one. Above the largest bound nothing can be measured, and there is no alert."
)


def _shared(indicator: Indicator, tier: Tier) -> tuple[Query, ...]:
    return (
        Query("All four windows at once: how many times faster than allowed the budget goes.", f'{BURN}{{sli="{indicator}",{_HERE}}}'),
        Query("The share, and the objective that it is measured against.", f'{RATIO}{{sli="{indicator}",window="{tier.window}",{_HERE}}}'),
        Query("The objective in force.", f'{OBJECTIVE}{{sli="{indicator}",{_HERE}}}'),
        Query("What is left of the budget of 30 days: 1 untouched, 0 used up.", f"{left(indicator)}{{{_HERE}}}"),
    )


def _availability(tier: Tier) -> Runbook:
    return Runbook(
        meaning=f"In the last {tier.spoken} more requests of the environment failed than {_limit(tier)} of the objective's budget allow, "
        "and in the last "
        f"{tier.short} too. Failed are 5xx and the platform's 429, WebSockets that broke, and gRPC statuses of the same kinds; other 4xx "
        "are the callers' own. "
        f"{_PACE[tier.name]}",
        impact="Users see errors: each of these requests was lost to somebody. What the router could repeat has not been counted.",
        confirm=(
            Query("Failures by status code, now.", f"sum by (status_code) (serving_environment:failed_requests:increase1m{{{_HERE}}})"),
            *_shared(Indicator.AVAILABILITY, tier),
            Query(
                "Requests of the last hour: is there any traffic?",
                f'serving_environment:sli_requests:sum{{sli="availability",window="1h",{_HERE}}}',
            ),
            Query("Which of two deployments fails, during a promotion.", f"serving_environment:phase_errors:rate5m{{{_HERE}}}"),
        ),
        causes=_AVAILABILITY_CAUSES,
        fix="Tell the causes apart by the status code that the alert names, then by what else fires for the model. If a promotion runs "
        "or has just ended, go back first and look for the reason later. Objective wrong for this environment: set the threshold "
        "`availability` of the detection `slo` for it (0: none).",
        lies=(
            "A client's own mistakes that the model answers with 500 instead of 400 count as failures: make the model say 400.",
            "Streams that break off late were answered with 200 and count as good; crashes that the router repeats show as latency only.",
            "Requests that somebody gave up (499) are not counted; ServingClientsGivingUp looks at them.",
            f"With little traffic {_few(tier)}",
        ),
    )


def _latency(tier: Tier) -> Runbook:
    return Runbook(
        meaning=f"In the last {tier.spoken} more synchronous requests of the environment waited too long for their first byte than "
        f"{_limit(tier)} of the objective's "
        f"budget allow, and in the last {tier.short} too. Waiting at the router and in the replica's queue is part of it, the length of "
        "the answer is not. "
        f"{_PACE[tier.name]}",
        impact="Users wait, and give up: look for 499. The requests are answered in the end.",
        confirm=(
            *_shared(Indicator.LATENCY, tier),
            Query("What counts as slow, seconds.", f"serving_environment:first_byte_objective_seconds:current{{{_HERE}}}"),
            Query(
                "Bucket bounds: slow is counted from the first that is not below the objective.",
                "sort(serving_workspace:first_byte_bound_seconds:current)",
            ),
            Query("95th percentile by deployment.", 'serving:first_byte_seconds:p95{model_id=~"$model_id"}'),
            Query("Load for each replica.", 'serving:inflight_per_replica:avg5m{model_id=~"$model_id"}'),
            Query("Requests that somebody gave up.", f"serving_environment:abandoned_requests:increase1m{{{_HERE}}}"),
        ),
        causes=_LATENCY_CAUSES,
        fix="Compare load with capacity first: most latency is queueing. Objective wrong for this environment: set the thresholds "
        "`first_byte_seconds` (0: no objective) and `latency` of the detection `slo` for it; models differ by a factor of a thousand.",
        lies=(
            _NO_COLD_STARTS,
            _BOUNDS,
            "Failed requests are not counted, however late: that is availability. Nor are asynchronous ones: the queue has its own alerts.",
            f"With little traffic {_few(tier)}",
        ),
    )


def _limit(tier: Tier) -> str:
    return "the whole" if tier.factor == 1 else f"{tier.factor:g} times the pace"


def _few(tier: Tier) -> str:
    return (
        "three bad requests in a row may be enough if nothing else happened"
        + (" in the hour" if tier.window == "1h" else "")
        + ": one caller's retries look like that. Raise the thresholds `failures` or `evidence` for the environment."
    )


_BY_INDICATOR = {Indicator.AVAILABILITY: _availability, Indicator.LATENCY: _latency}

RUNBOOKS = {alert_name(indicator, tier): write(tier) for indicator, write in _BY_INDICATOR.items() for tier in TIERS}
