"""Whether the samples of a histogram or summary keep OpenMetrics' rules, checked while they stream past.

An upstream page may break them and still be welcome to Prometheus (a histogram summed over replicas that were read at different moments, a
count that does not equal the +Inf bucket). Strict readers refuse the *whole page* for one such family, so the page must know.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from serving_exporter.exposition.sample_line import NUMBER

__all__ = ["GroupRules", "Point", "Role", "point_of"]


class Role(Enum):
    """What one sample is within a histogram or summary; the value is the suffix of its name."""

    BUCKET = "_bucket"
    QUANTILE = ""
    SUM = "_sum"
    COUNT = "_count"


class Point(NamedTuple):
    """The place of one series in its histogram or summary.

    ``group`` is the same for all series whose labels differ in ``le`` or ``quantile`` only. ``bound`` is that label as a number; NaN where
    it is missing or not written as OpenMetrics asks, which no rule lets pass.
    """

    group: int
    role: Role
    bound: float


_BOUND_LABEL = {Role.BUCKET: b"le", Role.QUANTILE: b"quantile"}


def point_of(role: Role, pairs: Iterable[tuple[bytes, bytes]]) -> Point:
    """Find the place of a series with these (name, escaped value) labels."""
    label = _BOUND_LABEL.get(role)
    bound = math.nan
    others = set()
    for name, value in pairs:
        if name == label:
            bound = float(value) if NUMBER.fullmatch(value) else math.nan
            if math.isinf(bound) and value != b"+Inf":
                bound = math.nan
        else:
            others.add((name, value))
    return Point(hash(frozenset(others)), role, bound)


class GroupRules:
    """Follows the samples of one family in page order; ``holds`` turns False at the first that breaks a rule.

    The samples of one group stand together; values are not negative and counts are whole; bounds and bucket counts rise; the last bucket is
    +Inf and equals the count; sum and count come as a pair. (A sum may not be negative as no bound is.)
    """

    __slots__ = ("_bound", "_count", "_finished", "_group", "_histogram", "_sum", "_value", "holds")

    def __init__(self, *, histogram: bool) -> None:
        self.holds = True
        self._histogram = histogram
        self._finished: set[int] = set()
        self._group: int | None = None
        self._start()

    def _start(self) -> None:
        self._bound, self._value = -math.inf, 0.0
        self._count: float | None = None
        self._sum = False

    def follow(self, samples: Iterable[tuple[Point, bytes]]) -> None:
        """Check the next samples, each with its value as it is spelled."""
        if not self.holds:
            return
        for (group, role, bound), spelled in samples:
            if group != self._group:
                self._finish_group()
                if group in self._finished:
                    self.holds = False
                self._finished.add(group)
                self._group = group
                self._start()
            value = float(spelled)
            if role is Role.BUCKET:
                if not (bound > self._bound and bound >= 0 and value >= self._value and value.is_integer()):
                    self.holds = False
                self._bound, self._value = bound, value
            elif role is Role.QUANTILE:
                if not 0 <= bound <= 1 or value < 0:
                    self.holds = False
            elif role is Role.SUM:
                self._sum = True
                if not value >= 0:
                    self.holds = False
            else:
                self._count = value
                if not (value >= 0 and value.is_integer()):
                    self.holds = False
            if not self.holds:
                return

    def finish(self) -> bool:
        """Check the last group as a whole and say whether every rule held."""
        self._finish_group()
        return self.holds

    def _finish_group(self) -> None:
        if self._group is None or not self._histogram:
            return
        if self._bound != math.inf or self._sum != (self._count is not None) or self._count not in (None, self._value):
            self.holds = False
