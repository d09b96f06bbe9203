"""The service as a whole: readiness, reload without a hole, workspaces apart, a stop that loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from serving_exporter.clock import Clock
from serving_exporter.config import Config, load
from serving_exporter.service import Service
from serving_simulator.clock import SimClock
from serving_simulator.emulator import Emulator

from .conftest import DEMO, EPOCH, KEY, Page, environment, running

FILE = """
listen_address: 127.0.0.1:0
state_file: null
workspaces:
  - name: {name}
    api_key: {key}
    hosts: {{app: {url}, api: {url}, model: "{url}/model-{{model_id}}"}}
    sources: {{inventory: {{interval: {interval}}}}}
    exclude: {{models: [{excluded}]}}
"""


async def test_before_the_first_poll_there_is_a_page_and_the_service_is_not_ready() -> None:
    """An exporter whose platform never answers still answers."""
    async with running() as pair:
        pair.service.stop()
        await pair.admin("POST", "faults", {"kind": "timeout"})
        config = load(None, environment(pair.emulator.url))
        service = Service(config, lambda: config, clock=pair.clock)
        url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(service.run(on_listening=url.set_result))
        base = await url
        async with pair.http.get(f"{base}/metrics") as answer:
            assert answer.status == 200
            page = Page(await answer.text())
        assert page.value("serving_exporter_source_up", source="feed") == 0
        assert not page.find("baseten_replicas_active")
        async with pair.http.get(f"{base}/-/ready") as answer:
            assert answer.status == 503
            assert "default/feed" in await answer.text()
        async with pair.http.get(f"{base}/-/healthy") as answer:
            assert answer.status == 200
        service.stop()
        await task


async def test_ready_comes_when_every_source_has_had_its_say_and_unavailable_ones_do_not_hold_it_up() -> None:
    async with running() as pair:
        await pair.admin("POST", "faults", {"kind": "forbidden", "endpoint": "*/startups*"})
        async with asyncio.timeout(600):
            await pair.service.wait_ready()
        async with pair.http.get(f"{pair.url}/-/ready") as answer:
            assert (answer.status, await answer.text()) == (200, "ready\n")


async def test_a_key_that_may_only_export_metrics_shows_the_feed_and_declares_the_rest_unavailable() -> None:
    def configure(url: str) -> Config:
        return load(None, environment(url, BASETEN_API_KEY="demo.metrics"))

    async with running(configure=configure) as pair:
        async with asyncio.timeout(600):
            await pair.service.wait_ready()
        page = await pair.scrape()
        assert page.find("baseten_replicas_active")
        assert not page.find("baseten_deployment_max_replicas")
        supported = {dict(key)["source"]: value for key, value in page.find("serving_exporter_source_supported").items()}
        assert supported["feed"] == 1
        assert {supported[name] for name in ("inventory", "events", "prices", "chains", "startups")} == {0}


class _Reloadable:
    """A service on a configuration file that tests rewrite."""

    def __init__(self, path: Path, url: str, clock: Clock) -> None:
        self.path, self.url, self.clock = path, url, clock

    def config(self) -> Config:
        return load(self.path, {})

    def write(self, *, name: str = "main", interval: str = "30s", excluded: str = "") -> None:
        self.path.write_text(FILE.format(name=name, key=KEY, url=self.url, interval=interval, excluded=excluded))


@pytest.fixture
def config_path(tmp_path: Path) -> Path:
    return tmp_path / "serving-exporter.yaml"


async def _with_reloadable(path: Path, scenario: Callable[[_Reloadable, str, aiohttp.ClientSession], object]) -> None:
    origin = asyncio.get_running_loop().time()
    clock = Clock(epoch=EPOCH, origin=origin)
    async with Emulator(DEMO, clock=SimClock(epoch=EPOCH, origin=origin), seed=1) as emulator, aiohttp.ClientSession() as http:
        reloadable = _Reloadable(path, emulator.url, clock)
        await asyncio.to_thread(reloadable.write)
        service = Service(await asyncio.to_thread(reloadable.config), reloadable.config, clock=clock)
        url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(service.run(on_listening=url.set_result))
        base = await url
        await service.wait_ready()
        await clock.sleep(20)
        try:
            await scenario(reloadable, base, http)  # type: ignore[misc]
        finally:
            service.stop()
            await task


async def _page(http: aiohttp.ClientSession, base: str) -> Page:
    async with http.get(f"{base}/metrics") as answer:
        return Page(await answer.text())


async def test_an_invalid_reload_is_refused_and_the_old_configuration_stays_in_force(config_path: Path) -> None:
    async def scenario(reloadable: _Reloadable, base: str, http: aiohttp.ClientSession) -> None:
        await asyncio.to_thread(reloadable.write, interval="soon")
        async with http.post(f"{base}/-/reload") as answer:
            assert answer.status == 500
            assert "workspaces[0].sources.inventory.interval" in await answer.text()
        await reloadable.clock.sleep(15)
        page = await _page(http, base)
        assert page.value("serving_exporter_config_last_reload_successful") == 0
        assert page.find("baseten_deployment_max_replicas", workspace="main")
        async with http.get(f"{base}/") as answer:
            assert "refused" in await answer.text()
        await asyncio.to_thread(reloadable.write)
        async with http.post(f"{base}/-/reload") as answer:
            assert answer.status == 200
        await reloadable.clock.sleep(15)
        assert (await _page(http, base)).value("serving_exporter_config_last_reload_successful") == 1

    await _with_reloadable(config_path, scenario)


async def test_a_changed_interval_leaves_no_hole_and_a_renamed_workspace_leaves_no_ghost(config_path: Path) -> None:
    async def scenario(reloadable: _Reloadable, base: str, http: aiohttp.ClientSession) -> None:
        before = await _page(http, base)
        series = before.find("baseten_deployment_max_replicas").keys()
        assert series
        await asyncio.to_thread(reloadable.write, interval="45s")
        async with http.post(f"{base}/-/reload") as answer:
            assert answer.status == 200
        for _ in range(60):
            page = await _page(http, base)
            assert page.find("baseten_deployment_max_replicas").keys() == series
            assert page.find("baseten_replicas_active")
            await reloadable.clock.sleep(1)
        await asyncio.to_thread(reloadable.write, name="other", interval="45s")
        async with http.post(f"{base}/-/reload") as answer:
            assert answer.status == 200
        await reloadable.clock.sleep(60)
        page = await _page(http, base)
        assert 'workspace="main"' not in page.text
        assert page.label_values("baseten_deployment_max_replicas", "workspace") == {"other"}

    await _with_reloadable(config_path, scenario)


async def test_a_model_excluded_by_a_reload_leaves_the_page_and_the_others_stay(config_path: Path) -> None:
    async def scenario(reloadable: _Reloadable, base: str, http: aiohttp.ClientSession) -> None:
        before = (await _page(http, base)).label_values("baseten_deployment_info", "model_name")
        assert {"translate", "image-gen"} <= before
        await asyncio.to_thread(reloadable.write, excluded="translate")
        async with http.post(f"{base}/-/reload") as answer:
            assert answer.status == 200
        await reloadable.clock.sleep(60)
        page = await _page(http, base)
        assert page.label_values("baseten_deployment_info", "model_name") == before - {"translate"}
        assert 'model_name="translate"' not in page.text

    await _with_reloadable(config_path, scenario)


async def test_counters_and_since_when_a_status_holds_survive_a_restart(tmp_path: Path) -> None:
    state_file = tmp_path / "state.json"

    def configure(url: str) -> Config:
        return load(None, environment(url, SERVING_EXPORTER_STATE_FILE=str(state_file)))

    async with running(configure=configure) as pair:
        await pair.service.wait_ready()
        await pair.clock.sleep(1200)
        before = await pair.scrape()
        pair.service.stop()
        await pair.clock.sleep(60)
        config = configure(pair.emulator.url)
        service = Service(config, lambda: config, clock=pair.clock)
        url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(service.run(on_listening=url.set_result))
        pair.url = await url
        await service.wait_ready()
        await pair.clock.sleep(60)
        after = await pair.scrape()
        service.stop()
        await task
    starts = before.find("baseten_replica_startups_total", outcome="SUCCESS")
    assert sum(starts.values()) > 0
    for key, value in starts.items():
        assert after.find("baseten_replica_startups_total")[key] >= value
    since, still = (page.find("baseten_deployment_status_since_timestamp_seconds") for page in (before, after))
    unchanged = before.find("baseten_deployment_status").keys() & after.find("baseten_deployment_status").keys()
    same = {(dict(key)["model_id"], dict(key)["deployment_id"]) for key in unchanged}
    compared = [
        (since[key], still[key]) for key in since.keys() & still.keys() if (dict(key)["model_id"], dict(key)["deployment_id"]) in same
    ]
    assert len(compared) >= 5
    assert sum(1 for old, new in compared if old == new) >= len(compared) - 2, "all but those that changed and came back meanwhile"


async def test_a_scrape_of_one_workspace_and_service_discovery() -> None:
    async with running() as pair:
        await pair.service.wait_ready()
        async with pair.http.get(f"{pair.url}/sd") as answer:
            targets = await answer.json()
        assert [target["labels"]["__param_workspace"] for target in targets] == ["default"]
        page = await pair.scrape(workspace="default")
        assert page.find("baseten_replicas_active", workspace="default")
        async with pair.http.get(f"{pair.url}/metrics", params={"workspace": "other"}) as answer:
            assert answer.status == 404
            assert "default" in await answer.text()
