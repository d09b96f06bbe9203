"""The API over the engine's own demo fleet: nothing that the engine can say breaks the published contracts."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from baseten.client import AsyncManagementClient
from baseten.client import managementapi as sdk
from jsonschema import Draft202012Validator
from prometheus_client.parser import text_string_to_metric_families

from serving_simulator.clock import SimClock
from serving_simulator.emulator import Emulator
from serving_simulator.fleet import load
from serving_simulator.world import World

from .fake_world import START

KEY = {"Authorization": "Bearer demo.emulator"}
FLEET = load("demo")
# Half an hour after the start every story of the fleet has begun.
NOW = START + 1800


@pytest.fixture(scope="module")
def world() -> World:
    made = World(FLEET, seed=1, start=START)
    made.advance(NOW)
    return made


@asynccontextmanager
async def serving(world: World) -> AsyncIterator[Emulator]:
    async with Emulator(FLEET, clock=SimClock(epoch=NOW), world=world, ticking=False) as emulator:
        yield emulator


async def test_contracts_hold_for_everything_in_the_fleet(world: World, shared: Path) -> None:
    description = json.loads((shared / "reference/baseten-management-openapi.json").read_text("utf-8"))
    components = {"components": description["components"]}

    def check(schema: str, document: Any) -> None:
        errors = list(Draft202012Validator({"$ref": f"#/components/schemas/{schema}", **components}).iter_errors(document))
        assert not errors, (schema, errors[0].message)

    async with serving(world) as emulator, aiohttp.ClientSession(headers=KEY) as session:

        async def get(path: str, **params: Any) -> Any:
            async with session.get(f"{emulator.url}/v1{path}", params=params) as answer:
                document = await answer.json()
                assert answer.status == 200, document
                return document

        models = await get("/models")
        check("ModelsV1", models)
        assert len(models["models"]) >= 8
        for model in models["models"]:
            deployments = await get(f"/models/{model['id']}/deployments")
            check("DeploymentsV1", deployments)
            check("EnvironmentsV1", await get(f"/models/{model['id']}/environments"))
            for deployment in deployments["deployments"]:
                for query in ({}, {"mode": "SUMMARY"}, {"mode": "SERIES"}):
                    metrics = await get(f"/models/{model['id']}/deployments/{deployment['id']}/metrics", **query)
                    check("GetModelMetricsResponseV1", metrics)
            metrics = await get(f"/models/{model['id']}/environments/production/metrics", mode="SUMMARY")
            check("GetModelMetricsResponseV1", metrics)
        check("ListAuditLogsResponseV1", await get("/audit_logs", limit=200))
        chains = await get("/chains")
        check("ChainsV1", chains)
        for chain in chains["chains"]:
            check("ChainDeploymentsV1", await get(f"/chains/{chain['id']}/deployments"))
            check("EnvironmentsV1", await get(f"/chains/{chain['id']}/environments"))
        check("InstanceTypePricesV1", await get("/instance_type_prices"))
        check("APIKeysV1", await get("/api_keys"))
        check("UsageSummaryV1", await get("/billing/usage_summary", start_date="2026-09-20T00:00:00Z", end_date="2026-09-22T00:00:00Z"))


async def test_sdk_reads_the_whole_fleet(world: World) -> None:
    window = {"start_epoch_millis": round((START - 86_400) * 1000), "end_epoch_millis": round((START + 1800) * 1000)}
    async with serving(world) as emulator, AsyncManagementClient(api_key="demo.emulator", base_url_override=emulator.url) as client:
        starts = []
        for model in (await client.api.get_models()).models:
            for deployment in (await client.api.get_models_deployments(model_id=model.id)).deployments:
                where = {"model_id": model.id, "deployment_id": deployment.id}
                params = sdk.GetModelsDeploymentsStartupsParams(**window, limit=100)
                starts += (await client.api.get_models_deployments_startups(**where, params=params)).items
                summary = sdk.GetModelsDeploymentsStartupsSummaryParams(**window)
                await client.api.get_models_deployments_startups_summary(**where, params=summary)
                await client.api.get_models_deployments_metrics(**where)
            await client.api.get_models_environments(model_id=model.id)
        assert {"SUCCESS", "FAILED"} <= {start.outcome for start in starts}
        await client.api.get_audit_logs(params=sdk.GetAuditLogsParams(limit=200))
        await client.api.get_chains()


async def test_feed_parses_and_agrees_with_the_truth(world: World) -> None:
    async with serving(world) as emulator, aiohttp.ClientSession(headers=KEY) as session:
        async with session.get(emulator.url + "/metrics") as answer:
            text = await answer.text()
        async with session.get(emulator.url + "/_emulator/truth") as answer:
            truth = (await answer.json())["deployments"]
    families = {family.name: family for family in text_string_to_metric_families(text)}
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert sum(len(family.samples) for family in families.values()) == len(lines) == len(set(lines))
    shown = {sample.labels["deployment_id"]: sample.value for sample in families["baseten_replicas_active"].samples}
    assert shown.keys() <= truth.keys()
    steady = [name for name, value in shown.items() if truth[name]["active"] == value]
    assert len(steady) >= len(shown) / 2
    tool = shutil.which("promtool")
    if tool is None:
        pytest.skip("promtool is not on PATH")
    run = await asyncio.to_thread(
        subprocess.run, [tool, "check", "metrics"], input=text, capture_output=True, text=True, timeout=20, check=False
    )
    assert "error while linting" not in run.stderr, run.stderr


async def test_a_setting_changed_over_the_api_takes_effect(world: World) -> None:
    async with serving(world) as emulator, aiohttp.ClientSession(headers=KEY) as session:
        models = emulator.world.models()
        deployment = next(
            d
            for m in models
            for d in emulator.world.deployments(m.id)
            if d.is_production and d.status == "ACTIVE" and d.autoscaling_settings
        )
        assert deployment.autoscaling_settings is not None
        path = f"{emulator.url}/v1/models/{deployment.model_id}/deployments/production"
        body = {"max_replica": deployment.autoscaling_settings.max_replica + 3}
        async with session.patch(f"{path}/autoscaling_settings", json=body) as answer:
            assert (await answer.json())["status"] == "ACCEPTED"
        await asyncio.sleep(120)
        async with session.get(path) as answer:
            assert (await answer.json())["autoscaling_settings"]["max_replica"] == body["max_replica"]


async def test_the_fleet_makes_its_own_world_and_starts_at_the_clocks_present() -> None:
    clock = SimClock(epoch=START)
    async with Emulator(FLEET, clock=clock, ticking=False) as emulator:
        assert emulator.world.now == START
        await clock.sleep(95.5)
        await emulator.advance()
        assert emulator.world.now == START + 95
