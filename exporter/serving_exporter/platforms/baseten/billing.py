"""Billed usage by kind and UTC day."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterable

import msgspec

from serving_exporter.catalogue import USAGE_KINDS
from serving_exporter.platforms.baseten.answers import NotFound
from serving_exporter.platforms.baseten.context import Context
from serving_exporter.platforms.baseten.endpoints import USAGE
from serving_exporter.platforms.baseten.reading import decode, dollars
from serving_exporter.platforms.baseten.records import Number
from serving_exporter.platforms.baseten.samples import write_usage
from serving_exporter.platforms.contract import Malformed, NotOffered, Poll, SourceError

__all__ = ["BillingSource"]

_DAYS = 7
_EARLIEST = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
"""The API knows nothing earlier and refuses to be asked."""


class _Day(msgspec.Struct, frozen=True):
    date: dt.date
    subtotal: Number | str | None = None


class _Item(msgspec.Struct, frozen=True):
    daily: list[_Day] | None = None


class _Usage(msgspec.Struct, frozen=True):
    breakdown: list[msgspec.Raw] | None = None


class _Summary(msgspec.Struct, frozen=True):
    dedicated_usage: _Usage | None = None
    training_usage: _Usage | None = None
    model_apis_usage: _Usage | None = None


class BillingSource:
    """``GET /v1/billing/usage_summary`` over today and the seven days before it, all in UTC.

    A day's dollars are the sum of the daily subtotals of the breakdown. A kind without daily figures gives no sample: its total is of the
    whole window and belongs to no day. Nor does a day of which a part is null.
    """

    name = "billing"
    blind_without = "billed dollars by day; cost from list prices does not need it"

    def __init__(self, context: Context) -> None:
        self._context = context
        self._units = context.units("billing")

    async def poll(self) -> Poll:
        """Read the window anew. Raises ``SourceError``."""
        now = dt.datetime.fromtimestamp(self._context.clock.wall(), dt.UTC)
        start = max(_EARLIEST, now.replace(hour=0, minute=0, second=0, microsecond=0) - dt.timedelta(days=_DAYS))
        window = {"start_date": _spelled(start), "end_date": _spelled(max(now, start + dt.timedelta(seconds=1)))}
        try:
            summary = decode(await self._context.client.get(USAGE, params=window), _Summary)
        except NotFound as error:
            raise NotOffered(str(error)) from None
        kinds: dict[str, _Usage | None] = {kind: getattr(summary, f"{kind}_usage") for kind in USAGE_KINDS}
        problems: dict[str, SourceError] = {}
        usage: dict[tuple[str, str], float] = {}
        for kind, part in kinds.items():
            try:
                days = _by_day(part.breakdown or ()) if part is not None else {}
            except Malformed as error:
                problems[kind] = error
                continue
            usage.update({(kind, date): amount for date, amount in days.items()})
        self._units.render("", usage, lambda page: write_usage(page, usage))
        return Poll(items=len(usage), data_timestamp=now.timestamp(), problems=problems)

    def samples(self) -> int:
        """Count the days."""
        return self._units.samples

    def expire(self) -> None:
        """Forget all usage."""
        self._units.clear()


def _by_day(breakdown: Iterable[msgspec.Raw]) -> dict[str, float]:
    """Sum dollars by date. Raises ``Malformed`` when an entry cannot be read: a sum without it would be a wrong sum."""
    amounts: dict[str, list[float]] = defaultdict(list)
    unknown: set[str] = set()
    for element in breakdown:
        for day in decode(element, _Item).daily or ():
            amount = dollars(day.subtotal)
            if amount is None:
                unknown.add(day.date.isoformat())
            else:
                amounts[day.date.isoformat()].append(amount)
    return {date: math.fsum(parts) for date, parts in amounts.items() if date not in unknown}


def _spelled(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
