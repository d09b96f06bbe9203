"""Examples of ``objectives``: windows pinned from both sides, events of neighbours, and what is left out around zero replicas.

Expected sums are added up here from the same lists that promtool is fed.
"""

from __future__ import annotations

from collections.abc import Mapping

from serving_rules.model import Example, Values
from serving_rules.signals.derived.hourly_examples import hours

__all__ = [
    "AT_ZERO",
    "AVAILABILITY",
    "COLD",
    "FAILURES",
    "MONTH",
    "RATIO",
    "SHORT_OF_THREE_DAYS",
    "SLOW",
    "TIMED",
    "hourly",
    "of_hours",
    "of_minutes",
    "short",
    "top",
]

_ALL = "serving_environment:sli_requests"
_BAD = "serving_environment:sli_bad_requests"
_RATIO = "serving_environment:sli_bad_ratio"
_GOOD = "serving_environment:good_requests:increase1m"
_FAILED = "serving_environment:failed_requests:increase1m"
_SLOW = "serving_environment:slow_requests:increase1m"
_TIMED = "serving_environment:timed_requests:increase1m"
_ACTIVE = "serving_environment:active_replicas:sum"
_FLOOR = "serving_environment:min_replicas:current"
_AT_ZERO = "serving_environment:at_zero:flag"
_COLD = "serving_environment:cold_start:recent15m"

_NEIGHBOURS: tuple[Mapping[str, str], ...] = (
    {"platform": "other"},
    {"workspace": "w-two"},
    {"model_id": "m-two"},
    {"environment": "staging"},
)
"""Environments that differ from that under test in one label."""


def _at(name: str, **labels: str) -> str:
    pairs = ",".join(f'{label}="{value}"' for label, value in labels.items())
    return f"{name}{{{pairs}}}" if pairs else name


def _sli(name: str, sli: str = "availability", **labels: str) -> str:
    return _at(name, sli=sli, **labels)


AVAILABILITY = (
    Example(
        "good and failed ones, whatever the code",
        {
            _GOOD: 20,
            _at(_FAILED, status_code="500"): 3,
            _at(_FAILED, status_code="429"): 4,
            **{_at(_GOOD, **who): 40.0 + place for place, who in enumerate(_NEIGHBOURS)},
        },
        "1m",
        {
            _sli(f"{_ALL}:increase1m"): 27,
            **{_sli(f"{_ALL}:increase1m", **who): 40.0 + place for place, who in enumerate(_NEIGHBOURS)},
        },
    ),
    Example("nothing but failures", {_at(_FAILED, status_code="500"): 3}, "1m", {_sli(f"{_ALL}:increase1m"): 3}),
    Example("nothing is known", {}, "1m", {}),
)

FAILURES = (
    Example(
        "whatever the code",
        {
            _GOOD: 20,
            _at(_FAILED, status_code="500"): 3,
            _at(_FAILED, status_code="429"): 4,
            **{_at(_FAILED, status_code="500", **who): 40.0 + place for place, who in enumerate(_NEIGHBOURS)},
        },
        "1m",
        {
            _sli(f"{_BAD}:increase1m"): 7,
            **{_sli(f"{_BAD}:increase1m", **who): 40.0 + place for place, who in enumerate(_NEIGHBOURS)},
        },
    ),
    Example("none ever failed", {_GOOD: 20}, "1m", {_sli(f"{_BAD}:increase1m"): 0}),
)

_INFO = "serving:deployment:info"
_REPLICAS = "serving:active_replicas:max"

AT_ZERO = (
    Example(
        "every deployment of it",
        {
            _INFO: 1,
            _at(_INFO, deployment_id="d-two"): 1,
            _REPLICAS: 0,
            _at(_REPLICAS, deployment_id="d-two"): 0,
        },
        "1m",
        {_AT_ZERO: 1},
    ),
    Example(
        "one of two is enough to serve",
        {_INFO: 1, _at(_INFO, deployment_id="d-two"): 1, _REPLICAS: 0, _at(_REPLICAS, deployment_id="d-two"): 1, _ACTIVE: 1},
        "1m",
        {},
    ),
    Example("the feed still has its zero", {_INFO: 1, _REPLICAS: 0, _ACTIVE: 0}, "1m", {_AT_ZERO: 1}),
    Example("it serves", {_INFO: 1, _REPLICAS: 1, _ACTIVE: 1}, "1m", {}),
    Example("nothing is known of its replicas", {_INFO: 1}, "1m", {}),
    Example("outside of environments", {_at(_INFO, environment=""): 1, _REPLICAS: 0}, "1m", {}),
    Example(
        "each of its own",
        {
            **{_at(_INFO, **who): 1.0 for who in _NEIGHBOURS},
            **{_at(_REPLICAS, **{k: v for k, v in who.items() if k != "environment"}): 0.0 for who in _NEIGHBOURS[:3]},
            _REPLICAS: 0,
        },
        "1m",
        {_at(_AT_ZERO, **who): 1 for who in _NEIGHBOURS},
    ),
    Example(
        "the replicas of deployments with the same id are not its own",
        {_INFO: 1, **{_at(_REPLICAS, **who): 0.0 for who in (*_NEIGHBOURS[:3], {"deployment_id": "d-two"})}},
        "1m",
        {},
    ),
)

_FULL = "2x20"

COLD = (
    Example("it was at zero 14 minutes ago", {_AT_ZERO: "_x6 3 stale", _ACTIVE: _FULL, _FLOOR: 0}, "20m", {_COLD: 1}),
    Example("15 minutes ago", {_AT_ZERO: "_x5 1 stale", _ACTIVE: _FULL, _FLOOR: 0}, "20m", {}),
    Example("it has a floor", {_AT_ZERO: "_x6 1 stale", _ACTIVE: _FULL, _FLOOR: 1}, "20m", {}),
    Example("a floor of its neighbours", {_AT_ZERO: "_x6 1 stale", **{_at(_FLOOR, **who): 1.0 for who in _NEIGHBOURS}}, "20m", {_COLD: 1}),
    Example("with settings a gap is no zero", {_ACTIVE: "2x4 _x4 2x11", _FLOOR: 0}, "20m", {}),
    Example("without settings 12 minutes of 15 are not enough", {_ACTIVE: "2x4 _x4 2x11"}, "20m", {_COLD: 12}),
    Example("13 are", {_ACTIVE: "2x4 _x3 2x12"}, "20m", {}),
    Example(
        "settings of its neighbours",
        {_ACTIVE: "2x4 _x4 2x11", **{_at(_FLOOR, **who): 0.0 for who in _NEIGHBOURS}},
        "20m",
        {_COLD: 12},
    ),
    Example("without settings, and known to have been at zero", {_AT_ZERO: "_x6 1x1 stale", _ACTIVE: "_x12 2x8"}, "20m", {_COLD: 2}),
)


def _latency(target: str, own: Mapping[str, Values], expected: Mapping[str, float]) -> tuple[Example, ...]:
    """Show what the cold start of one environment, or the lack of one number, does to it and not to others."""
    base: dict[str, Values] = {_TIMED: 20, _SLOW: 6, **own}
    others: dict[str, Values] = {}
    for who in _NEIGHBOURS:
        others |= {_at(_TIMED, **who): 10.0, _at(_SLOW, **who): 1.0}
    others_out = {_sli(target, "latency", **who): 10.0 if target.startswith(_ALL) else 1.0 for who in _NEIGHBOURS}
    cold: dict[str, Values] = {_COLD: 5}
    all_cold: dict[str, Values] = {_at(_COLD, **who): 5.0 for who in _NEIGHBOURS}
    only_others: dict[str, Values] = {_at(_SLOW, **who): 1.0 for who in _NEIGHBOURS}
    return (
        Example("warm", base, "1m", expected),
        Example("cold, beside warm ones", {**base, **others, **cold}, "1m", others_out),
        Example("warm, beside cold ones", {**base, **others, **all_cold}, "1m", expected),
        Example("it is not known which were slow", {_TIMED: 20, **only_others}, "1m", {}),
    )


TIMED = _latency(f"{_ALL}:increase1m", {}, {_sli(f"{_ALL}:increase1m", "latency"): 20})
SLOW = (
    *_latency(f"{_BAD}:increase1m", {}, {_sli(f"{_BAD}:increase1m", "latency"): 6}),
    Example("all of them", {_TIMED: 20, _SLOW: 20}, "1m", {_sli(f"{_BAD}:increase1m", "latency"): 20}),
    Example("a new objective, and a counter that jumped", {_TIMED: 20, _SLOW: 500}, "1m", {_sli(f"{_BAD}:increase1m", "latency"): 20}),
    Example(
        "a jump does not reach its neighbours",
        {_TIMED: 20, **{_at(_SLOW, **who): 500.0 for who in _NEIGHBOURS}},
        "1m",
        {},
    ),
)

_WINDOWS = {"1h": 5, "6h": 5, "1d": 120, "3d": 360}
"""Long window to the minutes of its short one."""

_STEPS = ((41, 9), (180, 8), (60, 1), (60, 2), (30, 3), (15, 4), (10, 5), (2, 6), (3, 7))
"""Events a minute and for how many minutes, ending in minute 400: another number at every window's edge, half and double."""

_EVENTS = [value for count, value in _STEPS for _ in range(count)]
_MINUTES = " ".join(f"{value}x{count - 1}" for count, value in _STEPS)
_LOOK = len(_EVENTS) - 1


def _last(minutes: int) -> float:
    return float(sum(_EVENTS[-minutes:]))


def of_minutes(name: str, window: str) -> tuple[Example, ...]:
    """Show sums of 1 and of 6 hours; beside them days, which know of seven hourly sums: from minute 0, then every hour."""
    if window == "6h":
        still = {_sli(f"{name}:sum", "latency", window=each): 0.0 for each in ("1h", "6h", "1d", "3d")}
        return (Example("nothing happens", {_sli(f"{name}:increase1m", "latency"): 0}, "10m", still),)
    sums = {_sli(f"{name}:sum", window=each): _last(minutes) for each, minutes in (("1h", 60), ("6h", 360))}
    sums |= {_sli(f"{name}:sum", window=each): float(sum(_EVENTS[: 6 * 60 + 1])) for each in ("1d", "3d")}
    return (Example("an hour, six hours", {_sli(f"{name}:increase1m"): _MINUTES}, f"{_LOOK}m", sums),)


_TEN = f"10x{_LOOK}"
_ALL_KNOWN = {_sli(f"{_RATIO}:short", window=window): _last(minutes) / (10 * minutes) for window, minutes in _WINDOWS.items()}


def short(window: str) -> tuple[Example, ...]:
    """Show the ratios of all short windows at once."""
    if window == "1h":
        return (
            Example(
                "the short part of each window",
                {_sli(f"{_BAD}:increase1m"): _MINUTES, _sli(f"{_ALL}:increase1m"): _TEN},
                f"{_LOOK}m",
                _ALL_KNOWN,
            ),
        )
    if window == "6h":
        return (Example("without requests there is no ratio", {_sli(f"{_BAD}:increase1m"): 0, _sli(f"{_ALL}:increase1m"): 0}, "130m", {}),)
    return (
        Example(
            "a single request, two hours ago",
            {_sli(f"{_BAD}:increase1m"): "0x9 1 0x119", _sli(f"{_ALL}:increase1m"): "0x9 1 0x119"},
            "129m",
            {_sli(f"{_RATIO}:short", window="1d"): 1, _sli(f"{_RATIO}:short", window="3d"): 1},
        ),
    )


_SIX = {"window": "6h"}

SHORT_OF_THREE_DAYS = (
    Example(
        "that of six hours",
        {
            _sli(f"{_BAD}:sum", **_SIX): 5,
            _sli(f"{_ALL}:sum", **_SIX): 20,
            _sli(f"{_BAD}:sum", window="1h"): 3,
            _sli(f"{_ALL}:sum", window="1h"): 10,
            _sli(f"{_BAD}:sum", "latency", **_SIX): 0,
            _sli(f"{_ALL}:sum", "latency", **_SIX): 0,
            _sli(f"{_BAD}:sum", "latency", window="1h"): 3,
            _sli(f"{_ALL}:sum", "latency", window="1h"): 10,
        },
        "1m",
        {_sli(f"{_RATIO}:short", window="3d"): 0.25},
    ),
)


def hourly(name: str) -> tuple[Example, ...]:
    """Show a sum once an hour."""
    sums: dict[str, Values] = {_sli(f"{name}:sum", window="1h"): "3x29 4x29 5x80", _sli(f"{name}:sum", window="6h"): 9}
    target = _sli(f"{name}:hourly", window="1h")
    return (
        Example("at once", sums, "0m", {target: 3}),
        Example("then a pause", sums, "1m", {}),
        Example("for half an hour", sums, "30m", {}),
        Example("and for another", sums, "59m", {}),
        Example("then the next", sums, "60m", {target: 5}),
        Example("and again", sums, "120m", {target: 5}),
    )


_HOURS = (900, 900, *[2] * 24, *[3] * 24, *[4] * 6, *[5] * 6, *[6] * 6, *[7] * 6)
"""Events of each hour: of the last 72 are three days, of the last 24 one."""


def of_hours(name: str, window: str) -> tuple[Example, ...]:
    """Show sums of 1 and 3 days, looked at together."""
    if window == "3d":
        few = {_sli(f"{name}:sum", "latency", window=each): 6.0 for each in ("1d", "3d")}
        return (Example("three hours are known", {_sli(f"{name}:hourly", "latency", window="1h"): hours(1, 2, 3)}, "150m", few),)
    sums = {_sli(f"{name}:sum", window=each): float(sum(_HOURS[-count:])) for each, count in (("1d", 24), ("3d", 72))}
    inputs: dict[str, Values] = {_sli(f"{name}:hourly", window="1h"): hours(*_HOURS)}
    return (Example("one day and three, to the last minute of an hour", inputs, f"{60 * len(_HOURS) - 1}m", sums),)


# That it is thirty days is not shown here but in the text of the rule: promtool takes a minute for a month, and a month for its mutants.
MONTH = (
    Example(
        "every request weighs the same; without any there is no ratio",
        {
            _sli(f"{_BAD}:hourly", window="1h"): hours(1, 1),
            _sli(f"{_ALL}:hourly", window="1h"): hours(1, 199),
            _sli(f"{_BAD}:hourly", "latency", window="1h"): hours(0, 0),
            _sli(f"{_ALL}:hourly", "latency", window="1h"): hours(0, 0),
        },
        "100m",
        {_sli(f"{_RATIO}:mean30d", window="30d"): 0.01},
    ),
)


RATIO = (
    Example(
        "each of its own, none where nothing was asked",
        {
            _sli(f"{_BAD}:sum", **_SIX): 2,
            _sli(f"{_ALL}:sum", **_SIX): 16,
            _sli(f"{_BAD}:sum", "latency", **_SIX): 0,
            _sli(f"{_ALL}:sum", "latency", **_SIX): 5,
            _sli(f"{_BAD}:sum", environment="staging", **_SIX): 0,
            _sli(f"{_ALL}:sum", environment="staging", **_SIX): 0,
            _sli(f"{_BAD}:sum", environment="preview", **_SIX): 1,
            _sli(f"{_ALL}:sum", environment="preview", **_SIX): 1,
        },
        "1m",
        {
            _sli(f"{_RATIO}:mean", **_SIX): 0.125,
            _sli(f"{_RATIO}:mean", "latency", **_SIX): 0,
            _sli(f"{_RATIO}:mean", environment="preview", **_SIX): 1,
        },
    ),
)


def top(window: str) -> tuple[Example, ...]:
    """Show that the most frequent code of the last hour is not that of the last six."""
    target = f"serving_environment:failed_requests:top{window}"
    inputs: dict[str, Values] = {
        _at(_FAILED, status_code="502"): "90x40 2x179 0x119 1x59",
        _at(_FAILED, status_code="503"): "0x340 4x29 0x29",
        _at(_FAILED, status_code="500"): "0x370 3x29",
        _at(_FAILED, status_code="504"): "0x40 3x299 0x59",
    }
    code, count = ("503", 120.0) if window == "1h" else ("504", 900.0)
    return (
        Example("most of them", inputs, "400m", {_at(target, status_code=code): count}),
        Example("nothing failed", {_at(_FAILED, status_code="502"): 0}, "1m", {}),
        Example(
            "each environment its own",
            {_at(_FAILED, status_code="502"): 1, **{_at(_FAILED, status_code="503", **who): 2.0 for who in _NEIGHBOURS}},
            "0m",
            {_at(target, status_code="502"): 1, **{_at(target, status_code="503", **who): 2 for who in _NEIGHBOURS}},
        ),
    )
