"""GPU and memory of single replicas."""

from __future__ import annotations

from serving_rules.model import RecordGroup
from serving_rules.promql import names
from serving_rules.signals.baseten import hardware_examples as examples
from serving_rules.signals.baseten.text import IDS, current, record

__all__ = ["GROUPS"]

_REPLICA = names((*IDS, "replica"))

_MEMORY = f"max by ({_REPLICA}) (baseten_container_cpu_memory_working_set_bytes)"

GROUPS = (
    RecordGroup(
        "serving-hardware",
        "GPU and memory of single replicas; a percentage of the feed becomes a ratio from 0 to 1.",
        (
            record(
                "serving_replica:gpu_utilization_ratio:max10m",
                # The second line: a replica that has gone is still in the range, and would be the idlest of all.
                f"""
                max by ({_REPLICA}) (max_over_time(baseten_gpu_utilization[10m])) / 100
                and max by ({_REPLICA}) (baseten_gpu_utilization)
                """,
                "Highest share of time in which a kernel occupied the replica's busiest GPU over 10 minutes, 0 to 1; of replicas that are "
                "still there.",
                *examples.GPU_MAX,
            ),
            record(
                "serving_replica:gpu_utilization_ratio:avg10m",
                f"""
                avg by ({_REPLICA}) (max by ({_REPLICA}, gpu) (avg_over_time(baseten_gpu_utilization[10m]))) / 100
                and max by ({_REPLICA}) (baseten_gpu_utilization)
                """,
                "GPU utilization over all GPUs of a replica, mean of 10 minutes, 0 to 1; of replicas that are still there.",
                *examples.GPU_MEAN,
            ),
            record(
                "serving:gpu_utilization_ratio:avg",
                f"avg by ({names(IDS)}) (max by ({_REPLICA}, gpu) (baseten_gpu_utilization)) / 100",
                "GPU utilization over all GPUs of a deployment, 0 to 1.",
                *examples.GPU_OF_ALL,
            ),
            record(
                "serving_replica:gpu_memory_bytes:max",
                f"max by ({_REPLICA}) (baseten_gpu_memory_used) * 1048576",
                # No ratio: whether the limit of the API is that of one GPU or of the instance is not documented.
                "Memory in use on a replica's fullest GPU, bytes. Engines fill it on purpose: context, never an alarm.",
                *examples.GPU_MEMORY,
            ),
            record("serving_replica:memory_bytes:max", _MEMORY, "Working set of a replica's container, bytes.", *examples.MEMORY),
            record(
                "serving_replica:memory_ratio:max",
                f"""
                {_MEMORY}
                / on ({names(IDS)}) group_left ()
                ({current("baseten_deployment_memory_limit_bytes")} > 0)
                """,
                "Working set of a replica's container as a share of its instance's memory, 0 to 1; needs prices and instance types.",
                *examples.MEMORY_RATIO,
            ),
        ),
    ),
)
