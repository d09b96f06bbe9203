"""Small fleets for the engine's tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from serving_simulator import fleet
from serving_simulator.views import FeedPage
from serving_simulator.world import World

START = 1_780_000_000.0


def one(deployment: dict[str, Any], **rest: Any) -> fleet.Fleet:
    """A fleet of one model with one deployment in production."""
    return several({"m": deployment}, **rest)


def several(deployments: dict[str, dict[str, Any]], **rest: Any) -> fleet.Fleet:
    """A fleet of one model for each name, each with one deployment in production."""
    models = [{"name": name, "deployments": [{"name": "d", "environment": "production", **each}]} for name, each in deployments.items()]
    return fleet.parse(yaml.safe_dump({"models": models, **rest}), source="test.yaml")


def only(world: World) -> str:
    return world.deployments(world.models()[0].id)[0].id


def trace(world: World, seconds: int, read: Callable[[dict[str, Any]], Any], every: int = 1) -> list[Any]:
    """Values of the only deployment's truth, one for each ``every`` seconds."""
    identity = only(world)
    values = []
    for _ in range(0, seconds, every):
        world.advance(world.now + every)
        values.append(read(world.truth(identity)))
    return values


QUICK = {
    "scheduling": "1s",
    "scheduling_spread": 0,
    "image_pull": 1,
    "weight_download": 1,
    "container_start": 5,
    "readiness": 1,
    "spread": 0,
}


@pytest.fixture
def quick() -> dict[str, Any]:
    return dict(QUICK)


BUSY = {
    "autoscaling": {"min_replica": 1, "max_replica": 4, "concurrency_target": 4},
    "service": {"mean": "2s", "knee": 4},
    "startup": QUICK,
    "faults": {"crash_every": "10m"},
    "workload": {"noise": 0.2, "patterns": [{"kind": "constant", "rate": 3}]},
}


def samples(page: FeedPage, name: str) -> dict[tuple[str, ...], float]:
    """Values by the label values after the deployment's own."""
    found = next((family.samples for family in page.families if family.name == name), ())
    return {
        tuple(value for label, value in labels if label not in {"model_id", "model_name", "deployment_id"}): value
        for _, labels, value in found
    }
