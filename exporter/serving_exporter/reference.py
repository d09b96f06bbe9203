"""The pages of the documentation that are made from the code: ``python -m serving_exporter.reference docs`` writes them.

They are committed, and a test fails when a committed page differs from what is written here.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from serving_exporter.catalogue import ALL, NATIVE, Metric, MetricType, platform_metrics, self_metrics
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
            "<!-- Generated from exporter/serving_exporter/catalogue/: edit there, then run `make docs`. -->",
            "",
            "Every platform series also carries the label `workspace` (unless `workspace_label: false`). Values are polled in the",
            "background, not collected at scrape; none carries a timestamp. A value that the API did not give is absent, never zero.",
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
            "## What the platform's feed has",
            "",
            "These families pass through with names, labels and values unchanged, and so does any other that the feed has, as those of",
            "the engines vLLM and SGLang. `environment` and `rollout_phase` are empty or absent for a deployment in no environment. The",
            "bounds of the histograms are not published. Of families marked †, each pod has a series of its own, told apart by one more",
            "label whose name is not published: aggregate over it.",
            "",
            *_native_table(),
            "",
            "## Label values",
            "",
            "Labels that have few values. The platform's lists may grow, and a new word goes on the page as it is; a status, outcome or",
            "phase that does not look like a word becomes `UNKNOWN` (`unknown` in `phase`). Empty means that the platform names none.",
            "",
            *_value_table(),
            "",
        ]
    )


def _table(metrics: Iterable[Metric]) -> Iterable[str]:
    yield "| Metric | Type | Labels | Source | Meaning |"
    yield "| --- | --- | --- | --- | --- |"
    for metric in metrics:
        kind = metric.type.value
        if metric.type is MetricType.HISTOGRAM:
            kind += f", buckets {metric.buckets[0]:g} to {metric.buckets[-1]:g}"
        yield f"| `{metric.name}` | {kind} | {_code(metric.labels) or '–'} | {metric.source} | {metric.help} |"


def _native_table() -> Iterable[str]:
    yield "| Metric | Type | Labels | Present for | Meaning |"
    yield "| --- | --- | --- | --- | --- |"
    for metric in NATIVE.values():
        mark = " †" if metric.per_pod else ""
        yield f"| `{metric.name}`{mark} | {metric.type.value} | {_code(metric.labels)} | {metric.presence.value} | {metric.help} |"


def _value_table() -> Iterable[str]:
    """List the enumerations by label; the metrics are named where the values depend on them."""
    found: dict[str, dict[tuple[str, ...], list[str]]] = defaultdict(lambda: defaultdict(list))
    for metric in ALL.values():
        for label, words in metric.values.items():
            found[label][words].append(metric.name)
    yield "| Label | On | Values |"
    yield "| --- | --- | --- |"
    for label, enumerations in found.items():
        for words, names in enumerations.items():
            where = "every metric that has it" if len(enumerations) == 1 else _code(names)
            yield f"| `{label}` | {where} | {_code(word for word in words if word)}{', or empty' if '' in words else ''} |"


def _code(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _write(folder: Path) -> None:
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    _write(Path(sys.argv[1]))
