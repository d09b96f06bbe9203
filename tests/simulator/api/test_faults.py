"""Every fault, switched on and off while the emulator runs."""

from __future__ import annotations

import asyncio
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import pytest

from serving_simulator.api.faults import KINDS, FaultBook, FaultError

from .conftest import Rig, running
from .fake_world import START

MODELS = "/v1/models"
DEPLOYMENTS = "/v1/models/modela/deployments"
QUEUE = "/model-modela/production/async_queue_status"


@pytest.mark.parametrize(
    ("hint", "body", "header"),
    [
        ("none", {"error": "Rate limit exceeded. Please try again later."}, None),
        ("body", {"error": "Rate limit exceeded. Please try again later.", "retry_after": 37}, None),
        ("header", {"error": "Rate limit exceeded. Please try again later."}, "37"),
        ("both", {"error": "Rate limit exceeded. Please try again later.", "retry_after": 37}, "37"),
        ("date", {"error": "Rate limit exceeded. Please try again later."}, "Mon, 21 Sep 2026 14:13:57 GMT"),
    ],
)
async def test_throttle(rig: Rig, hint: str, body: Any, header: str | None) -> None:
    await rig.fault(kind="throttle", parameters={"hint": hint, "seconds": 37}, endpoint="management")
    reply = await rig.ask(MODELS)
    assert (reply.status, reply.json, reply.headers.get("Retry-After")) == (429, body, header)
    assert (await rig.ask("/metrics")).status == 200


@pytest.mark.parametrize(("kind", "status"), [("unauthorized", 401), ("forbidden", 403), ("server_error", 500), ("unavailable", 503)])
async def test_error_statuses_in_the_shape_of_each_surface(rig: Rig, kind: str, status: int) -> None:
    await rig.fault(kind=kind)
    management, inference, feed = [await rig.ask(path) for path in (MODELS, QUEUE, "/metrics")]
    assert {management.status, inference.status, feed.status} == {status}
    assert management.json.keys() == {"code", "message"}
    assert inference.json.keys() == {"error", "error_code"}
    assert feed.headers["Content-Type"] == "text/plain; charset=utf-8"


async def test_html_with_status_200(rig: Rig) -> None:
    await rig.fault(kind="html", endpoint="feed")
    reply = await rig.ask("/metrics")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert reply.body.startswith(b"<!DOCTYPE html>")


async def test_timeout_never_answers_and_ends_with_the_client(rig: Rig) -> None:
    await rig.fault(kind="timeout", endpoint=MODELS)
    began = rig.clock.monotonic()
    with pytest.raises(TimeoutError):
        await rig.ask(MODELS, timeout=aiohttp.ClientTimeout(total=900))
    assert rig.clock.monotonic() - began == pytest.approx(900, abs=1)
    assert [record.status for record in rig.emulator.requests] == [0]


async def test_emulator_stops_while_a_request_hangs() -> None:
    async with running() as rig:
        await rig.fault(kind="timeout")
        port = int(rig.emulator.url.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n")
        await rig.clock.sleep(1)
        assert [record.status for record in rig.emulator.requests] == [0]
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()


async def test_reset(rig: Rig) -> None:
    await rig.fault(kind="reset", id="cut")
    with pytest.raises(aiohttp.ClientOSError, match="reset by peer"):
        await rig.ask(MODELS)
    # The client repeats by itself what it sent on a connection that it had used before: the server sees both.
    assert {(record.fault, record.status) for record in rig.emulator.requests} == {("reset", 0)}
    await rig.ask("/_emulator/faults/cut", method="DELETE")
    assert (await rig.ask(MODELS)).status == 200


async def test_truncated_body_with_a_connection_that_ends_early(rig: Rig) -> None:
    await rig.fault(kind="truncate", endpoint="feed", parameters={"fraction": 0.3}, times=1)
    with pytest.raises(aiohttp.ClientPayloadError):
        await rig.ask("/metrics")
    assert (await rig.ask("/metrics")).status == 200


async def test_truncated_body_whose_length_fits(rig: Rig) -> None:
    whole = (await rig.ask("/metrics")).body
    await rig.fault(kind="truncate", endpoint="feed", parameters={"fraction": 0.5, "framing": "exact"})
    reply = await rig.ask("/metrics")
    assert (reply.status, reply.body) == (200, whole[: len(whole) // 2])
    assert not reply.body.endswith(b"\n")


async def test_drip_takes_its_time(rig: Rig) -> None:
    whole = (await rig.ask("/metrics")).body
    await rig.fault(kind="drip", endpoint="feed", parameters={"seconds": 120, "pieces": 12})
    began = rig.clock.monotonic()
    assert (await rig.ask("/metrics", timeout=aiohttp.ClientTimeout(total=600))).body == whole
    assert rig.clock.monotonic() - began == pytest.approx(120, abs=12)
    with pytest.raises(TimeoutError):
        await rig.ask("/metrics", timeout=aiohttp.ClientTimeout(total=20))


async def test_malformed_json(rig: Rig) -> None:
    await rig.fault(kind="malformed_json", endpoint=MODELS)
    async with rig.session.get(rig.emulator.url + MODELS, headers={"Authorization": "Bearer full.secret"}) as answer:
        assert answer.status == 200
        with pytest.raises(ValueError, match="Expecting"):
            await answer.json()


async def test_invalid_lines(rig: Rig) -> None:
    whole = (await rig.ask("/metrics")).body.splitlines()
    for position, index in (("start", 0), ("end", len(whole))):
        await rig.fault(kind="invalid_line", parameters={"lines": ["oops{"], "position": position}, times=1)
        lines = (await rig.ask("/metrics")).body.splitlines()
        assert lines[index] == b"oops{"
        assert [line for line in lines if line != b"oops{"] == whole
    await rig.fault(kind="invalid_line")
    assert len((await rig.ask("/metrics")).body.splitlines()) == len(whole) + 3


async def test_duplicate_series(rig: Rig) -> None:
    whole = (await rig.ask("/metrics")).body.splitlines()
    await rig.fault(kind="duplicate_series", parameters={"count": 2})
    lines = (await rig.ask("/metrics")).body.splitlines()
    assert len(lines) == len(whole) + 2
    assert lines[2] == lines[3] == whole[2]
    assert list(dict.fromkeys(lines)) == whole


async def test_stale_page_stays_until_the_fault_is_over(rig: Rig) -> None:
    await rig.fault(kind="stale", id="stuck")
    first = (await rig.ask("/metrics")).body
    await rig.clock.sleep(90)
    assert (await rig.ask("/metrics")).body == first
    await rig.ask("/_emulator/faults/stuck", method="DELETE")
    assert (await rig.ask("/metrics")).body != first


async def test_null_metrics(rig: Rig) -> None:
    path = f"{DEPLOYMENTS}/prod1/metrics"
    window = {"mode": "SUMMARY", "start_epoch_millis": round((START - 7200) * 1000), "end_epoch_millis": round((START - 3600) * 1000)}
    before = await rig.get(path, **window)
    await rig.fault(kind="null_metrics")
    after = await rig.get(path, **window)
    assert after["metric_descriptors"] == before["metric_descriptors"]
    assert [len(column) for column in after["metric_values"][0]["values"]] == [1, 2, 5]
    assert {value for column in after["metric_values"][0]["values"] for value in column} == {None}


async def test_missing_fields(rig: Rig) -> None:
    await rig.fault(kind="missing_fields")
    document = await rig.get("/v1/models/modela/environments/production")
    assert "autoscaling_schedules" not in document
    assert "region" not in document["current_deployment"]
    assert document["current_deployment"]["status"] == "ACTIVE"
    await rig.fault(kind="missing_fields", parameters={"fields": ["status"]})
    assert "status" not in (await rig.get("/v1/models/modela/environments/production"))["current_deployment"]


async def test_unknown_values_and_fields(rig: Rig) -> None:
    await rig.fault(kind="unknown_values", endpoint="/v1/models/{model_id}/deployments")
    document = await rig.get(DEPLOYMENTS)
    assert {each["status"] for each in document["deployments"]} == {"ADDED_LATER"}
    assert all("added_later" in each for each in document["deployments"])
    assert (await rig.get(f"{DEPLOYMENTS}/prod1"))["status"] == "ACTIVE"
    await rig.fault(kind="unknown_values", endpoint="*/startups", parameters={"fields": ["outcome", "phase"], "value": "NEW"})
    window = {"start_epoch_millis": 0, "end_epoch_millis": round(START * 1000)}
    items = (await rig.get(f"{DEPLOYMENTS}/prod1/startups", **window))["items"]
    assert {item["outcome"] for item in items} == {"NEW"}


async def test_a_deployment_vanishes_between_list_and_detail(rig: Rig) -> None:
    await rig.fault(kind="vanish", deployment="cand1")
    assert len((await rig.get(MODELS))["models"]) == 2
    assert [each["id"] for each in (await rig.get(DEPLOYMENTS))["deployments"]] == ["prod1", "dev1"]
    environment = await rig.get("/v1/models/modela/environments/production")
    assert (environment["current_deployment"]["id"], environment["candidate_deployment"]) == ("prod1", None)
    for path in (f"{DEPLOYMENTS}/cand1", f"{DEPLOYMENTS}/cand1/metrics", "/model-modela/deployment/cand1/async_queue_status"):
        assert (await rig.ask(path)).status == 404
    assert (await rig.ask(f"{DEPLOYMENTS}/prod1")).status == 200


async def test_a_model_vanishes_between_list_and_detail(rig: Rig) -> None:
    await rig.fault(kind="vanish", model="modela")
    assert len((await rig.get(MODELS))["models"]) == 2
    for path in (DEPLOYMENTS, "/v1/models/modela/environments", "/v1/models/modela", QUEUE):
        assert (await rig.ask(path)).status == 404
    assert (await rig.ask("/v1/models/modelb/deployments")).status == 200


async def test_clock_skew_moves_only_the_date_header(rig: Rig) -> None:
    assert parsedate_to_datetime((await rig.ask(MODELS)).headers["Date"]).timestamp() == START
    await rig.fault(kind="clock_skew", parameters={"seconds": -450})
    assert parsedate_to_datetime((await rig.ask(MODELS)).headers["Date"]).timestamp() == START - 450


async def test_faults_end_by_count_by_time_and_by_hand(rig: Rig) -> None:
    await rig.fault(kind="server_error", times=2)
    assert [(await rig.ask(MODELS)).status for _ in range(3)] == [500, 500, 200]
    await rig.fault(kind="server_error", for_seconds=30)
    assert (await rig.ask(MODELS)).status == 500
    await rig.clock.sleep(30)
    assert (await rig.ask(MODELS)).status == 200
    await rig.fault(kind="server_error", until=START + 31)
    assert (await rig.ask(MODELS)).status == 500
    await rig.ask("/_emulator/faults", method="DELETE")
    assert (await rig.ask(MODELS)).status == 200
    assert rig.emulator.faults.hits == {"server_error": 4}


async def test_faults_are_narrowed_to_a_model_or_a_deployment(rig: Rig) -> None:
    await rig.fault(kind="server_error", deployment="prod1")
    await rig.fault(kind="unavailable", model="modelb")
    got = [(await rig.ask(path)).status for path in (f"{DEPLOYMENTS}/prod1", f"{DEPLOYMENTS}/dev1", "/v1/models/modelb", MODELS)]
    assert got == [500, 200, 503, 200]


async def test_chance_comes_from_the_seed() -> None:
    async def outcomes(seed: int) -> list[int]:
        async with running(seed=seed) as rig:
            await rig.fault(kind="server_error", probability=0.5)
            return [(await rig.ask("/v1/users/me")).status for _ in range(40)]

    first = await outcomes(1)
    assert first == await outcomes(1)
    assert first != await outcomes(2)
    assert 8 < first.count(500) < 32


async def test_wire_faults_go_with_others(rig: Rig) -> None:
    await rig.fault(kind="throttle")
    await rig.fault(kind="clock_skew", parameters={"seconds": 60})
    reply = await rig.ask(MODELS)
    assert reply.status == 429
    assert parsedate_to_datetime(reply.headers["Date"]).timestamp() == START + 60
    assert next(iter(rig.emulator.requests)).fault == "throttle+clock_skew"


async def test_faults_of_the_fleets_timeline(rig: Rig) -> None:
    rig.world.http_faults = [{"kind": "unavailable", "endpoint": "management", "times": 1}]
    assert (await rig.ask("/metrics")).status == 200
    assert [(await rig.ask(MODELS)).status for _ in range(2)] == [503, 200]


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({"kind": "gremlins"}, "allowed: throttle"),
        ({}, "kind"),
        ({"kind": "html", "colour": 1}, "colour"),
        ({"kind": "drip", "parameters": {"fraction": 1}}, "allowed for drip: seconds, pieces"),
        ({"kind": "vanish"}, "model or deployment is required"),
        ({"kind": "html", "times": 0}, ">= 1"),
        ({"kind": "html", "probability": 2}, "<= 1"),
    ],
)
def test_faults_that_make_no_sense(document: dict[str, Any], text: str) -> None:
    with pytest.raises(FaultError, match=text):
        FaultBook(1).add(document, 0.0)


async def test_admin_page_lists_faults_and_kinds(rig: Rig) -> None:
    added = await rig.fault(kind="throttle", endpoint="feed", times=3)
    assert (added["id"], added["endpoint"]) == ("fault-1", "/metrics")
    document = (await rig.ask("/_emulator/faults")).json
    assert [fault["kind"] for fault in document["faults"]] == ["throttle"]
    assert document["kinds"].keys() == KINDS.keys()
    assert (await rig.ask("/_emulator/faults", method="POST", json={"kind": "gremlins"})).status == 400
    assert (await rig.ask("/_emulator/faults/none", method="DELETE")).status == 404
