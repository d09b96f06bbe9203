"""Every way in which a call can end, and what each costs and says. The key is in no text of any of them."""

from __future__ import annotations

import asyncio
import os
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from serving_exporter.config import Hosts
from serving_exporter.platforms.baseten.answers import NotFound, error_text, retry_after
from serving_exporter.platforms.contract import Malformed, NotPermitted, SourceError, Throttled, Unavailable
from serving_exporter.secrets import KeySource, Secret

CHAINS = "/v1/chains"


def answer(status: int, body: Any = None, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: (
        web.json_response(body, status=status, headers=named) if body is not None else web.Response(status=status, headers=named)
    )


@pytest.mark.parametrize(
    ("given", "error", "text"),
    [
        (answer(401, {"error": "no", "error_code": "unauthorized"}), NotPermitted, "HTTP 401: no"),
        (answer(403, {"code": "PERMISSION_DENIED", "message": "Authorization error"}), NotPermitted, "HTTP 403: Authorization error"),
        (answer(400, {"code": "VALIDATION_ERROR", "message": "window too long"}), SourceError, "HTTP 400: window too long"),
        (answer(422, {"detail": [{"loc": ["query"], "msg": "bad"}]}), SourceError, 'HTTP 422: [{"loc":["query"],"msg":"bad"}]'),
        (answer(500, {"error": "<b>boom</b>"}), Unavailable, "HTTP 500: <b>boom</b>"),
        (answer(500), Unavailable, "HTTP 500"),
        (answer(502, None), Unavailable, "HTTP 502"),
        (answer(503, None, Retry_After="5"), Unavailable, "HTTP 503"),
        (answer(504, None), Unavailable, "HTTP 504"),
        (answer(408, None), Unavailable, "HTTP 408"),
        (answer(301, None, Location="http://elsewhere.example/"), Malformed, "redirect"),
        (lambda _: web.Response(text="<html>Sign in</html>", content_type="text/html"), Malformed, "HTML"),
        (lambda _: web.Response(text="<html>oops</html>", status=502, content_type="text/html"), Unavailable, "HTTP 502"),
        ('{"chains": [{"id": "a"', Malformed, "truncated"),
        ("not json", Malformed, "not what the API promises"),
        ("", Malformed, "empty"),
    ],
)
async def test_statuses_and_shapes(running: Any, baseten: Any, key: str, given: Any, error: type[SourceError], text: str) -> None:
    baseten.answers[CHAINS] = given
    rig = await running(baseten=baseten)
    with pytest.raises(error) as caught:
        await rig.poll("chains")
    assert type(caught.value) is error
    assert text in str(caught.value)
    assert key not in str(caught.value)
    assert baseten.count(CHAINS) == 1


async def test_a_404_of_a_feature_is_not_offered_and_never_a_deletion(running: Any) -> None:
    rig = await running()
    for name in ("chains", "billing", "events"):
        with pytest.raises(SourceError) as caught:
            await rig.poll(name)
        assert caught.value.outcome == "not_offered"


async def test_no_answer_in_time(running: Any, baseten: Any) -> None:
    async def hang(_: web.Request) -> web.Response:
        await asyncio.sleep(3600)
        return web.Response()

    baseten.answers[CHAINS] = hang
    rig = await running(baseten=baseten)
    with pytest.raises(Unavailable, match="no complete answer within 30 s"):
        await rig.poll("chains")
    assert rig.clock.monotonic() == pytest.approx(30, abs=1)
    assert await rig.requests_total() == {(CHAINS, "error"): 1}


async def test_a_slow_drip_is_no_answer_either(running: Any, baseten: Any) -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100):
            await response.write(b" ")
            await asyncio.sleep(5)
        return response

    baseten.answers[CHAINS] = drip
    rig = await running(baseten=baseten)
    with pytest.raises(Unavailable, match="no complete answer"):
        await rig.poll("chains")


async def test_a_connection_that_is_reset(running: Any, baseten: Any) -> None:
    def reset(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    baseten.answers[CHAINS] = reset
    rig = await running(baseten=baseten)
    with pytest.raises(Unavailable):
        await rig.poll("chains")


async def test_a_body_that_ends_early(running: Any, baseten: Any) -> None:
    async def truncated(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000", "Content-Type": "application/json"})
        await response.prepare(request)
        await response.write(b'{"chains": [')
        assert request.transport is not None
        request.transport.close()
        return response

    baseten.answers[CHAINS] = truncated
    rig = await running(baseten=baseten)
    with pytest.raises(Malformed, match="ended before it was complete"):
        await rig.poll("chains")


async def test_nobody_there(running: Any, baseten: Any) -> None:
    rig = await running(baseten=baseten, hosts=Hosts(api="http://127.0.0.1:9"))
    with pytest.raises(Unavailable, match="GET /v1/chains"):
        await rig.poll("chains")


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        (answer(429, {"error": "Rate limit exceeded. Please try again later.", "retry_after": 37}), 37),
        (answer(429, {"error": "slow down"}, Retry_After="41"), 41),
        (answer(429, {"error": "slow down", "retry_after": None}, Retry_After="41"), 41),
        (answer(429, None), None),
        (answer(429, {"retry_after": "soon"}), None),
        (answer(429, {"retry_after": -5}, Retry_After="nonsense"), None),
        (answer(429, {"retry_after": True}), None),
    ],
)
async def test_429_and_its_hint(running: Any, baseten: Any, given: Any, hint: float | None) -> None:
    baseten.answers[CHAINS] = given
    rig = await running(baseten=baseten)
    with pytest.raises(Throttled) as caught:
        await rig.poll("chains")
    assert caught.value.retry_after == hint
    tries = 1 if hint is not None else 3  # a pause of seconds is waited out, a longer one is the poller's
    assert await rig.requests_total() == {(CHAINS, "429"): tries}


async def test_a_short_429_is_waited_out_and_spends_the_same_budget(running: Any, baseten: Any) -> None:
    answers = [answer(429, {"error": "x", "retry_after": 9}), answer(200, {"chains": []})]
    baseten.answers[CHAINS] = lambda request: answers.pop(0)(request)
    rig = await running(baseten=baseten)
    poll = await rig.poll("chains")
    assert poll.items == 0
    assert baseten.times[1] - baseten.times[0] >= 9
    assert await rig.requests_total() == {(CHAINS, "429"): 1, (CHAINS, "200"): 1}


async def test_the_feed_is_not_asked_again_after_a_429(running: Any, baseten: Any) -> None:
    baseten.answers["/metrics"] = answer(429)
    rig = await running(baseten=baseten)
    with pytest.raises(Throttled):
        await rig.poll("feed")
    assert len(baseten.requests) == 1


def test_a_hint_may_be_a_date() -> None:
    assert retry_after({"Retry-After": formatdate(1_790_000_060, usegmt=True)}, b"", 1_790_000_000.0) == 60
    assert retry_after({"Retry-After": formatdate(1_790_000_000, usegmt=True)}, b"", 1_790_000_060.0) == 0


def test_the_body_is_believed_before_the_header() -> None:
    assert retry_after({"Retry-After": "5"}, b'{"retry_after": 37}', 0.0) == 37
    assert retry_after({"Retry-After": "5"}, b"[]", 0.0) == 5


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"message": "a", "error": "b", "detail": "c"}', "a"),
        (b'{"error": "b", "detail": "c"}', "b"),
        (b'{"detail": "c"}', "c"),
        (b'{"message": "", "error": "b"}', "b"),
        (b'{"code": "X"}', ""),
        (b"[1]", ""),
        (b"plain\r\n\x00 text", "plain text"),
        (b"<html>", ""),
        (b"\xff\xfe", "��"),
        (b"x" * 5000, "x" * 199 + "…"),
    ],
)
def test_error_texts(body: bytes, text: str) -> None:
    assert error_text(body) == text


async def test_a_platform_that_echoes_the_key_does_not_put_it_into_our_texts(running: Any, baseten: Any, key: str) -> None:
    baseten.answers[CHAINS] = lambda request: web.json_response({"message": f"bad: {request.headers['Authorization']}"}, status=403)
    rig = await running(baseten=baseten)
    with pytest.raises(NotPermitted) as caught:
        await rig.poll("chains")
    assert "bad: Bearer [secret]" in str(caught.value)
    assert key not in repr(caught.value)


@pytest.mark.parametrize("scheme", ["Bearer", "Api-Key"])
async def test_the_authorization_header(running: Any, baseten: Any, key: str, scheme: str) -> None:
    baseten.answers[CHAINS] = {"chains": []}
    rig = await running(baseten=baseten, auth_scheme=scheme)
    await rig.poll("chains")
    assert baseten.requests[0].headers["Authorization"] == f"{scheme} {key}"
    assert baseten.requests[0].headers["User-Agent"].startswith("serving-exporter/")


async def test_each_family_has_its_own_key_and_none_means_not_permitted(running: Any, baseten: Any) -> None:
    baseten.answers["/metrics"] = "up 1\n"
    rig = await running(baseten=baseten, keys={"feed": KeySource(secret=Secret("feed.key"))})
    await rig.poll("feed")
    assert baseten.requests[0].headers["Authorization"] == "Bearer feed.key"
    with pytest.raises(NotPermitted, match="no key for the management"):
        await rig.poll("inventory")
    assert len(baseten.requests) == 1


async def test_a_missing_key_file_is_named(running: Any, tmp_path: Path) -> None:
    rig = await running(keys={"management": KeySource(path=tmp_path / "absent")})
    with pytest.raises(NotPermitted, match="absent: No such file"):
        await rig.poll("chains")


async def test_a_refused_key_is_read_again_and_tried_once_more_when_it_changed(running: Any, baseten: Any, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("old.key\n")

    def check(request: web.Request) -> web.Response:
        fits = request.headers["Authorization"] == "Bearer new.key"
        return web.json_response({"chains": []} if fits else {"message": "Authorization error"}, status=200 if fits else 403)

    baseten.answers[CHAINS] = check
    rig = await running(baseten=baseten, keys={"management": KeySource(path=file)})
    with pytest.raises(NotPermitted):
        await rig.poll("chains")
    assert len(baseten.requests) == 1  # the file still holds the refused key: no second try
    await asyncio.to_thread(file.write_text, "new.key\n")
    await rig.poll("chains")
    assert [request.headers["Authorization"] for request in baseten.requests] == ["Bearer old.key", "Bearer new.key"]


async def test_a_refused_key_is_read_again_though_its_file_looks_unchanged(running: Any, baseten: Any, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("old.key")
    stamp = file.stat()

    def check(request: web.Request) -> web.Response:
        fits = request.headers["Authorization"] == "Bearer new.key"
        return web.json_response({"chains": []}, status=200 if fits else 401)

    def replace() -> None:
        file.write_text("new.key")
        os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))

    rig = await running(baseten=baseten, keys={"management": KeySource(path=file)})
    baseten.answers[CHAINS] = {"chains": []}
    await rig.poll("chains")
    baseten.answers[CHAINS] = check
    await asyncio.to_thread(replace)
    await rig.poll("chains")
    assert [request.headers["Authorization"][7:] for request in baseten.requests] == ["old.key", "old.key", "new.key"]


async def test_endpoints_are_counted_without_ids(running: Any, make: Any, baseten: Any) -> None:
    make.inventory(baseten, make.deployment())
    rig = await running(baseten=baseten)
    await rig.poll("inventory")
    assert await rig.requests_total() == {
        ("/v1/models", "200"): 1,
        ("/v1/models/{model_id}/deployments", "200"): 1,
        ("/v1/models/{model_id}/environments", "200"): 1,
    }


async def test_the_platforms_clock_is_compared_and_not_believed(running: Any, baseten: Any, epoch: float) -> None:
    baseten.answers[CHAINS] = answer(200, {"chains": []}, Date=formatdate(epoch + 300, usegmt=True))
    rig = await running(baseten=baseten)
    poll = await rig.poll("chains")
    assert "serving_exporter_clock_skew_seconds 300.0" in await rig.self_metrics()
    assert poll.data_timestamp == pytest.approx(epoch, abs=1)


async def test_ids_are_quoted_in_paths(running: Any, make: Any, baseten: Any) -> None:
    baseten.answers["/v1/models"] = {"models": [make.model("a/../b?x")]}
    rig = await running(baseten=baseten)
    with pytest.raises(NotFound):
        await rig.poll("inventory")
    assert baseten.requests[1].raw_path == "/v1/models/a%2F..%2Fb%3Fx/deployments"
