"""Examples of ``latency``: pauses between samples, and quantiles whose windows are pinned from both sides."""

from __future__ import annotations

from serving_rules.model import Example

__all__ = ["FLOOR", "HOURS", "P95_MEDIAN", "PER_REPLICA", "day_median", "five_minutes", "quarter"]

PER_REPLICA = (
    Example(
        "shared by the replicas, of which there must be some",
        {
            "serving:inflight_requests:avg5m": 12,
            "serving:active_replicas:max": 4,
            'serving:inflight_requests:avg5m{deployment_id="d-two"}': 12,
            'serving:active_replicas:max{deployment_id="d-two"}': 0,
            'serving:inflight_requests:avg5m{deployment_id="d-three"}': 3,
            'serving:active_replicas:max{deployment_id="d-three"}': 1,
        },
        "5m",
        {"serving:inflight_per_replica:avg5m": 3, 'serving:inflight_per_replica:avg5m{deployment_id="d-three"}': 3},
    ),
)


def _every(minutes: int, *values: float | None) -> str:
    """One sample each so many minutes, from minute 0 on; None for a gap."""
    return " ".join(f"{'_' if value is None else value} _x{minutes - 1}" for value in values)


def quarter(source: str, target: str) -> tuple[Example, ...]:
    """Show a sample of ``source`` each 15 minutes."""
    samples = {source: "4 5x13 7 6x10"}
    return (
        Example("the first at once", samples, "0m", {target: 4}),
        Example("then a pause", samples, "1m", {}),
        Example("for most of a quarter of an hour", samples, "14m", {}),
        Example("the next after a quarter of an hour", samples, "15m", {target: 7}),
    )


def five_minutes(source: str, target: str) -> tuple[Example, ...]:
    """Show a sample of ``source`` each five minutes, of a source that may be no number."""
    samples = {source: "4 5x3 0 8"}
    return (
        Example("the first at once", samples, "0m", {target: 4}),
        Example("then a pause", samples, "4m", {}),
        Example("the next after five minutes, though it is nothing", samples, "5m", {target: 0}),
        Example("no number is no sample", {source: "NaN NaN NaN NaN 8"}, "3m", {}),
        Example("and starts no pause", {source: "NaN NaN NaN NaN 8"}, "4m", {target: 8}),
    )


def day_median(source: str, target: str) -> tuple[Example, ...]:
    """Show a median over the 96 samples of a day."""
    return (
        Example(
            "the middle of a day; there was more before", {source: _every(15, *[9] * 10, *[1] * 47, 4, 4, *[9] * 47)}, "1575m", {target: 4}
        ),
    )


FLOOR = (
    Example(
        "the quietest tenth of 96 quarters of an hour; an earlier one was quieter",
        {"serving:latency_seconds:sampled15m": _every(15, *[0.1] * 20, *[1] * 9, 2, 2, *[5] * 85)},
        "1725m",
        {"serving:latency_seconds:floor1d": 2},
    ),
)

HOURS = (
    Example(
        "96 quarters of an hour, one of them without traffic, and one before",
        {"serving:latency_seconds:sampled15m": _every(15, 2, *[2] * 50, None, *[2] * 45)},
        "1440m",
        {"serving:latency_seconds:hours1d": 23.75},
    ),
)

P95_MEDIAN = (
    Example(
        "the middle of 72 samples; there were higher ones before",
        {"serving:latency_seconds:p95_sampled5m": _every(5, *[9] * 40, *[1] * 35, *[4] * 2, *[6] * 35)},
        "555m",
        {"serving:latency_seconds:p95_median6h": 4},
    ),
)
