"""What one simulated second costs, for the demo fleet and for ten thousand deployments.

    python benchmarks/engine_step.py

Times depend on the machine and on who else uses it, so each is also given as a ratio to a yardstick taken in the same run: adding two
arrays of one number for each deployment.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec
import numpy as np

from serving_simulator import fleet
from serving_simulator.world import World

START = 1_780_000_000.0


def seconds(call: Callable[[], object], repeat: int) -> float:
    """CPU seconds of one call, the best of three runs."""
    best = float("inf")
    for _ in range(3):
        begin = time.process_time()
        for _ in range(repeat):
            call()
        best = min(best, (time.process_time() - begin) / repeat)
    return best


def measure(name: str, steps: int) -> None:
    """Print the cost of a step of one fleet, its measurements included."""
    loaded = msgspec.structs.replace(fleet.load(name), warmup=fleet.Seconds(120))
    world = World(loaded, seed=1, start=START)
    size = len(world.deployment_ids())
    left, right = np.ones(size), np.ones(size)
    yardstick = seconds(lambda: left + right, 2000)
    step = seconds(lambda: world.advance(world.now + steps), 1) / steps
    page = seconds(lambda: world._measurements._writer.write(world.observation(), 0.0), 3)  # noqa: SLF001
    week = step * 604_800 / size
    print(f"{name:14} {size:6} deployments  step {step * 1e3:7.3f} ms ({step / yardstick:7.0f} x yardstick {yardstick * 1e6:.2f} us)"
          f"  page {page * 1e3:8.1f} ms  one deployment-week {week:7.2f} s")  # fmt: skip


if __name__ == "__main__":
    measure("demo", 1200)
    measure("large:250x4", 300)
    measure("large:2500x4", 120)
