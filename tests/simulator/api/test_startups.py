"""Start-up attempts and their summary."""

from __future__ import annotations

from typing import Any

import pytest

from serving_simulator.api.switches import ApiSwitches

from .conftest import Rig
from .fake_world import START, FakeWorld

ENVIRONMENT = "/v1/models/modela/environments/production/startups"
DEPLOYMENT = "/v1/models/modela/deployments/prod1/startups"
WINDOW = {"start_epoch_millis": round((START - 3600) * 1000), "end_epoch_millis": round(START * 1000)}


def ids(document: dict[str, Any]) -> list[str]:
    return [item["replica_id"] for item in document["items"]]


async def test_attempts_newest_first(rig: Rig) -> None:
    document = await rig.get(DEPLOYMENT, **WINDOW)
    assert ids(document) == ["rep6", "rep4", "rep2", "rep0"]
    assert (document["total_count"], document["pagination"]) == (4, {"has_more": False, "cursor": None})
    assert document["items"][3] == {
        "model_id": "modela",
        "deployment_id": "prod1",
        "deployment_name": "name-of-prod1",
        "environment_name": None,
        "replica_id": "rep0",
        "started_at_epoch_millis": round((START - 1000) * 1000),
        "ready_at_epoch_millis": round((START - 970) * 1000),
        "duration_ms": 30_000,
        "outcome": "SUCCESS",
        "phase_summary": [
            {"phase": "SCHEDULING", "status": "COMPLETED", "offset_ms": 0, "duration_ms": 10_000},
            {"phase": "IMAGE_PULL", "status": "COMPLETED", "offset_ms": 10_000, "duration_ms": 0},
            {"phase": "READINESS", "status": "COMPLETED", "offset_ms": 10_000, "duration_ms": 20_000},
        ],
    }
    failed = document["items"][2]
    assert (failed["outcome"], failed["ready_at_epoch_millis"]) == ("FAILED", None)


async def test_environment_has_all_its_deployments_and_its_name(rig: Rig) -> None:
    document = await rig.get(ENVIRONMENT, **WINDOW)
    assert ids(document) == [f"rep{number}" for number in (6, 5, 4, 3, 2, 1, 0)]
    assert {item["environment_name"] for item in document["items"]} == {"production"}


async def test_open_attempts(rig: Rig) -> None:
    newest = (await rig.get(DEPLOYMENT, **WINDOW))["items"][0]
    assert (newest["outcome"], newest["ready_at_epoch_millis"]) == ("IN_PROGRESS", None)
    assert newest["phase_summary"][2] == {"phase": "READINESS", "status": "IN_PROGRESS", "offset_ms": 10_000, "duration_ms": None}
    rig.emulator.switches = ApiSwitches(open_startups="stalled")
    assert (await rig.get(DEPLOYMENT, **WINDOW))["items"][0]["outcome"] == "STALLED"
    rig.emulator.switches = ApiSwitches(open_startups="hidden")
    assert ids(await rig.get(DEPLOYMENT, **WINDOW)) == ["rep4", "rep2", "rep0"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"outcomes": "FAILED"}, ["rep5", "rep2"]),
        ({"outcomes": ["FAILED", "IN_PROGRESS"]}, ["rep6", "rep5", "rep2"]),
        ({"min_duration_ms": 70_000}, ["rep6", "rep5", "rep4"]),
        ({"phase": "IMAGE_PULL"}, []),
        ({"phase": "SCHEDULING", "limit": 100, "direction": "asc"}, [f"rep{number}" for number in range(7)]),
        ({"search": "rep3"}, ["rep3"]),
        ({"search": "rep"}, []),
        ({"search": "OF-CAND"}, ["rep5", "rep3", "rep1"]),
        ({"sort_by": "DURATION", "direction": "asc", "search": "name-of-prod1"}, ["rep0", "rep2", "rep4", "rep6"]),
        ({"sort_by": "READY_AT"}, ["rep4", "rep3", "rep1", "rep0", "rep6", "rep5", "rep2"]),
        ({"sort_by": "OUTCOME", "direction": "asc", "outcomes": ["FAILED", "SUCCESS"]}, ["rep2", "rep5", "rep0", "rep1", "rep3", "rep4"]),
        ({"start_epoch_millis": round((START - 500) * 1000)}, ["rep6", "rep5"]),
    ],
)
async def test_filters_and_sorting(rig: Rig, query: dict[str, Any], expected: list[str]) -> None:
    document = await rig.get(ENVIRONMENT, **{**WINDOW, **query})
    assert ids(document) == expected
    assert document["total_count"] == len(expected)


async def test_pages(rig: Rig) -> None:
    seen, cursor, sizes = [], None, []
    while True:
        document = await rig.get(ENVIRONMENT, **WINDOW, limit=3, **({"cursor": cursor} if cursor else {}))
        seen += ids(document)
        sizes.append(len(document["items"]))
        assert document["total_count"] == 7
        cursor = document["pagination"]["cursor"]
        assert document["pagination"]["has_more"] is (cursor is not None)
        if cursor is None:
            break
    assert (seen, sizes) == ([f"rep{number}" for number in (6, 5, 4, 3, 2, 1, 0)], [3, 3, 1])


async def test_new_attempts_do_not_shift_the_pages(rig: Rig) -> None:
    first = await rig.get(ENVIRONMENT, **WINDOW, limit=3)
    rig.world.startup_list.append(FakeWorld.startup(9))
    second = await rig.get(ENVIRONMENT, **WINDOW, limit=3, cursor=first["pagination"]["cursor"])
    assert ids(second) == ["rep3", "rep2", "rep1"]


async def test_total_counts_the_thousand_most_recent(rig: Rig) -> None:
    rig.world.startup_list = [
        FakeWorld.startup(0, replica_id=f"r{number:04}", started_at=START - 1200 + number, outcome="FAILED" if number < 300 else "SUCCESS")
        for number in range(1200)
    ]
    assert (await rig.get(DEPLOYMENT, **WINDOW))["total_count"] == 1000
    assert (await rig.get(DEPLOYMENT, **WINDOW, outcomes="FAILED"))["total_count"] == 100


@pytest.mark.parametrize(
    "query",
    [
        {"start_epoch_millis": "1"},
        {"end_epoch_millis": "1"},
        {"start_epoch_millis": "2", "end_epoch_millis": "2"},
        {**WINDOW, "limit": "0"},
        {**WINDOW, "limit": "101"},
        {**WINDOW, "phase": "NAPPING"},
        {**WINDOW, "sort_by": "NAME"},
        {**WINDOW, "min_duration_ms": "-1"},
        {**WINDOW, "cursor": "garbage"},
    ],
)
async def test_refused_queries(rig: Rig, query: dict[str, Any]) -> None:
    reply = await rig.ask(DEPLOYMENT, params=query)
    assert (reply.status, reply.json["code"]) == (400, "VALIDATION_ERROR")


async def test_a_cursor_belongs_to_its_query(rig: Rig) -> None:
    cursor = (await rig.get(ENVIRONMENT, **WINDOW, limit=2))["pagination"]["cursor"]
    assert (await rig.ask(ENVIRONMENT, params={**WINDOW, "cursor": cursor, "search": "rep1"})).status == 400


async def test_summary(rig: Rig) -> None:
    document = await rig.get(f"{ENVIRONMENT}/summary", **WINDOW)
    assert (document["start_epoch_millis"], document["end_epoch_millis"]) == tuple(WINDOW.values())
    # Successes are attempts 0, 1, 3 and 4: 30, 40, 60 and 70 s.
    total = {"sample_count": 4, "mean_ms": 50_000, "p50_ms": 40_000, "p90_ms": 70_000, "p95_ms": 70_000, "p99_ms": 70_000}
    assert document["total_duration_ms"] == total
    phases = {each["phase"]: each["duration_ms"] for each in document["phase_duration_ms"]}
    assert phases.keys() == {"SCHEDULING", "IMAGE_PULL", "READINESS"}
    assert (phases["IMAGE_PULL"]["sample_count"], phases["IMAGE_PULL"]["p50_ms"]) == (7, 0)
    assert phases["READINESS"]["sample_count"] == 6
    empty = await rig.get(f"{DEPLOYMENT}/summary", start_epoch_millis=1, end_epoch_millis=2)
    assert empty["total_duration_ms"] == dict.fromkeys(("mean_ms", "p50_ms", "p90_ms", "p95_ms", "p99_ms")) | {"sample_count": 0}
    assert empty["phase_duration_ms"] == []


async def test_the_api_may_not_be_offered(rig: Rig) -> None:
    for switch, status in (("forbidden", 403), ("absent", 404)):
        rig.emulator.switches = ApiSwitches(startups=switch)  # type: ignore[arg-type]
        for path in (DEPLOYMENT, ENVIRONMENT, f"{DEPLOYMENT}/summary", f"{ENVIRONMENT}/summary"):
            assert (await rig.ask(path, params=WINDOW)).status == status
