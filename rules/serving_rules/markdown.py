"""The few pieces of Markdown that pages are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from serving_rules.model import Alert

__all__ = ["cell", "limited", "table", "told"]


def cell(text: str) -> str:
    """Fit a text into a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """Yield the lines of a table."""
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def limited(labels: Mapping[str, str]) -> str:
    """Say to which alerts of a name something is limited, after the name."""
    return f" ({', '.join(f'`{name}={value}`' for name, value in labels.items())})" if labels else ""


def told(alert: Alert) -> str:
    """Write an alert's summary as a cell, with the labels that tell it from others of its name."""
    return cell(alert.summary) + limited(alert.labels)
