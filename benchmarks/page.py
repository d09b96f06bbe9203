"""How fast the page is made, passed through and served, as ratios to yardsticks of the same run.

    python benchmarks/page.py [render] [decode] [serve]

``render``: 100 000 samples in 2 500 units against an allocate-and-copy of the same bytes. ``decode``: an upstream page of 50 000 lines
against prometheus_client's parser. ``serve``: pages of 1, 10 and 50 MB against a thread that calls ``sendall``; the servers and their
client want two idle cores. Exit status 1 when a goal is missed.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
import sys
import time
from multiprocessing.connection import Connection

from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families
from yardsticks import best_times, feed_page, report

from serving_exporter import catalogue
from serving_exporter.clock import Clock
from serving_exporter.exposition import FamilyBlock, UnitBuilder
from serving_exporter.exposition.decoding import FeedDecoder
from serving_exporter.exposition.joining import FamilyShelf, Page, SelfMetrics
from serving_exporter.snapshot import PageStore, Snapshot
from serving_exporter.web import create_app
from serving_exporter.web.status_page import Status

# --- render ------------------------------------------------------------------------------------------------------------------------------

UNITS, DEPLOYMENTS = 2_500, 4
GAUGES = [metric for metric in catalogue.platform_metrics() if metric.labels == ("model_id", "deployment_id")][:10]


def unit(number: int, value: int) -> tuple[FamilyBlock, ...]:
    """Render one model with its deployments."""
    builder = UnitBuilder("default")
    for deployment in range(DEPLOYMENTS):
        labels = (f"model{number:05d}", f"deployment{number * DEPLOYMENTS + deployment:06d}")
        for gauge in GAUGES:
            builder.add(gauge, labels, value + deployment)
    return builder.build()


def bench_render() -> bool:
    """Time what a publication costs."""
    shelf = FamilyShelf()
    value = 0

    def put(count: int) -> None:
        nonlocal value
        value += 1
        for number in range(count):
            shelf.put(("default", f"inventory/{number}"), unit(number, value))

    def text() -> bytes:
        return Page.of(shelf, SelfMetrics(), None).text()

    def both() -> tuple[bytes, bytes]:
        page = Page.of(shelf, SelfMetrics(), None)
        return page.text(), page.openmetrics()

    put(UNITS)
    size = len(text())
    source = bytes(size)
    times = best_times(
        {
            "floor": lambda: bytearray(source),
            "all": lambda: (put(UNITS), text()),
            "some": lambda: (put(UNITS // 100), text()),
            "both": lambda: (put(UNITS // 100), both()),
        }
    )
    return report(
        f"render: {Page.of(shelf, SelfMetrics(), None).samples} samples, {size / 1e6:.1f} MB; yardstick copy {times['floor'] * 1e3:.2f} ms",
        {
            "all values new": (f"{times['all'] * 1e3:.1f} ms", times["all"] / times["floor"], 60),
            "1 % of the units new": (f"{times['some'] * 1e3:.2f} ms", times["some"] / times["floor"], 5),
            "1 % of the units new, both formats": (f"{times['both'] * 1e3:.2f} ms", times["both"] / times["floor"], 10),
        },
    )


# --- decode ------------------------------------------------------------------------------------------------------------------------------


def bench_decode() -> bool:
    """Time the pass-through."""
    pages = [feed_page(50_000, value) for value in (1, 2)]
    size = len(pages[0])
    known = FeedDecoder("default", keep=lambda _: True, watch={"upstream_metric_0"})
    known.decode(pages[0])
    turn = 0

    def again() -> None:
        nonlocal turn
        turn += 1
        known.decode(pages[turn % 2])

    small = feed_page(5_000).decode()
    times = best_times(
        {
            "client": lambda: list(text_string_to_metric_families(small)),
            "new": lambda: FeedDecoder("default", keep=lambda _: True, watch=()).decode(pages[0]),
            "known": again,
        },
        rounds=4,
    )
    client = len(small) / times["client"]
    new, known_again = size / times["new"], size / times["known"]
    return report(
        f"decode: {size / 1e6:.1f} MB; yardstick prometheus_client's text parser {client / 1e6:.1f} MB/s",
        {
            "every series new": (f"{new / 1e6:.0f} MB/s", new / client, -2.5),
            "every series known": (f"{known_again / 1e6:.0f} MB/s", known_again / client, -20),
        },
    )


# --- serve -------------------------------------------------------------------------------------------------------------------------------


class FixedPage:
    """A backend with one page for ever."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot

    def page(self, _: str | None) -> Snapshot:
        """Give the page."""
        return self.snapshot

    def workspaces(self) -> list[str]:
        """Name none."""
        return []

    def healthy(self) -> tuple[bool, str]:
        """Say yes."""
        return True, ""

    def ready(self) -> tuple[bool, str]:
        """Say yes."""
        return True, ""

    async def reload(self) -> tuple[bool, str]:
        """Do nothing."""
        return True, ""

    def status(self) -> Status:
        """Describe nothing."""
        return Status("")


def serve_with_aiohttp(size: int, pipe: Connection) -> None:
    """Serve a page as the exporter does, until told to end."""

    async def run() -> None:
        store = PageStore(["a"], Clock())
        lines = feed_page(size // 200)
        store.put("a", "feed", [FamilyBlock("x", "gauge", "", lines, lines.count(b"\n"))])
        snapshot = await store.publish(b"", b"")
        runner = web.AppRunner(create_app(FixedPage(snapshot), Clock()), access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        pipe.send(runner.addresses[0][1])
        await asyncio.to_thread(pipe.recv)
        await runner.cleanup()

    asyncio.run(run())


def serve_with_sendall(size: int, pipe: Connection) -> None:
    """Answer every request on one connection with one page."""
    body = feed_page(size // 200)
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with socket.create_server(("127.0.0.1", 0)) as server:
        pipe.send(server.getsockname()[1])
        connection, _ = server.accept()
        with connection:
            while connection.recv(65_536):
                connection.sendall(answer)


class Server:
    """One kind of server in a process of its own and a client connection to it."""

    def __init__(self, target: object, size: int) -> None:
        self.pipe, other = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=target, args=(size, other))  # type: ignore[arg-type]
        self.process.start()
        self.socket = socket.create_connection(("127.0.0.1", self.pipe.recv()))
        self.buffer = bytearray(1 << 20)

    def fetch(self) -> None:
        """Scrape once."""
        self.socket.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        got = self.socket.recv_into(self.buffer)
        while (end := self.buffer.find(b"\r\n\r\n", 0, got)) < 0:
            got += self.socket.recv_into(memoryview(self.buffer)[got:])
        header = bytes(self.buffer[:end]).lower()
        left = int(header.partition(b"content-length: ")[2].split(b"\r\n")[0]) - (got - end - 4)
        while left:
            left -= self.socket.recv_into(self.buffer)

    def close(self) -> None:
        """End the process."""
        self.socket.close()
        if self.process.is_alive():
            self.pipe.send("end")
        self.process.join(10)


def bench_serve() -> bool:
    """Time scrapes."""
    rows = {}
    for size, seconds in ((1_000_000, 1.0), (10_000_000, 1.5), (50_000_000, 2.0)):
        ours, plain = Server(serve_with_aiohttp, size), Server(serve_with_sendall, size)
        counts = {"ours": 0.0, "plain": 0.0}
        for _ in range(3):
            for name, server in (("plain", plain), ("ours", ours)):
                server.fetch()
                fetched, start = 0, time.perf_counter()
                while (spent := time.perf_counter() - start) < seconds / 3:
                    server.fetch()
                    fetched += 1
                counts[name] = max(counts[name], fetched / spent)
        ours.close()
        plain.close()
        rows[f"{size // 1_000_000} MB identity"] = (f"{counts['ours']:.0f} req/s", counts["ours"] / counts["plain"], -0.8)
    return report("serve: requests per second over those of a thread that calls sendall", rows)


if __name__ == "__main__":
    benches = {"render": bench_render, "decode": bench_decode, "serve": bench_serve}
    wanted = sys.argv[1:] or list(benches)
    sys.exit(0 if min([benches[name]() for name in wanted]) else 1)
