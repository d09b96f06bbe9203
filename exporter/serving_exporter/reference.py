"""The pages of the documentation that are made from the code: ``python -m serving_exporter.reference docs`` writes them.

They are committed, and a test fails when a committed page differs from what is written here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from serving_exporter.catalogue import Metric, MetricType, platform_metrics, self_metrics
from serving_exporter.config.documentation import markdown

__all__ = ["metrics_page", "pages"]


def pages() -> dict[str, str]:
    """Every generated page by file name."""
    return {"metrics.md": metrics_page(), "configuration.md": markdown()}


def metrics_page() -> str:
    """Return the metrics reference as Markdown, made from the catalogue."""
    return "\n".join(
        [
            "# Metrics",
            "",
            "<!-- Generated from exporter/serving_exporter/catalogue.py: edit there, then run `make docs`. -->",
            "",
            "Every platform series also carries the label `workspace` (unless `workspace_label: false`). The native families of",
            "Baseten's feed (`baseten_concurrent_requests`, `baseten_replicas_active`, …) pass through with names, labels and",
            "values unchanged and are described in Baseten's own documentation. Values are polled in the background, not",
            "collected at scrape; none carries a timestamp. A value that the API did not give is absent, never zero.",
            "",
            "## What the exporter adds",
            "",
            *_table(platform_metrics()),
            "",
            "## The exporter itself",
            "",
            "With them come the `process_*` and `python_*` metrics of the client library.",
            "",
            *_table(self_metrics()),
            "",
        ]
    )


def _table(metrics: Iterable[Metric]) -> Iterable[str]:
    yield "| Metric | Type | Labels | Source | Meaning |"
    yield "| --- | --- | --- | --- | --- |"
    for metric in metrics:
        labels = ", ".join(f"`{label}`" for label in metric.labels) or "–"
        kind = metric.type.value
        if metric.type is MetricType.HISTOGRAM:
            kind += f", buckets {metric.buckets[0]:g} to {metric.buckets[-1]:g}"
        yield f"| `{metric.name}` | {kind} | {labels} | {metric.source} | {metric.help} |"


def _write(folder: Path) -> None:
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    _write(Path(sys.argv[1]))
