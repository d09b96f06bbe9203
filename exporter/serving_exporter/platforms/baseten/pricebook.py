"""Which instance type a deployment runs on, and what it costs. Deployments carry only a name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from serving_exporter.platforms.baseten.reading import dollars
from serving_exporter.platforms.baseten.records import InstanceType, PricedInstanceType

__all__ = ["PriceBook", "Quote"]

_MINUTES_PER_HOUR = 60


@dataclass(frozen=True, slots=True)
class Quote:
    """An instance type; ``dollars_per_hour`` is None where its price is not known."""

    instance_type: InstanceType
    dollars_per_hour: float | None


class PriceBook:
    """All instance types with their prices, found by exact name, then by exact id.

    Prefixes are not matched (``H100`` is not ``H100:2``), and a name that two types share matches neither: no cost is better than a guess.
    """

    def __init__(self, types: Iterable[InstanceType], priced: Iterable[PricedInstanceType]) -> None:
        by_id: dict[str, Quote] = {kind.id: Quote(kind, None) for kind in types}
        for entry in priced:
            price = dollars(entry.price)
            kind = by_id[entry.instance_type.id].instance_type if entry.instance_type.id in by_id else entry.instance_type
            by_id[kind.id] = Quote(kind, None if price is None or price < 0 else price * _MINUTES_PER_HOUR)
        self._by_id = by_id
        self._by_name: dict[str, Quote | None] = {}
        for quote in by_id.values():
            name = quote.instance_type.name
            if name:
                self._by_name[name] = None if name in self._by_name else quote

    def __len__(self) -> int:
        return len(self._by_id)

    def find(self, name: str | None) -> Quote | None:
        """Give the type of that name; None when there is no such type, or more than one."""
        if not name:
            return None
        return self._by_name[name] if name in self._by_name else self._by_id.get(name)
