"""Means and peaks over hours, days and a week, at the cost of a handful of samples.

A rule that is evaluated every minute over a day reads 1440 samples of each deployment each time. Here each hour leaves **one** sample
behind: the rule for it holds its tongue for an hour after it has spoken. Six hours are then six samples, a day 24, a week 168, and a mean
of hourly means is the mean (every hour has the same weight). The price is that the long windows move once an hour.

The first sample comes when there is data of an hour ago: no mean of a deployment's first minutes stands for an hour. The long ranges are
half a minute short of whole hours, so that they hold the same number of samples whether the server counts their left edge or not.
"""

from __future__ import annotations

from collections.abc import Sequence

from serving_rules.model import Example, Record, RecordGroup
from serving_rules.signals.derived import hourly_examples as examples

__all__ = ["DAY", "GROUPS", "WEEK", "sampled"]

_SIX_HOURS = "5h59m30s"
DAY = "23h59m30s"
WEEK = "6d23h59m30s"


def sampled(name: str, expr: str, every: str, meaning: str, cases: Sequence[Example]) -> Record:
    """Return a record that speaks once in a while: ``every`` is that while, less half a minute. It is absent in between, on purpose."""
    return Record(name, f"({expr})\nunless count_over_time({name}[{every}])", meaning, examples=tuple(cases))


def _hourly(name: str, expr: str, meaning: str, cases: Sequence[Example]) -> Record:
    return sampled(name, f"{expr} and serving:active_replicas:max offset 1h", "59m30s", meaning + " One sample an hour.", cases)


def _long(name: str, function: str, hourly: str, window: str, least: int, meaning: str, cases: Sequence[Example]) -> Record:
    """Return a value over many hours, of which at least some must be there: half a day's mean says little about a day."""
    return Record(
        name,
        f"{function}_over_time({hourly}[{window}])\nand (count_over_time({hourly}[{window}]) >= {least})",
        meaning,
        examples=tuple(cases),
    )


GROUPS = (
    RecordGroup(
        "serving-hourly",
        "Values of whole hours, one sample an hour.",
        (
            Record(
                "serving:active_replicas:avg1h",
                "avg_over_time(serving:active_replicas:max[1h])",
                "Active replicas, mean of an hour.",
                examples=examples.mean("serving:active_replicas:max", "serving:active_replicas:avg1h"),
            ),
            Record(
                "serving:inflight_requests:avg1h",
                "avg_over_time(serving:inflight_requests:max[1h])",
                "Requests in flight, mean of an hour.",
                examples=examples.mean("serving:inflight_requests:max", "serving:inflight_requests:avg1h"),
            ),
            Record(
                "serving:cost_dollars_per_hour:avg1h",
                "avg_over_time(serving:cost_dollars_per_hour:active[1h])",
                "What the active replicas cost, US dollars an hour, mean of an hour.",
                examples=examples.mean("serving:cost_dollars_per_hour:active", "serving:cost_dollars_per_hour:avg1h"),
            ),
            Record(
                "serving:compute_utilization_ratio:avg",
                "serving:gpu_utilization_ratio:avg or (serving:cpu_utilization_ratio:avg unless (serving:gpus:current > 0))",
                "How busy the hardware is that the model computes on, 0 to 1: GPUs, or CPUs where an instance has no GPU.",
                examples=examples.COMPUTE,
            ),
            _hourly(
                "serving:active_replicas:hourly_avg",
                "serving:active_replicas:avg1h",
                "Active replicas, mean of an hour.",
                examples.ACTIVE,
            ),
            _hourly(
                "serving:inflight_requests:hourly_avg",
                "serving:inflight_requests:avg1h",
                "Requests in flight, mean of an hour.",
                examples.pick("serving:inflight_requests:avg1h", "serving:inflight_requests:hourly_avg"),
            ),
            _hourly(
                "serving:inflight_requests:hourly_max",
                "max_over_time(serving:inflight_requests:max[1h])",
                "Requests in flight, most in an hour.",
                examples.peak("serving:inflight_requests:max", "serving:inflight_requests:hourly_max"),
            ),
            _hourly(
                "serving:compute_utilization_ratio:hourly_avg",
                "avg_over_time(serving:compute_utilization_ratio:avg[1h])",
                "How busy the hardware is, mean of an hour, 0 to 1.",
                examples.hour("serving:compute_utilization_ratio:avg", "serving:compute_utilization_ratio:hourly_avg"),
            ),
            _hourly(
                "serving:desired_replicas:hourly_avg",
                "avg_over_time(serving:desired_replicas:raw[1h])",
                "Replicas that the load asks for, bounds not applied, mean of an hour.",
                examples.hour("serving:desired_replicas:raw", "serving:desired_replicas:hourly_avg"),
            ),
            _hourly(
                "serving:desired_replicas:hourly_max",
                "max_over_time(serving:desired_replicas:raw[1h])",
                "Replicas that the load asks for, bounds not applied, most in an hour.",
                examples.peak("serving:desired_replicas:raw", "serving:desired_replicas:hourly_max"),
            ),
            _hourly(
                "serving:cost_dollars_per_hour:hourly_avg",
                "serving:cost_dollars_per_hour:avg1h",
                "What the active replicas cost, US dollars an hour, mean of an hour.",
                examples.pick("serving:cost_dollars_per_hour:avg1h", "serving:cost_dollars_per_hour:hourly_avg"),
            ),
        ),
    ),
    RecordGroup(
        "serving-days",
        "Six hours and a day: from hourly samples, and only when enough of the hours are there.",
        (
            _long(
                "serving:active_replicas:avg6h",
                "avg",
                "serving:active_replicas:hourly_avg",
                _SIX_HOURS,
                5,
                "Active replicas, mean of 6 hours; absent until 5 hours are known.",
                examples.six_hours("serving:active_replicas:hourly_avg", "serving:active_replicas:avg6h"),
            ),
            _long(
                "serving:inflight_requests:avg6h",
                "avg",
                "serving:inflight_requests:hourly_avg",
                _SIX_HOURS,
                5,
                "Requests in flight, mean of 6 hours; absent until 5 hours are known.",
                examples.six_hours("serving:inflight_requests:hourly_avg", "serving:inflight_requests:avg6h"),
            ),
            _long(
                "serving:compute_utilization_ratio:avg6h",
                "avg",
                "serving:compute_utilization_ratio:hourly_avg",
                _SIX_HOURS,
                5,
                "How busy the hardware is, mean of 6 hours, 0 to 1; absent until 5 hours are known.",
                examples.six_hours("serving:compute_utilization_ratio:hourly_avg", "serving:compute_utilization_ratio:avg6h"),
            ),
            _long(
                "serving:active_replicas:avg1d",
                "avg",
                "serving:active_replicas:hourly_avg",
                DAY,
                12,
                "Active replicas, mean of a day; absent until 12 hours are known.",
                examples.day("serving:active_replicas:hourly_avg", "serving:active_replicas:avg1d"),
            ),
            _long(
                "serving:desired_replicas:avg1d",
                "avg",
                "serving:desired_replicas:hourly_avg",
                DAY,
                12,
                "Replicas that the load asks for, bounds not applied, mean of a day; absent until 12 hours are known.",
                examples.day("serving:desired_replicas:hourly_avg", "serving:desired_replicas:avg1d"),
            ),
            _long(
                "serving:inflight_requests:avg1d",
                "avg",
                "serving:inflight_requests:hourly_avg",
                DAY,
                12,
                "Requests in flight, mean of a day; absent until 12 hours are known.",
                examples.day("serving:inflight_requests:hourly_avg", "serving:inflight_requests:avg1d"),
            ),
            _long(
                "serving:inflight_requests:peak1d",
                "avg",
                "serving:inflight_requests:hourly_max",
                DAY,
                12,
                "Most requests in flight of an hour, mean over the hours of a day; absent until 12 hours are known.",
                examples.day("serving:inflight_requests:hourly_max", "serving:inflight_requests:peak1d"),
            ),
        ),
    ),
)
