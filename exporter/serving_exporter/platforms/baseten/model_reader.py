"""Reads one model's deployments and environments, and remembers which of the two has been failing since when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from serving_exporter.platforms.baseten.answers import NotFound
from serving_exporter.platforms.baseten.context import Context
from serving_exporter.platforms.baseten.endpoints import DEPLOYMENTS, ENVIRONMENTS, Endpoint
from serving_exporter.platforms.baseten.reading import Listing, decode_list
from serving_exporter.platforms.baseten.records import Deployment, Environment
from serving_exporter.platforms.baseten.state import ModelRecord
from serving_exporter.platforms.contract import Malformed, SourceError, Throttled

__all__ = ["ModelReader"]

R = TypeVar("R")


class ModelReader:
    """Reads models into their records. ``problems`` has the last error of each model of which something cannot be read."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._failing_since: dict[tuple[str, Endpoint], float] = {}
        self.problems: dict[str, SourceError] = {}

    async def read(self, record: ModelRecord, *, priority: int) -> bool:
        """Read both lists; True when anything in them is not as it was.

        A failure of one leaves its records as they are and does not keep the other from being read; the first ``SourceError`` is raised at
        the end, or at once when the platform throttles or does not know the model. An element that cannot be read is a problem, no error.
        """
        before = (record.deployments, record.environments)
        takes: dict[Endpoint, Callable[[ModelRecord, bytes], Mapping[str, str]]] = {
            DEPLOYMENTS: self._take_deployments,
            ENVIRONMENTS: self._take_environments,
        }
        broken: dict[str, str] = {}
        errors: list[SourceError] = []
        for endpoint, take in takes.items():
            part = (record.model.id, endpoint)
            try:
                broken.update(take(record, await self._context.client.get(endpoint, priority=priority, model_id=record.model.id)))
            except SourceError as error:
                self._failing_since.setdefault(part, self._context.clock.monotonic())
                errors.append(error)
                if isinstance(error, Throttled | NotFound):
                    break
            else:
                self._failing_since.pop(part, None)
        if not errors and broken:
            self.problems[record.model.id] = Malformed("; ".join(f"{name}: {reason}" for name, reason in broken.items()))
        if errors:
            self.problems[record.model.id] = errors[0]
            raise errors[0]
        if not broken:
            self.problems.pop(record.model.id, None)
        return before != (record.deployments, record.environments)

    def drop_expired(self, models: Mapping[str, ModelRecord], max_age: float) -> list[ModelRecord]:
        """Empty the parts that have been failing for ``max_age`` seconds; gives the models that lost something by it."""
        now = self._context.clock.monotonic()
        emptied = []
        for (model_id, endpoint), since in self._failing_since.items():
            record = models.get(model_id)  # None when the source expired while this model was being read
            if record is None or now - since < max_age or not (record.deployments if endpoint is DEPLOYMENTS else record.environments):
                continue
            if endpoint is DEPLOYMENTS:
                record.deployments = {}
            else:
                record.environments = {}
            emptied.append(record)
        return emptied

    def forget(self, model_id: str) -> None:
        """Forget a model that is gone."""
        self._failing_since = {part: since for part, since in self._failing_since.items() if part[0] != model_id}
        self.problems.pop(model_id, None)

    def clear(self) -> None:
        """Forget every model."""
        self._failing_since.clear()
        self.problems.clear()

    def _take_deployments(self, record: ModelRecord, body: bytes) -> Mapping[str, str]:
        listing = decode_list(body, "deployments", Deployment)
        kept = _kept(record.deployments, {item.id for item in listing.items}, listing)
        wanted = {item.id: item for item in listing.items if self._context.workspace.wants_environment(item.environment or "")}
        record.deployments = {**kept, **wanted}
        return listing.broken

    def _take_environments(self, record: ModelRecord, body: bytes) -> Mapping[str, str]:
        listing = decode_list(body, "environments", Environment, identity="name")
        kept = _kept(record.environments, {item.name for item in listing.items}, listing)
        wanted = {item.name: item for item in listing.items if self._context.workspace.wants_environment(item.name)}
        record.environments = {**kept, **wanted}
        return listing.broken


def _kept(last: Mapping[str, R], seen: set[str], listing: Listing[R]) -> dict[str, R]:
    """Give the last records that stay: those whose new ones cannot be read and, where that may be any, all that are not in the list."""
    return {name: item for name, item in last.items() if name not in seen and (not listing.complete or name in listing.broken)}
