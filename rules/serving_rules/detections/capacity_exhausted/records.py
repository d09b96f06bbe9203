"""The condition of an exhausted deployment, what to set, and what it costs."""

from __future__ import annotations

from serving_rules.model import Example, Record

__all__ = ["EXHAUSTED", "RECORDS"]

# The least of three minutes instead of a longer `for`: a missed scrape is skipped, it does not start the count anew.
EXHAUSTED = """(
  (min_over_time(serving:ceiling_inflight_ratio:avg3m[3m]) > $used)
  or (serving:ceiling_refused_ratio:avg10m > $refused_ratio)
)"""

_RATIO = "serving:ceiling_inflight_ratio:avg3m"
_REFUSED = "serving:ceiling_refused_ratio:avg10m"
_NEEDED = "serving:ceiling_replicas:needed"
_MAX = "serving:max_replicas:current"
_PRICE = "serving:replica_price_dollars_per_hour:current"

_FOR_MAX = "serving:max_replicas:for_capacity_exhausted"
_COST = "serving:capacity_exhausted_dollars_per_day:cost"

RECORDS = (
    Record(
        _FOR_MAX,
        f"max_over_time(serving:ceiling_replicas:needed[10m]) and {EXHAUSTED}",
        "Ceiling that serves what arrives, replicas: the most that was needed in ten minutes, while the alert's condition holds.",
        examples=(
            Example("what is needed", {_NEEDED: "40x8 _x2 9x4 7x30", _RATIO: 1.5}, "20m", {_FOR_MAX: 9}),
            Example("exactly full", {_NEEDED: 9, _RATIO: 1}, "20m", {}),
            Example("the least more", {_NEEDED: 9, _RATIO: 1.01}, "20m", {_FOR_MAX: 9}),
            Example("full for three minutes, and not before", {_NEEDED: 9, _RATIO: "0x15 _x2 1.5x30"}, "20m", {_FOR_MAX: 9}),
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
