"""Replicas and what they run on: how many, whether they are ready, what they use."""

from __future__ import annotations

from serving_dashboards.boards.deployment.traffic import NAMES
from serving_dashboards.colours import Colour
from serving_dashboards.document import Row
from serving_dashboards.needs import Needs
from serving_dashboards.panels import Graph, Unit
from serving_dashboards.queries import Line, Query, by_scope, metric, rate, signal
from serving_rules.promql import once

__all__ = ["HARDWARE", "REPLICAS"]

_MIB = 1024 * 1024
_GPU = once(metric("baseten_gpu_utilization"))
_GPU_MEMORY = f"{_MIB} * {once(metric('baseten_gpu_memory_used'))}"


def _of(name: str, *matchers: str) -> str:
    return by_scope(signal(name, *matchers))


REPLICAS = Row(
    "Replicas and concurrency",
    (
        Graph(
            title="Replicas",
            description="Active and starting replicas, those that the load asks for, and the bounds. Starting has no hardware yet or loads "
            "the model; the start-ups on the autoscaling dashboard tell which.",
            queries=[
                Query(_of("serving:active_replicas:max"), f"active {NAMES}", Colour.ACTIVE, Line.STEPS),
                Query(_of("serving:starting_replicas:max"), f"starting {NAMES}", Colour.STARTING, Line.STEPS),
                Query(_of("serving:desired_replicas:bounded"), f"desired {NAMES}", Colour.DESIRED),
                Query(by_scope(signal("serving:min_replicas:current"), operation="max"), f"min {NAMES}", Colour.BOUND, Line.DASHED),
                Query(by_scope(signal("serving:max_replicas:current"), operation="max"), f"max {NAMES}", Colour.BOUND, Line.DASHED),
            ],
            unit=Unit.COUNT,
            needs=Needs.RULES,
            width=12,
            height=9,
        ),
        Graph(
            title="Concurrent requests",
            description="Synchronous requests in flight, waiting ones too (the autoscaler's input), beside the slots of the active "
            "replicas. Above the slots requests wait.",
            queries=[
                Query(_of("serving:inflight_requests:max"), f"in flight {NAMES}", Colour.DEMAND),
                Query(_of("serving:slots:current"), f"slots {NAMES}", Colour.SLOTS, Line.STEPS),
            ],
            unit=Unit.COUNT,
            needs=Needs.FEED,
            width=12,
            height=9,
        ),
        Graph(
            title="Traffic-ready replicas",
            description="Pods by what Kubernetes says of their readiness. Unknown: their node does not answer.",
            queries=[
                Query(_of("serving:pods:max", 'condition="true"'), f"ready {NAMES}", Colour.ACTIVE, Line.STEPS),
                Query(_of("serving:pods:max", 'condition="false"'), f"not ready {NAMES}", Colour.STARTING, Line.STEPS),
                Query(_of("serving:pods:max", 'condition="unknown"'), f"unknown {NAMES}", Colour.BOUND, Line.STEPS),
            ],
            unit=Unit.COUNT,
            needs=Needs.POD_HEALTH,
        ),
        Graph(
            title="Container restarts",
            description="Times in each minute that a model's container was started anew: a crash, want of memory, or its liveness probe.",
            queries=[Query(_of("serving:restarts:increase1m"), NAMES, Colour.CRITICAL, Line.BARS)],
            unit=Unit.COUNT,
            needs=Needs.POD_HEALTH,
        ),
        Graph(
            title="WebSocket connections",
            description="Open WebSocket connections. They outlive a scale-down for as long as an hour.",
            queries=[Query(_of("serving:websocket_connections:max"), NAMES)],
            unit=Unit.COUNT,
            needs=Needs.WEBSOCKET,
        ),
    ),
)

HARDWARE = Row(
    "Hardware of a replica",
    (
        Graph(
            title="CPU usage",
            description="Cores that a replica keeps busy, mean over the replicas and the busiest, beside the cores of its instance.",
            queries=[
                Query(by_scope(rate("baseten_container_cpu_usage_seconds_total"), operation="avg"), f"mean {NAMES}", Colour.P50),
                Query(by_scope(rate("baseten_container_cpu_usage_seconds_total"), operation="max"), f"busiest {NAMES}", Colour.P95),
                Query(by_scope(metric("baseten_deployment_cpu_limit_cores"), operation="max"), f"limit {NAMES}", Colour.BOUND, Line.DASHED),
            ],
            unit=Unit.CORES,
            needs=Needs.FEED,
            width=12,
        ),
        Graph(
            title="Memory usage",
            description="Working set of a replica's container, mean and fullest, beside the memory of its instance. At the limit it is "
            "killed.",
            queries=[
                Query(
                    by_scope(once(metric("baseten_container_cpu_memory_working_set_bytes")), operation="avg"), f"mean {NAMES}", Colour.P50
                ),
                Query(
                    by_scope(once(metric("baseten_container_cpu_memory_working_set_bytes")), operation="max"),
                    f"fullest {NAMES}",
                    Colour.P95,
                ),
                Query(by_scope(signal("serving:memory_limit_bytes:current"), operation="max"), f"limit {NAMES}", Colour.BOUND, Line.DASHED),
            ],
            unit=Unit.BYTES,
            needs=Needs.FEED,
            width=12,
        ),
        Graph(
            title="GPU usage",
            description="Share of the time in which something ran on a GPU, mean over all GPUs and the busiest. It says nothing about how "
            "much of the GPU the work filled.",
            queries=[
                Query(by_scope(f"{_GPU} / 100", operation="avg"), f"mean {NAMES}", Colour.P50),
                Query(by_scope(f"{_GPU} / 100", operation="max"), f"busiest {NAMES}", Colour.P95),
            ],
            unit=Unit.RATIO,
            needs=Needs.GPU,
            maximum=1,
            width=12,
        ),
        Graph(
            title="GPU memory",
            description="Memory in use on a GPU, mean and fullest, beside the limit that the platform gives for the instance (per GPU or "
            "for all of them is not documented). Engines fill it on purpose: no alarm.",
            queries=[
                Query(by_scope(_GPU_MEMORY, operation="avg"), f"mean {NAMES}", Colour.P50),
                Query(by_scope(_GPU_MEMORY, operation="max"), f"fullest {NAMES}", Colour.P95),
                Query(
                    by_scope(metric("baseten_deployment_gpu_memory_limit_bytes"), operation="max"),
                    f"limit {NAMES}",
                    Colour.BOUND,
                    Line.DASHED,
                ),
            ],
            unit=Unit.BYTES,
            needs=Needs.GPU,
            width=12,
        ),
    ),
)
