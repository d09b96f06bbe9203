r"""The grammar of one sample line, on bytes.

    name{label="value",label="value",} value timestamp # exemplar

Names, labels and escapes are as the Prometheus text format 0.0.4 defines them (``\\``, ``\"`` and ``\n`` are the only escapes); the tail of
an OpenMetrics line (timestamp, exemplar) is understood so that it can be left off. The quantifiers are possessive: a hostile line is
refused in linear time.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["NUMBER", "SampleLine", "parse_sample_line", "unescape"]

_NAME = rb"[a-zA-Z_:][a-zA-Z0-9_:]*+"
_LABEL = rb'[a-zA-Z_][a-zA-Z0-9_]*+[ \t]*+=[ \t]*+"[^"\\]*+(?:\\[\\"n][^"\\]*+)*+"[ \t]*+'
_NUMBER = rb"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?|[+-]?[iI][nN][fF](?:[iI][nN][iI][tT][yY])?|[nN][aA][nN]"

NUMBER = re.compile(_NUMBER)
_LINE = re.compile(
    rb"[ \t]*+(" + _NAME + rb")(?:[ \t]*+\{[ \t]*+((?:" + _LABEL + rb"(?:,[ \t]*+" + _LABEL + rb")*+(?:,[ \t]*+)?)?)\}[ \t]*+|[ \t]++)"
    rb"(" + _NUMBER + rb")(?:[ \t]++-?[0-9]++(?:\.[0-9]++)?)?(?:[ \t]++#[ \t]*+\{.*+)?[ \t]*+"
)  # fmt: skip
_PAIR = re.compile(rb'([a-zA-Z_][a-zA-Z0-9_]*+)[ \t]*+=[ \t]*+"([^"\\]*+(?:\\.[^"\\]*+)*+)"')
_ESCAPE = re.compile(r"\\(.)")


class SampleLine(NamedTuple):
    """One sample.

    ``pairs`` are the labels in their order, names and still escaped values; ``value`` is the number as it is spelled, which starts at byte
    ``value_at`` of the line.
    """

    name: bytes
    pairs: tuple[tuple[bytes, bytes], ...]
    value: bytes
    value_at: int


def parse_sample_line(line: bytes) -> SampleLine | None:
    """Read ``line`` (without its line feed), or None when it is not a sample that Prometheus would take.

    That is: wrong grammar, a label name twice, a label called ``__name__``, or bytes that are not UTF-8.
    """
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    name, inner, value = match.groups()
    pairs: list[tuple[bytes, bytes]] = _PAIR.findall(inner) if inner else []
    names = {pair[0] for pair in pairs}
    if len(names) != len(pairs) or b"__name__" in names:
        return None
    try:
        line.decode()
    except UnicodeDecodeError:
        return None
    return SampleLine(name, tuple(pairs), value, match.start(3))


def unescape(value: bytes) -> str:
    """Give the text of an escaped label value."""
    text = value.decode()
    return _ESCAPE.sub(lambda match: "\n" if match[1] == "n" else match[1], text) if "\\" in text else text
