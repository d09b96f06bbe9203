"""Service-level indicators of environments: events and bad events, added up over the windows of burn rates.

One series for each indicator (label ``sli``: availability, latency) and window (label ``window``), so that every further rule is written
once. Sums are added up from sums, ratios are made last: an hour with a thousand requests weighs as much as a thousand hours with one.

No data is not good data. A minute in which counters are seen and do not move is 0 events; a minute in which nothing is seen is no sample; a
window without an event has no ratio.

What the windows cost: up to six hours they are read from the events of each minute (360 samples), longer ones from **one sample an hour**
(24, 72 and 720), whose price is that they move once an hour. Every range is half a minute short of its window, so that it holds the same
samples whether or not the server counts the left edge; and what is summed is in the group of its sums, so that every range ends on a
sample.
"""

from __future__ import annotations

from serving_rules.model import Record, RecordGroup
from serving_rules.promql import DEPLOYMENT, ENVIRONMENT, by, names
from serving_rules.signals.derived import objectives_examples as examples
from serving_rules.signals.derived.hourly import sampled

__all__ = ["GROUPS"]

_ON = f"on ({names(ENVIRONMENT)})"
_GOOD = "serving_environment:good_requests:increase1m"
_FAILED = "serving_environment:failed_requests:increase1m"
_SLOW = "serving_environment:slow_requests:increase1m"
_TIMED = "serving_environment:timed_requests:increase1m"
_ACTIVE = "serving_environment:active_replicas:sum"
_COLD = "serving_environment:cold_start:recent15m"

_ALL = "serving_environment:sli_requests"
_BAD = "serving_environment:sli_bad_requests"
_RATIO = "serving_environment:sli_bad_ratio"

_MONTH = "29d23h59m30s"

_AVAILABILITY = {"sli": "availability"}
_LATENCY = {"sli": "latency"}
_WHAT = {_ALL: "Requests that the objective counts", _BAD: "Requests that break the objective"}


def _minutes(name: str, window: str, length: str) -> Record:
    """Events of a window, from those of each minute."""
    return Record(
        f"{name}:sum",
        f"sum_over_time({name}:increase1m[{length}])",
        f"{_WHAT[name]}, sum of {window}, by indicator (label sli).",
        {"window": window},
        examples.of_minutes(name, window),
    )


def _hours(name: str, window: str, length: str) -> Record:
    """Events of a long window, from one sum an hour."""
    return Record(
        f"{name}:sum",
        f"sum_over_time({name}:hourly[{length}])",
        f"{_WHAT[name]}, sum of {window} in whole hours, by indicator (label sli).",
        {"window": window},
        examples.of_hours(name, window),
    )


def _short(window: str, length: str) -> Record:
    """Return the ratio of the short window that goes with a long one."""
    return Record(
        f"{_RATIO}:short",
        f"sum_over_time({_BAD}:increase1m[{length}])\n/\n(sum_over_time({_ALL}:increase1m[{length}]) > 0)",
        "Share of requests that break the objective in the short part of the window, by indicator (label sli): whether it goes on.",
        {"window": window},
        examples.short(window),
    )


GROUPS = (
    RecordGroup(
        "serving-cold-environments",
        "Environments at zero, and for a while after.",
        (
            Record(
                "serving_environment:at_zero:flag",
                f"""
                group {by(ENVIRONMENT)} (
                  serving:deployment:info{{environment!=""}}
                  and on ({names(DEPLOYMENT)}) (serving:active_replicas:max == 0)
                )
                unless ({_ACTIVE} > 0)
                """,
                "1 while no deployment of the environment has an active replica, absent otherwise.",
                examples=examples.AT_ZERO,
            ),
            Record(
                _COLD,
                # Without settings nothing tells zero replicas from lost data: then an environment is cold until 13 of 15 minutes have
                # replicas.
                f"""
                (
                  count_over_time(serving_environment:at_zero:flag[14m30s])
                  or
                  (count_over_time({_ACTIVE}[14m30s]) < 13 unless {_ON} serving_environment:min_replicas:current)
                )
                unless {_ON} (serving_environment:min_replicas:current > 0)
                """,
                "Present for 15 minutes after an environment that may scale to zero was there.",
                examples=examples.COLD,
            ),
        ),
    ),
    RecordGroup(
        "serving-objective-windows",
        "Indicators of each minute, and the windows of the four burn rates.",
        (
            Record(
                f"{_ALL}:increase1m",
                f"sum {by(ENVIRONMENT)} ({_GOOD} or {_FAILED})",
                "Requests of the last minute that were answered well or failed.",
                _AVAILABILITY,
                examples.AVAILABILITY,
            ),
            Record(
                f"{_BAD}:increase1m",
                f"sum {by(ENVIRONMENT)} ({_FAILED}) or {_GOOD} * 0",
                "Requests of the last minute that failed.",
                _AVAILABILITY,
                examples.FAILURES,
            ),
            Record(
                f"{_ALL}:increase1m",
                f"{_TIMED} and {_ON} {_SLOW} unless {_ON} {_COLD}",
                "Requests of the last minute that were timed, those around a cold start left out: one start breaks every objective, and "
                "is no news.",
                _LATENCY,
                examples.TIMED,
            ),
            Record(
                f"{_BAD}:increase1m",
                # A new objective moves a counter's whole past from one side to the other: no minute has more slow requests than requests.
                f"(({_SLOW} <= {_TIMED}) or ({_TIMED} and {_ON} {_SLOW})) unless {_ON} {_COLD}",
                "Requests of the last minute that were slow, those around a cold start left out.",
                _LATENCY,
                examples.SLOW,
            ),
            _short("1h", "4m30s"),
            _short("6h", "4m30s"),
            _short("1d", "1h59m30s"),
            *(_minutes(name, window, length) for window, length in (("1h", "59m30s"), ("6h", "5h59m30s")) for name in _WHAT),
            Record(
                f"{_RATIO}:short",
                f'{_BAD}:sum{{window="6h"}} / ({_ALL}:sum > 0)',
                "Share of requests that break the objective in the short part of the window, by indicator (label sli): whether it goes on.",
                {"window": "3d"},
                examples.SHORT_OF_THREE_DAYS,
            ),
            *(
                sampled(
                    f"{name}:hourly",
                    f'{name}:sum{{window="1h"}}',
                    "59m30s",
                    f"{_WHAT[name]}, sum of an hour, by indicator (label sli). One sample an hour.",
                    examples.hourly(name),
                )
                for name in (_ALL, _BAD)
            ),
            *(_hours(name, window, length) for window, length in (("1d", "23h59m30s"), ("3d", "2d23h59m30s")) for name in _WHAT),
            Record(
                f"{_RATIO}:mean",
                f"{_BAD}:sum / ({_ALL}:sum > 0)",
                "Share of requests that break the objective, by indicator (label sli) and window (label window); absent without requests.",
                examples=examples.RATIO,
            ),
        ),
    ),
    RecordGroup(
        "serving-objective-month",
        "Thirty days, and with which status code requests fail.",
        (
            Record(
                f"{_RATIO}:mean30d",
                f"sum_over_time({_BAD}:hourly[{_MONTH}])\n/\n(sum_over_time({_ALL}:hourly[{_MONTH}]) > 0)",
                "Share of requests that break the objective in 30 days, by indicator (label sli): all failures over all requests, no "
                "mean of means.",
                {"window": "30d"},
                examples.MONTH,
            ),
            *(
                Record(
                    f"serving_environment:failed_requests:top{window}",
                    f"topk {by(ENVIRONMENT)} (1, sum_over_time({_FAILED}[{length}]) > 0)",
                    f"The status code with which most requests of {window} failed (label status_code), and how many.",
                    examples=examples.top(window),
                )
                for window, length in (("1h", "59m30s"), ("6h", "5h59m30s"))
            ),
        ),
    ),
)
