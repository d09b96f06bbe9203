"""Start-ups of replicas: the only source that tells a wait for hardware from a slow download and from a crash on load.

The API is in beta and absent for many: then the source is not offered, and asks again hourly.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from serving_exporter.platforms.baseten.answers import NotFound
from serving_exporter.platforms.baseten.context import Context
from serving_exporter.platforms.baseten.endpoints import STARTUP_SUMMARY, STARTUPS
from serving_exporter.platforms.baseten.reading import decode, decode_page
from serving_exporter.platforms.baseten.records import StartupAttempt, StartupSummary
from serving_exporter.platforms.baseten.startup_ledger import Ledger
from serving_exporter.platforms.baseten.startup_samples import write_startups
from serving_exporter.platforms.baseten.state import FeedReading, Key
from serving_exporter.platforms.baseten.turns import Failures, read_parts
from serving_exporter.platforms.contract import Malformed, NotOffered, NotPermitted, Poll, SourceError, Unavailable

__all__ = ["StartupsSource"]

_PAGE = 100
_MOST_PAGES = 100
_PRIORITY = 5  # behind the inventory, which shares the budget
_PATIENCE = 30.0
_LATELY = 600.0
_SWEEP = 3600.0
_DAY_MILLIS = 86_400_000
_TRIALS = 3

_STARTING = frozenset({"DEPLOYING", "LOADING_MODEL", "UPDATING", "WAKING_UP"})
_ASLEEP = frozenset({"INACTIVE", "DEACTIVATING", "SCALED_TO_ZERO", "BUILDING", "BUILD_FAILED", "BUILD_STOPPED"})


class StartupsSource:
    """Attempts and summary of each deployment: once after the start, then while something starts, and hourly while replicas may run."""

    name = "startups"
    blind_without = "cold-start times and their phases: a wait for hardware looks like a crash on load, scale to zero has no cost"

    def __init__(self, context: Context) -> None:
        self._context = context
        self._units = context.units("startups")
        self._memory = context.remembered("startups")
        self._ledgers: dict[Key, Ledger] = {}
        self._summaries: dict[Key, StartupSummary] = {}
        self._looked_at: dict[Key, float] = {}
        self._summed_at: dict[Key, float] = {}
        self._busy_at: dict[Key, float] = {}
        self._last: dict[Key, FeedReading] = {}
        self._broken: dict[Key, SourceError] = {}
        self._failures: Failures[Key] = Failures()
        self._offered = False
        self._waited = False  # for the inventory, once: where it does not come, the feed must do

    async def poll(self) -> Poll | None:
        """Look at the deployments where something starts, then at those never looked at, then at the rest that is due.

        Raises ``NotOffered`` when the platform refuses the API for the first few, ``SourceError`` when no deployment can be read.
        """
        state, clock = self._context.state, self._context.clock
        if not self._waited:
            self._waited = True
            await clock.wait(state.inventory_read, _PATIENCE)
        known = state.known_deployments()
        if known is None:
            raise Unavailable("neither the inventory nor the feed says which deployments there are")
        if state.inventory_complete:
            self._forget_others(known)
        due = self._due(known, clock.monotonic())
        if not due:
            return None if known else Poll(items=0, data_timestamp=clock.wall())
        if not self._offered:
            due.remove(await self._try_out(due))
        turn = await read_parts(due, self._look, clock)
        self._failures.note(turn, clock.monotonic())
        if turn.throttled or all(key in self._failures for key in self._looked_at):
            turn.raise_when_nothing_worked()  # while others answer, and are only not due, it is a part that fails
        self._context.touch()
        problems = {**self._failures.problems("/".join), **{"/".join(key): error for key, error in self._broken.items()}}
        return Poll(items=len(self._ledgers), data_timestamp=clock.wall(), problems=problems, next_in=turn.next_in)

    async def probe(self) -> Poll | None:
        """Look at one deployment: enough to see whether the API is offered."""
        known = sorted(self._context.state.known_deployments() or ())
        if known:
            await self._try_out(known)
        return Poll(items=len(self._ledgers))

    def samples(self) -> int:
        """Count the samples of all deployments."""
        return self._units.samples

    def expire(self) -> None:
        """Take everything off the page. What has been counted is kept: counting goes on where it stopped."""
        self._summaries.clear()
        self._looked_at.clear()
        self._summed_at.clear()
        self._units.clear()

    def _due(self, known: Collection[Key], now: float) -> list[Key]:
        order: dict[Key, int] = {}
        for key in sorted(known):
            if self._is_busy(key, now):
                order[key] = 0
            elif key not in self._looked_at:
                order[key] = 1
            elif now - self._looked_at[key] >= _SWEEP and not self._is_asleep(key):
                order[key] = 2
        return sorted(order, key=order.__getitem__)

    def _is_busy(self, key: Key, now: float) -> bool:
        """Whether replicas of it start, or did lately: by the feed, by its status, or because a start-up is still open."""
        reading, deployment = self._context.state.reading(key), self._context.state.deployment(key)
        last = self._last.get(key)
        if reading is not None:
            self._last[key] = reading
            rose = last is not None and (reading.active or 0) > (last.active or 0)
            if reading.starting or rose:
                self._busy_at[key] = now
        if deployment is not None and deployment.status in _STARTING:
            self._busy_at[key] = now
        ledger = self._ledgers.get(key)
        if ledger is not None and any(ledger.starting_by_phase().values()) and not self._is_asleep(key):
            self._busy_at[key] = now
        return now - self._busy_at.get(key, float("-inf")) < _LATELY

    def _is_asleep(self, key: Key) -> bool:
        deployment = self._context.state.deployment(key)
        return deployment is not None and deployment.status in _ASLEEP

    async def _try_out(self, due: list[Key]) -> Key:
        """Find out whether the API is offered and give the deployment that was read: one may have been deleted, three in a row were not."""
        refusal: SourceError | None = None
        for key in due[:_TRIALS]:
            try:
                await self._read(key)
            except (NotFound, NotPermitted) as error:
                refusal = error
            else:
                self._offered = True
                return key
        raise NotOffered(str(refusal))

    async def _look(self, key: Key) -> None:
        try:
            await self._read(key)
        except NotFound:
            self._looked_at[key] = self._context.clock.monotonic()
            self._drop(key)  # deleted: nothing is wrong

    async def _read(self, key: Key) -> None:
        clock = self._context.clock
        ledger = self._ledger(key)
        millis = int(clock.wall() * 1000)
        attempts = await self._attempts(key, ledger.window_start(millis), millis)
        ledger.take(attempts, millis)
        self._ledgers[key] = ledger
        self._memory["/".join(key)] = msgspec.to_builtins(ledger)
        self._looked_at[key] = clock.monotonic()
        if clock.monotonic() - self._summed_at.get(key, float("-inf")) >= _SWEEP:
            await self._read_summary(key, millis)
        self._render(key)

    async def _attempts(self, key: Key, start: int, end: int) -> list[StartupAttempt]:
        """Read every page of the window."""
        params: dict[str, str | int] = {"start_epoch_millis": start, "end_epoch_millis": end, "limit": _PAGE}
        attempts: list[StartupAttempt] = []
        broken: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            body = await self._context.client.get(STARTUPS, params=params, priority=_PRIORITY, model_id=key[0], deployment_id=key[1])
            listing, cursor = decode_page(body, StartupAttempt)
            attempts += listing.items
            broken.update(listing.broken)
            if cursor is None:
                break
            params = {**params, "cursor": cursor}
        self._broken.pop(key, None)
        if broken:
            self._broken[key] = Malformed("; ".join(f"{name}: {reason}" for name, reason in broken.items()))
        return attempts

    async def _read_summary(self, key: Key, millis: int) -> None:
        """Read the percentiles of the last day; without them the rest is no worse, and they are tried again at the next look."""
        params = {"start_epoch_millis": millis - _DAY_MILLIS, "end_epoch_millis": millis}
        try:
            body = await self._context.client.get(STARTUP_SUMMARY, params=params, priority=_PRIORITY, model_id=key[0], deployment_id=key[1])
            self._summaries[key] = decode(body, StartupSummary)
        except NotFound:
            self._summaries.pop(key, None)
        except SourceError as error:
            self._broken[key] = error
            return
        self._summed_at[key] = self._context.clock.monotonic()

    def _render(self, key: Key) -> None:
        ledger, summary = self._ledgers[key], self._summaries.get(key)
        starting = ledger.starting_by_phase()
        if self._is_asleep(key):
            starting = dict.fromkeys(starting, 0)
        records = (msgspec.to_builtins((ledger.outcomes, ledger.total, ledger.phases)), starting, summary)
        self._units.render("/".join(key), records, lambda page: write_startups(page, key, ledger, starting, summary))

    def _ledger(self, key: Key) -> Ledger:
        """Give a deployment's ledger, from the state file when this is the first look; a damaged one starts afresh."""
        if key not in self._ledgers:
            return _restored(self._memory.get("/".join(key)))
        return self._ledgers[key]

    def _forget_others(self, known: Collection[Key]) -> None:
        for key in [key for key in self._ledgers if key not in known]:
            self._drop(key)
        for name in [name for name in self._memory if tuple(name.split("/")) not in known]:
            del self._memory[name]
        self._failures.keep_only(known)

    def _drop(self, key: Key) -> None:
        self._ledgers.pop(key, None)
        self._summaries.pop(key, None)
        self._broken.pop(key, None)
        self._units.drop("/".join(key))


def _restored(stored: Any) -> Ledger:
    if stored is None:
        return Ledger()
    try:
        ledger = msgspec.convert(stored, Ledger)
    except msgspec.ValidationError:
        return Ledger()
    return ledger if ledger.is_sound() else Ledger()
