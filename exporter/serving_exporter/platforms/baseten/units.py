"""How a source's samples reach the page: unit by unit, each rendered again only when its records have changed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from serving_exporter.exposition import FamilyBlock, UnitBuilder

__all__ = ["Page", "Units"]


class Page(Protocol):
    """Where one workspace's units go."""

    def put(self, unit: str, families: Sequence[FamilyBlock]) -> None:
        """Replace a unit."""

    def drop(self, unit: str) -> None:
        """Remove a unit; one that is not there is no error."""


class Units:
    """The units of one source, named ``prefix`` or ``prefix/NAME``.

    ``workspace`` is the value of that label, None for pages without it. ``dropped`` learns of series left out as duplicates.
    """

    def __init__(self, page: Page, workspace: str | None, prefix: str, dropped: Callable[[int], None]) -> None:
        self._page = page
        self._workspace = workspace
        self._prefix = prefix
        self._dropped = dropped
        self._samples: dict[str, int] = {}
        self._records: dict[str, object] = {}

    @property
    def samples(self) -> int:
        """How many samples are on the page."""
        return sum(self._samples.values())

    def render(self, name: str, records: object, write: Callable[[UnitBuilder], None]) -> None:
        """Let ``write`` fill the unit, unless it was last written for equal ``records``: they must determine what ``write`` adds."""
        if name in self._records and self._records[name] == records:
            return
        builder = UnitBuilder(self._workspace)
        write(builder)
        self.put(name, builder.build())
        self._records[name] = records
        if builder.dropped:
            self._dropped(builder.dropped)

    def put(self, name: str, families: Sequence[FamilyBlock]) -> None:
        """Replace a unit by what is rendered already; an empty one leaves the page."""
        self._records.pop(name, None)
        samples = sum(family.samples for family in families)
        if samples:
            self._page.put(self._path(name), families)
            self._samples[name] = samples
        else:
            self._forget(name)

    def drop(self, name: str) -> None:
        """Take a unit off the page."""
        self._records.pop(name, None)
        self._forget(name)

    def keep_only(self, names: Collection[str]) -> None:
        """Take every other unit off the page."""
        for name in [name for name in {**self._samples, **self._records} if name not in names]:
            self.drop(name)

    def clear(self) -> None:
        """Take all units off the page."""
        self.keep_only(())

    def _forget(self, name: str) -> None:
        if self._samples.pop(name, None) is not None:
            self._page.drop(self._path(name))

    def _path(self, name: str) -> str:
        return f"{self._prefix}/{name}" if name else self._prefix
