"""Baseten as a platform: its sources, built for one workspace, and what they know together."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp

from serving_exporter.budgets import BudgetRegistry
from serving_exporter.clock import Clock
from serving_exporter.config import WorkspaceConfig
from serving_exporter.platforms.baseten.billing import BillingSource
from serving_exporter.platforms.baseten.chains import ChainsSource
from serving_exporter.platforms.baseten.client import BasetenClient
from serving_exporter.platforms.baseten.context import Context
from serving_exporter.platforms.baseten.events import EventsSource
from serving_exporter.platforms.baseten.feed import FeedSource
from serving_exporter.platforms.baseten.inventory import InventorySource
from serving_exporter.platforms.baseten.prices import PricesSource
from serving_exporter.platforms.baseten.queues import QueuesSource
from serving_exporter.platforms.baseten.startups import StartupsSource
from serving_exporter.platforms.baseten.state import Key, WorkspaceState
from serving_exporter.platforms.baseten.units import Page
from serving_exporter.platforms.contract import Poll, Source
from serving_exporter.secrets import KeySource
from serving_exporter.telemetry import Telemetry

__all__ = ["BasetenPlatform", "DeploymentRow", "build"]


@dataclass(frozen=True, slots=True)
class DeploymentRow:
    """One deployment for people. A number is None where nobody knows it; ``link`` leads to the platform's own page."""

    model: str
    deployment: str
    environment: str
    status: str
    active: float | None
    starting: float | None
    desired: float | None
    min: float | None
    max: float | None
    in_flight: float | None
    queued: float | None
    link: str


class BasetenPlatform:
    """The sources of one workspace by name, in the order in which they make most sense: later ones use what earlier ones have read."""

    def __init__(self, context: Context) -> None:
        self._context = context
        inventory, queues, startups = InventorySource(context), QueuesSource(context), StartupsSource(context)
        self.sources: Mapping[str, Source] = {
            source.name: source
            for source in (
                FeedSource(context),
                inventory,
                queues,
                startups,
                EventsSource(context),
                PricesSource(context),
                ChainsSource(context),
                BillingSource(context),
            )
        }
        self._probes = {source.name: source.probe for source in (inventory, queues, startups)}

    async def probe(self, name: str) -> Poll | None:
        """Ask one source for as little as shows whether it works, for ``check``; in the order of ``sources``. Raises ``SourceError``."""
        probe = self._probes.get(name)
        return await (probe() if probe is not None else self.sources[name].poll())

    def family(self, name: str) -> str:
        """Name the group of endpoints, and with it the key and the budget, that a source uses: feed, management or inference."""
        return {"feed": "feed", "queues": "inference"}.get(name, "management")

    def deployments(self) -> Iterator[DeploymentRow]:
        """Describe every deployment of the inventory or, where that is not known, of the feed."""
        state = self._context.state
        if state.models is None:
            for key in sorted(state.feed or ()):
                yield self._row(key, key[0], key[1], "", "")
            return
        for key, record, deployment in state.deployments():
            name = record.model.name or key[0]
            yield self._row(key, name, deployment.name or key[1], deployment.environment or "", deployment.status or "")

    def _row(self, key: Key, model: str, name: str, environment: str, status: str) -> DeploymentRow:
        state = self._context.state
        reading, deployment, queue = state.reading(key), state.deployment(key), state.queues.get(key)
        settings = deployment.autoscaling_settings if deployment else None
        active = reading.active if reading else None
        if active is None and deployment is not None:
            active = deployment.active_replica_count
        queued = queue.num_queued_requests if queue else None
        if queued is None and reading is not None:
            queued = reading.queue_size
        model_id, deployment_id = (quote(part, safe="") for part in key)
        return DeploymentRow(
            model=model,
            deployment=name,
            environment=environment,
            status=status,
            active=active,
            starting=reading.starting if reading else None,
            desired=state.desired.get(key),
            min=settings.min_replica if settings else None,
            max=settings.max_replica if settings else None,
            in_flight=reading.in_flight if reading else None,
            queued=queued,
            link=f"{self._context.workspace.hosts.app}/models/{model_id}/logs/{deployment_id}",
        )


def build(
    workspace: WorkspaceConfig,
    *,
    session: aiohttp.ClientSession,
    keys: Mapping[str, KeySource],
    budgets: BudgetRegistry,
    telemetry: Telemetry,
    state_section: dict[str, Any],
    touch: Callable[[], None],
    page: Page,
    clock: Clock,
    log: logging.Logger,
    label: str | None,
    full_state_sets: bool = False,
    keeps_family: Callable[[str], bool] = lambda _: True,
) -> BasetenPlatform:
    """Build the platform of one workspace; nothing is asked of anybody before a source is polled.

    ``keys`` are by family (feed, management, inference); a source whose family has none is not permitted. ``state_section`` is this
    workspace's part of the state file and ``touch`` says that it changed. ``label`` is the value of the label ``workspace``, None for pages
    without it. ``keeps_family`` says whether a native family of the feed is wanted.
    """
    return BasetenPlatform(
        Context(
            workspace=workspace,
            client=BasetenClient(session, workspace, keys, budgets, telemetry, clock),
            state=WorkspaceState(),
            page=page,
            telemetry=telemetry,
            clock=clock,
            log=log,
            section=state_section,
            touch=touch,
            label=label,
            full_state_sets=full_state_sets,
            keeps_family=keeps_family,
        )
    )
