"""The emulator's own pages: request log, truth, clock, actions, switches, front page."""

from __future__ import annotations

import socket

import pytest

from serving_simulator.api.requestlog import RequestLog
from serving_simulator.clock import SimClock
from serving_simulator.emulator import Emulator, EmulatorError

from .conftest import Rig, running
from .fake_world import FLEET, START, FakeWorld


async def test_every_request_is_logged_without_its_key(rig: Rig) -> None:
    await rig.ask("/metrics", key="export.secret")
    await rig.clock.sleep(10)
    await rig.ask("/v1/models/modela/deployments/prod1?name=x", key="wrong.secret")
    await rig.ask("/model-modela-production/async_queue_status", key=None)
    await rig.ask("/_emulator/requests")
    reply = await rig.ask("/_emulator/requests")
    assert b"secret" not in reply.body
    records = reply.json["requests"]
    assert records[0] == {
        "number": 1,
        "time": pytest.approx(START, abs=0.5),
        "method": "GET",
        "host_kind": "app",
        "endpoint": "/metrics",
        "path": "/metrics",
        "query": "",
        "key_prefix": "export",
        "status": 200,
        "fault": None,
    }
    assert [record["endpoint"] for record in records[1:]] == ["/v1/models/{model_id}/deployments/{deployment_id}", "/async_queue_status"]
    assert [record["host_kind"] for record in records[1:]] == ["api", "model"]
    assert [record["status"] for record in records[1:]] == [403, 401]
    assert [record["key_prefix"] for record in records[1:]] == ["(unknown)", None]
    assert reply.json["by_endpoint"]["GET /metrics"] == 1


async def test_log_can_be_filtered_and_cleared(rig: Rig) -> None:
    await rig.ask("/metrics")
    await rig.ask("/v1/models")
    await rig.clock.sleep(30)
    await rig.ask("/metrics")
    feed = (await rig.ask("/_emulator/requests?endpoint=/metrics")).json
    assert [record["number"] for record in feed["requests"]] == [1, 3]
    assert [each["number"] for each in (await rig.ask(f"/_emulator/requests?since={START + 20}")).json["requests"]] == [3]
    assert (await rig.ask("/_emulator/requests?since=noon")).status == 400
    assert (await rig.ask("/_emulator/requests", method="DELETE")).status == 204
    assert (await rig.ask("/_emulator/requests")).json["total"] == 0


async def test_log_knows_the_busiest_feed_minute(rig: Rig) -> None:
    for pause in (0, 30, 20, 9, 2, 90):
        await rig.clock.sleep(pause)
        await rig.ask("/metrics")
    assert rig.emulator.requests.feed_maximum == 4
    assert (await rig.ask("/_emulator/requests")).json["feed"] == {"window_seconds": 60.0, "max_in_any_window": 4}


def test_log_is_bounded_and_its_totals_are_not() -> None:
    log = RequestLog(capacity=3)
    for number in range(10):
        log.arrived(time=float(number), method="GET", host_kind="app", endpoint="/metrics", path="/metrics", query="", key_prefix=None)
    report = log.report()
    assert (report["total"], report["kept"], report["by_endpoint"]) == (10, 3, {"GET /metrics": 10})
    assert log.feed_maximum == 10


async def test_truth_clock_and_fleet(rig: Rig) -> None:
    await rig.clock.sleep(12)
    truth = (await rig.ask("/_emulator/truth")).json
    assert truth["now"] == pytest.approx(START + 12, abs=0.5)
    assert truth["deployments"]["prod1"] == {"active": 2, "in_flight": 7}
    assert (await rig.ask("/_emulator/truth/prod1")).json == {"active": 2, "in_flight": 7}
    assert (await rig.ask("/_emulator/truth/nope")).status == 404
    clock = (await rig.ask("/_emulator/clock")).json
    assert (clock["now_text"][:19], clock["speed"]) == ("2026-09-21T14:13:32", 1.0)
    fleet = await rig.ask("/_emulator/fleet")
    assert [model["name"] for model in fleet.json["models"]] == ["chat", 'odd "name"\\']
    assert b"secret" not in fleet.body


async def test_actions(rig: Rig) -> None:
    action = {"action": "load", "factor": 2}
    assert (await rig.ask("/_emulator/actions", method="POST", json=action)).json["done"] == "load"
    assert rig.world.actions == [action]
    assert (await rig.ask("/_emulator/actions", method="POST", json={"action": "load", "deployment": "nope"})).status == 404
    assert (await rig.ask("/_emulator/actions", method="POST", json={"action": "dance"})).status == 400
    assert (await rig.ask("/_emulator/actions", method="POST", json=[])).status == 400


async def test_switches_change_at_run_time(rig: Rig) -> None:
    changed = (await rig.ask("/_emulator/switches", method="PATCH", json={"feed_unauthorized": 403})).json
    assert (changed["feed_unauthorized"], changed["management_limit"]) == (403, 100)
    assert (await rig.ask("/metrics", key=None)).status == 403
    assert (await rig.ask("/_emulator/switches", method="PATCH", json={"feed_unauthorized": 418})).status == 400
    assert (await rig.ask("/_emulator/switches")).json == changed


@pytest.mark.parametrize("path", ["/", "/_emulator", "/_emulator/"])
async def test_front_page(rig: Rig, path: str) -> None:
    reply = await rig.ask(path, key=None)
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b"secret" not in reply.body
    assert b"2 models, 4 deployments" in reply.body
    assert b"http://127.0.0.1:" in reply.body


async def test_a_long_way_is_gone_in_slices(rig: Rig) -> None:
    await rig.clock.sleep(3600)
    await rig.emulator.advance()
    assert max(rig.world.steps) <= 10
    assert sum(rig.world.steps) == pytest.approx(3600, abs=1)


async def test_world_moves_on_by_itself_and_the_ticker_ends() -> None:
    world = FakeWorld()
    clock = SimClock(speed=60, epoch=START, origin=0.0)
    async with Emulator(FLEET, clock=clock, world=world) as emulator:
        await clock.sleep(600)
        assert world.now == pytest.approx(clock.wall(), abs=61)
        ticker = emulator._ticker
    assert ticker is not None
    assert ticker.get_name() == "emulator-ticker"
    assert ticker.cancelled()


async def test_an_address_in_use_is_said_plainly() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(EmulatorError, match=f"cannot listen on 127.0.0.1:{port}"):
            async with Emulator(FLEET, clock=SimClock(epoch=START), world=FakeWorld(), port=port):
                raise AssertionError("it must not start")


async def test_two_emulators_do_not_share_anything() -> None:
    async with running() as one, running() as two:
        await one.ask("/metrics")
        assert (one.emulator.requests.total, two.emulator.requests.total) == (1, 0)
