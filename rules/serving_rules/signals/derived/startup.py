"""How long a replica takes to start, from the best source there is, and how long a start that gets nowhere has lasted."""

from __future__ import annotations

from serving_rules.model import Example, Record, RecordGroup
from serving_rules.promql import DEPLOYMENT, by, names

__all__ = ["GROUPS"]

_SINCE = "serving:starting_since_timestamp_seconds:first"
_RAISED = "serving:active_replicas_raised_timestamp_seconds:last"

GROUPS = (
    RecordGroup(
        "serving-startup-time",
        "Start-up time: the start-ups API's own figure, else estimated from replica counts.",
        (
            Record(
                "serving:active_replicas:raised1m",
                "clamp_min(serving:active_replicas:step1m, 0)",
                "Replicas that became active in the last minute.",
                examples=(
                    Example("a rise counts", {"serving:active_replicas:step1m": 3}, "1m", {"serving:active_replicas:raised1m": 3}),
                    Example("a fall does not", {"serving:active_replicas:step1m": -3}, "1m", {"serving:active_replicas:raised1m": 0}),
                ),
            ),
            Record(
                _RAISED,
                f"""
                (serving:active_replicas:raised1m > 0) * 0 + time()
                or
                (max_over_time({_RAISED}[10m]) and serving:active_replicas:max)
                """,
                "When a replica last became active, Unix time; absent at the beginning and behind a gap of ten minutes.",
                examples=(
                    Example(
                        "at minutes 5 and 9",
                        {"serving:active_replicas:step1m": "0x4 2 0x2 1 0x9", "serving:active_replicas:max": 4},
                        "14m",
                        {_RAISED: 540},
                    ),
                    Example(
                        "a short gap is bridged",
                        {"serving:active_replicas:step1m": "0x4 2 stale", "serving:active_replicas:max": "2x5 stale _x7 2x9"},
                        "16m",
                        {_RAISED: 300},
                    ),
                    Example(
                        "a long one is not",
                        {"serving:active_replicas:step1m": "0x4 2 stale", "serving:active_replicas:max": "2x5 stale _x11 2x9"},
                        "20m",
                        {},
                    ),
                    Example("not yet", {"serving:active_replicas:step1m": 0, "serving:active_replicas:max": 4}, "14m", {}),
                    Example("no statement without data", {"serving:active_replicas:step1m": "0x4 2 stale"}, "8m", {}),
                ),
            ),
            Record(
                _SINCE,
                # Between two attempts of a crash loop nothing starts for up to five minutes: the clock goes on over such pauses, and over
                # failed scrapes. Where a range ends half-way between two evaluations, its edge is the same in every release of Prometheus.
                f"""
                (
                  (max_over_time({_SINCE}[9m30s]) and (serving:starting_replicas:max > 0))
                  unless ({_RAISED} > max_over_time({_SINCE}[9m30s]))
                )
                or ((serving:starting_replicas:max > 0) * 0 + time())
                """,
                "Since when replicas have been starting without one becoming active, Unix time; absent while nothing starts.",
                examples=(
                    Example("from the first minute on", {"serving:starting_replicas:max": "0x4 2x10"}, "12m", {_SINCE: 300}),
                    Example("nothing starts", {"serving:starting_replicas:max": "2x4 0x10"}, "12m", {}),
                    Example("over a pause of nine minutes", {"serving:starting_replicas:max": "0x4 1x4 0x7 1"}, "18m", {_SINCE: 300}),
                    Example("but not of ten", {"serving:starting_replicas:max": "0x4 1x4 0x8 1"}, "19m", {_SINCE: 1140}),
                    Example(
                        "a replica that came through begins it anew",
                        {
                            "serving:starting_replicas:max": "2x30",
                            "serving:active_replicas:step1m": "0x9 1 0x20",
                            "serving:active_replicas:max": 4,
                        },
                        "14m",
                        {_SINCE: 600},
                    ),
                    Example(
                        "a replica lost is no progress",
                        {"serving:starting_replicas:max": "2x30", "serving:active_replicas:step1m": "0x9 -1 0x20"},
                        "14m",
                        {_SINCE: 0},
                    ),
                    Example(
                        "so does one that came through as the last of its batch",
                        {
                            "serving:starting_replicas:max": "0x4 1x2 0x5 1x9",
                            "serving:active_replicas:step1m": "0x7 1 0x12",
                            "serving:active_replicas:max": "2x7 3x12",
                        },
                        "16m",
                        {_SINCE: 840},
                    ),
                ),
            ),
            Record(
                "serving:starting_seconds:stalled",
                f"time() - {_SINCE}",
                "How long replicas have been starting without one becoming active, seconds.",
                examples=(
                    Example(
                        "seven minutes",
                        {"serving:starting_replicas:max": "0x4 2x10"},
                        "12m",
                        {"serving:starting_seconds:stalled": 420},
                    ),
                ),
            ),
            Record(
                "serving:starting_replicas:advancing",
                "(serving:starting_replicas:max > 0) unless (serving:starting_seconds:stalled > 1800)",
                "Replicas starting; absent without any, and once none has become active for half an hour: those are stuck, not slow.",
                examples=(
                    Example(
                        "half an hour is a long start",
                        {"serving:starting_replicas:max": "2x60"},
                        "30m",
                        {"serving:starting_replicas:advancing": 2},
                    ),
                    Example("more is none", {"serving:starting_replicas:max": "2x60"}, "31m", {}),
                    Example("nothing starts", {"serving:starting_replicas:max": 0}, "5m", {}),
                ),
            ),
            Record(
                "serving:active_replicas:started1m",
                "serving:active_replicas:raised1m > 0",
                "Replicas that became active in the last minute; absent when none did.",
                examples=(
                    Example("two did", {"serving:active_replicas:step1m": 2}, "1m", {"serving:active_replicas:started1m": 2}),
                    Example("none did", {"serving:active_replicas:step1m": 0}, "1m", {}),
                ),
            ),
            Record(
                "serving:startup_seconds:little1d",
                # Little's law on the population that starts: time in it = (replica-minutes spent starting) / (replicas that came out of
                # it).
                # Both series are absent in minutes in which nothing happens, so that a day of them is few samples.
                """
                60 * sum_over_time(serving:starting_replicas:advancing[1d])
                /
                (sum_over_time(serving:active_replicas:started1m[1d]) > 2)
                """,
                "Mean start-up of the last day estimated from replica counts, seconds; needs three starts.",
                examples=(
                    Example(
                        "three starts of four minutes",
                        {"serving:starting_replicas:max": "0x2 3x3 0x10", "serving:active_replicas:step1m": "0x6 3 0x9"},
                        "12m",
                        {"serving:startup_seconds:little1d": 240},
                    ),
                    Example(
                        "two starts are too few",
                        {"serving:starting_replicas:max": "0x2 2x3 0x10", "serving:active_replicas:step1m": "0x6 2 0x9"},
                        "12m",
                        {},
                    ),
                    Example(
                        "starts of a day, no more and no less",
                        {
                            "serving:starting_replicas:max": "0x4 2x9 0x500 1x3 0x300 1x3 0x300 1x3 0x400",
                            "serving:active_replicas:step1m": "0x14 2 0x504 1 0x304 1 0x304 1 0x400",
                        },
                        "1500m",
                        {"serving:startup_seconds:little1d": 240},
                    ),
                    Example(
                        "a day ago is forgotten",
                        {"serving:starting_replicas:max": "0x2 3x3 0x1500", "serving:active_replicas:step1m": "0x6 3 0x1499"},
                        "1449m",
                        {},
                    ),
                    Example(
                        "twenty hours ago is not",
                        {"serving:starting_replicas:max": "0x2 3x3 0x1500", "serving:active_replicas:step1m": "0x6 3 0x1499"},
                        "1200m",
                        {"serving:startup_seconds:little1d": 240},
                    ),
                ),
            ),
            Record(
                "serving:startup_seconds:typical",
                "serving:startup_seconds:p90 or serving:startup_seconds:little1d",
                "Start-up to plan with, seconds: the 90th percentile of the start-ups API where it is offered, else the estimate.",
                examples=(
                    Example(
                        "what the platform measured",
                        {
                            "serving:startup_seconds:p90": 300,
                            "serving:starting_replicas:max": "0x2 3x3 0x10",
                            "serving:active_replicas:step1m": "0x6 3 0x9",
                        },
                        "12m",
                        {"serving:startup_seconds:typical": 300},
                    ),
                    Example(
                        "else the estimate",
                        {"serving:starting_replicas:max": "0x2 3x3 0x10", "serving:active_replicas:step1m": "0x6 3 0x9"},
                        "12m",
                        {"serving:startup_seconds:typical": 240},
                    ),
                ),
            ),
            Record(
                "serving:startup_slowest_phase_seconds:p90",
                f"""
                serving:startup_phase_seconds:p90
                == on ({names(DEPLOYMENT)}) group_left ()
                max {by(DEPLOYMENT)} (serving:startup_phase_seconds:p90)
                """,
                "The phase that takes longest in a start (label phase), seconds: where to look first.",
                examples=(
                    Example(
                        "one for each deployment",
                        {
                            'serving:startup_phase_seconds:p90{phase="weight_download"}': 120,
                            'serving:startup_phase_seconds:p90{phase="readiness"}': 20,
                            'serving:startup_phase_seconds:p90{deployment_id="d-two",phase="readiness"}': 300,
                            'serving:startup_phase_seconds:p90{model_id="m-two",phase="readiness"}': 400,
                            'serving:startup_phase_seconds:p90{workspace="w-two",phase="readiness"}': 500,
                            'serving:startup_phase_seconds:p90{platform="other",phase="readiness"}': 600,
                        },
                        "2m",
                        {
                            'serving:startup_slowest_phase_seconds:p90{phase="weight_download"}': 120,
                            'serving:startup_slowest_phase_seconds:p90{deployment_id="d-two",phase="readiness"}': 300,
                            'serving:startup_slowest_phase_seconds:p90{model_id="m-two",phase="readiness"}': 400,
                            'serving:startup_slowest_phase_seconds:p90{workspace="w-two",phase="readiness"}': 500,
                            'serving:startup_slowest_phase_seconds:p90{platform="other",phase="readiness"}': 600,
                        },
                    ),
                ),
            ),
        ),
    ),
)
