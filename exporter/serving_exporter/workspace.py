"""One workspace at work: its platform, a poller for each enabled source, and its share of the page."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

from serving_exporter.clock import Clock
from serving_exporter.config import WorkspaceConfig
from serving_exporter.exposition import FamilyBlock
from serving_exporter.platforms.baseten.platform import BasetenPlatform
from serving_exporter.polling import Poller
from serving_exporter.snapshot import PageStore
from serving_exporter.telemetry import Telemetry
from serving_exporter.web.status_page import DeploymentStatus, SourceStatus, WorkspaceStatus

__all__ = ["RunningWorkspace", "WorkspacePage"]


class WorkspacePage:
    """A workspace's share of the page, as its platform sees it.

    After a reload that built the platform anew, the units of the old one stay until the new sources have had their first say: a change of
    one interval must not tear a hole into every graph. ``settle`` then drops what nobody has put again.
    """

    def __init__(self, store: PageStore, workspace: str) -> None:
        self._store = store
        self._workspace = workspace
        self._inherited = store.units(workspace)

    def put(self, unit: str, families: Sequence[FamilyBlock]) -> None:
        """Replace a unit."""
        self._inherited.discard(unit)
        self._store.put(self._workspace, unit, families)

    def drop(self, unit: str) -> None:
        """Remove a unit; one that is not there is no error."""
        self._inherited.discard(unit)
        self._store.drop(self._workspace, unit)

    def settle(self) -> None:
        """Drop the inherited units that have not been replaced."""
        while self._inherited:
            self._store.drop(self._workspace, self._inherited.pop())


class RunningWorkspace:
    """The pollers of one workspace as tasks of ``group``; ``stop`` ends them and leaves the page as it is."""

    def __init__(
        self,
        config: WorkspaceConfig,
        platform: BasetenPlatform,
        page: WorkspacePage,
        *,
        clock: Clock,
        telemetry: Telemetry,
        on_change: Callable[[], None],
    ) -> None:
        self.config = config
        self.platform = platform
        self._page = page
        self._on_change = on_change
        self._tasks: list[asyncio.Task[None]] = []
        settings = config.sources.named()
        self._off = {name: source for name, source in platform.sources.items() if not settings[name].enabled}
        self.pollers: Mapping[str, Poller] = {
            name: Poller(
                source,
                workspace=config.name,
                interval=settings[name].interval,
                max_age=settings[name].oldest,
                clock=clock,
                telemetry=telemetry,
                on_change=self._changed,
                rng=random.Random(),  # noqa: S311 - jitter
            )
            for name, source in platform.sources.items()
            if settings[name].enabled
        }

    def start(self, group: asyncio.TaskGroup) -> None:
        """Start polling."""
        for name, poller in self.pollers.items():
            self._tasks.append(group.create_task(poller.run(), name=f"poller {self.config.name}/{name}"))

    async def stop(self) -> None:
        """Stop polling; returns when no poll is under way any more."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._tasks.clear()

    def wake(self) -> None:
        """Try the sources that are not permitted or failing again, now."""
        for poller in self.pollers.values():
            if not poller.state.up:
                poller.wake()

    @property
    def waiting_for(self) -> list[str]:
        """Sources that have neither succeeded once nor been declared unavailable."""
        return [f"{self.config.name}/{name}" for name, poller in self.pollers.items() if not poller.state.settled]

    @property
    def stuck(self) -> list[str]:
        """Pollers whose loop has not turned in time."""
        return [f"{self.config.name}/{name}" for name, poller in self.pollers.items() if not poller.state.alive]

    def status(self) -> WorkspaceStatus:
        """Describe the sources for the status page."""
        states = {name: poller.state for name, poller in self.pollers.items()}
        on = [
            SourceStatus(
                name=name,
                state=state.condition,
                interval=state.interval,
                last_success=state.last_success,
                last_error=state.last_error or "; ".join(f"{part}: {text}" for part, text in list(state.problems.items())[:3]),
                samples=state.samples,
                blind_without=state.blind_without,
            )
            for name, state in states.items()
        ]
        off = [SourceStatus(name=name, state="off", blind_without=source.blind_without) for name, source in self._off.items()]
        return WorkspaceStatus(self.config.name, on + off)

    def deployments(self) -> list[DeploymentStatus]:
        """Describe the deployments for the status page."""
        return [DeploymentStatus(workspace=self.config.name, **asdict(row)) for row in self.platform.deployments()]

    def _changed(self) -> None:
        if not self.waiting_for:
            self._page.settle()
        self._on_change()
