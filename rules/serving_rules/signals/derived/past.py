"""The same hour in the past: what is usual at this time of the day and of the week."""

from __future__ import annotations

from serving_rules.model import Record, RecordGroup
from serving_rules.promql import WORKSPACE, by
from serving_rules.signals.derived import past_examples as examples
from serving_rules.signals.derived.hourly import DAY, WEEK, sampled

__all__ = ["GROUPS"]

_FULL_DAY = 20
"""Hours of yesterday that must be known for yesterday to be compared with."""


def _yesterday(level: str) -> str:
    hourly = f"{level}:cost_dollars_per_hour:hourly_avg[{DAY}] offset 1d"
    return f"""
    (
      (({level}:cost_dollars_per_hour:avg1h offset 1d) > avg_over_time({hourly}))
      or avg_over_time({hourly})
    )
    and (count_over_time({hourly}) >= {_FULL_DAY})
    """


GROUPS = (
    RecordGroup(
        "serving-week",
        "What a week of load asked for.",
        (
            Record(
                "serving:desired_replicas:peak7d",
                f"max_over_time(serving:desired_replicas:hourly_max[{WEEK}])",
                "Replicas that the load asks for, bounds not applied, most in 7 days (or since there is data).",
                examples=examples.WEEK_PEAK,
            ),
            Record(
                "serving:desired_replicas:hours7d",
                f"count_over_time(serving:desired_replicas:hourly_max[{WEEK}])",
                "Hours of the last 7 days on which the week's peak rests; 168 when none is missing.",
                examples=examples.WEEK_HOURS,
            ),
        ),
    ),
    RecordGroup(
        "serving-past",
        "Cost of last week and of yesterday.",
        (
            Record(
                "serving:cost_dollars_per_hour:last_week",
                "serving:cost_dollars_per_hour:avg1h offset 7d",
                "What the deployment cost in the same hour of last week, US dollars an hour.",
                examples=examples.last_week("serving"),
            ),
            Record(
                "serving:cost_dollars_per_hour:yesterday",
                # Days have a shape, so their mean alone would call every noon a spike; the same hour alone would let a spike of yesterday
                # hide one of today.
                _yesterday("serving"),
                "What the deployment cost yesterday, US dollars an hour: in the same hour or on average, whichever is more.",
                examples=examples.yesterday("serving"),
            ),
            Record(
                "serving_workspace:cost_dollars_per_hour:avg1h",
                f"sum {by(WORKSPACE)} (serving:cost_dollars_per_hour:avg1h unless serving:development:flag)",
                "What the active replicas of a workspace cost, US dollars an hour, mean of an hour; development deployments are not "
                "billed.",
                examples=examples.WORKSPACE_COST,
            ),
            sampled(
                "serving_workspace:cost_dollars_per_hour:hourly_avg",
                "serving_workspace:cost_dollars_per_hour:avg1h and serving_workspace:cost_dollars_per_hour:avg1h offset 1h",
                "59m30s",
                "What the active replicas of a workspace cost, mean of an hour, one sample an hour.",
                examples.WORKSPACE_HOURLY,
            ),
            Record(
                "serving_workspace:cost_dollars_per_hour:last_week",
                "serving_workspace:cost_dollars_per_hour:avg1h offset 7d",
                "What the workspace cost in the same hour of last week, US dollars an hour.",
                examples=examples.last_week("serving_workspace"),
            ),
            Record(
                "serving_workspace:cost_dollars_per_hour:yesterday",
                _yesterday("serving_workspace"),
                "What the workspace cost yesterday, US dollars an hour: in the same hour or on average, whichever is more.",
                examples=examples.yesterday("serving_workspace"),
            ),
        ),
    ),
)
