"""What teams and platforms do to deployments all day long."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from serving_simulator.recording import Loss
from serving_simulator.scenarios.excused.day import QUICK, every, turns
from serving_simulator.scenarios.releases import promoted
from serving_simulator.scenarios.scenario import HEALTHY, ONSET, SHORT, Scenario, model_of, seconds, varied

__all__ = ["MADE"]


def _promoted_all_day(name: str, rng: np.random.Generator) -> Scenario:
    """A team that deploys all day: two versions take turns, and each time one fleet starts and the other goes."""
    model = promoted(name, rng, {"rolling_deploy": False}, {})
    promotions = [{"action": "promote", "environment": f"{name}/production", "deployment": f"{name}/deployment-{each}"} for each in (1, 2)]
    return Scenario(name, "promoted-all-day", HEALTHY, SHORT, [model], timeline=every(25, *promotions))


def _promoted_in_turns(name: str, rng: np.random.Generator) -> Scenario:
    """Two versions that both keep their floor take turns: the load goes from one to the other, and all but the floor with it."""
    minutes, delay = ((13.0, 60), (40.0, 900))[int(rng.integers(2))]
    of = {
        "autoscaling": {"min_replica": 1, "max_replica": 12, "concurrency_target": 8, "scale_down_delay": delay},
        "service": {"mean": varied(rng, 0.6), "cv": 0.4, "knee": 8},
        "startup": QUICK,
    }
    return turns(name, "promoted-in-turns", minutes, varied(rng, 60.0), of)


def _edited_all_day(name: str, rng: np.random.Generator) -> Scenario:
    """Something outside moves the floor up and down with a plan of its own."""
    of = {
        "autoscaling": {"min_replica": 2, "max_replica": 12, "concurrency_target": 4, "scale_down_delay": 60},
        "service": {"mean": varied(rng, 1.0), "cv": 0.5, "knee": 6},
        "startup": QUICK,
        "workload": {"patterns": [{"kind": "constant", "rate": varied(rng, 4.0)}]},
    }
    # Far apart, or next to each other.
    floors = (int(rng.choice([3, 8])), 2)
    edits = [{"action": "settings", "deployment": f"{name}/deployment-1", "change": {"min_replica": each}} for each in floors]
    return Scenario(name, "edited-all-day", HEALTHY, SHORT, [model_of(name, of)], timeline=every(7, *edits))


def _raised_step_by_step(name: str, rng: np.random.Generator) -> Scenario:
    """A floor is raised one by one, and each replica takes longer to start than the next step to come."""
    of = {
        "autoscaling": {"min_replica": 2, "max_replica": 40, "concurrency_target": 4},
        "service": {"mean": varied(rng, 1.0), "cv": 0.5, "knee": 6},
        "startup": {"scheduling": 60, "image_pull": 60, "weight_download": 300, "container_start": 700},
        "workload": {"patterns": [{"kind": "constant", "rate": varied(rng, 3.0)}]},
    }
    steps = [{"action": "settings", "deployment": f"{name}/deployment-1", "change": {"min_replica": each}} for each in range(3, 40)]
    return Scenario(name, "raised-step-by-step", HEALTHY, SHORT, [model_of(name, of, age="30d")], timeline=every(14, *steps))


def _pinned_and_replaced(name: str, rng: np.random.Generator) -> Scenario:
    """A fleet of fixed size whose replicas are taken away now and then, some at once, and are back within a minute."""
    of = {
        "autoscaling": {"min_replica": 6, "max_replica": 6, "concurrency_target": 4, "scale_down_delay": 60},
        "service": {"mean": varied(rng, 1.0), "cv": 0.5, "knee": 6},
        "startup": QUICK,
        "workload": {"patterns": [{"kind": "constant", "rate": varied(rng, float(rng.choice([6.0, 11.0])))}]},
    }
    loss = {"action": "terminate", "deployment": f"{name}/deployment-1"}
    losses = [each for _ in range(int(rng.integers(1, 4))) for each in every(4, loss)]
    return Scenario(name, "pinned-and-replaced", HEALTHY, SHORT, [model_of(name, of)], timeline=losses)


def _tested_when_new(name: str, rng: np.random.Generator) -> Scenario:
    """A deployment in its first hour: somebody tries it now and then, and it falls to zero between."""
    uses = [{"kind": "batch", "requests": 2, "spread": 10, "every": seconds(24 * 60), "at": seconds(each)} for each in range(10, 34, 8)]
    of = {
        "state": "new",
        "age": 0,
        "autoscaling": {"min_replica": 0, "max_replica": 4, "concurrency_target": 2, "scale_down_delay": 60},
        "service": {"mean": varied(rng, 2.0), "cv": 0.5, "knee": 2},
        "startup": {"scheduling": 10, "container_start": varied(rng, 60)},
        "workload": {"patterns": uses},
    }
    return Scenario(name, "tested-when-new", HEALTHY, SHORT, [model_of(name, of)])


def _shut_down(name: str, rng: np.random.Generator) -> Scenario:
    """Somebody takes a deployment out of service; its floor stands, and nothing runs."""
    of = {
        "autoscaling": {"min_replica": 2, "max_replica": 4, "concurrency_target": 4},
        "service": {"mean": varied(rng, 1.0), "cv": 0.5, "knee": 6},
        "startup": QUICK,
        "workload": {"patterns": [{"kind": "step", "rate": varied(rng, 3.0), "at": 0, "length": seconds(ONSET)}]},
    }
    end = {"at": seconds(ONSET + 5), "do": {"action": "deactivate", "deployment": f"{name}/deployment-1"}}
    return Scenario(name, "shut-down", HEALTHY, SHORT, [model_of(name, of)], timeline=[end])


def _not_offered(name: str, rng: np.random.Generator) -> Scenario:
    """A plan without some of the platform's APIs: what reads them gets nothing, and has said so once."""
    of = {
        "autoscaling": {"min_replica": 2, "max_replica": 4, "concurrency_target": 4},
        "service": {"mean": varied(rng, 1.0), "cv": 0.5, "knee": 6},
        "workload": {"patterns": [{"kind": "constant", "rate": varied(rng, 3.0)}]},
    }
    losses = [Loss("unsupported", 0, SHORT, source) for source in ("feed" if rng.random() < 0.5 else "queues", "startups")]
    return Scenario(name, "not-offered", HEALTHY, SHORT, [model_of(name, of)], losses=losses)


MADE: Mapping[str, Callable[[str, np.random.Generator], Scenario]] = {
    "promoted-all-day": _promoted_all_day,
    "promoted-in-turns": _promoted_in_turns,
    "edited-all-day": _edited_all_day,
    "raised-step-by-step": _raised_step_by_step,
    "pinned-and-replaced": _pinned_and_replaced,
    "tested-when-new": _tested_when_new,
    "shut-down": _shut_down,
    "not-offered": _not_offered,
}
"""By kind: what makes one variation of it."""
