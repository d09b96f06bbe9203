"""Requests of all deployments: arrival, waiting, service, failure, one second at a time.

Synchronous requests wait at the router; asynchronous ones wait in their own queue and take the slots that synchronous ones leave free. The
in-flight load that the autoscaler sees is what is in slots plus what waits at the router; asynchronous requests are left out of it unless a
switch says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving_simulator.engine.queueing import CohortQueue, Counts, Reals
from serving_simulator.engine.recorder import Recorder
from serving_simulator.engine.serving import ServiceModel, serve

__all__ = ["Limits", "Traffic"]

_REFUSAL = 0.01  # seconds that a refused request takes


@dataclass(slots=True)
class Limits:
    """Deadlines in seconds and policies, for each deployment. ``impatient`` is set where clients leave before the platform
    gives up, ``refusing`` when any deployment rejects what it has no slot for. ``ttl`` is for the asynchronous lines only.
    """

    parking: Counts
    impatient: NDArray[np.bool_]
    ttl: Counts
    predict: int
    reject: NDArray[np.bool_]
    refusing: bool
    patience: Counts
    async_in_load: bool


class Traffic:
    """Queues and slots. ``held`` are synchronous requests in slots, ``stuck`` those on hung replicas.

    ``async_rows`` are the deployments that take asynchronous requests. Both classes are served together: line ``i`` is the synchronous side
    of deployment ``i``, line ``rows + j`` the asynchronous side of ``async_rows[j]``.
    """

    def __init__(self, rng: np.random.Generator, model: ServiceModel, limits: Limits, recorder: Recorder, async_rows: Counts) -> None:
        rows = limits.parking.size
        self._rng = rng
        self._size = rows
        self.model = model
        self.limits = limits
        self.recorder = recorder
        self.async_rows = async_rows
        self.queue = CohortQueue(rows, int(limits.parking.max(initial=10)))
        self.backlog = CohortQueue(async_rows.size, int(limits.ttl.max(initial=10)))
        self.held: Counts = np.zeros(rows, np.int64)
        self.running_async: Counts = np.zeros(rows, np.int64)
        self.queued_async: Counts = np.zeros(rows, np.int64)
        self.stuck: Counts = np.zeros(rows, np.int64)
        self.in_flight: Counts = np.zeros(rows, np.int64)
        self.load: Counts = np.zeros(rows, np.int64)
        self.arrivals: Counts = np.zeros(rows, np.int64)
        self.busy: Reals = np.zeros(rows)
        self.expired: Counts = np.zeros(rows, np.int64)
        self.dequeued: Counts = np.zeros(rows, np.int64)
        self.queue_waits: Reals = np.zeros(rows)
        self.answered_async: Counts = np.zeros(rows, np.int64)
        self._waits: Reals = np.zeros(rows)
        self._none: Counts = np.zeros(rows, np.int64)
        self._no_waits: Reals = np.zeros(rows)
        self._hanging = False
        self._handed_over: list[tuple[int, int]] = []

    def step(self, second: int, rates: Reals, async_rates: Reals, replicas: Counts, hung: Counts) -> None:
        """One second. ``replicas`` serve (hung ones included), of which ``hung`` accept requests and never answer.

        ``rates`` are arrivals a second of all deployments, ``async_rates`` asynchronous ones of ``async_rows``.
        """
        arrivals = self.arrivals = self._rng.poisson(rates)
        if self._handed_over:
            for row, count in self._handed_over:
                arrivals[row] += count
            self._handed_over.clear()
        serving = replicas > 0
        self._give_up(second)
        if self._hanging or hung.any():
            arrivals = self._hang(arrivals, replicas, hung)
            replicas = replicas - hung
        held, size = self.held, self._size
        slots = replicas * self.model.slots[:size]
        demand = self.queue.size + arrivals
        open_demand = demand * (replicas > 0)
        if self.async_rows.size:
            finished, after, stretch = self._serve_both(second, async_rates, held, open_demand, slots, replicas)
        else:
            finished, after, stretch = serve(self._rng, self.model, held, open_demand, slots, replicas, self._none)
        admitted = after[:size] + finished[:size] - held
        waits = self._admit(second, arrivals, admitted)
        self._finish(finished[:size], waits, held + admitted, stretch[:size])
        self.held = after[:size]
        occupied = self.held + self.running_async if self.async_rows.size else self.held
        self.busy += np.minimum(occupied / (np.maximum(replicas, 1) * self.model.knee[:size]), 1.0)
        self.in_flight = self.held + self.queue.size + self.stuck
        # What the last replicas finish while they drain is not load: it needs no new replica.
        self.load = self.queue.size + self.stuck + self.held * serving
        if self.limits.async_in_load:
            self.load = self.load + self.running_async

    def lose_replica(self, row: int, ready: int, *, crashed: bool) -> None:
        """One of ``ready`` replicas of a deployment stops serving: with a crash its share of the requests ends in 502."""
        if not crashed or ready < 1:
            return
        for asynchronous, held in ((False, self.held), (True, self.running_async)):
            lost = int(self._rng.binomial(int(held[row]), 1.0 / ready))
            if lost:
                waits = 0.0 if asynchronous else float(self._waits[row]) * lost / held[row]
                if not asynchronous:
                    self._waits[row] -= waits
                held[row] -= lost
                lasted = waits + 0.5 * float(self.model.mean[row]) * lost
                self.recorder.failed("502", np.array([row]), np.array([lost]), np.array([lasted]), asynchronous=asynchronous)

    def release_stuck(self, row: int) -> None:
        """End in 502 what a hung replica held that is gone now."""
        lost = min(int(self.stuck[row]), int(self.model.slots[row]))
        if lost:
            self.stuck[row] -= lost
            self.recorder.failed("502", np.array([row]), np.array([lost]), np.array([lost * self.limits.predict / 2.0]))

    def hand_over(self, old: int, new: int, second: int) -> None:
        """Give what waits for one deployment to another; it queues again from now on."""
        if count := self.queue.clear(second, old):
            self._handed_over.append((new, count))

    def clear(self, row: int, second: int) -> None:
        """Drop everything of a deployment that is switched off."""
        self.queue.clear(second, row)
        for line in (self.async_rows == row).nonzero()[0]:
            self.backlog.clear(second, int(line))
        for counts in (self.held, self.running_async, self.queued_async, self.stuck, self.in_flight):
            counts[row] = 0
        self._waits[row] = 0.0

    def _give_up(self, second: int) -> None:
        rows, lost = self.queue.expire(second, self.limits.patience)
        if rows.size:
            waited = lost * self.limits.patience[rows]
            gone = self.limits.impatient[rows]
            self.recorder.failed("499", rows, lost * gone, waited * gone)
            self.recorder.failed("500", rows, lost * ~gone, waited * ~gone)

    def _hang(self, arrivals: Counts, replicas: Counts, hung: Counts) -> Counts:
        """Hung replicas take their share of what arrives until their slots are full; what they hold times out."""
        room = np.maximum(hung * self.model.slots[: self._size] - self.stuck, 0)
        caught = np.minimum(self._rng.binomial(arrivals, hung / np.maximum(replicas, 1)), room)
        late = self._rng.binomial(self.stuck, 1.0 / self.limits.predict)
        self.stuck = self.stuck + caught - late
        self._hanging = bool(self.stuck.any())
        rows = late.nonzero()[0]
        self.recorder.failed("504", rows, late[rows], late[rows] * float(self.limits.predict))
        answered: Counts = arrivals - caught
        return answered

    def _admit(self, second: int, arrivals: Counts, admitted: Counts) -> Reals:
        """Move ``admitted`` requests into slots, the oldest first; the rest waits or is refused. Returns the sum of their waits."""
        queue = self.queue
        left = arrivals - admitted
        waits = self._no_waits
        waiting = np.minimum(admitted, queue.size)
        rows = waiting.nonzero()[0]
        if rows.size:
            waits = np.zeros(self._size)
            waits[rows] = queue.take(second, rows, waiting[rows])
            left += waiting
        if self.limits.refusing:
            refused = (self.limits.reject & (left > 0)).nonzero()[0]
            self.recorder.failed("429", refused, left[refused], left[refused] * _REFUSAL)
            left[refused] = 0
        queue.push(second, left)
        return waits

    def _finish(self, finished: Counts, waits: Reals, inside: Counts, stretch: Reals) -> None:
        carried = self._waits + waits
        share = carried * (finished / np.maximum(inside, 1))
        self._waits = carried - share
        self.recorder.served(finished, share, stretch)

    def _serve_both(
        self, second: int, rates: Reals, held: Counts, demand: Counts, slots: Counts, replicas: Counts
    ) -> tuple[Counts, Counts, Reals]:
        rows, backlog = self.async_rows, self.backlog
        late, lost = backlog.expire(second, self.limits.ttl)
        if late.size:
            self.expired[rows[late]] += lost
        backlog.push(second, self._rng.poisson(rates))
        running = self.running_async
        # Synchronous requests win: what runs stays, but nothing asynchronous starts in a slot that one of them wants.
        free = np.maximum(slots[rows] - held[rows] - demand[rows], 0)
        finished, after, stretch = serve(
            self._rng,
            self.model,
            np.concatenate((held, running[rows])),
            np.concatenate((demand, backlog.size * (free > 0))),
            np.concatenate((np.maximum(slots - running, 0), free)),
            np.concatenate((replicas, replicas[rows])),
            np.concatenate((running, held[rows])),
        )
        done, running_after = finished[self._size :], after[self._size :]
        started = running_after + done - running[rows]
        lines = started.nonzero()[0]
        if lines.size:
            self.queue_waits[rows[lines]] += backlog.take(second, lines, started[lines])
            self.dequeued[rows] += started
        self.running_async[rows] = running_after
        self.queued_async[rows] = backlog.size
        self.answered_async[rows] += done
        self.recorder.served_async(rows, done, stretch[self._size :])
        return finished, after, stretch
