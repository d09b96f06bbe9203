"""What an exporter could not read, laid over a recording: it was away, or one of its sources failed, was refused or hung."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from serving_simulator.recording.notation import Values

__all__ = ["Loss", "lost"]

_MAXIMUM_AGE = 5
"""Minutes for which an exporter goes on showing what it read last."""

_DOWN = {
    "serving_exporter_source_up": ("failing", "throttled", "unsupported"),
    "serving_exporter_source_supported": ("unsupported",),
}
"""Series that are 0 for as long as a source is lost in one of these ways."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What is lost from scrape ``start`` to before scrape ``end``: the whole ``exporter``, or a ``source`` that fails, is ``throttled``,
    is not to be had (``unsupported``) or hangs (``stale``: its last poll stays a success, long ago).
    """

    what: Literal["exporter", "failing", "throttled", "unsupported", "stale"]
    start: int
    end: int
    source: str = ""


def lost(loss: Loss, labels: Mapping[str, str], values: Values, source: str) -> Values:
    """Return what is left of a series that is read from ``source`` (empty: it is about the exporter's sources themselves)."""
    span = slice(loss.start, loss.end)
    out = values.copy()
    if loss.what == "exporter":
        out[span] = np.nan
    elif source == loss.source:
        out[loss.start + _MAXIMUM_AGE : loss.end] = np.nan
    elif not source and labels.get("source") == loss.source:
        out = _status(loss, labels, out, span)
    return out


def _status(loss: Loss, labels: Mapping[str, str], values: Values, span: slice) -> Values:
    """Return what the exporter says of the source that fails: its polls go on and are refused, or it says nothing new."""
    name = labels["__name__"]
    if name == "serving_exporter_source_last_success_timestamp_seconds":
        values[span] = values[max(0, loss.start - 1)]
    elif name in _DOWN and loss.what in _DOWN[name]:
        values[span] = 0
    elif name == "serving_exporter_source_polls_total" and labels["outcome"] == "success":
        values[span] = values[max(0, loss.start - 1)]
    elif name == "serving_exporter_source_polls_total" and labels["outcome"] == loss.what:
        values[span] += np.arange(1, values[span].size + 1)
        values[loss.end :] += values[span].size
    return values
