"""Examples of ``concurrency_target_too_low``: the whole condition, for the proof of the alert does not prove its advice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from serving_rules.model import Example, Values

__all__ = ["FOR", "SAVING"]

_TOO_LOW: dict[str, Values] = {
    "serving:active_replicas:avg6h": 3,
    "serving:compute_utilization_ratio:avg6h": 0.28,
    "serving:inflight_requests:avg6h": 1.2,
    "serving:effective_concurrency:current": 0.5,
    "serving:min_replicas:current": 1,
    "serving:concurrency_target:current": 3,
    "serving:target_utilization_ratio:current": 0.31,
    "serving:async_requests:share1h": 0.5,
}

_CHANGES: Mapping[str, tuple[Mapping[str, Values | None], float | None]] = {
    "up to seventy percent, rounded down": ({}, 7),
    "at most four times as much": ({"serving:compute_utilization_ratio:avg6h": 0.01}, 12),
    "hardware that does nothing at all": ({"serving:compute_utilization_ratio:avg6h": 0}, 12),
    "hardware just busy enough": ({"serving:compute_utilization_ratio:avg6h": 0.3}, None),
    "too few replicas": ({"serving:active_replicas:avg6h": 2.9}, None),
    "half of the slots": ({"serving:inflight_requests:avg6h": 0.75}, None),
    "a little more than half of the slots": ({"serving:inflight_requests:avg6h": 0.76}, 7),
    "a floor of two thirds": ({"serving:min_replicas:current": 2}, None),
    "a floor of a little less": ({"serving:min_replicas:current": 2, "serving:active_replicas:avg6h": 3.1}, 7),
    "no floor": ({"serving:min_replicas:current": 0}, 7),
    "mostly asynchronous": ({"serving:async_requests:share1h": 0.51}, None),
    "a development deployment": ({"serving:development:flag": 1}, None),
    "headroom on purpose": ({"serving:target_utilization_ratio:current": 0.3}, None),
    "too high already": ({"serving:concurrency_target:for_concurrency_target_too_high": 2}, None),
}


def _advice() -> Iterator[Example]:
    for name, (change, expected) in _CHANGES.items():
        inputs = {key: value for key, value in {**_TOO_LOW, **change}.items() if value is not None}
        yield Example(
            name, inputs, "5m", {} if expected is None else {"serving:concurrency_target:for_concurrency_target_too_low": expected}
        )


FOR = tuple(_advice())


def _saving(name: str, *, floor: float, advice: Values | None, expected: float | None) -> Example:
    inputs: dict[str, Values] = {
        "serving:replica_price_dollars_per_hour:current": 2,
        "serving:active_replicas:avg6h": 12,
        "serving:concurrency_target:current": 2,
        "serving:min_replicas:current": floor,
    }
    if advice is not None:
        inputs["serving:concurrency_target:for_concurrency_target_too_low"] = advice
    return Example(name, inputs, "5m", {} if expected is None else {"serving:concurrency_target_too_low_dollars_per_day:saving": expected})


SAVING = (
    _saving("two thirds of the fleet", floor=3, advice=6, expected=384),
    _saving("the floor stays", floor=5, advice=6, expected=336),
    _saving("a floor of zero leaves one", floor=0, advice=30, expected=528),
    _saving("and more where it takes more", floor=0, advice=16, expected=504),
    _saving("no advice, no saving", floor=3, advice=None, expected=None),
)
