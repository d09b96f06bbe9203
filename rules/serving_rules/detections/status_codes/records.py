"""Shares of single status codes, and what tells their causes apart."""

from __future__ import annotations

from serving_rules.model import Example, Record, Values

__all__ = ["RECORDS", "SHARE"]

SHARE = "serving:requests_by_code:share10m"

_COUNT = "serving:requests_by_code:increase10m"
_CODES = "429|499|500|502|503|504"
_MEDIAN = "serving:requests_by_code:share_median1d"
_MEAN = "serving:inflight_requests:mean1h"
_REASON = "serving:requests_shed:reason"
_ACTIVE = "serving:active_replicas:max"
_MAXIMUM = "serving:max_replicas:current"
_REJECT = "serving:reject_policy:flag"
_QUIET = "serving:no_restarts:flag"
_RESTARTS = "serving:restarts:increase1m"
_LATELY = "serving:restart_loop:count15m"
_REFUSED = f'{SHARE}{{status_code="429"}}'


def _code(name: str, code: str) -> str:
    return f'{name}{{status_code="{code}"}}'


def _counts(**codes: float) -> dict[str, Values]:
    return {_code(_COUNT, code.removeprefix("c")): value for code, value in codes.items()}


def _shares(**codes: float) -> dict[str, float]:
    return {_code(SHARE, code.removeprefix("c")): value for code, value in codes.items()}


def _reason(name: str, change: dict[str, Values | None], expected: str | None) -> Example:
    base: dict[str, Values | None] = {_REFUSED: 0.02, _ACTIVE: 4, _MAXIMUM: 4, _REJECT: 1}
    inputs = {key: value for key, value in {**base, **change}.items() if value is not None}
    return Example(name, inputs, "5m", {} if expected is None else {f'{_REASON}{{reason="{expected}"}}': 0.02})


RECORDS = (
    Record(
        SHARE,
        f"""
        {_COUNT}{{status_code=~"{_CODES}"}}
        / ignoring (status_code) group_left ()
        (sum without (status_code) ({_COUNT}) > 0)
        """,
        "Share of the answers of the last 10 minutes that have the code, 0 to 1; of codes that each have one meaning.",
        examples=(
            Example(
                "each code against all answers",
                _counts(c200=40, c429=2, c499=4, c500=6, c502=8, c503=16, c504=24, c404=10, c505=5, c498=3, c1006=10),
                "5m",
                _shares(c429=2 / 128, c499=4 / 128, c500=6 / 128, c502=8 / 128, c503=16 / 128, c504=24 / 128),
            ),
            Example("close codes of a WebSocket are no errors", _counts(c1000=40, c1001=6, c1011=2, c1015=2), "5m", {}),
            Example("statuses of gRPC are no codes of HTTP", _counts(c0=40, c4=6, c14=2), "5m", {}),
            Example("absent, not NaN, without answers", _counts(c200=0, c500=0), "5m", {}),
            Example("of less than one answer", _counts(c500=0.5), "5m", _shares(c500=1)),
        ),
    ),
    Record(
        _MEDIAN,
        f'quantile_over_time(0.5, {SHARE}{{status_code="499"}}[1d])',
        "Median of the day of the share of requests whose clients gave up, 0 to 1.",
        examples=(
            Example(
                "of the last day, and of this code alone",
                # Two days: all of the first at 0.9, then a third each at 0.01, 0.02 and 0.5.
                {_code(SHARE, "499"): "0.9x1440 0.01x479 0.02x479 0.5x479", _code(SHARE, "500"): 0.7},
                "2880m",
                {_code(_MEDIAN, "499"): 0.02},
            ),
            Example(
                "quieter in the second half of the day",
                {_code(SHARE, "499"): "0.5x1440 0.04x799 0.01x639"},
                "2880m",
                {_code(_MEDIAN, "499"): 0.04},
            ),
        ),
    ),
    Record(
        _MEAN,
        "avg_over_time(serving:inflight_requests:max[1h])",
        "Requests in flight, mean of the last hour.",
        examples=(
            Example(
                "of the hour",
                {"serving:inflight_requests:max": "90x59 _ 10x29 30x29"},
                "120m",
                {_MEAN: 20},
            ),
        ),
    ),
    Record(
        _REASON,
        f"""
        0 * ({_ACTIVE} >= {_MAXIMUM})
        + ignoring (status_code)
        {_REFUSED}
        """,
        "Requests are refused because the deployment is at its ceiling; the value is their share, 0 to 1.",
        {"reason": "at_maximum"},
        (
            _reason("at the ceiling", {_REJECT: None}, "at_maximum"),
            _reason("beyond it, which was lowered", {_ACTIVE: 5, _REJECT: None}, "at_maximum"),
            _reason("at the ceiling, and the policy is to refuse", {}, "at_maximum"),
            _reason("below it", {_ACTIVE: 3, _REJECT: None}, None),
            _reason("other answers", {_REFUSED: None, _code(SHARE, "500"): 0.02}, None),
        ),
    ),
    Record(
        _REASON,
        f"""
        0 * {_REJECT}
        + ignoring (status_code)
        {_REFUSED}
        unless ({_ACTIVE} >= {_MAXIMUM})
        """,
        "Requests are refused because the backpressure policy says so while every slot is taken; the value is their share, 0 to 1.",
        {"reason": "reject_policy"},
        (
            _reason("below the ceiling", {_ACTIVE: 3}, "reject_policy"),
            _reason("without settings of the autoscaler", {_MAXIMUM: None}, "reject_policy"),
            _reason("other answers below the ceiling", {_ACTIVE: 3, _REFUSED: None, _code(SHARE, "500"): 0.02}, None),
        ),
    ),
    Record(
        _QUIET,
        f"(serving:restart_loop:count15m == 0) + 1 and {_RESTARTS}",
        "1 where the restart counter is there and has seen nothing for 15 minutes: 502s are then not those of a crash. Absent without the "
        "counter.",
        examples=(
            Example("no restart", {_RESTARTS: 0, _LATELY: 0}, "5m", {_QUIET: 1}),
            Example("one", {_RESTARTS: 0, _LATELY: 1}, "5m", {}),
            Example("none inferred, without the counter", {_LATELY: 0}, "5m", {}),
        ),
    ),
)
