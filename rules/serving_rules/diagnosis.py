"""What the platform's own documentation and the published evaluations tell people to look for, and what of it a rule now looks for.

Detections name the rows that they answer (``Detection.origins``). The rest are rows that no detection claims: those of prose outside of the
tables, with the detections that answer them, and those that no rule can answer, with what does.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ROWS", "Row"]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a diagnosis table in a few words. ``also`` are slugs of detections, ``instead`` what answers a row that is no rule's."""

    id: str
    source: str
    seen: str
    cause: str
    also: tuple[str, ...] = ()
    instead: str = ""


_METRICS = "Baseten, metrics page"
_TROUBLE = "Baseten, troubleshooting"
_EVALS = "Published evaluation"

ROWS: tuple[Row, ...] = (
    Row("D1", _METRICS, "Latency spikes where the number of replicas changes", "Oscillation"),
    Row("D2", _METRICS, "At the maximum, and latency still grows", "Too little capacity"),
    Row("D3", _METRICS, "Many replicas starting, few active", "Cold starts"),
    Row("D4", _METRICS, "Much traffic, few replicas", "Concurrency target too high"),
    Row("D5", _METRICS, "Replicas vanish too fast", "Scale-down delay too short"),
    Row("M1", _METRICS, "The queue grows", "More arrives than is worked off", also=("async_backlog", "capacity_saturated")),
    Row("M2", _METRICS, "Little GPU use", "More is provisioned than needed", also=("over_provisioned",)),
    Row("M3", _METRICS, "Pods unready for long", "Readiness fails, or termination is slow", also=("pods_not_ready",)),
    Row("M4", _METRICS, "Frequent restarts", "A crash while loading, memory, or a probe that fails under load", also=("restart_loop",)),
    Row("T1", _TROUBLE, "Slow first tokens and tails when replicas change", "Replicas leave under load; cold starts"),
    Row("T2", _TROUBLE, "Replicas bounce by one under steady traffic", "Noise at a scaling boundary"),
    Row("T3", _TROUBLE, "Scaling up for many minutes", "No hardware in the region, or a slow load"),
    Row("T4", _TROUBLE, "At zero before the first test", "A floor of zero"),
    Row("T5", _TROUBLE, "The asynchronous queue grows", "Arrivals exceed service"),
    Row("T6", _TROUBLE, "The bill is too high", "A target of one, idle replicas"),
    Row("T7", _TROUBLE, "The first request takes minutes", "Weights, downloads, the load step"),
    Row(
        "T8",
        _TROUBLE,
        "A development deployment does not scale",
        "By design",
        instead="By design, so nothing fires: the guard NOT_DEVELOPMENT keeps every rule on scaling away from it. Promote it.",
    ),
    Row(
        "T9",
        _TROUBLE,
        "Unsure which traffic pattern it is",
        "–",
        instead="The recommended settings below are computed from the traffic itself, without naming its pattern.",
    ),
    Row("T10", _TROUBLE, "The concurrency target does not fit", "Too low: many replicas; too high: queues at replicas that look healthy"),
    Row("T11", _TROUBLE, "One replica of many is stuck", "A hang, or memory"),
    Row("E1", _EVALS, "An embedding model with a target of one costs eight times as much", "Replicas cannot batch"),
    Row("E2", _EVALS, "From zero to 50 requests a second in five seconds", "Scaling up is bounded by the cold start"),
    Row(
        "E3",
        _EVALS,
        "Cold in the morning after a delay of 30 s",
        "The delay trades idle spend against cold starts; no delay bridges a night",
    ),
    Row("A2", _EVALS, "Billed GPU seconds exceed those of the requests", "Starting and draining are billed and belong to no request"),
    Row("A3", _EVALS, "Five times the usual GPU seconds at night", "A runaway; bounded by floor and ceiling only"),
)
