"""The latest records of one workspace: what the sources know together.

Every source writes its own part and reads the others'. None means "not known", an empty mapping "known, and there are none". Everything
here has passed the workspace's include and exclude filters.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from serving_exporter.derive import AutoscalerSettings
from serving_exporter.platforms.baseten.pricebook import PriceBook
from serving_exporter.platforms.baseten.records import AsyncQueue, AutoscalingSettings, Chain, Chainlet, Deployment, Environment, Model

__all__ = [
    "ChainDeploymentRecord",
    "ChainRecord",
    "FeedReading",
    "Key",
    "ModelRecord",
    "WorkspaceState",
    "autoscaler_settings",
]

Key = tuple[str, str]
"""(model_id, deployment_id)"""


@dataclass(frozen=True, slots=True)
class FeedReading:
    """What the feed says of one deployment. None where it has no such series."""

    in_flight: float | None = None
    active: float | None = None
    starting: float | None = None
    queue_size: float | None = None
    average_tokens: float | None = None
    async_requests: float | None = None

    @property
    def uses_async(self) -> bool:
        """Whether async requests were seen: the queue's series exists only for deployments that are used so."""
        return self.queue_size is not None or bool(self.async_requests)


@dataclass(slots=True)
class ModelRecord:
    """One model with what was last read of it, by id and by name."""

    model: Model
    deployments: dict[str, Deployment] = field(default_factory=dict)
    environments: dict[str, Environment] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChainDeploymentRecord:
    """One deployment of a chain with its chainlets."""

    id: str
    environment: str
    chainlets: tuple[Chainlet, ...]


@dataclass(frozen=True, slots=True)
class ChainRecord:
    """One chain with its deployments."""

    chain: Chain
    deployments: tuple[ChainDeploymentRecord, ...] = ()


@dataclass(slots=True)
class WorkspaceState:
    """See the module.

    ``attention`` holds the models that somebody saw change: the inventory reads them next and empties it. ``feed_read`` and
    ``inventory_read`` are set while those sources have something; a source that must know what there is waits for them at the start.
    ``inventory_complete`` says that every model has been read: only then is a deployment that is not there gone.
    """

    feed: Mapping[Key, FeedReading] | None = None
    models: dict[str, ModelRecord] | None = None
    queues: dict[Key, AsyncQueue] = field(default_factory=dict)
    desired: Mapping[Key, int] = field(default_factory=dict)
    prices: PriceBook | None = None
    chains: dict[str, ChainRecord] = field(default_factory=dict)
    attention: set[str] = field(default_factory=set)
    feed_read: asyncio.Event = field(default_factory=asyncio.Event)
    inventory_read: asyncio.Event = field(default_factory=asyncio.Event)
    inventory_complete: bool = False
    on_model_changed: list[Callable[[str], None]] = field(default_factory=list)
    on_chain_changed: list[Callable[[str], None]] = field(default_factory=list)

    def deployments(self) -> Iterator[tuple[Key, ModelRecord, Deployment]]:
        """Every deployment of the inventory."""
        for model_id, record in (self.models or {}).items():
            for deployment in record.deployments.values():
                yield (model_id, deployment.id), record, deployment

    def known_deployments(self) -> set[Key] | None:
        """Every deployment of the inventory or, where that is not known, of the feed; None when neither is."""
        if self.inventory_read.is_set():
            return {key for key, _, _ in self.deployments()}
        return None if self.feed is None else set(self.feed)

    def deployment(self, key: Key) -> Deployment | None:
        """Give one deployment of the inventory."""
        record = (self.models or {}).get(key[0])
        return None if record is None else record.deployments.get(key[1])

    def reading(self, key: Key) -> FeedReading | None:
        """Give what the feed says of one deployment."""
        return (self.feed or {}).get(key)

    def model_changed(self, model_id: str) -> None:
        """Tell whoever joins on a model that its records are others now, or gone."""
        for listener in self.on_model_changed:
            listener(model_id)

    def chain_changed(self, chain_id: str) -> None:
        """Tell whoever joins on a chain that its records are others now, or gone."""
        for listener in self.on_chain_changed:
            listener(chain_id)


def autoscaler_settings(settings: AutoscalingSettings) -> AutoscalerSettings:
    """Convert the API's settings to the formula's units."""
    percentage = settings.target_utilization_percentage
    return AutoscalerSettings(
        min_replicas=settings.min_replica,
        max_replicas=settings.max_replica,
        concurrency_target=settings.concurrency_target,
        target_utilization=None if percentage is None else percentage / 100,
        window=settings.autoscaling_window,
        target_in_flight_tokens=settings.target_in_flight_tokens,
    )
