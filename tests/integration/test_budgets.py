"""The emulator counts what arrives: the feed budget of an organization holds, whatever scrapes, retries or restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from serving_exporter.config import Config, load

from .conftest import KEY, environment, running

TWO_WORKSPACES = """
workspaces:
  - name: blue
    api_key: {key}
    hosts: &hosts
      app: {url}
      api: {url}
      model: {url}/model-{{model_id}}
  - name: green
    api_key: {key}
    hosts: *hosts
"""


def _windows(times: list[float], seconds: float = 60.0) -> int:
    """Return the most requests in any window of that length, counted independently of the emulator."""
    return max((sum(1 for other in times if start <= other < start + seconds) for start in times), default=0)


@pytest.mark.parametrize("scrape_every", [0.5, 7.0])
async def test_ten_minutes_of_two_workspaces_on_one_key_spend_at_most_four_feed_requests_a_minute(
    write_config: Callable[[str], Path], scrape_every: float
) -> None:
    def configure(url: str) -> Config:
        path = write_config(TWO_WORKSPACES.format(url=url, key=KEY))
        return load(path, {"SERVING_EXPORTER_LISTEN_ADDRESS": "127.0.0.1:0", "SERVING_EXPORTER_STATE_FILE": ""})

    async with running(configure=configure) as pair:
        scrapes = 0
        while pair.clock.monotonic() < 600:
            page = await pair.scrape()
            scrapes += 1
            await pair.clock.sleep(scrape_every)
        requests = await pair.admin("GET", "requests?endpoint=/metrics")
        times = [request["time"] for request in requests["requests"]]
        assert scrapes >= 600 / scrape_every * 0.9
        assert requests["feed"]["max_in_any_window"] <= 4
        assert _windows(times) <= 4
        assert all(request["status"] == 200 for request in requests["requests"])
        # The budget is used, not merely respected: both workspaces are as fresh as it allows.
        assert len(times) >= 30
        for workspace in ("blue", "green"):
            assert page.value("serving_exporter_source_up", workspace=workspace, source="feed") == 1
            assert page.find("baseten_replicas_active", workspace=workspace)


async def test_two_exporters_with_half_of_the_budget_each_stay_fresh_and_within_it(write_config: Callable[[str], Path]) -> None:
    """Two for availability, as docs/scale.md shows: neither knows of the other, and a fault makes both retry."""
    text = TWO_WORKSPACES.partition("  - name: green")[0].replace("name: blue", "name: blue\n    feed_requests_per_minute: 2")

    def configure(url: str) -> Config:
        path = write_config(text.format(url=url, key=KEY))
        return load(path, {"SERVING_EXPORTER_LISTEN_ADDRESS": "127.0.0.1:0", "SERVING_EXPORTER_STATE_FILE": ""})

    async with running(configure=configure) as pair:
        task = pair.start_another(await asyncio.to_thread(configure, pair.emulator.url))
        await pair.clock.sleep(300)
        await pair.admin("POST", "faults", {"kind": "server_error", "endpoint": "feed", "for_seconds": 120})
        await pair.clock.sleep(300)
        requests = await pair.admin("GET", "requests?endpoint=/metrics")
        times = [request["time"] for request in requests["requests"]]
        assert _windows(times) <= 4
        assert _windows(times) > 2, "both ask"
        assert len([time for time in times if time < times[0] + 300]) >= 16, "each about twice a minute"
        assert (await pair.scrape()).value("serving_exporter_source_up", workspace="blue", source="feed") == 1
        task.cancel()
        await asyncio.wait([task])


async def test_a_failing_feed_is_retried_within_the_same_budget() -> None:
    async with running() as pair:
        await pair.admin("POST", "faults", {"kind": "server_error", "endpoint": "feed"})
        while pair.clock.monotonic() < 600:
            await pair.clock.sleep(10)
        requests = await pair.admin("GET", "requests?endpoint=/metrics")
        times = [request["time"] for request in requests["requests"]]
        assert _windows(times) <= 4
        assert len(times) >= 9, "it keeps trying"


async def test_dropped_connections_make_no_request_that_was_not_paid_for() -> None:
    """aiohttp repeats a GET by itself when a kept connection drops; the server would count what no budget has seen."""
    async with running() as pair:
        await pair.service.wait_ready()
        await pair.admin("POST", "faults", {"kind": "reset", "endpoint": "/v1/*", "for_seconds": 60})
        await pair.clock.sleep(300)
        page = await pair.scrape()
        arrived = (await pair.admin("GET", "requests"))["by_endpoint"]
        sent = {dict(key)["endpoint"]: 0.0 for key in page.series("serving_exporter_api_requests_total")}
        for key, value in page.series("serving_exporter_api_requests_total").items():
            sent[dict(key)["endpoint"]] += value
        assert page.find("serving_exporter_api_requests_total", code="error")
        for endpoint in ("/v1/models", "/v1/audit_logs", "/v1/chains", "/metrics"):
            assert arrived[f"GET {endpoint}"] - sent[endpoint] in (0, 1), f"{endpoint}: at most the one on its way"


async def test_a_restart_loop_cannot_spend_the_budget_again(tmp_path: Path) -> None:
    """Ten exporters one after the other, each killed after six seconds, as a crash loop would: they share one state file."""
    state_file = tmp_path / "state.json"
    async with running() as pair:
        pair.service.stop()
        await asyncio.sleep(1)
        pair.emulator.requests.clear()
        await pair.clock.sleep(120)
        for _ in range(10):
            config = load(None, environment(pair.emulator.url, SERVING_EXPORTER_STATE_FILE=str(state_file)))
            task = pair.start_another(config)
            await pair.clock.sleep(6)
            task.cancel()
            await asyncio.wait([task])
        times = [request.time for request in pair.emulator.requests if request.endpoint == "/metrics"]
        assert len(times) >= 1
        assert _windows(times) <= 4
        assert "demo.emulator" not in state_file.read_text()
