"""Requests of all deployments: arrival, waiting, service, failure, one second at a time.

Synchronous requests wait at the router; asynchronous ones wait in their own queue and take the slots that synchronous ones leave free. The
in-flight load that the autoscaler sees is what is in slots plus what waits at the router; asynchronous requests are left out of it unless a
switch says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .queueing import CohortQueue, Counts, Reals
from .recorder import Recorder
from .serving import ServiceModel, serve

__all__ = ["Limits", "Traffic"]

_REFUSAL = 0.01  # seconds that a refused request takes


@dataclass(slots=True)
class Limits:
    """Deadlines in seconds and policies, for each deployment. ``impatient`` is set where clients leave before the platform gives up."""

    parking: Counts
    impatient: NDArray[np.bool_]
    ttl: Counts
    predict: int
    reject: NDArray[np.bool_]
    patience: Counts
    async_in_load: bool


class Traffic:
    """Queues and slots. ``held`` are synchronous requests in slots, ``running_async`` asynchronous ones, ``stuck`` those on hung replicas."""

    def __init__(self, rng: np.random.Generator, model: ServiceModel, limits: Limits, recorder: Recorder) -> None:
        rows = model.mean.size
        self._rng = rng
        self.model = model
        self.limits = limits
        self.recorder = recorder
        self.queue = CohortQueue(rows, int(limits.parking.max(initial=10)))
        self.backlog = CohortQueue(rows, int(limits.ttl.max(initial=10)))
        self.held: Counts = np.zeros(rows, np.int64)
        self.running_async: Counts = np.zeros(rows, np.int64)
        self.stuck: Counts = np.zeros(rows, np.int64)
        self._waits: Reals = np.zeros(rows)
        self.in_flight: Counts = np.zeros(rows, np.int64)
        self.load: Reals = np.zeros(rows)
        self.arrivals: Counts = np.zeros(rows, np.int64)
        self.busy: Reals = np.zeros(rows)
        self.expired: Counts = np.zeros(rows, np.int64)
        self.dequeued: Counts = np.zeros(rows, np.int64)
        self.queue_waits: Reals = np.zeros(rows)
        self.answered_async: Counts = np.zeros(rows, np.int64)
        self._nothing: Counts = np.zeros(rows, np.int64)

    def step(self, second: int, rates: Reals, async_rates: Reals | None, replicas: Counts, hung: Counts) -> None:
        """One second. ``replicas`` serve (hung ones included), of which ``hung`` accept requests and never answer."""
        rng = self._rng
        arrivals = rng.poisson(rates)
        self.arrivals = arrivals
        self._give_up(second)
        if hung.any() or self.stuck.any():
            arrivals = self._hang(arrivals, replicas, hung)
            replicas = replicas - hung
        working = replicas
        slots = working * self.model.slots
        demand = self.queue.size + arrivals
        held = self.held
        finished, self.held, stretch = serve(rng, self.model, held, demand, slots, working, self.running_async)
        admitted = self.held + finished - held
        waits = self._admit(second, arrivals, admitted)
        self._finish(finished, waits, held + admitted, stretch)
        if async_rates is not None:
            self._step_async(second, async_rates, working, slots)
        each = (self.held + self.running_async) / np.maximum(working, 1)
        self.busy += np.minimum(each / self.model.knee, 1.0) * (working > 0)
        self.in_flight = self.held + self.queue.size + self.stuck
        self.load = self.in_flight + (self.running_async if self.limits.async_in_load else 0.0)

    def lose_replica(self, row: int, ready: int, *, crashed: bool) -> None:
        """One of ``ready`` replicas of a deployment stops serving: with a crash its share of the requests ends in 502."""
        if not crashed or ready < 1:
            return
        where = np.array([row])
        for asynchronous, held in ((False, self.held), (True, self.running_async)):
            lost = int(self._rng.binomial(int(held[row]), 1.0 / ready))
            if lost:
                waits = 0.0 if asynchronous else float(self._waits[row]) * lost / held[row]
                if not asynchronous:
                    self._waits[row] -= waits
                held[row] -= lost
                half = 0.5 * self.model.mean[row] * lost
                self.recorder.failed("502", where, np.array([lost]), np.array([waits + half]), asynchronous=asynchronous)

    def release_stuck(self, row: int) -> None:
        """A hung replica is gone: what it held ends in 502."""
        lost = min(int(self.stuck[row]), int(self.model.slots[row]))
        if lost:
            self.stuck[row] -= lost
            self.recorder.failed("502", np.array([row]), np.array([lost]), np.array([lost * self.limits.predict / 2.0]))

    def clear(self, row: int, second: int) -> None:
        """Drop everything of a deployment that is switched off."""
        self.queue.clear(second, row)
        self.backlog.clear(second, row)
        self.held[row] = self.running_async[row] = self.stuck[row] = self.in_flight[row] = 0
        self._waits[row] = 0.0

    def _give_up(self, second: int) -> None:
        rows, lost = self.queue.expire(second, self.limits.patience)
        if rows.size:
            ages = lost * self.limits.patience[rows].astype(np.float64)
            gone = self.limits.impatient[rows]
            self.recorder.failed("499", rows[gone], lost[gone], ages[gone])
            self.recorder.failed("500", rows[~gone], lost[~gone], ages[~gone])

    def _hang(self, arrivals: Counts, replicas: Counts, hung: Counts) -> Counts:
        """Hung replicas take their share of what arrives until their slots are full; what they hold times out."""
        room = np.maximum(hung * self.model.slots - self.stuck, 0)
        caught = np.minimum(self._rng.binomial(arrivals, hung / np.maximum(replicas, 1)), room)
        late = self._rng.binomial(self.stuck, 1.0 / self.limits.predict)
        self.stuck += caught - late
        rows = np.flatnonzero(late)
        self.recorder.failed("504", rows, late[rows], late[rows] * float(self.limits.predict))
        return arrivals - caught

    def _admit(self, second: int, arrivals: Counts, admitted: Counts) -> Reals:
        """Move ``admitted`` requests into slots, the oldest first; the rest waits or is refused. Returns the sum of their waits."""
        waits: Reals = np.zeros(arrivals.size)
        waiting = np.flatnonzero((self.queue.size > 0) & (admitted > 0))
        from_queue = self._nothing
        if waiting.size:
            counts = np.minimum(admitted[waiting], self.queue.size[waiting])
            waits[waiting] = self.queue.take(second, waiting, counts)
            from_queue = np.zeros_like(admitted)
            from_queue[waiting] = counts
        left = arrivals - (admitted - from_queue)
        refused = np.flatnonzero(self.limits.reject & (left > 0))
        if refused.size:
            counts = left[refused]
            self.recorder.failed("429", refused, counts, counts * _REFUSAL)
            left[refused] = 0
        self.queue.push(second, left)
        return waits

    def _finish(self, finished: Counts, waits: Reals, inside: Counts, stretch: Reals) -> None:
        self._waits += waits
        share = self._waits * (finished / np.maximum(inside, 1))
        self._waits -= share
        self.recorder.served(asynchronous=False, counts=finished, waits=share, stretch=stretch)

    def _step_async(self, second: int, rates: Reals, replicas: Counts, slots: Counts) -> None:
        late, lost = self.backlog.expire(second, self.limits.ttl)
        if late.size:
            self.expired[late] += lost
        self.backlog.push(second, self._rng.poisson(rates))
        held = self.running_async
        # Synchronous requests win: nothing new starts while any of them waits.
        free = np.where(self.queue.size > 0, 0, np.maximum(slots - self.held, 0))
        demand = np.where(free > 0, self.backlog.size, 0)
        finished, self.running_async, stretch = serve(self._rng, self.model, held, demand, free, replicas, self.held)
        started = self.running_async + finished - held
        rows = np.flatnonzero(started > 0)
        if rows.size:
            self.queue_waits[rows] += self.backlog.take(second, rows, started[rows])
            self.dequeued += started
        self.answered_async += finished
        # The time in the async queue has a histogram of its own; the response time begins when the worker calls the model.
        self.recorder.served(asynchronous=True, counts=finished, waits=self._nothing.astype(np.float64), stretch=stretch)
