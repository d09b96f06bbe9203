"""Start-ups: who is looked at and how often, percentiles, and an API that may not be there."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from serving_exporter.platforms.contract import NotOffered

STARTUPS = "/v1/models/abcd1234/deployments/wxyz123/startups"
SUMMARY = STARTUPS + "/summary"
KEY = 'workspace="default",model_id="abcd1234",deployment_id="wxyz123"'
NO_SUMMARY = {"start_epoch_millis": 0, "end_epoch_millis": 1, "total_duration_ms": {"sample_count": 0, "mean_ms": None, "p50_ms": None, "p90_ms": None, "p95_ms": None, "p99_ms": None}, "phase_duration_ms": []}  # fmt: skip # noqa: E501


def feed(starting: int) -> str:
    labels = '{model_id="abcd1234",deployment_id="wxyz123"}'
    return f"# TYPE baseten_replicas_starting gauge\nbaseten_replicas_starting{labels} {starting}\n"


def outcomes(rig: Any) -> dict[str, float]:
    lines = rig.page.lines("baseten_replica_startups_total")
    return {line.split('outcome="')[1].split('"')[0]: float(line.split()[-1]) for line in lines}


@pytest.mark.parametrize("damage", [{"abcd1234/wxyz123": 7}, {"abcd1234/wxyz123": {"total": {"counts": [1]}}}, [1], "x"])
async def test_a_damaged_state_starts_afresh(running: Any, make: Any, baseten: Any, damage: Any) -> None:
    make.inventory(baseten, make.deployment())
    baseten.answers[STARTUPS] = make.page()
    rig = await running(baseten=baseten, section={"startups": damage, "events": damage, "status_since": damage})
    await rig.poll("inventory", "startups")
    assert outcomes(rig) == {"SUCCESS": 0, "FAILED": 0, "STALLED": 0}


async def test_percentiles(running: Any, make: Any, baseten: Any, epoch: float) -> None:
    make.inventory(baseten, make.deployment())
    baseten.answers[STARTUPS] = make.page()
    baseten.answers[SUMMARY] = {
        **NO_SUMMARY,
        "total_duration_ms": {"sample_count": 9, "mean_ms": 1, "p50_ms": 42500, "p90_ms": 90000, "p95_ms": None, "p99_ms": None},
        "phase_duration_ms": [{"phase": "IMAGE_PULL", "duration_ms": {"sample_count": 1, "p50_ms": 0, "p90_ms": None}}],
    }
    rig = await running(baseten=baseten)
    await rig.poll("inventory", "startups")
    assert rig.page.lines("baseten_replica_startup_p") == [
        f'baseten_replica_startup_p50_seconds{{{KEY},phase="image_pull"}} 0.0',
        f'baseten_replica_startup_p50_seconds{{{KEY},phase="total"}} 42.5',
        f'baseten_replica_startup_p90_seconds{{{KEY},phase="total"}} 90.0',
    ]
    query = next(request.query for request in baseten.requests if request.path == SUMMARY)
    assert int(query["end_epoch_millis"]) - int(query["start_epoch_millis"]) == 86_400_000


async def test_who_is_looked_at_and_how_often(running: Any, make: Any, baseten: Any) -> None:
    names = {"wxyz123": "ACTIVE", "asleep": "SCALED_TO_ZERO", "off": "INACTIVE", "loading": "LOADING_MODEL"}
    make.inventory(baseten, *(make.deployment(name, status=status) for name, status in names.items()))
    for name in names:
        base = f"/v1/models/abcd1234/deployments/{name}/startups"
        baseten.answers[base] = make.page()
        baseten.answers[base + "/summary"] = NO_SUMMARY
    rig = await running(baseten=baseten)
    await rig.poll("inventory", "startups")
    await rig.every("startups", 60, 2 * 3600)
    looks = {name: baseten.count(f"/v1/models/abcd1234/deployments/{name}/startups") for name in names}
    assert looks["asleep"] == looks["off"] == 1
    assert looks["wxyz123"] == 2
    assert looks["loading"] > 100
    assert baseten.count("/v1/models/abcd1234/deployments/loading/startups/summary") == 2


@pytest.mark.parametrize("status", [403, 404])
async def test_not_offered(running: Any, make: Any, baseten: Any, status: int) -> None:
    names = [f"d{number}" for number in range(20)]
    make.inventory(baseten, *(make.deployment(name) for name in names))
    for name in names:
        baseten.answers[f"/v1/models/abcd1234/deployments/{name}/startups"] = lambda _: web.json_response(
            {"message": "beta"}, status=status
        )
    rig = await running(baseten=baseten)
    await rig.poll("inventory")
    with pytest.raises(NotOffered, match="beta"):
        await rig.poll("startups")
    assert len([path for path in baseten.paths() if path.endswith("startups")]) == 3
    assert rig.page.lines("baseten_replica") == []


async def test_one_failing_deployment_is_a_part_while_the_others_are_only_not_due(running: Any, make: Any, baseten: Any) -> None:
    make.inventory(baseten, make.deployment(), make.deployment("quiet", status="SCALED_TO_ZERO"))
    baseten.answers[STARTUPS] = baseten.answers[STARTUPS.replace("wxyz123", "quiet")] = make.page()
    baseten.answers["/metrics"] = feed(1)
    rig = await running(baseten=baseten)
    await rig.poll("feed", "inventory", "startups")
    baseten.answers[STARTUPS] = lambda _: web.Response(status=500)
    await rig.clock.sleep(60)
    poll = await rig.poll("startups")
    assert set(poll.problems) == {"abcd1234/wxyz123"}


async def test_without_deployments_there_is_nothing_to_ask(running: Any, baseten: Any) -> None:
    baseten.answers["/v1/models"] = {"models": []}
    rig = await running(baseten=baseten)
    poll = await rig.poll("inventory", "startups")
    assert poll.items == 0
    assert baseten.paths() == ["/v1/models"]
