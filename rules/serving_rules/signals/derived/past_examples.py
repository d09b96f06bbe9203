"""Examples of ``past``: days and weeks with one thing different in each.

Several objects share a test, since days of minutes are slow to go through.
"""

from __future__ import annotations

from collections.abc import Mapping

from serving_rules.model import Example, Values
from serving_rules.signals.derived.hourly_examples import hours

__all__ = ["WEEK_HOURS", "WEEK_PEAK", "WORKSPACE_COST", "WORKSPACE_HOURLY", "last_week", "yesterday"]

_COST = "serving:cost_dollars_per_hour"
_WORKSPACE = "serving_workspace:cost_dollars_per_hour"


def _together(name: str, at: str, target: str, objects: Mapping[str, tuple[Mapping[str, Values], float | None]]) -> Example:
    """Objects (label and value to inputs and what is recorded) in one test."""
    inputs = {f"{key}{{{label}}}": value for label, (series, _) in objects.items() for key, value in series.items()}
    return Example(name, inputs, at, {f"{target}{{{label}}}": value for label, (_, value) in objects.items() if value is not None})


def yesterday(level: str) -> tuple[Example, ...]:
    """Show two days and an hour: the window is that of hours 1 to 24 after the start."""
    source, label = f"{level}:cost_dollars_per_hour", "deployment_id" if level == "serving" else "workspace"
    days = hours(900, *[2] * 12, *[6] * 12, *[800] * 24)
    twenty = hours(900, *[2] * 12, *[6] * 8, *[None] * 4, *[800] * 24)
    nineteen = hours(900, *[2] * 19, *[None] * 5, *[800] * 24)
    objects: dict[str, tuple[dict[str, Values], float | None]] = {
        f'{label}="mean-is-more"': ({f"{source}:hourly_avg": days, f"{source}:avg1h": "_x1439 9 3 7x5"}, 4),
        f'{label}="hour-is-more"': ({f"{source}:hourly_avg": days, f"{source}:avg1h": "_x1439 9 5 7x5"}, 5),
        f'{label}="hour-not-known"': ({f"{source}:hourly_avg": days}, 4),
        f'{label}="twenty-hours"': ({f"{source}:hourly_avg": twenty}, 3.6),
        f'{label}="nineteen-hours"': ({f"{source}:hourly_avg": nineteen}, None),
    }
    return (_together("its mean or its same hour, of a day of which twenty hours are known", "2880m", f"{source}:yesterday", objects),)


def last_week(level: str) -> tuple[Example, ...]:
    """Show the value of a week ago, to the minute."""
    cost = f"{level}:cost_dollars_per_hour"
    return (Example("a week, no more and no less", {f"{cost}:avg1h": "1 1 12 _x10 5"}, "10082m", {f"{cost}:last_week": 12}),)


WORKSPACE_COST = (
    Example(
        "every deployment that is billed",
        {
            f"{_COST}:avg1h": 3,
            f'{_COST}:avg1h{{deployment_id="d-two"}}': 12,
            f'{_COST}:avg1h{{model_id="m-two"}}': 5,
            f'{_COST}:avg1h{{deployment_id="d-three"}}': 7,
            'serving:development:flag{deployment_id="d-three"}': 1,
        },
        "5m",
        {f"{_WORKSPACE}:avg1h": 20},
    ),
)

_HOURLY = {f"{_WORKSPACE}:avg1h": "1x59 2 3x58 4 5x80"}

WORKSPACE_HOURLY = (
    Example("nothing of the first minute", _HOURLY, "0m", {}),
    Example("nothing of the first hour", _HOURLY, "59m", {}),
    Example("the first sample after an hour", _HOURLY, "60m", {f"{_WORKSPACE}:hourly_avg": 2}),
    Example("then a pause", _HOURLY, "61m", {}),
    Example("for half an hour", _HOURLY, "90m", {}),
    Example("for most of an hour", _HOURLY, "119m", {}),
    Example("the next after an hour", _HOURLY, "120m", {f"{_WORKSPACE}:hourly_avg": 4}),
)


def _week(values: tuple[float, ...], deployment: str) -> dict[str, str]:
    return {f'serving:desired_replicas:hourly_max{{deployment_id="{deployment}"}}': hours(*values)}


WEEK_PEAK = (
    Example(
        "the peak of 168 hours, whether it came first or last",
        {
            **_week((900, 7, *[1] * 167), "d-one"),
            **_week((900, *[1] * 167, 9), "d-two"),
            **_week((*[1] * 100, 5, *[1] * 68), "d-three"),
        },
        "10080m",
        {
            "serving:desired_replicas:peak7d": 7,
            'serving:desired_replicas:peak7d{deployment_id="d-two"}': 9,
            'serving:desired_replicas:peak7d{deployment_id="d-three"}': 5,
        },
    ),
)

WEEK_HOURS = (
    Example(
        "the hours of a week, two of which are missing",
        {"serving:desired_replicas:hourly_max": hours(1, *[1] * 90, None, None, *[1] * 76)},
        "10080m",
        {"serving:desired_replicas:hours7d": 166},
    ),
)
