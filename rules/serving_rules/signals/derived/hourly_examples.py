"""Examples of ``hourly``: an hour's window pinned from both sides, the pause after each sample, and hours counted.

In the inputs the sample at a window's left edge equals the mean (or lies below the peak), so that closed and left-open windows agree.
"""

from __future__ import annotations

from serving_rules.model import Example

__all__ = ["ACTIVE", "COMPUTE", "day", "hour", "hours", "mean", "peak", "pick", "six_hours"]

_ACTIVE = "serving:active_replicas:max"


def hours(*values: float | None) -> str:
    """One sample an hour, from minute 0 on; None for a gap."""
    return " ".join(f"{'_' if value is None else value} _x59" for value in values)


def mean(source: str, target: str) -> tuple[Example, ...]:
    """Show a mean of an hour: other values before it, and in its two halves."""
    return (Example("an hour, no more and no less", {source: "90x40 5 2x29 8x29"}, "101m", {target: 5}),)


def pick(source: str, target: str) -> tuple[Example, ...]:
    """Show a sample of ``source`` once an hour."""
    return _picked({source: "1x59 2 3x58 4 5x80", _ACTIVE: "1x300"}, target, 2, 4)


def _picked(samples: dict[str, str], target: str, first: float, second: float) -> tuple[Example, ...]:
    late = {**samples, _ACTIVE: "_x9 2x300"}
    return (
        Example("nothing of the first minute", samples, "0m", {}),
        Example("nothing of the first hour", samples, "59m", {}),
        Example("the first sample after an hour", samples, "60m", {target: first}),
        Example("then a pause", samples, "61m", {}),
        Example("for half an hour", samples, "90m", {}),
        Example("for most of an hour", samples, "119m", {}),
        Example("the next after an hour", samples, "120m", {target: second}),
        Example("without replicas of an hour ago it waits", late, "68m", {}),
    )


ACTIVE = _picked({_ACTIVE: "2x59 _ 4x100"}, "serving:active_replicas:hourly_avg", 2, 4)
"""Show the mean of the active replicas is made of the series that says whether there is data of an hour ago."""


def hour(source: str, target: str) -> tuple[Example, ...]:
    """Show a mean of an hour, once an hour."""
    return _once_an_hour({source: "90x40 5 2x29 8x27 11 5 1x29 9x29"}, target, 5, 5)


def peak(source: str, target: str) -> tuple[Example, ...]:
    """Show the most of an hour, once an hour."""
    return _once_an_hour({source: "90x40 1 2x9 8 2x100"}, target, 8, 2)


def _once_an_hour(source: dict[str, str], target: str, first: float, second: float) -> tuple[Example, ...]:
    """Of a deployment that has its first sample at minute 41."""
    samples = {**source, _ACTIVE: "_x41 1x300"}
    return (
        Example("nothing of the first minute", samples, "41m", {}),
        Example("nothing of the first hour", samples, "100m", {}),
        Example("an hour, no more and no less", samples, "101m", {target: first}),
        Example("then a pause", samples, "102m", {}),
        Example("for half an hour", samples, "131m", {}),
        Example("for most of an hour", samples, "160m", {}),
        Example("the next after an hour", samples, "161m", {target: second}),
    )


def six_hours(source: str, target: str) -> tuple[Example, ...]:
    """Show a mean of six hourly samples, of which one may be missing."""
    return (
        Example("six hours, the seventh is out", {source: hours(900, 1, 1, 1, 7, 7, 7)}, "360m", {target: 4}),
        Example("half a minute before the seventh leaves", {source: hours(900, 1, 1, 1, 7, 7, 7)}, "419m", {target: 4}),
        Example("five of them are enough", {source: hours(1, 1, 1, 6, 6)}, "240m", {target: 3}),
        Example("four are not", {source: hours(1, 1, 1, 6)}, "180m", {}),
    )


def day(source: str, target: str) -> tuple[Example, ...]:
    """Show a mean of 24 hourly samples, of which twelve must be there."""
    return (
        Example("a day", {source: hours(900, *[1] * 12, *[7] * 12)}, "1440m", {target: 4}),
        Example("twelve hours are enough", {source: hours(*[1] * 6, *[6] * 6)}, "660m", {target: 3.5}),
        Example("eleven are not", {source: hours(*[1] * 11)}, "600m", {}),
    )


COMPUTE = (
    Example(
        "GPUs first, CPUs only of instances that have none",
        {
            "serving:gpu_utilization_ratio:avg": 0.7,
            "serving:cpu_utilization_ratio:avg": 0.2,
            "serving:gpus:current": 1,
            'serving:cpu_utilization_ratio:avg{deployment_id="d-two"}': 0.3,
            'serving:gpus:current{deployment_id="d-two"}': 0,
            'serving:cpu_utilization_ratio:avg{deployment_id="d-three"}': 0.4,
            'serving:gpus:current{deployment_id="d-three"}': 1,
            'serving:gpu_utilization_ratio:avg{deployment_id="d-four"}': 0.5,
        },
        "5m",
        {
            "serving:compute_utilization_ratio:avg": 0.7,
            'serving:compute_utilization_ratio:avg{deployment_id="d-two"}': 0.3,
            'serving:compute_utilization_ratio:avg{deployment_id="d-four"}': 0.5,
        },
    ),
)
