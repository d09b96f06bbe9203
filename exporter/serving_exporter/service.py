"""The running exporter: configuration, workspaces, publication and the web side, brought together.

One ``asyncio.TaskGroup`` at the top; every task has a name and ends when the service stops. Data flows one way: a poller lets its source
read, the source's records become units of the page, and the publisher turns units into the next snapshot.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable, Iterator

import aiohttp
from aiohttp import web

from serving_exporter import __version__
from serving_exporter.budgets import BudgetRegistry
from serving_exporter.clock import Clock
from serving_exporter.config import Config, ConfigError, WorkspaceConfig
from serving_exporter.logs import configure
from serving_exporter.platforms.baseten import platform
from serving_exporter.snapshot import PageStore, Snapshot
from serving_exporter.statefile import StateFile
from serving_exporter.telemetry import Telemetry
from serving_exporter.web import create_app
from serving_exporter.web.status_page import Status
from serving_exporter.workspace import RunningWorkspace, WorkspacePage

__all__ = ["Service", "client_session", "serve"]

_log = logging.getLogger(__name__)

_SELF_METRICS_SECONDS = 10.0  # the page is made anew this often even when no unit changed: self-metrics and ages move on
_GATHER_SECONDS = 0.25  # real seconds: polls that end together make one page
_DRAIN_SECONDS = 5.0  # real seconds that a scrape under way may take when the service stops

# What a workspace cannot take over while it runs: a change in one of these builds every platform anew.
_SHARED_SETTINGS = ("full_state_sets", "workspace_label", "proxy_url", "trust_env", "drop_families")


async def serve(config: Config, loader: Callable[[], Config]) -> None:
    """Run until SIGTERM or SIGINT; SIGHUP reads the configuration again. Raises ``OSError`` when the address cannot be listened on."""
    service = Service(config, loader, clock=Clock())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, service.stop)
    loop.add_signal_handler(signal.SIGHUP, service.request_reload)
    await service.run()


class Service:
    """The exporter of one process. ``loader`` reads the configuration again on a reload and raises ``ConfigError`` when it is refused."""

    def __init__(self, config: Config, loader: Callable[[], Config], *, clock: Clock) -> None:
        self._config = config
        self._loader = loader
        self._clock = clock
        self._telemetry = Telemetry()
        self._pages = PageStore([workspace.name for workspace in config.workspaces], clock, max_series=config.max_series)
        self._running: dict[str, RunningWorkspace] = {}
        self._refused = ""
        self._last_dropped: dict[str, int] = {}
        self._reloading = asyncio.Lock()
        self._reload_wanted = asyncio.Event()
        self._stopping = asyncio.Event()
        self._ready = asyncio.Event()

    # --- running ---------------------------------------------------------------------------------------------------------------------

    async def run(self, *, on_listening: Callable[[str], object] = lambda _: None) -> None:
        """Run until ``stop``; ``on_listening`` learns the base URL once scrapes are answered."""
        state = await asyncio.to_thread(StateFile.open, self._config.state_file)
        async with contextlib.AsyncExitStack() as stack:
            self._state = state
            self._budgets = BudgetRegistry(self._clock, state, self._telemetry)
            self._session = await stack.enter_async_context(client_session(self._config))
            self._telemetry.reload(True, self._clock.wall())
            for workspace in self._config.workspaces:
                self._build(workspace)
            await self._publish()
            url = await self._listen(stack)
            async with asyncio.TaskGroup() as group:
                self._group = group
                background = [
                    group.create_task(state.run(self._clock), name="state file"),
                    group.create_task(self._publish_for_ever(), name="publisher"),
                    group.create_task(self._reload_when_asked(), name="reload"),
                ]
                for running in self._running.values():
                    running.start(group)
                _log.info("serving %s/metrics", url)
                on_listening(url)
                await self._stopping.wait()
                _log.info("stopping")
                for running in self._running.values():
                    await running.stop()
                for task in background:
                    task.cancel()

    def stop(self) -> None:
        """End ``run``: scrapes under way are finished, the state file is written."""
        self._stopping.set()

    async def wait_ready(self) -> None:
        """Wait until every enabled source has succeeded once or been declared unavailable."""
        await self._ready.wait()

    def request_reload(self) -> None:
        """Ask for a reload from a signal handler."""
        self._reload_wanted.set()

    async def _listen(self, stack: contextlib.AsyncExitStack) -> str:
        address = self._config.listen_address
        runner = web.AppRunner(create_app(self, self._clock), access_log=None, shutdown_timeout=_DRAIN_SECONDS)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, address.host, address.port)
        await site.start()
        host, port = runner.addresses[0][:2]
        shown = "localhost" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host  # noqa: S104 - comparing, not binding
        return f"http://{shown}:{port}"

    def _build(self, workspace: WorkspaceConfig) -> RunningWorkspace:
        page = WorkspacePage(self._pages, workspace.name)
        built = platform.build(
            workspace,
            session=self._session,
            keys=workspace.key_sources(),
            budgets=self._budgets,
            telemetry=self._telemetry,
            state_section=self._state.section(f"workspace {workspace.name}"),
            touch=self._state.touch,
            page=page,
            clock=self._clock,
            log=logging.getLogger("serving_exporter.baseten"),
            label=workspace.name if self._config.workspace_label else None,
            full_state_sets=self._config.full_state_sets,
            keeps_family=self._config.keeps_family,
        )
        running = RunningWorkspace(workspace, built, page, clock=self._clock, telemetry=self._telemetry, on_change=self._pages.dirty.set)
        self._running[workspace.name] = running
        return running

    # --- publishing ------------------------------------------------------------------------------------------------------------------

    async def _publish_for_ever(self) -> None:
        while True:
            await self._clock.wait(self._pages.dirty, _SELF_METRICS_SECONDS)
            await self._publish()
            await self._clock.sleep(_GATHER_SECONDS * self._clock.speed)

    async def _publish(self) -> None:
        ready, _ = self.ready()
        names = list(self._pages.workspaces)
        of_all = await self._telemetry.render()
        by_workspace = {name: await self._telemetry.render(name) for name in names} if len(names) > 1 else None
        snapshot = await self._pages.publish(*of_all, by_workspace)
        self._telemetry.page(snapshot.samples, len(snapshot.text), snapshot.created)
        for reason, count in snapshot.dropped.items():
            # A page that leaves off the same samples as the last one has not lost any more.
            self._telemetry.dropped(reason, max(0, count - self._last_dropped.get(reason, 0)))
        self._last_dropped = dict(snapshot.dropped)
        if ready:
            self._ready.set()  # only now: who waits for it may look at the page at once

    # --- reloading -------------------------------------------------------------------------------------------------------------------

    async def _reload_when_asked(self) -> None:
        while True:
            await self._reload_wanted.wait()
            self._reload_wanted.clear()
            await self.reload()

    async def reload(self) -> tuple[bool, str]:
        """Read the configuration again; a refused one changes nothing. Returns whether it was accepted, and what happened."""
        async with self._reloading:
            try:
                config = await asyncio.to_thread(self._loader)
            except ConfigError as error:
                self._refused = str(error)
                self._telemetry.reload(False, self._clock.wall())
                self._pages.dirty.set()
                _log.error("configuration refused, the old one stays in force: %s", error)
                return False, f"refused, the old configuration stays in force:\n{error}"
            notes = await self._apply(config)
            self._refused = ""
            self._telemetry.reload(True, self._clock.wall())
            self._pages.dirty.set()
            message = "; ".join(["configuration read again", *notes])
            _log.info("%s", message)
            return True, message

    async def _apply(self, config: Config) -> list[str]:
        """Bring the workspaces in line with ``config``: untouched ones go on, changed ones start anew under their old data."""
        old, self._config = self._config, config
        configure(config.log.level, config.log.format)
        self._pages.max_series = config.max_series
        all_anew = any(getattr(old, name) != getattr(config, name) for name in _SHARED_SETTINGS)
        if (old.proxy_url, old.trust_env) != (config.proxy_url, config.trust_env):
            await self._session.close()
            self._session = client_session(config)
        wanted = {workspace.name: workspace for workspace in config.workspaces}
        for name in [name for name in self._running if name not in wanted]:
            await self._running.pop(name).stop()
            self._pages.drop_workspace(name)
            self._telemetry.remove_workspace(name)
        changed = []
        for name, workspace in wanted.items():
            running = self._running.get(name)
            if running is not None and running.config == workspace and not all_anew:
                running.wake()
                continue
            if running is not None:
                await running.stop()
                self._telemetry.remove_workspace(name)
            self._pages.add_workspace(name)
            self._build(workspace).start(self._group)
            changed.append(name)
        return list(_notes(old, config, changed))

    # --- what the web side asks ------------------------------------------------------------------------------------------------------

    def page(self, workspace: str | None) -> Snapshot | None:
        """Give the page of one workspace, or of all for None; None for an unknown workspace."""
        return self._pages.page(workspace)

    def workspaces(self) -> list[str]:
        """Name the workspaces."""
        return list(self._pages.workspaces)

    def healthy(self) -> tuple[bool, str]:
        """Whether every poller's loop turns."""
        stuck = [name for running in self._running.values() for name in running.stuck]
        return not stuck, f"stuck: {', '.join(stuck)}" if stuck else "healthy: every poller turns"

    def ready(self) -> tuple[bool, str]:
        """Whether every enabled source has succeeded once or has been declared unavailable."""
        if len(self._running) < len(self._config.workspaces):
            return False, "starting"
        missing = [name for running in self._running.values() for name in running.waiting_for]
        return not missing, f"waiting for: {', '.join(missing)}" if missing else "ready"

    def status(self) -> Status:
        """Describe everything for the status page."""
        notice = f"The last reload was refused; the old configuration is in force. {self._refused}" if self._refused else ""
        return Status(
            version=__version__,
            workspaces=[running.status() for running in self._running.values()],
            deployments=[row for running in self._running.values() for row in running.deployments()],
            page_samples=self._pages.current.samples,
            notice=notice,
        )


def client_session(config: Config) -> aiohttp.ClientSession:
    """Make the HTTP client session for all platforms, with the proxy of the configuration."""
    # Each model has a host name of its own: bound the connections, and let DNS answers age so that the cache cannot only grow.
    connector = aiohttp.TCPConnector(limit=32, ttl_dns_cache=60)
    proxy = None if config.proxy_url is None else config.proxy_url.reveal()
    return aiohttp.ClientSession(connector=connector, trust_env=config.trust_env, proxy=proxy, cookie_jar=aiohttp.DummyCookieJar())


def _notes(old: Config, new: Config, changed: list[str]) -> Iterator[str]:
    if changed:
        yield f"started anew: {', '.join(changed)}"
    if old.listen_address != new.listen_address:
        yield "listen_address takes effect after a restart"
    if old.state_file != new.state_file:
        yield "state_file takes effect after a restart"
