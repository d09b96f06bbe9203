"""What a deployment-week of the scorecard costs: lived through, recorded as scrapes saw it, and played through the shipped rules.

    python benchmarks/scorecard.py --deployments 300 --hours 6

Steps of the simulator cost little more for many deployments than for one, so a week is cheap only in company: both numbers are given. The
yardstick beside the simulation is what NumPy takes, on this machine and now, to draw one Poisson number for each deployment and second:
the least that any simulation of arrivals, second by second, has to do. The one beside the rules is the same recording's plainest
question, one sum over everything at every minute. Needs the releases that ``make tools`` fetches.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

from serving_simulator.scenarios import matrix
from serving_simulator.score.engine import Part, player, read
from serving_simulator.score.runs import recorded

GOAL_SECONDS = 2.0
"""Processor time of one deployment-week, simulated and recorded."""
ROOT = Path(__file__).resolve().parents[1]
PROMETHEUS = ROOT / ".tools" / "prometheus-3.5" / "usr" / "bin" / "prometheus"


def main() -> int:
    """Measure and print; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deployments", type=int, default=300)
    parser.add_argument("--hours", type=int, default=6)
    options = parser.parse_args()
    minutes = options.hours * 60
    chosen = [each for each in matrix(options.deployments // 12 + 1, options.hours, "negative-*") if each.minutes == minutes]
    chosen = chosen[: options.deployments]
    weeks = len(chosen) * minutes / (7 * 24 * 60)

    begun = time.process_time()
    recording = recorded(chosen, seed=1)
    simulated = (time.process_time() - begun) / weeks

    rng, rates = np.random.default_rng(1), np.full(len(chosen), 0.5)
    begun = time.process_time()
    for _ in range(minutes * 60):
        rng.poisson(rates)
    drawn = (time.process_time() - begun) / weeks

    part = Part([(recording.labels[name], values) for name, values in recording.series.items()], minutes)
    rules = read(sorted((ROOT / "rules" / "prometheus").glob("*.yaml")))
    with player(str(PROMETHEUS), part) as playing:
        begun = time.monotonic()
        playing.play(rules)
        played = (time.monotonic() - begun) / weeks
        begun = time.monotonic()
        playing.ask('sum({__name__=~"baseten_.+"})')
        asked = (time.monotonic() - begun) / weeks

    good = simulated <= GOAL_SECONDS
    print(
        f"{len(chosen)} deployments, {minutes / 60:g} h each = {weeks:.1f} deployment-weeks, {len(recording.series)} series, "
        f"{len(rules)} rules"
    )
    print(
        f"simulated and recorded  {simulated:6.2f} s a deployment-week = {simulated / GOAL_SECONDS:.2f} of {GOAL_SECONDS:g} s, "
        f"{simulated / drawn:.1f} x the draws alone   {'ok' if good else 'MISSED'}"
    )
    print(f"played by Prometheus    {played:6.2f} s a deployment-week, {played / asked:.1f} x one sum over everything")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
