"""When a source that failed is tried again."""

from __future__ import annotations

import math
import random

from serving_exporter.budgets import LONGEST_HINT
from serving_exporter.platforms.contract import NotOffered, NotPermitted, Throttled

__all__ = ["retry_delay"]

_BACK_OFF = (1, 2, 3, 5, 8, 13, 21)
_BASE = 5.0
_SLOWEST = 60.0
_NEXT_WINDOW = 60.0
_NOT_PERMITTED = 600.0
_NOT_OFFERED = 3600.0


def retry_delay(error: Exception, failures: int, interval: float, rng: random.Random) -> float:
    """Choose the seconds until the next try after ``failures`` failures in a row, of which ``error`` is the last.

    A failure is tried again after 1, 2, 3, 5, 8, … times a short base, but never later than the source's own ``interval`` or a minute,
    whichever is longer. ``Throttled`` obeys the platform's hint and never comes before it; without one it waits for the next window.
    ``NotPermitted`` is tried every ten minutes, ``NotOffered`` every hour. Jitter of 10 % keeps many exporters from
    marching in step.
    """
    jitter = rng.uniform(0.9, 1.1)
    if isinstance(error, NotPermitted):
        return _NOT_PERMITTED * jitter
    if isinstance(error, NotOffered):
        return _NOT_OFFERED * jitter
    if isinstance(error, Throttled):
        hint = error.retry_after
        usable = hint is not None and math.isfinite(hint) and hint >= 0
        return max(1.0, min(hint, LONGEST_HINT) if usable and hint is not None else _NEXT_WINDOW) * rng.uniform(1.0, 1.1)
    step = _BACK_OFF[min(failures, len(_BACK_OFF)) - 1]
    return min(step * min(_BASE, interval), max(interval, _SLOWEST)) * jitter
