"""Validated pass-through of an upstream exposition page, line by line, as bytes.

A page of 100 MB has half a million lines that were there 30 seconds ago with other values. A sample-object parser spends most of a minute
on them; here the text in front of the value is looked up in a dictionary of known series, so that a line costs one split, one look-up and
the check of its number. The full grammar runs once for each series, when it is first seen.

Prometheus refuses a whole page for one bad line, and so does every strict reader. What passes here is legal: bad lines, duplicates and
families that clash with this project's own are left out and counted, the rest survives with names, labels and values byte for byte.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, cast

from serving_exporter.exposition.blocks import FamilyBlock, escape_label_value
from serving_exporter.exposition.families import Family, FamilyBook, Metadata
from serving_exporter.exposition.sample_line import NUMBER, SampleLine, parse_sample_line, unescape
from serving_exporter.exposition.strictness import Point, Role, point_of
from serving_exporter.platforms.contract import Malformed

__all__ = ["DecodedFeed", "FeedDecoder", "Observation"]

_CHUNK = 128 * 1024  # bytes between two turns of the event loop: about 2 ms for known series, 15 ms for new ones
_MEMORY = 4  # decodes for which a series that is gone stays known
_NAME = re.compile(rb"[ \t]*([a-zA-Z_:][a-zA-Z0-9_:]*)")
_LEADING_BLANKS = re.compile(rb"(?m)^[ \t]+")


class Observation(NamedTuple):
    """The value of a watched metric; ``labels`` are the upstream's own, unescaped, without ``workspace``."""

    name: str
    labels: Mapping[str, str]
    value: float


@dataclass(slots=True)
class DecodedFeed:
    """One upstream page.

    ``observed`` has the samples of watched names, NaN excepted. ``dropped`` counts lines by reason: invalid, duplicate, collision (with a
    name of the catalogue), dropped_family. ``first_invalid`` tells where the first invalid line is and names its metric, nothing else
    of it: label values may hold what a log should not.
    """

    families: tuple[FamilyBlock, ...] = ()
    observed: list[Observation] = field(default_factory=list)
    dropped: dict[str, int] = field(default_factory=dict)
    first_invalid: str | None = None

    @property
    def samples(self) -> int:
        """How many samples passed."""
        return sum(family.samples for family in self.families)

    def drop(self, reason: str) -> None:
        """Count one line that did not pass."""
        self.dropped[reason] = self.dropped.get(reason, 0) + 1


_Watched = tuple[str, Mapping[str, str]]  # name and labels of an observation


class _Series:
    """A series as it was first spelled.

    Its line on our page is ``start`` and then what follows byte ``cut`` of the upstream's line: the start is shared by all series of
    one name, so that knowing half a million of them costs one copy of their labels, not two.
    """

    __slots__ = ("cut", "family", "identity", "observed", "point", "seen", "start")

    def __init__(self, start: bytes, cut: int, family: Family, identity: int, point: Point | None, observed: _Watched | None) -> None:
        self.start = start
        self.cut = cut
        self.family = family
        self.identity = identity
        self.point = point
        self.observed = observed
        self.seen = 0


class FeedDecoder:
    """Decodes the pages of one upstream, one after the other, and remembers its series from page to page.

    ``workspace`` becomes the first label of every line (an upstream label of that name becomes ``exported_workspace``), or no label when
    it is None. ``keep`` says whether a family is wanted. ``watch`` are the sample names to observe; they are observed even when not kept.
    """

    def __init__(self, workspace: str | None, *, keep: Callable[[str], bool], watch: Collection[str]) -> None:
        self._own = b"" if workspace is None else b'workspace="%b",' % escape_label_value(workspace).encode()
        self._keep = keep
        self._watch = frozenset(watch)
        self._types: dict[str, str] = {}
        self._book = FamilyBook({}, keep)
        self._known: dict[bytes, _Series] = {}
        self._spellings: dict[int, bytes] = {}
        self._starts: dict[bytes, bytes] = {}
        self._resolved: dict[bytes, tuple[Family, Role | None] | None] = {}
        self._page = 0

    @property
    def known_series(self) -> int:
        """How many series are remembered."""
        return len(self._known)

    def decode(self, body: bytes) -> DecodedFeed:
        """Decode one page at a stretch. Raises ``Malformed`` for a body that is no page, or not all of one."""
        steps = self._steps(body)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return cast("DecodedFeed", end.value)

    async def decode_sliced(self, body: bytes) -> DecodedFeed:
        """``decode`` that lets the event loop turn every few milliseconds. One page at a time."""
        steps = self._steps(body)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return cast("DecodedFeed", end.value)
            await asyncio.sleep(0)

    def _steps(self, body: bytes) -> Generator[None, None, DecodedFeed]:
        _refuse_partial(body)
        metadata = Metadata()
        for chunk in _chunks(body):
            for comment in _comments(chunk):
                metadata.read(comment)
            yield
        if metadata.types != self._types:
            # Which family a series belongs to is part of what is known of it.
            self._types, self._book = metadata.types, FamilyBook(metadata.types, self._keep)
            self._known, self._spellings, self._resolved = {}, {}, {}
        self._book.clear()
        self._page += 1
        page, number = DecodedFeed(), 1
        for chunk in _chunks(body):
            lines = chunk.split(b"\n")
            self._read(lines, page, number)
            number += len(lines)
            for family in self._book:
                family.follow_trail()
            yield
        page.families = tuple(self._book.blocks(metadata.helps))
        if not page.families and set(page.dropped) <= {"invalid"} and (page.dropped or not metadata.lines):
            raise Malformed("no line of the answer is Prometheus text")
        self._forget()
        return page

    def _read(self, lines: list[bytes], page: DecodedFeed, number: int) -> None:
        """Read one chunk's lines, the first of which is line ``number``. The loop is the hot path: look-up, number, append."""
        known, this_page, is_number = self._known, self._page, NUMBER.fullmatch
        for offset, line in enumerate(lines):
            head, _, value = line.rpartition(b" ")
            series = known.get(head)
            if series is None or not (value.isdigit() or is_number(value)):
                if not line or line.startswith(b"#"):
                    continue
                parsed = self._learn(line)
                if parsed is None:
                    page.drop("invalid")
                    page.first_invalid = page.first_invalid or _excerpt(line, number + offset)
                    continue
                series, line, value = parsed  # noqa: PLW2901 - the same line without its tail
            if series.seen == this_page:
                page.drop("duplicate")
                continue
            series.seen = this_page
            family = series.family
            if series.observed is not None and value[:1] not in b"nN":
                page.observed.append(Observation(*series.observed, float(value)))
            if family.refused is not None:
                page.drop(family.refused)
                continue
            family.lines.append(series.start + line[series.cut :])
            if series.point is not None:
                family.trail.append((series.point, value))
            elif family.is_counter and value[0] in b"-nN":
                family.strict = False

    def _learn(self, line: bytes) -> tuple[_Series, bytes, bytes] | None:
        """Read a line that is not known as it stands: its series, the line as that series expects it, its value. None when invalid."""
        without_timestamp, _, timestamp = line.rpartition(b" ")
        if not without_timestamp.endswith(b"}"):
            # Perhaps a known line and a timestamp: our page has none, so it is left off.
            head, _, value = without_timestamp.rpartition(b" ")
            series = self._known.get(head)
            if series is not None and timestamp.removeprefix(b"-").isdigit() and NUMBER.fullmatch(value):
                return series, without_timestamp, value
        sample = parse_sample_line(line)
        resolved = self._resolve(sample.name) if sample is not None else None
        if sample is None or resolved is None:
            return None
        # 64 bits keyed by chance: two of a million series share an identity, and one is lost, once in a hundred million processes.
        identity = hash((sample.name, frozenset([label for label in sample.labels if label[-2:] != b'="'])))
        spelling = self._spellings.get(identity)
        if spelling is not None:
            series = self._known[spelling]
            if series.seen == self._page:
                return series, line, sample.value
            del self._known[spelling]
        head = line[: sample.value_at].removesuffix(b" ")
        self._known[head] = series = self._new_series(sample, head, identity, *resolved)
        self._spellings[identity] = head
        return series, line if sample.is_compact else b"%b %b" % (head, sample.value), sample.value

    def _resolve(self, name: bytes) -> tuple[Family, Role | None] | None:
        """Find the family of a sample name, once for each name."""
        if name not in self._resolved:
            self._resolved[name] = self._book.family_of(name.decode())
        return self._resolved[name]

    def _new_series(self, sample: SampleLine, head: bytes, identity: int, family: Family, role: Role | None) -> _Series:
        """Make the series that the upstream spells ``head`` in front of the value."""
        observed = None
        if self._watch and (name := sample.name.decode()) in self._watch:
            observed = name, {label.decode(): unescape(value) for label, value in sample.pairs()}
        point = None if role is None else point_of(role, sample.pairs())
        own, labels = self._own, sample.labels
        if own and b"workspace" in head:
            labels = _renamed(sample)
        if sample.is_compact and labels is sample.labels:
            # Spelled as we spell it: all that is new is in front of its labels, and the same for every series of this name.
            start = b"%b{%b" % (sample.name, own)
            return _Series(self._starts.setdefault(start, start), len(sample.name) + 1, family, identity, point, observed)
        if labels:
            start = b'%b{%b%b"} ' % (sample.name, own, b'",'.join(labels))
        else:
            start = b"%b{%b} " % (sample.name, own[:-1]) if own else sample.name + b" "
        return _Series(start, len(head) + 1, family, identity, point, observed)

    def _forget(self) -> None:
        """Forget the series that left the upstream's page some pages ago: memory follows what is there, not what ever was."""
        if self._page % _MEMORY:
            return
        horizon = self._page - _MEMORY
        for head in [head for head, series in self._known.items() if series.seen <= horizon]:
            del self._spellings[self._known.pop(head).identity]


def _refuse_partial(body: bytes) -> None:
    """Raise ``Malformed`` for a body that cannot be a whole page."""
    beginning = body[:4096].lstrip()
    if not beginning and not body.strip():
        raise Malformed("the answer is empty")
    if beginning.startswith(b"<"):
        raise Malformed("the answer is HTML, not Prometheus text")
    if not body.endswith((b"\n", b"\n# EOF")):
        raise Malformed("the answer is cut off: its last line has no end")


def _chunks(body: bytes) -> Iterator[bytes]:
    """Cut the body into pieces of whole lines, without carriage returns at line ends and without blanks at line starts."""
    start = 0
    while start < len(body):
        end = body.find(b"\n", start + _CHUNK)
        end = len(body) if end < 0 else end
        chunk = body[start:end]
        start = end + 1
        if b"\r" in chunk:
            chunk = chunk.replace(b"\r\n", b"\n").removesuffix(b"\r")
        if b"\n " in chunk or b"\n\t" in chunk or chunk[:1] in b" \t":
            chunk = _LEADING_BLANKS.sub(b"", chunk)
        yield chunk


def _comments(chunk: bytes) -> Iterator[bytes]:
    """Find the lines that start with ``#``."""
    at = 0 if chunk.startswith(b"#") else chunk.find(b"\n#") + 1 or -1
    while at >= 0:
        end = chunk.find(b"\n", at)
        yield chunk[at:] if end < 0 else chunk[at:end]
        at = chunk.find(b"\n#", at) + 1 or -1


def _renamed(sample: SampleLine) -> list[bytes]:
    """Move an upstream label ``workspace`` out of the way of ours, as Prometheus does it for target labels."""
    values = dict(sample.pairs())
    if b"workspace" not in values:
        return sample.labels
    new_name = b"exported_workspace"
    while new_name in values:
        new_name = b"exported_" + new_name
    return [b'%b="%b' % (new_name if name == b"workspace" else name, value) for name, value in values.items()]


def _excerpt(line: bytes, number: int) -> str:
    match = _NAME.match(line)
    return f"line {number}, {match[1].decode()}" if match else f"line {number}"
