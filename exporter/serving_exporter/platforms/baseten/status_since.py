"""Since when each deployment has its status: the API does not say, so the exporter remembers when it first saw it, over restarts too."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from serving_exporter.platforms.baseten.records import Deployment

__all__ = ["StatusSince"]


class StatusSince:
    """Unix seconds by deployment id; ``memory`` is a part of the state file: ``{deployment_id: [status, since]}``."""

    def __init__(self, memory: dict[str, Any]) -> None:
        self._memory = memory
        for deployment_id in [name for name, entry in memory.items() if not _is_entry(entry)]:
            del memory[deployment_id]

    def see(self, deployments: Mapping[str, Deployment], wall: float) -> bool:
        """Note what the deployments' statuses are now; True when any is another than remembered."""
        changed = False
        for deployment in deployments.values():
            if deployment.status is not None and self._memory.get(deployment.id, (None,))[0] != deployment.status:
                self._memory[deployment.id] = [deployment.status, wall]
                changed = True
        return changed

    def of(self, deployments: Mapping[str, Deployment]) -> dict[str, float]:
        """Give since when the status of each of these deployments holds."""
        return {
            deployment.id: self._memory[deployment.id][1]
            for deployment in deployments.values()
            if deployment.status is not None and deployment.id in self._memory
        }

    def keep_only(self, deployment_ids: Collection[str]) -> None:
        """Forget every other deployment: it is gone."""
        for deployment_id in [name for name in self._memory if name not in deployment_ids]:
            del self._memory[deployment_id]


def _is_entry(entry: object) -> bool:
    return isinstance(entry, list) and len(entry) == 2 and isinstance(entry[0], str) and isinstance(entry[1], int | float)
