"""Examples of ``engines``: each way in which an engine shows itself, and CPU time of several replicas."""

from __future__ import annotations

from serving_rules.model import Example
from serving_rules.signals.baseten.samples import counter, feed, settings

__all__ = ["CPU", "ENGINE"]


def _engine(name: str, **labels: str) -> str:
    every = {"workspace": "w-one", "deployment_id": "d-one", "replica": "r1", "job": "a", "instance": "a-1", **labels}
    return name + "{" + ",".join(f'{label}="{value}"' for label, value in every.items()) + "}"


ENGINE = (
    Example(
        "vLLM, one deployment of two, seen by two scrapers",
        {
            feed("baseten_replicas_active"): 4,
            feed("baseten_replicas_active", "b"): 3,
            feed("baseten_replicas_active", deployment_id="d-two"): 4,
            feed("baseten_replicas_active", workspace="w-two"): 4,
            _engine("vllm:num_requests_running"): 3,
            _engine("vllm:num_requests_running", replica="r2"): 0,
        },
        "5m",
        {"serving:batching_engine:flag": 1},
    ),
    Example(
        "SGLang, with its prefix spelled the other way",
        {feed("baseten_replicas_active"): 1, _engine("sglang_num_running_reqs"): 0},
        "5m",
        {"serving:batching_engine:flag": 1},
    ),
    Example(
        "BIS-LLM, which names its model",
        {feed("baseten_llm_num_requests", pod="x1"): 5, feed("baseten_llm_num_requests", pod="x2"): 2},
        "5m",
        {"serving:batching_engine:flag": 1},
    ),
    Example(
        "another program's series is no engine, nor is anything else that vLLM counts",
        {feed("baseten_replicas_active"): 1, _engine("myvllm:num_requests_running"): 1, _engine("vllm:num_requests_waiting"): 1},
        "5m",
        {},
    ),
)

_CORES = settings("baseten_deployment_cpu_limit_cores")


def _cpu(replica: str, scraper: str = "a") -> str:
    return feed("baseten_container_cpu_usage_seconds_total", scraper, replica=replica)


CPU = (
    Example(
        "the mean over replicas of what the busier scraper saw, against the cores of one",
        {
            _cpu("r1"): counter(5, 20, before=600, first=60, second=180),
            _cpu("r1", "b"): counter(5, 20, before=600, first=60, second=60),
            _cpu("r2"): counter(5, 20, before=600, first=30, second=90),
            _CORES: 4,
            settings("baseten_deployment_cpu_limit_cores", "b"): 2,
        },
        "20m",
        {"serving:cpu_utilization_ratio:avg": 0.375},
    ),
    Example(
        "without the size of the instance there is no share",
        {_cpu("r1"): "0+60x20", _CORES: 0},
        "20m",
        {},
    ),
)
