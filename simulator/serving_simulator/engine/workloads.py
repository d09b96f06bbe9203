"""Arrival rates of a fleet as arrays: the patterns of every workload, compiled by kind and evaluated together."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from serving_simulator.engine.queueing import Reals
from serving_simulator.fleet.errors import FleetError
from serving_simulator.fleet.load_shapes import Batch, Burst, Constant, Diurnal, Flood, Jitter, Pattern, Ramp, Replay, Step, Workload

__all__ = ["Rates", "read_trace"]

_FOR_EVER = 1e12
_NOISE_STEP = 10


class Rates:
    """Requests a second of each workload at a time.

    ``start`` is the Unix time of the first answer, from which patterns count. ``folder`` is what replay paths are relative to. Raises
    FleetError when a trace cannot be read.
    """

    def __init__(self, workloads: Sequence[Workload], *, start: float, folder: Path, rng: np.random.Generator) -> None:
        self.size = len(workloads)
        self._start = start
        self._rng = rng
        pulses: list[tuple[float, ...]] = []
        ramps: list[tuple[float, ...]] = []
        floods: list[tuple[float, ...]] = []
        waves: list[tuple[float, ...]] = []
        self._constant: Reals = np.zeros(self.size)
        self._replays: list[tuple[int, Replay, float, Reals]] = []
        traces: dict[str, tuple[float, Reals]] = {}
        for index, workload in enumerate(workloads):
            for pattern in workload.patterns:
                match pattern:
                    case Constant():
                        self._constant[index] += pattern.rate
                    case Diurnal():
                        waves.append(
                            (index, (pattern.high + pattern.low) / 2, (pattern.high - pattern.low) / 2, pattern.peak_at, pattern.period)
                        )
                    case Ramp():
                        ramps.append(
                            (index, pattern.low, pattern.high, pattern.at, pattern.length, pattern.hold or _FOR_EVER, pattern.every or 0)
                        )
                    case Flood():
                        floods.append((index, pattern.rate, pattern.at, pattern.fade, pattern.every or 0))
                    case Replay():
                        if pattern.path not in traces:
                            traces[pattern.path] = read_trace(folder / pattern.path)
                        self._replays.append((index, pattern, *traces[pattern.path]))
                    case _:
                        base, pulse = _pulse(pattern)
                        self._constant[index] += base
                        pulses.append((index, *pulse))
        self._pulses, self._ramps, self._floods, self._waves = (_columns(rows) for rows in (pulses, ramps, floods, waves))
        self._noise_cv: Reals = np.array([workload.noise for workload in workloads])
        self._sigma: Reals = np.sqrt(np.log1p(self._noise_cv**2))
        self._keep: Reals = np.exp(-_NOISE_STEP / np.array([max(workload.noise_time, 1.0) for workload in workloads]))
        self._noisy = bool(self.size and self._noise_cv.any())
        self._state: Reals = self._sigma * rng.standard_normal(self.size)
        self._factor: Reals = np.exp(self._state - self._sigma**2 / 2)
        self._noise_at = -1

    def at(self, now: float) -> Reals:
        """Rates in force at ``now`` (Unix seconds), in the order of the workloads."""
        rates = self._constant.copy()
        since = now - self._start
        for columns, evaluate in ((self._pulses, _pulses), (self._ramps, _ramps), (self._floods, _floods)):
            if columns is not None:
                np.add.at(rates, columns[0].astype(np.int64), evaluate(columns, since))
        if self._waves is not None:
            index, middle, swing, peak, period = self._waves
            np.add.at(rates, index.astype(np.int64), middle + swing * np.cos(2 * np.pi * (now - peak) / period))
        for row, replay, bin_seconds, trace in self._replays:
            place = (since - replay.at) / bin_seconds
            if replay.loop or 0 <= place < trace.size:
                rates[row] += trace[int(np.floor(place)) % trace.size] * replay.scale / bin_seconds
        if self._noisy:
            rates *= self._noise(now)
        return rates

    def _noise(self, now: float) -> Reals:
        slot = int(now // _NOISE_STEP)
        if slot != self._noise_at:
            self._noise_at = slot
            fresh = self._rng.standard_normal(self.size)
            self._state = self._keep * self._state + np.sqrt(1 - self._keep**2) * self._sigma * fresh
            self._factor = np.exp(self._state - self._sigma**2 / 2)
        return self._factor


def read_trace(path: Path) -> tuple[float, Reals]:
    """Read a trace: the width of its bins in seconds and the requests in each. Raises FleetError, naming the file and what is allowed."""
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8")
        rows = [(float(row["second_offset"]), float(row["requests"])) for row in csv.DictReader(io.StringIO(text))]
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise FleetError(f"{path}: found no readable trace ({error}), allowed: a CSV file, plain or gzip") from error
    except (KeyError, TypeError, ValueError) as error:
        raise FleetError(
            f"{path}: found a trace without numbers in second_offset,requests ({error}), allowed: those two columns"
        ) from error
    if len(rows) < 2 or rows[1][0] <= rows[0][0]:
        raise FleetError(f"{path}: found {len(rows)} bins, allowed: at least two, in order")
    return rows[1][0] - rows[0][0], np.array([requests for _, requests in rows])


def _pulse(pattern: Pattern) -> tuple[float, tuple[float, ...]]:
    """Return a steady base, and the level, begin, length and period (0: once) of what comes on top."""
    match pattern:
        case Burst():
            return 0.0, (pattern.rate, pattern.at, pattern.length, pattern.every)
        case Step():
            return 0.0, (pattern.rate, pattern.at, pattern.length or _FOR_EVER, pattern.every or 0)
        case Batch():
            return 0.0, (pattern.requests / pattern.spread, pattern.at, pattern.spread, pattern.every)
        case Jitter():
            return pattern.rate, (pattern.rate * (pattern.factor - 1), pattern.at, pattern.length, pattern.every)
        case _:
            raise TypeError(pattern)


def _columns(rows: list[tuple[float, ...]]) -> tuple[Reals, ...] | None:
    return tuple(np.array(column, np.float64) for column in zip(*rows, strict=True)) if rows else None


def _phase(since: float, at: Reals, period: Reals) -> Reals:
    """Seconds since the pattern last began; negative before a pattern that comes once."""
    age = since - at
    return np.where(period > 0, np.mod(age, np.maximum(period, 1e-9)), age)


def _on(phase: Reals, length: Reals) -> NDArray[np.bool_]:
    return (phase >= 0) & (phase < length)


def _pulses(columns: tuple[Reals, ...], since: float) -> Reals:
    _, level, at, length, period = columns
    return level * _on(_phase(since, at, period), length)


def _ramps(columns: tuple[Reals, ...], since: float) -> Reals:
    _, low, high, at, length, hold, period = columns
    phase = _phase(since, at, period)
    return np.where(_on(phase, length + hold), low + (high - low) * np.clip(phase / length, 0, 1), low)


def _floods(columns: tuple[Reals, ...], since: float) -> Reals:
    _, level, at, fade, period = columns
    phase = _phase(since, at, period)
    return level * (phase >= 0) * np.exp(-np.maximum(phase, 0) / fade)
