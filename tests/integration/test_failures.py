"""One source fails in every documented way; the others stay on the page, fresh, and nothing is invented."""

from __future__ import annotations

import pytest

from .conftest import Page, Pair, running

SOURCES = ("feed", "inventory", "queues", "startups", "events", "prices", "chains")
# One series of each source that is there as long as the source's records are.
WITNESS = {
    "feed": "baseten_concurrent_requests",
    "inventory": "baseten_deployment_max_replicas",
    "queues": "baseten_async_requests_queued",
    "startups": "baseten_replica_startups_total",
    "prices": "baseten_deployment_replica_price_dollars_per_hour",
    "chains": "baseten_chainlet_max_replicas",
}
# The start-ups endpoint lies below /v1/models too; and which deployment has which instance type, only the inventory knows.
TAKES_ALONG = {"inventory": ("startups", "prices")}
ENDPOINT = {
    "feed": "feed",
    "inventory": "/v1/models*",
    "queues": "queues",
    "startups": "*/startups*",
    "events": "*/audit_logs",
    "prices": "/v1/instance_type*",
    "chains": "/v1/chains*",
}
FAULTS = [
    {"kind": "server_error"},
    {"kind": "unavailable"},
    {"kind": "unauthorized"},
    {"kind": "forbidden"},
    {"kind": "throttle"},
    {"kind": "throttle", "parameters": {"hint": "body", "seconds": 37}},
    {"kind": "throttle", "parameters": {"hint": "header", "seconds": 37}},
    {"kind": "throttle", "parameters": {"hint": "date", "seconds": 37}},
    {"kind": "html"},
    {"kind": "timeout"},
    {"kind": "reset"},
    {"kind": "truncate"},
    {"kind": "truncate", "parameters": {"framing": "exact"}},
]


async def _ready(pair: Pair) -> Page:
    return await pair.until(lambda page: all(page.value("serving_exporter_source_up", source=name) == 1 for name in SOURCES), within=300)


def _up(page: Page, source: str) -> float:
    return page.value("serving_exporter_source_up", source=source)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: "-".join([fault["kind"], *map(str, fault.get("parameters", {}).values())]))
async def test_a_feed_that_fails_in_any_way_leaves_the_rest_fresh_and_comes_back(fault: dict[str, object]) -> None:
    async with running() as pair:
        before = await _ready(pair)
        added = await pair.admin("POST", "faults", {"endpoint": "feed", **fault})
        failing = await pair.until(lambda page: _up(page, "feed") == 0, within=120)
        # Its last values stay until they are too old.
        assert failing.ids(WITNESS["feed"]) == before.ids(WITNESS["feed"])
        await pair.clock.sleep(120)
        later = await pair.scrape()
        for source in ("inventory", "queues", "events", "chains"):
            assert _up(later, source) == 1
            age = pair.clock.wall() - later.value("serving_exporter_source_last_success_timestamp_seconds", source=source)
            assert age < 90, source
        for source in ("inventory", "queues", "prices", "chains"):
            assert later.ids(WITNESS[source]) == before.ids(WITNESS[source])
        assert "NaN" not in later.text
        await pair.admin("DELETE", f"faults/{added['id']}")
        await pair.until(lambda page: _up(page, "feed") == 1, within=700)


@pytest.mark.parametrize("source", ["feed", "inventory", "queues", "chains"])
async def test_a_source_that_is_dead_past_its_maximum_age_leaves_the_page_and_nothing_else_does(source: str) -> None:
    async with running() as pair:
        before = await _ready(pair)
        await pair.admin("POST", "faults", {"kind": "unavailable", "endpoint": ENDPOINT[source]})
        gone = await pair.until(lambda page: not page.find(WITNESS[source]), within=1500, every=20)
        assert _up(gone, source) == 0
        assert gone.value("serving_exporter_source_samples", source=source) == 0
        for other in set(WITNESS) - {source, *TAKES_ALONG.get(source, ())}:
            # By ids: the feed's own labels change with a promotion of the demo.
            for label in ("deployment_id", "chain_deployment_id"):
                assert gone.ids(WITNESS[other], label) == before.ids(WITNESS[other], label), other
            assert _up(gone, other) == 1, other


async def test_a_refused_key_is_not_a_failure_of_the_others_and_is_said_once() -> None:
    async with running() as pair:
        await pair.admin("POST", "faults", {"kind": "forbidden", "endpoint": "*/startups*"})
        page = await pair.until(lambda page: page.value("serving_exporter_source_supported", source="startups") == 0, within=200)
        assert not page.find("baseten_replica_startups_total")
        await pair.until(lambda page: _up(page, "inventory") == 1, within=120)
        asked = [request for request in pair.emulator.requests if request.endpoint.endswith("/startups")]
        await pair.clock.sleep(1200)
        again = [request for request in pair.emulator.requests if request.endpoint.endswith("/startups")]
        assert len(again) == len(asked), "an API that is not offered is asked again rarely"


async def test_invalid_lines_of_the_feed_are_dropped_and_counted_and_the_rest_survives() -> None:
    async with running() as pair:
        before = await _ready(pair)
        await pair.admin("POST", "faults", {"kind": "invalid_line"})
        page = await pair.until(lambda page: page.value("serving_exporter_series_dropped_total", reason="invalid") >= 3, within=120)
        assert _up(page, "feed") == 1
        assert page.ids(WITNESS["feed"]) == before.ids(WITNESS["feed"])
        assert not page.find("baseten_broken")


async def test_fields_and_values_added_later_are_normal_and_fields_of_august_may_be_missing() -> None:
    async with running() as pair:
        await pair.admin("POST", "faults", {"kind": "missing_fields", "endpoint": "/v1/*"})
        await pair.admin("POST", "faults", {"kind": "unknown_values", "endpoint": "/v1/models/{model_id}/deployments"})
        page = await pair.until(lambda page: _up(page, "inventory") == 1, within=120)
        assert page.label_values("baseten_deployment_status", "status") >= {"ADDED_LATER"}
        assert page.label_values("baseten_deployment_info", "region") == {""}
        assert page.label_values("baseten_deployment_info", "backpressure") == {""}


async def test_a_deployment_deleted_mid_poll_takes_nothing_else_down() -> None:
    async with running() as pair:
        before = await _ready(pair)
        models = sorted(before.label_values("baseten_deployment_info", "model_id"))
        await pair.admin("POST", "faults", {"kind": "vanish", "model": models[0]})
        await pair.clock.sleep(400)
        page = await pair.scrape()
        assert {key for key in page.find(WITNESS["inventory"]) if dict(key)["model_id"] != models[0]} == {
            key for key in before.find(WITNESS["inventory"]) if dict(key)["model_id"] != models[0]
        }
