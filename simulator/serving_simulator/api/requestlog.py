"""Every request that reached the emulator: the proof of what a client sent. It never holds a key, only the key's public prefix."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["RequestLog", "RequestRecord"]


@dataclass(slots=True)
class RequestRecord:
    """One request. ``time`` is the simulated Unix time of its arrival; ``status`` is 0 while (or because) no answer was given."""

    number: int
    time: float
    method: str
    host_kind: str
    endpoint: str
    path: str
    query: str
    key_prefix: str | None
    status: int = 0
    fault: str | None = None


class RequestLog:
    """A bounded ring of records, with totals that go on for ever."""

    WINDOW = 60.0
    FEED = "/metrics"

    def __init__(self, capacity: int = 50_000) -> None:
        self._records: deque[RequestRecord] = deque(maxlen=capacity)
        self.clear()

    def clear(self) -> None:
        """Forget records, totals and maxima."""
        self._records.clear()
        self._number = 0
        self._totals: Counter[str] = Counter()
        self._recent_feed: deque[float] = deque()
        self._feed_maximum = 0

    def __iter__(self) -> Iterator[RequestRecord]:
        return iter(self._records)

    @property
    def total(self) -> int:
        """How many requests have arrived, those that the ring has forgotten included."""
        return self._number

    @property
    def feed_maximum(self) -> int:
        """The most feed requests that any window of 60 simulated seconds has seen, refused ones included."""
        return self._feed_maximum

    def arrived(
        self, *, time: float, method: str, host_kind: str, endpoint: str, path: str, query: str, key_prefix: str | None
    ) -> RequestRecord:
        """Note a request; the caller fills in status and fault when it has answered."""
        self._number += 1
        record = RequestRecord(self._number, time, method, host_kind, endpoint, path, query, key_prefix)
        self._records.append(record)
        self._totals[f"{method} {endpoint}"] += 1
        if endpoint == self.FEED:
            self._note_feed(time)
        return record

    def _note_feed(self, time: float) -> None:
        while self._recent_feed and self._recent_feed[0] <= time - self.WINDOW:
            self._recent_feed.popleft()
        self._recent_feed.append(time)
        self._feed_maximum = max(self._feed_maximum, len(self._recent_feed))

    def report(self, *, endpoint: str | None = None, since: float | None = None) -> dict[str, Any]:
        """Return what the admin page shows: totals of everything, and the records that match the filters, oldest first."""
        records = [
            asdict(record)
            for record in self._records
            if (endpoint is None or record.endpoint == endpoint) and (since is None or record.time >= since)
        ]
        return {
            "total": self._number,
            "kept": len(self._records),
            "by_endpoint": dict(self._totals),
            "feed": {"window_seconds": self.WINDOW, "max_in_any_window": self._feed_maximum},
            "requests": records,
        }
