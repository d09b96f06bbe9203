"""Wakes from zero, and how long a deployment had rested before each.

The series of this module are sparse: they have a sample in the minute of a wake and none otherwise, so that a range of a day holds a few
samples and is counted at no cost. They are evaluated after the steps, in the same group: both must be of the same minute.
"""

from __future__ import annotations

from serving_rules.limits import LONGEST_DELAY_SECONDS
from serving_rules.model import Example, Record, Values

__all__ = ["RECORDS"]

_RESTARTS = "serving:restarts:increase1m"
_WAKE: dict[str, Values] = {"serving:last_active_timestamp_seconds:last": "0+60x30", "serving:wake:now": "_x25 1 stale"}

RECORDS = (
    Record(
        "serving:wake:now",
        # All of its replicas are new: there were none before.
        "(serving:active_replicas:step1m == serving:active_replicas:max) > 0",
        "Replicas with which a deployment at zero comes back, in that minute; absent otherwise.",
        examples=(
            Example("two from none", {"serving:active_replicas:max": "0x4 2"}, "5m", {"serving:wake:now": 2}),
            Example("one more", {"serving:active_replicas:max": "1x4 2"}, "5m", {}),
            Example("at rest", {"serving:active_replicas:max": 0}, "5m", {}),
        ),
    ),
    Record(
        "serving:last_active_timestamp_seconds:last",
        """
        (serving:active_replicas:max > 0) * 0 + time()
        or
        (max_over_time(serving:last_active_timestamp_seconds:last[1h]) and serving:active_replicas:max)
        """,
        "When the deployment last had an active replica, Unix time; forgotten when the deployment is gone or unseen for an hour.",
        examples=(
            Example(
                "active until minute 10",
                {"serving:active_replicas:max": "1x10 0x30"},
                "30m",
                {"serving:last_active_timestamp_seconds:last": 600},
            ),
            Example(
                "remembered over 50 minutes without data",
                {"serving:active_replicas:max": "1x10 0x5 _x50 0x10"},
                "70m",
                {"serving:last_active_timestamp_seconds:last": 600},
            ),
            Example("forgotten after more than an hour", {"serving:active_replicas:max": "1x10 0x5 _x65 0x10"}, "85m", {}),
            Example("no statement without data", {"serving:active_replicas:max": "1x10 0x5 stale"}, "20m", {}),
        ),
    ),
    Record(
        "serving:idle_gap_seconds:at_wake",
        # The first hour of a deployment is its first start, its first test request and often its first sleep. Minutes after a restart it
        # was not asleep: its last replica had died.
        """
        (time() - max_over_time(serving:last_active_timestamp_seconds:last[10m] offset 1m))
        and serving:wake:now
        unless (serving:age_seconds:now < 3600)
        unless (sum_over_time(serving:restarts:increase1m[10m]) > 0)
        """,
        "At a wake: how long the deployment had been at zero, seconds. Absent in its first hour, and where its last replica had crashed.",
        examples=(
            Example("a crash at the same time", {**_WAKE, _RESTARTS: "0x24 1 0x30"}, "25m", {}),
            Example("a crash eight minutes before", {**_WAKE, _RESTARTS: "0x16 1 0x30"}, "25m", {}),
            Example("a crash long before", {**_WAKE, _RESTARTS: "0x10 1 0x30"}, "25m", {"serving:idle_gap_seconds:at_wake": 60}),
            Example("in its first hour", {**_WAKE, "serving:age_seconds:now": 3599}, "25m", {}),
            Example("in its second hour", {**_WAKE, "serving:age_seconds:now": 3600}, "25m", {"serving:idle_gap_seconds:at_wake": 60}),
            Example(
                "the minute before counts",
                _WAKE,
                "25m",
                {"serving:idle_gap_seconds:at_wake": 60},
            ),
            Example(
                "a scrape was missed before the wake",
                {"serving:last_active_timestamp_seconds:last": "600x10 _x8 1140", "serving:wake:now": "_x19 1 stale"},
                "19m",
                {"serving:idle_gap_seconds:at_wake": 540},
            ),
            Example(
                "too many were missed",
                {"serving:last_active_timestamp_seconds:last": "600x10 _x11 1320", "serving:wake:now": "_x22 1 stale"},
                "22m",
                {},
            ),
            Example(
                "no wake",
                {"serving:last_active_timestamp_seconds:last": 600, "serving:wake:now": "_x25 1 stale"},
                "26m",
                {},
            ),
        ),
    ),
    Record(
        "serving:idle_gap_seconds:regretted",
        f"""
        serving:idle_gap_seconds:at_wake
        and
        (
          serving:idle_gap_seconds:at_wake
          + (serving:scale_down_delay_seconds:current or serving:idle_gap_seconds:at_wake * 0)
          <= {LONGEST_DELAY_SECONDS}
        )
        """,
        "Gap at a wake that a longer delay could have prevented, seconds: the delay in force and the gap fit into the longest delay.",
        examples=(
            Example(
                "just bridgeable",
                {"serving:idle_gap_seconds:at_wake": 2700, "serving:scale_down_delay_seconds:current": 900},
                "5m",
                {"serving:idle_gap_seconds:regretted": 2700},
            ),
            Example("just not", {"serving:idle_gap_seconds:at_wake": 2701, "serving:scale_down_delay_seconds:current": 900}, "5m", {}),
            Example("without settings", {"serving:idle_gap_seconds:at_wake": 3600}, "5m", {"serving:idle_gap_seconds:regretted": 3600}),
        ),
    ),
    Record(
        "serving:idle_gap_seconds:long",
        "serving:idle_gap_seconds:at_wake unless serving:idle_gap_seconds:regretted",
        "Gap at a wake that no scale-down delay could have bridged, seconds.",
        examples=(
            Example("a night", {"serving:idle_gap_seconds:at_wake": 50400}, "5m", {"serving:idle_gap_seconds:long": 50400}),
            Example("a coffee break", {"serving:idle_gap_seconds:at_wake": 600, "serving:idle_gap_seconds:regretted": 600}, "5m", {}),
        ),
    ),
    Record(
        "serving:regretted_wakes:count6h",
        "count_over_time(serving:idle_gap_seconds:regretted[6h])",
        "Wakes of the last 6 hours that a longer scale-down delay could have prevented.",
        examples=(
            Example(
                "four, one is older",
                {"serving:idle_gap_seconds:regretted": "_x50 600 _x11 600 _x137 600 _x99 600 _x109 600"},
                "420m",
                {"serving:regretted_wakes:count6h": 4},
            ),
        ),
    ),
)
