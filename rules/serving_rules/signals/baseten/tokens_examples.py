"""Examples of ``tokens``: several pods, two scrapers, and a promotion that shows the same pods twice."""

from __future__ import annotations

from serving_rules.model import Example
from serving_rules.signals.baseten.samples import counter, feed

__all__ = ["HIT_RATIO", "IN_FLIGHT"]


def _tokens(pod: str, scraper: str = "a", **labels: str) -> str:
    return feed("baseten_llm_avg_in_flight_tokens", scraper, pod=pod, **labels)


def _hits(part: str, pod: str, scraper: str = "a", **labels: str) -> str:
    return feed(f"baseten_llm_kv_cache_hit_rate_{part}", scraper, pod=pod, **labels)


IN_FLIGHT = (
    Example(
        "pods add up, scrapers do not, and neither do the two sets of words of a promotion",
        {
            _tokens("x1"): 50_000,
            _tokens("x1", "b"): 40_000,
            _tokens("x2"): 30_000,
            _tokens("x1", environment="", rollout_phase=""): 50_000,
            _tokens("x1", rollout_phase="promoting"): 20_000,
            _tokens("x1", environment="staging"): 10_000,
            _tokens("y1", deployment_id="d-two"): 7,
        },
        "5m",
        {"serving:inflight_tokens:avg": 80_000, 'serving:inflight_tokens:avg{deployment_id="d-two"}': 7},
    ),
)

HIT_RATIO = (
    Example(
        "look-ups are weighed by their number, over the last quarter of an hour alone",
        {
            _hits("sum", "x1"): counter(15, 40, before=90, first=6, second=12),
            _hits("sum", "x1", "b"): counter(15, 40, before=9, first=1, second=1),
            _hits("count", "x1"): counter(15, 40, before=100, first=10, second=30),
            _hits("count", "x1", "b"): counter(15, 40, before=10, first=2, second=2),
            _hits("sum", "x2"): counter(15, 40, before=0, first=7, second=7),
            _hits("count", "x2"): counter(15, 40, before=0, first=20, second=20),
        },
        "40m",
        {"serving:kv_cache_hit_ratio:mean15m": 0.4},
    ),
    Example(
        "without look-ups there is no ratio",
        {_hits("sum", "x1"): 5, _hits("count", "x1"): 9},
        "40m",
        {},
    ),
)
