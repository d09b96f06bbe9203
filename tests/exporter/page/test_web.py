from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable, Sequence

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestClient, TestServer

from serving_exporter.clock import Clock
from serving_exporter.exposition import FamilyBlock
from serving_exporter.snapshot import PageStore, Snapshot
from serving_exporter.web import create_app
from serving_exporter.web.negotiation import OPENMETRICS_TYPE, TEXT_TYPE, wants_gzip, wants_openmetrics
from serving_exporter.web.status_page import Status

PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
PROTOBUF_FIRST = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7," + PROMETHEUS_3
PLAIN = {"Accept-Encoding": "identity"}
ENCODINGS = (
    (None, False),
    ("", False),
    ("gzip", True),
    ("x-gzip", True),
    ("gzip, deflate, br", True),
    ("GZIP;q=0.1", True),
    ("gzip;q=0", False),
    ("*", True),
    ("*;q=0, gzip", True),
    ("*, gzip;q=0", False),
    ("identity", False),
    ("gzip;q=0.5, identity;q=0.8", False),
    ("br, deflate", False),
)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


class Service:
    """A backend that answers from a store."""

    def __init__(self, store: PageStore) -> None:
        self.store = store
        self.good = True
        self.reloads = 0

    def page(self, workspace: str | None) -> Snapshot | None:
        return self.store.page(workspace)

    def workspaces(self) -> list[str]:
        return list(self.store.workspaces)

    def healthy(self) -> tuple[bool, str]:
        return self.good, "alive" if self.good else "source feed of workspace a is stuck"

    def ready(self) -> tuple[bool, str]:
        return self.good, "ready" if self.good else "waiting for inventory"

    async def reload(self) -> tuple[bool, str]:
        self.reloads += 1
        return self.good, "accepted" if self.good else "file.yaml: workspaces: found nothing"

    def status(self) -> Status:
        return Status("1.2.3")


@pytest.fixture
async def service() -> Service:
    store = PageStore(["a", "b & co"], Clock())
    store.put("a", "feed", [FamilyBlock("x_total", "counter", "Help.", b'x_total{workspace="a"} 1\n', 1)])
    store.put("b & co", "feed", [FamilyBlock("x_total", "counter", "Help.", b'x_total{workspace="b & co"} 1\n', 1)])
    await store.publish(b"", b"")
    return Service(store)


@pytest.fixture
async def client(service: Service) -> AsyncIterator[TestClient]:
    async with TestClient(TestServer(create_app(service, Clock())), auto_decompress=False) as client:
        yield client


@pytest.mark.parametrize(
    ("accept", "openmetrics"),
    [
        (None, False),
        ("", False),
        ("*/*", False),
        ("text/plain", False),
        (BROWSER, False),
        (PROMETHEUS_2, True),
        (PROMETHEUS_3, True),
        (PROTOBUF_FIRST, True),
        ("application/openmetrics-text", True),
        ("application/openmetrics-text; version=1.0.0; charset=utf-8", True),
        ('Application/OpenMetrics-Text;Version="1.0.0"', True),
        ("application/openmetrics-text;version=0.0.1", True),
        ("application/openmetrics-text;version=2.0.0", False),
        ("application/openmetrics-text;q=0", False),
        ("application/openmetrics-text;q=0.0,*/*", False),
        ("application/openmetrics-text;q=0.5,text/plain;q=0.6", False),
        ("application/openmetrics-text;q=0.6,text/plain;q=0.5", True),
        ("text/plain,application/openmetrics-text", True),
        ("text/plain;version=1.0.0;q=0.9,application/openmetrics-text;q=0.5", True),
        ("application/openmetrics-text;q=high", False),
        ("application/openmetrics-text;q=7", False),
        ("application/vnd.google.protobuf", False),
        ("application/json", False),
        (";;,,q=1", False),
    ],
)
async def test_the_accept_matrix(service: Service, client: TestClient, accept: str | None, openmetrics: bool) -> None:
    page = service.store.current
    for accept_encoding, zipped in ENCODINGS:
        given = {"Accept": accept, "Accept-Encoding": accept_encoding}
        headers = {name: value for name, value in given.items() if value is not None}
        response = await client.session.get(client.make_url("/metrics"), headers=headers, skip_auto_headers=given.keys() - headers.keys())
        raw = await response.read()
        assert response.status == 200
        assert response.headers["Content-Type"] == (OPENMETRICS_TYPE if openmetrics else TEXT_TYPE)
        assert response.headers["Vary"] == "Accept, Accept-Encoding"
        assert response.headers["Content-Length"] == str(len(raw))
        assert response.headers.get("Content-Encoding") == ("gzip" if zipped else None)
        assert (gzip.decompress(raw) if zipped else raw) == (page.openmetrics if openmetrics else page.text)
        assert wants_gzip(accept_encoding or "") is zipped
    assert wants_openmetrics(accept or "") is openmetrics


async def test_content_types_are_spelled_exactly() -> None:
    assert TEXT_TYPE == "text/plain; version=0.0.4; charset=utf-8"
    assert OPENMETRICS_TYPE == "application/openmetrics-text; version=1.0.0; charset=utf-8"


async def test_the_page_of_one_workspace(client: TestClient) -> None:
    response = await client.get("/metrics", params={"workspace": "b & co"}, headers=PLAIN)
    assert await response.text() == '# HELP x_total Help.\n# TYPE x_total counter\nx_total{workspace="b & co"} 1\n'
    response = await client.get("/metrics?workspace=", headers=PLAIN)
    assert (await response.text()).count("x_total{") == 2


async def test_an_unknown_workspace_is_not_found_and_told_the_known_ones(client: TestClient) -> None:
    response = await client.get("/metrics", params={"workspace": "<script>" + "x" * 500})
    assert response.status == 404
    assert response.content_type == "text/plain"
    text = await response.text()
    assert text.endswith("known: a, b & co\n")
    assert len(text) < 200


@pytest.mark.parametrize("path", ["/metrics", "/sd", "/", "/-/healthy", "/-/ready"])
async def test_head_tells_what_get_would_send(client: TestClient, path: str) -> None:
    get, head = await client.get(path), await client.head(path)
    assert head.status == get.status == 200
    assert await head.read() == b""
    for header in ("Content-Type", "Content-Length", "Vary", "Content-Encoding"):
        assert head.headers.get(header) == get.headers.get(header)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/metrics", "GET,HEAD"),
        ("DELETE", "/", "GET,HEAD"),
        ("PUT", "/sd", "GET,HEAD"),
        ("GET", "/-/reload", "POST"),
        ("HEAD", "/-/reload", "POST"),
    ],
)
async def test_other_methods_are_not_allowed(client: TestClient, method: str, path: str, allowed: str) -> None:
    response = await client.request(method, path)
    assert response.status == 405
    assert response.headers["Allow"] == allowed


@pytest.mark.parametrize("path", ["/nothing", "/metrics/", "/-/quit", "/..%2f..%2fetc/passwd"])
async def test_unknown_paths_are_text_that_names_the_pages(client: TestClient, path: str) -> None:
    response = await client.get(path)
    assert response.status == 404
    assert response.content_type == "text/plain"
    assert "/metrics" in await response.text()


async def test_service_discovery_has_one_target_for_each_workspace(client: TestClient) -> None:
    response = await client.get("/sd", headers={"Host": "exporter.example:9816"})
    assert response.content_type == "application/json"
    assert await response.json() == [
        {"targets": ["exporter.example:9816"], "labels": {"__metrics_path__": "/metrics", "__param_workspace": name, "workspace": name}}
        for name in ("a", "b & co")
    ]


async def test_health_readiness_and_reload(service: Service, client: TestClient) -> None:
    for path, text in (("/-/healthy", "alive\n"), ("/-/ready", "ready\n")):
        response = await client.get(path)
        assert (response.status, await response.text()) == (200, text)
    response = await client.post("/-/reload")
    assert (response.status, await response.text(), service.reloads) == (200, "accepted\n", 1)
    service.good = False
    for path, text in (("/-/healthy", "source feed of workspace a is stuck\n"), ("/-/ready", "waiting for inventory\n")):
        response = await client.get(path)
        assert (response.status, await response.text()) == (503, text)
    response = await client.post("/-/reload")
    assert (response.status, await response.text()) == (500, "file.yaml: workspaces: found nothing\n")


async def test_the_status_page_is_html_that_may_load_nothing(client: TestClient) -> None:
    response = await client.get("/")
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "1.2.3" in await response.text()


async def test_before_the_first_poll_there_is_a_page_of_self_metrics() -> None:
    store = PageStore(["a"], Clock())
    await store.publish(b"own 1\n", b"own 1\n")
    service = Service(store)
    service.good = False
    async with TestClient(TestServer(create_app(service, Clock()))) as client:
        response = await client.get("/metrics")
        assert (response.status, await response.text()) == (200, "own 1\n")
        assert (await client.get("/-/ready")).status == 503


def _large_block(letter: bytes, size: int) -> Sequence[FamilyBlock]:
    lines = b'x{n="%b"} 1\n' % (letter * 1_000)
    return [FamilyBlock("x", "gauge", "", lines * (size // len(lines)), size // len(lines))]


async def _open_page(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**16)
    writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    await writer.drain()
    return reader, writer


@pytest.mark.parametrize("size", [1_000_000, 9_000_000])
async def test_a_slow_client_blocks_nobody_and_gets_the_page_it_asked_for(size: int) -> None:
    """It keeps the page that was current when it asked, whole, while others get newer ones."""
    store = PageStore(["a"], Clock())
    store.put("a", "feed", _large_block(b"o", size))
    old = await store.publish(b"", b"")
    async with TestServer(create_app(Service(store), Clock())) as server, ClientSession() as session:
        reader, writer = await _open_page(server.port or 0)
        headers = await reader.readuntil(b"\r\n\r\n")
        assert f"Content-Length: {len(old.text)}\r\n".encode() in headers
        store.put("a", "feed", _large_block(b"n", size))
        new = await store.publish(b"", b"")
        for _ in range(3):
            async with session.get(server.make_url("/metrics"), headers=PLAIN) as response:
                assert await response.read() == new.text
            async with session.get(server.make_url("/-/healthy")) as response:
                assert response.status == 200
        received = bytearray()
        while chunk := await reader.read(2**16):
            received += chunk
        assert bytes(received) == old.text
        writer.close()
        await writer.wait_closed()


async def test_a_client_that_goes_away_disturbs_nobody() -> None:
    store = PageStore(["a"], Clock())
    store.put("a", "feed", _large_block(b"o", 9_000_000))
    page = await store.publish(b"", b"")
    async with TestServer(create_app(Service(store), Clock())) as server, ClientSession() as session:
        for _ in range(3):
            reader, writer = await _open_page(server.port or 0)
            await reader.readexactly(1_000)
            writer.transport.abort()
        async with session.get(server.make_url("/metrics"), headers=PLAIN) as response:
            assert await response.read() == page.text


async def test_scrapes_at_one_moment_get_one_page(
    service: Service, client: TestClient, openmetrics_samples: Callable[[bytes], object]
) -> None:
    async def scrape() -> bytes:
        response = await client.get("/metrics", headers={"Accept": PROMETHEUS_2, "Accept-Encoding": "identity"})
        return await response.read()

    pages = await asyncio.gather(*(scrape() for _ in range(20)))
    assert set(pages) == {service.store.current.openmetrics}
    assert len(openmetrics_samples(pages[0])) == 2  # type: ignore[arg-type]
