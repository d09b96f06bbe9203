"""Arrival patterns of a fleet file. Patterns of one workload are added up.

Times of patterns count from the first answer of the emulator (the end of the warm-up); a pattern with ``every`` repeats for ever, in both
directions. Rates are requests a second.
"""

from __future__ import annotations

import msgspec

from serving_simulator.fleet.durations import Seconds

__all__ = ["Batch", "Burst", "Constant", "Diurnal", "Flood", "Jitter", "Pattern", "Ramp", "Replay", "Step", "Workload"]


class _Shape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag=str.lower):
    pass


class Constant(_Shape, frozen=True, kw_only=True):
    """A steady rate."""

    rate: float


class Diurnal(_Shape, frozen=True, kw_only=True):
    """A sine between ``low`` and ``high`` with its top at ``peak_at`` after midnight UTC."""

    low: float
    high: float
    peak_at: Seconds = Seconds(14 * 3600)
    period: Seconds = Seconds(86400)


class Burst(_Shape, frozen=True, kw_only=True):
    """``rate`` more for ``length``, each ``every``, the first at ``at``."""

    rate: float
    length: Seconds
    every: Seconds
    at: Seconds = Seconds(0)


class Step(_Shape, frozen=True, kw_only=True):
    """``rate`` more from ``at`` on; with ``length`` it ends again, with ``every`` it comes back."""

    rate: float
    at: Seconds = Seconds(0)
    length: Seconds | None = None
    every: Seconds | None = None


class Ramp(_Shape, frozen=True, kw_only=True):
    """From ``low`` to ``high`` in a straight line during ``length``, then ``high`` for ``hold``; ``low`` otherwise."""

    high: float
    length: Seconds
    low: float = 0.0
    at: Seconds = Seconds(0)
    hold: Seconds | None = None
    every: Seconds | None = None


class Flood(_Shape, frozen=True, kw_only=True):
    """A sudden crowd: ``rate`` at once, fading exponentially with the time constant ``fade``."""

    rate: float
    fade: Seconds
    every: Seconds | None = None
    at: Seconds = Seconds(0)


class Batch(_Shape, frozen=True, kw_only=True):
    """A job that hands in ``requests`` within ``spread``, each ``every``."""

    requests: float
    every: Seconds
    spread: Seconds = Seconds(10)
    at: Seconds = Seconds(0)


class Jitter(_Shape, frozen=True, kw_only=True):
    """A base ``rate`` that is ``factor`` times higher for ``length`` each ``every``."""

    rate: float
    factor: float = 2.0
    length: Seconds = Seconds(90)
    every: Seconds = Seconds(1200)
    at: Seconds = Seconds(0)


class Replay(_Shape, frozen=True, kw_only=True):
    """A recorded trace: CSV with the columns ``second_offset,requests``, plain or gzip, path relative to the fleet file.

    The rate is constant within a bin of the trace and arrivals within it are Poisson: for ``scale`` below 1 the dispersion falls towards 1,
    as thinning does. Starts at ``at`` and repeats when ``loop``.
    """

    path: str
    scale: float = 1.0
    at: Seconds = Seconds(0)
    loop: bool = True


Pattern = Constant | Diurnal | Burst | Step | Ramp | Flood | Batch | Jitter | Replay


class Workload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Patterns added up, times slow random noise (lognormal with this coefficient of variation and correlation time)."""

    patterns: tuple[Pattern, ...] = ()
    noise: float = 0.0
    noise_time: Seconds = Seconds(60)
