"""Examples of ``hardware``: single replicas, several GPUs, two scrapers, and a replica that has gone."""

from __future__ import annotations

from serving_rules.model import Example
from serving_rules.signals.baseten.samples import feed, settings

__all__ = ["GPU_MAX", "GPU_MEAN", "GPU_MEMORY", "GPU_OF_ALL", "MEMORY", "MEMORY_RATIO"]


def _gpu(replica: str, gpu: str = "0", scraper: str = "a", **labels: str) -> str:
    return feed("baseten_gpu_utilization", scraper, replica=replica, gpu=gpu, **labels)


def _memory(replica: str, scraper: str = "a", **labels: str) -> str:
    return feed("baseten_container_cpu_memory_working_set_bytes", scraper, replica=replica, **labels)


GPU_MAX = (
    Example(
        "the busiest GPU of the last ten minutes",
        {
            _gpu("r1"): "99x11 _ 0 50 0x8",
            _gpu("r1", scraper="b"): "99x11 _ 0 40 0x8",
            _gpu("r1", "1"): "99x11 _ 0x11",
            _gpu("r2"): 0.5,
        },
        "22m",
        {
            'serving_replica:gpu_utilization_ratio:max10m{replica="r1"}': 0.5,
            'serving_replica:gpu_utilization_ratio:max10m{replica="r2"}': 0.005,
        },
    ),
    Example("a replica that has gone", {_gpu("r1"): "0x20 stale", _gpu("r2"): 80}, "22m", {
        'serving_replica:gpu_utilization_ratio:max10m{replica="r2"}': 0.8,
    }),
)  # fmt: skip

GPU_MEAN = (
    Example(
        "over time, then over the GPUs of the replica, then over nobody else",
        {
            _gpu("r1"): "99x11 _ 20x4 80x4 50",
            _gpu("r1", scraper="b"): "99x11 _ 20x4 10x4 20",
            _gpu("r1", "1"): "99x11 _ 10x9",
            _gpu("r2"): "99x11 _ 0x9",
        },
        "22m",
        {
            'serving_replica:gpu_utilization_ratio:avg10m{replica="r1"}': 0.3,
            'serving_replica:gpu_utilization_ratio:avg10m{replica="r2"}': 0,
        },
    ),
    Example("a replica that has gone", {_gpu("r1"): "0x20 stale", _gpu("r2"): 80}, "22m", {
        'serving_replica:gpu_utilization_ratio:avg10m{replica="r2"}': 0.8,
    }),
)  # fmt: skip

GPU_OF_ALL = (
    Example(
        "over replicas and their GPUs, scrapers counted once",
        {_gpu("r1"): 90, _gpu("r1", scraper="b"): 20, _gpu("r1", "1"): 60, _gpu("r2"): 45, _gpu("r3", deployment_id="d-two"): 7},
        "5m",
        {"serving:gpu_utilization_ratio:avg": 0.65, 'serving:gpu_utilization_ratio:avg{deployment_id="d-two"}': 0.07},
    ),
)

GPU_MEMORY = (
    Example(
        "the fullest GPU, in bytes",
        {
            feed("baseten_gpu_memory_used", replica="r1", gpu="0"): 1024,
            feed("baseten_gpu_memory_used", "b", replica="r1", gpu="0"): 1000,
            feed("baseten_gpu_memory_used", replica="r1", gpu="1"): 512,
        },
        "5m",
        {'serving_replica:gpu_memory_bytes:max{replica="r1"}': 1073741824},
    ),
)

MEMORY = (
    Example(
        "each replica, scrapers counted once",
        {_memory("r1"): 500, _memory("r1", "b"): 400, _memory("r2"): 900},
        "5m",
        {'serving_replica:memory_bytes:max{replica="r1"}': 500, 'serving_replica:memory_bytes:max{replica="r2"}': 900},
    ),
)

_LIMIT = "baseten_deployment_memory_limit_bytes"

MEMORY_RATIO = (
    Example(
        "each replica against the limit of its own deployment",
        {
            _memory("r1"): 800,
            _memory("r1", "b"): 400,
            _memory("r2"): 900,
            settings(_LIMIT): 1000,
            settings(_LIMIT, "b"): 900,
            _memory("r3", deployment_id="d-two"): 100,
            settings(_LIMIT, deployment_id="d-two"): 400,
            _memory("r4", model_id="m-two"): 100,
            settings(_LIMIT, model_id="m-two"): 200,
            _memory("r5", workspace="w-two"): 100,
            settings(_LIMIT, workspace="w-two"): 800,
        },
        "5m",
        {
            'serving_replica:memory_ratio:max{replica="r1"}': 0.8,
            'serving_replica:memory_ratio:max{replica="r2"}': 0.9,
            'serving_replica:memory_ratio:max{deployment_id="d-two",replica="r3"}': 0.25,
            'serving_replica:memory_ratio:max{model_id="m-two",replica="r4"}': 0.5,
            'serving_replica:memory_ratio:max{workspace="w-two",replica="r5"}': 0.125,
        },
    ),
    Example("a limit of zero is no limit", {_memory("r1"): 800, settings(_LIMIT): 0}, "5m", {}),
    Example("a small limit", {_memory("r1"): 1, settings(_LIMIT): 1}, "5m", {'serving_replica:memory_ratio:max{replica="r1"}': 1}),
    Example("without the instance types", {_memory("r1"): 800}, "5m", {}),
)
