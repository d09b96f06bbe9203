"""The condition of an exhausted deployment, what to set, and what it costs."""

from __future__ import annotations

from serving_rules.guards import NOT_DRAINING
from serving_rules.model import Example, Record

__all__ = ["EXHAUSTED", "RECORDS", "full"]


def full(ratio: str, threshold: str) -> str:
    """Return the condition that requests over slots have been above a threshold at each scrape of three minutes.

    At each, and not on average: where slots are few, a handful of requests that come together is a mean above the threshold. The least
    instead of a longer ``for``: a missed scrape is skipped, it does not start the count anew. What is older must be known: where nothing
    is (a Prometheus that has just begun) the least of three minutes is that of one.
    """
    return f"(min_over_time({ratio}[3m]) > {threshold} and last_over_time({ratio}[10m] offset 3m))"


_NOW = f"""(
  {full("serving:ceiling_inflight_ratio:current", "$used")}
  or (serving:ceiling_refused_ratio:avg10m > $refused_ratio)
)"""

# Load that hovers about the ceiling has a queue, loses it and has it again: one page, until there is room.
EXHAUSTED = f"""(
  {_NOW}
  or (
    serving:max_replicas:for_capacity_saturated
    and (count_over_time(serving:max_replicas:for_capacity_exhausted[1h]) >= 2)
  )
)"""

_RATIO = "serving:ceiling_inflight_ratio:current"
_REFUSED = "serving:ceiling_refused_ratio:avg10m"
_NEEDED = "serving:ceiling_replicas:needed"
_MAX = "serving:max_replicas:current"
_DRAINING = "serving:ceiling_backlog:draining"
_PRICE = "serving:replica_price_dollars_per_hour:current"

_FOR_MAX = "serving:max_replicas:for_capacity_exhausted"
_COST = "serving:capacity_exhausted_dollars_per_day:cost"

RECORDS = (
    Record(
        _FOR_MAX,
        f"max_over_time(serving:ceiling_replicas:needed[10m]) and {_NOW} {NOT_DRAINING}",
        "Ceiling that serves what arrives, replicas: the most that was needed in ten minutes, while every slot is taken or requests are "
        "refused.",
        examples=(
            Example("what is needed", {_NEEDED: "40x8 _x2 9x4 7x30", _RATIO: 1.5}, "20m", {_FOR_MAX: 9}),
            Example("exactly full", {_NEEDED: 9, _RATIO: 1}, "20m", {}),
            Example("the least more", {_NEEDED: 9, _RATIO: 1.01}, "20m", {_FOR_MAX: 9}),
            Example("full for three minutes, and not before", {_NEEDED: 9, _RATIO: "0x15 _x2 1.5x30"}, "20m", {_FOR_MAX: 9}),
            Example("full, and nothing older is known", {_NEEDED: 9, _RATIO: "_x18 1.5x30"}, "20m", {}),
            Example("full since an outage of ten minutes", {_NEEDED: 9, _RATIO: "0x9 _x10 1.5x30"}, "20m", {_FOR_MAX: 9}),
            Example("full since an outage of fourteen", {_NEEDED: 9, _RATIO: "0x5 _x14 1.5x30"}, "20m", {}),
            Example("the backlog of a cold start drains", {_NEEDED: 9, _RATIO: 1.5, _DRAINING: 3}, "20m", {}),
            Example("full for two minutes", {_NEEDED: 9, _RATIO: "0x18 1.5x30"}, "20m", {}),
            Example("exactly one in a hundred refused", {_NEEDED: 9, _RATIO: 0.9, _REFUSED: 0.01}, "20m", {}),
            Example("the least more refused", {_NEEDED: 9, _RATIO: 0.9, _REFUSED: 0.011}, "20m", {_FOR_MAX: 9}),
        ),
    ),
    Record(
        _COST,
        f"24 * {_PRICE} * ({_FOR_MAX} - {_MAX})",
        "What the replicas above the present ceiling cost when all of them run, US dollars a day.",
        examples=(Example("five more at two dollars", {_NEEDED: 9, _RATIO: 1.5, _PRICE: 2, _MAX: 4}, "20m", {_COST: 240}),),
    ),
)
