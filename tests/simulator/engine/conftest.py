"""Small fleets for the engine's tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from serving_simulator import fleet
from serving_simulator.world import World

START = 1_780_000_000.0


def one(deployment: dict[str, Any], **rest: Any) -> fleet.Fleet:
    """A fleet of one model with one deployment in production."""
    document = {"models": [{"name": "m", "deployments": [{"name": "d", "environment": "production", **deployment}]}], **rest}
    return fleet.parse(yaml.safe_dump(document), source="test.yaml")


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
