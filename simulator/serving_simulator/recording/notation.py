"""Series as text: in the notation in which promtool reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

__all__ = ["Values", "series_name", "values_text"]

Values = NDArray[np.float64]
"""A sample for each scrape; NaN where a page did not have the series."""


def series_name(name: str, labels: Mapping[str, str]) -> str:
    """Return a series as PromQL writes it."""
    inner = ",".join(f'{label}="{_escaped(value)}"' for label, value in labels.items())
    return f"{name}{{{inner}}}"


def values_text(values: Values) -> str:
    """Return samples in promtool's notation: equal ones as one term, and a gap with the mark that Prometheus itself writes at its begin."""
    return " ".join(_terms(values))


def _terms(values: Values) -> Iterator[str]:
    if not values.size:
        return
    absent = np.isnan(values)
    changes = (values[1:] != values[:-1]) & ~(absent[1:] & absent[:-1])
    starts = np.concatenate(([0], np.flatnonzero(changes) + 1))
    lengths = np.diff(np.concatenate((starts, [values.size])))
    for start, length, value in zip(starts.tolist(), lengths.tolist(), values[starts].tolist(), strict=True):
        if value != value:
            if start:
                yield "stale"
            missing = length - 1 if start else length
            if missing:
                yield f"_x{missing}" if missing > 1 else "_"
        else:
            text = str(int(value)) if value == int(value) and abs(value) < 2**53 else repr(value)
            yield text if length == 1 else f"{text}x{length - 1}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
