"""Async queues: exact values, who is asked, and what a 404 means."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from serving_exporter.platforms.contract import NotPermitted, Unavailable

PATH = "/model-abcd1234/deployment/{}/async_queue_status"


def feed(*names: str, queue: int | None = 0) -> str:
    family = "baseten_async_queue_size" if queue is not None else "baseten_replicas_active"
    lines = [f'{family}{{model_id="abcd1234",deployment_id="{name}"}} {queue or 0}' for name in names]
    return "\n".join([f"# TYPE {family} gauge", *lines, ""])


def status(queued: Any, running: Any) -> dict[str, Any]:
    return {"model_id": "abcd1234", "deployment_id": "x", "num_queued_requests": queued, "num_in_progress_requests": running}


async def test_values(running: Any, baseten: Any) -> None:
    baseten.answers["/metrics"] = feed("wxyz123", "idle")
    baseten.answers[PATH.format("wxyz123")] = status(12, 3)
    baseten.answers[PATH.format("idle")] = status(0, 0)
    rig = await running(baseten=baseten)
    poll = await rig.poll("feed", "queues")
    key = 'workspace="default",model_id="abcd1234",deployment_id='
    assert rig.page.lines("baseten_async_requests") == [
        f'baseten_async_requests_in_progress{{{key}"idle"}} 0',
        f'baseten_async_requests_in_progress{{{key}"wxyz123"}} 3',
        f'baseten_async_requests_queued{{{key}"idle"}} 0',
        f'baseten_async_requests_queued{{{key}"wxyz123"}} 12',
    ]
    assert poll.items == 2
    assert rig.platform.sources["queues"].samples() == 4


@pytest.mark.parametrize("body", [{"num_in_progress_requests": 3}, status(None, 3)])
async def test_null_and_missing_are_absent(running: Any, baseten: Any, body: Any) -> None:
    baseten.answers["/metrics"] = feed("wxyz123")
    baseten.answers[PATH.format("wxyz123")] = body
    rig = await running(baseten=baseten, label=None)
    await rig.poll("feed", "queues")
    assert rig.page.lines("baseten_async_requests") == ['baseten_async_requests_in_progress{model_id="abcd1234",deployment_id="wxyz123"} 3']


async def test_deployments_that_do_not_use_async_are_not_asked(running: Any, baseten: Any) -> None:
    baseten.answers["/metrics"] = feed("wxyz123", queue=None)
    rig = await running(baseten=baseten)
    poll = await rig.poll("feed", "queues")
    assert poll.items == 0
    assert baseten.paths() == ["/metrics"]


async def test_one_that_had_a_queue_is_asked_after_the_feed_has_lost_it(running: Any, baseten: Any) -> None:
    baseten.answers["/metrics"] = feed("wxyz123")
    baseten.answers[PATH.format("wxyz123")] = status(12, 3)
    rig = await running(baseten=baseten)
    await rig.poll("feed", "queues")
    baseten.answers["/metrics"] = feed("other", queue=None)
    await rig.clock.sleep(30)
    await rig.poll("feed", "queues")
    assert baseten.count(PATH.format("wxyz123")) == 2


async def test_an_empty_queue_is_asked_now_and_then_until_the_feed_shows_something(running: Any, baseten: Any) -> None:
    baseten.answers["/metrics"] = feed("wxyz123")
    baseten.answers[PATH.format("wxyz123")] = status(0, 0)
    rig = await running(baseten=baseten)
    await rig.poll("feed")
    await rig.every("queues", 30, 600)
    assert baseten.count(PATH.format("wxyz123")) == 2
    assert len(rig.page.lines("baseten_async_requests")) == 2  # its zeros stay on the page meanwhile
    baseten.answers["/metrics"] = feed("wxyz123", queue=4)
    await rig.poll("feed")
    baseten.forget()
    await rig.every("queues", 30, 300)
    assert baseten.count(PATH.format("wxyz123")) == 10


async def test_a_404_takes_the_series_and_is_no_alarm(running: Any, baseten: Any) -> None:
    baseten.answers["/metrics"] = feed("wxyz123", "other")
    baseten.answers[PATH.format("wxyz123")] = status(12, 3)
    baseten.answers[PATH.format("other")] = status(1, 1)
    rig = await running(baseten=baseten)
    await rig.poll("feed", "queues")
    del baseten.answers[PATH.format("wxyz123")]
    await rig.clock.sleep(30)
    poll = await rig.poll("queues")
    assert not poll.problems
    assert not [line for line in rig.page.lines("baseten_async_requests") if "wxyz123" in line]
    baseten.forget()
    await rig.every("queues", 30, 570)
    assert baseten.count(PATH.format("wxyz123")) == 0  # asked again rarely
    baseten.answers[PATH.format("wxyz123")] = status(5, 0)
    await rig.every("queues", 30, 60)
    assert any("wxyz123" in line for line in rig.page.lines("baseten_async_requests"))


async def test_one_failing_queue_keeps_its_value_until_the_maximum_age(running: Any, baseten: Any) -> None:
    baseten.answers["/metrics"] = feed("wxyz123", "other")
    baseten.answers[PATH.format("wxyz123")] = status(12, 3)
    baseten.answers[PATH.format("other")] = status(1, 1)
    rig = await running(baseten=baseten)
    await rig.poll("feed", "queues")
    before = rig.page.blocks()
    baseten.answers[PATH.format("wxyz123")] = lambda _: web.json_response({"error": "boom"}, status=500)
    await rig.clock.sleep(30)
    poll = await rig.poll("queues")
    assert set(poll.problems) == {"abcd1234/wxyz123"}
    assert rig.page.blocks() == before
    await rig.every("queues", 30, 330)
    assert {line.split('deployment_id="')[1].split('"')[0] for line in rig.page.lines("baseten_async_requests")} == {"other"}


async def test_every_queue_refused_is_the_source_refused(running: Any, baseten: Any) -> None:
    baseten.answers["/metrics"] = feed("wxyz123", "other")
    for name in ("wxyz123", "other"):
        baseten.answers[PATH.format(name)] = lambda _: web.json_response({"error": "no", "error_code": "unauthorized"}, status=401)
    rig = await running(baseten=baseten)
    with pytest.raises(NotPermitted, match="HTTP 401: no"):
        await rig.poll("feed", "queues")


async def test_an_empty_queue_whose_read_failed_is_asked_again_at_the_next_poll(running: Any, baseten: Any) -> None:
    baseten.answers["/metrics"] = feed("wxyz123")
    baseten.answers[PATH.format("wxyz123")] = lambda _: web.Response(status=500)
    rig = await running(baseten=baseten)
    await rig.poll("feed")
    for _ in range(3):
        with pytest.raises(Unavailable):
            await rig.poll("queues")
        await rig.clock.sleep(5)


async def test_without_a_feed_every_deployment_is_asked_now_and_then(running: Any, make: Any, baseten: Any) -> None:
    make.inventory(baseten, make.deployment("one"), make.deployment("two"))
    baseten.answers[PATH.format("one")] = status(4, 0)
    baseten.answers[PATH.format("two")] = status(0, 0)
    rig = await running(baseten=baseten)
    await rig.poll("inventory", "queues")
    await rig.every("queues", 30, 590)
    assert baseten.count(PATH.format("one")) == 20
    assert baseten.count(PATH.format("two")) == 2


async def test_without_feed_and_inventory_nobody_can_be_asked(running: Any) -> None:
    rig = await running()
    with pytest.raises(Unavailable, match="neither the feed nor the inventory"):
        await rig.poll("queues")


async def test_never_more_than_fifteen_a_second_and_nothing_but_the_status_is_asked(running: Any, baseten: Any) -> None:
    names = [f"d{number:03}" for number in range(120)]
    baseten.answers["/metrics"] = feed(*names)
    for name in names:
        baseten.answers[PATH.format(name)] = status(1, 0)
    rig = await running(baseten=baseten)
    await rig.poll("feed", "queues")
    times = [moment for moment, path in zip(baseten.times, baseten.paths(), strict=True) if path != "/metrics"]
    assert len(times) == 120
    assert max(sum(1 for other in times if start <= other < start + 1) for start in times) <= 16
    assert {path.rsplit("/", 1)[1] for path in baseten.paths()} == {"metrics", "async_queue_status"}
    assert {request.method for request in baseten.requests} == {"GET"}


async def test_expiry(running: Any, baseten: Any) -> None:
    baseten.answers["/metrics"] = feed("wxyz123")
    baseten.answers[PATH.format("wxyz123")] = status(12, 3)
    rig = await running(baseten=baseten)
    await rig.poll("feed", "queues")
    rig.platform.sources["queues"].expire()
    assert rig.page.lines("baseten_async_requests") == []
    assert rig.page.lines("baseten_async_queue_size")
