"""Days in which something happens again and again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serving_simulator.scenarios.scenario import HEALTHY, SHORT, Scenario, seconds

__all__ = ["QUICK", "Action", "every", "turns"]

Action = Mapping[str, Any]
QUICK = {"scheduling": 5, "container_start": 25}
"""A start of half a minute."""


def every(minutes: float, *things: Action) -> list[dict[str, Any]]:
    """Let things happen in turn, one each so many minutes."""
    times = range(1, int(SHORT / minutes))
    return [{"at": seconds(minutes * number), "do": dict(things[number % len(things)])} for number in times]


def turns(name: str, kind: str, minutes: float, rate: float, deployment: Action) -> Scenario:
    """Promote two deployments of one kind in turns, each so many minutes; the environment has the settings of both."""
    model = {
        "name": name,
        "environments": [
            {
                "name": "production",
                "autoscaling": deployment["autoscaling"],
                "promotion": {"rolling_deploy": False, "promotion_cleanup_strategy": "KEEP"},
                "workload": {"noise": 0.1, "patterns": [{"kind": "constant", "rate": rate}]},
            }
        ],
        "deployments": [
            {**deployment, "name": "deployment-1", "environment": "production"},
            {**deployment, "name": "deployment-2", "age": "1d"},
        ],
    }
    promotions = [{"action": "promote", "environment": f"{name}/production", "deployment": f"{name}/deployment-{each}"} for each in (1, 2)]
    return Scenario(name, kind, HEALTHY, SHORT, [model], timeline=every(minutes, *promotions))
