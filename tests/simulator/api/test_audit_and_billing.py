"""The audit log and billed use."""

from __future__ import annotations

from typing import Any

import pytest

from serving_simulator.api.switches import ApiSwitches

from .conftest import Rig
from .fake_world import START, FakeWorld

LOG = "/v1/audit_logs"


def ids(document: dict[str, Any]) -> list[int]:
    return [int(item["id"].removeprefix("evt")) for item in document["items"]]


async def test_newest_first_twenty_at_a_time(rig: Rig) -> None:
    document = await rig.get(LOG)
    assert ids(document) == list(range(44, 24, -1))
    assert document["pagination"]["has_more"] is True
    assert document["items"][0] == {
        "id": "evt044",
        "created": "2026-09-21T14:11:40Z",
        "event_type": "MODEL_DEPLOYMENT_DEACTIVATED",
        "event_data": {
            "event_type": "MODEL_DEPLOYMENT_DEACTIVATED",
            "model_id": "modela",
            "model_name": "chat",
            "deployment_id": "dep44",
            "deployment_name": "deployment-44",
        },
        "source": "API",
        "actor": {"type": "BASETEN_SYSTEM", "email": None, "api_key_prefix": None, "api_key_name": None},
        "client_name": None,
        "client_version": None,
        "client_session_id": None,
    }
    assert next(item for item in document["items"] if item["id"] == "evt041")["actor"]["email"] == "operator@example.com"


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
async def test_pages_keep_their_direction_and_survive_new_entries(rig: Rig, direction: str) -> None:
    first = await rig.get(LOG, limit=30, direction=direction)
    rig.world.event_list.append(FakeWorld.event(45))
    second = await rig.get(LOG, limit=30, cursor=first["pagination"]["cursor"])
    everything = ids(first) + ids(second)
    assert everything == (list(range(46)) if direction == "ASC" else list(range(44, -1, -1)))
    assert second["pagination"] == {"has_more": False, "cursor": None}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"event_type_groups": "PROMOTED"}, list(range(40, -1, -5))),
        ({"event_type_groups": ["PROMOTED", "AUTOSCALING_SETTINGS"], "limit": 3}, [41, 40, 36]),
        ({"event_type_groups": "SSH"}, []),
        ({"sources": "UI", "limit": 2}, [41, 36]),
        ({"deployment_ids": ["dep3", "dep7"]}, [7, 3]),
        ({"environment_names": "production", "limit": 1}, [40]),
        ({"chain_deployment_ids": "x"}, []),
        ({"search": "DEPLOYMENT-12"}, [12]),
        ({"start_epoch_millis": round((START - 300) * 1000)}, [44, 43, 42]),
        ({"end_epoch_millis": round((START - 4400) * 1000)}, [1, 0]),
    ],
)
async def test_filters(rig: Rig, query: dict[str, Any], expected: list[int]) -> None:
    assert ids(await rig.get(LOG, **query)) == expected


async def test_scopes(rig: Rig) -> None:
    assert len((await rig.get("/v1/models/modela/audit_logs", limit=200))["items"]) == 45
    assert (await rig.get("/v1/models/modelb/audit_logs"))["items"] == []
    assert (await rig.get("/v1/chains/chain1/audit_logs"))["items"] == []
    rig.emulator.switches = ApiSwitches(audit_admin_only=True)
    assert (await rig.ask(LOG)).status == 200
    assert (await rig.ask(LOG, key="team.secret")).status == 403
    assert (await rig.ask("/v1/models/modela/audit_logs", key="team.secret")).status == 200


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "201"},
        {"direction": "UP"},
        {"event_type_groups": "NAPS"},
        {"sources": "FAX"},
        {"cursor": "xx"},
        {"start_epoch_millis": "2", "end_epoch_millis": "1"},
    ],
)
async def test_refused_queries(rig: Rig, query: dict[str, str]) -> None:
    reply = await rig.ask(LOG, params=query)
    assert (reply.status, reply.json["code"]) == (400, "VALIDATION_ERROR")


async def test_billing_adds_up_and_alternates_the_spelling_of_money(rig: Rig) -> None:
    reply = await rig.get("/v1/billing/usage_summary", start_date="2026-09-20T00:00:00Z", end_date="2026-09-21T00:00:00Z")
    usage = reply["dedicated_usage"]
    assert (reply["training_usage"], reply["model_apis_usage"]) == (None, None)
    assert (usage["minutes"], float(usage["total"])) == (121, pytest.approx(1.80513))
    by_id = {each["billable_resource"]["id"]: each for each in usage["breakdown"]}
    assert by_id["prod1"]["minutes"] == 120
    assert float(by_id["prod1"]["subtotal"]) == pytest.approx(1.6968)
    assert [day["date"] for day in by_id["prod1"]["daily"]] == ["2026-09-20", "2026-09-21"]
    assert (by_id["prod1"]["billable_resource"]["is_deleted"], by_id["gone1"]["billable_resource"]["is_deleted"]) == (False, True)
    amounts = [usage["subtotal"], usage["credits_used"], usage["total"]]
    assert {type(amount) for amount in amounts} == {float, str}


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (None, "2026-09-20T00:00:00Z"),
        ("2026-09-20T00:00:00Z", None),
        ("2025-12-31T23:59:59Z", "2026-01-02T00:00:00Z"),
        ("2026-08-01T00:00:00Z", "2026-09-01T00:00:01Z"),
        ("2026-09-02T00:00:00Z", "2026-09-01T00:00:00Z"),
        ("yesterday", "2026-09-01T00:00:00Z"),
    ],
)
async def test_billing_rules(rig: Rig, start: str | None, end: str | None) -> None:
    query = {name: text for name, text in (("start_date", start), ("end_date", end)) if text is not None}
    reply = await rig.ask("/v1/billing/usage_summary", params=query)
    assert (reply.status, reply.json["code"]) == (400, "VALIDATION_ERROR")


async def test_thirty_one_days_from_the_first_of_january_are_allowed(rig: Rig) -> None:
    usage = await rig.get("/v1/billing/usage_summary", start_date="2026-01-01T00:00:00+00:00", end_date="2026-02-01T00:00:00+00:00")
    assert (usage["dedicated_usage"]["minutes"], usage["dedicated_usage"]["breakdown"]) == (0, [])
