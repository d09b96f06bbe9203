"""Models, deployments, environments, chains, workspace routes: exact documents."""

from __future__ import annotations

from typing import Any

from serving_simulator.api.switches import ApiSwitches

from .conftest import Rig

SETTINGS = {
    "min_replica": 1,
    "max_replica": 4,
    "autoscaling_window": 60,
    "scale_down_delay": 900,
    "concurrency_target": 8,
    "target_utilization_percentage": 70,
    "target_in_flight_tokens": None,
    "max_scale_down_rate": None,
}


async def test_models(rig: Rig) -> None:
    document = await rig.get("/v1/models")
    assert [model["id"] for model in document["models"]] == ["modela", "modelb"]
    assert document["models"][0] == {
        "id": "modela",
        "created_at": "2026-09-20T14:13:20Z",
        "name": "chat",
        "deployments_count": 3,
        "production_deployment_id": "prod1",
        "development_deployment_id": "dev1",
        "instance_type_name": "L4:4x16",
        "team_name": "default",
    }
    assert document["models"][1]["created_at"] == "2026-09-20T14:13:20.250Z"
    assert (await rig.get("/v1/models", name="chat"))["models"] == document["models"][:1]
    assert (await rig.get("/v1/models", name="cha"))["models"] == []
    assert await rig.get("/v1/models/modela") == document["models"][0]
    assert (await rig.get("/v1/teams/team0001/models")) == document


async def test_deployments(rig: Rig) -> None:
    document = await rig.get("/v1/models/modela/deployments")
    by_id: dict[str, Any] = {each["id"]: each for each in document["deployments"]}
    assert list(by_id) == ["prod1", "cand1", "dev1"]
    assert by_id["prod1"]["autoscaling_settings"] == SETTINGS
    assert by_id["prod1"]["region"] == {"slug": "us", "display_name": "United States"}
    assert by_id["prod1"]["labels"] == {"team": "search", "nested": {"a": [1, None]}}
    assert by_id["prod1"]["request_backpressure_settings"] == {"policy": None}
    assert by_id["cand1"]["autoscaling_settings"] is None
    assert by_id["dev1"]["request_backpressure_settings"] == {"policy": "REJECT_ON_FULL"}
    assert (await rig.get("/v1/models/modelb/deployments"))["deployments"][0]["instance_type_name"] is None
    assert await rig.get("/v1/models/modela/deployments/production") == by_id["prod1"]
    assert await rig.get("/v1/models/modela/deployments/development") == by_id["dev1"]
    assert await rig.get("/v1/models/modela/deployments/cand1") == by_id["cand1"]
    assert (await rig.get("/v1/models/modela/deployments", name="name-of-dev1"))["deployments"] == [by_id["dev1"]]


async def test_environments(rig: Rig) -> None:
    document = (await rig.get("/v1/models/modela/environments"))["environments"][0]
    assert document == await rig.get("/v1/models/modela/environments/production")
    assert document["current_deployment"]["id"] == "prod1"
    assert document["candidate_deployment"]["id"] == "cand1"
    promotion = {"status": "RAMPING_UP", "percent_traffic_to_new_version": 25, "error_message": None, "rolling_deploy": True}
    assert document["in_progress_promotion"] == promotion
    assert document["promotion_settings"]["rolling_deploy"] is True
    assert document["promotion_settings"]["rolling_deploy_config"]["max_surge_percent"] == 10
    assert document["promotion_settings"]["rolling_deploy_config"]["max_unavailable_percent"] == 0
    assert document["instance_type"]["gpu_type"] == "L4"
    applied = document["autoscaling_schedules"]["applied_state"]
    assert applied == {"schedule_id": "sched1", "autoscaling_settings": {**SETTINGS, "min_replica": 0, "max_replica": 2}}
    assert document["autoscaling_schedules"]["timezone"] == "Europe/Paris"
    empty = await rig.get("/v1/models/modelb/environments/production")
    assert (empty["current_deployment"], empty["candidate_deployment"], empty["in_progress_promotion"]) == (None, None, None)
    assert empty["autoscaling_schedules"] == {"timezone": None, "schedules": [], "applied_state": None}


async def test_fields_of_august_2026_can_be_absent(rig: Rig) -> None:
    rig.emulator.switches = ApiSwitches(august_2026=False)
    deployment = await rig.get("/v1/models/modela/deployments/prod1")
    assert deployment.keys() & {"region", "request_backpressure_settings"} == set()
    environment = await rig.get("/v1/models/modela/environments/production")
    assert environment.keys() & {"autoscaling_schedules", "request_backpressure_settings"} == set()


async def test_prices_are_dollars_a_minute(rig: Rig) -> None:
    prices = {each["instance_type"]["name"]: each["price"] for each in (await rig.get("/v1/instance_type_prices"))["instance_types"]}
    assert prices["L4:4x16"] == 0.01414
    types = {each["id"]: each for each in (await rig.get("/v1/instance_types"))["instance_types"]}
    assert types.keys() == prices.keys()
    assert types["L4:4x16"] == {
        "id": "L4:4x16",
        "name": "L4:4x16",
        "memory_limit_mib": 16384,
        "millicpu_limit": 4000,
        "gpu_count": 1,
        "gpu_type": "L4",
        "gpu_memory_limit_mib": 24576,
    }


async def test_chains(rig: Rig) -> None:
    assert (await rig.get("/v1/chains"))["chains"] == [await rig.get("/v1/chains/chain1")]
    deployed = (await rig.get("/v1/chains/chain1/deployments"))["deployments"]
    assert deployed == [await rig.get("/v1/chains/chain1/deployments/chdep1")]
    assert [each["name"] for each in deployed[0]["chainlets"]] == ["Split", "Speak"]
    assert deployed[0]["chainlets"][1]["autoscaling_settings"] is None
    environment = await rig.get("/v1/chains/chain1/environments/production")
    assert environment["current_deployment"] == deployed[0]
    assert environment["chainlet_settings"][1]["instance_type"]["gpu_type"] == "H100"
    listed = (await rig.get("/v1/chains/chain1/environments"))["environments"]
    assert [each["name"] for each in listed] == ["production"]


async def test_workspace(rig: Rig) -> None:
    assert (await rig.get("/v1/teams"))["teams"][0]["name"] == "default"
    assert (await rig.get("/v1/teams", name="other"))["teams"] == []
    assert (await rig.get("/v1/teams/team0001"))["default"] is True
    assert {each["slug"] for each in (await rig.get("/v1/regions"))["regions"]} == {"us", "eu"}
    assert (await rig.get("/v1/users/me"))["workspace_name"] == "Demo"
    assert (await rig.get("/v1/organizations/me"))["org_id"] == "orgdemo1"
    assert await rig.get("/v1/environment_groups") == {"items": [], "pagination": {"has_more": False, "cursor": None}}


async def test_keys_are_listed_without_their_secrets(rig: Rig) -> None:
    reply = await rig.ask("/v1/api_keys")
    keys = {each["prefix"]: each for each in reply.json["keys"]}
    assert keys["scoped"]["model_ids"] == ["modela"]
    assert keys["full"]["model_ids"] is None
    assert keys["keys"]["type"] == "WORKSPACE_MANAGE_API_KEYS"
    assert b"secret" not in reply.body
