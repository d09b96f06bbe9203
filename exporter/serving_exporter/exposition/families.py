"""Which family a sample of an upstream page belongs to, and what is collected for it while the page is read.

The TYPE lines of the whole page are read before its samples: an upstream may put TYPE after the samples, or interleave families, and
still means the same. A sample called ``x_bucket`` is part of histogram ``x`` where ``x`` is typed so, and a family of its own elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from serving_exporter.catalogue import CATALOGUE
from serving_exporter.exposition.blocks import FamilyBlock
from serving_exporter.exposition.openmetrics import text_names
from serving_exporter.exposition.strictness import GroupRules, Point, Role

__all__ = ["Family", "FamilyBook", "Metadata"]

_METADATA = re.compile(rb"#[ \t]+(TYPE|HELP)[ \t]+([a-zA-Z_:][a-zA-Z0-9_:]*)(?:[ \t]+(.*))?")
_HELP_ESCAPE = re.compile(r"\\([\\n])")
_TYPES = {"counter", "gauge", "histogram", "summary", "info", "stateset"}
_ROLES: Mapping[str, tuple[Role, ...]] = {
    "histogram": (Role.BUCKET, Role.SUM, Role.COUNT),
    "summary": (Role.SUM, Role.COUNT, Role.QUANTILE),
}

# A counter's name without _total is taken too: that is what it is called in OpenMetrics.
_RESERVED = frozenset(
    name for metric in CATALOGUE.values() for name in (metric.name.removesuffix("_total"), *text_names(metric.name, metric.type.value))
)


@dataclass(slots=True)
class Metadata:
    """The types and help texts of a page; the first of several lines for one name counts, an unknown type is no type."""

    types: dict[str, str] = field(default_factory=dict)
    helps: dict[str, str] = field(default_factory=dict)
    lines: int = 0

    def read(self, comment: bytes) -> None:
        """Take in one line that starts with ``#``; other comments than TYPE and HELP mean nothing here."""
        match = _METADATA.match(comment)
        if match is None:
            self.lines += comment.startswith(b"# EOF")
            return
        kind, name, text = match[1], match[2].decode(), (match[3] or b"").strip().decode("utf-8", "replace")
        self.lines += 1
        if kind == b"HELP":
            self.helps.setdefault(name, _HELP_ESCAPE.sub(lambda escape: "\n" if escape[1] == "n" else "\\", text))
        elif text in _TYPES and name != "_total":  # a counter needs a name in front of its suffix
            self.types.setdefault(name, text)


class Family:
    """One family of the upstream page.

    ``refused`` is the reason why its lines are left out, None when they are kept. ``lines`` and the rest belong to the page being read:
    lines without line feed; ``trail`` the samples that ``rules`` have yet to follow.
    """

    __slots__ = ("help_name", "is_counter", "lines", "name", "refused", "rules", "strict", "trail", "type")

    def __init__(self, name: str, family_type: str, help_name: str, refused: str | None) -> None:
        self.name = name
        self.type = family_type
        self.help_name = help_name
        self.refused = refused
        self.is_counter = family_type == "counter"
        self.clear()

    def clear(self) -> None:
        """Forget the previous page."""
        self.lines: list[bytes] = []
        self.trail: list[tuple[Point, bytes]] = []
        self.rules = GroupRules(histogram=self.type == "histogram") if self.type in _ROLES else None
        self.strict = True

    def follow_trail(self) -> None:
        """Let the rules catch up with the lines."""
        if self.trail and self.rules is not None:
            self.rules.follow(self.trail)
            self.trail = []

    def block(self, helps: Mapping[str, str]) -> FamilyBlock:
        """Render the family as it goes on our page."""
        self.follow_trail()
        strict = self.strict and (self.rules is None or self.rules.finish())
        lines = b"\n".join(self.lines) + b"\n"
        return FamilyBlock(self.name, self.type, helps.get(self.help_name, ""), lines, len(self.lines), strict)


class FamilyBook:
    """The families of pages whose TYPE lines say ``types``; ``keep`` says by name whether the operator wants a family."""

    def __init__(self, types: Mapping[str, str], keep: Callable[[str], bool]) -> None:
        self._types = types
        self._keep = keep
        self._families: dict[str, Family] = {}
        self._grouped = {
            parent + role.value: (parent, role) for parent, family_type in types.items() for role in _ROLES.get(family_type, ())
        }

    def __iter__(self) -> Iterator[Family]:
        return iter(self._families.values())

    def family_of(self, sample: str) -> tuple[Family, Role | None] | None:
        """Find the family of a sample name and, in histograms and summaries, its role; None for a name that its family cannot hold."""
        if sample in self._grouped:
            parent, role = self._grouped[sample]
            return self._family(parent, self._types[parent], parent), role
        family_type = self._types.get(sample, "")
        if family_type == "histogram":
            return None
        if not family_type:
            # OpenMetrics writes TYPE x counter over samples x_total, and TYPE x info over samples x_info.
            for suffix, wanted, becomes in (("_total", "counter", "counter"), ("_info", "info", "gauge")):
                parent = sample.removesuffix(suffix)
                if parent != sample and self._types.get(parent) == wanted:
                    return self._family(sample, becomes, parent), None
        return self._family(sample, {"stateset": "gauge", "info": "gauge", "": "untyped"}.get(family_type, family_type), sample), None

    def _family(self, name: str, family_type: str, help_name: str) -> Family:
        family = self._families.get(name)
        if family is None:
            refused = None
            if not text_names(name, family_type).isdisjoint(_RESERVED):
                refused = "collision"
            elif not self._keep(name):
                refused = "dropped_family"
            family = self._families[name] = Family(name, family_type, help_name, refused)
        return family

    def clear(self) -> None:
        """Forget the lines of the previous page."""
        for family in self:
            family.clear()

    def blocks(self, helps: Mapping[str, str]) -> Iterable[FamilyBlock]:
        """Render the families that have lines, in the order in which they first appeared."""
        return (family.block(helps) for family in self if family.lines)
