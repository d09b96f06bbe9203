"""Shapes of load: requests a second, for each minute from 0 to the last."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["bursts", "stairs", "steady", "steps"]


def steady(rate: float, minutes: int) -> list[float]:
    """The same all the time."""
    return [rate] * (minutes + 1)


def steps(minutes: int, *changes: tuple[int, float]) -> list[float]:
    """From each minute on another rate; the first change is at minute 0."""
    load: list[float] = []
    for first, rate in changes:
        load[first:] = [rate] * (minutes + 1 - first)
    return load


def stairs(minutes: int, rates: Sequence[float]) -> list[float]:
    """Rates one after the other, each for the same time."""
    return [rates[min(minute * len(rates) // (minutes + 1), len(rates) - 1)] for minute in range(minutes + 1)]


def bursts(minutes: int, low: float, high: float, *, every: int, lasting: int, first: int = 0) -> list[float]:
    """From minute ``first`` on a burst that comes again every so many minutes."""
    return [high if minute >= first and (minute - first) % every < lasting else low for minute in range(minutes + 1)]
