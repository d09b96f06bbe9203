"""The remote-write message (prometheus/prometheus, prompb/remote.proto and types.proto, version 1), made from arrays.

A week of a fleet is hundreds of millions of samples, so samples are laid out by NumPy and never touched one by one: a timestamp takes six
bytes, which is enough for milliseconds until the year 2109 (leading zeros are allowed in a varint), so that all have the same length.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

__all__ = ["STALE", "compressed", "element", "label_bytes", "sample_bytes"]

STALE = np.array([0x7FF0000000000002], np.uint64).view(np.float64)[0]
"""What Prometheus writes where a series ends (model/value/value.go): a NaN of its own."""

_SAMPLE = np.dtype([("tag", "u1"), ("length", "u1"), ("value_tag", "u1"), ("value", "<f8"), ("time_tag", "u1"), ("time", "u1", 6)])


def _varint(number: int) -> bytes:
    """Return an integer as protocol buffers write it."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _field(tag: int, content: bytes) -> bytes:
    return bytes([tag]) + _varint(len(content)) + content


def label_bytes(labels: Mapping[str, str]) -> bytes:
    """Return the labels of a series (``__name__`` among them), sorted as the receiver asks; an empty label is no label."""
    pairs = sorted((name, value) for name, value in labels.items() if value)
    return b"".join(_field(0x0A, _field(0x0A, name.encode()) + _field(0x12, value.encode())) for name, value in pairs)


def sample_bytes(times: NDArray[np.int64], values: NDArray[np.float64]) -> bytes:
    """Return samples, times in milliseconds of the Unix epoch, as a series has them."""
    samples = np.empty(times.size, _SAMPLE)
    samples["tag"], samples["length"], samples["value_tag"], samples["time_tag"] = 0x12, 16, 0x09, 0x10
    samples["value"] = values
    for place in range(6):
        samples["time"][:, place] = (times >> (7 * place) & 127) | (128 if place < 5 else 0)
    return samples.tobytes()


def element(series: bytes) -> bytes:
    """Return a series, its labels and then its samples, as an element of the message."""
    return _field(0x0A, series)


def compressed(message: bytes) -> bytes:
    """Return a message in the block format of Snappy (google/snappy, format_description.txt), as one literal: nothing is far away."""
    return _varint(len(message)) + b"\xfc" + (len(message) - 1).to_bytes(4, "little") + message
