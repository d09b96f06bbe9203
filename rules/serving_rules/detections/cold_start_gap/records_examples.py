"""Examples of the records of a cold-start gap. Each feeds what lies below the whole group, so that one record leads to the next."""

from __future__ import annotations

from serving_rules.model import Example, Values

__all__ = ["COST", "FOR_MIN", "LIMIT", "NEEDED", "NOW", "RATIO", "REQUESTS", "SINCE"]

_INFLIGHT = "serving:inflight_requests:max"
_SLOTS = "serving:slots:current"
_STARTING, _ACTIVE = "serving:starting_replicas:max", "serving:active_replicas:max"
_TYPICAL = "serving:startup_seconds:typical"
_ARRIVALS = "serving:arrivals:rate5m"
_FULL, _USUAL = "serving:replica_throughput:recent", "serving:replica_throughput:typical"
_MIN, _MAX = "serving:min_replicas:current", "serving:max_replicas:current"

_REQUESTS = "serving:cold_start_gap_requests:now"
_SINCE = "serving:cold_start_gap_since_timestamp_seconds:first"
_NOW = "serving:cold_start_gap_seconds:now"
_LIMIT = "serving:cold_start_gap_seconds:limit"
_NEEDED = "serving:cold_start_gap_replicas:needed"
_FOR_MIN = "serving:min_replicas:for_cold_start_gap"
_COST = "serving:cold_start_gap_dollars_per_day:cost"

_GAP: dict[str, Values] = {_INFLIGHT: 30, _SLOTS: 8, _STARTING: 4, _ACTIVE: 2}

REQUESTS = (
    Example("more requests than slots while replicas start", _GAP, "1m", {_REQUESTS: 22}),
    Example("as many as slots", {**_GAP, _INFLIGHT: 8}, "1m", {}),
    Example("nothing starts", {**_GAP, _STARTING: 0}, "1m", {}),
    Example("nothing serves as yet", {**_GAP, _ACTIVE: 0}, "1m", {}),
)


def _busy(samples: str) -> dict[str, Values]:
    return {**_GAP, _INFLIGHT: samples}


SINCE = (
    Example("from the first minute on", _busy("0x4 30x20"), "15m", {_SINCE: 300}),
    Example("over a dip of two minutes", _busy("0x4 30x4 0x1 30x20"), "15m", {_SINCE: 300}),
    Example("but not of three", _busy("0x4 30x4 0x2 30x20"), "15m", {_SINCE: 780}),
    Example("over a missed scrape", _busy("0x4 30x4 _ 30x20"), "15m", {_SINCE: 300}),
    Example("while there is none", _busy("30x9 0x20"), "15m", {}),
)
NOW = (Example("ten minutes", _busy("0x4 30x20"), "15m", {_NOW: 600}),)
LIMIT = (
    Example("starts of unknown length", _GAP, "5m", {_LIMIT: 240}),
    Example("quick starts", {**_GAP, _TYPICAL: 100}, "5m", {_LIMIT: 200}),
    Example("starts that are too quick to be told from chance", {**_GAP, _TYPICAL: 30}, "5m", {_LIMIT: 180}),
    Example("slow starts", {**_GAP, _TYPICAL: 121}, "5m", {_LIMIT: 240}),
    Example("nobody waits", {**_GAP, _INFLIGHT: 8, _TYPICAL: 100}, "5m", {}),
)
RATIO = (
    Example("four of six start", _GAP, "1m", {"serving:cold_start_gap_ratio:now": 4 / 6}),
    Example("scaled to zero", {_ACTIVE: 0, _STARTING: 0}, "1m", {}),
)
_LOAD: dict[str, Values] = {**_GAP, _ARRIVALS: 9, _FULL: 2, _USUAL: 4}
_GOOD, _MADE, _BAD = (f'serving:requests_by_code:rate5m{{status_code="{code}"}}' for code in (200, 201, 500))
# Two replicas for three of the five minutes, and twice as many after that: 2.8 as a mean.
_SERVING: dict[str, Values] = {**_GAP, _ACTIVE: "2x8 4x30", _ARRIVALS: 8.5, _GOOD: 3, _MADE: 0.5, _BAD: 7}
NEEDED = (
    Example("as many as it takes", _LOAD, "4m", {_NEEDED: 5}),
    Example("a minute before it is too long", _LOAD, "3m", {}),
    Example("without a measure of the moment", {**_LOAD, _FULL: "_", _GOOD: 2}, "4m", {_NEEDED: 3}),
    Example("without a measure: what the replicas of the last five minutes got done", _SERVING, "10m", {_NEEDED: 7}),
    Example("failures are not done", {**_SERVING, _GOOD: 0, _MADE: 0}, "10m", {_NEEDED: 8}),
    Example("nobody was served yet", _GAP, "4m", {_NEEDED: 6}),
)
_BOUNDS: dict[str, Values] = {**_LOAD, _MIN: 2, _MAX: 9}
FOR_MIN = (
    Example("what was needed", _BOUNDS, "5m", {_FOR_MIN: 5}),
    Example("the most of the last hour", {**_BOUNDS, _ARRIVALS: "9x4 14 9x30 5x60"}, "50m", {_FOR_MIN: 7}),
    Example("and for an hour after it", {**_BOUNDS, _ARRIVALS: "9x4 14 9x30", _INFLIGHT: "30x20 0x90"}, "60m", {_FOR_MIN: 7}),
    Example("but no longer", {**_BOUNDS, _ARRIVALS: "9x4 14 9x30", _INFLIGHT: "30x20 0x90"}, "90m", {}),
    Example("one more at least", {**_BOUNDS, _MIN: 6}, "5m", {_FOR_MIN: 7}),
    Example("never more than the ceiling", {**_BOUNDS, _MAX: 4}, "5m", {_FOR_MIN: 4}),
    Example("exactly the ceiling", {**_BOUNDS, _MAX: 5}, "5m", {_FOR_MIN: 5}),
    Example("nobody waits", {**_BOUNDS, _INFLIGHT: 8}, "5m", {}),
)
COST = (Example("three more at two dollars", {**_BOUNDS, "serving:replica_price_dollars_per_hour:current": 2}, "5m", {_COST: 144}),)
