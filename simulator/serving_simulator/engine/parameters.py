"""The settings and costs of every deployment as arrays, kept in step with what is in force for each row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from serving_simulator.engine.autoscaler import Bounds
from serving_simulator.engine.queueing import Counts, Reals
from serving_simulator.engine.rows import Row
from serving_simulator.engine.serving import ServiceModel
from serving_simulator.engine.traffic import Limits
from serving_simulator.fleet.schema import Fleet

__all__ = ["Parameters"]

_UNLIMITED = 1_000_000_000
_TOKEN_SLOTS = 256


class Parameters:
    """Arrays over deployments. ``load`` writes one row again after its settings, faults or bounds have changed."""

    def __init__(self, fleet: Fleet, rows: Sequence[Row], async_rows: Counts) -> None:
        size = len(rows)
        self.async_rows = async_rows
        self._line = {int(row): size + line for line, row in enumerate(async_rows)}
        lines = size + async_rows.size
        self._rows = rows
        self._switches = fleet.switches
        self.bounds = Bounds(_ints(size), _ints(size), np.ones(size), _ints(size), _ints(size), _ints(size))
        self.service = ServiceModel(np.ones(lines), _ints(lines), np.ones(lines), np.ones(lines))
        self.limits = Limits(
            parking=np.full(size, fleet.switches.parking_timeout, np.int64),
            impatient=np.zeros(size, np.bool_),
            ttl=np.array([int(rows[row].spec.async_use.ttl) for row in async_rows], np.int64),
            predict=fleet.switches.predict_timeout,
            reject=np.zeros(size, np.bool_),
            refusing=False,
            patience=np.full(size, fleet.switches.parking_timeout, np.int64),
            async_in_load=fleet.switches.async_in_load,
        )
        self.override: list[tuple[int, int] | None] = [None] * size
        self.awake = np.zeros(size, np.bool_)
        self.listed = np.ones(size, np.bool_)
        self.load_factor: Reals = np.ones(size)
        self.error_rate: Reals = np.zeros(size)
        self.crash_rate: Reals = np.zeros(size)
        self.unready_rate: Reals = np.zeros(size)
        self.hang_rate: Reals = np.zeros(size)
        self.poison: Reals = np.zeros(size)
        self.memory_base: Reals = _reals(row.spec.memory.base for row in rows)
        self.memory_request: Reals = _reals(row.spec.memory.per_request for row in rows)
        self.memory_leak: Reals = _reals(row.spec.memory.leak_per_hour / 3600 for row in rows)
        self.memory_limit: Reals = _reals(row.instance.memory_limit_mib for row in rows)
        self.tokens: Reals = _reals(_tokens_in_flight(row) for row in rows)
        for row in rows:
            self.load(row)

    def load(self, row: Row) -> None:
        """Write everything of one row that can change."""
        index, settings, service = row.index, row.settings, row.spec.service
        bounds, limits = self.bounds, self.limits
        least, most = self.override[index] or (settings.min_replica, settings.max_replica)
        # A first deploy starts on at least one replica, whatever the minimum is.
        bounds.least[index], bounds.most[index] = (max(least, 1) if not row.served else least), max(most, least)
        bounds.window[index] = settings.autoscaling_window
        bounds.delay[index] = settings.scale_down_delay
        bounds.rate[index] = settings.max_scale_down_rate or 50
        if settings.target_in_flight_tokens is not None:
            bounds.per_replica[index] = settings.target_in_flight_tokens / self.tokens[index]
        else:
            bounds.per_replica[index] = settings.concurrency_target * settings.target_utilization_percentage / 100
        inside = service.predict_concurrency or _UNLIMITED
        # A token-scaled engine batches for itself: the router gives it whatever comes.
        tokens = settings.target_in_flight_tokens is not None
        slots = (inside if service.predict_concurrency else _TOKEN_SLOTS) if tokens else settings.concurrency_target
        knee, mean = min(service.knee, inside), service.mean * row.faults.slow
        for line in (index, self._line.get(index, index)):
            self.service.slots[line], self.service.knee[line], self.service.mean[line] = slots, knee, mean
            self.service.peak[line] = min(knee, slots) / mean
        impatient = service.patience is not None and service.patience < self._switches.parking_timeout
        limits.impatient[index] = impatient
        limits.patience[index] = int(service.patience or 0) if impatient else self._switches.parking_timeout
        limits.reject[index] = row.backpressure == "REJECT_ON_FULL"
        limits.refusing = bool(limits.reject.any())
        on = row.active and not row.deleted and not row.build_failed and not row.failed
        self.awake[index] = on
        self.listed[index] = not (row.deleted or row.build_failed)
        self.load_factor[index] = row.load_factor if on else 0.0
        faults = row.faults
        self.error_rate[index], self.poison[index] = faults.error_rate, faults.poison
        self.crash_rate[index] = 1 / faults.crash_every if faults.crash_every else 0.0
        self.unready_rate[index] = 1 / faults.unready_every if faults.unready_every else 0.0
        self.hang_rate[index] = 1 / faults.hang_every if faults.hang_every else 0.0


def _tokens_in_flight(row: Row) -> float:
    """Tokens that a request in flight stands for: its whole prompt, and half of its answer on average."""
    tokens = row.spec.service.tokens
    return tokens.input + tokens.output / 2 if tokens else 1.0


def _ints(size: int) -> Counts:
    return np.zeros(size, np.int64)


def _reals(values: object) -> Reals:
    return np.array(list(values), np.float64)  # type: ignore[call-overload]
