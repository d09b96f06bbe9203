"""What alerts and dashboards of objectives read: budgets in force, burn rates, evidence, and what is left of 30 days."""

from __future__ import annotations

from serving_rules.detections.slo import records_examples as examples
from serving_rules.detections.slo.windows import Indicator
from serving_rules.model import Record
from serving_rules.promql import ENVIRONMENT, by, names

__all__ = [
    "BUDGET",
    "BURN",
    "EVIDENCE",
    "LEFT_SECONDS",
    "OBJECTIVE",
    "PER_HOUR",
    "RATIO",
    "RECORDS",
    "SHORT",
    "SUM_BAD",
    "WITH_BUDGET",
    "left",
]

OBJECTIVE = "serving_environment:sli_objective_ratio:current"
BUDGET = "serving_environment:sli_budget_ratio:current"
BURN = "serving_environment:burn_rate:current"
EVIDENCE = "serving_environment:sli_evidence:current"
PER_HOUR = "serving_environment:budget_ratio_per_hour:used"
LEFT_SECONDS = "serving_environment:budget_seconds:left"
RATIO = "serving_environment:sli_bad_ratio:mean"
SHORT = "serving_environment:sli_bad_ratio:short"
SUM_BAD = "serving_environment:sli_bad_requests:sum"
_SUM = "serving_environment:sli_requests:sum"

WITH_BUDGET = f"on ({names((*ENVIRONMENT, 'sli'))}) group_left ()"
"""How a window's series meets the budget of its environment and indicator."""

_ENVIRONMENTS = f'group {by(ENVIRONMENT)} (serving:deployment:info{{environment!=""}})'
_BUDGET_HOURS = 30 * 24


def left(indicator: Indicator) -> str:
    """Name of the series with what is left of an indicator's budget."""
    return f"serving_environment:{indicator}_budget_ratio:left30d"


def _objective(indicator: Indicator) -> Record:
    return Record(
        OBJECTIVE,
        f"{_ENVIRONMENTS} * ${indicator}",
        "Share of requests that must be good, 0 to 1, by indicator (label sli); 0 where there is no objective.",
        {"sli": str(indicator)},
        examples.objective(indicator),
    )


def _left(indicator: Indicator) -> Record:
    return Record(
        left(indicator),
        f'1 - {RATIO}30d{{sli="{indicator}"}} / on ({names(ENVIRONMENT)}) {BUDGET}{{sli="{indicator}"}}',
        f"What is left of the budget of 30 days for {indicator}, or of as many days as are known: 1 untouched, 0 used up, below 0 missed. "
        "Requests of 30 days against failures of 30 days, so that every request weighs the same; moves once an hour.",
        examples=examples.left(indicator),
    )


def _left_seconds(indicator: Indicator) -> Record:
    return Record(
        LEFT_SECONDS,
        # What is left is known with the first hourly sum; until then all of it is.
        f"""
        (
          3600 / {PER_HOUR}{{sli="{indicator}"}}
          * on ({names(ENVIRONMENT)}) group_left () ({left(indicator)} > 0)
        )
        or
        (3600 / {PER_HOUR}{{sli="{indicator}"}} unless on ({names(ENVIRONMENT)}) {left(indicator)})
        """,
        "Time until nothing is left of the budget of 30 days at the pace of the window, seconds; absent when it is used up already.",
        {"sli": str(indicator)},
        examples=examples.left_seconds(indicator),
    )


RECORDS = (
    *map(_objective, Indicator),
    Record(
        BUDGET,
        # 1 - 0.999 is 0.0010000000000000009 in floating point; rounded to millionths it is 0.001.
        f"round(1 - ({OBJECTIVE} > 0), 0.000001)",
        "Share of requests that the objective lets break it, 0 to 1, by indicator (label sli); absent where there is no objective.",
        examples=examples.BUDGET,
    ),
    Record(
        "serving_environment:first_byte_objective_seconds:current",
        f"{_ENVIRONMENTS} * $first_byte_seconds",
        "Time to first byte beyond which a request is slow, seconds; 0 where there is no objective. Counted is from the first bucket bound "
        "that is not below it.",
        examples=examples.FIRST_BYTE,
    ),
    Record(
        BURN,
        f"{RATIO} / {WITH_BUDGET} {BUDGET}",
        "How many times faster than allowed the budget goes, by indicator (label sli) and window (label window): at 1 it lasts 30 days.",
        examples=examples.BURN,
    ),
    Record(
        EVIDENCE,
        # Chernoff's bound; why, and what follows from it, is in ``chance``. Where everything fails 0 ^ 0 is 1: no logarithm of nothing.
        f"""
        {_SUM}
        * (
          {RATIO} * ln({BURN} > 1)
          + ln((1 - {RATIO}) ^ (1 - {RATIO}))
          - (1 - {RATIO}) * {WITH_BUDGET} ln(1 - {BUDGET})
        )
        """,
        "How little chance explains of what broke the objective: the natural logarithm of one over its probability; absent within the "
        "budget.",
        examples=examples.EVIDENCE,
    ),
    *map(_left, Indicator),
    Record(
        PER_HOUR,
        f"({BURN} > 1) / {_BUDGET_HOURS}",
        "Share of the 30-day budget that goes in an hour at the pace of the window; absent while it goes no faster than allowed.",
        examples=examples.PER_HOUR,
    ),
    *map(_left_seconds, Indicator),
)
