"""Conditions that keep detections from lying, each with the failure that taught it.

A guard is appended to a condition: ``f"{condition} {NOT_ROLLOUT} {ELASTIC}"``. Guards that need settings are written with ``unless``, so
that without settings (a plain scrape of the platform's feed) the guard does not hold the detection back.
"""

from __future__ import annotations

from serving_rules.model import Guard
from serving_rules.promql import MODEL, names

__all__ = [
    "ALONE",
    "ELASTIC",
    "GUARDS",
    "NOT_ASYNC",
    "NOT_DEVELOPMENT",
    "NOT_DRAINING",
    "NOT_ROLLOUT",
    "NOT_TOKENS",
    "NOT_WEBSOCKET",
    "NOT_WITHOUT_HARDWARE",
    "QUIET_RESTARTS",
    "SETTLED",
]

NOT_ROLLOUT = Guard(
    "NOT_ROLLOUT",
    f"unless on ({names(MODEL)}) serving_model:rollout:recent30m",
    "During a promotion replicas and load move from one deployment to another: both look as if they flapped, starved or shrank.",
)
ALONE = Guard(
    "ALONE",
    "unless serving:rollout:recent30m",
    "While a promotion runs, two deployments share one load and one ceiling, and neither reaches it alone: the environment as a whole is "
    "judged instead, by alerts of its own. Unlike NOT_ROLLOUT it spares the model's other environments.",
)
NOT_DRAINING = Guard(
    "NOT_DRAINING",
    "unless serving:ceiling_backlog:draining",
    "After a cold start the queue of the start stands before a full fleet that is large enough: a higher ceiling would not have spared "
    "anybody the wait, and the queue is on its way out.",
)
NOT_WITHOUT_HARDWARE = Guard(
    "NOT_WITHOUT_HARDWARE",
    'unless ignoring (cause) serving:stuck_starting_cause:current{cause="no hardware"}',
    "Starts that wait for hardware are not slow: a larger floor would wait beside them. ServingReplicasStuckStarting says so after "
    "minutes, where the start-ups API tells.",
)
ELASTIC = Guard(
    "ELASTIC",
    "unless (serving:max_replicas:current <= serving:min_replicas:current)",
    "A deployment pinned to one size cannot scale; rules on scaling fired for pinned workloads in other packs for six years.",
)
SETTLED = Guard(
    "SETTLED",
    "unless (serving:bounds:changes30m > 0)",
    "A schedule's boundary or an operator's edit moves replicas for half an hour without anything being wrong.",
)
NOT_DEVELOPMENT = Guard(
    "NOT_DEVELOPMENT",
    "unless serving:development:flag",
    "Development deployments have at most one replica, are not billed, and stop and start as their author works.",
)
NOT_TOKENS = Guard(
    "NOT_TOKENS",
    "unless serving:target_inflight_tokens:current",
    "BIS-LLM deployments scale on tokens in flight: requests and concurrency targets say nothing about them. What is reckoned with slots "
    "has no need of this guard: such deployments have none.",
)
NOT_ASYNC = Guard(
    "NOT_ASYNC",
    "unless (serving:async_requests:share1h > 0.5)",
    "Asynchronous work is not part of the in-flight requests: a replica busy with it looks idle.",
)
NOT_WEBSOCKET = Guard(
    "NOT_WEBSOCKET",
    "unless (serving:websocket_connections:max2h > 0)",
    "An open WebSocket keeps its replica, and replicas leave one at a time, when their last connection closes.",
)
QUIET_RESTARTS = Guard(
    "QUIET_RESTARTS",
    "unless (serving:restarts:sum2h >= 3)",
    "A crash loop takes replicas away and brings them back: it imitates thrash, and its cure is another.",
)

GUARDS = (
    NOT_ROLLOUT,
    ALONE,
    NOT_DRAINING,
    ELASTIC,
    SETTLED,
    NOT_DEVELOPMENT,
    NOT_TOKENS,
    NOT_ASYNC,
    NOT_WEBSOCKET,
    NOT_WITHOUT_HARDWARE,
    QUIET_RESTARTS,
)
"""Every guard, for the documentation."""
