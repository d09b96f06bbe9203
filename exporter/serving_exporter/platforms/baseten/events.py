"""The audit log: what people and the platform did, counted, and the quickest way to learn that a model has changed.

Entries hold e-mail addresses of people. They are never read, let alone exported.
"""

from __future__ import annotations

import math
from typing import Any

from serving_exporter import catalogue
from serving_exporter.exposition import UnitBuilder
from serving_exporter.platforms.baseten.answers import NotFound
from serving_exporter.platforms.baseten.context import Context
from serving_exporter.platforms.baseten.endpoints import AUDIT_LOGS
from serving_exporter.platforms.baseten.reading import decode_page, parse_time, word
from serving_exporter.platforms.baseten.records import AuditEvent
from serving_exporter.platforms.contract import Malformed, NotOffered, Poll, SourceError

__all__ = ["EventsSource"]

_PAGE = 200
_MOST_PAGES = 50  # in one poll; a longer backlog continues in the next
_NEXT_TURN = 1.0
_OVERLAP_MILLIS = 60_000  # entries that were written in another order than they happened
_LONGEST_MEMORY_MILLIS = 30 * 86_400_000
_MOST_COUNTERS = 5000

Labels = tuple[str, str, str]


class EventsSource:
    """``GET /v1/audit_logs`` from the last entry on, oldest first.

    Counting begins when the exporter first runs; with a state file it continues over restarts, and what happened meanwhile is counted then.
    Each entry counts once, by its id.
    """

    name = "events"
    blind_without = "who changed what and when: annotations of deployments, promotions and settings"

    def __init__(self, context: Context) -> None:
        self._context = context
        self._units = context.units("events")
        memory = context.remembered("events")
        self._memory = memory
        self._last_millis: int = _whole(memory.get("last_millis"), int(context.clock.wall() * 1000))
        self._first_millis: int = _whole(memory.get("first_millis"), self._last_millis)
        self._seen: dict[str, int] = _numbers(memory.get("seen"))
        self._counts: dict[Labels, list[int]] = _counters(memory.get("counts"))

    async def poll(self) -> Poll:
        """Read on. Raises ``SourceError``; the pages before the one that failed are counted already."""
        start = max(self._first_millis, self._last_millis - _OVERLAP_MILLIS)
        params: dict[str, str | int] = {"start_epoch_millis": start, "direction": "ASC", "limit": _PAGE}
        problems: dict[str, SourceError] = {}
        items = 0
        more = True
        try:
            for _ in range(_MOST_PAGES):
                listing, cursor = decode_page(await self._context.client.get(AUDIT_LOGS, params=params), AuditEvent)
                problems.update({name: Malformed(reason) for name, reason in listing.broken.items()})
                items += sum(self._take(event) for event in listing.items)
                if cursor is None:
                    more = False
                    break
                params = {**params, "cursor": cursor}
        except NotFound as error:
            raise NotOffered(str(error)) from None
        finally:
            self._remember()
            self._units.render("", {labels: count for labels, (count, _) in self._counts.items()}, self._write)
        return Poll(
            items=items,
            data_timestamp=self._context.clock.wall() if not more else self._last_millis / 1000,
            problems=problems,
            next_in=_NEXT_TURN if more else None,
        )

    def samples(self) -> int:
        """Count the counters on the page."""
        return self._units.samples

    def expire(self) -> None:
        """Take the counters off the page. What they have counted is kept: counting goes on where it stopped."""
        self._units.clear()

    def _take(self, event: AuditEvent) -> bool:
        """Count an entry unless it was counted, or is none of ours; True when it was new."""
        created = parse_time(event.created)
        millis = self._last_millis if created is None else math.floor(created * 1000)
        if event.id in self._seen or millis < self._first_millis:
            return False
        self._seen[event.id] = millis
        # An entry from the future (a broken clock) must not hide all that come before its time.
        self._last_millis = max(self._last_millis, min(millis, int(self._context.clock.wall() * 1000) + _OVERLAP_MILLIS))
        data = event.event_data
        model_id = (data.model_id if data else None) or ""
        name = (data.model_name if data else None) or ""
        if data is not None and model_id:
            if not self._context.workspace.wants_model(model_id, name):
                return False
            self._context.state.attention.add(model_id)
        entry = self._counts.setdefault((word(event.event_type), model_id, (data.deployment_id if data else None) or ""), [0, millis])
        entry[0] += 1
        entry[1] = max(entry[1], millis)
        return True

    def _remember(self) -> None:
        """Write down where reading stopped. Memory is bounded: old counters go, and ids that no further page can hold."""
        horizon = self._last_millis - 2 * _OVERLAP_MILLIS
        self._seen = {name: millis for name, millis in self._seen.items() if millis >= horizon}
        oldest = int(self._context.clock.wall() * 1000) - _LONGEST_MEMORY_MILLIS
        newest_first = sorted(self._counts.items(), key=lambda entry: entry[1][1], reverse=True)[:_MOST_COUNTERS]
        self._counts = {labels: entry for labels, entry in newest_first if entry[1] >= oldest}
        self._memory.update(
            first_millis=self._first_millis,
            last_millis=self._last_millis,
            seen=self._seen,
            counts=[[*labels, *entry] for labels, entry in self._counts.items()],
        )
        self._context.touch()

    def _write(self, page: UnitBuilder) -> None:
        for labels, (count, _) in sorted(self._counts.items()):
            page.add(catalogue.AUDIT_EVENTS_TOTAL, labels, count)


def _whole(stored: Any, default: int) -> int:
    return stored if isinstance(stored, int) and stored > 0 else default


def _numbers(stored: Any) -> dict[str, int]:
    return {name: number for name, number in stored.items() if isinstance(number, int)} if isinstance(stored, dict) else {}


def _counters(stored: Any) -> dict[Labels, list[int]]:
    found: dict[Labels, list[int]] = {}
    for entry in stored if isinstance(stored, list) else ():
        match entry:
            case [str(event_type), str(model_id), str(deployment_id), int(count), int(millis)]:
                found[event_type, model_id, deployment_id] = [count, millis]
    return found
