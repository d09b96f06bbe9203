"""The vendor's SDK and the published description judge every management answer."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from baseten.client import AsyncManagementClient
from baseten.client import managementapi as sdk
from jsonschema import Draft202012Validator

from serving_simulator.api.endpoints import ENDPOINTS
from serving_simulator.api.errors import Surface
from serving_simulator.api.switches import ApiSwitches

from .conftest import Rig
from .fake_world import START

WINDOW = {"start_epoch_millis": round((START - 7200) * 1000), "end_epoch_millis": round((START - 3600) * 1000)}
STARTS = {"start_epoch_millis": round((START - 3600) * 1000), "end_epoch_millis": round(START * 1000)}


@asynccontextmanager
async def client(rig: Rig, key: str = "full.secret") -> AsyncIterator[Any]:
    async with AsyncManagementClient(api_key=key, base_url_override=rig.emulator.url) as made:
        yield made.api


async def test_sdk_lists_what_exists(rig: Rig) -> None:
    async with client(rig) as api:
        assert [model.name for model in (await api.get_models()).models] == ["chat", 'odd "name"\\']
        assert (await api.get_models_model_id(model_id="modela")).created_at == datetime(2026, 9, 20, 14, 13, 20, tzinfo=UTC)
        deployments = (await api.get_models_deployments(model_id="modela")).deployments
        assert [each.status for each in deployments] == ["ACTIVE", "LOADING_MODEL", "ACTIVE"]
        assert deployments[0].autoscaling_settings.max_replica == 4
        assert (await api.get_models_deployments_production(model_id="modela")).id == "prod1"
        assert (await api.get_models_deployments_development(model_id="modela")).id == "dev1"
        assert (await api.get_models_deployments_deployment_id(model_id="modela", deployment_id="cand1")).region is None
        environments = (await api.get_models_environments(model_id="modela")).environments
        assert environments[0].candidate_deployment.id == "cand1"
        schedule = environments[0].autoscaling_schedules.schedules[0]
        assert (type(schedule).__name__, schedule.cadence) == ("AutoscalingSchedule", "DAILY")
        assert (
            await api.get_models_environments_env_name(model_id="modela", env_name="production")
        ).in_progress_promotion.status == "RAMPING_UP"
        prices = (await api.get_instance_type_prices()).instance_types
        assert {each.instance_type.name: each.price for each in prices}["H100"] == 0.10833
        assert len((await api.get_instance_types()).instance_types) == len(prices)


async def test_sdk_reads_the_workspace(rig: Rig) -> None:
    async with client(rig) as api:
        assert (await api.get_organizations_me()).org_id == "orgdemo1"
        assert (await api.get_users_me()).workspace_name == "Demo"
        assert [each.type for each in (await api.get_api_keys()).keys][:2] == ["PERSONAL", "WORKSPACE_MANAGE_ALL"]
        assert (await api.get_environment_groups()).pagination.has_more is False
        assert (await api.get_teams()).teams[0].default is True
        assert len((await api.get_teams_models(team_id="team0001")).models) == 2
        assert len((await api.get_regions()).regions) == 2


async def test_sdk_pages_through_startups(rig: Rig) -> None:
    async with client(rig) as api:
        seen, cursor = [], None
        while True:
            params = sdk.GetModelsEnvironmentsStartupsParams(**STARTS, limit=3, **({"cursor": cursor} if cursor else {}))
            page = await api.get_models_environments_startups(model_id="modela", env_name="production", params=params)
            seen += [attempt.replica_id for attempt in page.items]
            cursor = page.pagination.cursor
            if not page.pagination.has_more:
                break
        assert seen == [f"rep{number}" for number in (6, 5, 4, 3, 2, 1, 0)]
        one = sdk.GetModelsDeploymentsStartupsParams(**STARTS, outcomes=["FAILED"])
        failed = await api.get_models_deployments_startups(model_id="modela", deployment_id="prod1", params=one)
        assert [phase.status for phase in failed.items[0].phase_summary] == ["COMPLETED", "COMPLETED", "FAILED"]
        window = sdk.GetModelsDeploymentsStartupsSummaryParams(**STARTS)
        summary = await api.get_models_deployments_startups_summary(model_id="modela", deployment_id="prod1", params=window)
        assert summary.total_duration_ms.sample_count == 2
        of_environment = sdk.GetModelsEnvironmentsStartupsSummaryParams(**STARTS)
        summary = await api.get_models_environments_startups_summary(model_id="modela", env_name="production", params=of_environment)
        assert summary.total_duration_ms.mean_ms == 50_000


async def test_sdk_pages_through_the_audit_log(rig: Rig) -> None:
    async with client(rig) as api:
        seen, cursor = [], None
        while True:
            page = await api.get_audit_logs(params=sdk.GetAuditLogsParams(limit=20, **({"cursor": cursor} if cursor else {})))
            seen += page.items
            cursor = page.pagination.cursor
            if not page.pagination.has_more:
                break
        assert len(seen) == 45
        exact = {"AuditLogEventModelDeploymentActivated", "AuditLogEventModelDeploymentDeactivated"}
        exact.add("AuditLogEventModelDeploymentAutoscalingSettingsChanged")
        # A promotion without the SDK's newest fields is still read, as a plain object.
        assert {type(entry.event_data).__name__ for entry in seen} == exact | {"dict"}
        rig.emulator.switches = ApiSwitches(newest_audit_fields=True)
        promoted = await api.get_audit_logs(params=sdk.GetAuditLogsParams(event_type_groups=["PROMOTED"]))
        assert {type(entry.event_data).__name__ for entry in promoted.items} == {"AuditLogEventModelDeploymentPromoted"}
        assert len((await api.get_models_audit_logs(model_id="modela")).items) == 20
        assert (await api.get_chains_audit_logs(chain_id="chain1")).items == []


async def test_sdk_queries_metrics_in_three_modes(rig: Rig) -> None:
    async with client(rig) as api:
        where = {"model_id": "modela", "deployment_id": "prod1"}
        current = await api.get_models_deployments_metrics(**where)
        assert current.mode == "CURRENT"
        summary = await api.get_models_deployments_metrics(**where, params=sdk.GetModelsDeploymentsMetricsParams(mode="SUMMARY", **WINDOW))
        assert summary.metric_values[0].values[0] == [2.0]
        names = ["baseten_replicas_active", "baseten_concurrent_requests"]
        query = sdk.GetModelsEnvironmentsMetricsParams(mode="SERIES", metrics=names, **WINDOW)
        series = await api.get_models_environments_metrics(model_id="modela", env_name="production", params=query)
        assert (series.step_seconds, len(series.metric_values)) == (30, 121)
        assert [descriptor.name for descriptor in series.metric_descriptors] == names


async def test_sdk_reads_chains_and_billing(rig: Rig) -> None:
    async with client(rig) as api:
        assert [chain.name for chain in (await api.get_chains()).chains] == ["transcribe"]
        assert (await api.get_chains_chain_id(chain_id="chain1")).deployments_count == 1
        deployed = (await api.get_chains_deployments(chain_id="chain1")).deployments[0]
        assert [chainlet.name for chainlet in deployed.chainlets] == ["Split", "Speak"]
        one = await api.get_chains_deployments_chain_deployment_id(chain_id="chain1", chain_deployment_id="chdep1")
        assert one == deployed
        assert (await api.get_chains_environments(chain_id="chain1")).environments[0].name == "production"
        environment = await api.get_chains_environments_env_name(chain_id="chain1", env_name="production")
        assert environment.current_deployment.id == "chdep1"
        days = sdk.GetBillingUsageSummaryParams(start_date=datetime(2026, 9, 1, tzinfo=UTC), end_date=datetime(2026, 9, 21, tzinfo=UTC))
        usage = (await api.get_billing_usage_summary(params=days)).dedicated_usage
        assert usage.minutes == 121
        assert len(usage.breakdown) == 2


async def test_sdk_writes(rig: Rig) -> None:
    async with client(rig) as api:
        where = {"model_id": "modela", "deployment_id": "prod1"}
        changed = await api.patch_models_deployments_autoscaling_settings(**where, request=sdk.UpdateAutoscalingSettings(max_replica=6))
        assert changed.status == "ACCEPTED"
        assert (await api.post_models_deployments_activate(**where)).success is True
        assert rig.world.actions[0]["change"] == {"max_replica": 6}


async def test_sdk_sees_unknown_values_and_errors(rig: Rig) -> None:
    await rig.fault(kind="unknown_values", parameters={"fields": ["status", "outcome", "event_type", "policy"]})
    async with client(rig) as api:
        assert (await api.get_models_deployments(model_id="modela")).deployments[0].status == "ADDED_LATER"
        assert (await api.get_audit_logs()).items[0].event_type == "ADDED_LATER"
    async with client(rig, "wrong.key") as api:
        with pytest.raises(Exception, match=r"HTTP 403.*PERMISSION_DENIED"):
            await api.get_models()


@pytest.fixture(scope="module")
def description(shared: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((shared / "reference/baseten-management-openapi.json").read_text("utf-8"))
    return document


NAMES = {
    "model_id": "modela",
    "deployment_id": "prod1",
    "env_name": "production",
    "chain_id": "chain1",
    "chain_deployment_id": "chdep1",
    "team_id": "team0001",
    "replica_id": "rep0",
}
QUERIES: dict[str, dict[str, Any]] = {
    "/v1/billing/usage_summary": {"start_date": "2026-09-01T00:00:00Z", "end_date": "2026-09-21T00:00:00Z"},
    "/v1/audit_logs": {"limit": 200},
    "/v1/models/{model_id}/deployments/{deployment_id}/metrics": {"mode": "SERIES", **WINDOW},
    "/v1/models/{model_id}/environments/{env_name}/metrics": {"mode": "SUMMARY", **WINDOW},
}
BODIES: dict[str, Any] = {"autoscaling_settings": {"max_replica": 7}, "promote": {"deployment_id": "cand1"}}
NOT_DESCRIBED = ("/startups", "/startups/summary", "/organizations/me")
MANAGEMENT = [
    endpoint for endpoint in ENDPOINTS if endpoint.surface is Surface.MANAGEMENT and not endpoint.template.endswith(NOT_DESCRIBED)
]


@pytest.mark.parametrize("endpoint", MANAGEMENT, ids=lambda endpoint: f"{endpoint.method} {endpoint.template}")
async def test_answers_match_the_published_description(rig: Rig, description: dict[str, Any], endpoint: Any) -> None:
    path = endpoint.template.format(**NAMES)
    body = BODIES.get(path.rsplit("/", 1)[-1])
    reply = await rig.ask(path, method=endpoint.method, params=QUERIES.get(endpoint.template, {}), json=body)
    assert reply.status == 200, reply.body
    assert reply.headers["Content-Type"] == "application/json"
    operation = description["paths"][endpoint.template][endpoint.method.lower()]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    whole = {"$ref": schema["$ref"], "components": description["components"]}
    errors = sorted(Draft202012Validator(whole).iter_errors(reply.json), key=str)
    assert not errors, errors[0].message


async def test_empty_environments_match_too(rig: Rig, description: dict[str, Any]) -> None:
    document = await rig.get("/v1/models/modelb/environments")
    whole = {"$ref": "#/components/schemas/EnvironmentsV1", "components": description["components"]}
    assert not list(Draft202012Validator(whole).iter_errors(document))


async def test_queue_status_matches_the_inference_description(rig: Rig, shared: Path) -> None:
    document = json.loads((shared / "reference/baseten-inference-openapi.json").read_text("utf-8"))
    schema = document["components"]["responses"]["GetAsyncQueueStatusOutput"]["content"]["application/json"]["schema"]
    Draft202012Validator(schema).validate(await rig.get("/model-modela/production/async_queue_status"))
    refused = await rig.ask("/model-modela/production/async_queue_status", key=None)
    Draft202012Validator(document["components"]["schemas"]["ErrorResponse"]).validate(refused.json)
    served = {endpoint.template for endpoint in ENDPOINTS if endpoint.surface is Surface.MODEL}
    assert served == {path for path in document["paths"] if path.endswith("async_queue_status")}
