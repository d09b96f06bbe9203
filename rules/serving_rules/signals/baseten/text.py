"""PromQL for Baseten's series: how they are brought to one series for each deployment.

The series of the feed carry the deployment's words (``model_name``, ``environment``, ``rollout_phase``) and change them when a deployment
is attached or promoted; aggregating to the ids first makes that invisible to every rule.
"""

from __future__ import annotations

from collections.abc import Mapping

from serving_rules.model import Example, Record
from serving_rules.promql import DEPLOYMENT, names, once

__all__ = ["FEED_WORKS", "IDS", "SYNC", "ZERO", "current", "level", "rates", "record"]

IDS = DEPLOYMENT[1:]
"""The identifying labels of the raw series: those of a deployment without ``platform``, which the rule adds."""

_PLATFORM = {"platform": "baseten"}

SYNC = 'is_async!~"(?i)true"'
"""Synchronous requests; the spelling of the flag is not documented."""

FEED_WORKS = 'max by (workspace) (serving_exporter_source_up{source="feed"}) == 1'

ZERO = f"0 * max by ({names(IDS)}) (baseten_deployment_max_replicas) and on (workspace) ({FEED_WORKS})"
"""Zero for each deployment whose settings are known, while the feed works.

At zero replicas series of a deployment vanish from the feed. ``or`` this turns that into 0, and only that: after a failed scrape of the
exporter or of the feed there is a gap, not a false scale to zero.
"""


def record(name: str, expr: str, meaning: str, *examples: Example, labels: Mapping[str, str] | None = None) -> Record:
    """Return a signal of this platform: the recorded series says where it came from."""
    return Record(name, expr, meaning, {**_PLATFORM, **(labels or {})}, examples)


def current(metric: str) -> str:
    """One value for each deployment of a gauge that every scraper sees alike (a setting, a limit, a price)."""
    return f"max by ({names(IDS)}) ({metric})"


def level(metric: str) -> str:
    """One value for each deployment of a gauge of the feed, 0 where its series vanished with the last replica."""
    return f"max by ({names(IDS)}) ({metric})\nor\n({ZERO})"


def rates(metric: str, window: str, *more: str, of: str = "rate") -> str:
    """Sum of a counter's rates for each deployment (and ``more`` labels), counted once however many scrape it."""
    return f"sum by ({names((*IDS, *more))}) ({once(f'{of}({metric}[{window}])')})"
