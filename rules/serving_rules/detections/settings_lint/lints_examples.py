"""Examples of the lints: one test for each, in which every object differs from a finding in one thing.

All lints write to one series. The key of an expectation is the object's own label, or, where another lint speaks of an object too,
that lint's labels with it in braces.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from serving_rules.model import Example, Values

__all__ = [
    "CEILING",
    "DELAY_SHORT",
    "DELAY_ZERO",
    "DEVELOPMENT",
    "ENGINE",
    "MAX_ONE",
    "MIN_LOW",
    "PINNED",
    "TARGET_ONE",
    "UTILIZATION",
    "WINDOW_LONG",
    "WINDOW_SHORT",
    "ZERO_FLOOR",
]

_MIN = "serving:min_replicas:current"
_MAX = "serving:max_replicas:current"
_DELAY = "serving:scale_down_delay_seconds:current"
_WINDOW = "serving:autoscaling_window_seconds:current"
_TARGET = "serving:concurrency_target:current"
_UTILIZATION = "serving:target_utilization_ratio:current"
_PRODUCTION = "serving:production:flag"
_DEVELOPMENT = "serving:development:flag"
_PEAK = "serving:desired_replicas:peak7d"
_ASYNC = "serving:async_requests:share1h"
_TOKENS = "serving:target_inflight_tokens:current"

_Objects = Mapping[str, tuple[Mapping[str, Values | None], float | None]]
"""Name of an object to its difference from the base (None takes a series away) and to the value that is found."""


def _lint(
    base: Mapping[str, Values], objects: _Objects, at: str = "5m", others: Mapping[str, float] = MappingProxyType({})
) -> tuple[Example, ...]:
    inputs = {
        f'{series}{{deployment_id="{name}"}}': value
        for name, (change, _) in objects.items()
        for series, value in {**base, **change}.items()
        if value is not None
    }
    found = {f'deployment_id="{name}"': value for name, (_, value) in objects.items() if value is not None}
    return (Example("found for those that have it alone", inputs, at, {**found, **others}),)


_FLAG, _SAMPLED = {"serving:batching_engine:flag": 1}, "serving:batching_engine:sampled1h"

ENGINE = (
    Example("the first at once", _FLAG, "0m", {_SAMPLED: 1}),
    Example("then a pause", _FLAG, "1m", {}),
    Example("for half an hour", _FLAG, "30m", {}),
    Example("for most of an hour", _FLAG, "59m", {}),
    Example("the next after an hour", _FLAG, "60m", {_SAMPLED: 1}),
)

MAX_ONE = _lint(
    {_MAX: 1, _PRODUCTION: 1, _PEAK: 3},
    {
        "found": ({}, 5),
        "need-of-two": ({_PEAK: 2}, 3),
        "need-not-known": ({_PEAK: None}, 3),
        "backlog": ({_PEAK: 400}, 10),
        "need-of-six": ({_PEAK: 6}, 9),
        "two": ({_MAX: 2}, None),
        "none": ({_MAX: 0}, None),
        "not-production": ({_PRODUCTION: None}, None),
        "development": ({_DEVELOPMENT: 1}, None),
    },
)

MIN_LOW = _lint(
    {_MIN: 1, _PRODUCTION: 1},
    {
        "one": ({}, 2),
        "none": ({_MIN: 0}, 2),
        "two": ({_MIN: 2}, None),
        "not-production": ({_PRODUCTION: None}, None),
        "development": ({_DEVELOPMENT: 1}, None),
    },
)

DELAY_ZERO = _lint(
    {_DELAY: 0, _MIN: 0, _MAX: 1},
    {
        "found": ({}, 900),
        "a-second": ({_DELAY: 1}, None),
        "pinned": ({_MIN: 1}, None),
        "bounds-not-known": ({_MIN: None, _MAX: None}, 900),
        "development": ({_DEVELOPMENT: 1}, None),
    },
)

DELAY_SHORT = _lint(
    {_DELAY: 119, _MIN: 1, _MAX: 2},
    {
        "found": ({}, 900),
        "a-second": ({_DELAY: 1}, 900),
        "none-is-another-lint": ({_DELAY: 0}, None),
        "two-minutes": ({_DELAY: 120}, None),
        "one-replica": ({_MIN: 0, _MAX: 1}, None),
        "pinned": ({_MIN: 2}, None),
        "development": ({_DEVELOPMENT: 1}, None),
    },
    others={'{lint="delay_zero",field="scale_down_delay",deployment_id="none-is-another-lint"}': 900},
)

WINDOW_SHORT = _lint(
    {_WINDOW: 29, _MIN: 1, _MAX: 2},
    {
        "found": ({}, 60),
        "thirty": ({_WINDOW: 30}, None),
        "pinned": ({_MAX: 1}, None),
        "development": ({_DEVELOPMENT: 1}, None),
    },
)

WINDOW_LONG = _lint(
    {_WINDOW: 301, _DELAY: 300, _MIN: 0, _MAX: 1},
    {
        "found": ({}, 60),
        "as-long": ({_WINDOW: 300}, None),
        "delay-of-a-minute": ({_DELAY: 59}, 59),
        "delay-of-a-second": ({_DELAY: 1}, 10),
        "delay-of-eleven-seconds": ({_DELAY: 11}, 11),
        "no-delay-is-another-lint": ({_DELAY: 0}, None),
        "pinned": ({_MIN: 1}, None),
        "development": ({_DEVELOPMENT: 1}, None),
    },
    others={'{lint="delay_zero",field="scale_down_delay",deployment_id="no-delay-is-another-lint"}': 900},
)

UTILIZATION = _lint(
    {_UTILIZATION: 0.9, "serving:inflight_requests:peak1d": 2.5, "serving:inflight_requests:avg1d": 1, _MIN: 1, _MAX: 2},
    {
        "found": ({}, 60),
        "just-under": ({_UTILIZATION: 0.89}, None),
        "full": ({_UTILIZATION: 1}, 60),
        "twice-is-no-burst": ({"serving:inflight_requests:peak1d": 2}, None),
        "few-requests": ({"serving:inflight_requests:avg1d": 0.9}, None),
        "many-requests": ({"serving:inflight_requests:avg1d": 10, "serving:inflight_requests:peak1d": 25}, 60),
        "pinned": ({_MAX: 1}, None),
        "tokens": ({_TOKENS: 5}, None),
        "development": ({_DEVELOPMENT: 1}, None),
    },
)

TARGET_ONE = _lint(
    {_TARGET: 1, "serving:batching_engine:sampled1h": "_x9 1 _x1429"},
    {
        "found": ({}, 32),
        "two": ({_TARGET: 2}, None),
        "half": ({_TARGET: 0.5}, None),
        "no-engine": ({"serving:batching_engine:sampled1h": None}, None),
        "engine-of-two-days-ago": ({"serving:batching_engine:sampled1h": "1"}, None),
        "tokens": ({_TOKENS: 5}, None),
        "development": ({_DEVELOPMENT: 1}, None),
    },
    at="1440m",
)


_HOURS = "serving:desired_replicas:hours7d"

CEILING = _lint(
    {_MAX: 16, _MIN: 1, _PEAK: 3, _HOURS: 144},
    {
        "found": ({}, 5),
        "five-times": ({_MAX: 15}, None),
        "need-of-nothing": ({_PEAK: 0, _MAX: 11}, 3),
        "need-of-nothing-counts-as-two": ({_PEAK: 0, _MAX: 10}, None),
        "floor": ({_MIN: 7}, 7),
        "need-not-known": ({_PEAK: None}, None),
        "too-young": ({_HOURS: 143}, None),
        "pinned": ({_MIN: 16}, None),
        "async": ({_ASYNC: 0.6}, None),
        "development": ({_DEVELOPMENT: 1}, None),
    },
)

PINNED = _lint(
    {_MIN: 8, _MAX: 8, "serving:active_replicas:avg1d": 8, "serving:desired_replicas:avg1d": 2.5},
    {
        "found": ({}, 3),
        "three-times": ({"serving:active_replicas:avg1d": 7.5}, None),
        "need-of-nothing": ({"serving:desired_replicas:avg1d": 0}, 1),
        "need-of-nothing-counts-as-one": ({"serving:desired_replicas:avg1d": 0, "serving:active_replicas:avg1d": 3}, None),
        "production": ({"serving:desired_replicas:avg1d": 0, _PRODUCTION: 1}, 2),
        "production-with-need": ({_PRODUCTION: 1}, 3),
        "need-of-two": ({"serving:desired_replicas:avg1d": 1.5}, 2),
        "elastic": ({_MAX: 9}, None),
        "schedule-between": ({_MAX: 7}, 3),
        "async": ({_ASYNC: 0.6}, None),
        "half-async": ({_ASYNC: 0.5}, 3),
        "development": ({_DEVELOPMENT: 1}, None),
    },
)

DEVELOPMENT = _lint(
    {"serving:inflight_requests:avg1h": 12, "serving:effective_concurrency:current": 3.5, _TARGET: 5, _DEVELOPMENT: 1},
    {
        "found": ({}, 4),
        "at-the-target": ({"serving:inflight_requests:avg1h": 5}, None),
        "a-little-more": ({"serving:inflight_requests:avg1h": 5.1, "serving:effective_concurrency:current": 6}, 2),
        "not-development": ({_DEVELOPMENT: None}, None),
    },
)

ZERO_FLOOR = _lint(
    {_MIN: 0, "serving:startup_seconds:typical": 121, "serving:wake:now": "_x9 1 _x1430"},
    {
        "found": ({}, 1),
        "floor": ({_MIN: 1}, None),
        "two-minutes": ({"serving:startup_seconds:typical": 120}, None),
        "start-not-known": ({"serving:startup_seconds:typical": None}, None),
        "woke-two-days-ago": ({"serving:wake:now": "1"}, None),
        "never-woke": ({"serving:wake:now": None}, None),
        "production": ({_PRODUCTION: 1}, None),
        "development": ({_DEVELOPMENT: 1}, None),
    },
    at="1445m",
    others={'{lint="min_low_on_production",field="min_replica",deployment_id="production"}': 2},
)
