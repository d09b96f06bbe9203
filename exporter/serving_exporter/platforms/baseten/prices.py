"""Instance types and their prices, joined to deployments and chainlets by exact name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from serving_exporter.clock import Clock
from serving_exporter.platforms.baseten.context import Context
from serving_exporter.platforms.baseten.endpoints import INSTANCE_TYPES, PRICES, Endpoint
from serving_exporter.platforms.baseten.pricebook import PriceBook
from serving_exporter.platforms.baseten.reading import decode_list
from serving_exporter.platforms.baseten.records import InstanceType, PricedInstanceType
from serving_exporter.platforms.baseten.samples import write_chain_prices, write_prices
from serving_exporter.platforms.contract import Malformed, Poll, SourceError, Throttled, Unavailable

__all__ = ["PricesSource"]

R = TypeVar("R")

_RETRY = 300.0  # seconds: where the interval is hours, one 503 should not cost hours


@dataclass(frozen=True, slots=True)
class _Kept(Generic[R]):
    """The last content of one list, and when it was read (monotonic seconds)."""

    items: Sequence[R] = ()
    read_at: float = 0.0

    def younger_than(self, max_age: float, clock: Clock) -> _Kept[R]:
        """Give itself, or nothing when it is too old."""
        return self if clock.monotonic() - self.read_at < max_age else _Kept()


class PricesSource:
    """``GET /v1/instance_types`` and ``/v1/instance_type_prices``. A key that may not see prices still gives the limits."""

    name = "prices"
    blind_without = "cost and the limits of memory, CPU and GPU: every panel and rule in dollars, memory pressure"

    def __init__(self, context: Context) -> None:
        self._context = context
        self._deployments = context.units("prices")
        self._chainlets = context.units("chainlet-prices")
        self._problems: dict[str, SourceError] = {}
        self._interval = context.workspace.sources.prices.interval
        self._max_age = context.workspace.sources.prices.oldest
        self._types: _Kept[InstanceType] = _Kept()
        self._priced: _Kept[PricedInstanceType] = _Kept()
        context.state.on_model_changed.append(self._render_model)
        context.state.on_chain_changed.append(self._render_chain)

    async def poll(self) -> Poll:
        """Read both lists; one that fails keeps its last content. Raises ``SourceError`` when neither can be read."""
        state, clock = self._context.state, self._context.clock
        self._problems = {}
        types = await self._read(INSTANCE_TYPES, InstanceType)
        priced = await self._read(PRICES, PricedInstanceType)
        if types is None and priced is None:
            raise next(iter(self._problems.values()))
        self._types = _Kept(types, clock.monotonic()) if types is not None else self._types.younger_than(self._max_age, clock)
        self._priced = _Kept(priced, clock.monotonic()) if priced is not None else self._priced.younger_than(self._max_age, clock)
        state.prices = PriceBook(self._types.items, self._priced.items)
        for model_id in state.models or ():
            self._render_model(model_id)
        for chain_id in state.chains:
            self._render_chain(chain_id)
        passing = any(isinstance(problem, Unavailable | Throttled) for problem in self._problems.values())
        return Poll(
            items=len(state.prices),
            data_timestamp=clock.wall(),
            problems=self._problems,
            next_in=min(_RETRY, self._interval) if passing else None,
        )

    def samples(self) -> int:
        """Count the limits and prices."""
        return self._deployments.samples + self._chainlets.samples

    def expire(self) -> None:
        """Forget all instance types."""
        self._context.state.prices = None
        self._types, self._priced = _Kept(), _Kept()
        self._deployments.clear()
        self._chainlets.clear()

    async def _read(self, endpoint: Endpoint, kind: type[R]) -> list[R] | None:
        try:
            listing = decode_list(await self._context.client.get(endpoint), "instance_types", kind)
        except SourceError as error:
            self._problems[endpoint.path] = error
            return None
        for name, reason in listing.broken.items():
            self._problems[f"{endpoint.path}: {name}"] = Malformed(reason)
        return listing.items

    def _render_model(self, model_id: str) -> None:
        record, book = (self._context.state.models or {}).get(model_id), self._context.state.prices
        if record is None or book is None:
            self._deployments.drop(model_id)
            return
        quotes = [(key, book.find(deployment.instance_type_name)) for key, deployment in record.deployments.items()]
        self._deployments.render(model_id, quotes, lambda page: write_prices(page, record, book))

    def _render_chain(self, chain_id: str) -> None:
        record, book = self._context.state.chains.get(chain_id), self._context.state.prices
        if record is None or book is None:
            self._chainlets.drop(chain_id)
            return
        quotes = [
            (deployment.id, chainlet.name, book.find(chainlet.instance_type_name))
            for deployment in record.deployments
            for chainlet in deployment.chainlets
        ]
        self._chainlets.render(chain_id, quotes, lambda page: write_chain_prices(page, record, book))
