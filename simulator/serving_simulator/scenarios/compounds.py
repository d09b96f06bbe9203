"""Two things at once: the alert that explains both must be heard, and the one that is only a consequence must not page beside it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from serving_simulator.scenarios.autoscaling import ceiling, thrash
from serving_simulator.scenarios.faults import restart_loop
from serving_simulator.scenarios.releases import promote, promoted
from serving_simulator.scenarios.scenario import BUDGETS, HEALTHY, ONSET, SHORT, Level, Scenario, during, seconds

__all__ = ["churn_by_crashes", "crash_during_ramp", "flapping_by_crashes", "flood_in_rollout", "saturation_and_recovery"]


def crash_during_ramp(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Load rises, and what is started for it crashes."""
    of = restart_loop(name, level, rng)
    model = dict(of.models[0])
    deployment = dict(model["deployments"][0])
    base = deployment["workload"]["patterns"][0]["rate"]
    ramp = {"kind": "ramp", "low": 0.0, "high": base * 1.5, "at": seconds(ONSET), "length": seconds(30), "hold": seconds(60)}
    deployment["workload"] = {"patterns": [{"kind": "constant", "rate": base}, ramp]}
    model["deployments"] = [deployment]
    return replace(of, incident="crash_during_ramp", models=[model], companions=of.companions | {"ServingCapacitySaturated"})


def saturation_and_recovery(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """The ceiling is reached, and somebody raises it: the queue drains, and the page ends."""
    of = ceiling(name, level, rng)
    limit = of.models[0]["deployments"][0]["autoscaling"]["max_replica"]
    higher = {"action": "settings", "deployment": f"{name}/deployment-1", "change": {"max_replica": 4 * limit}}
    return replace(
        of,
        incident="saturation_and_recovery",
        timeline=[{"at": seconds(ONSET + 45), "do": higher}],
        end=ONSET + 45,
        companions=of.companions | {"ServingColdStartGap"},
    )


def flapping_by_crashes(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """Replicas die and return under a short delay: what looks like flapping is a loop of restarts."""
    of = restart_loop(name, level, rng)
    model = dict(of.models[0])
    deployment = dict(model["deployments"][0])
    deployment["autoscaling"] = {**thrash(name, level, rng).models[0]["deployments"][0]["autoscaling"], "min_replica": 2}
    deployment["autoscaling"]["concurrency_target"] = 8
    model["deployments"] = [deployment]
    return replace(of, incident="flapping_by_crashes", models=[model])


def churn_by_crashes(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """The only replica dies between uses and is back for the next: what looks like falling asleep too early is a loop of restarts."""
    of = restart_loop(name, level, rng)
    model = dict(of.models[0])
    uses = {"kind": "batch", "requests": 4, "spread": 20, "every": seconds(4), "at": 30}
    deployment = {
        **model["deployments"][0],
        "autoscaling": {"min_replica": 0, "max_replica": 1, "concurrency_target": 2, "scale_down_delay": 900},
        "workload": {"patterns": [uses]},
    }
    model["deployments"] = [deployment]
    # Three crashes of one replica take longer than of two.
    crashes = {"crash_every": {"mild": 800.0, "medium": 420.0, "severe": 150.0}.get(level), "crash_on_load": 0.4}
    return replace(
        of,
        incident="churn_by_crashes",
        models=[model],
        timeline=during(name, crashes, {"crash_every": None, "crash_on_load": 0.0}) if level != HEALTHY else [],
        evidence={"mild": 75, "medium": 45}.get(level, 15),
        companions=of.companions | {"ServingColdFlood"},
    )


def flood_in_rollout(name: str, level: Level, rng: np.random.Generator) -> Scenario:
    """While one version replaces another, more load comes than the environment may have replicas for."""
    rise = {HEALTHY: 1.2, "mild": 4.0, "medium": 5.0, "severe": 7.0}[level]
    rolling = {"rolling_deploy": True, "max_surge_percent": 25, "stabilization_time_seconds": 900}
    model = promoted(name, rng, rolling, {})
    workload, settings = (model["environments"][0][key] for key in ("workload", "autoscaling"))
    # A fleet of fixed size is never near its ceiling, only at it.
    if rng.random() < 0.3:
        settings["min_replica"] = settings["max_replica"]
    base = workload["patterns"][0]["rate"]
    step = {"kind": "step", "rate": base * (rise - 1), "at": seconds(ONSET + 8), "length": seconds(40)}
    workload["patterns"] = [*workload["patterns"], step]
    return Scenario(
        name,
        "flood_in_rollout",
        level,
        SHORT,
        [model],
        timeline=[{"at": seconds(ONSET), "do": promote(name)}],
        detection="capacity_exhausted",
        onset=ONSET + 8,
        end=ONSET + 48,
        expected=frozenset({"ServingEnvironmentExhausted", "ServingEnvironmentSaturated", "ServingCapacityExhausted"}),
        companions=BUDGETS | {"ServingCapacitySaturated", "ServingColdStartGap", "ServingClientsGivingUp", "ServingRequestsExpired"},
    )
