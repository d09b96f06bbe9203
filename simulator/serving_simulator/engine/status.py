"""The status of a deployment, as the platform names it, from where its replicas stand."""

from __future__ import annotations

from collections.abc import Sequence

from serving_simulator.engine.lifecycle import Lifecycle
from serving_simulator.engine.pods import PodState
from serving_simulator.engine.rows import Row

__all__ = ["chain_status", "deployment_status"]

_LOADS_UNTIL_FAILED = 3
# A chain is as well as its worst chainlet.
_WORST_FIRST = (
    "FAILED", "BUILD_FAILED", "DEPLOY_FAILED", "UNHEALTHY", "DEPLOYING", "LOADING_MODEL", "WAKING_UP", "UPDATING", "DEACTIVATING",
    "INACTIVE", "ACTIVE", "SCALED_TO_ZERO",
)  # fmt: skip


def deployment_status(row: Row, lifecycle: Lifecycle, now: float) -> str:
    """Return the platform's status of one deployment.

    Waiting for hardware and being placed look the same: DEPLOYING, or WAKING_UP from zero.
    """
    counts = lifecycle.counts[:, row.index]
    if row.build_failed:
        return "BUILD_FAILED"
    if row.failed:
        return "FAILED"
    if not row.active:
        return "DEACTIVATING" if now < row.deactivating_until else "INACTIVE"
    if not row.served and row.failed_loads >= _LOADS_UNTIL_FAILED:
        return "DEPLOY_FAILED"
    failing = int(counts[PodState.CRASHED] + counts[PodState.UNREADY])
    ready = int(counts[PodState.READY])
    if ready and failing <= ready:
        return "UPDATING" if now < row.updating_until else "ACTIVE"
    if failing or row.failed_loads:
        return "UNHEALTHY"
    if counts[PodState.LOADING]:
        return "LOADING_MODEL"
    if counts[PodState.PENDING] + counts[PodState.PULLING]:
        return "WAKING_UP" if row.waking else "DEPLOYING"
    return "SCALED_TO_ZERO"


def chain_status(statuses: Sequence[str]) -> str:
    """Return the status of a chain deployment from those of its chainlets."""
    return min(statuses, key=_WORST_FIRST.index)
