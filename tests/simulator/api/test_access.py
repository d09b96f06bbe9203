"""Keys, permissions, error bodies and rate limits."""

from __future__ import annotations

import asyncio

import pytest

from serving_simulator.api.access import read_key
from serving_simulator.api.limits import FixedWindow, RateLimits, SlidingWindow
from serving_simulator.api.switches import ApiSwitches

from .conftest import Rig, running

QUEUE = "/model-modela/production/async_queue_status"
DENIED = {"code": "PERMISSION_DENIED", "message": "Authorization error"}
RATE_LIMITED = "Rate limit exceeded. Please try again later."


@pytest.mark.parametrize("header", ["Bearer full.secret", "Api-Key full.secret", "Bearer Api-Key full.secret", "bearer full.secret"])
async def test_every_form_of_authorization(rig: Rig, header: str) -> None:
    for path in ("/metrics", "/v1/models", QUEUE):
        assert (await rig.ask(path, key=None, headers={"Authorization": header})).status == 200


@pytest.mark.parametrize("header", [None, "", "Bearer", "full.secret", "Basic full.secret", "Bearer a b c", "Bearer full.secretx"])
async def test_missing_or_wrong_key(rig: Rig, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    management = await rig.ask("/v1/models", key=None, headers=headers)
    assert (management.status, management.json) == (403, DENIED)
    inference = await rig.ask(QUEUE, key=None, headers=headers)
    assert (inference.status, inference.json) == (401, {"error": "Authorization error", "error_code": "unauthorized"})
    feed = await rig.ask("/metrics", key=None, headers=headers)
    assert (feed.status, feed.headers["Content-Type"]) == (401, "text/plain; charset=utf-8")
    rig.emulator.switches = ApiSwitches(feed_unauthorized=403)
    assert (await rig.ask("/metrics", key=None, headers=headers)).status == 403


def test_reading_keys() -> None:
    assert read_key("Bearer Api-Key a.b") == "a.b"
    assert read_key("Api-Key Bearer a.b") is None
    assert read_key("Digest a.b") is None


@pytest.mark.parametrize(
    ("key", "feed", "management", "inference", "keys"),
    [
        ("full.secret", 200, 200, 200, 200),
        ("team.secret", 200, 200, 200, 200),
        ("export.secret", 200, 403, 403, 403),
        ("scoped.secret", 200, 403, 403, 403),
        ("invoke.secret", 403, 403, 200, 403),
        ("keys.secret", 403, 403, 403, 200),
    ],
)
async def test_what_each_key_type_may(rig: Rig, key: str, feed: int, management: int, inference: int, keys: int) -> None:
    got = [(await rig.ask(path, key=key)).status for path in ("/metrics", "/v1/models", QUEUE, "/v1/api_keys")]
    assert got == [feed, management, inference, keys]


async def test_scoped_invoke_key_may_not_call_other_models(rig: Rig) -> None:
    reply = await rig.ask("/model-modelb/deployment/old1/async_queue_status", key="invoke.secret")
    assert (reply.status, reply.json["error_code"]) == (403, "unauthorized")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/models/nope",
        "/v1/models/nope/deployments",
        "/v1/models/modela/deployments/nope",
        "/v1/models/modelb/deployments/production",
        "/v1/models/modela/environments/nope",
        "/v1/models/modela/deployments/old1",
        "/v1/chains/nope",
        "/v1/chains/chain1/deployments/nope",
        "/v1/chains/chain1/environments/nope",
        "/v1/teams/nope/models",
        "/v1/nothing",
    ],
)
async def test_unknown_objects(rig: Rig, path: str) -> None:
    reply = await rig.ask(path)
    assert (reply.status, reply.json["code"]) == (404, "NOT_FOUND")
    assert reply.json["message"]


async def test_known_path_with_another_method(rig: Rig) -> None:
    reply = await rig.ask("/v1/models", method="DELETE")
    assert (reply.status, reply.json["code"]) == (405, "METHOD_NOT_ALLOWED")


async def test_key_is_asked_before_the_route_is_known(rig: Rig) -> None:
    assert (await rig.ask("/v1/nothing", key="wrong.key")).status == 403


async def test_management_limit_is_for_each_key_and_endpoint() -> None:
    async with running(switches=ApiSwitches(management_limit=3)) as rig:
        assert [(await rig.ask("/v1/models")).status for _ in range(4)] == [200, 200, 200, 429]
        refused = await rig.ask("/v1/models")
        assert refused.json == {"error": RATE_LIMITED, "retry_after": 1}
        assert "Retry-After" not in refused.headers
        assert (await rig.ask("/v1/models", key="team.secret")).status == 200
        assert (await rig.ask("/v1/chains")).status == 200
        await rig.clock.sleep(1)
        assert (await rig.ask("/v1/models")).status == 200


async def test_documented_management_limit_is_a_hundred_a_second(rig: Rig) -> None:
    replies = await asyncio.gather(*(rig.ask("/v1/users/me") for _ in range(101)))
    assert sorted(reply.status for reply in replies) == [200] * 100 + [429]


async def test_hidden_limit_of_the_metrics_query() -> None:
    async with running(switches=ApiSwitches(metrics_query_limit=2)) as rig:
        path = "/v1/models/modela/deployments/prod1/metrics"
        assert [(await rig.ask(path)).status for _ in range(3)] == [200, 200, 429]
        await rig.clock.sleep(20.5)
        assert (await rig.ask(path)).json["retry_after"] == 40
        await rig.clock.sleep(39.5)
        assert (await rig.ask(path)).status == 200


async def test_queue_status_limit_is_twenty_a_second(rig: Rig) -> None:
    replies = await asyncio.gather(*(rig.ask(QUEUE) for _ in range(21)))
    refused = [reply for reply in replies if reply.status == 429]
    assert len(refused) == 1
    assert refused[0].json == {"error": RATE_LIMITED, "error_code": "rate_limited"}


async def test_switching_is_limited_to_twenty_a_minute(rig: Rig) -> None:
    path = "/v1/models/modela/deployments/prod1"
    for action in ("activate", "deactivate"):
        statuses = [(await rig.ask(f"{path}/{action}", method="POST")).status for _ in range(21)]
        assert statuses == [200] * 20 + [429]


def test_sliding_window_holds_in_any_window() -> None:
    window = SlidingWindow(60)
    assert [window.admit(now, 2) for now in (0, 50)] == [None, None]
    assert window.admit(55, 2) == 5
    assert window.admit(60, 2) is None
    assert window.admit(61, 2) == 49


def test_fixed_window_refuses_everything_until_it_resets() -> None:
    window = FixedWindow(60)
    assert [window.admit(now, 2) for now in (0, 50)] == [None, None]
    assert window.admit(55, 2) == 5
    assert [window.admit(60, 2), window.admit(61, 2)] == [None, None]


def test_waits_are_whole_seconds_of_at_least_one() -> None:
    limits = RateLimits()
    assert limits.admit("a", 0.0, 1, lambda: FixedWindow(1)) is None
    assert limits.admit("a", 0.9, 1, lambda: FixedWindow(1)) == 1
    assert limits.admit("b", 0.9, 1, lambda: FixedWindow(60)) is None
    assert limits.admit("b", 1.0, 1, lambda: FixedWindow(60)) == 60
