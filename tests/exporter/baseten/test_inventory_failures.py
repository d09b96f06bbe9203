"""What a failure of the inventory costs, and what only a complete list may delete."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from aiohttp import web

from serving_exporter.platforms.contract import Malformed, NotPermitted, Unavailable


async def test_gone_from_a_complete_list_is_gone_from_the_page(running: Any, make: Any, baseten: Any) -> None:
    make.inventory(baseten, make.deployment(), make.deployment("other"))
    baseten.answers["/v1/models"] = {"models": [make.model(), make.model("m2", name="second")]}
    baseten.answers["/v1/models/m2/deployments"] = {"deployments": [make.deployment("dep2")]}
    baseten.answers["/v1/models/m2/environments"] = {"environments": []}
    rig = await running(baseten=baseten, label=None)
    await rig.poll("inventory")
    assert len(rig.page.lines("baseten_deployment_info")) == 3

    make.inventory(baseten, make.deployment())
    baseten.answers["/v1/models"] = {"models": [make.model(deployments_count=7)]}  # a change that brings the model forward
    await rig.clock.sleep(60)
    await rig.poll("inventory")
    assert [line.split(",")[1] for line in rig.page.lines("baseten_deployment_info")] == ['deployment_id="wxyz123"']
    assert set(rig.page.units) == {"inventory/abcd1234"}


@pytest.mark.parametrize(
    "broken",
    [
        '{"models": [{"id": "abcd1234", "na',
        '{"models": null}',
        '{"items": []}',
        "[]",
        "",
        "<html>sign in</html>",
        '{"models": [{"id": 5}]}',
    ],
)
async def test_a_list_that_cannot_be_read_deletes_nothing(running: Any, make: Any, baseten: Any, broken: str) -> None:
    make.inventory(baseten, make.deployment())
    rig = await running(baseten=baseten)
    await rig.poll("inventory")
    before = rig.page.blocks()
    baseten.answers["/v1/models"] = broken
    await rig.clock.sleep(60)
    with pytest.raises(Malformed):
        await rig.poll("inventory")
    assert rig.page.blocks() == before


async def test_a_failing_list_does_not_keep_known_models_from_being_read(running: Any, make: Any, baseten: Any) -> None:
    make.inventory(baseten, make.deployment(status="DEPLOYING", active_replica_count=0))
    rig = await running(baseten=baseten, label=None)
    await rig.poll("inventory")
    make.inventory(baseten, make.deployment(status="ACTIVE", active_replica_count=1))
    baseten.answers["/v1/models"] = lambda _: web.Response(status=503)
    await rig.clock.sleep(60)
    with pytest.raises(Unavailable, match="/v1/models: HTTP 503"):
        await rig.poll("inventory")
    assert rig.page.lines("baseten_deployment_status{") == [
        'baseten_deployment_status{model_id="abcd1234",deployment_id="wxyz123",status="ACTIVE"} 1'
    ]


async def test_an_element_that_cannot_be_read_leaves_the_rest_and_its_last_record(running: Any, make: Any, baseten: Any) -> None:
    make.inventory(baseten, make.deployment("one"), make.deployment("two"), make.deployment("three"))
    rig = await running(baseten=baseten, label=None)
    await rig.poll("inventory")
    baseten.answers["/v1/models"] = {"models": [make.model(deployments_count=2), {"id": "m9", "name": 7}]}
    baseten.answers["/v1/models/abcd1234/deployments"] = {
        "deployments": [make.deployment("one", active_replica_count=9), make.deployment("two", active_replica_count="many")]
    }
    await rig.clock.sleep(60)
    poll = await rig.poll("inventory")
    name = 'baseten_deployment_active_replicas{model_id="abcd1234",deployment_id='
    assert rig.page.lines(name) == [f'{name}"one"}} 9', f'{name}"two"}} 4']  # three is gone: the list was complete, and it is not in it
    assert set(poll.problems) == {"abcd1234", "m9"}
    assert "active_replica_count" in str(poll.problems["abcd1234"])


async def test_an_element_without_an_id_makes_every_absence_doubtful(running: Any, make: Any, baseten: Any) -> None:
    make.inventory(baseten, make.deployment("one"), make.deployment("two"))
    rig = await running(baseten=baseten, label=None)
    await rig.poll("inventory")
    baseten.answers["/v1/models"] = {"models": [make.model(deployments_count=2)]}
    baseten.answers["/v1/models/abcd1234/deployments"] = {"deployments": [make.deployment("one"), {"id": None}]}
    await rig.clock.sleep(60)
    poll = await rig.poll("inventory")
    assert len(rig.page.lines("baseten_deployment_info")) == 2
    assert set(poll.problems) == {"abcd1234"}


async def test_a_model_list_with_a_nameless_element_deletes_no_model(running: Any, make: Any, baseten: Any) -> None:
    make.inventory(baseten, make.deployment())
    rig = await running(baseten=baseten)
    await rig.poll("inventory")
    before = rig.page.blocks()
    baseten.answers["/v1/models"] = {"models": [make.model("m2"), {"name": "who?"}]}
    for part in ("deployments", "environments"):
        baseten.answers[f"/v1/models/m2/{part}"] = {part: []}
    await rig.clock.sleep(60)
    poll = await rig.poll("inventory")
    assert rig.page.blocks() == before
    assert set(poll.problems) == {"models[1]"}


async def test_one_failing_model_loses_its_series_at_the_maximum_age_and_nobody_else_does(running: Any, make: Any, baseten: Any) -> None:
    make.inventory(baseten, make.deployment())
    baseten.answers["/v1/models"] = {"models": [make.model(), make.model("m2")]}
    baseten.answers["/v1/models/m2/deployments"] = {"deployments": [make.deployment("dep2", status="DEPLOYING")]}
    baseten.answers["/v1/models/m2/environments"] = {"environments": [make.environment()]}
    rig = await running(baseten=baseten)
    await rig.poll("inventory")
    before = rig.page.blocks()
    baseten.answers["/v1/models/m2/deployments"] = lambda _: web.Response(status=500)

    await rig.clock.sleep(30)
    poll = await rig.poll("inventory")
    assert set(poll.problems) == {"m2"}
    assert rig.page.blocks() == before
    await rig.every("inventory", 30, 290)
    assert rig.page.blocks() == before
    await rig.every("inventory", 30, 300)
    left = rig.page.lines(unit="inventory/m2")
    assert left
    assert all(line.startswith("baseten_environment_") for line in left)  # the other call works, and what it gives stays
    assert rig.page.blocks("inventory/abcd1234")["inventory/abcd1234"] == before["inventory/abcd1234"]

    baseten.answers["/v1/models/m2/deployments"] = {"deployments": [make.deployment("dep2", status="DEPLOYING")]}
    await rig.every("inventory", 30, 300)
    assert len(rig.page.lines(unit="inventory/m2")) == len(before["inventory/m2"].splitlines())


async def test_a_model_deleted_between_the_list_and_its_read_is_no_problem(running: Any, make: Any, baseten: Any) -> None:
    make.inventory(baseten, make.deployment())
    lists = [{"models": [make.model(), make.model("gone")]}, {"models": [make.model()]}]
    baseten.answers["/v1/models"] = lambda _: web.json_response(lists.pop(0))
    rig = await running(baseten=baseten)
    poll = await rig.poll("inventory")
    assert poll.items == 1
    assert not poll.problems
    assert not lists


async def test_every_model_failing_is_the_source_failing(running: Any, make: Any, baseten: Any) -> None:
    make.inventory(baseten, make.deployment())
    for part in ("deployments", "environments"):
        baseten.answers[f"/v1/models/abcd1234/{part}"] = lambda _: web.json_response(
            {"code": "PERMISSION_DENIED", "message": "Authorization error"}, status=403
        )
    rig = await running(baseten=baseten)
    with pytest.raises(NotPermitted, match="Authorization error"):
        await rig.poll("inventory")


async def test_expiry_takes_every_series(running: Any, make: Any, baseten: Any) -> None:
    make.inventory(baseten, make.deployment())
    rig = await running(baseten=baseten)
    await rig.poll("inventory")
    rig.platform.sources["inventory"].expire()
    assert rig.page.units == {}
    assert rig.platform.sources["inventory"].samples() == 0
    await rig.poll("inventory")
    assert len(rig.page.lines()) == 12


@pytest.mark.parametrize("status", [200, 503])
async def test_expiry_in_the_middle_of_a_poll_leaves_nothing_behind(running: Any, make: Any, baseten: Any, status: int) -> None:
    make.inventory(baseten, make.deployment())
    rig = await running(baseten=baseten)
    inventory = rig.platform.sources["inventory"]
    deployments = baseten.answers["/v1/models/abcd1234/deployments"]

    def answer(_: web.Request) -> Any:
        inventory.expire()
        return web.json_response(deployments, status=status)

    baseten.answers["/v1/models/abcd1234/deployments"] = answer
    with contextlib.suppress(Unavailable):
        await rig.poll("inventory")
    assert rig.page.units == {}
    baseten.answers["/v1/models/abcd1234/deployments"] = deployments
    await rig.clock.sleep(60)
    await rig.poll("inventory")
    assert len(rig.page.lines()) == 12
