"""What the benchmarks share: the data, and the timing of something against a yardstick in the same run.

Absolute numbers of two machines, or of two hours on one machine, cannot be compared; ratios to a yardstick measured in between can. Rounds
of all candidates are interleaved, and the best round of each counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

__all__ = ["best_times", "feed_page", "report"]

FAMILIES = 10


def best_times(candidates: Mapping[str, Callable[[], object]], rounds: int = 5) -> dict[str, float]:
    """Seconds of the best of ``rounds`` interleaved runs of each candidate."""
    best = dict.fromkeys(candidates, float("inf"))
    for _ in range(rounds):
        for name, run in candidates.items():
            start = time.perf_counter()
            run()
            best[name] = min(best[name], time.perf_counter() - start)
    return best


def feed_page(samples: int, value: int = 1) -> bytes:
    """Make an upstream page of gauges with six labels, about 200 bytes a line."""
    lines = []
    for family in range(FAMILIES):
        lines.append(f"# HELP upstream_metric_{family} A gauge of the upstream.\n# TYPE upstream_metric_{family} gauge\n")
        lines += [
            f'upstream_metric_{family}{{model_id="m{deployment // 4:07d}",model_name="some model number {deployment // 4}",'
            f'deployment_id="d{deployment:07d}",environment="production",rollout_phase="stable",'
            f'replica="{deployment:05x}-{family:03d}"}} {value + deployment}\n'
            for deployment in range(samples // FAMILIES)
        ]
    return "".join(lines).encode()


def report(title: str, rows: Mapping[str, tuple[str, float, float]]) -> bool:
    """Print rows of (measure, ratio, goal), the goal with its direction in its sign: at most +goal, at least -goal. True when all hold."""
    print(f"\n{title}")
    good = True
    for name, (measure, ratio, goal) in rows.items():
        holds = ratio <= goal if goal >= 0 else ratio >= -goal
        good &= holds
        wanted = f"{'≤' if goal >= 0 else '≥'} {abs(goal):g}"
        print(f"  {name:<44} {measure:>14}   ratio {ratio:8.2f}   goal {wanted:<8} {'ok' if holds else 'MISSED'}")
    return good
