"""The page: units go in, immutable snapshots come out, and a scrape is a copy.

A unit puts its blocks when its content changed. ``publish`` joins what changed family by family (HELP and TYPE once, the lines of a family
together, workspaces merged), compresses, and swaps one reference. Readers take the reference: no lock, no rendering, no waiting, and two
scrapers that arrive together get the same page. While a page is joined and compressed the previous one is served.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from isal import igzip

from serving_exporter.clock import Clock
from serving_exporter.exposition import FamilyBlock
from serving_exporter.exposition.joining import FamilyShelf, Page, SelfMetrics

__all__ = ["PageStore", "Snapshot"]

_GZIP_LEVEL = 1  # igzip 1: over 1 GB/s at a ratio of 11 on this text; zlib's 9 gains a fifth at a thirtieth of the speed


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One published page in its four forms.

    ``generation`` counts publications from 0, the empty page before the first. ``created`` is Unix time in seconds. ``samples`` is the
    number of platform samples (self-metrics not counted); ``dropped`` counts the samples left off this page by reason (collision, limit).
    """

    text: bytes
    text_gzip: bytes
    openmetrics: bytes
    openmetrics_gzip: bytes
    generation: int
    created: float
    samples: int
    dropped: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


class PageStore:
    """The units of every workspace and the pages published from them.

    ``max_series`` bounds the platform samples of one page (None: no bound); above it whole families are left off, see ``joining``. With
    several workspaces each has a page of its own beside the page of all.
    """

    def __init__(self, workspaces: Iterable[str], clock: Clock, *, max_series: int | None = None) -> None:
        self._clock = clock
        self.max_series = max_series
        self._units: dict[str, dict[str, tuple[FamilyBlock, ...]]] = {workspace: {} for workspace in workspaces}
        self._all = FamilyShelf()
        self._own: dict[str, FamilyShelf] = {}
        self._generation = 0
        self._publishing = asyncio.Lock()
        empty = _snapshot(Page(), 0, clock.wall())
        self._empty = self._current = empty
        self._pages: dict[str, Snapshot] = {}
        self.dirty = asyncio.Event()
        """Set when a unit changed since the last publication began."""

    # --- what units do ---------------------------------------------------------------------------------------------------------------

    def put(self, workspace: str, unit: str, families: Sequence[FamilyBlock]) -> None:
        """Replace the blocks of one unit. Raises ``KeyError`` for a workspace that is not (or no longer) known."""
        units = self._units[workspace]
        new = tuple(families)
        if units.get(unit) == new:
            return
        units[unit] = new
        for shelf in self._shelves(workspace):
            shelf.put((workspace, unit), new)
        self.dirty.set()

    def drop(self, workspace: str, unit: str) -> None:
        """Take one unit off the page; nothing happens when it is not there."""
        if self._units[workspace].pop(unit, None) is not None:
            for shelf in self._shelves(workspace):
                shelf.put((workspace, unit), ())
            self.dirty.set()

    def units(self, workspace: str) -> set[str]:
        """Name the units of a workspace."""
        return set(self._units[workspace])

    def samples(self, workspace: str, prefix: str = "") -> int:
        """How many samples the units of a workspace have whose name starts with ``prefix``."""
        return sum(block.samples for unit, blocks in self._units[workspace].items() if unit.startswith(prefix) for block in blocks)

    # --- workspaces ------------------------------------------------------------------------------------------------------------------

    @property
    def workspaces(self) -> tuple[str, ...]:
        """The known workspaces in the order of the configuration."""
        return tuple(self._units)

    def add_workspace(self, workspace: str) -> None:
        """Make a workspace known; nothing happens when it is already."""
        self._units.setdefault(workspace, {})
        self.dirty.set()

    def drop_workspace(self, workspace: str) -> None:
        """Forget a workspace and all its units."""
        for unit in list(self._units.get(workspace, ())):
            self.drop(workspace, unit)
        self._units.pop(workspace, None)
        self._own.pop(workspace, None)
        self.dirty.set()

    # --- what readers do -------------------------------------------------------------------------------------------------------------

    @property
    def current(self) -> Snapshot:
        """The page of all workspaces."""
        return self._current

    def page(self, workspace: str | None = None) -> Snapshot | None:
        """Give the page of one workspace, or of all for None; None for a workspace that is not known."""
        if workspace is None:
            return self._current
        if workspace not in self._units:
            return None
        return self._current if len(self._units) == 1 else self._pages.get(workspace, self._empty)

    # --- publication -----------------------------------------------------------------------------------------------------------------

    async def publish(
        self,
        self_metrics_text: bytes,
        self_metrics_openmetrics: bytes,
        by_workspace: Mapping[str, tuple[bytes, bytes]] | None = None,
    ) -> Snapshot:
        """Join, compress and swap in new pages; returns the page of all workspaces.

        The self-metrics are appended to every page: rendered text of both formats, OpenMetrics without its end. ``by_workspace`` gives
        the page of a workspace other self-metrics than the page of all has.
        """
        async with self._publishing:
            self.dirty.clear()
            self._generation += 1
            for_all = SelfMetrics(self_metrics_text, self_metrics_openmetrics)
            try:
                current = await self._render(self._all, for_all)
                pages = {}
                for workspace in self.workspaces if len(self._units) > 1 else ():
                    own = SelfMetrics(*by_workspace[workspace]) if by_workspace and workspace in by_workspace else for_all
                    pages[workspace] = await self._render(self._own_shelf(workspace), own)
            except BaseException:
                self.dirty.set()  # what this publication took notice of is still unpublished
                raise
            self._current, self._pages = current, pages
            return current

    async def _render(self, shelf: FamilyShelf, self_metrics: SelfMetrics) -> Snapshot:
        page = Page.of(shelf, self_metrics, self.max_series)
        return await asyncio.to_thread(_snapshot, page, self._generation, self._clock.wall())

    def _shelves(self, workspace: str) -> Iterable[FamilyShelf]:
        return (self._all, self._own[workspace]) if workspace in self._own else (self._all,)

    def _own_shelf(self, workspace: str) -> FamilyShelf:
        """Give the shelf of one workspace, made when a second workspace makes it worth its memory."""
        if workspace not in self._own:
            shelf = self._own[workspace] = FamilyShelf()
            for unit, blocks in self._units.get(workspace, {}).items():
                shelf.put((workspace, unit), blocks)
        return self._own[workspace]


def _snapshot(page: Page, generation: int, created: float) -> Snapshot:
    text, openmetrics = page.text(), page.openmetrics()
    return Snapshot(text, _gzip(text), openmetrics, _gzip(openmetrics), generation, created, page.samples, MappingProxyType(page.dropped))


def _gzip(page: bytes) -> bytes:
    return bytes(igzip.compress(page, _GZIP_LEVEL, mtime=0))
