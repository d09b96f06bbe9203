"""Starts that wait for hardware for just longer than they may, and less."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from serving_simulator.scenarios.borderline.crashes import OF_A_LOOP, crashes, fleet
from serving_simulator.scenarios.scenario import HEALTHY, ONSET, SHORT, Level, Make, Scenario, model_of, seconds, varied

__all__ = ["MADE"]

_ONCE, _TWICE = 80, 216
"""Seconds after which starts succeed again, for one or two to fail. A container begins to load 46 s after its replica is asked for and dies
after 45 to 150 s; the next begins 10 s later, so a second does after 101 to 206 s, and that of a new replica hardly before 216.
"""


def _outage(name: str, at: float, lasts: float) -> list[dict[str, Any]]:
    """Let there be no hardware for a while."""
    do = {"action": "capacity", "deployment": f"{name}/deployment-1"}
    return [
        {"at": seconds(at), "do": {**do, "available": False}},
        {"at": seconds(at + lasts), "do": {**do, "available": True}},
    ]


def _unplaced(name: str, kind: str, level: Level, start: float, lasts: float) -> Scenario:
    """Return a deployment at zero that is given a floor while there is no hardware; ``lasts`` minutes later there is."""
    raised = {"action": "settings", "deployment": f"{name}/deployment-1", "change": {"min_replica": 1}}
    return Scenario(
        name,
        kind,
        level,
        SHORT,
        [
            model_of(
                name,
                {
                    "state": "zero",
                    "autoscaling": {"min_replica": 0, "max_replica": 2, "concurrency_target": 4},
                    "service": {"mean": 1.0, "cv": 0.5, "knee": 4},
                    "startup": {"scheduling": 10, "weight_download": start, "container_start": 60, "spread": 0.02},
                    "workload": {"patterns": []},
                },
                age="30d",
            )
        ],
        timeline=[*_outage(name, ONSET - 1, lasts + 1), {"at": seconds(ONSET), "do": raised}],
        detection="stuck_starting",
        onset=ONSET,
        end=ONSET + int(lasts),
        # Twice the start that is usual, which is five minutes.
        evidence=12,
        expected=frozenset({"ServingReplicasStuckStarting", "ServingDeploymentStuck"}),
        companions=frozenset({"ServingBelowMinReplicas"}),
    )


def no_hardware_for_a_quarter(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """There is no hardware for a start for a quarter of an hour; or for four minutes."""
    lasts = rng.uniform(4, 5) if level == HEALTHY else rng.uniform(16, 17)
    return _unplaced(name, "no_hardware_for_a_quarter", level, varied(rng, 230, 0.05), lasts)


def no_hardware_for_a_start(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """There is no hardware for a start for longer than one takes, so that it takes more than two; or for as long as half of one."""
    lasts = rng.uniform(11, 13) if level == HEALTHY else rng.uniform(32, 35)
    of = _unplaced(name, "no_hardware_for_a_start", level, varied(rng, 1300, 0.03), lasts)
    # However long a start is, without hardware it is given twenty minutes.
    return replace(of, evidence=21)


def no_hardware_for_half_an_hour(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """There is no hardware for a start for half an hour; or for less time than two starts of the model take."""
    start, lasts = (500, rng.uniform(8, 9)) if level == HEALTHY else (230, rng.uniform(30, 33))
    return _unplaced(name, "no_hardware_for_half_an_hour", level, varied(rng, start, 0.05), lasts)


def starts_in_vain(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Two starts fail, and two more an hour later, as there was no hardware between; or two, and a third succeeds."""
    here, at = f"{name}/deployment-1", seconds(ONSET)
    fails = {"action": "fault", "deployment": here}
    begins = [
        {"at": at, "do": {**fails, "change": {"crash_on_load": 1.0}}},
        {"at": at, "do": {"action": "terminate", "deployment": here}},
    ]
    # What a second failure leaves is replaced, and waits for hardware, which is there for two minutes only.
    between = [*_outage(name, ONSET + 1.7, 68.3), *_outage(name, ONSET + 72, 28)]
    cured = {"at": at + (_TWICE if level == HEALTHY else seconds(99)), "do": {**fails, "change": {"crash_on_load": 0.0}}}
    return Scenario(
        name,
        "starts_in_vain",
        level,
        SHORT,
        [fleet(name, rng, 3)],
        timeline=[*begins, *(between if level != HEALTHY else ()), cured],
        detection="restart_loop",
        onset=ONSET,
        end=ONSET + 100,
        expected=frozenset({"ServingRestartLoop", "ServingReplicasStuckStarting", "ServingBelowMinReplicas"}),
        companions=OF_A_LOOP,
    )


def _unplaced_after(name: str, kind: str, level: Level, model: Mapping[str, Any], before: Sequence[dict[str, Any]]) -> Scenario:
    """Return a fleet of three of which one is taken away while there is no hardware for another."""
    loss = {"action": "terminate", "deployment": f"{name}/deployment-1"}
    return Scenario(
        name,
        kind,
        level,
        SHORT,
        [model],
        timeline=[*before, *_outage(name, ONSET, 10.5), {"at": seconds(ONSET) + 10, "do": loss}],
        detection="stuck_starting",
        onset=ONSET,
        end=ONSET + 10,
        # Two usual starts are less than seven minutes.
        evidence=8,
        expected=frozenset({"ServingReplicasStuckStarting"}),
    )


def no_hardware_after_crashes(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """After one crash there is no hardware for another replica; or after two, when a start may have crashed as well."""
    minutes = [ONSET - 50.0, ONSET - 30.0] if level == HEALTHY else [ONSET - 40.0]
    return _unplaced_after(name, "no_hardware_after_crashes", level, fleet(name, rng, 3), crashes(name, minutes))


def no_hardware_after_failed_starts(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """After one failed start there is no hardware for another replica; or after two, when that one may have failed as well."""
    here = f"{name}/deployment-1"
    fails = _TWICE if level == HEALTHY else _ONCE
    before = [
        {"at": seconds(ONSET - 40), "do": {"action": "fault", "deployment": here, "change": {"crash_on_load": 1.0}}},
        {"at": seconds(ONSET - 40), "do": {"action": "terminate", "deployment": here}},
        {"at": seconds(ONSET - 40) + fails, "do": {"action": "fault", "deployment": here, "change": {"crash_on_load": 0.0}}},
    ]
    return _unplaced_after(name, "no_hardware_after_failed_starts", level, fleet(name, rng, 3), before)


MADE: Mapping[str, Make] = {
    "no_hardware_for_a_quarter": no_hardware_for_a_quarter,
    "no_hardware_for_a_start": no_hardware_for_a_start,
    "no_hardware_for_half_an_hour": no_hardware_for_half_an_hour,
    "starts_in_vain": starts_in_vain,
    "no_hardware_after_crashes": no_hardware_after_crashes,
    "no_hardware_after_failed_starts": no_hardware_after_failed_starts,
}
"""By kind: what makes one variation of it."""
