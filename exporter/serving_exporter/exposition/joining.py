"""Blocks of many units, joined family by family into one page.

The order of a page: this project's metrics as the catalogue lists them, then the upstream's families by name, then the exporter's own
metrics. What cannot stand beside something else is left off and counted:

``collision``   a block whose type differs from that of the unit which had the family first, or a family one of whose names is
                used by another family or by the exporter's own metrics
``limit``       above the bound on samples, whole families go, never single series: upstream histograms and summaries first, then
                upstream counters, untyped families and gauges, then this project's metrics from the last to the first
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from serving_exporter.catalogue import platform_metrics
from serving_exporter.exposition.blocks import FamilyBlock
from serving_exporter.exposition.openmetrics import EOF, openmetrics_forms, text_names

__all__ = ["FamilyShelf", "Page", "SelfMetrics"]

_Owner = tuple[str, str]  # workspace, unit
_RANK = {metric.name: rank for rank, metric in enumerate(platform_metrics())}
_LIMIT_ORDER = ("histogram", "summary", "counter", "untyped", "gauge")
_TYPE_LINE = re.compile(rb"^# TYPE (\S+) (\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class SelfMetrics:
    """The exporter's own metrics, rendered in both formats; an end mark of OpenMetrics is taken off."""

    text: bytes = b""
    openmetrics: bytes = b""

    @property
    def names(self) -> frozenset[str]:
        """Every metric name that they occupy, in either format."""
        found: set[str] = set()
        for page in (self.text, self.openmetrics):
            for name, family_type in _TYPE_LINE.findall(page):
                found |= text_names(name.decode(), family_type.decode())
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class _Joined:
    """One family of the page: a block of all units, and how many samples of other types were left out of it."""

    block: FamilyBlock
    collided: int


class FamilyShelf:
    """The blocks of a page by family and unit, with the families that did not change kept joined."""

    def __init__(self) -> None:
        self._blocks: dict[str, dict[_Owner, FamilyBlock]] = {}
        self._names: dict[_Owner, tuple[str, ...]] = {}
        self._joined: dict[str, _Joined] = {}

    def put(self, owner: _Owner, blocks: Sequence[FamilyBlock]) -> None:
        """Replace the blocks of one unit; no blocks take it off the shelf."""
        new = {block.name: block for block in blocks if block.samples}
        for name in self._names.pop(owner, ()):
            if name not in new:
                self._joined.pop(name, None)
                del self._blocks[name][owner]
                if not self._blocks[name]:
                    del self._blocks[name]
        for name, block in new.items():
            family = self._blocks.setdefault(name, {})
            if family.get(owner) != block:
                # Assigning keeps the unit's place: the unit that had a family first goes on deciding its type.
                family[owner] = block
                self._joined.pop(name, None)
        if new:
            self._names[owner] = tuple(new)

    def joined(self) -> Iterator[_Joined]:
        """Give the families in page order, joining those that changed."""
        native_rank = len(_RANK)
        for name in sorted(self._blocks, key=lambda name: (_RANK.get(name, native_rank), name)):
            family = self._joined.get(name)
            if family is None:
                family = self._joined[name] = _join(list(self._blocks[name].values()))
            yield family


def _join(blocks: list[FamilyBlock]) -> _Joined:
    first = blocks[0]
    fitting = [block for block in blocks if block.type == first.type]
    collided = sum(block.samples for block in blocks) - sum(block.samples for block in fitting)
    if len(fitting) == 1:
        return _Joined(first, collided)
    help_text = next((block.help for block in fitting if block.help), "")
    lines = b"".join([block.lines for block in fitting])
    samples = sum(block.samples for block in fitting)
    return _Joined(FamilyBlock(first.name, first.type, help_text, lines, samples, all(block.strict for block in fitting)), collided)


@dataclass(slots=True)
class Page:
    """The families chosen for one page; ``dropped`` counts the samples that were left off by reason."""

    families: list[FamilyBlock] = field(default_factory=list)
    self_metrics: SelfMetrics = field(default_factory=SelfMetrics)
    dropped: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, shelf: FamilyShelf, self_metrics: SelfMetrics, max_series: int | None) -> Page:
        """Choose the families of a page."""
        page = cls(self_metrics=self_metrics)
        page.families = page._within_limit(page._without_collisions(shelf, self_metrics.names), max_series)
        return page

    @property
    def samples(self) -> int:
        """How many platform samples the page has."""
        return sum(family.samples for family in self.families)

    def text(self) -> bytes:
        """Join the page in format 0.0.4."""
        parts = [part for family in self.families for part in (family.header, family.lines)]
        return b"".join((*parts, self.self_metrics.text))

    def openmetrics(self) -> bytes:
        """Join the page in OpenMetrics 1.0."""
        parts: list[bytes] = []
        for family, (header, lines) in zip(self.families, openmetrics_forms(self.families, self.self_metrics.names), strict=True):
            parts += (header, family.lines if lines is None else lines)
        return b"".join((*parts, self.self_metrics.openmetrics.removesuffix(EOF), EOF))

    def _drop(self, reason: str, samples: int) -> None:
        if samples:
            self.dropped[reason] = self.dropped.get(reason, 0) + samples

    def _without_collisions(self, shelf: FamilyShelf, taken: frozenset[str]) -> list[FamilyBlock]:
        families, occupied = [], set(taken)
        for joined in shelf.joined():
            names = text_names(joined.block.name, joined.block.type)
            self._drop("collision", joined.collided)
            if names.isdisjoint(occupied):
                occupied |= names
                families.append(joined.block)
            else:
                self._drop("collision", joined.block.samples)
        return families

    def _within_limit(self, families: list[FamilyBlock], max_series: int | None) -> list[FamilyBlock]:
        excess = sum(family.samples for family in families) - max_series if max_series is not None else 0
        left_off: set[str] = set()
        for family in sorted(families, key=_dispensable_first):
            if excess <= 0:
                break
            left_off.add(family.name)
            excess -= family.samples
            self._drop("limit", family.samples)
        return [family for family in families if family.name not in left_off]


def _dispensable_first(family: FamilyBlock) -> tuple[int, int, str]:
    if family.name in _RANK:
        return 1, -_RANK[family.name], ""
    return 0, _LIMIT_ORDER.index(family.type), family.name
