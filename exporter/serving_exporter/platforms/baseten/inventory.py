"""The inventory: models, their deployments and environments. Two calls for each model, made as often as the model deserves.

What a failure costs: a failed model list leaves the models as they are, fails the source, and does not keep known models from being read; a
failed model keeps its last records until they have been failing for the maximum age, then its series go and nobody else's. Only a complete
list deletes.
"""

from __future__ import annotations

import random

from serving_exporter.platforms.baseten.answers import NotFound
from serving_exporter.platforms.baseten.cadence import Cadence, Pace
from serving_exporter.platforms.baseten.context import Context
from serving_exporter.platforms.baseten.endpoints import MODELS
from serving_exporter.platforms.baseten.model_reader import ModelReader
from serving_exporter.platforms.baseten.reading import decode_list
from serving_exporter.platforms.baseten.records import Model
from serving_exporter.platforms.baseten.samples import write_model
from serving_exporter.platforms.baseten.state import ModelRecord
from serving_exporter.platforms.baseten.status_since import StatusSince
from serving_exporter.platforms.baseten.turns import Turn, read_parts
from serving_exporter.platforms.contract import Malformed, Poll, SourceError

__all__ = ["InventorySource"]

_LIST_TICKS = 2
_PROBED_MODELS = 3

_MOVING = frozenset({"BUILDING", "DEPLOYING", "LOADING_MODEL", "UPDATING", "WAKING_UP", "DEACTIVATING"})
_PROMOTION_OVER = frozenset({"SUCCEEDED", "FAILED", "CANCELED"})


class InventorySource:
    """``GET /v1/models``, then deployments and environments of each model that is due. Its interval is the shortest one, a tick."""

    name = "inventory"
    blind_without = "settings, status, environments and promotions: every rule that compares load with limits, and every recommended value"

    def __init__(self, context: Context, rng: random.Random | None = None) -> None:
        self._context = context
        self._tick = context.workspace.sources.inventory.interval
        self._max_age = context.workspace.sources.inventory.oldest
        self._rng = rng or random.Random()  # noqa: S311 - jitter, not cryptography
        self._units = context.units("inventory")
        self._since = StatusSince(context.remembered("status_since"))
        self._reader = ModelReader(context)
        self._cadences: dict[str, Cadence] = {}
        self._list_due = 0.0
        self._list_problems: dict[str, SourceError] = {}
        self._strangers: set[str] = set()
        self._in_use: set[str] = set()

    async def poll(self) -> Poll | None:
        """Read what is due, for one turn. Raises ``SourceError`` when the model list, or every model, cannot be read."""
        return await self._turn(None)

    async def probe(self) -> Poll | None:
        """Read the list and a few models: enough to see that the key may."""
        self._list_due = 0.0
        return await self._turn(_PROBED_MODELS)

    def samples(self) -> int:
        """Count the samples of all models."""
        return self._units.samples

    def expire(self) -> None:
        """Forget every model. Since when a status holds stays in the state file: it is still true if nothing changed."""
        state = self._context.state
        gone = list(state.models or ())
        state.models = None
        state.inventory_read.clear()
        state.inventory_complete = False
        self._cadences.clear()
        self._reader.clear()
        self._list_due = 0.0
        self._units.clear()
        for model_id in gone:
            state.model_changed(model_id)

    async def _turn(self, limit: int | None) -> Poll | None:
        now = self._context.clock.monotonic()
        self._heed()
        listed = now >= self._list_due - self._tick / 2
        list_error = await self._read_list() if listed else None
        if self._context.state.models is None:
            if list_error is not None:
                raise list_error
            return None
        feed = self._context.state.feed or {}
        self._in_use = {key[0] for key, reading in feed.items() if reading.active or reading.in_flight or reading.starting}
        due = self._due(now)[:limit]
        turn = await read_parts(due, self._read_model, self._context.clock)
        if list_error is None and any(isinstance(error, NotFound) for _, error in turn.failed):
            list_error = await self._read_list()  # has it just been deleted? Then its absence is the answer, not an error
        self._expire_parts()
        self._prune()
        self._context.touch()
        self._context.state.inventory_read.set()
        return self._verdict(turn, list_error, listed=listed)

    def _verdict(self, turn: Turn[str], list_error: SourceError | None, *, listed: bool) -> Poll | None:
        models = self._context.state.models or {}
        if list_error is not None:
            raise list_error
        problems = dict(self._list_problems)
        problems.update(self._reader.problems)
        if not any(cadence.was_read and model_id not in self._reader.problems for model_id, cadence in self._cadences.items()):
            turn.raise_when_nothing_worked()
        if not listed and not turn.read and not turn.failed and turn.throttled is None:
            return None
        return Poll(items=len(models), data_timestamp=self._context.clock.wall(), problems=problems, next_in=turn.next_in)

    def _heed(self) -> None:
        """Bring the models forward that others saw change. An id that no list had is looked for once: chainlets have such ids."""
        now = self._context.clock.monotonic()
        for model_id in self._context.state.attention:
            if model_id in self._cadences:
                self._cadences[model_id].call_forward(now)
            elif model_id not in self._strangers:
                self._strangers.add(model_id)
                self._list_due = now
        self._context.state.attention.clear()

    async def _read_list(self) -> SourceError | None:
        """Read the model list and take it over; gives the error instead of raising it, because known models are read all the same."""
        state, now = self._context.state, self._context.clock.monotonic()
        try:
            listing = decode_list(await self._context.client.get(MODELS), "models", Model)
            if listing.broken and not listing.items:
                raise Malformed(f"no model of the list can be read: {next(iter(listing.broken.values()))}")
        except SourceError as error:
            return error
        self._list_due = now + _LIST_TICKS * self._tick
        self._list_problems = {name: Malformed(reason) for name, reason in listing.broken.items()}
        known = state.models if state.models is not None else {}
        wanted = [model for model in listing.items if self._context.workspace.wants_model(model.id, model.name or "")]
        present = {model.id for model in wanted} | set(listing.broken)
        for model_id in [model_id for model_id in known if listing.complete and model_id not in present]:
            self._forget(known, model_id)
        for model in wanted:
            self._take_model(known, model, now)
        self._strangers.difference_update(known)
        state.models = known
        return None

    def _take_model(self, known: dict[str, ModelRecord], model: Model, now: float) -> None:
        record = known.get(model.id)
        if record is None:
            known[model.id] = ModelRecord(model)
            self._cadences[model.id] = Cadence(self._tick, now, self._rng)
        elif record.model != model:
            record.model = model
            self._cadences[model.id].call_forward(now)
            self._render(record)

    def _forget(self, known: dict[str, ModelRecord], model_id: str) -> None:
        del known[model_id]
        del self._cadences[model_id]
        self._reader.forget(model_id)
        self._units.drop(model_id)
        self._context.state.model_changed(model_id)

    def _due(self, now: float) -> list[str]:
        """Models to read now, what moves and what is used first: the first pass over a large fleet takes minutes."""
        known = self._context.state.models or {}
        for model_id, cadence in self._cadences.items():
            if not cadence.was_read and self._is_active(known[model_id]):
                cadence.expect(Pace.ACTIVE)
        due = [model_id for model_id, cadence in self._cadences.items() if cadence.is_due(now)]
        return sorted(due, key=lambda model_id: (self._cadences[model_id].pace, self._cadences[model_id].due_at))

    async def _read_model(self, model_id: str) -> None:
        record = (self._context.state.models or {}).get(model_id)
        cadence = self._cadences.get(model_id)
        if record is None or cadence is None:
            return
        try:
            changed = await self._reader.read(record, priority=cadence.pace)
        except SourceError:
            cadence.has_failed(self._context.clock.monotonic())
            raise
        finally:
            # The source may have expired while the answers were on their way: then the model is forgotten, and stays so.
            if self._cadences.get(model_id) is cadence:
                self._since.see(record.deployments, self._context.clock.wall())
                self._render(record)
        moving, active = self._is_moving(record), self._is_active(record)
        cadence.has_read(self._context.clock.monotonic(), moving=moving, active=active, changed=changed)

    def _render(self, record: ModelRecord) -> None:
        since = self._since.of(record.deployments)
        records = (record.model, dict(record.deployments), dict(record.environments), since)
        full = self._context.full_state_sets
        self._units.render(record.model.id, records, lambda page: write_model(page, record, since, full_state_sets=full))
        self._context.state.model_changed(record.model.id)

    def _expire_parts(self) -> None:
        """Forget what has been failing for the maximum age, model by model."""
        for record in self._reader.drop_expired(self._context.state.models or {}, self._max_age):
            self._render(record)

    def _prune(self) -> None:
        """Forget since when deployments had their status that are gone, once it is certain which are."""
        state = self._context.state
        state.inventory_complete = all(cadence.was_read for cadence in self._cadences.values())
        if state.inventory_complete and not self._reader.problems:
            self._since.keep_only({key[1] for key, _, _ in state.deployments()})

    def _is_moving(self, record: ModelRecord) -> bool:
        if any(deployment.status in _MOVING for deployment in record.deployments.values()):
            return True
        promotions = (environment.in_progress_promotion for environment in record.environments.values())
        if any(promotion is not None and promotion.status not in _PROMOTION_OVER for promotion in promotions):
            return True
        readings = (self._context.state.reading((record.model.id, deployment_id)) for deployment_id in record.deployments)
        return any(reading is not None and bool(reading.starting) for reading in readings)

    def _is_active(self, record: ModelRecord) -> bool:
        return record.model.id in self._in_use or any(deployment.active_replica_count for deployment in record.deployments.values())
