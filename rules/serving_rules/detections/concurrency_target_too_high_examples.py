"""Examples of ``concurrency_target_too_high``: every factor of the condition, just within and just beyond its bound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from serving_rules.model import Example, Values

__all__ = ["BOOL", "COST", "FOR", "KNEE", "RATIO"]

_SLOW: dict[str, Values] = {
    "serving:latency_seconds:mean15m": 6.5,
    "serving:latency_seconds:floor1d": 3,
    "serving:latency_seconds:hours1d": 6,
    "serving:active_replicas:max": 3,
    "serving:max_replicas:current": 4,
    "serving:inflight_requests:max": 30,
    "serving:slots:current": 30,
    "serving:inflight_per_replica:avg5m": 2.5,
    "serving:inflight_per_replica:median1d": 2,
    "serving:response_bytes:mean15m": 150,
    "serving:response_bytes:median1d": 100,
}

_CHANGES: Mapping[str, tuple[Mapping[str, Values | None], float]] = {
    "slow, with as many requests as slots and the last kind of request size that passes": ({}, 1),
    "twice as slow is not more than twice": ({"serving:latency_seconds:mean15m": 6}, 0),
    "at the ceiling": ({"serving:max_replicas:current": 3}, 0),
    "beyond a ceiling that was lowered": ({"serving:max_replicas:current": 2}, 0),
    "one request waits at the router": ({"serving:inflight_requests:max": 31}, 0),
    "two requests share a replica": ({"serving:inflight_per_replica:avg5m": 2, "serving:inflight_per_replica:median1d": 1}, 0),
    "no more for each replica than usual": ({"serving:inflight_per_replica:median1d": 2.5}, 0),
    "cold start fourteen minutes ago": ({"serving:active_replicas:max": "3x6 0 3x13"}, 0),
    "cold start sixteen minutes ago": ({"serving:active_replicas:max": "3x2 0 3 _ 3x14"}, 1),
    "too little history": ({"serving:latency_seconds:hours1d": 5.75}, 0),
    "responses are bigger than usual": ({"serving:response_bytes:mean15m": 151}, 0),
    "sizes are not known": ({"serving:response_bytes:mean15m": None}, 1),
    "no traffic": ({"serving:latency_seconds:mean15m": None}, 0),
    "no history at all": ({"serving:latency_seconds:floor1d": None, "serving:latency_seconds:hours1d": None}, 0),
}


def _bools() -> Iterator[Example]:
    for name, (change, expected) in _CHANGES.items():
        inputs = {key: value for key, value in {**_SLOW, **change}.items() if value is not None}
        yield Example(name, inputs, "19m", {"serving:slow_with_free_slots:bool": expected})
    inputs = {key: value for key, value in _SLOW.items() if key not in {"serving:slots:current", "serving:max_replicas:current"}}
    yield Example("without settings there are no slots to speak of", inputs, "19m", {})


BOOL = tuple(_bools())

RATIO = (
    Example(
        "an hour, no more and no less",
        {"serving:slow_with_free_slots:bool": "1x40 0.5 0x29 1x29"},
        "101m",
        {"serving:slow_with_free_slots:ratio1h": 0.5},
    ),
)

KNEE = (
    Example(
        "eight of thirty-two, in slow minutes alone",
        {
            "serving:inflight_per_replica:avg5m": 32,
            "serving:latency_seconds:floor1d": 3,
            "serving:latency_seconds:mean15m": 12,
            "serving:slow_with_free_slots:bool": 1,
            'serving:inflight_per_replica:avg5m{deployment_id="d-two"}': 32,
            'serving:latency_seconds:floor1d{deployment_id="d-two"}': 3,
            'serving:latency_seconds:mean15m{deployment_id="d-two"}': 12,
            'serving:slow_with_free_slots:bool{deployment_id="d-two"}': 0,
        },
        "5m",
        {"serving:concurrency_knee:estimate": 8},
    ),
)


def _for(knee: Values, target: float, ratio: float, expected: float | None, name: str, at: str = "5m") -> Example:
    inputs = {
        "serving:concurrency_knee:estimate": knee,
        "serving:concurrency_target:current": target,
        "serving:slow_with_free_slots:ratio1h": ratio,
    }
    result = {} if expected is None else {"serving:concurrency_target:for_concurrency_target_too_high": expected}
    return Example(name, inputs, at, result)


FOR = (
    _for(8.6, 64, 0.31, 12, "one and a half times the knee, rounded down"),
    _for("90x40 _ 4x29 12x29", 64, 0.31, 12, "the mean of the slow minutes of an hour", "101m"),
    _for(0.5, 64, 0.31, 1, "never less than one"),
    _for(8, 13, 0.31, 12, "lower by one"),
    _for(8, 12, 0.31, None, "no advice when it is that already"),
    _for(8, 64, 0.3, None, "no advice when it was slow for too little of the hour"),
)


def _cost(utilization: float, advised: bool) -> dict[str, Values]:
    inputs: dict[str, Values] = {
        "serving:replica_price_dollars_per_hour:current": 2,
        "serving:active_replicas:avg1h": 3,
        "serving:target_utilization_ratio:current": utilization,
    }
    return {**inputs, "serving:concurrency_target:for_concurrency_target_too_high": 12} if advised else inputs


COST = (
    Example("a quarter more replicas", _cost(0.8, True), "5m", {"serving:concurrency_target_too_high_fix_dollars_per_day:cost": 36}),
    Example("no advice, no cost", _cost(0.8, False), "5m", {}),
    Example("a utilization of nothing", _cost(0, True), "5m", {}),
)
