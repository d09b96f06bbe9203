"""The families of the platform's own feed, which pass through unchanged: what a rule or a panel may expect of them.

The exporter does not read this list: whatever the feed has goes on the page. Engines that the platform detects (vLLM, SGLang) add families
of their own, whose names are not published; they are not listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from serving_exporter.catalogue.label_values import IS_ASYNC, POD_CONDITIONS, ROLLOUT_PHASES
from serving_exporter.catalogue.metric import Metric, MetricType, Scope

__all__ = ["NATIVE", "NativeMetric", "Presence"]


class Presence(Enum):
    """For which deployments the platform has a family. A rule must not take its absence for zero."""

    ALWAYS = "every deployment"
    POD_HEALTH = "organizations with the feature flag for pod health"
    GPU = "instance types with a GPU"
    ASYNC = "deployments that are called asynchronously"
    WEBHOOKS = "asynchronous calls with a webhook"
    WEBSOCKET = "WebSocket models"
    BIS_LLM = "BIS-LLM deployments"
    SPECULATION = "BIS-LLM deployments with speculative decoding"


@dataclass(frozen=True, slots=True)
class NativeMetric(Metric):
    """One family of the feed.

    ``environment`` and ``rollout_phase`` are empty or absent for a deployment in no environment, and change when one is promoted: they must
    not be part of a key. ``per_pod`` families have one series for each pod, told apart by a label that is not in ``labels`` because its
    name is not published: a query can only aggregate over it.
    """

    presence: Presence = Presence.ALWAYS
    per_pod: bool = False


_DEPLOYMENT = ("model_name", "environment", "rollout_phase")
_REQUEST = (*_DEPLOYMENT, "status_code", "is_async")
_CONDITION = (*_DEPLOYMENT, "condition")
_REPLICA = (*_DEPLOYMENT, "replica")
_GPU = (*_REPLICA, "gpu")

_VALUES = {"rollout_phase": ROLLOUT_PHASES, "is_async": IS_ASYNC, "condition": POD_CONDITIONS}

_GAUGE, _COUNTER, _HISTOGRAM = MetricType.GAUGE, MetricType.COUNTER, MetricType.HISTOGRAM
_ALWAYS, _BIS_LLM, _SPECULATION = Presence.ALWAYS, Presence.BIS_LLM, Presence.SPECULATION

_Row = tuple[str, MetricType, tuple[str, ...], Presence, str]

_ROWS: tuple[_Row, ...] = (
    ("inference_requests_total", _COUNTER, _REQUEST, _ALWAYS, "Requests answered, by status code."),
    ("end_to_end_response_time_seconds", _HISTOGRAM, _REQUEST, _ALWAYS,
     "Time from the arrival of a request to the end of its answer, with every wait for a replica; of a WebSocket, how long it was open."),
    ("time_to_first_byte_seconds", _HISTOGRAM, _REQUEST, _ALWAYS,
     "Time from the arrival of a request to the first byte of its answer; the nearest there is to the time to the first token."),
    ("request_size_bytes", _HISTOGRAM, _REQUEST, _ALWAYS, "Bytes in the body of a request; they grow with its input tokens."),
    ("response_size_bytes", _HISTOGRAM, _REQUEST, _ALWAYS, "Bytes in an answer; they grow with its output tokens."),
    ("concurrent_requests", _GAUGE, _DEPLOYMENT, _ALWAYS,
     "Synchronous requests in flight, waiting ones too: the autoscaler's input. Sampled at instants, between which short requests fall."),
    ("replicas_active", _GAUGE, _DEPLOYMENT, _ALWAYS,
     "Replicas that can serve; of a development deployment also while its reload server runs."),
    ("replicas_starting", _GAUGE, _DEPLOYMENT, _ALWAYS,
     "Replicas on their way: without hardware as yet, or loading the model; which of the two is not told."),
    ("container_restarts_total", _COUNTER, _DEPLOYMENT, Presence.POD_HEALTH,
     "Times that the model's container was started anew, after a crash, for want of memory or by its liveness probe."),
    ("pod_readiness", _GAUGE, _CONDITION, Presence.POD_HEALTH, "Pods by whether Kubernetes calls them ready."),
    ("container_cpu_usage_seconds_total", _COUNTER, _REPLICA, _ALWAYS, "CPU time used by a replica's container; its rate is in cores."),
    ("container_cpu_memory_working_set_bytes", _GAUGE, _REPLICA, _ALWAYS, "Memory of a replica's container that is in use."),
    ("gpu_memory_used", _GAUGE, _GPU, Presence.GPU, "Memory used on one GPU, in MiB although the name has no unit."),
    ("gpu_utilization", _GAUGE, _GPU, Presence.GPU, "Share of the time in which something ran on a GPU, in percent from 0 to 100."),
    ("async_queue_size", _GAUGE, _DEPLOYMENT, Presence.ASYNC, "Async requests that wait, sampled at an instant."),
    ("time_in_async_queue_seconds", _HISTOGRAM, _DEPLOYMENT, Presence.ASYNC, "How long async requests waited before they were taken up."),
    ("async_webhook_requests_total", _COUNTER, _DEPLOYMENT, Presence.WEBHOOKS, "Attempts to call a webhook; their success is not told."),
    ("async_webhook_latency_seconds", _HISTOGRAM, _DEPLOYMENT, Presence.WEBHOOKS, "How long the calls of webhooks took."),
    ("ongoing_websocket_connections", _GAUGE, _DEPLOYMENT, Presence.WEBSOCKET, "WebSocket connections that are open."),
)  # fmt: skip

_POD_ROWS: tuple[_Row, ...] = (
    ("llm_input_tokens_total", _COUNTER, _DEPLOYMENT, _BIS_LLM, "Tokens read."),
    ("llm_output_tokens_total", _COUNTER, _DEPLOYMENT, _BIS_LLM, "Tokens written."),
    ("llm_input_tokens_per_request", _HISTOGRAM, _DEPLOYMENT, _BIS_LLM, "Tokens read for one request."),
    ("llm_output_tokens_per_request", _HISTOGRAM, _DEPLOYMENT, _BIS_LLM, "Tokens written for one request."),
    ("llm_tokens_per_second_per_request", _HISTOGRAM, _DEPLOYMENT, _BIS_LLM, "Tokens that one request gets in a second."),
    ("llm_kv_cache_hit_rate", _HISTOGRAM, _DEPLOYMENT, _BIS_LLM, "Share of the KV cache look-ups of a worker that hit, 0 to 1."),
    ("llm_spec_decode_num_accepted_tokens_total", _COUNTER, _DEPLOYMENT, _SPECULATION, "Speculated tokens that were kept."),
    ("llm_spec_decode_num_draft_tokens_total", _COUNTER, _DEPLOYMENT, _SPECULATION, "Speculated tokens in all."),
    ("llm_in_flight_tokens", _GAUGE, _DEPLOYMENT, _BIS_LLM, "Tokens in flight now, on workers and queued at the router."),
    ("llm_avg_in_flight_tokens", _GAUGE, _DEPLOYMENT, _BIS_LLM,
     "Tokens in flight, averaged over the deployment's autoscaling window: what the autoscaler of these deployments looks at."),
    ("llm_num_requests", _GAUGE, _DEPLOYMENT, _BIS_LLM, "Requests on the workers now."),
)  # fmt: skip


def _families() -> Iterator[NativeMetric]:
    for per_pod, rows in ((False, _ROWS), (True, _POD_ROWS)):
        for name, kind, labels, presence, text in rows:
            values = {label: words for label, words in _VALUES.items() if label in labels}
            yield NativeMetric(
                f"baseten_{name}", kind, Scope.DEPLOYMENT, text, "feed", labels,
                values=MappingProxyType(values), presence=presence, per_pod=per_pod,
            )  # fmt: skip


NATIVE: dict[str, NativeMetric] = {metric.name: metric for metric in _families()}
