"""Single replicas: their states, and the record of each of their starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

__all__ = ["HIGHEST", "PHASES", "Attempt", "Phase", "Pod", "PodState", "ServingPod", "individual"]

_LOWEST, HIGHEST = 0.94, 1.06
"""Within what replicas of one deployment differ from what they are on average."""

PHASES = ("SCHEDULING", "IMAGE_PULL", "WEIGHT_DOWNLOAD", "CONTAINER_CREATE", "CONTAINER_START", "READINESS")


class PodState(IntEnum):
    """Where a replica is. PENDING waits for hardware; CRASHED waits for its back-off; UNREADY runs but gets no requests."""

    PENDING = 0
    PULLING = 1
    LOADING = 2
    READY = 3
    UNREADY = 4
    CRASHED = 5
    TERMINATING = 6


@dataclass(slots=True)
class Phase:
    """One phase of a start: when it began (Unix seconds), its length once it is over, whether it failed."""

    name: str
    began: float
    length: float | None = None
    failed: bool = False


@dataclass(slots=True)
class Attempt:
    """One start of one replica, as the platform's start-up API records it."""

    row: int
    replica_id: str
    began: float
    environment: str | None
    phases: list[Phase] = field(default_factory=list)
    ready_at: float | None = None
    ended: float | None = None


@dataclass(slots=True)
class Pod:
    """One replica. ``epoch`` invalidates events that were scheduled before its last change of state;
    ``marks`` are the running totals of its deployment when its container began to serve.
    """

    row: int
    id: str
    created: float
    state: PodState = PodState.PENDING
    phase: str = PHASES[0]
    since: float = 0.0
    epoch: int = 0
    container_started: float = 0.0
    restarts: int = 0
    backoff: int = 0
    failed_loads: int = 0
    sick: bool = False
    hung: bool = False
    plan: dict[str, float] = field(default_factory=dict)
    attempt: Attempt | None = None
    billed_from: float | None = None
    marks: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class ServingPod:
    """What a measurement needs to know of a running replica: when its container started, and the running totals at that moment."""

    id: str
    started: float
    marks: tuple[float, float]


def individual(replica: str) -> float:
    """How much of the average's work and memory one replica has, always the same for its id."""
    return _LOWEST + int(replica, 36) % 997 / 997 * (HIGHEST - _LOWEST)
