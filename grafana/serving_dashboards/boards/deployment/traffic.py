"""Requests: how many, how they were answered, how long they took, how large they were."""

from __future__ import annotations

from serving_dashboards.colours import Colour
from serving_dashboards.document import Row
from serving_dashboards.needs import Needs
from serving_dashboards.panels import Graph, Limit, Unit
from serving_dashboards.queries import Line, Query, by_scope, quantile, rate, signal
from serving_rules.signals.baseten.objectives import FAILED

__all__ = ["LATENCY", "NAMES", "SIZES", "VOLUME", "percentiles"]

NAMES = "{{model_name}} {{environment}} {{deployment_name}}"
_PERCENTILES = ((0.5, Colour.P50), (0.9, Colour.P90), (0.95, Colour.P95), (0.99, Colour.P99))
_REQUESTS = "baseten_inference_requests_total"


def percentiles(title: str, description: str, histogram: str, unit: str, *, needs: Needs = Needs.FEED, width: int = 12) -> Graph:
    """Return the graph of a histogram's 50th, 90th, 95th and 99th percentile."""
    return Graph(
        title=title,
        description=description,
        queries=[Query(quantile(share, histogram), f"p{share * 100:g} {NAMES}", colour) for share, colour in _PERCENTILES],
        unit=unit,
        needs=needs,
        width=width,
        height=9,
    )


def _answers(codes: str) -> str:
    return by_scope(rate(_REQUESTS, f'status_code=~"{codes}"'))


VOLUME = Row(
    "Inference volume",
    (
        Graph(
            title="Inference volume",
            description="Requests answered in a second by class of HTTP status. 4xx has 429 (refused at the ceiling) and 499 (the client "
            "gave up); 5xx has 502 (a replica died) and 500 (the model's own error, or a wait that ran out).",
            queries=[
                Query(_answers("2.."), f"2xx {NAMES}", Colour.SUCCESS),
                Query(_answers("4.."), f"4xx {NAMES}", Colour.CLIENT_ERROR),
                Query(_answers("5.."), f"5xx {NAMES}", Colour.SERVER_ERROR),
            ],
            unit=Unit.REQUESTS,
            needs=Needs.FEED,
            stacked=True,
            width=12,
            height=9,
        ),
        Graph(
            title="Error share",
            description="Share of the answers that failed: 5xx, 429, 408, broken WebSockets and gRPC statuses of these kinds, as the error "
            "budget counts them. Callers that gave up (499) are neither good nor bad: see the volume.",
            queries=[
                Query(f"({_answers(FAILED)} or 0 * {by_scope(rate(_REQUESTS))}) / ({by_scope(rate(_REQUESTS))} > 0)", NAMES),
            ],
            unit=Unit.RATIO,
            needs=Needs.FEED,
            limits=[Limit(0.01, Colour.CRITICAL)],
            width=12,
            height=9,
        ),
        Graph(
            title="WebSocket closes by code",
            description="WebSockets that ended in a second, by close code (1000 and up). 1000 and 1001 end in order; 1006, 1011 to 1014 "
            "are breaks.",
            queries=[Query(by_scope(rate(_REQUESTS, 'status_code=~"1[0-9]{3}|[34][0-9]{3}"'), "status_code"), "{{status_code}} " + NAMES)],
            unit=Unit.REQUESTS,
            needs=Needs.WEBSOCKET,
        ),
        Graph(
            title="gRPC answers by status",
            description="gRPC calls answered in a second, by status (0 to 16). 0 is OK, 1 was cancelled by the caller, 8 is refused at the "
            "ceiling, 13 is the model's own failure, 14 that nothing took the call.",
            queries=[Query(by_scope(rate(_REQUESTS, 'status_code=~"[0-9]|1[0-6]"'), "status_code"), "{{status_code}} " + NAMES)],
            unit=Unit.REQUESTS,
            needs=Needs.GRPC,
        ),
        Graph(
            title="Synchronous and asynchronous requests",
            description="Requests answered in a second by how they were called. Only synchronous ones count as load for the autoscaler.",
            queries=[
                Query(by_scope(rate(_REQUESTS, 'is_async!~"(?i)true"')), f"synchronous {NAMES}", Colour.DEMAND),
                Query(by_scope(rate(_REQUESTS, 'is_async=~"(?i)true"')), f"asynchronous {NAMES}", Colour.STARTING),
            ],
            unit=Unit.REQUESTS,
            needs=Needs.FEED,
        ),
    ),
)

_TIME = signal("serving:latency_seconds:mean15m")
_WAITING = f"clamp_min(avg_over_time({signal('serving:waiting_requests:avg5m')}[15m]), 0)"
_ANSWERED = f"(avg_over_time({signal('serving:sync_requests:rate5m')}[15m]) > 0)"

LATENCY = Row(
    "Response time",
    (
        percentiles(
            "End-to-end response time",
            "Time from the arrival of a request to the end of its answer, with every wait for a slot or a start; failed requests too.",
            "baseten_end_to_end_response_time_seconds",
            Unit.SECONDS,
        ),
        percentiles(
            "Time to first byte",
            "Time from the arrival of a request to the first byte of its answer: the nearest there is to the time to the first token.",
            "baseten_time_to_first_byte_seconds",
            Unit.SECONDS,
        ),
        Graph(
            title="Inference time (nearest proxy)",
            description="The platform shows an inference time and exports none. The nearest honest number is the mean response time (15 "
            "minutes) less the mean wait at the router, by Little's law: requests beyond the slots over those answered in a second. It is "
            "a mean, has no percentiles, still holds the network, and reads too high while replicas that batch slow each other down.",
            queries=[
                Query(by_scope(f"clamp_min({_TIME} - {_WAITING} / {_ANSWERED}, 0)", operation="max"), f"inference {NAMES}", Colour.P50),
                Query(by_scope(_TIME, operation="max"), f"response time {NAMES}", Colour.P95, Line.DASHED),
            ],
            unit=Unit.SECONDS,
            needs=Needs.SETTINGS,
            width=24,
        ),
    ),
)

SIZES = Row(
    "Sizes",
    (
        percentiles(
            "Request size",
            "Bytes in the body of a request; they grow with its input tokens.",
            "baseten_request_size_bytes",
            Unit.BYTES,
        ),
        percentiles(
            "Response size",
            "Bytes in an answer; they grow with its output tokens. A change here explains a change of latency.",
            "baseten_response_size_bytes",
            Unit.BYTES,
        ),
    ),
)
