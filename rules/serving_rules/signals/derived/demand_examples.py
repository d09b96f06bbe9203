"""Examples of ``demand``.

Windows are pinned from both sides: other values before them, nothing (or nothing that counts) at their left edge, which is closed before
Prometheus 3.0 and left-open since, and two halves inside.
"""

from __future__ import annotations

from serving_rules.model import Example

__all__ = [
    "ARRIVALS",
    "AVG5M",
    "BOUNDS",
    "DEMAND",
    "DESIRED",
    "EFFECTIVE",
    "HOURLY_ARRIVALS",
    "PEAK_ARRIVALS",
    "RESTARTS",
    "ROLLOUT",
    "SLOTS",
    "WAITING",
    "WEBSOCKETS",
]

_INFLIGHT = "serving:inflight_requests:max"
_LITTLE = "serving:inflight_requests:little5m"
_LATENCY = "serving:latency_seconds:mean15m"
_ACTIVE = "serving:active_replicas:max"
_TARGET = "serving:concurrency_target:current"
_UTILIZATION = "serving:target_utilization_ratio:current"
_TOKENS = "serving:target_inflight_tokens:current"
_DEMAND = "serving:demand_requests:avg5m"
_ARRIVALS = "serving:arrivals:rate5m"
_HOURLY = "serving:arrivals:hourly_max"
_PEAK = "serving:arrivals:peak7d"
_CODE = 'serving:requests_by_code:rate5m{status_code="200"}'


def _two(name: str) -> str:
    return f'{name}{{deployment_id="d-two"}}'


EFFECTIVE = (
    Example(
        "half of ten, and nothing for one that scales on tokens",
        {_TARGET: 10, _UTILIZATION: 0.5, _two(_TARGET): 10, _two(_UTILIZATION): 0.5, _two(_TOKENS): 60000},
        "1m",
        {"serving:effective_concurrency:current": 5},
    ),
)
AVG5M = (Example("five minutes, no more and no less", {_INFLIGHT: "80x13 _x3 4x1 8x2"}, "21m", {"serving:inflight_requests:avg5m": 6.4}),)
DEMAND = (
    Example("the gauge from one request on", {_INFLIGHT: 1, _LITTLE: 0.25, _LATENCY: 0.5}, "10m", {_DEMAND: 1}),
    Example("Little's law below", {_INFLIGHT: 0.75, _LITTLE: 0.5, _LATENCY: 60}, "10m", {_DEMAND: 0.5}),
    Example("but not for requests that the gauge cannot miss", {_INFLIGHT: 0.5, _LITTLE: 12, _LATENCY: 60.5}, "10m", {_DEMAND: 0.5}),
    Example("with nothing but the gauge", {_INFLIGHT: 0.5}, "10m", {_DEMAND: 0.5}),
    Example("with nothing but Little's law", {_LITTLE: 0.5}, "10m", {_DEMAND: 0.5}),
)
DESIRED = (
    Example("25 requests at 7 a replica", {_INFLIGHT: 25, _TARGET: 10, _UTILIZATION: 0.7}, "10m", {"serving:desired_replicas:raw": 4}),
)
SLOTS = (
    Example(
        "three replicas of four, and nothing for one that scales on tokens",
        {_ACTIVE: 3, _TARGET: 4, _two(_ACTIVE): 3, _two(_TARGET): 4, _two(_TOKENS): 60000},
        "1m",
        {"serving:slots:current": 12},
    ),
)
WAITING = (Example("eight wait", {_INFLIGHT: 20, _ACTIVE: 3, _TARGET: 4}, "10m", {"serving:waiting_requests:avg5m": 8}),)

_CODES = {
    _CODE: 3,
    'serving:requests_by_code:rate5m{status_code="429"}': 1,
    'serving:requests_by_code:rate5m{deployment_id="d-two",status_code="200"}': 7,
    'serving:requests_by_code:rate5m{deployment_id="d-two",status_code="500"}': 2,
}
_SECOND = {_two(_ARRIVALS): 9}
ARRIVALS = (
    Example("a backlog grows by two a second", {**_CODES, _INFLIGHT: "0+120x10"}, "10m", {_ARRIVALS: 6, **_SECOND}),
    Example("and drains by three", {**_CODES, _INFLIGHT: "10000-180x10"}, "10m", {_ARRIVALS: 1, **_SECOND}),
    Example("none answered as yet", {_INFLIGHT: "0+120x10"}, "10m", {_ARRIVALS: 2}),
    Example("those that leave unanswered have not arrived", {_INFLIGHT: "10000-120x10"}, "10m", {_ARRIVALS: 0}),
    # Ten a second up to the window; inside it a line with a bend, by least squares 2.5 a second.
    Example("growth of five minutes, no more and no less", {_INFLIGHT: "0+600x13 _x2 0x2 300 600"}, "20m", {_ARRIVALS: 2.5}),
    Example(
        "the same beside what was answered",
        {**_CODES, _INFLIGHT: "0+600x13 _x2 0x2 300 600"},
        "20m",
        {_ARRIVALS: 6.5, **_SECOND},
    ),
)

_HOUR = {_CODE: "90x40 1 2x9 8 2x200", _ACTIVE: "_x41 1x300"}
HOURLY_ARRIVALS = (
    Example("nothing at the first sight of a deployment", _HOUR, "41m", {}),
    Example("nothing of the first hour", _HOUR, "100m", {}),
    Example("an hour, no more and no less", _HOUR, "101m", {_HOURLY: 8}),
    Example("then a pause", _HOUR, "102m", {}),
    Example("for half an hour", _HOUR, "131m", {}),
    Example("for most of an hour", _HOUR, "160m", {}),
    Example("the next after an hour", _HOUR, "161m", {_HOURLY: 2}),
)
PEAK_ARRIVALS = (
    Example("the hours before", {_HOURLY: "9 _x59 3 _x59", _CODE: 2}, "100m", {_PEAK: 9}),
    Example("the hour that runs", {_HOURLY: "3 _x59 3 _x59", _CODE: "90x40 1 2x9 8 2x200"}, "101m", {_PEAK: 8}),
    Example("before there is an hour", {_CODE: 5}, "10m", {_PEAK: 5}),
    Example("a deployment that is gone for now", {_HOURLY: "9 _x59 3 _x59"}, "100m", {_PEAK: 9}),
    Example("a week ago it is forgotten", {_HOURLY: "50 _x59 4 _x59"}, "10080m", {_PEAK: 4}),
    Example("a minute before it is not", {_HOURLY: "50 _x59 4 _x59"}, "10079m", {_PEAK: 50}),
)

BOUNDS = (
    Example(
        "half an hour, floor and ceiling together",
        {"serving:max_replicas:current": "1x25 2x2 _x3 2x7 3x9 4x20", "serving:min_replicas:current": "0x25 1x2 _x3 1x12 2x20"},
        "60m",
        {"serving:bounds:changes30m": 3},
    ),
    Example(
        "three changes up and one down",
        {"serving:max_replicas:current": "1x40 2x5 3x30", "serving:min_replicas:current": "1x45 0x30"},
        "60m",
        {"serving:bounds:changes30m": 3},
    ),
)
ROLLOUT = (
    Example("half an hour ago", {"serving_model:rollout:now": "1x5 _x40"}, "34m", {"serving_model:rollout:recent30m": 1}),
    Example("longer ago", {"serving_model:rollout:now": "1x5 _x40"}, "36m", {}),
)
WEBSOCKETS = (
    Example(
        "the most of two hours, no more and no less",
        {"serving:websocket_connections:max": "9x28 _x3 2 7 2x58 1x60"},
        "151m",
        {"serving:websocket_connections:max2h": 7},
    ),
)
RESTARTS = (
    Example(
        "the sum of two hours, no more and no less",
        {"serving:restarts:increase1m": "5 _x58 1 _x59 1 0 _x58"},
        "150m",
        {"serving:restarts:sum2h": 2},
    ),
)
