"""The alerts: one for each tier of each indicator, from one pattern."""

from __future__ import annotations

from serving_rules.detections.slo.cases import proof
from serving_rules.detections.slo.records import BUDGET, EVIDENCE, LEFT_SECONDS, PER_HOUR, RATIO, SHORT, SUM_BAD, WITH_BUDGET, left
from serving_rules.detections.slo.windows import REACHABLE, TIERS, Indicator, Tier
from serving_rules.model import Alert, Dashboard, Inhibition, Kind, Scope
from serving_rules.promql import ENVIRONMENT, label_of, name_of, number, value_of

__all__ = ["ALERTS", "INHIBITIONS", "alert_name"]

_SLI = (*ENVIRONMENT, "sli")
_WINDOW = (*_SLI, "window")
_PERCENT = "humanizePercentage"

_SUMMARIES = {
    Indicator.AVAILABILITY: "An environment fails more requests than its objective allows{}.",
    Indicator.LATENCY: "An environment answers later than its objective allows{}.",
}
_PACE = {
    "fast": ", and uses a month's budget in two days",
    "medium": ", and uses a month's budget in five days",
    "slow": ", and uses a month's budget in ten days",
    "trickle": ", and will not keep it this month",
}


def alert_name(indicator: Indicator, tier: Tier) -> str:
    """Name of an alert: ``ServingAvailabilityBurn1h``."""
    return f"Serving{indicator.capitalize()}Burn{tier.window}"


def _condition(indicator: Indicator, tier: Tier) -> str:
    """Long and short window beyond the tier, or nothing but failures, of which the short window may have none; and no chance."""
    long = f'{RATIO}{{sli="{indicator}",window="{tier.window}"}}'
    limit = BUDGET if tier.factor == 1 else f"clamp_max({number(tier.factor)} * {BUDGET}, {number(REACHABLE)})"
    return f"""
    (
      {long} > {WITH_BUDGET} {limit}
      and {SHORT} > {WITH_BUDGET} {limit}
      or
      {long} == 1
    )
    and {EVIDENCE} > $evidence
    and {SUM_BAD} >= $failures
    """


def _what(indicator: Indicator, tier: Tier) -> str:
    share = "{{ $value | " + _PERCENT + " }} of the requests to "
    if indicator is Indicator.LATENCY:
        objective = value_of("serving_environment:first_byte_objective_seconds:current", labels=ENVIRONMENT, form="humanizeDuration")
        return f"{share}{name_of} waited longer than {objective} for their first byte in the last {tier.spoken}, cold starts not counted"
    codes = f"serving_environment:failed_requests:top{'1h' if tier.window == '1h' else '6h'}"
    code = label_of(codes, "status_code", labels=ENVIRONMENT, before=", most of them with ", otherwise="")
    return f"{share}{name_of} failed in the last {tier.spoken}{code}"


def _description(indicator: Indicator, tier: Tier) -> str:
    return (
        _what(indicator, tier)
        + "; "
        + value_of(BUDGET, labels=_SLI, form=_PERCENT)
        + " may. An hour of this uses "
        + value_of(PER_HOUR, labels=_WINDOW, form=_PERCENT)
        + " of the budget of 30 days, of which "
        + value_of(left(indicator), labels=ENVIRONMENT, form=_PERCENT, otherwise="an unknown share")
        + " is left"
        + value_of(LEFT_SECONDS, labels=_WINDOW, form="humanizeDuration", otherwise="", before=": at this pace it is gone in ")
        + "."
    )


def _alert(indicator: Indicator, tier: Tier) -> Alert:
    return Alert(
        alert_name(indicator, tier),
        tier.severity,
        Kind.SYMPTOM,
        _condition(indicator, tier),
        for_=tier.for_,
        keep_firing_for=tier.keep_firing_for,
        summary=_SUMMARIES[indicator].format(_PACE[tier.name]),
        description=_description(indicator, tier),
        scope=Scope.ENVIRONMENT,
        extra_labels=("sli", "window"),
        labels={"burn_tier": tier.name},
        dashboard=Dashboard.SLO,
        proof=proof(indicator, tier),
    )


ALERTS = tuple(_alert(indicator, tier) for indicator in Indicator for tier in TIERS)

_NAMED = (
    "ServingCapacityExhausted",
    "ServingEnvironmentExhausted",
    "ServingColdStartGap",
    "ServingRequestsParked",
    "ServingReplicasStuckStarting",
    "ServingRestartLoop",
    "ServingDeploymentUnhealthy",
    "ServingAsyncStalled",
    "ServingCandidateWorse",
)
"""Pages that name an incident which users feel in the same environment."""

INHIBITIONS = (
    *(
        Inhibition(
            alert_name(indicator, tier),
            tuple(alert_name(indicator, slower) for slower in TIERS[place + 1 :]),
            ENVIRONMENT,
            "The same failures fill every window that is longer: whoever hears of the fast burn need not hear of the slow one.",
        )
        for indicator in Indicator
        for place, tier in enumerate(TIERS[:-1])
    ),
    *(
        Inhibition(
            alert_name(Indicator.AVAILABILITY, tier),
            tuple(alert_name(Indicator.LATENCY, slower) for slower in TIERS[place:]),
            ENVIRONMENT,
            "Requests that time out are failures and slow: failing is worse, and whoever looks into it sees how slow the rest is.",
        )
        for place, tier in enumerate(TIERS)
    ),
    *(
        Inhibition(
            name,
            tuple(each.name for each in ALERTS),
            ENVIRONMENT,
            "One page for one incident: this one is out for the same environment, and names it. What is left of the budget is on the "
            "dashboard.",
            {"severity": "critical"},
        )
        for name in _NAMED
    ),
)
