"""When a deployment last had work, and when it last had no more replicas than its floor."""

from __future__ import annotations

from serving_rules.model import Example, Record, RecordGroup

__all__ = ["GROUPS"]

_LOADS = (
    "serving:inflight_requests:max",
    "serving:sync_requests:rate5m",
    "serving:async_requests:rate15m",
    "serving:async_queued:max",
    "serving:async_in_progress:max",
    "serving:websocket_connections:max",
    "serving:inflight_tokens:avg",
)
"""Whatever keeps a replica busy. Requests in flight are sampled and miss short ones; their rate misses those that have not ended."""

GROUPS = (
    RecordGroup(
        "serving-activity",
        "Work, surplus, and the time since.",
        (
            Record(
                "serving:load:now",
                "\nor ".join(f"({load} > 0)" for load in _LOADS),
                "Present while there is work of any kind: requests in flight, answered or queued, open WebSockets, tokens.",
                examples=(
                    *(
                        Example(f"only {load}", {each: 0.5 * (each == load) for each in _LOADS}, "5m", {"serving:load:now": 0.5})
                        for load in _LOADS
                    ),
                    Example("everything", {load: 7 - place for place, load in enumerate(_LOADS)}, "5m", {"serving:load:now": 7}),
                    Example("nothing to do", dict.fromkeys(_LOADS, 0), "5m", {}),
                ),
            ),
            Record(
                "serving:last_load_timestamp_seconds:last",
                """
                serving:load:now * 0 + time()
                or
                (max_over_time(serving:last_load_timestamp_seconds:last[10m]) and serving:active_replicas:max)
                or
                serving:active_replicas:max * 0 + time()
                """,
                "When the deployment last had work, Unix time; at the beginning and behind a gap of ten minutes, when it was first seen: "
                "nobody knows what happened in the gap.",
                examples=(
                    Example(
                        "work until minute 5",
                        {"serving:load:now": "3x1 stale _x2 3 stale", "serving:active_replicas:max": 2},
                        "9m",
                        {"serving:last_load_timestamp_seconds:last": 300},
                    ),
                    Example(
                        "a short gap is bridged",
                        {"serving:active_replicas:max": "2x4 stale _x7 2x20"},
                        "20m",
                        {"serving:last_load_timestamp_seconds:last": 0},
                    ),
                    Example(
                        "behind a long gap it begins anew",
                        {"serving:active_replicas:max": "2x4 stale _x11 2x20"},
                        "20m",
                        {"serving:last_load_timestamp_seconds:last": 1020},
                    ),
                    Example("no statement without data", {"serving:active_replicas:max": "2x4 stale"}, "7m", {}),
                ),
            ),
            Record(
                "serving:idle_seconds:now",
                # Without the sampled requests in flight nobody knows whether there is work.
                "(time() - serving:last_load_timestamp_seconds:last) and serving:inflight_requests:max",
                "For how long the deployment has had no work, seconds.",
                examples=(
                    Example(
                        "since minute 5",
                        {"serving:last_load_timestamp_seconds:last": 300, "serving:inflight_requests:max": 0},
                        "20m",
                        {"serving:idle_seconds:now": 900},
                    ),
                    Example("load unknown", {"serving:last_load_timestamp_seconds:last": 300}, "20m", {}),
                ),
            ),
            Record(
                "serving:at_floor_timestamp_seconds:last",
                """
                (serving:active_replicas:max <= serving:min_replicas:current) * 0 + time()
                or
                (max_over_time(serving:at_floor_timestamp_seconds:last[10m]) and serving:active_replicas:max)
                or
                serving:active_replicas:max * 0 + time()
                """,
                "When there last was no replica above the floor, Unix time; at the beginning and behind a gap of ten minutes, when it "
                "was first seen.",
                examples=(
                    Example(
                        "a replica more at minute 5, and again at minute 11",
                        {"serving:active_replicas:max": "2x4 3x4 2 3x30", "serving:min_replicas:current": 2},
                        "14m",
                        {"serving:at_floor_timestamp_seconds:last": 600},
                    ),
                    Example(
                        "the floor was lowered after minute 5",
                        {"serving:active_replicas:max": 3, "serving:min_replicas:current": "3x5 1x30"},
                        "14m",
                        {"serving:at_floor_timestamp_seconds:last": 300},
                    ),
                    Example(
                        "a short gap is bridged",
                        {"serving:active_replicas:max": "2x4 stale _x7 2x20", "serving:min_replicas:current": 1},
                        "20m",
                        {"serving:at_floor_timestamp_seconds:last": 0},
                    ),
                    Example(
                        "behind a long gap it begins anew",
                        {"serving:active_replicas:max": "2x4 stale _x11 2x20", "serving:min_replicas:current": 1},
                        "20m",
                        {"serving:at_floor_timestamp_seconds:last": 1020},
                    ),
                    Example("no statement without data", {"serving:active_replicas:max": "2x4 stale"}, "7m", {}),
                ),
            ),
            Record(
                "serving:above_floor_seconds:now",
                "(time() - serving:at_floor_timestamp_seconds:last) and (serving:active_replicas:max > serving:min_replicas:current)",
                "For how long there have been replicas above the floor, seconds; a floor that is lowered begins it anew. Absent at the "
                "floor.",
                examples=(
                    Example(
                        "since minute 5",
                        {"serving:active_replicas:max": "1x5 2x30", "serving:min_replicas:current": 1},
                        "20m",
                        {"serving:above_floor_seconds:now": 900},
                    ),
                    Example("at the floor", {"serving:active_replicas:max": 1, "serving:min_replicas:current": 1}, "20m", {}),
                    Example("floor not known", {"serving:active_replicas:max": 2}, "20m", {}),
                ),
            ),
        ),
    ),
)
