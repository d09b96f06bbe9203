"""Prometheus text as bytes: one block for each metric family of one unit.

A **unit** is what changes together: one model, one source of a workspace, one upstream page. It renders once, when its content changed, and
not when somebody scrapes: rendering 100 000 samples with prometheus_client takes over a second, copying them a few milliseconds. Names,
duplicates and label sets are checked here, while the unit is built, because nothing downstream checks them again.

Blocks hold lines that are the same in both text formats (0.0.4 and OpenMetrics 1.0); the formats differ in headers only, which
``serving_exporter.exposition.openmetrics`` and ``FamilyBlock.header`` write.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from serving_exporter.catalogue import Metric, MetricType

__all__ = ["FamilyBlock", "UnitBuilder", "escape_help", "escape_label_value", "format_value"]


def escape_label_value(value: str) -> str:
    """``value`` as it stands between the quotes of a label. Text that has no UTF-8 form (lone surrogates) becomes ``?``."""
    if not value.isalnum():
        value = value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


def escape_help(text: str) -> str:
    """``text`` as it stands in a HELP line of format 0.0.4."""
    return text.replace("\\", r"\\").replace("\n", r"\n").encode("utf-8", "replace").decode("utf-8")


def format_value(value: float) -> str:
    """``value`` as a sample value: integers without point or exponent, floats in their shortest exact form, ``+Inf``, ``-Inf``, ``NaN``."""
    if isinstance(value, int):
        return str(int(value))
    if math.isfinite(value):
        return repr(float(value))
    if math.isnan(value):
        return "NaN"
    return "+Inf" if value > 0 else "-Inf"


@dataclass(frozen=True, slots=True)
class FamilyBlock:
    """The lines of one metric family that one unit contributes.

    ``name`` is the name of the TYPE line in format 0.0.4 (a counter's with ``_total``); ``type`` is gauge, counter, histogram, summary or
    untyped; ``help`` is the unescaped text, "" for none. Every one of the ``samples`` lines in ``lines`` ends in a line feed.
    ``strict`` says whether the lines keep OpenMetrics' rules for their type (a counter is never negative, a histogram's buckets rise, …);
    where they do not, the OpenMetrics page calls the family ``unknown``.
    """

    name: str
    type: str
    help: str
    lines: bytes
    samples: int
    strict: bool = True

    @property
    def header(self) -> bytes:
        """The HELP and TYPE lines of format 0.0.4."""
        help_line = f"# HELP {self.name} {escape_help(self.help)}\n" if self.help else ""
        return f"{help_line}# TYPE {self.name} {self.type}\n".encode()


class _Lines:
    """The lines of one metric while its unit is built."""

    __slots__ = ("label_names", "lines", "metric", "seen")

    def __init__(self, metric: Metric) -> None:
        self.metric = metric
        self.label_names = metric.labels
        self.lines: list[str] = []
        self.seen: set[str] = set()


class UnitBuilder:
    """Collects the samples of one unit and renders them into family blocks.

    ``workspace`` becomes the first label of every line, or no label when it is None. A duplicate series, a NaN (absent is not NaN) and a
    negative counter or histogram sum are left out and counted in ``dropped``: one strange record must not cost the page. A wrong number of
    label values or buckets is a mistake of the caller and raises ``ValueError``.
    """

    def __init__(self, workspace: str | None) -> None:
        self.dropped = 0
        self._workspace = () if workspace is None else (f'workspace="{escape_label_value(workspace)}"',)
        self._metrics: dict[str, _Lines] = {}
        # One deployment's key labels stand in front of some twenty metrics: they are escaped once.
        self._labels: dict[tuple[tuple[str, ...], tuple[str, ...]], str] = {}

    def add(self, metric: Metric, values: Sequence[str], value: float) -> None:
        """Add one sample of a gauge or counter; ``values`` are the label values in the order of ``metric.labels``."""
        if math.isnan(value) or (value < 0 and metric.type is MetricType.COUNTER):
            self.dropped += 1
            return
        collected, labels = self._series(metric, values)
        if collected is not None:
            series = f"{metric.name}{{{labels}}}" if labels else metric.name
            collected.lines.append(f"{series} {format_value(value)}\n")

    def add_histogram(self, metric: Metric, values: Sequence[str], bucket_counts: Sequence[int], total: float) -> None:
        """Add one histogram series.

        ``bucket_counts`` are cumulative, one for each bound in ``metric.buckets`` and the last for +Inf; ``total`` is the sum of the
        observations in the metric's unit.
        """
        bounds = (*metric.buckets, math.inf)
        if len(bucket_counts) != len(bounds) or list(bucket_counts) != sorted(bucket_counts):
            raise ValueError(f"{metric.name} needs {len(bounds)} cumulative bucket counts, not {list(bucket_counts)}")
        if not total >= 0:
            self.dropped += 1
            return
        collected, labels = self._series(metric, values)
        if collected is None:
            return
        name, comma, braces = metric.name, "," if labels else "", f"{{{labels}}}" if labels else ""
        collected.lines += [
            f'{name}_bucket{{{labels}{comma}le="{format_value(bound)}"}} {count}\n'
            for bound, count in zip(bounds, bucket_counts, strict=True)
        ]
        collected.lines += [f"{name}_sum{braces} {format_value(total)}\n", f"{name}_count{braces} {bucket_counts[-1]}\n"]

    def build(self) -> tuple[FamilyBlock, ...]:
        """Render everything added: one block for each metric, in the order in which they were first added."""
        return tuple(
            FamilyBlock(name, part.metric.type.value, part.metric.help, "".join(part.lines).encode(), len(part.lines))
            for name, part in self._metrics.items()
        )

    def _series(self, metric: Metric, values: Sequence[str]) -> tuple[_Lines | None, str]:
        """Where the lines of a new series go and its label block; None (counted) when the unit has that series already."""
        collected = self._metrics.get(metric.name)
        if collected is None:
            collected = self._metrics[metric.name] = _Lines(metric)
        key = (collected.label_names, tuple(values))
        labels = self._labels.get(key)
        if labels is None:
            pairs = (f'{name}="{escape_label_value(value)}"' for name, value in zip(*key, strict=True))
            labels = self._labels[key] = ",".join((*self._workspace, *pairs))
        if labels in collected.seen:
            self.dropped += 1
            return None, labels
        collected.seen.add(labels)
        return collected, labels
