"""What OpenMetrics 1.0 asks of a family beyond text format 0.0.4, and how a family is written there.

The two formats share their sample lines; headers differ: a counter drops ``_total`` from its HELP and TYPE names, ``untyped`` is called
``unknown``. OpenMetrics also forbids what an upstream may well send (a counter without ``_total``, a histogram whose count differs from its
+Inf bucket, two families that claim one name). Such a family keeps every sample, name and label and is called ``unknown``, one
header for each sample name, so that the page stays legal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

__all__ = ["EOF", "WrittenFamily", "openmetrics_forms", "text_names"]

EOF = b"# EOF\n"

_SUFFIXES: Mapping[str, tuple[str, ...]] = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("", "_sum", "_count")}


class WrittenFamily(Protocol):
    """A family as a page shows it; ``FamilyBlock`` is one."""

    @property
    def name(self) -> str:
        """The name of the TYPE line in format 0.0.4."""

    @property
    def type(self) -> str:
        """gauge, counter, histogram, summary or untyped."""

    @property
    def help(self) -> str:
        """Unescaped help, "" for none."""

    @property
    def lines(self) -> bytes:
        """The sample lines, each with its line feed."""

    @property
    def strict(self) -> bool:
        """Whether the lines keep OpenMetrics' rules for the type."""


def text_names(name: str, family_type: str) -> frozenset[str]:
    """Every name that a family occupies in format 0.0.4: that of its TYPE line and those of its samples."""
    return frozenset({name, *(name + suffix for suffix in _SUFFIXES.get(family_type, ()))})


def openmetrics_forms(families: Sequence[WrittenFamily], taken: Iterable[str] = ()) -> list[tuple[bytes, bytes | None]]:
    """For each family its OpenMetrics header, and its lines where they are not simply ``family.lines``.

    ``taken`` are names used on the same page by somebody else. The text names of all families are disjoint (``snapshot`` sees to it), so
    a family that claims more than them in OpenMetrics can always step back to ``unknown``.
    """
    occupied = set(taken).union(*(text_names(family.name, family.type) for family in families))
    forms: list[tuple[bytes, bytes | None]] = []
    for family in families:
        base, own = _claims(family)
        if not base or not family.strict or not (own - text_names(family.name, family.type)).isdisjoint(occupied):
            forms.append(_as_unknown(family))
        else:
            forms.append((_header(base, "unknown" if family.type == "untyped" else family.type, family.help), None))
    return forms


def _claims(family: WrittenFamily) -> tuple[str, set[str]]:
    """Tell the family's OpenMetrics name ("" where its type has no legal one) and all names that this type reserves."""
    name = family.name
    if family.type == "counter":
        base = name.removesuffix("_total")
        return ("" if base == name else base), {base, name, f"{base}_created"}
    if family.type in _SUFFIXES:
        return name, {name, f"{name}_created", *text_names(name, family.type)}
    return name, {name}


def _header(name: str, family_type: str, help_text: str) -> bytes:
    escaped = help_text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
    help_line = f"# HELP {name} {escaped}\n" if help_text else ""
    return f"{help_line}# TYPE {name} {family_type}\n".encode("utf-8", "replace")


def _as_unknown(family: WrittenFamily) -> tuple[bytes, bytes | None]:
    suffixes = _SUFFIXES.get(family.type)
    if suffixes is None:
        return _header(family.name, "unknown", family.help), None
    lines = [line + b"\n" for line in family.lines.split(b"\n")[:-1]]
    parts = []
    for suffix in suffixes:
        sample_name = (family.name + suffix).encode()
        own = [line for line in lines if line.startswith((sample_name + b"{", sample_name + b" "))]
        if own:
            parts += [_header(family.name + suffix, "unknown", family.help), *own]
    return b"", b"".join(parts)
