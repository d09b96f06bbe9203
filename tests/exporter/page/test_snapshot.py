from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from serving_exporter import catalogue
from serving_exporter.clock import Clock
from serving_exporter.exposition import FamilyBlock
from serving_exporter.exposition.joining import FamilyShelf, Page, SelfMetrics
from serving_exporter.snapshot import PageStore, Snapshot


def block(name: str, series: str, family_type: str = "gauge", help_text: str = "Help.") -> FamilyBlock:
    lines = "".join(f"{name}{{{label}}} 1\n" for label in series.split()).encode()
    return FamilyBlock(name, family_type, help_text, lines, len(series.split()))


async def publish(store: PageStore, own: bytes = b"") -> Snapshot:
    return await store.publish(own, own)


async def test_the_first_page_is_empty_and_legal(openmetrics_samples: Callable[[bytes], object]) -> None:
    store = PageStore(["a"], Clock(epoch=1000.0))
    assert store.current.text == b""
    assert store.current.openmetrics == b"# EOF\n"
    assert gzip.decompress(store.current.openmetrics_gzip) == b"# EOF\n"
    assert (store.current.generation, store.current.samples, store.current.created) == (0, 0, 1000.0)
    assert store.page("a") is store.current
    assert store.page("b") is None
    assert openmetrics_samples(store.current.openmetrics) == {}


async def test_units_and_workspaces_are_merged_family_by_family() -> None:
    store = PageStore(["a", "b"], Clock(epoch=1000.0))
    store.put("a", "inventory/1", [block("x", 'a="1"'), block("y_total", 'a="1"', "counter")])
    store.put("b", "inventory/1", [block("y_total", 'a="3"', "counter"), block("x", 'a="3"')])
    store.put("a", "inventory/2", [block("x", 'a="2"')])
    await asyncio.sleep(5)
    page = await publish(store, b"# TYPE own gauge\nown 1\n")
    assert page.text.decode() == (
        '# HELP x Help.\n# TYPE x gauge\nx{a="1"} 1\nx{a="3"} 1\nx{a="2"} 1\n'
        '# HELP y_total Help.\n# TYPE y_total counter\ny_total{a="1"} 1\ny_total{a="3"} 1\n# TYPE own gauge\nown 1\n'
    )
    assert page.openmetrics.decode() == (
        '# HELP x Help.\n# TYPE x gauge\nx{a="1"} 1\nx{a="3"} 1\nx{a="2"} 1\n'
        '# HELP y Help.\n# TYPE y counter\ny_total{a="1"} 1\ny_total{a="3"} 1\n# TYPE own gauge\nown 1\n# EOF\n'
    )
    assert gzip.decompress(page.text_gzip) == page.text
    assert gzip.decompress(page.openmetrics_gzip) == page.openmetrics
    assert (page.samples, page.generation, page.created) == (5, 1, 1005.0)
    only_b = store.page("b")
    assert only_b is not None
    assert b'a="3"' in only_b.text
    assert b'a="1"' not in only_b.text
    assert b"own 1\n" in only_b.text
    assert only_b.samples == 2


async def test_a_replaced_or_dropped_unit_leaves_nothing_behind() -> None:
    store = PageStore(["a"], Clock())
    store.put("a", "inventory/1", [block("x", "a b"), block("gone", "a")])
    store.put("a", "feed", [block("z", "a")])
    await publish(store)
    store.put("a", "inventory/1", [block("x", "c")])
    assert (await publish(store)).text.decode() == "# HELP x Help.\n# TYPE x gauge\nx{c} 1\n# HELP z Help.\n# TYPE z gauge\nz{a} 1\n"
    assert store.units("a") == {"inventory/1", "feed"}
    assert (store.samples("a"), store.samples("a", "inventory/")) == (2, 1)
    store.drop("a", "inventory/1")
    store.drop("a", "inventory/1")
    assert (await publish(store)).text.decode() == "# HELP z Help.\n# TYPE z gauge\nz{a} 1\n"
    store.put("a", "feed", [])
    assert (await publish(store)).text == b""


async def test_dirty_is_set_by_changes_and_by_nothing_else() -> None:
    store = PageStore(["a"], Clock())
    store.put("a", "feed", [block("x", "a")])
    assert store.dirty.is_set()
    await publish(store)
    assert not store.dirty.is_set()
    store.put("a", "feed", [block("x", "a")])
    store.drop("a", "never/there")
    assert not store.dirty.is_set()
    store.drop("a", "feed")
    assert store.dirty.is_set()


async def test_a_change_during_publication_waits_for_the_next_one() -> None:
    store = PageStore(["a"], Clock())
    store.put("a", "feed", [block("x", "a")])
    publication = asyncio.create_task(publish(store))
    await asyncio.sleep(0)
    assert not store.dirty.is_set()
    store.put("a", "feed", [block("x", "b")])
    assert store.current.generation == 0
    assert b"x{a} 1" in (await publication).text
    assert store.dirty.is_set()
    assert b"x{b} 1" in (await publish(store)).text


async def test_a_cancelled_publication_is_owed() -> None:
    store = PageStore(["a"], Clock())
    store.put("a", "feed", [block("x", "a")])
    publication = asyncio.create_task(publish(store))
    await asyncio.sleep(0)
    publication.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publication
    assert store.dirty.is_set()
    assert b"x{a}" in (await publish(store)).text


async def test_workspaces_come_and_go() -> None:
    store = PageStore(["a"], Clock())
    store.put("a", "feed", [block("x", "a")])
    store.add_workspace("b")
    store.put("b", "feed", [block("x", "b")])
    await publish(store)
    store.add_workspace("c")
    assert store.page("c") is not None
    assert store.page("c").text == b""  # type: ignore[union-attr]
    store.put("b", "feed", [block("x", "b2")])
    await publish(store)
    assert store.page("b").text.endswith(b"x{b2} 1\n")  # type: ignore[union-attr]
    store.drop_workspace("a")
    store.drop_workspace("c")
    page = await publish(store)
    assert page.text.endswith(b"\nx{b2} 1\n")
    assert page.samples == 1
    assert store.page("a") is None
    assert store.page("b") is page
    assert store.workspaces == ("b",)
    with pytest.raises(KeyError):
        store.put("a", "feed", [block("x", "ghost")])


async def test_the_self_metrics_of_a_workspace_page_can_be_its_own() -> None:
    store = PageStore(["a", "b"], Clock())
    page = await store.publish(b"all 1\n", b"all 1\n", {"a": (b"only_a 1\n", b"only_a 1\n")})
    assert page.text == b"all 1\n"
    assert store.page("a").text == b"only_a 1\n"  # type: ignore[union-attr]
    assert store.page("b").openmetrics == b"all 1\n# EOF\n"  # type: ignore[union-attr]


async def test_readers_get_one_consistent_page_while_units_change() -> None:
    """Every page shows one state: the two families are always put with the same number of series."""
    store = PageStore(["a"], Clock())
    seen = []

    async def read() -> None:
        for _ in range(400):
            page = store.current
            assert page.text.count(b"x{") == page.text.count(b"y{")
            assert gzip.decompress(page.text_gzip) == page.text
            seen.append(page.generation)
            await asyncio.sleep(0.01)

    readers = [asyncio.create_task(read()) for _ in range(2)]
    for number in range(1, 30):
        series = " ".join(f"s{index}" for index in range(number))
        store.put("a", "feed", [block("x", series), block("y", series)])
        await publish(store)
        await asyncio.sleep(0.1)
    await asyncio.gather(*readers)
    assert len(set(seen)) > 10


# --- choosing families -------------------------------------------------------------------------------------------------------------------


def test_pages_start_with_the_catalogue_in_its_order(page_of: Callable[..., Page]) -> None:
    ours = [metric.name for metric in catalogue.platform_metrics()]
    page = page_of([block(name, "a") for name in ["native_b", *reversed(ours), "native_a"]])
    assert [family.name for family in page.families] == [*ours, "native_a", "native_b"]


def test_a_family_of_two_types_keeps_the_first(page_of: Callable[..., Page]) -> None:
    page = page_of([block("x", "a")], [block("x", "b c", "counter")], [block("x", "d")])
    assert page.text() == b"# HELP x Help.\n# TYPE x gauge\nx{a} 1\nx{d} 1\n"
    assert page.dropped == {"collision": 2}


def test_help_comes_from_whoever_has_one(page_of: Callable[..., Page]) -> None:
    page = page_of([block("x", "a", help_text="")], [block("x", "b", help_text="Second.")])
    assert page.text().startswith(b"# HELP x Second.\n")


def test_names_that_are_taken_are_left_out(page_of: Callable[..., Page], openmetrics_samples: Callable[[bytes], object]) -> None:
    registry = CollectorRegistry()
    Counter("process_things", "Own.", registry=registry).inc()
    Gauge("own", "Own.", registry=registry).set(1)
    own = SelfMetrics(generate_latest(registry), generate_openmetrics(registry))
    page = page_of(
        [
            block("own", "a"),
            block("process_things_total", 'a="1"', "counter"),
            block("process_things_created", 'a="1"'),
            block("fine", 'a="1"'),
        ],
        self_metrics=own,
    )
    assert [family.name for family in page.families] == ["fine"]
    assert page.dropped == {"collision": 3}
    openmetrics_samples(page.openmetrics())
    assert page.openmetrics().count(b"# EOF") == 1


def test_above_the_limit_whole_families_go_in_a_declared_order(page_of: Callable[..., Page]) -> None:
    blocks = [
        block("baseten_deployment_info", "a b"),
        block("baseten_usage_dollars", "a b"),
        block("native_gauge", "a b"),
        block("native_total", "a b", "counter"),
        block("native_seconds", "a b", "histogram"),
        block("native_summary", "a b", "summary"),
        block("native_other", "a b", "untyped"),
    ]
    order = [
        "native_seconds", "native_summary", "native_total", "native_other", "native_gauge",
        "baseten_usage_dollars", "baseten_deployment_info",
    ]  # fmt: skip
    for count in range(len(order) + 1):
        page = page_of(blocks, max_series=14 - 2 * count)
        assert {family.name for family in page.families} == set(order[count:])
        assert page.dropped == ({"limit": 2 * count} if count else {})
    assert page_of(blocks, max_series=13).samples == 12
    assert page_of(blocks).samples == 14


def test_families_that_did_not_change_are_not_joined_again() -> None:
    shelf = FamilyShelf()
    shelf.put(("w", "1"), (block("x", "a"), block("y", "a")))
    shelf.put(("w", "2"), (block("x", "b"), block("y", "b")))
    x_before, y_before = shelf.joined()
    shelf.put(("w", "2"), (block("x", "b"), block("y", "c")))
    x_after, y_after = shelf.joined()
    assert x_after is x_before
    assert y_after is not y_before
    assert y_after.block.lines == b"y{a} 1\ny{c} 1\n"
