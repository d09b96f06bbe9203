"""The platform's documented autoscaler, as small as it can be told: load in, replicas and requests in flight out.

A fluid of requests in steps of ten seconds, so that a story has no luck in it. Replicas wanted are the mean load of a window over target
times utilization, held for the scale-down delay, and leave at most by the permitted share at a time. Requests that find no free slot
wait. It shows what a rule must cope with, not what a platform would do to the second; the simulator is another, finer model of the same.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil, floor

__all__ = ["Settings", "Trace", "follow"]

_STEP = 10
_NOTHING = 0.05
"""Fewer requests in flight than this are none: a fluid never runs dry."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a deployment scales; the defaults are those that the platform recommends for production, not its own."""

    min_replicas: int = 2
    max_replicas: int = 12
    concurrency_target: int = 4
    target_utilization: float = 0.7
    scale_down_delay: int = 900
    window: int = 60
    max_scale_down: float = 0.5

    @property
    def planned(self) -> float:
        """Requests in flight for which one replica is planned."""
        return self.concurrency_target * self.target_utilization


@dataclass(slots=True)
class Trace:
    """What happened, minute by minute: replicas, requests in flight, requests answered in the minute and how long each had taken."""

    active: list[int] = field(default_factory=list)
    starting: list[int] = field(default_factory=list)
    in_flight: list[int] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def follow(load: Sequence[float], settings: Settings, *, service: float, start: int) -> Trace:
    """Run a load (requests a second, for each minute) against the autoscaler, from its steady state.

    ``service`` is how long a request takes on a replica, ``start`` how long a replica takes to start, both in seconds.
    """
    model = _Model(settings, service, start, load[0])
    trace = Trace()
    for rate in load:
        answered, waited = model.minute(rate)
        trace.active.append(model.active)
        trace.starting.append(len(model.starts))
        trace.in_flight.append(round(model.in_flight))
        trace.answered.append(_rounded(answered))
        trace.seconds.append(_rounded(max(service, waited / answered)) if answered else service)
    return trace


def _rounded(value: float) -> float:
    """Two digits are enough for a story, and constant stretches stay constant."""
    return float(f"{value:.2g}") if value < 100 else float(f"{value:.3g}")


class _Model:
    def __init__(self, settings: Settings, service: float, start: int, rate: float) -> None:
        self._settings, self._service, self._start = settings, service, start
        self.in_flight = rate * service
        self.active = self._bounded(ceil(self.in_flight / settings.planned))
        self.starts: deque[int] = deque()
        self._load = deque([self.in_flight], maxlen=max(1, settings.window // _STEP))
        self._wanted = deque([self.active], maxlen=max(1, settings.scale_down_delay // _STEP + 1))

    def minute(self, rate: float) -> tuple[float, float]:
        """Go on by a minute; return requests answered and the request-seconds spent in flight."""
        answered = spent = 0.0
        for _ in range(60 // _STEP):
            answered += self._serve(rate)
            spent += self.in_flight * _STEP
            self._come_up()
            self._scale()
        return answered, spent

    def _serve(self, rate: float) -> float:
        arrived = self.in_flight + rate * _STEP
        slots = self.active * self._settings.concurrency_target
        left = arrived / (1 + _STEP / self._service) if self.active else arrived
        if left > slots:
            left = arrived - slots * _STEP / self._service
        if left < _NOTHING and not rate:
            left = 0
        self.in_flight = left
        return arrived - left

    def _come_up(self) -> None:
        self.starts = deque(remaining - _STEP for remaining in self.starts)
        while self.starts and self.starts[0] <= 0:
            self.starts.popleft()
            self.active += 1

    def _scale(self) -> None:
        settings = self._settings
        self._load.append(self.in_flight)
        wanted = ceil(sum(self._load) / len(self._load) / settings.planned - 1e-9)
        self._wanted.append(max(wanted, floor(self.active * (1 - settings.max_scale_down))))
        goal = self._bounded(max(self._wanted))
        self.starts.extend([self._start] * (goal - self.active - len(self.starts)))
        while self.starts and self.active + len(self.starts) > goal:
            self.starts.pop()
        self.active = min(self.active, goal)

    def _bounded(self, replicas: int) -> int:
        return min(max(replicas, self._settings.min_replicas), self._settings.max_replicas)
