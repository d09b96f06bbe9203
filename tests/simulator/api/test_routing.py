"""Hosts and prefixes, queue status, and the writes that a closed loop needs."""

from __future__ import annotations

from typing import Any

import pytest

from serving_simulator.api.errors import Surface
from serving_simulator.api.routing import locate

from .conftest import Rig

STATUS = {"model_id": "modela", "deployment_id": "prod1", "num_queued_requests": 12, "num_in_progress_requests": 3}


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("model-modela.api.baseten.co", "/production/async_queue_status"),
        ("model-modela.api.baseten.co", "/environments/production/async_queue_status"),
        ("model-modela.api.baseten.co", "/deployment/prod1/async_queue_status"),
        ("model-modela-production.api.baseten.co", "/async_queue_status"),
        ("model-modela.api.localhost:9817", "/production/async_queue_status"),
        (None, "/model-modela/production/async_queue_status"),
        (None, "/model-modela/deployment/prod1/async_queue_status"),
        (None, "/model-modela-production/async_queue_status"),
    ],
)
async def test_queue_status_by_host_and_by_prefix(rig: Rig, host: str | None, path: str) -> None:
    reply = await rig.ask(path, headers={"Host": host} if host else {})
    assert (reply.status, reply.json) == (200, STATUS)


async def test_queue_of_the_development_deployment(rig: Rig) -> None:
    assert (await rig.get("/model-modela/development/async_queue_status"))["deployment_id"] == "dev1"


@pytest.mark.parametrize(
    ("path", "deployment"),
    [
        ("/chain-chain1/production/async_queue_status", "chdep1"),
        ("/chain-chain1/environments/production/async_queue_status", "chdep1"),
        ("/chain-chain1/deployment/chdep1/async_queue_status", "chdep1"),
        ("/chain-chain1-production/async_queue_status", "chdep1"),
    ],
)
async def test_queue_of_a_chain(rig: Rig, path: str, deployment: str) -> None:
    document = await rig.get(path)
    assert document == {"model_id": "chain1", "deployment_id": deployment, "num_queued_requests": 0, "num_in_progress_requests": 0}


@pytest.mark.parametrize(
    "path", ["/production/async_queue_status", "/environments/x/async_queue_status", "/deployment/y/async_queue_status"]
)
async def test_regional_hosts_refuse_paths_that_name_an_environment(rig: Rig, path: str) -> None:
    reply = await rig.ask(f"/model-modela-production{path}")
    assert (reply.status, reply.json["error_code"]) == (400, "client_error")


@pytest.mark.parametrize(
    "path",
    [
        "/model-nope/production/async_queue_status",
        "/model-modela/deployment/nope/async_queue_status",
        "/model-modela/environments/nope/async_queue_status",
        "/model-modela-nope/async_queue_status",
        "/model-modela/async_queue_status",
        "/model-modela/other/async_queue_status",
        "/model-modelb/deployment/old1/async_queue_status",
        "/model-modela/production/predict",
        "/chain-nope/production/async_queue_status",
        "/chain-chain1/deployment/nope/async_queue_status",
    ],
)
async def test_inference_hosts_do_not_know_it(rig: Rig, path: str) -> None:
    reply = await rig.ask(path)
    assert (reply.status, reply.json["error_code"]) == (404, "model_does_not_exist")


def test_locating() -> None:
    assert locate("api.baseten.co", "/v1/models").surface is Surface.MANAGEMENT
    assert locate("app.baseten.co", "/metrics").surface is Surface.FEED
    assert locate("127.0.0.1:80", "/chain-c1-eu/async_queue_status").region == "eu"
    regional = locate("model-m1-prod-us.api.baseten.co", "/async_queue_status")
    assert (regional.owner, regional.region, regional.surface) == ("m1", "prod-us", Surface.MODEL)


DEPLOYMENT = "/v1/models/modela/deployments/prod1"


async def test_settings_are_changed_asynchronously(rig: Rig) -> None:
    reply = await rig.ask(f"{DEPLOYMENT}/autoscaling_settings", method="PATCH", json={"min_replica": 2, "scale_down_delay": None})
    assert (reply.status, reply.json["status"]) == (200, "ACCEPTED")
    assert rig.world.actions == [{"action": "settings", "deployment": "prod1", "change": {"min_replica": 2}}]
    same = await rig.ask("/v1/models/modela/deployments/production/autoscaling_settings", method="PATCH", json={"min_replica": 1})
    assert same.json["status"] == "UNCHANGED"
    assert len(rig.world.actions) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"min_replica": -1},
        {"min_replica": 9},
        {"max_replica": 0},
        {"autoscaling_window": 5},
        {"max_scale_down_rate": 51},
        {"speed": 1},
        {"min_replica": "2"},
        [],
        None,
    ],
)
async def test_settings_are_checked(rig: Rig, body: Any) -> None:
    reply = await rig.ask(f"{DEPLOYMENT}/autoscaling_settings", method="PATCH", json=body)
    assert (reply.status, reply.json["code"]) == (400, "VALIDATION_ERROR")
    assert rig.world.actions == []


async def test_development_deployments_keep_their_bounds(rig: Rig) -> None:
    path = "/v1/models/modela/deployments/development/autoscaling_settings"
    assert (await rig.ask(path, method="PATCH", json={"max_replica": 5})).status == 400
    assert (await rig.ask(path, method="PATCH", json={"scale_down_delay": 60})).status == 200


async def test_other_writes(rig: Rig) -> None:
    assert (await rig.ask(f"{DEPLOYMENT}/deactivate", method="POST")).json == {"success": True}
    assert (await rig.ask("/v1/models/modela/deployments/cand1/promote", method="POST", json={})).json["id"] == "cand1"
    assert (await rig.ask("/v1/models/modela/environments/production/promote", method="POST", json={"deployment_id": "dev1"})).status == 200
    assert (await rig.ask("/v1/models/modela/environments/production/promote", method="POST", json={})).status == 400
    assert (await rig.ask(f"{DEPLOYMENT}/replicas/abcde", method="DELETE")).json == {"success": True}
    assert rig.world.actions == [
        {"action": "deactivate", "deployment": "prod1"},
        {"action": "promote", "environment": "modela/production", "deployment": "cand1"},
        {"action": "promote", "environment": "modela/production", "deployment": "dev1"},
        {"action": "terminate", "deployment": "prod1", "replica": "abcde"},
    ]


async def test_a_body_that_is_not_json(rig: Rig) -> None:
    reply = await rig.ask(f"{DEPLOYMENT}/autoscaling_settings", method="PATCH", data=b"{")
    assert (reply.status, reply.json["code"]) == (400, "VALIDATION_ERROR")
