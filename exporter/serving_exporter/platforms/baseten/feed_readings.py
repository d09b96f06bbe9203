"""What the feed's lines say of each deployment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from serving_exporter.exposition.decoding import Observation
from serving_exporter.platforms.baseten.state import FeedReading, Key

__all__ = ["WATCHED", "readings"]

_GAUGES = {
    "baseten_concurrent_requests": "in_flight",
    "baseten_replicas_active": "active",
    "baseten_replicas_starting": "starting",
    "baseten_async_queue_size": "queue_size",
    "baseten_llm_avg_in_flight_tokens": "average_tokens",
}
_REQUESTS = "baseten_inference_requests_total"

WATCHED = frozenset({*_GAUGES, _REQUESTS})
"""The names that ``readings`` wants to see."""


def readings(observed: Iterable[Observation]) -> dict[Key, FeedReading]:
    """Join the observations of one page into one reading for each deployment.

    Attaching or promoting a deployment changes its labels ``environment`` and ``rollout_phase``, and for a moment both sets are on the page
    with the same replicas behind them: the larger value counts. Within one such set, series that differ in other labels (the hashed pod of
    the BIS-LLM families) are parts and add up.
    """
    sums: dict[Key, dict[str, dict[tuple[str, str], float]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(float)))
    async_requests: dict[Key, float] = {}
    for name, labels, value in observed:
        key = (labels.get("model_id", ""), labels.get("deployment_id", ""))
        if not all(key):
            continue
        if name in _GAUGES:
            sums[key][_GAUGES[name]][labels.get("environment", ""), labels.get("rollout_phase", "")] += value
        elif name == _REQUESTS and labels.get("is_async", "").casefold() == "true":
            async_requests[key] = async_requests.get(key, 0.0) + value
    return {
        key: FeedReading(
            **{field: max(parts.values()) for field, parts in sums.get(key, {}).items()},
            async_requests=async_requests.get(key),
        )
        for key in {**sums, **async_requests}
    }
