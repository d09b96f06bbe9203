"""Durations as people write them in fleet files: ``30s``, ``10m``, ``1h30m``, ``2d``, or a plain number of seconds."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["Seconds", "decode"]

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_WHOLE = re.compile(r"(-)?((?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+)")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


class Seconds(float):
    """A length of time in seconds. Negative ones make sense only on a timeline: before the first answer, inside the warm-up."""

    __slots__ = ()

    @classmethod
    def parse(cls, value: object) -> Seconds:
        """Read a duration. Raises ValueError, whose text says what is allowed."""
        if isinstance(value, int | float) and not isinstance(value, bool):
            return cls(value)
        whole = _WHOLE.fullmatch(value.strip()) if isinstance(value, str) else None
        if whole is None:
            raise ValueError("a duration such as 30s, 10m, 1h30m, 2d, or a number of seconds")
        total = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(whole[2]))
        return cls(-total if whole[1] else total)


def decode(kind: type, value: Any) -> Any:
    """Decode the one type of ours that msgspec does not know."""
    if kind is Seconds:
        return Seconds.parse(value)
    raise NotImplementedError(kind)
