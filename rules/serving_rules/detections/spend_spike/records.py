"""What a deployment and a workspace usually cost at this hour, and how much more they cost now.

Compared is the same hour of last week: weekdays differ from weekends, and working hours from nights, in most businesses. While there is no
such hour, yesterday stands in.
Only active replicas count. Starting ones wait for hardware, which is free, or load, and are active a moment later.
"""

from __future__ import annotations

from serving_rules.detections.spend_spike import records_examples as examples
from serving_rules.model import Record
from serving_rules.promql import MODEL, by

__all__ = ["RECORDS"]

_USUAL = "(serving:cost_dollars_per_hour:last_week or serving:cost_dollars_per_hour:yesterday)"
_CAP = "ceil(1.5 * clamp_min(serving:desired_replicas:peak7d offset 1d, 1))"

RECORDS = (
    Record(
        "serving:cost_dollars_per_hour:baseline",
        # One replica is always allowed: from nothing to something is no multiple of anything.
        f"""
        ({_USUAL} > serving:replica_price_dollars_per_hour:current)
        or (serving:replica_price_dollars_per_hour:current and {_USUAL})
        """,
        "What the deployment usually costs at this hour, US dollars an hour, at least the price of one replica.",
        examples=examples.BASELINE,
    ),
    Record(
        "serving:spend_growth:ratio",
        "serving:cost_dollars_per_hour:avg1h / (serving:cost_dollars_per_hour:baseline > 0)",
        "Cost of the last hour over the usual cost at this hour.",
        examples=examples.GROWTH,
    ),
    Record(
        "serving_model:spend_growth:ratio",
        f"""
        sum {by(MODEL)} (serving:cost_dollars_per_hour:avg1h)
        / (sum {by(MODEL)} (serving:cost_dollars_per_hour:baseline) > 0)
        """,
        "The same for all deployments of a model; one without a past adds cost and no baseline.",
        examples=examples.MODEL_GROWTH,
    ),
    Record(
        "serving:spend_spike_dollars_per_day:cost",
        """
        24 * (serving:cost_dollars_per_hour:avg1h - serving:cost_dollars_per_hour:baseline)
        and (serving:spend_growth:ratio > $ratio)
        """,
        "What the spike adds to the bill of a day if it stays, US dollars.",
        examples=examples.COST,
    ),
    Record(
        "serving:spend_spike_max_replicas:cap",
        # Not advice that is merged with that of other detections: a ceiling to come down to, where theirs is one to go up to.
        f"""
        (
          (({_CAP} > serving:min_replicas:current) or (serving:min_replicas:current and serving:desired_replicas:peak7d offset 1d))
          < serving:max_replicas:current
        )
        and (serving:spend_growth:ratio > $ratio)
        """,
        "Ceiling of one and a half times the peak need of the week that ended a day ago, before the spike: it bounds what a runaway "
        "can cost.",
        examples=examples.CAP,
    ),
    Record(
        "serving_workspace:cost_dollars_per_hour:baseline",
        "serving_workspace:cost_dollars_per_hour:last_week or serving_workspace:cost_dollars_per_hour:yesterday",
        "What the workspace usually costs at this hour, US dollars an hour.",
        examples=examples.WORKSPACE_BASELINE,
    ),
    Record(
        "serving_workspace:spend_growth:ratio",
        "serving_workspace:cost_dollars_per_hour:avg1h / (serving_workspace:cost_dollars_per_hour:baseline > 0)",
        "Cost of the workspace in the last hour over its usual cost at this hour.",
        examples=examples.WORKSPACE_GROWTH,
    ),
    Record(
        "serving_workspace:spend_spike_dollars_per_day:cost",
        """
        24 * (serving_workspace:cost_dollars_per_hour:avg1h - serving_workspace:cost_dollars_per_hour:baseline)
        and (serving_workspace:spend_growth:ratio > $workspace_ratio)
        """,
        "What the spike adds to the bill of a day if it stays, US dollars.",
        examples=examples.WORKSPACE_SPIKE,
    ),
)
