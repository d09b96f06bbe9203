"""The platform as a whole: every metric has a producer, the rows for people, the probes, and one source's failure is its own."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from serving_exporter.catalogue import platform_metrics
from serving_exporter.config import SOURCES
from serving_exporter.platforms.baseten import endpoints
from serving_exporter.platforms.contract import SourceError

STARTUPS = "/v1/models/abcd1234/deployments/wxyz123/startups"
PAGE = """\
# TYPE baseten_concurrent_requests gauge
baseten_concurrent_requests{model_id="abcd1234",deployment_id="wxyz123"} 30
# TYPE baseten_replicas_active gauge
baseten_replicas_active{model_id="abcd1234",deployment_id="wxyz123"} 3
# TYPE baseten_replicas_starting gauge
baseten_replicas_starting{model_id="abcd1234",deployment_id="wxyz123"} 1
# TYPE baseten_async_queue_size gauge
baseten_async_queue_size{model_id="abcd1234",deployment_id="wxyz123"} 7
"""


def whole(make: Any, baseten: Any) -> None:
    """Let the stand-in answer everything that the exporter can ask, with a value in every field."""
    settings = {**make.settings, "target_in_flight_tokens": None}
    promotion = {"status": "RAMPING_UP", "percent_traffic_to_new_version": 25}
    make.inventory(
        baseten,
        make.deployment(autoscaling_settings=settings),
        make.deployment("llm", autoscaling_settings={**settings, "target_in_flight_tokens": 50_000}),
        environments=[make.environment(in_progress_promotion=promotion)],
    )
    baseten.answers["/metrics"] = PAGE
    baseten.answers["/model-abcd1234/deployment/wxyz123/async_queue_status"] = {"num_queued_requests": 5, "num_in_progress_requests": 2}
    distribution = {"sample_count": 1, "p50_ms": 1, "p90_ms": 2}
    for path in (STARTUPS, STARTUPS.replace("wxyz123", "llm")):
        baseten.answers[path] = make.page(make.attempt("open", started=-60, outcome=None, ready_at_epoch_millis=None))
        baseten.answers[path + "/summary"] = {"total_duration_ms": distribution, "phase_duration_ms": []}
    baseten.answers["/v1/audit_logs"] = make.page(make.event("e1", 1))
    baseten.answers["/v1/instance_types"] = {"instance_types": [make.instance_type()]}
    baseten.answers["/v1/instance_type_prices"] = {"instance_types": [{"instance_type": make.instance_type(), "price": 1}]}
    baseten.answers["/v1/chains"] = {"chains": [{"id": "c1", "name": "scribe"}]}
    let = {
        "id": "l1",
        "name": "L",
        "autoscaling_settings": settings,
        "instance_type_name": "L4:4x16",
        "active_replica_count": 1,
        "status": "ACTIVE",
    }
    baseten.answers["/v1/chains/c1/deployments"] = {"deployments": [{"id": "cd1", "chainlets": [{**let, "active_replica_count": 1}]}]}
    baseten.answers["/v1/billing/usage_summary"] = {
        "dedicated_usage": {"breakdown": [{"daily": [{"date": "2026-09-20", "subtotal": "1.5"}]}]}
    }


async def test_every_platform_metric_has_a_producer(running: Any, make: Any, baseten: Any) -> None:
    whole(make, baseten)
    rig = await running(baseten=baseten)
    await rig.poll("inventory", "feed", "queues", "startups", "events", "prices", "chains", "billing")
    names = {family.name for families in rig.page.units.values() for family in families}
    assert {metric.name for metric in platform_metrics()} <= names
    units = sum(family.samples for families in rig.page.units.values() for family in families)
    assert sum(source.samples() for source in rig.platform.sources.values()) == units


async def test_every_source_of_the_configuration_is_there(running: Any) -> None:
    rig = await running()
    assert tuple(rig.platform.sources) == SOURCES
    assert all(source.name == name and source.blind_without for name, source in rig.platform.sources.items())


@pytest.mark.parametrize("broken", SOURCES)
@pytest.mark.parametrize("status", [200, 401, 429, 500])
async def test_one_failing_source_leaves_the_blocks_of_the_others_byte_for_byte(
    running: Any, make: Any, baseten: Any, broken: str, status: int
) -> None:
    whole(make, baseten)
    rig = await running(baseten=baseten)
    for name in SOURCES:
        await rig.poll(name)
    before = rig.page.blocks()
    prefix = {
        "feed": "/metrics", "inventory": "/v1/models", "queues": "/model-", "startups": "/v1/models", "events": "/v1/audit",
        "prices": "/v1/instance", "chains": "/v1/chains", "billing": "/v1/billing",
    }[broken]  # fmt: skip
    for path in baseten.answers:
        if path.startswith(prefix) and (broken == "startups") == ("/startups" in path):
            baseten.answers[path] = lambda _: web.Response(status=status, text="<html>", content_type="text/html")
    await rig.clock.sleep(60)
    with pytest.raises(SourceError):
        await rig.poll(broken)
    assert rig.page.blocks() == before
    for name in SOURCES:
        if name != broken:
            await rig.poll(name)
    owner = {"derived": "feed", "chainlet-prices": "prices"}
    changed = {owner.get(unit.split("/")[0], unit.split("/")[0]) for unit, block in rig.page.blocks().items() if before.get(unit) != block}
    assert changed <= {"feed"} - {broken}
    rig.platform.sources[broken].expire()
    assert not {unit for unit in rig.page.units if owner.get(unit.split("/")[0], unit.split("/")[0]) == broken}


async def test_rows_for_people(running: Any, make: Any, baseten: Any) -> None:
    whole(make, baseten)
    rig = await running(baseten=baseten)
    await rig.poll("inventory", "feed", "queues")
    row, other = rig.platform.deployments()
    assert (row.model, row.deployment, row.environment, row.status) == ("embedder", "deployment-3", "production", "ACTIVE")
    assert (row.active, row.starting, row.desired, row.min, row.max, row.in_flight, row.queued) == (3, 1, 2, 2, 8, 30, 5)
    assert row.link.endswith("/models/abcd1234/logs/wxyz123")
    assert (other.active, other.starting, other.desired, other.in_flight, other.queued) == (4, None, None, None, None)


async def test_rows_without_an_inventory_come_from_the_feed(running: Any, make: Any, baseten: Any) -> None:
    baseten.answers["/metrics"] = PAGE
    rig = await running(baseten=baseten)
    assert list(rig.platform.deployments()) == []
    await rig.poll("feed")
    (row,) = rig.platform.deployments()
    assert (row.model, row.deployment, row.status, row.active, row.min, row.queued) == ("abcd1234", "wxyz123", "", 3, None, 7)


async def test_a_probe_of_each_source_is_a_handful_of_requests(running: Any, make: Any, baseten: Any) -> None:
    whole(make, baseten)
    many = [make.model(f"m{number}") for number in range(100)]
    baseten.answers["/v1/models"] = {"models": [make.model(), *many]}
    for model in many:
        for part in ("deployments", "environments"):
            baseten.answers[f"/v1/models/{model['id']}/{part}"] = {part: []}
    rig = await running(baseten=baseten)
    for name in SOURCES:
        assert await rig.platform.probe(name) is not None
    assert len(baseten.requests) < 25
    assert (await rig.platform.probe("inventory")).items == 101


async def test_a_probe_says_what_is_wrong(running: Any, make: Any, baseten: Any) -> None:
    rig = await running(baseten=baseten)
    for name in SOURCES:
        if name not in ("queues", "startups"):  # there is nothing that they could ask about
            with pytest.raises(SourceError):
                await rig.platform.probe(name)


def test_no_endpoint_starts_a_replica_or_writes() -> None:
    paths = {value.path for value in vars(endpoints).values() if isinstance(value, endpoints.Endpoint)}
    assert len(paths) == 13
    assert not any(word in path for path in paths for word in ("predict", "wake", "activate", "retry", "promote"))


async def test_only_get_is_ever_sent(running: Any, make: Any, baseten: Any) -> None:
    whole(make, baseten)
    rig = await running(baseten=baseten)
    for name in SOURCES:
        await rig.poll(name)
    assert {request.method for request in baseten.requests} == {"GET"}
