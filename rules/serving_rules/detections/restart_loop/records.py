"""Evidence of a restart loop, from the best source that a deployment has, and the pattern in it."""

from __future__ import annotations

from serving_rules.detections.restart_loop import records_examples as examples
from serving_rules.model import Record

__all__ = ["RECORDS"]

_RESTARTS = "serving:restarts:increase1m"
_RETURNS = "serving:replica_returns:inferred1m"


def _going_on(series: str, window: str, lately: str) -> str:
    """Count events of a window while they go on.

    Absent when the last one is longer ago than ``lately``: an alert ends soon after the cure.
    """
    return f"(sum_over_time({series}[{window}]) and (sum_over_time({series}[{lately}]) >= 1))"


def _pattern(name: str, expr: str, meaning: str, *, after: tuple[str, ...] = ()) -> Record:
    """Make the record of a pattern, held back where an earlier one explains the restarts; its value is what shows it."""
    others = "|".join(after)
    unless = f'\nunless ignoring (pattern) serving:restart_loop:pattern{{pattern=~"{others}"}}' if after else ""
    return Record("serving:restart_loop:pattern", f"{expr.strip()}{unless}", meaning, {"pattern": name}, examples.PATTERNS[name])


_COUNT1H = f"""
max without (outcome) (
  {_going_on(_RESTARTS, "1h", "30m")}
  or
  {_going_on(_RETURNS, "1h", "30m")}
  or
  serving:startups:increase1h{{outcome="FAILED"}}
)
"""

# Failed start-ups carry the label outcome, the rest do not: so `or` keeps both, and the larger count is the one that saw more.
_COUNT3H = f"""
max without (outcome) (
  {_going_on(_RESTARTS, "3h", "1h")}
  or
  {_going_on(_RETURNS, "3h", "1h")}
  or
  (serving:startups:increase3h and (serving:startups:increase1h{{outcome="FAILED"}} > 0))
)
"""

RECORDS = (
    Record(
        _RETURNS,
        # Thrash brings replicas back too, but a scale-down neither breaks off requests nor goes below the floor.
        f"""
        (
          (serving:active_replicas:raised1m > 0) * 0 + 1
          and (serving:active_replicas:max <= max_over_time(serving:active_replicas:max[15m] offset 1m))
        )
        and ignoring (status_code) (
          (max_over_time(serving:requests_by_code:rate5m{{status_code="502"}}[15m]) > 0)
          or
          (min_over_time(serving:active_replicas:max[15m]) < serving:min_replicas:current)
        )
        unless (count_over_time({_RESTARTS}[1h]) > 0)
        """,
        "1 in a minute in which a replica came back that no scale-down had taken: 502s, or fewer replicas than the floor, say so. Only "
        "where the restart counter is missing (pod-health flag); start-ups see a crash while loading but not one after it.",
        examples=examples.RETURNS,
    ),
    Record(
        "serving:restart_loop:count15m",
        f"sum_over_time({_RESTARTS}[15m])\nor\nsum_over_time({_RETURNS}[15m])",
        "Restarts, seen or inferred, of the last 15 minutes.",
        examples=examples.COUNT15M,
    ),
    Record(
        "serving:restart_loop:count1h",
        _COUNT1H,
        "Restarts or failed start-ups of the last hour, whichever are more, while they go on (the last restart within 30 minutes).",
        examples=examples.COUNT1H,
    ),
    Record(
        "serving:restart_loop:count3h",
        _COUNT3H,
        "Restarts or failed start-ups of the last 3 hours, whichever are more, while they go on (the last within an hour).",
        examples=examples.COUNT3H,
    ),
    Record(
        "serving:restart_loop:in_vain3h",
        """
        (serving:startups:increase3h and (serving:startups:increase1h{outcome="FAILED"} > 0))
        * ignoring (outcome)
        (serving:startups:increase3h{outcome="SUCCESS"} == bool 0)
        """,
        "Failed start-ups of the last 3 hours, 0 if one succeeded: a crash on load, however long a load takes.",
        examples=examples.IN_VAIN,
    ),
    Record(
        "serving:restart_loop:nothing_serves",
        """
        (serving:active_replicas:max == 0) + 1
        and (
          (serving:inflight_requests:max > 0)
          or
          (serving:min_replicas:current > 0)
          or
          (serving:starting_replicas:max > 0)
        )
        """,
        # The floor of a new deployment is not known before its first deploy is done: that a replica starts says that one is wanted.
        "1 while no replica serves although requests wait, the floor asks for one, or one starts.",
        examples=examples.NOTHING_SERVES,
    ),
    Record(
        "serving:restart_loop:nothing_serves15m",
        # A loop of a single replica is down and up by turns: without the window the alert's severity would be, too.
        "max_over_time(serving:restart_loop:nothing_serves[15m])",
        "1 when nothing served at some time in the last 15 minutes.",
        examples=examples.NOTHING_SERVES_15M,
    ),
    Record(
        "serving:restart_loop:stopped",
        """
        (
          max_over_time(serving:active_replicas:max[15m])
          + max_over_time(serving:starting_replicas:max[15m])
          + max_over_time(serving:inflight_requests:max[15m])
          == 0
        ) + 1
        unless (serving:min_replicas:current > 0)
        """,
        "1 when for 15 minutes no replica has served or started and no request waited: scaled to zero, the restarts of before are over.",
        examples=examples.STOPPED,
    ),
    Record(
        "serving:restart_timestamp_seconds:last",
        f"""
        (time() * ({_RESTARTS} > bool 0) > 0)
        or
        (last_over_time(serving:restart_timestamp_seconds:last[1h]) and {_RESTARTS})
        """,
        "When a container was last restarted, Unix time; remembered as long as the counter is there, and over gaps of up to an hour.",
        examples=examples.LAST,
    ),
    Record(
        "serving:restart_gap_seconds:at_restart",
        f"(time() - (serving:restart_timestamp_seconds:last offset 1m)) and ({_RESTARTS} > 0)",
        "At a restart: time since the one before, seconds.",
        examples=examples.GAP,
    ),
    Record(
        "serving:restart_gap_seconds:median3h",
        "quantile_over_time(0.5, serving:restart_gap_seconds:at_restart[3h])",
        "Median time between two restarts of the last 3 hours, seconds.",
        examples=examples.GAP_MEDIAN,
    ),
    _pattern(
        "memory",
        """
        (max_over_time(serving:memory_ratio:max[1h]) >= $memory_ratio)
        and (serving:restart_loop:count3h > 0)
        """,
        "Memory had come near its limit within the hour; the value is the share that was used, 0 to 1.",
    ),
    _pattern(
        "crash_on_load",
        """
        (
          ((serving:restart_loop:count3h > bool 0) * ignoring (outcome) (serving:startups:increase3h{outcome="FAILED"} >= $restarts) > 0)
          or
          (
            (serving:restart_loop:count1h > 0)
            and (sum_over_time(serving:active_replicas:raised1m[1h]) < 1)
            and (max_over_time(serving:starting_replicas:max[1h]) > 0)
            unless ignoring (outcome) serving:startups:increase3h
          )
        )
        """,
        "Start-ups fail; or, where the start-ups API is missing, containers restart and none became active in the hour. The value is how "
        "many.",
        after=("memory",),
    ),
    _pattern(
        "liveness",
        # A container that fails its check from the start lives for the threshold and its own load time.
        """
        (serving:restart_gap_seconds:median3h >= 0.9 * $restart_threshold_seconds)
        and (serving:restart_gap_seconds:median3h <= 1.25 * $restart_threshold_seconds)
        and (serving:restart_loop:count3h > 0)
        """,
        "Restarts come about as often as the liveness check allows; the value is the median time between two, seconds.",
        after=("memory", "crash_on_load"),
    ),
    _pattern(
        "crash_in_predict",
        """
        (serving:restart_loop:count3h > bool 0)
        * ignoring (status_code)
        (60 * sum_over_time(serving:requests_by_code:rate5m{status_code="502"}[1h]))
        > 0
        """,
        "Requests are broken off; the value is how many ended in 502 in the hour.",
        after=("memory", "crash_on_load", "liveness"),
    ),
)
