"""Start-ups of replicas: the only source that tells a wait for hardware from a slow download and from a crash on load.

The API is in beta and absent for many: then the source is not offered, and asks again hourly.
"""

from __future__ import annotations

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
    blind_without = "cold-start times and phases: rules tell a wait for hardware from a crash on load no more, advice on scale to zero has no cost"

    def __init__(self, context: Context) -> None:
        self._context = context
        self._max_age = context.workspace.sources.startups.oldest
        self._units = context.units("startups")
        self._memory = context.remembered("startups")
        self._ledgers: dict[Key, Ledger] = {}
        self._summaries: dict[Key, StartupSummary] = {}
        self._looked_at: dict[Key, float] = {}
        self._summed_at: dict[Key, float] = {}
        self._busy_at: dict[Key, float] = {}
        self._last: dict[Key, FeedReading] = {}
        self._failures: Failures[Key] = Failures()
        self._offered = False

    async def poll(self) -> Poll | None:
        """Look at the deployments where something starts, then at those never looked at, then at the rest that is due.

        Raises ``NotOffered`` when the platform refuses the API for all of the first few, ``SourceError`` when no deployment can be read.
        """
        state, clock = self._context.state, self._context.clock
        await clock.wait(state.inventory_read, _PATIENCE)
        known = state.known_deployments()
        if known is None:
            raise Unavailable("neither the inventory nor the feed says which deployments there are")
        due = self._due(known, clock.monotonic())
        if known and not due:
            return None
        if not self._offered:
            await self._try(due[:_TRIALS])
        turn = await read_parts([key for key in due if self._looked_at.get(key) != clock.monotonic()], self._look, clock)
        self._failures.note(turn, clock.monotonic())
        if state.inventory_complete:
            self._forget_others(known)
        turn.raise_when_nothing_worked()
        self._context.touch()
        return Poll(
            items=len(self._ledgers),
            data_timestamp=clock.wall(),
            problems=self._failures.problems("/".join),
            next_in=turn.next_in,
        )
