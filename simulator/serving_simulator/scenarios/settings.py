"""Settings that cost money or time while nothing breaks: targets, floors and ceilings beside the load."""

from __future__ import annotations

import numpy as np

from serving_simulator.scenarios.scenario import BUDGETS, DAY, HEALTHY, SHORT, WEEK, Level, Scenario, model_of, seconds, varied

__all__ = ["idle_spend", "over_provisioned", "settings_lint", "spend_spike", "target_too_high", "target_too_low"]


def target_too_high(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Replicas are given far more requests at once than they work on well, and the autoscaler sees no need for another."""
    target = {HEALTHY: 4, "mild": 40, "medium": 112, "severe": 160}[level]
    service, knee = varied(rng, 2.0), 4
    # Busy hours hold what slows a replica down and stays below its target; quiet ones show how fast it can be.
    busy = {HEALTHY: 10.0, "mild": 18.0, "medium": 34.0, "severe": 44.0}[level]
    quiet = 1.2 / service
    # A crowd every few minutes keeps them full: chance arrivals alone let the queue drain, or grow past the slots, for half an hour.
    every, length, at = seconds(160), seconds(70), seconds(60)
    peak = {"kind": "burst", "rate": 0.86 * knee / service - quiet, "length": length, "every": every, "at": at}
    crowd = {"kind": "batch", "requests": busy, "spread": 5, "every": every, "at": at}
    crowds = [{**crowd, "requests": 0.8 * busy, "at": at + later} for later in range(150, int(length), 150)]
    return Scenario(
        name,
        "target_too_high",
        level,
        DAY,
        [
            model_of(
                name,
                {
                    "autoscaling": {"min_replica": 1, "max_replica": 6, "concurrency_target": target},
                    "service": {"mean": service, "cv": 0.3, "knee": knee},
                    "startup": {"scheduling": 10, "container_start": 30},
                    "workload": {"patterns": [{"kind": "constant", "rate": quiet}, peak, crowd, *crowds]},
                },
            )
        ],
        detection="concurrency_target_too_high",
        # How fast it can be is known after six hours; the busy stretch after that begins at 380 minutes, and half an hour of it shows.
        evidence=380 + 30,
        expected=frozenset({"ServingConcurrencyTargetTooHigh"}),
        # A replica that was added for the slow hour goes too early, too.
        companions=BUDGETS | {"ServingLatencyAfterScaleDown"},
    )


def target_too_low(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """One request at a time on hardware that takes dozens: a large fleet, and all of it idle."""
    knee = {HEALTHY: 1, "mild": 8, "medium": 24, "severe": 48}[level]
    service = varied(rng, 0.5)
    return Scenario(
        name,
        "target_too_low",
        level,
        DAY,
        [
            model_of(
                name,
                {
                    "autoscaling": {"min_replica": 2, "max_replica": 16, "concurrency_target": 1},
                    "replicas": 8,
                    "service": {"mean": service, "cv": 0.3, "knee": knee},
                    "startup": {"scheduling": 10, "container_start": 30},
                    "workload": {"patterns": [{"kind": "constant", "rate": varied(rng, 5.5) / service}]},
                },
            )
        ],
        detection="concurrency_target_too_low",
        evidence=6 * 60,
        expected=frozenset({"ServingConcurrencyTargetTooLow"}),
        companions=BUDGETS | {"ServingCapacitySaturated"},
    )


def idle_spend(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """A floor is kept through hours in which nobody asks for anything."""
    floor = {HEALTHY: 0, "mild": 1, "medium": 2, "severe": 6}[level]
    once = {"kind": "burst", "rate": varied(rng, 0.2), "length": seconds(0.5), "every": seconds(24 * 60), "at": seconds(20)}
    return Scenario(
        name,
        "idle_spend",
        level,
        SHORT,
        [
            model_of(
                name,
                {
                    "instance_type": "H100",
                    "autoscaling": {"min_replica": floor, "max_replica": 8, "concurrency_target": 4, "scale_down_delay": 600},
                    "service": {"mean": 2.0, "cv": 0.5, "knee": 4},
                    "startup": {"scheduling": 10, "container_start": 30},
                    "workload": {"patterns": [once]},
                },
            )
        ],
        detection="idle_spend",
        onset=50,
        evidence=120,
        expected=frozenset({"ServingIdleSpend"}),
        companions=frozenset({"ServingColdFlood"}),
    )


def over_provisioned(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """A crowd of some minutes each hour, and a delay of an hour: the fleet of the crowd stays all day."""
    crowd = {HEALTHY: 1.0, "mild": 7.0, "medium": 12.0, "severe": 20.0}[level]
    service = varied(rng, 4.0)
    bursts = {"kind": "burst", "rate": crowd / service, "length": 400, "every": seconds(55), "at": float(rng.uniform(0, 1800))}
    # Room for half as much again: without a ceiling near the need, the backlog of each cold crowd starts far more than it.
    most = int(np.ceil(1.5 * crowd / 0.7))
    return Scenario(
        name,
        "over_provisioned",
        level,
        DAY,
        [
            model_of(
                name,
                {
                    "autoscaling": {"min_replica": 1, "max_replica": most, "concurrency_target": 1, "scale_down_delay": 3600},
                    "service": {"mean": service, "cv": 0.3, "knee": 1},
                    "startup": {"scheduling": 8, "image_pull": 2, "weight_download": 3, "container_start": 15},
                    "workload": {"patterns": [{"kind": "constant", "rate": 0.25 / service}, bursts]},
                },
            )
        ],
        detection="over_provisioned",
        evidence=13 * 60,
        expected=frozenset({"ServingOverProvisioned"}),
        companions=BUDGETS,
    )


def settings_lint(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Settings that contradict advice: no delay, a window of noise, no room above the target."""
    wrong = {
        HEALTHY: {},
        "mild": {"autoscaling_window": 10},
        "medium": {"scale_down_delay": 0},
        "severe": {"scale_down_delay": 30, "autoscaling_window": 10, "target_utilization_percentage": 100},
    }[level]
    return Scenario(
        name,
        "settings_lint",
        level,
        DAY,
        [
            model_of(
                name,
                {
                    "autoscaling": {"min_replica": 2, "max_replica": 5, "concurrency_target": 8, **wrong},
                    "service": {"mean": varied(rng, 1.0), "cv": 0.5, "knee": 12},
                    "startup": {"scheduling": 10, "container_start": 30},
                    "workload": {"patterns": [{"kind": "constant", "rate": varied(rng, 7.0)}]},
                },
            )
        ],
        detection="settings_lint",
        evidence=13 * 60,
        expected=frozenset({"ServingSettingsLint"}),
        companions=frozenset({"ServingThrash"}),
    )


def spend_spike(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """What cost a little yesterday costs a multiple today: its load has grown."""
    growth = {HEALTHY: 1.15, "mild": 2.6, "medium": 4.0, "severe": 7.0}[level]
    service, onset = varied(rng, 4.0), WEEK - 20 * 60
    base = 8.0 / service
    step = {"kind": "step", "rate": base * (growth - 1), "at": seconds(onset)}
    return Scenario(
        name,
        "spend_spike",
        level,
        WEEK,
        [
            model_of(
                name,
                {
                    "instance_type": "H100",
                    "autoscaling": {"min_replica": 2, "max_replica": 40, "concurrency_target": 4},
                    "service": {"mean": service, "cv": 0.5, "knee": 4},
                    "startup": {"scheduling": 10, "container_start": 40},
                    "workload": {"noise": 0.1, "patterns": [{"kind": "constant", "rate": base}, step]},
                },
            )
        ],
        detection="spend_spike",
        onset=onset,
        evidence=60,
        expected=frozenset({"ServingSpendSpike", "ServingWorkspaceSpendSpike"}),
        companions=BUDGETS | {"ServingColdStartGap", "ServingClientsGivingUp"},
    )
