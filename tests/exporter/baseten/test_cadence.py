"""How often models are read: the pace by itself, and the requests that come of it, on virtual time."""

from __future__ import annotations

import random
from typing import Any

import pytest
from aiohttp import web

from serving_exporter.platforms.baseten.cadence import Cadence, Pace
from serving_exporter.platforms.contract import NotPermitted

TICK = 30.0
FEED = """\
# TYPE baseten_replicas_active gauge
baseten_replicas_active{{model_id="{model}",model_name="x",deployment_id="wxyz123"}} {active}
# TYPE baseten_replicas_starting gauge
baseten_replicas_starting{{model_id="{model}",model_name="x",deployment_id="wxyz123"}} {starting}
"""


def cadence() -> Cadence:
    return Cadence(TICK, 0.0, random.Random(1))  # noqa: S311


def test_the_first_read_sets_the_pace_by_what_it_finds() -> None:
    for moving, active, pace in ((True, True, Pace.MOVING), (False, True, Pace.ACTIVE), (False, False, Pace.IDLE)):
        one = cadence()
        one.has_read(0.0, moving=moving, active=active, changed=True)
        assert one.pace is pace


def test_intervals_are_those_of_the_design_with_ten_percent_of_jitter() -> None:
    for pace, seconds in ((Pace.MOVING, 30), (Pace.ACTIVE, 120), (Pace.IDLE, 1200)):
        waits = []
        for seed in range(50):
            one = Cadence(TICK, 0.0, random.Random(seed))  # noqa: S311
            one.has_read(1000.0, moving=pace is Pace.MOVING, active=pace is Pace.ACTIVE, changed=False)
            waits.append(one.due_at - 1000.0)
        assert 0.9 * seconds <= min(waits) < max(waits) <= 1.1 * seconds
        assert max(waits) - min(waits) > 0.1 * seconds


def test_it_sinks_a_step_after_three_quiet_reads_and_an_active_model_not_below_five_minutes() -> None:
    one = cadence()
    one.has_read(0.0, moving=True, active=True, changed=True)
    paces = []
    for _ in range(12):
        one.has_read(0.0, moving=False, active=True, changed=False)
        paces.append(one.pace)
    assert paces == [Pace.MOVING] * 2 + [Pace.ACTIVE] * 3 + [Pace.STEADY] * 7
    for _ in range(3):
        one.has_read(0.0, moving=False, active=False, changed=False)
    assert one.pace is Pace.IDLE


def test_it_climbs_at_once() -> None:
    one = cadence()
    one.has_read(0.0, moving=False, active=False, changed=False)
    assert not one.is_due(600.0)
    one.call_forward(600.0)
    assert one.is_due(600.0)
    one.has_read(600.0, moving=False, active=False, changed=False)
    assert one.pace is Pace.MOVING
    one.has_read(600.0, moving=False, active=False, changed=True)
    one.has_read(600.0, moving=False, active=False, changed=False)
    one.has_read(600.0, moving=False, active=False, changed=False)
    assert one.pace is Pace.MOVING  # the change began the count of quiet reads anew


def test_a_failing_model_is_tried_ever_later_but_within_minutes() -> None:
    one = cadence()
    one.has_read(0.0, moving=False, active=False, changed=False)
    waits = []
    for _ in range(6):
        one.has_failed(0.0)
        waits.append(one.due_at / TICK)
    assert waits == [pytest.approx(expected, rel=0.11) for expected in (1, 2, 4, 8, 8, 8)]


@pytest.mark.parametrize(
    ("deployment", "least", "most"),
    [
        ({"status": "DEPLOYING", "active_replica_count": 0}, 110, 125),  # every 30 s
        ({"status": "ACTIVE", "active_replica_count": 3}, 13, 16),  # 2 min, then 5
        ({"status": "SCALED_TO_ZERO", "active_replica_count": 0}, 3, 5),  # 20 min
        ({"status": "INACTIVE", "active_replica_count": 0}, 3, 5),
    ],
)
async def test_requests_in_an_hour(running: Any, make: Any, baseten: Any, deployment: dict[str, Any], least: int, most: int) -> None:
    make.inventory(baseten, make.deployment(**deployment))
    rig = await running(baseten=baseten)
    await rig.every("inventory", 30, 3600)
    assert least <= baseten.count("/v1/models/abcd1234/deployments") <= most
    assert baseten.count("/v1/models/abcd1234/environments") == baseten.count("/v1/models/abcd1234/deployments")
    assert 59 <= baseten.count("/v1/models") <= 62


async def test_a_promotion_keeps_a_model_in_motion_until_it_is_over(running: Any, make: Any, baseten: Any) -> None:
    promotion = {"status": "RAMPING_UP", "percent_traffic_to_new_version": 1}
    make.inventory(baseten, make.deployment(), environments=[make.environment(in_progress_promotion=promotion)])
    rig = await running(baseten=baseten)
    await rig.every("inventory", 30, 600)
    assert baseten.count("/v1/models/abcd1234/environments") >= 19
    make.inventory(baseten, make.deployment(), environments=[make.environment(in_progress_promotion={**promotion, "status": "SUCCEEDED"})])
    await rig.every("inventory", 30, 600)
    baseten.forget()
    await rig.every("inventory", 30, 600)
    assert baseten.count("/v1/models/abcd1234/environments") <= 5


async def test_replicas_that_move_in_the_feed_bring_their_model_forward(running: Any, make: Any, baseten: Any) -> None:
    make.inventory(baseten, make.deployment(status="SCALED_TO_ZERO", active_replica_count=0))
    baseten.answers["/metrics"] = FEED.format(model="abcd1234", active=0, starting=0)
    rig = await running(baseten=baseten)
    await rig.poll("feed", "inventory")
    await rig.clock.sleep(30)
    await rig.poll("inventory")
    assert baseten.count("/v1/models/abcd1234/deployments") == 1
    baseten.answers["/metrics"] = FEED.format(model="abcd1234", active=0, starting=1)
    await rig.poll("feed", "inventory")
    assert baseten.count("/v1/models/abcd1234/deployments") == 2


async def test_a_model_that_only_the_feed_knows_is_looked_for_once(running: Any, make: Any, baseten: Any) -> None:
    make.inventory(baseten, make.deployment())
    baseten.answers["/metrics"] = FEED.format(model="chainlet", active=1, starting=0)
    rig = await running(baseten=baseten)
    await rig.poll("inventory", "feed")
    baseten.forget()
    for active in range(2):
        baseten.answers["/metrics"] = FEED.format(model="chainlet", active=active, starting=0)
        await rig.clock.sleep(1)
        await rig.poll("feed", "inventory")
    assert baseten.count("/v1/models") == 1


async def test_the_first_pass_begins_with_the_models_in_use(running: Any, make: Any, baseten: Any) -> None:
    names = [f"m{number:03}" for number in range(200)]
    baseten.answers["/v1/models"] = {"models": [make.model(name) for name in names]}
    for name in names:
        baseten.answers[f"/v1/models/{name}/deployments"] = {"deployments": []}
        baseten.answers[f"/v1/models/{name}/environments"] = {"environments": []}
    baseten.answers["/metrics"] = FEED.format(model="m150", active=3, starting=0)
    rig = await running(baseten=baseten)
    poll = await rig.poll("feed", "inventory")
    assert baseten.paths()[2] == "/v1/models/m150/deployments"
    assert poll.next_in is not None
    assert poll.next_in < 1  # the turn is over before the pass is: the rest follows at once
    assert rig.clock.monotonic() < 30
    for _ in range(20):
        poll = await rig.poll("inventory")
        if poll is None or poll.next_in is None:
            break
    assert sorted({path.split("/")[3] for path in baseten.paths() if path.endswith("/deployments")}) == names


async def test_a_key_that_may_read_no_model_is_not_tried_on_thousands(running: Any, make: Any, baseten: Any) -> None:
    baseten.answers["/v1/models"] = {"models": [make.model(f"m{number}") for number in range(500)]}
    for number in range(500):
        for part in ("deployments", "environments"):
            baseten.answers[f"/v1/models/m{number}/{part}"] = lambda _: web.json_response({}, status=403)
    rig = await running(baseten=baseten)
    with pytest.raises(NotPermitted):
        await rig.poll("inventory")
    assert len(baseten.requests) < 50


async def test_nothing_due_is_no_poll(running: Any, make: Any, baseten: Any) -> None:
    make.inventory(baseten, make.deployment(status="INACTIVE"))
    rig = await running(baseten=baseten)
    await rig.poll("inventory")
    baseten.forget()
    await rig.clock.sleep(30)
    assert await rig.poll("inventory") is None
    assert baseten.requests == []
