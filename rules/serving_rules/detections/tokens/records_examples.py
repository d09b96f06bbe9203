"""Examples of ``tokens``: token load against replicas, ramps, and caches that forget."""

from __future__ import annotations

from collections.abc import Mapping

from serving_rules.model import Example, Values

__all__ = [
    "CAP",
    "CAPACITY",
    "COST",
    "DESIRED",
    "FIRST_BYTE_MEDIAN",
    "FIRST_BYTE_SAMPLES",
    "HALF_LIFE",
    "HIT_MEDIAN",
    "HIT_SAMPLES",
    "MAX",
    "OVERSHOOT",
    "REMOVALS",
    "RUNNING",
    "SETTLED",
]

_TOKENS = "serving:inflight_tokens:avg"
_TARGET = "serving:target_inflight_tokens:current"
_MAX = "serving:max_replicas:current"
_MIN = "serving:min_replicas:current"
_ACTIVE = "serving:active_replicas:max"
_DESIRED = "serving:token_replicas:desired"
_SETTLED = "serving:token_replicas:settled30m"
_RUNNING = "serving:token_replicas:running"
_HIT = "serving:kv_cache_hit_ratio"
_FIRST = "serving:token_first_byte_seconds"
_RATE = "serving:sync_requests:rate5m"

_Objects = Mapping[str, tuple[Mapping[str, Values | None], float | None]]
"""Name of an object to its difference from the base (None takes a series away) and to the value that is recorded."""


def _together(name: str, target: str, base: Mapping[str, Values], objects: _Objects, at: str = "5m") -> tuple[Example, ...]:
    inputs = {
        f'{series}{{deployment_id="{one}"}}': value
        for one, (change, _) in objects.items()
        for series, value in {**base, **change}.items()
        if value is not None
    }
    return (
        Example(
            name, inputs, at, {f'{target}{{deployment_id="{one}"}}': value for one, (_, value) in objects.items() if value is not None}
        ),
    )


DESIRED = _together(
    "tokens over the target, rounded up",
    _DESIRED,
    {_TOKENS: 200_001, _TARGET: 100_000},
    {"three": ({}, 3), "two": ({_TOKENS: 200_000}, 2), "requests": ({_TARGET: None}, None), "no-target": ({_TARGET: 0}, None)},
)

CAPACITY = _together(
    "tokens over what the ceiling is planned for",
    "serving:token_capacity:ratio",
    {_TOKENS: 300_000, _TARGET: 100_000, _MAX: 2},
    {"half-too-many": ({}, 1.5), "no-ceiling": ({_MAX: 0}, None), "requests": ({_TARGET: None}, None)},
)

MAX = _together(
    "the ceiling with which answers keep up",
    "serving:max_replicas:for_tokens",
    # A step that a line through ten minutes climbs at 0.1 a second, on top of 0.4 answered each second: a quarter more than four replicas.
    {_TOKENS: 500_000, _TARGET: 100_000, _MAX: 4, _ACTIVE: 4, "serving:inflight_requests:max": "900 0x8 _ 0x4 39.6x4", _RATE: 0.4},
    {
        "a-quarter-more": ({}, 6),
        "backlog-shrinks": ({"serving:inflight_requests:max": "900-6x20"}, 5),
        "large-fleet": ({_ACTIVE: 41, _MAX: 41, _TOKENS: 5_000_000}, 57),
        "large-fleet-backlog-shrinks": (
            {_ACTIVE: 41, _MAX: 41, _TOKENS: 5_000_000, "serving:inflight_requests:max": "900-6x20"},
            46,
        ),
        "nothing-answered": ({_RATE: 0}, 5),
        "just-at-the-ceiling": ({_TOKENS: 440_000}, None),
        "a-little-beyond": ({_TOKENS: 440_001}, 6),
        "not-there-yet": ({_ACTIVE: 3}, None),
        "above-the-ceiling": ({_ACTIVE: 5}, 7),
    },
    at="20m",
)

COST = (
    Example(
        "two more replicas for a day",
        {"serving:replica_price_dollars_per_hour:current": 3, "serving:max_replicas:for_tokens": 6, _MAX: 4},
        "5m",
        {"serving:tokens_fix_dollars_per_day:cost": 144},
    ),
)

RUNNING = _together(
    "serving or starting, of token-scaled deployments",
    _RUNNING,
    {_ACTIVE: 4, "serving:starting_replicas:max": 3, _TARGET: 100_000},
    {"tokens": ({}, 7), "requests": ({_TARGET: None}, None)},
)

SETTLED = _together(
    "the most of half an hour, at least the floor",
    _SETTLED,
    {_DESIRED: "90x9 _ 5 3x28", _MIN: 1},
    {
        "first-minute": ({}, 5),
        "last-minute": ({_DESIRED: "90x9 _ 3x28 5"}, 5),
        "middle": ({_DESIRED: "90x9 _ 3x9 5 3x18"}, 5),
        "floor": ({_MIN: 6}, 6),
        "no-need-no-floor": ({_DESIRED: 0, _MIN: 0}, 1),
        "less-than-one": ({_DESIRED: 0.7, _MIN: 0}, 1),
        "more-than-one": ({_DESIRED: 1.5, _MIN: 0}, 1.5),
        "need-not-known": ({_DESIRED: None}, None),
    },
    at="40m",
)

# At minute 100 the ramp's window is that of minutes 41 to 70, and minute 40 is an hour ago; before it everything is out.
_BEFORE = "99x39"
_RAMP: dict[str, Values] = {_RUNNING: f"{_BEFORE} 2 _ 2x12 9x5 6x40", _SETTLED: 4, _RATE: f"{_BEFORE} _ _ 5x27 _ 4x29"}

OVERSHOOT = _together(
    "twice what was needed, while the load stayed",
    "serving:token_overshoot:ratio",
    _RAMP,
    {
        "four-fifths-of-the-load-stayed": ({}, 2.25),
        "less-of-it-stayed": ({_RATE: f"{_BEFORE} _ _ 5x27 _ 3.9x29"}, None),
        "the-mean-of-an-uneven-load-stayed": ({_RATE: f"{_BEFORE} _ _ 8x13 2x13 _ 2.1x14 6.1x14"}, 2.25),
        "less-of-an-uneven-load-stayed": ({_RATE: f"{_BEFORE} _ _ 8x13 2x13 _ 1.9x14 5.9x14"}, None),
        "never-was-a-load": ({_RATE: "0x100"}, None),
        "peak-in-the-first-minute": ({_RUNNING: f"{_BEFORE} 2 9 3x57 99"}, 2.25),
        "peak-in-the-last-minute": ({_RUNNING: f"{_BEFORE} 2 _ 5x27 9 99x30"}, 2.25),
        "one-too-many": ({_SETTLED: 8}, None),
        "two-too-many": ({_SETTLED: 7}, 9 / 7),
        "one-was-added": ({_RUNNING: f"{_BEFORE} 8 _ 2x12 9x5 6x40"}, None),
        "two-were-added": ({_RUNNING: f"{_BEFORE} 7 _ 2x12 9x5 6x40"}, 2.25),
    },
    at="100m",
)

CAP = _together(
    "one and a half times the need",
    "serving:tokens_max_replicas:cap",
    {_SETTLED: 5, _MAX: 10, "serving:token_overshoot:ratio": 1.6},
    {
        "half-more": ({}, 8),
        "one-below": ({_MAX: 9}, 8),
        "there-already": ({_MAX: 8}, None),
        "no-overshoot": ({"serving:token_overshoot:ratio": 1.5}, None),
    },
)


def _every(minutes: int, *values: float | None) -> str:
    """Spell one sample each so many minutes, from minute 0 on; None is a gap."""
    return " ".join(f"{'_' if value is None else value} _x{minutes - 1}" for value in values)


_HITS = {f"{_HIT}:mean15m": "0.4 0.5x13 0.7 0.6x10"}

HIT_SAMPLES = (
    Example("the first at once", _HITS, "0m", {f"{_HIT}:sampled15m": 0.4}),
    Example("then a pause", _HITS, "1m", {}),
    Example("for most of a quarter of an hour", _HITS, "14m", {}),
    Example("the next after a quarter of an hour", _HITS, "15m", {f"{_HIT}:sampled15m": 0.7}),
)

HIT_MEDIAN = (
    Example(
        "the middle of 24 samples; there were higher ones before",
        {f"{_HIT}:sampled15m": _every(15, *[0.9] * 10, *[0.1] * 11, 0.5, 0.5, *[0.8] * 11)},
        "495m",
        {f"{_HIT}:median6h": 0.5},
    ),
    Example(
        "eight are enough, over all of the six hours",
        {f"{_HIT}:sampled15m": _every(15, *[0.25] * 4, *[None] * 16, *[0.25] * 4)},
        "345m",
        {f"{_HIT}:median6h": 0.25},
    ),
    Example(
        "seven are not, whatever was before",
        {f"{_HIT}:sampled15m": _every(15, *[0.25] * 10, *[None] * 17, *[0.25] * 7)},
        "495m",
        {},
    ),
)

_BYTES: dict[str, Values] = {"serving:first_byte_seconds:p95": "4 5x3 0 8", f"{_HIT}:mean15m": 0.5}

FIRST_BYTE_SAMPLES = (
    Example("the first at once", _BYTES, "0m", {f"{_FIRST}:sampled5m": 4}),
    Example("then a pause", _BYTES, "4m", {}),
    Example("the next after five minutes, though it is nothing", _BYTES, "5m", {f"{_FIRST}:sampled5m": 0}),
    Example("no number is no sample", {**_BYTES, "serving:first_byte_seconds:p95": "NaN NaN NaN NaN 8"}, "3m", {}),
    Example("and starts no pause", {**_BYTES, "serving:first_byte_seconds:p95": "NaN NaN NaN NaN 8"}, "4m", {f"{_FIRST}:sampled5m": 8}),
    Example("without a cache", {"serving:first_byte_seconds:p95": 4}, "0m", {}),
)

FIRST_BYTE_MEDIAN = (
    Example(
        "the middle of 72 samples; there were higher ones before",
        {f"{_FIRST}:sampled5m": _every(5, *[9] * 40, *[1] * 35, *[4] * 2, *[6] * 35)},
        "555m",
        {f"{_FIRST}:median6h": 4},
    ),
)

REMOVALS = _together(
    "decreases of half an hour",
    "serving:token_replica_removals:resets30m",
    {_ACTIVE: "9 8 7 6 5x6 _ 5 4 4x13 3 4x12", f"{_HIT}:mean15m": 0.5},
    {"two": ({}, 2), "none": ({_ACTIVE: 3}, 0), "no-cache": ({f"{_HIT}:mean15m": None}, None)},
    at="40m",
)

HALF_LIFE = _together(
    "one cycle, in whole minutes",
    "serving:scale_down_half_life_seconds:for_tokens",
    {"serving:replica_reversals:changes2h": 10, _TARGET: 100_000},
    {
        "ten": ({}, 1440),
        "eleven": ({"serving:replica_reversals:changes2h": 11}, 1320),
        "twenty": ({"serving:replica_reversals:changes2h": 20}, 900),
        "nine": ({"serving:replica_reversals:changes2h": 9}, None),
        "requests": ({_TARGET: None}, None),
    },
)
