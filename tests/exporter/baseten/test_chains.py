"""Chains and chainlets."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from serving_exporter.config import Filter, Selector
from serving_exporter.platforms.contract import Malformed, NotOffered, Unavailable

KEY = 'workspace="default",chain_id="chain123",chain_deployment_id="ch4ind1",chainlet="Transcribe"'
DEPLOYMENTS = "/v1/chains/chain123/deployments"


def chainlet(settings: Any, **changes: Any) -> dict[str, Any]:
    return {
        "id": "let0001",
        "name": "Transcribe",
        "autoscaling_settings": settings,
        "instance_type_name": "H100MIG",
        "active_replica_count": 2,
        "status": "ACTIVE",
        **changes,
    }


def deployment(*chainlets: Any, **changes: Any) -> dict[str, Any]:
    body = {"id": "ch4ind1", "created_at": "2026-08-01T00:00:00Z", "chain_id": "chain123", "environment": "production", "status": "ACTIVE"}
    return {**body, "chainlets": list(chainlets), **changes}


def serve(baseten: Any, *deployments: Any) -> None:
    baseten.answers["/v1/chains"] = {
        "chains": [{"id": "chain123", "created_at": "2026-08-01T00:00:00Z", "name": "scribe", "deployments_count": 1, "team_name": "voice"}]
    }
    baseten.answers[DEPLOYMENTS] = {"deployments": list(deployments)}


async def test_values_and_price(running: Any, make: Any, baseten: Any) -> None:
    serve(baseten, deployment(chainlet(make.settings)))
    baseten.answers["/v1/instance_types"] = {"instance_types": []}
    baseten.answers["/v1/instance_type_prices"] = {"instance_types": [{"instance_type": make.instance_type("H100MIG"), "price": 0.0625}]}
    rig = await running(baseten=baseten)
    poll = await rig.poll("chains", "prices", "chains")
    words = 'chain_name="scribe",chainlet_id="let0001",environment="production",instance_type="H100MIG",team="voice"'
    assert rig.page.lines() == sorted(
        [
            f"baseten_chainlet_info{{{KEY},{words}}} 1",
            f'baseten_chainlet_status{{{KEY},status="ACTIVE"}} 1',
            f"baseten_chainlet_active_replicas{{{KEY}}} 2",
            f"baseten_chainlet_min_replicas{{{KEY}}} 2",
            f"baseten_chainlet_max_replicas{{{KEY}}} 8",
            f"baseten_chainlet_concurrency_target{{{KEY}}} 32",
            f"baseten_chainlet_target_utilization_ratio{{{KEY}}} 0.7",
            f"baseten_chainlet_autoscaling_window_seconds{{{KEY}}} 60",
            f"baseten_chainlet_scale_down_delay_seconds{{{KEY}}} 900",
            f"baseten_chainlet_max_scale_down_ratio{{{KEY}}} 0.5",
            f"baseten_chainlet_replica_price_dollars_per_hour{{{KEY}}} 3.75",
        ]
    )
    assert poll.items == 1
    assert rig.platform.sources["chains"].samples() == 10
    assert rig.platform.sources["prices"].samples() == 1


async def test_null_settings_and_missing_fields_are_absent(running: Any, baseten: Any) -> None:
    serve(baseten, deployment(chainlet(None, active_replica_count=None), {"name": "Bare"}, environment=None))
    rig = await running(baseten=baseten)
    await rig.poll("chains")
    assert [line.split("{")[0] for line in rig.page.lines()] == [
        "baseten_chainlet_info",
        "baseten_chainlet_info",
        "baseten_chainlet_status",
    ]
    bare = next(line for line in rig.page.lines() if 'chainlet="Bare"' in line)
    assert 'chain_name="scribe",chainlet_id="",environment="",instance_type="",team="voice"' in bare


async def test_full_state_sets(running: Any, make: Any, baseten: Any) -> None:
    serve(baseten, deployment(chainlet(make.settings)))
    rig = await running(baseten=baseten, full_state_sets=True)
    await rig.poll("chains")
    assert len(rig.page.lines("baseten_chainlet_status")) == 14


async def test_a_broken_chainlet_keeps_its_last_values_and_leaves_the_rest(running: Any, make: Any, baseten: Any) -> None:
    serve(baseten, deployment(chainlet(make.settings), chainlet(make.settings, name="Split")))
    rig = await running(baseten=baseten)
    await rig.poll("chains")
    before = rig.page.blocks()
    serve(baseten, deployment(chainlet(make.settings, active_replica_count="two"), chainlet(make.settings, name="Split")), {"id": 3})
    poll = await rig.poll("chains")
    assert set(poll.problems) == {"chain123"}
    assert sorted(b"".join(before.values()).splitlines()) == sorted(b"".join(rig.page.blocks().values()).splitlines())
    await rig.every("chains", 60, 900)
    assert rig.page.lines()  # what can be read is fresh: nothing expires


async def test_gone_chains_and_deployments_leave(running: Any, make: Any, baseten: Any) -> None:
    serve(baseten, deployment(chainlet(make.settings)), deployment(chainlet(make.settings), id="older"))
    rig = await running(baseten=baseten)
    await rig.poll("chains")
    assert len(rig.page.lines("baseten_chainlet_info")) == 2
    serve(baseten, deployment(chainlet(make.settings)))
    await rig.poll("chains")
    assert len(rig.page.lines("baseten_chainlet_info")) == 1
    baseten.answers["/v1/chains"] = {"chains": []}
    await rig.poll("chains")
    assert rig.page.units == {}


async def test_a_chain_deleted_meanwhile_is_no_problem(running: Any, make: Any, baseten: Any) -> None:
    serve(baseten, deployment(chainlet(make.settings)))
    rig = await running(baseten=baseten)
    await rig.poll("chains")
    del baseten.answers[DEPLOYMENTS]
    poll = await rig.poll("chains")
    assert not poll.problems
    assert rig.page.units == {}


@pytest.mark.parametrize("body", [{"chains": None}, {"models": []}, '{"chains": ['])
async def test_a_list_that_cannot_be_read_deletes_nothing(running: Any, make: Any, baseten: Any, body: Any) -> None:
    serve(baseten, deployment(chainlet(make.settings)))
    rig = await running(baseten=baseten)
    await rig.poll("chains")
    before = rig.page.blocks()
    baseten.answers["/v1/chains"] = body
    with pytest.raises(Malformed):
        await rig.poll("chains")
    assert rig.page.blocks() == before


async def test_the_only_chain_failing_is_the_source_failing_and_its_values_stay(running: Any, make: Any, baseten: Any) -> None:
    serve(baseten, deployment(chainlet(make.settings)))
    rig = await running(baseten=baseten)
    await rig.poll("chains")
    before = rig.page.blocks()
    baseten.answers[DEPLOYMENTS] = lambda _: web.Response(status=500)
    with pytest.raises(Unavailable):
        await rig.poll("chains")
    assert rig.page.blocks() == before
    rig.platform.sources["chains"].expire()
    assert rig.page.units == {}


async def test_environments_are_filtered(running: Any, make: Any, baseten: Any) -> None:
    serve(baseten, deployment(chainlet(make.settings)), deployment(chainlet(make.settings), id="stag", environment="staging"))
    rig = await running(baseten=baseten, include=Filter(environments=(Selector("staging"),)))
    await rig.poll("chains")
    assert all('chain_deployment_id="stag"' in line for line in rig.page.lines())
    assert rig.page.lines()


async def test_an_organization_without_chains(running: Any) -> None:
    rig = await running()
    with pytest.raises(NotOffered):
        await rig.poll("chains")
