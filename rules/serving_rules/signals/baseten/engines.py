"""What runs inside the replicas: engines that batch requests, and how busy CPUs are where there are no GPUs."""

from __future__ import annotations

from serving_rules.model import RecordGroup
from serving_rules.promql import names
from serving_rules.signals.baseten import engines_examples as examples
from serving_rules.signals.baseten.text import IDS, current, record

__all__ = ["GROUPS"]

_IDS = names(IDS)

_RUNNING = '{__name__=~"(vllm|sglang)[:_].*running.*"}'
"""The running requests of vLLM and SGLang. The platform does not publish the names under which it passes their series on, only their
prefixes, and they carry neither model nor environment; one series for each replica is read, whatever else the engine has."""

GROUPS = (
    RecordGroup(
        "serving-engines",
        "Engines and CPUs inside the replicas.",
        (
            record(
                "serving:batching_engine:flag",
                f"""
                (max by ({_IDS}) (baseten_llm_num_requests) * 0 + 1)
                or
                (
                  max by ({_IDS}) (baseten_replicas_active) * 0 + 1
                  and on (workspace, deployment_id)
                  max by (workspace, deployment_id) ({_RUNNING})
                )
                """,
                "1 while an engine reports that batches requests on its own (BIS-LLM, vLLM, SGLang), absent otherwise and at zero "
                "replicas.",
                *examples.ENGINE,
            ),
            record(
                "serving:cpu_utilization_ratio:avg",
                f"""
                avg by ({_IDS}) (max by ({_IDS}, replica) (rate(baseten_container_cpu_usage_seconds_total[5m])))
                /
                ({current("baseten_deployment_cpu_limit_cores")} > 0)
                """,
                "CPU use of a deployment's replicas as a share of their instance's cores, mean of 5 minutes, 0 to 1; needs instance types.",
                *examples.CPU,
            ),
        ),
    ),
)
