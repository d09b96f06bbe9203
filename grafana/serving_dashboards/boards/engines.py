"""Inside the replicas: tokens, caches, batches, speculation."""

from __future__ import annotations

from serving_dashboards.boards.shared import by_deployment
from serving_dashboards.colours import Colour
from serving_dashboards.document import Dashboard, Row
from serving_dashboards.needs import Needs
from serving_dashboards.panels import Graph, Limit, Panel, Unit
from serving_dashboards.queries import Line, Query, engine, metric, rate, selected, signal
from serving_dashboards.variables import SELECTION
from serving_rules import model
from serving_rules.promql import once

__all__ = ["BOARD"]

_NAMES = "{{model_name}} {{deployment_name}}"


def _rate(name: str) -> str:
    return by_deployment(rate(name), raw=True)


def _quantile(share: float, histogram: str) -> str:
    return f"histogram_quantile({share:g}, {by_deployment(rate(f'{histogram}_bucket'), 'le', raw=True)})"


def _median_and_tail(title: str, description: str, histogram: str, unit: str = Unit.COUNT) -> Graph:
    return Graph(
        title=title,
        description=description,
        queries=[
            Query(_quantile(0.5, histogram), f"p50 {_NAMES}", Colour.P50),
            Query(_quantile(0.95, histogram), f"p95 {_NAMES}", Colour.P95),
        ],
        unit=unit,
        needs=Needs.BIS_LLM,
    )


_ACCEPTED, _DRAFTED = "baseten_llm_spec_decode_num_accepted_tokens_total", "baseten_llm_spec_decode_num_draft_tokens_total"

_TOKENS = Row(
    "BIS-LLM: tokens",
    (
        Graph(
            title="Tokens in a second",
            description="Tokens read (input) and written (output) in a second, all replicas together.",
            queries=[
                Query(_rate("baseten_llm_input_tokens_total"), f"input {_NAMES}", Colour.DEMAND),
                Query(_rate("baseten_llm_output_tokens_total"), f"output {_NAMES}", Colour.ACTIVE),
            ],
            unit=Unit.PER_SECOND,
            needs=Needs.BIS_LLM,
        ),
        _median_and_tail(
            "Input tokens of a request",
            "Tokens read for one request. Longer prompts take more of the cache and of the in-flight target.",
            "baseten_llm_input_tokens_per_request",
        ),
        _median_and_tail(
            "Output tokens of a request",
            "Tokens written for one request: most of how long it takes.",
            "baseten_llm_output_tokens_per_request",
        ),
        _median_and_tail(
            "Tokens in a second for one request",
            "What one caller sees. It falls as batches grow: where it falls while tokens in a second stay the same, replicas are full.",
            "baseten_llm_tokens_per_second_per_request",
            Unit.PER_SECOND,
        ),
        Graph(
            title="Requests on the workers",
            description="Requests that workers hold now, all replicas together.",
            queries=[Query(by_deployment(once(metric("baseten_llm_num_requests")), raw=True), _NAMES)],
            unit=Unit.COUNT,
            needs=Needs.BIS_LLM,
        ),
        Graph(
            title="KV cache hit rate",
            description="Mean share of cache look-ups that hit, over 15 minutes, and its median of six hours. It falls when replicas are "
            "removed with their caches, and when requests of one conversation reach different replicas.",
            queries=[
                Query(by_deployment(signal("serving:kv_cache_hit_ratio:mean15m")), f"now {_NAMES}", Colour.ACTIVE),
                Query(by_deployment(signal("serving:kv_cache_hit_ratio:median6h")), f"usual {_NAMES}", Colour.BOUND, Line.DASHED),
            ],
            unit=Unit.RATIO,
            needs=Needs.BIS_LLM,
            maximum=1,
        ),
    ),
)

_SCALING = Row(
    "BIS-LLM: scaling on tokens",
    (
        Graph(
            title="Tokens in flight against the target",
            description="Tokens in flight now and averaged over the autoscaling window (what the autoscaler reads), beside what the "
            "running replicas are planned for: target times replicas. Above the line the autoscaler adds replicas.",
            queries=[
                Query(by_deployment(once(metric("baseten_llm_in_flight_tokens")), raw=True), f"now {_NAMES}", Colour.DEMAND),
                Query(by_deployment(signal("serving:inflight_tokens:avg")), f"averaged {_NAMES}", Colour.DESIRED),
                Query(
                    by_deployment(f"{signal('serving:target_inflight_tokens:current')} * {signal('serving:active_replicas:max')}"),
                    f"planned for {_NAMES}",
                    Colour.SLOTS,
                    Line.STEPS,
                ),
            ],
            unit=Unit.COUNT,
            needs=Needs.BIS_LLM,
        ),
        Graph(
            title="Replicas that the tokens ask for",
            description="By the platform's formula, bounds not applied, beside those that serve or start.",
            queries=[
                Query(by_deployment(signal("serving:token_replicas:desired")), f"desired {_NAMES}", Colour.DESIRED),
                Query(by_deployment(signal("serving:token_replicas:running")), f"running {_NAMES}", Colour.ACTIVE, Line.STEPS),
                Query(
                    by_deployment(
                        signal("serving:max_replicas:current")
                        + f" and on (workspace, deployment_id) {signal('serving:token_replicas:running')}"
                    ),
                    f"max {_NAMES}",
                    Colour.BOUND,
                    Line.DASHED,
                ),
            ],
            unit=Unit.COUNT,
            needs=Needs.BIS_LLM,
        ),
        Graph(
            title="Speculation",
            description="Share of the speculated tokens that were accepted. Low: the draft model does not fit, and speculation costs more "
            "than it gives.",
            queries=[Query(f"{_rate(_ACCEPTED)} / ({_rate(_DRAFTED)} > 0)", _NAMES)],
            unit=Unit.RATIO,
            needs=Needs.SPECULATION,
            maximum=1,
        ),
    ),
)


def _engine(title: str, description: str, unit: str, *queries: Query, limits: tuple[Limit, ...] = ()) -> Panel:
    return Graph(title=title, description=description, queries=queries, unit=unit, needs=Needs.ENGINE, limits=limits, width=6)


def _inside(name: str) -> str:
    return _joined(f"sum by (workspace, deployment_id) ({once(engine(name))})")


def _mean(name: str) -> str:
    return _joined(f"avg by (workspace, deployment_id) ({once(engine(name))})")


def _per_second(name: str) -> str:
    return _joined(f"sum by (workspace, deployment_id) ({once(f'rate({engine(name)}[$__rate_interval])')})")


def _p95(histogram: str) -> str:
    rates = f"sum by (workspace, deployment_id, le) ({once(f'rate({engine(histogram)}[$__rate_interval])')})"
    return f"histogram_quantile(0.95, {_joined(rates)})"


def _joined(expr: str) -> str:
    """Return an expression with names: an engine's own families carry the deployment and no model."""
    return f"{expr} * on (workspace, deployment_id) group_left (model_name, deployment_name) {selected()}"


_VLLM = Row(
    "vLLM",
    (
        _engine(
            "vLLM requests",
            "Requests that run and that wait inside the engine. Waiting while the router has free slots: the concurrency target is above "
            "what a replica batches.",
            Unit.COUNT,
            Query(_inside("vllm:num_requests_running"), f"running {_NAMES}", Colour.ACTIVE),
            Query(_inside("vllm:num_requests_waiting"), f"waiting {_NAMES}", Colour.WAITING),
        ),
        _engine(
            "vLLM tokens in a second",
            "Tokens read and written in a second.",
            Unit.PER_SECOND,
            Query(_per_second("vllm:prompt_tokens_total"), f"input {_NAMES}", Colour.DEMAND),
            Query(_per_second("vllm:generation_tokens_total"), f"output {_NAMES}", Colour.ACTIVE),
        ),
        _engine(
            "vLLM KV cache",
            "Share of the KV cache in use, mean over the replicas. At 100 % requests are preempted.",
            Unit.RATIO,
            Query(f"{_mean('vllm:kv_cache_usage_perc')} or {_mean('vllm:gpu_cache_usage_perc')}", _NAMES),
            limits=(Limit(0.95, Colour.WARNING),),
        ),
        _engine(
            "vLLM time to first token",
            "What nineteen in twenty requests waited for their first token, inside the engine: without the router.",
            Unit.SECONDS,
            Query(_p95("vllm:time_to_first_token_seconds_bucket"), f"p95 {_NAMES}", Colour.P95),
        ),
    ),
    collapsed=True,
)

_SGLANG = Row(
    "SGLang",
    (
        _engine(
            "SGLang requests",
            "Requests that run and that wait inside the engine.",
            Unit.COUNT,
            Query(_inside("sglang:num_running_reqs"), f"running {_NAMES}", Colour.ACTIVE),
            Query(_inside("sglang:num_queue_reqs"), f"waiting {_NAMES}", Colour.WAITING),
        ),
        _engine(
            "SGLang tokens in a second",
            "Tokens written in a second, as the engine measures it.",
            Unit.PER_SECOND,
            Query(_inside("sglang:gen_throughput"), f"output {_NAMES}", Colour.ACTIVE),
        ),
        _engine(
            "SGLang caches",
            "Share of the token pool in use, and of the prompt tokens that the prefix cache had.",
            Unit.RATIO,
            Query(_mean("sglang:token_usage"), f"in use {_NAMES}", Colour.DEMAND),
            Query(_mean("sglang:cache_hit_rate"), f"hits {_NAMES}", Colour.ACTIVE),
        ),
        _engine(
            "SGLang time to first token",
            "What nineteen in twenty requests waited for their first token, inside the engine.",
            Unit.SECONDS,
            Query(_p95("sglang:time_to_first_token_seconds_bucket"), f"p95 {_NAMES}", Colour.P95),
        ),
    ),
    collapsed=True,
)

BOARD = Dashboard(
    uid=model.Dashboard.ENGINES,
    title="Serving / Engines",
    answers="What do the engines inside the replicas do: tokens, caches, batches, and how does that drive the autoscaler?",
    variables=SELECTION,
    rows=(_TOKENS, _SCALING, _VLLM, _SGLANG),
)
