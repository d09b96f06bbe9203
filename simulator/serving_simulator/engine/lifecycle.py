r"""The life of replicas: starts phase by phase, crashes with back-off, failing health checks, hangs, drains.

    create -> PENDING -> PULLING -> LOADING -> READY -> TERMINATING -> gone
                                      ^  \        |  \-> UNREADY -> (READY | CRASHED)
                                      |   v       v
                                      CRASHED (waits 10, 20, 40 ... 300 s)

Changes of single replicas are rare, so they are events on a heap; the counts that every step needs are kept as arrays beside them.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from serving_simulator.engine.pods import PHASES, Attempt, Phase, Pod, PodState, ServingPod
from serving_simulator.engine.queueing import Counts, Reals
from serving_simulator.engine.rows import Row
from serving_simulator.engine.starts import StartTimes

__all__ = ["BACKOFF_FIRST", "BACKOFF_MOST", "Lifecycle", "Losses"]

BACKOFF_FIRST = 10.0
BACKOFF_MOST = 300.0
_BACKOFF_RESET = 600.0  # a container that ran this long starts with a short back-off again, as in Kubernetes
_LOADS_BEFORE_REPLACEMENT = 2
_DRAIN = (30.0, 60.0)
_KEPT_ATTEMPTS = 1000
_RUNNING = (PodState.READY, PodState.UNREADY)
_GOES_FIRST = (PodState.PENDING, PodState.PULLING, PodState.LOADING, PodState.CRASHED, PodState.UNREADY, PodState.READY)
_STATE_OF = {
    "SCHEDULING": PodState.PENDING,
    "IMAGE_PULL": PodState.PULLING,
    "WEIGHT_DOWNLOAD": PodState.PULLING,
    "CONTAINER_CREATE": PodState.PULLING,
    "CONTAINER_START": PodState.LOADING,
    "READINESS": PodState.LOADING,
}


@dataclass(slots=True)
class Losses:
    """What the engine must do when a replica stops serving: take its requests off the deployment."""

    on_loss: Callable[[Pod, str], None]
    on_bill: Callable[[Pod, float, float], None]
    on_first_ready: Callable[[Row, float], None]
    marks: Callable[[int], tuple[float, float]]


@dataclass(slots=True, order=True)
class _Event:
    at: float
    order: int
    epoch: int = field(compare=False)
    pod: Pod = field(compare=False)
    what: str = field(compare=False)


class Lifecycle:
    """All replicas of a fleet."""

    def __init__(self, rows: Sequence[Row], rng: np.random.Generator, hooks: Losses) -> None:
        self._rows = rows
        self._rng = rng
        self._times = StartTimes(rng)
        self._hooks = hooks
        self._events: list[_Event] = []
        self._order = 0
        self.pods: list[list[Pod]] = [[] for _ in rows]
        self.attempts: list[deque[Attempt]] = [deque(maxlen=_KEPT_ATTEMPTS) for _ in rows]
        self.counts: NDArray[np.int64] = np.zeros((len(PodState), len(rows)), np.int64)
        self.sick: Counts = np.zeros(len(rows), np.int64)
        self.hung: Counts = np.zeros(len(rows), np.int64)
        self.oldest_start: Reals = np.full(len(rows), np.inf)
        self.restarts_ever: Counts = np.zeros(len(rows), np.int64)
        self.restarts: Counts = np.zeros(len(rows), np.int64)
        self.serving: list[tuple[ServingPod, ...]] = [() for _ in rows]
        self._known_ids: set[str] = set()

    @property
    def ready(self) -> Counts:
        """Replicas that serve, for each deployment: a view, never to be kept."""
        ready: Counts = self.counts[PodState.READY]
        return ready

    def starting(self) -> Counts:
        """Replicas waiting for hardware or loading, for each deployment."""
        counts: Counts = self.counts[: PodState.READY].sum(axis=0)
        return counts

    def wanted(self) -> Counts:
        """Replicas that exist and are not on their way out, for each deployment."""
        counts: Counts = self.counts[: PodState.TERMINATING].sum(axis=0)
        return counts

    def run(self, now: float) -> None:
        """Let everything happen that is due at ``now``."""
        while self._events and self._events[0].at <= now:
            event = heapq.heappop(self._events)
            if event.epoch == event.pod.epoch:
                self._handle(event.pod, event.what, event.at)

    def reconcile(self, row: Row, desired: int, now: float) -> None:
        """Create or remove replicas until ``desired`` remain: starting ones go first, then broken ones, then the youngest that serve."""
        live = [pod for pod in self.pods[row.index] if pod.state != PodState.TERMINATING]
        for _ in range(desired - len(live)):
            self.create(row, now)
        if len(live) > desired:
            live.sort(key=lambda pod: (_GOES_FIRST.index(pod.state), -pod.created))
            for pod in live[: len(live) - desired]:
                self.remove(pod, now)

    def create(self, row: Row, now: float, *, ready_since: float | None = None) -> Pod:
        """Start a replica; with ``ready_since``, one that has been serving since then."""
        pod = Pod(row=row.index, id=self._new_id(), created=now, since=now)
        self.pods[row.index].append(pod)
        self.counts[PodState.PENDING, row.index] += 1
        pod.plan = self._times.plan(row)
        if ready_since is None:
            self._begin(pod, now, PHASES[0])
        else:
            self._record_past_start(row, pod, ready_since)
            pod.container_started = ready_since
            pod.billed_from = now
            self._become_ready(pod, now)
        return pod

    def note_past_start(self, row: Row, ready_at: float) -> None:
        """Record a successful start of a replica that is long gone."""
        self._record_past_start(row, Pod(row.index, self._new_id(), ready_at, plan=self._times.plan(row)), ready_at)

    def remove(self, pod: Pod, now: float) -> None:
        """Take a replica away: one that serves drains first."""
        if pod.state in {PodState.READY, PodState.UNREADY}:
            self._leave(pod, "drain")
            self._set(pod, PodState.TERMINATING, now)
            self._schedule(pod, now + self._rng.uniform(*_DRAIN), "gone")
            return
        attempt = pod.attempt
        if attempt is not None and attempt.ended is None:
            # A start that a scale-down cuts short is no failure; only one that had stalled stays on record.
            if now - attempt.began < self._rows[pod.row].spec.startup.stalls_after:
                self.attempts[pod.row].remove(attempt)
            else:
                attempt.ended = now
        self._forget(pod, now)

    def crash(self, pod: Pod, now: float) -> None:
        """Let the container die; it starts again after a back-off."""
        row = self._rows[pod.row]
        if pod.state == PodState.READY and now - pod.since >= _BACKOFF_RESET:
            pod.backoff = 0
        loading = pod.state == PodState.LOADING
        if loading and pod.attempt is not None and pod.attempt.phases:
            last = pod.attempt.phases[-1]
            last.length, last.failed = now - last.began, True
            pod.attempt.ended = now
            pod.failed_loads += 1
            row.failed_loads += 1
        self._leave(pod, "crash")
        pod.sick = pod.hung = False
        self._set(pod, PodState.CRASHED, now)
        if pod.failed_loads >= _LOADS_BEFORE_REPLACEMENT:
            self._schedule(pod, now + self._next_backoff(pod), "replace")
        else:
            self._schedule(pod, now + self._next_backoff(pod), "restart")

    def sicken(self, pod: Pod, now: float) -> None:
        """Let the replica fail its health checks from now on."""
        row = self._rows[pod.row]
        if pod.sick or pod.state != PodState.READY:
            return
        pod.sick = True
        self.sick[pod.row] += 1
        heals = now + row.faults.unready_for
        stops, restarts = now + row.spec.probes.stop_traffic_threshold, now + row.spec.probes.restart_threshold
        for at, what in ((heals, "heal"), (stops, "stop traffic"), (restarts, "liveness")):
            if at <= heals:
                self._schedule(pod, at, what)

    def hang(self, pod: Pod) -> None:
        """Let the replica go on accepting requests and never answer."""
        if not pod.hung:
            pod.hung = True
            self.hung[pod.row] += 1

    def hung_pods(self) -> frozenset[str]:
        """Return the ids of replicas that hang."""
        rows = np.flatnonzero(self.hung)
        return frozenset(pod.id for row in rows.tolist() for pod in self.pods[row] if pod.hung)

    def hardware_returned(self, now: float) -> None:
        """Give waiting replicas whose deployment may have hardware again their place in the queue."""
        for row, pods in zip(self._rows, self.pods, strict=True):
            if not row.faults.no_capacity:
                for pod in pods:
                    if pod.state == PodState.PENDING and pod.plan["SCHEDULING"] == np.inf:
                        pod.plan["SCHEDULING"] = self._times.scheduling(row)
                        self._schedule(pod, now + pod.plan["SCHEDULING"], "phase")

    def _handle(self, pod: Pod, what: str, at: float) -> None:
        match what:
            case "phase" if pod.phase == "SCHEDULING" and self._rows[pod.row].faults.no_capacity:
                pod.plan["SCHEDULING"] = np.inf
            case "phase":
                self._next_phase(pod, at)
            case "load crash" | "liveness":
                self.crash(pod, at)
            case "restart":
                pod.restarts += 1
                self.restarts_ever[pod.row] += 1
                self.restarts[pod.row] += 1
                self._begin(pod, at, "CONTAINER_START")
            case "replace":
                row = self._rows[pod.row]
                self._forget(pod, at)
                self.create(row, at)
            case "stop traffic":
                self._leave(pod, "drain")
                pod.sick = True
                # The later events of the same illness stay valid: only the traffic ends here.
                epoch = pod.epoch
                self._set(pod, PodState.UNREADY, at)
                pod.epoch = epoch
            case "heal":
                if pod.state == PodState.READY:
                    self.sick[pod.row] -= pod.sick
                pod.sick = False
                self._set(pod, PodState.READY, at)
            case "gone":
                self._forget(pod, at)

    def _begin(self, pod: Pod, now: float, phase: str) -> None:
        """Enter a phase of a start; the first one of a start (or of a restart that has never been ready) opens a record."""
        row = self._rows[pod.row]
        state = _STATE_OF[phase]
        pod.phase = phase
        if pod.state != state:
            self._set(pod, state, now)
        never_ready = pod.attempt is None or pod.attempt.ready_at is None
        if phase == PHASES[0] or (phase == "CONTAINER_START" and never_ready and (pod.attempt is None or pod.attempt.ended is not None)):
            pod.attempt = Attempt(row.index, pod.id, now, row.environment)
            self.attempts[row.index].append(pod.attempt)
        if pod.attempt is not None and pod.attempt.ended is None:
            pod.attempt.phases.append(Phase(phase, now))
        if phase == "CONTAINER_START":
            pod.container_started = now
            pod.billed_from = now if pod.billed_from is None else pod.billed_from
            if self._start_fails(row, pod, now):
                return
        if pod.plan[phase] != np.inf:
            self._schedule(pod, now + pod.plan[phase], "phase")

    def _start_fails(self, row: Row, pod: Pod, now: float) -> bool:
        loading = pod.plan["CONTAINER_START"] + pod.plan["READINESS"]
        if self._rng.random() < row.faults.crash_on_load:
            self._schedule(pod, now + pod.plan["CONTAINER_START"] * self._rng.uniform(0.3, 1.0), "load crash")
        elif loading > row.spec.probes.startup_threshold:
            self._schedule(pod, now + row.spec.probes.startup_threshold, "load crash")
        else:
            return False
        return True

    def _next_phase(self, pod: Pod, at: float) -> None:
        attempt = pod.attempt
        if attempt is not None and attempt.ended is None:
            attempt.phases[-1].length = at - attempt.phases[-1].began
        following = PHASES.index(pod.phase) + 1
        if following < len(PHASES):
            self._begin(pod, at, PHASES[following])
            return
        if attempt is not None and attempt.ended is None:
            attempt.ready_at = attempt.ended = at
        self._become_ready(pod, at)

    def _become_ready(self, pod: Pod, at: float) -> None:
        row = self._rows[pod.row]
        pod.marks = self._hooks.marks(pod.row)
        self._set(pod, PodState.READY, at)
        pod.failed_loads = row.failed_loads = 0
        row.waking = row.deploying = False
        if not row.served:
            row.served = True
            self._hooks.on_first_ready(row, at)

    def _record_past_start(self, row: Row, pod: Pod, ready_at: float) -> None:
        began = ready_at - sum(length for length in pod.plan.values() if length != np.inf)
        attempt = Attempt(row.index, pod.id, began, row.environment, ready_at=ready_at, ended=ready_at)
        for name in PHASES:
            length = 0.0 if pod.plan[name] == np.inf else pod.plan[name]
            attempt.phases.append(Phase(name, began, length))
            began += length
        pod.attempt = attempt
        self.attempts[row.index].append(attempt)

    def _leave(self, pod: Pod, why: str) -> None:
        """Take a replica out of service before its state changes."""
        if pod.state == PodState.READY:
            self._hooks.on_loss(pod, why)
            self.sick[pod.row] -= pod.sick
        self.hung[pod.row] -= pod.hung
        pod.hung = False
        pod.sick = False

    def _set(self, pod: Pod, state: PodState, now: float) -> None:
        self.counts[pod.state, pod.row] -= 1
        self.counts[state, pod.row] += 1
        served = pod.state in _RUNNING
        pod.state, pod.since = state, now
        pod.epoch += 1
        if served or state in _RUNNING:
            self._refresh(pod.row)

    def _forget(self, pod: Pod, now: float) -> None:
        self._leave(pod, "end")
        if pod.billed_from is not None:
            self._hooks.on_bill(pod, pod.billed_from, now)
        self.counts[pod.state, pod.row] -= 1
        self.pods[pod.row].remove(pod)
        pod.epoch += 1
        self._known_ids.discard(pod.id)
        self.restarts[pod.row] -= pod.restarts
        self._refresh(pod.row)

    def _refresh(self, row: int) -> None:
        running = [pod for pod in self.pods[row] if pod.state in _RUNNING]
        self.serving[row] = tuple(ServingPod(pod.id, pod.container_started, pod.marks) for pod in running)
        self.oldest_start[row] = min((pod.container_started for pod in running if pod.state == PodState.READY), default=np.inf)

    def _next_backoff(self, pod: Pod) -> float:
        pod.backoff += 1
        return min(BACKOFF_FIRST * 2.0 ** (pod.backoff - 1), BACKOFF_MOST)

    def _schedule(self, pod: Pod, at: float, what: str) -> None:
        self._order += 1
        heapq.heappush(self._events, _Event(at, self._order, pod.epoch, pod, what))

    def _new_id(self) -> str:
        while True:
            candidate = "".join("0123456789abcdefghijklmnopqrstuvwxyz"[digit] for digit in self._rng.integers(0, 36, 5))
            if candidate not in self._known_ids:
                self._known_ids.add(candidate)
                return candidate
