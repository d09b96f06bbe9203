"""The audit log: counted once, from now on, over pages and restarts; and the models it brings forward."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aiohttp import web

from serving_exporter.platforms.contract import Malformed, NotPermitted, Unavailable

LOGS = "/v1/audit_logs"
NAME = "baseten_audit_events_total"
KEYS = {"model_id": "abcd1234", "model_name": "embedder", "deployment_id": "wxyz123", "deployment_name": "deployment-3"}


def lines(rig: Any) -> list[str]:
    return [line.removeprefix(NAME) for line in rig.page.lines(NAME)]


async def test_counts_by_type_model_and_deployment(running: Any, make: Any, baseten: Any) -> None:
    rig = await running(baseten=baseten, label=None)
    baseten.answers[LOGS] = make.page(
        make.event("e1", 1, **KEYS),
        make.event("e2", 2, **KEYS),
        make.event("e3", 3, "API_KEY_CREATED", key_name="x"),
        make.event("e4", 4, "CHAIN_DEPLOYED", chain_id="c1"),
        make.event("e5", 5, "something odd", **{**KEYS, "deployment_id": None}),
    )
    poll = await rig.poll("events")
    assert lines(rig) == [
        '{event_type="API_KEY_CREATED",model_id="",deployment_id=""} 1',
        '{event_type="CHAIN_DEPLOYED",model_id="",deployment_id=""} 1',
        '{event_type="MODEL_DEPLOYED",model_id="abcd1234",deployment_id="wxyz123"} 2',
        '{event_type="UNKNOWN",model_id="abcd1234",deployment_id=""} 1',
    ]
    assert poll.items == 5


async def test_no_mail_address_is_ever_on_the_page_or_in_the_state(running: Any, make: Any, baseten: Any) -> None:
    section: dict[str, Any] = {}
    rig = await running(baseten=baseten, section=section)
    baseten.answers[LOGS] = make.page(make.event("e1", 1, "USER_INVITED", invited_email="new@example.com"))
    await rig.poll("events")
    assert lines(rig)
    assert "@" not in "".join(lines(rig)) + json.dumps(section)


async def test_history_is_not_asked_for(running: Any, make: Any, baseten: Any, epoch: float) -> None:
    rig = await running(baseten=baseten)
    baseten.answers[LOGS] = make.page(make.event("old", -5, **KEYS))
    await rig.poll("events")
    query = baseten.requests[0].query
    assert dict(query) == {"start_epoch_millis": str(int(epoch * 1000)), "direction": "ASC", "limit": "200"}
    assert lines(rig) == []


async def test_an_entry_counts_once_though_windows_overlap(running: Any, make: Any, baseten: Any) -> None:
    rig = await running(baseten=baseten)
    baseten.answers[LOGS] = make.page(make.event("e1", 90, **KEYS))
    for _ in range(3):
        await rig.clock.sleep(60)
        await rig.poll("events")
    late = make.event("e0", 80, **KEYS)  # written after e1 though it happened before
    baseten.answers[LOGS] = make.page(late, make.event("e1", 90, **KEYS))
    await rig.poll("events")
    await rig.poll("events")
    assert [line[-2:] for line in lines(rig)] == [" 2"]


async def test_further_pages_and_a_page_that_fails(running: Any, make: Any, baseten: Any) -> None:
    rig = await running(baseten=baseten)
    fails = [True]

    def answer(request: web.Request) -> web.StreamResponse:
        if "cursor" not in request.query:
            return web.json_response(make.page(make.event("e1", 1, **KEYS), cursor="next"))
        if fails.pop() if fails else False:
            return web.Response(status=500)
        return web.json_response(make.page(make.event("e2", 2, **KEYS)))

    baseten.answers[LOGS] = answer
    with pytest.raises(Unavailable):
        await rig.poll("events")
    assert [line[-2:] for line in lines(rig)] == [" 1"]
    await rig.poll("events")
    assert [line[-2:] for line in lines(rig)] == [" 2"]
    assert [request.query.get("cursor") for request in baseten.requests] == [None, "next", None, "next"]


async def test_a_further_page_without_a_cursor_is_refused(running: Any, baseten: Any) -> None:
    rig = await running(baseten=baseten)
    baseten.answers[LOGS] = {"items": [], "pagination": {"has_more": True, "cursor": None}}
    with pytest.raises(Malformed, match="no cursor"):
        await rig.poll("events")


@pytest.mark.parametrize("body", [{"items": []}, {"pagination": {"has_more": False}}, {"items": None, "pagination": {"has_more": False}}])
async def test_answers_that_are_none(running: Any, baseten: Any, body: Any) -> None:
    rig = await running(baseten=baseten)
    baseten.answers[LOGS] = body
    with pytest.raises(Malformed):
        await rig.poll("events")


async def test_a_long_backlog_is_read_in_turns(running: Any, make: Any, baseten: Any) -> None:
    rig = await running(baseten=baseten)

    def answer(request: web.Request) -> web.StreamResponse:
        number = int(request.query.get("cursor", "0"))
        return web.json_response(make.page(make.event(f"e{number}", number, **KEYS), cursor=str(number + 1)))

    baseten.answers[LOGS] = answer
    poll = await rig.poll("events")
    assert poll.items == 50
    assert poll.next_in == 1


async def test_reading_and_counting_go_on_over_a_restart(running: Any, make: Any, baseten: Any, epoch: float) -> None:
    section: dict[str, Any] = {}
    rig = await running(baseten=baseten, section=section)
    baseten.answers[LOGS] = make.page(make.event("e1", 100, **KEYS))
    await rig.clock.sleep(120)
    await rig.poll("events")
    stored = json.loads(json.dumps(section))
    baseten.answers[LOGS] = make.page(make.event("e1", 100, **KEYS), make.event("e2", 3000, **KEYS))
    again = await running(baseten=baseten, section=stored, epoch=epoch + 7200)
    await again.poll("events")
    assert [line[-2:] for line in lines(again)] == [" 2"]
    assert int(baseten.requests[-1].query["start_epoch_millis"]) == int((epoch + 40) * 1000)


async def test_an_entry_from_the_future_does_not_hide_the_present(running: Any, make: Any, baseten: Any, epoch: float) -> None:
    rig = await running(baseten=baseten)
    baseten.answers[LOGS] = make.page(make.event("e1", 10**8, **KEYS))
    await rig.poll("events")
    await rig.poll("events")
    assert int(baseten.requests[-1].query["start_epoch_millis"]) <= (epoch + 5) * 1000
    assert [line[-2:] for line in lines(rig)] == [" 1"]


async def test_an_entry_that_cannot_be_read_leaves_the_others(running: Any, make: Any, baseten: Any) -> None:
    rig = await running(baseten=baseten)
    baseten.answers[LOGS] = make.page({"id": "bad", "created": 5}, make.event("e1", 1, **KEYS))
    poll = await rig.poll("events")
    assert set(poll.problems) == {"bad"}
    assert len(lines(rig)) == 1


async def test_a_touched_model_is_read_next(running: Any, make: Any, baseten: Any) -> None:
    make.inventory(baseten, make.deployment(status="INACTIVE"))
    rig = await running(baseten=baseten)
    await rig.poll("inventory")
    baseten.answers[LOGS] = make.page(make.event("e1", 1, "MODEL_DEPLOYMENT_ACTIVATED", **KEYS))
    await rig.clock.sleep(30)
    await rig.poll("events", "inventory")
    assert baseten.count("/v1/models/abcd1234/deployments") == 2


async def test_models_that_are_not_exported_are_not_counted(running: Any, make: Any, baseten: Any) -> None:
    rig = await running(baseten=baseten, exclude=make.only("embedder"))
    baseten.answers[LOGS] = make.page(make.event("e1", 1, **KEYS), make.event("e2", 2, "API_KEY_CREATED"))
    await rig.poll("events")
    assert len(lines(rig)) == 1
    assert "API_KEY_CREATED" in lines(rig)[0]


async def test_only_admins_may_read_it(running: Any, baseten: Any) -> None:
    rig = await running(baseten=baseten)
    baseten.answers[LOGS] = lambda _: web.json_response({"message": "admins only"}, status=403)
    with pytest.raises(NotPermitted, match="admins only"):
        await rig.poll("events")


async def test_memory_of_counters_is_bounded(running: Any, make: Any, baseten: Any) -> None:
    section: dict[str, Any] = {}
    rig = await running(baseten=baseten, section=section)
    baseten.answers[LOGS] = make.page(*(make.event(f"e{n}", 1 + n / 1000, **{**KEYS, "deployment_id": f"d{n}"}) for n in range(5200)))
    await rig.poll("events")
    assert rig.platform.sources["events"].samples() == 5000
    assert not any('deployment_id="d0"' in line for line in lines(rig))
    await rig.clock.sleep(31 * 86400)
    baseten.answers[LOGS] = make.page()
    await rig.poll("events")
    assert rig.platform.sources["events"].samples() == 0
