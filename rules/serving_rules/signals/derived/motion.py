"""How the number of replicas moves: steps, reversals, swing.

Steps are taken against the last known number, at most ten minutes back: a missed scrape then hides no step and invents none. Behind a
longer gap nothing is concluded.
"""

from __future__ import annotations

from serving_rules.model import Example, Record, RecordGroup
from serving_rules.signals.derived import wakes

__all__ = ["GROUPS"]

# The two hours before 150m: older samples, a gap at the window's edge (inside before Prometheus 3.0, outside since), and two halves.
_TWO_HOURS = "28x28 _x2 4x59 2x59"
_TWO_HOURS_LOW = "1x28 _x2 2x59 4x59"

GROUPS = (
    RecordGroup(
        "serving-motion",
        "Steps of the number of replicas, and wakes from zero.",
        (
            Record(
                "serving:active_replicas:step1m",
                "serving:active_replicas:max - last_over_time(serving:active_replicas:max[10m] offset 1m)",
                "Change of the active replicas since the minute before, or since the last minute that is known.",
                examples=(
                    Example(
                        "two leave each minute", {"serving:active_replicas:max": "40-2x12"}, "10m", {"serving:active_replicas:step1m": -2}
                    ),
                    Example(
                        "a gap hides no step", {"serving:active_replicas:max": "3x10 _x8 4x5"}, "19m", {"serving:active_replicas:step1m": 1}
                    ),
                    Example("behind a long gap nothing is known", {"serving:active_replicas:max": "3x10 _x11 4x5"}, "22m", {}),
                ),
            ),
            Record(
                "serving:active_replicas:direction",
                "sgn(serving:active_replicas:step1m) != 0",
                "Direction of a change of the active replicas, 1 or -1; absent (on purpose) while nothing changes.",
                examples=(
                    Example("up", {"serving:active_replicas:step1m": 3}, "5m", {"serving:active_replicas:direction": 1}),
                    Example("down", {"serving:active_replicas:step1m": -2}, "5m", {"serving:active_replicas:direction": -1}),
                    Example("no step", {"serving:active_replicas:step1m": 0}, "5m", {}),
                ),
            ),
            Record(
                "serving:replica_reversals:changes2h",
                # A staircase of any height counts 0 and a day's cycle 1; changes() of the replicas would punish healthy ramps.
                """
                changes(serving:active_replicas:direction[2h])
                or
                serving:active_replicas:max * 0
                """,
                "Reversals of direction in 2 hours: how often replicas went up after they had gone down, or the other way.",
                examples=(
                    Example(
                        "up, up, down, up, down; one reversal is older",
                        {
                            "serving:active_replicas:direction": "_x20 -1 _x12 1 _x26 1 _x19 -1 _x14 1 _x44 -1",
                            "serving:active_replicas:max": 2,
                        },
                        "150m",
                        {"serving:replica_reversals:changes2h": 3},
                    ),
                    Example("nothing moves", {"serving:active_replicas:max": 3}, "5m", {"serving:replica_reversals:changes2h": 0}),
                ),
            ),
            Record(
                "serving:replica_reversals:changes1h",
                "changes(serving:active_replicas:direction[1h])",
                "Reversals of direction in an hour; absent when nothing moved.",
                examples=(
                    Example(
                        "two; others are older",
                        {"serving:active_replicas:direction": "_x5 -1 _x30 1 _x5 1 _x29 -1 _x14 -1 _x7 1"},
                        "100m",
                        {"serving:replica_reversals:changes1h": 2},
                    ),
                ),
            ),
            Record(
                "serving:replica_reversals:peak_hour2h",
                "max_over_time(serving:replica_reversals:changes1h[2h])",
                "Most reversals of an hour that ended within the last 2 hours: how fast replicas went at their fastest.",
                examples=(
                    Example(
                        "seven an hour and a half ago; it was nine before",
                        {"serving:replica_reversals:changes1h": "9x28 _x2 7x29 3x90"},
                        "150m",
                        {"serving:replica_reversals:peak_hour2h": 7},
                    ),
                ),
            ),
            Record(
                "serving:active_replicas:swing2h",
                "max_over_time(serving:active_replicas:max[2h]) - min_over_time(serving:active_replicas:max[2h])",
                "Largest minus smallest number of active replicas in 2 hours.",
                examples=(
                    Example(
                        "the high half is older",
                        {"serving:active_replicas:max": _TWO_HOURS},
                        "150m",
                        {"serving:active_replicas:swing2h": 2},
                    ),
                    Example(
                        "the low half is older",
                        {"serving:active_replicas:max": _TWO_HOURS_LOW},
                        "150m",
                        {"serving:active_replicas:swing2h": 2},
                    ),
                ),
            ),
            Record(
                "serving:active_replicas:min2h",
                "min_over_time(serving:active_replicas:max[2h])",
                "Fewest active replicas in 2 hours.",
                examples=(
                    Example(
                        "two, one before that",
                        {"serving:active_replicas:max": _TWO_HOURS_LOW},
                        "150m",
                        {"serving:active_replicas:min2h": 2},
                    ),
                ),
            ),
            Record(
                "serving:active_replicas:avg2h",
                "avg_over_time(serving:active_replicas:max[2h])",
                "Mean active replicas of 2 hours.",
                examples=(
                    Example(
                        "none, then four",
                        {"serving:active_replicas:max": "28x28 _x2 0x59 4x59"},
                        "150m",
                        {"serving:active_replicas:avg2h": 2},
                    ),
                ),
            ),
            Record(
                "serving:active_replicas:drop_ratio",
                """
                -serving:active_replicas:step1m / (serving:active_replicas:max - serving:active_replicas:step1m)
                and (serving:active_replicas:step1m < -1)
                """,
                "Share of the active replicas that a step removed, 0 to 1; only steps of two or more (one is the smallest there is).",
                examples=(
                    Example(
                        "three of eight",
                        {"serving:active_replicas:max": "8x4 5"},
                        "5m",
                        {"serving:active_replicas:drop_ratio": 0.375},
                    ),
                    Example(
                        "two of two",
                        {"serving:active_replicas:max": "2x4 0"},
                        "5m",
                        {"serving:active_replicas:drop_ratio": 1},
                    ),
                    Example("one of two", {"serving:active_replicas:max": "2x4 1"}, "5m", {}),
                ),
            ),
            Record(
                "serving:replicas_changed_timestamp_seconds:last",
                """
                (serving:active_replicas:step1m != 0) * 0 + time()
                or
                (max_over_time(serving:replicas_changed_timestamp_seconds:last[10m]) and serving:active_replicas:max)
                or
                serving:active_replicas:max * 0 + time()
                """,
                "When the number of active replicas last changed, Unix time; behind a gap of ten minutes, when it was first seen.",
                examples=(
                    Example(
                        "steps at minutes 5 and 11",
                        {"serving:active_replicas:max": "2x4 3x5 2x30"},
                        "14m",
                        {"serving:replicas_changed_timestamp_seconds:last": 660},
                    ),
                    Example(
                        "a short gap is bridged",
                        {"serving:active_replicas:max": "2x4 stale _x7 2x20"},
                        "20m",
                        {"serving:replicas_changed_timestamp_seconds:last": 0},
                    ),
                    Example(
                        "behind a long gap it begins anew",
                        {"serving:active_replicas:max": "2x4 stale _x11 2x20"},
                        "20m",
                        {"serving:replicas_changed_timestamp_seconds:last": 1020},
                    ),
                    Example("no statement without data", {"serving:active_replicas:max": "2x4 stale"}, "7m", {}),
                ),
            ),
            Record(
                "serving:unchanged_seconds:now",
                "time() - serving:replicas_changed_timestamp_seconds:last",
                "For how long the number of active replicas has not changed, seconds.",
                examples=(
                    Example(
                        "since minute 5",
                        {"serving:replicas_changed_timestamp_seconds:last": 300},
                        "20m",
                        {"serving:unchanged_seconds:now": 900},
                    ),
                ),
            ),
            *wakes.RECORDS,
        ),
    ),
)
