"""Examples of ``ceiling``. Windows are pinned from both sides, as in ``demand_examples``."""

from __future__ import annotations

from serving_rules.model import Example, Values

__all__ = ["DEMAND", "DRAINING", "FULL", "INFLIGHT", "NEEDED", "RECENT", "REFUSED", "TYPICAL"]

_ACTIVE = "serving:active_replicas:max"
_MAX = "serving:max_replicas:current"
_TARGET = "serving:concurrency_target:current"
_SLOTS_NOW = "serving:slots:current"
_LOAD = "serving:demand_requests:avg5m"
_EFFECTIVE = "serving:effective_concurrency:current"
_INFLIGHT = "serving:inflight_requests:max"
_FULL = "serving:replica_throughput:full"
_RECENT = "serving:replica_throughput:recent"
_TYPICAL = "serving:replica_throughput:typical"
_FLOOR = "serving:latency_seconds:floor1d"
_HOURS = "serving:latency_seconds:hours1d"


def _rate(code: str, deployment: str = "") -> str:
    more = f',deployment_id="{deployment}"' if deployment else ""
    return f'serving:requests_by_code:rate5m{{status_code="{code}"{more}}}'


def _two(name: str) -> str:
    return f'{name}{{deployment_id="d-two"}}'


_BUSY: dict[str, Values] = {_rate("200"): 5, _rate("201"): 1, _rate("429"): 20, _rate("500"): 30, _ACTIVE: 3, _INFLIGHT: 12, _SLOTS_NOW: 12}
FULL = (
    Example(
        "every slot is taken",
        {**_BUSY, _rate("200", "d-two"): 8, _two(_ACTIVE): 2, _two(_INFLIGHT): 20, _two(_SLOTS_NOW): 8},
        "20m",
        {_FULL: 2, _two(_FULL): 4},
    ),
    Example("a slot is free", {**_BUSY, _INFLIGHT: 11.5}, "20m", {}),
    Example("every slot was taken for five minutes, and not before", {**_BUSY, _INFLIGHT: "0x13 _x2 20x30"}, "20m", {_FULL: 2}),
    Example("every slot was taken for three minutes", {**_BUSY, _INFLIGHT: "0x16 20x30"}, "20m", {}),
    Example("a slot was free for a moment", {**_BUSY, _INFLIGHT: "20x17 0 20x30"}, "20m", {}),
    Example("every slot is taken, as far as is known: for four minutes", _BUSY, "4m", {}),
    Example("for five minutes", _BUSY, "5m", {_FULL: 2}),
    Example("nothing succeeds", {**_BUSY, _rate("200"): 0, _rate("201"): 0}, "20m", {}),
    Example("no replica, but answers of a moment ago", {**_BUSY, _ACTIVE: 0}, "20m", {}),
    Example("a replica came four minutes ago", {**_BUSY, _ACTIVE: "2x9 3x30"}, "14m", {}),
    Example("a replica came seven minutes ago", {**_BUSY, _ACTIVE: "2x9 3x30"}, "17m", {_FULL: 2}),
)
RECENT = (
    Example("the last measure, not the largest", {_FULL: "9x5 2x5 _x60"}, "60m", {_RECENT: 2}),
    Example("not for longer than an hour", {_FULL: "9x5 2x5 _x90"}, "72m", {}),
)
TYPICAL = (
    # 'full' is an input here, since nothing else that it is made of is fed.
    Example("the median of a day's full moments", {_FULL: "8x10 1x30 2x30 7x30"}, "100m", {_TYPICAL: 2}),
    Example("more than a day ago does not count", {_FULL: "9x950 _x15 1x99 2x50 4x98"}, "2400m", {_TYPICAL: 2}),
    Example("before the first", {_TARGET: 8, _FLOOR: 4, _HOURS: 3}, "1m", {_TYPICAL: 2}),
    Example("too little is known of quiet hours", {_TARGET: 8, _FLOOR: 4, _HOURS: 2.75}, "1m", {}),
    Example("what was measured comes first", {_TARGET: 8, _FLOOR: 4, _HOURS: 3, _FULL: 1}, "1m", {_TYPICAL: 1}),
    Example("a time that is none", {_TARGET: 8, _FLOOR: 0, _HOURS: 3}, "1m", {}),
)
_AT: dict[str, Values] = {_LOAD: 15, _MAX: 4, _EFFECTIVE: 2.5, _ACTIVE: 4}
DEMAND = (
    Example("half as much again", _AT, "1m", {"serving:ceiling_demand_ratio:avg5m": 1.5}),
    Example("beyond the ceiling, which was lowered", {**_AT, _ACTIVE: 5}, "1m", {"serving:ceiling_demand_ratio:avg5m": 1.5}),
    Example("room to grow", {**_AT, _ACTIVE: 3}, "1m", {"serving:ceiling_demand_ratio:avg5m": 0}),
    Example("settings that are none", {**_AT, _MAX: 0}, "1m", {}),
    Example("a backlog counts twice at most", {**_AT, _LOAD: 90}, "1m", {"serving:ceiling_demand_ratio:avg5m": 2}),
)
_SLOTS: dict[str, Values] = {_INFLIGHT: 17, _MAX: 4, _TARGET: 2.5, _ACTIVE: 4}
INFLIGHT = (
    Example("half as much again", _SLOTS, "1m", {"serving:ceiling_inflight_ratio:current": 1.5}),
    Example("two at once are no queue", {**_SLOTS, _INFLIGHT: 1}, "1m", {"serving:ceiling_inflight_ratio:current": 0}),
    Example("beyond the ceiling, which was lowered", {**_SLOTS, _ACTIVE: 5}, "1m", {"serving:ceiling_inflight_ratio:current": 1.5}),
    Example("room to grow", {**_SLOTS, _ACTIVE: 3}, "1m", {"serving:ceiling_inflight_ratio:current": 0}),
    Example("settings that are none", {**_SLOTS, _MAX: 0}, "1m", {}),
    Example("a deployment that scales on tokens", {**_SLOTS, "serving:target_inflight_tokens:current": 60000}, "1m", {}),
)
_REJECTS: dict[str, Values] = {
    _rate("429"): "50x8 _x2 1x4 3x30",
    _rate("200"): "50x8 _x2 7x4 5x30",
    _rate("500"): "0x50",
    _ACTIVE: 4,
    _MAX: 4,
    "serving:reject_policy:flag": 1,
}
_REFUSED = "serving:ceiling_refused_ratio:avg10m"
REFUSED = (
    Example("ten minutes, no more and no less", _REJECTS, "20m", {_REFUSED: 0.25}),
    Example("room to grow", {**_REJECTS, _ACTIVE: 3}, "20m", {_REFUSED: 0}),
    Example("more than the ceiling, which was lowered", {**_REJECTS, _ACTIVE: 5}, "20m", {_REFUSED: 0.25}),
    Example("one that queues", {**_REJECTS, "serving:reject_policy:flag": "_"}, "20m", {}),
    Example("no traffic", {**_REJECTS, _rate("429"): 0, _rate("200"): 0}, "20m", {}),
    Example(
        "another deployment",
        {
            **_REJECTS,
            _rate("429", "d-two"): 3,
            _rate("500", "d-two"): 1,
            _two(_ACTIVE): 1,
            _two(_MAX): 1,
            _two("serving:reject_policy:flag"): 1,
        },
        "20m",
        {_REFUSED: 0.25, _two(_REFUSED): 0.75},
    ),
)
_NEEDED = "serving:ceiling_replicas:needed"
_LACK: dict[str, Values] = {
    "serving:arrivals:rate5m": "90x8 _x2 6x4 10x30",
    "serving:target_utilization_ratio:current": 0.75,
    _FULL: 2,
    _MAX: 4,
    _ACTIVE: 4,
}
_DRAINING = "serving:ceiling_backlog:draining"
_ARRIVALS = "serving:arrivals:rate5m"
DRAINING = (
    Example("what arrives fits", {**_LACK, _ARRIVALS: 5.25}, "1m", {_DRAINING: 3.5}),
    Example("it fits exactly", {**_LACK, _ARRIVALS: 6}, "1m", {_DRAINING: 4}),
    Example("it does not fit", {**_LACK, _ARRIVALS: 6.5}, "1m", {}),
    Example("no measure of the last hour", {**_LACK, _ARRIVALS: 5.25, _FULL: "_", _TARGET: 8, _FLOOR: 1}, "1m", {}),
    Example("nor one, but a queue that has halved in five minutes", {_ACTIVE: 4, _INFLIGHT: "80x9 60 40x9"}, "14m", {_DRAINING: 4}),
    Example("not quite halved", {_ACTIVE: 4, _INFLIGHT: "80x9 60 41x9"}, "14m", {}),
    Example("halved six minutes ago", {_ACTIVE: 4, _INFLIGHT: "80x9 60 40x9"}, "16m", {}),
    Example("halved, where a measure says that it is back soon", {**_LACK, _ARRIVALS: 8.5, _INFLIGHT: "80 40x9"}, "1m", {}),
    Example("halved, and it fits exactly with every slot taken", {**_LACK, _ARRIVALS: 8, _INFLIGHT: "80 40x9"}, "1m", {_DRAINING: 4}),
    Example("halved, where it fits anyway", {**_LACK, _ARRIVALS: 5.25, _INFLIGHT: "80 40x9"}, "1m", {_DRAINING: 3.5}),
    Example("not halved, and it fits with every slot taken only", {**_LACK, _ARRIVALS: 7, _INFLIGHT: "80 41x9"}, "1m", {}),
)
NEEDED = (
    Example("ten minutes of arrivals, at the target utilization", _LACK, "20m", {_NEEDED: 6}),
    Example("without a measure of the moment", {**_LACK, _FULL: "_", _TARGET: 8, _FLOOR: 8, _HOURS: 3}, "20m", {_NEEDED: 11}),
    Example("with both, the moment counts", {**_LACK, _FULL: "9x17 2x5"}, "20m", {_NEEDED: 6}),
    Example("one more than the ceiling at least", {**_LACK, _MAX: 6, _ACTIVE: 6}, "20m", {_NEEDED: 7}),
    Example("and where nothing was measured", {_MAX: 4, _ACTIVE: 4}, "20m", {_NEEDED: 5}),
    Example("beyond the ceiling, which was lowered", {**_LACK, _ACTIVE: 5}, "20m", {_NEEDED: 6}),
    Example("room to grow", {**_LACK, _ACTIVE: 3}, "20m", {}),
)
