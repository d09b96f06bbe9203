"""Values computed from several sources: what no API gives and what must not be guessed twice in different ways.

All of it is pure: no platform, no HTTP, no clock of its own. Times are monotonic seconds.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["DEFAULT_UTILIZATION", "DEFAULT_WINDOW", "AutoscalerSettings", "Load", "LoadHistory", "desired_replicas"]

DEFAULT_WINDOW = 60.0
"""Seconds; the platform's default where the setting is null."""

DEFAULT_UTILIZATION = 0.7
"""Share of the concurrency target; the platform's default where the setting is null."""

_LONGEST_WINDOW = 3600.0
_ROUNDING = 1e-9  # 7 / (10 × 0.7) is a hair above 1 in binary, and must not become 2


@dataclass(frozen=True, slots=True)
class AutoscalerSettings:
    """What the formula needs: replicas, requests, a share from 0 to 1, seconds, tokens. None where the platform gave no value."""

    min_replicas: float | None = None
    max_replicas: float | None = None
    concurrency_target: float | None = None
    target_utilization: float | None = None
    window: float | None = None
    target_in_flight_tokens: float | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """Load of one deployment at one instant.

    ``in_flight`` requests are being served or waiting. ``average_tokens`` in flight are already averaged over the autoscaling window by the
    platform. None where it gave no value.
    """

    in_flight: float | None = None
    average_tokens: float | None = None


K = TypeVar("K", bound=Hashable)


class LoadHistory(Generic[K]):
    """The load samples of every deployment over the longest window that the autoscaler knows (an hour)."""

    def __init__(self) -> None:
        self._samples: dict[K, deque[tuple[float, float]]] = {}
        self._latest: Mapping[K, Load] = {}
        self._at = -math.inf

    def record(self, at: float, loads: Mapping[K, Load]) -> None:
        """Add one reading of all deployments; one that is not in ``loads`` has no load now, and its past is kept while it may count."""
        self._at, self._latest = at, loads
        for key, load in loads.items():
            if load.in_flight is not None:
                self._samples.setdefault(key, deque()).append((at, load.in_flight))
        horizon = at - _LONGEST_WINDOW
        for key in list(self._samples):
            samples = self._samples[key]
            while samples and samples[0][0] <= horizon:
                samples.popleft()
            if not samples:
                del self._samples[key]

    def clear(self) -> None:
        """Forget everything."""
        self._samples, self._latest = {}, {}

    def average(self, key: K, window: float) -> float | None:
        """Mean in-flight requests over the last ``window`` seconds, from the samples there are; None when the last reading had none.

        A window shorter than the time between two readings has the last sample in it and no other.
        """
        latest = self._latest.get(key)
        if latest is None or latest.in_flight is None:
            return None
        recent = [value for at, value in self._samples[key] if at > self._at - window]
        return sum(recent) / len(recent) if recent else latest.in_flight

    def desired(self, settings: Mapping[K, AutoscalerSettings]) -> dict[K, int]:
        """Desired replicas of each deployment that has both load in the last reading and settings."""
        wanted = {}
        for key, load in self._latest.items():
            if key in settings:
                window = settings[key].window
                average = self.average(key, DEFAULT_WINDOW if window is None else window)
                replicas = desired_replicas(settings[key], in_flight=average, tokens=load.average_tokens)
                if replicas is not None:
                    wanted[key] = replicas
        return wanted


def desired_replicas(settings: AutoscalerSettings, *, in_flight: float | None, tokens: float | None) -> int | None:
    """Replicas that the documented formula asks for; None when an input is missing.

    ``ceil(in_flight / (concurrency_target × target_utilization))`` of the mean in-flight requests over the window, or, where a token target
    is set, ``ceil(tokens / target_in_flight_tokens)``; clamped to the bounds (Baseten: docs, deployment/autoscaling/overview).
    """
    if settings.target_in_flight_tokens is not None:
        load, capacity = tokens, settings.target_in_flight_tokens
    elif settings.concurrency_target is not None:
        utilization = settings.target_utilization
        load = in_flight
        capacity = settings.concurrency_target * (DEFAULT_UTILIZATION if utilization is None else utilization)
    else:
        return None
    if load is None or not capacity > 0 or settings.min_replicas is None or settings.max_replicas is None:
        return None
    if not math.isfinite(load):
        return None
    wanted = math.ceil(load / capacity - _ROUNDING)
    return int(max(settings.min_replicas, min(settings.max_replicas, wanted)))
