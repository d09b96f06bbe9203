"""Series of the feed for examples, with every label that they have, and counters whose shape pins the window that reads them."""

from __future__ import annotations

from serving_rules.promql import number

__all__ = ["counter", "feed", "settings", "source_up"]


def feed(metric: str, scraper: str = "a", **labels: str) -> str:
    """Spell a series of the feed as one scraper sees it; ``labels`` are added, and win."""
    words = {"model_name": "chat", "environment": "production", "rollout_phase": "stable"}
    return _series(metric, scraper, {**words, **labels})


def settings(metric: str, scraper: str = "a", **labels: str) -> str:
    """Spell a series that the exporter makes of the management API: ids only."""
    return _series(metric, scraper, labels)


def source_up(source: str, scraper: str = "a", workspace: str = "w-one") -> str:
    """Spell the exporter's own word on one of its sources."""
    return f'serving_exporter_source_up{{workspace="{workspace}",source="{source}",job="{scraper}",instance="{scraper}-1"}}'


def counter(window: int, at: int, *, before: float, first: float, second: float, start: float = 100_000) -> str:
    """Make a counter with three slopes (an increase for each minute): before a window of whole minutes that ends at minute ``at``, in its
    first
    half and in its second half. Twice or half the window gives another rate.

    The sample at the window's left edge is missing: a closed window (Prometheus 2) and a left-open one (3) then hold the same samples.
    The increase over the window is that of its samples times window / (window - 1).
    """
    edge = at - window
    value, samples = start, []
    for minute in range(at + 1):
        if minute:
            value += before if minute <= edge + 1 else first if minute <= edge + 1 + (window - 1) // 2 else second
        samples.append("_" if minute == edge else number(value))
    return " ".join(samples)


def _series(metric: str, scraper: str, labels: dict[str, str]) -> str:
    every = {"workspace": "w-one", "model_id": "m-one", "deployment_id": "d-one", **labels, "job": scraper, "instance": f"{scraper}-1"}
    pairs = ",".join(f'{name}="{value}"' for name, value in every.items())
    return f"{metric}{{{pairs}}}"
