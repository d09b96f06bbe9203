"""The recommended settings: one series for each setting, whichever detections have an opinion.

A detection records its own advice as ``serving:<setting>:for_<detection>``. What a person should set is the larger of them: more
delay, more floor and more ceiling never bring back the incident that the other detection saw.
"""

from __future__ import annotations

from serving_rules.model import Example, Record, RecordGroup
from serving_rules.promql import DEPLOYMENT, by

__all__ = ["GROUP"]


def _recommended(setting: str, meaning: str, *detections: str) -> Record:
    """Return the record of what to set: the largest of the detections' advice, any of which may be absent."""
    name = f"serving:{setting}:recommended"
    advice = [f"serving:{setting}:for_{detection}" for detection in detections]
    return Record(name, _largest(advice), meaning, examples=tuple(_examples(name, advice)))


def _largest(series: list[str]) -> str:
    if len(series) == 1:
        return series[0]
    # A label tells them apart, so that `or` keeps all of them.
    told_apart = [f'  label_replace({each}, "advice", "{each.rpartition(":")[2]}", "", "")' for each in series]
    return f"max {by(DEPLOYMENT)} (\n" + "\n  or\n".join(told_apart) + "\n)"


def _examples(name: str, advice: list[str]) -> list[Example]:
    """Return one example for each adviser, in which it asks for the most."""
    return [
        Example(
            f"{largest.rpartition(':')[2]} asks for the most",
            {each: 9 if each == largest else place for place, each in enumerate(advice)},
            "2m",
            {name: 9},
        )
        for largest in advice
    ]


_TARGET = "serving:concurrency_target"

_CONCURRENCY_TARGET = Record(
    f"{_TARGET}:recommended",
    # The one setting where more can hurt: requests that slow each other down weigh more than idle hardware, so lower comes before higher.
    f"{_TARGET}:for_concurrency_target_too_high\nor {_TARGET}:for_concurrency_target_too_low\nor {_TARGET}:for_capacity_saturated",
    "Concurrency target to set: lower where requests slow each other down, higher where hardware idles (at the ceiling instead of more "
    "replicas).",
    examples=(
        Example(
            "lower comes first",
            {
                f"{_TARGET}:for_concurrency_target_too_high": 4,
                f"{_TARGET}:for_concurrency_target_too_low": 9,
                f'{_TARGET}:for_concurrency_target_too_low{{deployment_id="d-two"}}': 9,
                f"{_TARGET}:for_capacity_saturated": 12,
                f'{_TARGET}:for_capacity_saturated{{deployment_id="d-two"}}': 12,
                f'{_TARGET}:for_capacity_saturated{{deployment_id="d-three"}}': 12,
            },
            "2m",
            {
                f"{_TARGET}:recommended": 4,
                f'{_TARGET}:recommended{{deployment_id="d-two"}}': 9,
                f'{_TARGET}:recommended{{deployment_id="d-three"}}': 12,
            },
        ),
    ),
)


GROUP = RecordGroup(
    "serving-recommended",
    "What to set, beside what is set.",
    (
        _recommended(
            "scale_down_delay_seconds",
            "Scale-down delay to set, seconds.",
            "thrash",
            "latency_after_scale_down",
            "scale_to_zero_churn",
            "over_provisioned",
        ),
        _recommended(
            "min_replicas",
            "Floor to set, replicas.",
            "latency_after_scale_down",
            "cold_start_gap",
            "cold_flood",
            "daily_cold_start",
            "idle_spend",
        ),
        _recommended(
            "max_replicas",
            "Ceiling to set, replicas: lower than the present one only after a flood, where nothing asks for more.",
            "capacity_saturated",
            "capacity_exhausted",
            "cold_flood",
            "tokens",
        ),
        _recommended(
            "max_scale_down_ratio",
            "Largest share of the running replicas to remove in one step, 0 to 1.",
            "latency_after_scale_down",
        ),
        _CONCURRENCY_TARGET,
        _recommended("memory_limit_bytes", "Memory that a replica's instance should have, bytes.", "memory_near_limit"),
    ),
)
