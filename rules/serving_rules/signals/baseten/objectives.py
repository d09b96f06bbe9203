"""What service-level objectives count: requests of an environment, minute by minute, by how they ended and how soon they began.

Requests are counted, not rated: ``increase()`` extrapolates, and loses the first request of every status code, which for failures is
often the only one. Here counters of all scrapers become one for each deployment, environment and code, and its differences are whole
numbers that can be added up over any window without an error.

An answer is *good*, *failed*, *given up* or *the caller's own fault*; the last two are no part of an objective. The label ``status_code``
speaks three languages, told apart by their number of digits: HTTP (three), close codes of WebSockets (four), statuses of gRPC (a name, or
up to two).
"""

from __future__ import annotations

from serving_rules.model import RecordGroup
from serving_rules.promql import names
from serving_rules.signals.baseten import objectives_examples as examples
from serving_rules.signals.baseten.text import IDS, SYNC, record

__all__ = ["FAILED", "GROUPS"]

_ENVIRONMENT = ("workspace", "model_id", "environment")
_KEY = names((*IDS, "environment", "rollout_phase", "status_code"))

_ANSWERED = "2..|0|(?i:ok)"
"""Requests that got what they asked for, of which it matters how soon."""

# 1000, 1001 and 1005 (closed without a code, as browsers do) are ordinary ends of a WebSocket.
_GOOD = f"[13]..|{_ANSWERED}|1000|1001|1005"

# 408 is how an upgrade to a WebSocket times out. Of close codes those that the far end did not choose: 1006 (no goodbye) and 1011 to 1015.
# Of gRPC the statuses that map to 5xx. Other 4xx and their likes (1002, 1003, 1007 to 1010; INVALID_ARGUMENT, NOT_FOUND, …) are the
# caller's.
_BROKEN = "5..|408|1006|101[1-5]|2|4|12|13|14|15|(?i:unknown|deadline_?exceeded|unimplemented|internal|unavailable|data_?loss)"
_SHED = "429|8|(?i:resource_?exhausted)"
FAILED = f"{_BROKEN}|{_SHED}"
"""Status codes of requests that failed, as a regular expression."""
_GIVEN_UP = "499|1|(?i:cancell?ed)"

_REQUESTS = "serving_environment:requests:cumulative"
_BY_CODE = "serving_environment:requests_by_code:increase1m"
_SLOW = "serving_environment:slow_requests:cumulative"
_TIMED = "serving_environment:timed_requests:cumulative"

_TIMES = "baseten_time_to_first_byte_seconds"
_TIMED_BY = f'{SYNC},environment!="",status_code=~"{_ANSWERED}"'
_BUCKETS = f"max by ({_KEY}, le) ({_TIMES}_bucket{{{_TIMED_BY}}})"
_BOUND = "serving_workspace:first_byte_bound_seconds:current"
_OBJECTIVE = "serving_environment:first_byte_objective_seconds:current"


def _increase(family: str, *ignoring: str) -> str:
    """Count requests since the minute before, exactly.

    Before is the last value of an hour: what a gap hid is counted when the gap ends. A fall by more than half is a new beginning and all of
    it is new; a smaller one is a scraper that is behind another, and nothing. A code that was never seen before counts in full when its
    deployment was seen in the last five minutes (it began from nothing); a deployment that appears with all of its past does not.
    """
    return f"""
      clamp_min({family} - (last_over_time({family}[1h] offset 1m) <= 2 * {family}), 0)
      or
      ({family} and ignoring ({names(ignoring)}) last_over_time({family}[5m] offset 1m))
    """


def _ended(matcher: str, *labels: str, unless: str = "") -> str:
    return f'sum by ({names((*_ENVIRONMENT, *labels))}) ({_BY_CODE}{{status_code=~"{matcher}"}}{unless})'


GROUPS = (
    RecordGroup(
        "serving-objective-events",
        "Requests of environments, counted each minute: good, failed, given up; in time or slow.",
        (
            record(
                _REQUESTS,
                f'max by ({_KEY}, is_async) (baseten_inference_requests_total{{environment!=""}})',
                "Requests answered since the counter began, however many scrape it.",
                *examples.REQUESTS,
            ),
            record(
                _BY_CODE,
                f"sum by ({names(_ENVIRONMENT)}, status_code, is_async) ({_increase(_REQUESTS, 'status_code', 'is_async')})",
                "Requests of the last minute by status code and kind (labels status_code, is_async).",
                *examples.BY_CODE,
            ),
            record(
                "serving_environment:good_requests:increase1m",
                _ended(_GOOD),
                "Requests of the last minute that were answered well: HTTP 1xx to 3xx, WebSockets that ended in order, gRPC OK.",
                *examples.GOOD,
            ),
            record(
                "serving_environment:failed_requests:increase1m",
                # The asynchronous queue tries again by itself what was refused: nobody has lost anything.
                _ended(FAILED, "status_code", unless=f' unless {_BY_CODE}{{status_code=~"{_SHED}",is_async=~"(?i)true"}}'),
                "Requests of the last minute that failed, by status code: HTTP 5xx and 429, broken WebSockets, gRPC statuses of the same "
                "kinds.",
                *examples.FAILED,
            ),
            record(
                "serving_environment:abandoned_requests:increase1m",
                _ended(_GIVEN_UP),
                "Requests of the last minute that their callers gave up (HTTP 499, gRPC CANCELLED): neither good nor failed.",
                *examples.ABANDONED,
            ),
            record(
                "serving_workspace:first_byte_bounds:present",
                f'group by (workspace, le) ({_TIMES}_bucket{{{_TIMED_BY},le!="+Inf"}})',
                "Upper bounds that the buckets of the time to first byte have (label le), always 1.",
                *examples.BOUNDS,
            ),
            record(
                _BOUND,
                # Nothing turns a label into a number but the quantile of a histogram: one whose only requests lie in the bucket of this
                # bound has the bound for its largest value.
                """
                label_replace(
                  label_replace(
                    histogram_quantile(1,
                      label_replace(serving_workspace:first_byte_bounds:present, "bound", "$1", "le", "(.*)")
                      or
                      label_replace(
                        label_replace(serving_workspace:first_byte_bounds:present, "bound", "$1", "le", "(.*)"), "le", "+Inf", "", ""
                      )
                    ),
                    "le", "$1", "bound", "(.*)"
                  ),
                  "bound", "", "", ""
                )
                """,
                "Upper bounds of the buckets of the time to first byte as numbers, seconds: they are not documented, so they are read off.",
                *examples.BOUND_SECONDS,
            ),
            record(
                _SLOW,
                # Buckets are cumulative: of those whose bound is not below the objective the first one has the smallest count.
                f"""
                max by ({_KEY}) ({_TIMES}_count{{{SYNC}}})
                -
                min by ({_KEY}) (
                  {_BUCKETS}
                  and
                  (
                    ({_BUCKETS} * 0 + on (workspace, le) group_left () {_BOUND})
                    >= on ({names(_ENVIRONMENT)}) group_left () ({_OBJECTIVE} > 0)
                  )
                )
                """,
                "Synchronous requests answered well, but later than the first bucket bound that is not below the objective; since the "
                "counter began. Absent where every bound is below it.",
                *examples.SLOW,
            ),
            record(
                _TIMED,
                f"max by ({_KEY}) ({_TIMES}_count{{{SYNC}}}) and on ({_KEY}) {_SLOW}",
                "Synchronous requests answered well, of which it is known whether they were slow; since the counter began.",
                *examples.TIMED,
            ),
            record(
                "serving_environment:slow_requests:increase1m",
                f"sum by ({names(_ENVIRONMENT)}) ({_increase(_SLOW, 'status_code')})",
                "Slow requests of the last minute.",
                *examples.SLOW_INCREASE,
            ),
            record(
                "serving_environment:timed_requests:increase1m",
                f"sum by ({names(_ENVIRONMENT)}) ({_increase(_TIMED, 'status_code')})",
                "Requests of the last minute of which it is known whether they were slow.",
                *examples.TIMED_INCREASE,
            ),
        ),
    ),
)
