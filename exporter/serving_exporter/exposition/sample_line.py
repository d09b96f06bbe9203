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
_LABEL_NAME = rb"[a-zA-Z_][a-zA-Z0-9_]*+"
_VALUE = rb'"[^"\\]*+(?:\\[\\"n][^"\\]*+)*+"'
_LABEL = _LABEL_NAME + rb"[ \t]*+=[ \t]*+" + _VALUE + rb"[ \t]*+"
_NUMBER = rb"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?|[+-]?[iI][nN][fF](?:[iI][nN][iI][tT][yY])?|[nN][aA][nN]"

NUMBER = re.compile(_NUMBER)
# What nearly every line looks like; it is split without a second look at its labels.
_COMPACT = re.compile(
    rb"(" + _NAME + rb")\{(" + _LABEL_NAME + rb"=" + _VALUE + rb"(?:," + _LABEL_NAME + rb"=" + _VALUE + rb")*+)\} (" + _NUMBER + rb")"
)  # fmt: skip
_LINE = re.compile(
    rb"[ \t]*+(" + _NAME + rb")(?:[ \t]*+\{[ \t]*+((?:" + _LABEL + rb"(?:,[ \t]*+" + _LABEL + rb")*+(?:,[ \t]*+)?)?)\}[ \t]*+|[ \t]++)"
    rb"(" + _NUMBER + rb")(?:[ \t]++-?[0-9]++(?:\.[0-9]++)?)?(?:[ \t]++#[ \t]*+\{.*+)?[ \t]*+"
)  # fmt: skip
_PAIR = re.compile(rb"(" + _LABEL_NAME + rb")[ \t]*+=[ \t]*+(" + _VALUE + rb")")
_ESCAPE = re.compile(r"\\(.)")


class SampleLine(NamedTuple):
    """One sample.

    ``labels`` are written ``name="value`` (the closing quote left off), in their order, values still escaped. ``value`` is the number as
    it is spelled, which starts at byte ``value_at`` of the line. ``is_compact`` says that the line has labels and no blank but the one in
    front of the value.
    """

    name: bytes
    labels: list[bytes]
    value: bytes
    value_at: int
    is_compact: bool

    def pairs(self) -> list[tuple[bytes, bytes]]:
        """Give the labels as names and still escaped values."""
        return [(name, value) for name, _, value in (label.partition(b'="') for label in self.labels)]


def parse_sample_line(line: bytes) -> SampleLine | None:
    """Read ``line`` (without its line feed), or None when it is not a sample that Prometheus would take.

    That is: wrong grammar, a label name twice, a label called ``__name__``, or bytes that are not UTF-8.
    """
    compact = _COMPACT.fullmatch(line)
    match = compact or _LINE.fullmatch(line)
    if match is None:
        return None
    name, inner, value = match.groups()
    labels: list[bytes]
    if not inner:
        labels = []
    elif compact and b"\\" not in inner and b'=",' not in inner:  # where every quote followed by a comma closes a value
        labels = inner[:-1].split(b'",')
    else:
        labels = [b"%b=%b" % (label, quoted[:-1]) for label, quoted in _PAIR.findall(inner)]
    names = {label[: label.index(b"=")] for label in labels}
    if len(names) != len(labels) or b"__name__" in names:
        return None
    if not line.isascii():
        try:
            line.decode()
        except UnicodeDecodeError:
            return None
    return SampleLine(name, labels, value, match.start(3), compact is not None)


def unescape(value: bytes) -> str:
    """Give the text of an escaped label value."""
    text = value.decode()
    return _ESCAPE.sub(lambda match: "\n" if match[1] == "n" else match[1], text) if "\\" in text else text
