"""Examples of the records of a cold flood. Each feeds what lies below the whole group, so that one record leads to the next."""

from __future__ import annotations

from serving_rules.model import Example, Values

__all__ = ["ARRIVALS", "COST", "FOR_MAX", "FOR_MIN", "NEEDED"]

_INFLIGHT, _ACTIVE = "serving:inflight_requests:max", "serving:active_replicas:max"
_TARGET = "serving:concurrency_target:current"
_PEAK = "serving:arrivals:peak7d"
_TYPICAL = "serving:replica_throughput:typical"
_UTILIZATION = "serving:target_utilization_ratio:current"
_MIN, _MAX = "serving:min_replicas:current", "serving:max_replicas:current"

_ARRIVALS = "serving:cold_flood_arrivals:rate"
_NEEDED = "serving:cold_flood_replicas:needed"
_FOR_MIN = "serving:min_replicas:for_cold_flood"
_FOR_MAX = "serving:max_replicas:for_cold_flood"
_COST = "serving:cold_flood_dollars_per_day:cost"

_FLOOD: dict[str, Values] = {_INFLIGHT: "0x9 600+600x20", _ACTIVE: 0, _TARGET: 8, _PEAK: 4}
_FEW: dict[str, Values] = {_ACTIVE: 0, _TARGET: 8, _PEAK: 4}

ARRIVALS = (
    Example("the last minute", _FLOOD, "12m", {_ARRIVALS: 10}),
    Example("the week's peak", {**_FLOOD, _PEAK: 12}, "12m", {_ARRIVALS: 12}),
    Example("nothing of the week", {**_FLOOD, _PEAK: "_"}, "12m", {_ARRIVALS: 10}),
    Example("nothing of the minute before", {**_FLOOD, _INFLIGHT: "_x12 600"}, "12m", {_ARRIVALS: 4}),
    Example("exactly four for each slot", {**_FEW, _INFLIGHT: "0x11 32"}, "12m", {_ARRIVALS: 4}),
    Example("one fewer", {**_FEW, _INFLIGHT: "0x11 31"}, "12m", {}),
    Example("a replica serves", {**_FLOOD, _ACTIVE: 1}, "12m", {}),
    Example("few, for three minutes and not before", {**_FEW, _INFLIGHT: "0x6 _x2 1x30"}, "11m", {_ARRIVALS: 4}),
    Example("few, for two minutes", {**_FEW, _INFLIGHT: "0x9 1x30"}, "11m", {}),
    Example("few, and a replica served three minutes ago", {**_FEW, _INFLIGHT: 1, _ACTIVE: "1x9 0x30"}, "11m", {}),
    Example("few, and a replica served five minutes ago", {**_FEW, _INFLIGHT: 1, _ACTIVE: "1x6 _x2 0x30"}, "11m", {_ARRIVALS: 4}),
    Example("few, without settings", {_ACTIVE: 0, _PEAK: 4, _INFLIGHT: 1}, "11m", {_ARRIVALS: 4}),
    Example("none", {**_FEW, _INFLIGHT: 0}, "11m", {}),
)
NEEDED = (
    Example("as many as it takes", {**_FLOOD, _TYPICAL: 4}, "12m", {_NEEDED: 3}),
    Example("one at least", {**_FLOOD, _PEAK: 0, _INFLIGHT: 100, _TYPICAL: 4}, "12m", {_NEEDED: 1}),
    Example("one where a replica's throughput is not known", _FLOOD, "12m", {_NEEDED: 1}),
    Example("nobody waits", {**_FEW, _INFLIGHT: 0, _TYPICAL: 4}, "12m", {}),
)
_BOUNDS: dict[str, Values] = {**_FLOOD, _TYPICAL: 4, _MIN: 0, _MAX: 9, _UTILIZATION: 0.5}
FOR_MIN = (
    Example("what it takes", _BOUNDS, "12m", {_FOR_MIN: 3}),
    Example("the most of the last hour", {**_BOUNDS, _PEAK: "24x11 4x90", _ACTIVE: "0x12 1x90"}, "60m", {_FOR_MIN: 6}),
    Example("but no longer", {**_BOUNDS, _PEAK: "24x11 4x90", _ACTIVE: "0x12 1x90"}, "80m", {}),
    Example("the ceiling at most", {**_BOUNDS, _MAX: 2}, "12m", {_FOR_MIN: 2}),
    Example("a floor that there is", {**_BOUNDS, _MIN: 1}, "12m", {}),
    Example("an unknown floor", {**_BOUNDS, _MIN: "_"}, "12m", {_FOR_MIN: 3}),
)
FOR_MAX = (
    Example("what it takes at the target utilization", {**_BOUNDS, _TYPICAL: 3}, "12m", {_FOR_MAX: 7}),
    Example("the most of the last hour", {**_BOUNDS, _PEAK: "12x11 4x90", _ACTIVE: "0x12 1x90"}, "60m", {_FOR_MAX: 6}),
    Example("but no longer", {**_BOUNDS, _PEAK: "12x11 4x90", _ACTIVE: "0x12 1x90"}, "80m", {}),
    Example("one at least", {**_BOUNDS, _PEAK: 0, _INFLIGHT: 100}, "12m", {_FOR_MAX: 1}),
    Example("the ceiling that there is", {**_BOUNDS, _MAX: 5}, "12m", {}),
    Example("one less than there is", {**_BOUNDS, _MAX: 6}, "12m", {_FOR_MAX: 5}),
    Example("a floor that there is", {**_BOUNDS, _MIN: 1}, "12m", {}),
    Example("an unknown floor", {**_BOUNDS, _MIN: "_"}, "12m", {_FOR_MAX: 5}),
)
COST = (Example("three at two dollars", {**_BOUNDS, "serving:replica_price_dollars_per_hour:current": 2}, "12m", {_COST: 144}),)
