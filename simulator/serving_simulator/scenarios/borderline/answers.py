"""Shares of answers just beyond what their alerts bear, and just within it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from serving_simulator.scenarios.releases import promote, promoted
from serving_simulator.scenarios.scenario import (
    BUDGETS,
    HEALTHY,
    LASTS,
    ONSET,
    SHORT,
    Level,
    Make,
    Scenario,
    during,
    model_of,
    seconds,
    varied,
)

__all__ = ["MADE"]


def timeouts_near_the_share(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Long requests become a little longer, and some more of them run into the timeout."""
    # Of a lognormal with this spread 0.7 % are above twenty minutes at a mean of 310 s, 0.3 % at 260 s.
    mean = {HEALTHY: 260.0, "mild": 310.0}[level]
    return Scenario(
        name,
        "timeouts_near_the_share",
        level,
        SHORT,
        [
            model_of(
                name,
                {
                    # Of fixed size and with room, so that the share of timeouts is all that changes.
                    "autoscaling": {"min_replica": 60, "max_replica": 60, "concurrency_target": 128},
                    "service": {"mean": 240.0, "cv": 0.7, "knee": 128, "prefill": 0.02},
                    "workload": {"patterns": [{"kind": "constant", "rate": varied(rng, 12.0, 0.05)}]},
                },
            )
        ],
        timeline=during(name, {"slow": mean / 240.0}, {"slow": 1.0}),
        detection="status_codes",
        onset=ONSET,
        end=ONSET + LASTS + 20,
        # Requests of five minutes on average: as long until those under way are the longer ones, and twenty minutes for the first timeouts.
        evidence=20,
        expected=frozenset({"ServingRequestTimeouts"}),
        companions=BUDGETS,
    )


def refusals_near_the_share(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """A deployment of fixed size that refuses what finds no slot gets a little too much."""
    load = {HEALTHY: 0.88, "mild": 0.93}[level]
    service, replicas, target = 0.5, 4, 16
    capacity = replicas * target / service
    step = {"kind": "step", "rate": capacity * (load - 0.5), "at": seconds(ONSET), "length": seconds(LASTS)}
    return Scenario(
        name,
        "refusals_near_the_share",
        level,
        SHORT,
        [
            model_of(
                name,
                {
                    # Of fixed size: what is only near its ceiling is a matter of another alert.
                    "autoscaling": {"min_replica": replicas, "max_replica": replicas, "concurrency_target": target},
                    "backpressure": "REJECT_ON_FULL",
                    "service": {"mean": service, "cv": varied(rng, 0.5, 0.05), "knee": target, "predict_concurrency": target},
                    "workload": {"patterns": [{"kind": "constant", "rate": capacity * 0.5}, step]},
                },
            )
        ],
        detection="status_codes",
        onset=ONSET,
        end=ONSET + LASTS,
        evidence=10,
        expected=frozenset({"ServingCapacityExhausted", "ServingRequestsShed"}),
        companions=BUDGETS,
    )


def candidate_near_the_margin(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Both versions of a rolling promotion fail some requests, and the candidate two or four times as many."""
    # Twice the share of the stable version and one in a hundred are 0.024.
    stable, share = 0.007, {HEALTHY: 0.0195, "mild": 0.031}[level]
    rolling = {"rolling_deploy": True, "max_surge_percent": 25, "stabilization_time_seconds": 600}
    # Many short requests, so that shares of five minutes hardly vary.
    service = {"mean": varied(rng, 0.06, 0.05), "cv": 0.4, "knee": 8}
    model = promoted(name, rng, rolling, {"faults": {"error_rate": share}, "service": service})
    model["deployments"][0] |= {"faults": {"error_rate": stable}, "service": service}
    model["environments"][0]["workload"] = {"patterns": [{"kind": "constant", "rate": varied(rng, 160.0, 0.05)}]}
    stop = {"action": "control", "environment": f"{name}/production", "control": "GRACEFUL_CANCEL"}
    return Scenario(
        name,
        "candidate_near_the_margin",
        level,
        SHORT,
        [model],
        timeline=[{"at": seconds(ONSET), "do": promote(name)}, {"at": seconds(ONSET + 30), "do": stop}],
        detection="rollout",
        onset=ONSET,
        end=ONSET + 30,
        # The first replicas of the candidate have to start, to be seen, and to serve some requests of five minutes.
        evidence=10,
        expected=frozenset({"ServingCandidateWorse"}),
        companions=BUDGETS,
    )


def few_failures(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """The only replica of a quiet deployment answers some requests, hangs with a handful, and dies; who waits for it soon leaves."""
    # A hung replica holds as many requests as it has slots. Five of nine failed are no chance, three of eight may be.
    slots, answered = {HEALTHY: (3, 5.0), "mild": (5, 4.0)}[level]
    target = f"{name}/deployment-1"
    # All within two minutes: when the answers leave a window before the failures do, nothing but failures is left in it.
    faults = ((-25, {"hang_every": 0.5}), (-10, {"hang_every": None}), (20, {"crash_every": 0.5}), (35, {"crash_every": None}))
    good = {"kind": "step", "rate": varied(rng, answered, 0.05) / 30, "at": seconds(ONSET) - 60, "length": 30}
    # More than there are slots, however it falls.
    held = {"kind": "step", "rate": 2.0, "at": seconds(ONSET), "length": 10}
    # Of a counter that has just begun nothing is known to have been added: it begins long before.
    first = {"kind": "step", "rate": 0.2, "at": seconds(30), "length": 60}
    return Scenario(
        name,
        "few_failures",
        level,
        SHORT,
        [
            model_of(
                name,
                {
                    "autoscaling": {"min_replica": 1, "max_replica": 1, "concurrency_target": slots},
                    "service": {"mean": varied(rng, 1.0), "cv": 0.5, "knee": 8, "patience": 15},
                    "startup": {"scheduling": 5, "weight_download": 5, "container_start": 15},
                    "workload": {"patterns": [first, good, held]},
                },
            )
        ],
        timeline=[{"at": seconds(ONSET) + at, "do": {"action": "fault", "deployment": target, "change": change}} for at, change in faults],
        detection="slo",
        onset=ONSET,
        end=ONSET + 5,
        evidence=5,
        expected=frozenset(name for name in BUDGETS if "Availability" in name),
        companions=BUDGETS,
    )


def few_broken_off(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """The only replica hangs with all its slots taken and dies, twice within ten minutes; what waits meanwhile is answered."""
    # A hung replica holds as many requests as it has slots: above and below ten, of some 540 in ten minutes.
    slots = {HEALTHY: 7, "mild": 15}[level]
    target = f"{name}/deployment-1"
    faults = ((-20, {"hang_every": 0.5}), (0, {"hang_every": None}), (30, {"crash_every": 0.5}), (40, {"crash_every": None}))
    # Of a counter that has just begun nothing is known to have been added: it happens once an hour before.
    times = (seconds(ONSET - 60), seconds(ONSET), seconds(ONSET + 9))
    return Scenario(
        name,
        "few_broken_off",
        level,
        SHORT,
        [
            model_of(
                name,
                {
                    "autoscaling": {"min_replica": 1, "max_replica": 1, "concurrency_target": slots},
                    "service": {"mean": varied(rng, 0.3), "cv": 0.5, "knee": slots},
                    "startup": {"scheduling": 5, "weight_download": 5, "container_start": 10},
                    "workload": {"patterns": [{"kind": "constant", "rate": varied(rng, 0.9, 0.05)}]},
                },
            )
        ],
        timeline=[
            {"at": begin + at, "do": {"action": "fault", "deployment": target, "change": change}}
            for begin in times
            for at, change in faults
        ],
        detection="status_codes",
        onset=ONSET,
        end=ONSET + 20,
        evidence=2,
        expected=frozenset({"ServingReplicaCrashes"}),
        companions=BUDGETS,
    )


MADE: Mapping[str, Make] = {
    "timeouts_near_the_share": timeouts_near_the_share,
    "refusals_near_the_share": refusals_near_the_share,
    "candidate_near_the_margin": candidate_near_the_margin,
    "few_failures": few_failures,
    "few_broken_off": few_broken_off,
}
