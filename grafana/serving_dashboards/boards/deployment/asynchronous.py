"""Asynchronous requests and their webhooks."""

from __future__ import annotations

from serving_dashboards.boards.deployment.traffic import NAMES, percentiles
from serving_dashboards.colours import Colour
from serving_dashboards.document import Row
from serving_dashboards.needs import Needs
from serving_dashboards.panels import Graph, Unit
from serving_dashboards.queries import Query, by_scope, quantile, rate, signal

__all__ = ["ROW"]

ROW = Row(
    "Asynchronous requests",
    (
        percentiles(
            "Time in the async queue",
            "How long asynchronous requests waited before they were taken up.",
            "baseten_time_in_async_queue_seconds",
            Unit.SECONDS,
            needs=Needs.ASYNC,
        ),
        Graph(
            title="Async queue",
            description="Asynchronous requests that wait, and that are worked on. The autoscaler does not see the queue.",
            queries=[
                Query(by_scope(signal("serving:async_queued:max")), f"waiting {NAMES}", Colour.WAITING),
                Query(by_scope(signal("serving:async_in_progress:max")), f"in progress {NAMES}", Colour.ACTIVE),
            ],
            unit=Unit.COUNT,
            needs=Needs.ASYNC,
            width=12,
            height=9,
        ),
        Graph(
            title="Webhook calls",
            description="Attempts in a second to call a webhook with an answer. Whether they succeeded is not told.",
            queries=[Query(by_scope(rate("baseten_async_webhook_requests_total")), NAMES)],
            unit=Unit.REQUESTS,
            needs=Needs.WEBHOOKS,
            width=12,
        ),
        Graph(
            title="Webhook latency",
            description="How long nineteen in twenty calls of webhooks took at most.",
            queries=[Query(quantile(0.95, "baseten_async_webhook_latency_seconds"), f"p95 {NAMES}", Colour.P95)],
            unit=Unit.SECONDS,
            needs=Needs.WEBHOOKS,
            width=12,
        ),
    ),
    collapsed=True,
)
