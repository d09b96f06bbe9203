"""What a platform offers to the rest of the exporter, and the words in which a poll ends.

A **source** turns one API into typed records and knows its budget. It neither schedules itself (``polling`` does), nor writes Prometheus
text (``exposition`` does), nor knows that a page exists: it hands its result to the platform's own state and reports how the poll went.

Errors of a poll::

    SourceError                 base: something about this source did not work
    ├── NotPermitted            401 or 403: the key is wrong, or may not do this
    ├── NotOffered              the platform or the plan has no such API (404 on a feature, not on an object)
    ├── Throttled               429; carries the platform's hint about when to come back
    ├── Unavailable             5xx, time-out, refused or reset connection, name not found
    └── Malformed               an answer that is not what the API promises: truncated, not JSON, HTML, wrong types
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["Malformed", "NotOffered", "NotPermitted", "Poll", "Source", "SourceError", "Throttled", "Unavailable"]


class SourceError(Exception):
    """A poll or one call of it failed. The text is for people and never holds a key."""

    outcome = "failure"


class NotPermitted(SourceError):
    """The key is unknown, or may not use this API (401, 403). Asked again rarely, and at once when the key file changes."""

    outcome = "not_permitted"


class NotOffered(SourceError):
    """The API does not exist here (404 or 403 of a beta API). Asked again rarely."""

    outcome = "not_offered"


class Throttled(SourceError):
    """429. ``retry_after`` is the platform's hint in seconds, None when it gave none."""

    outcome = "throttled"

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(SourceError):
    """No usable answer arrived: 5xx, time-out, connection refused or reset."""


class Malformed(SourceError):
    """An answer arrived and is not what the API promises."""


@dataclass(frozen=True, slots=True)
class Poll:
    """How a successful poll went.

    ``items`` is how many things were read. ``data_timestamp`` is the newest instant that the data describe, Unix seconds, None when the API
    does not say. ``problems`` are the parts (a model id, a deployment id) that failed while the source as a whole worked: their last
    records stay until they are too old, and nothing else is touched. ``next_in`` asks for a time to the next poll other than the interval.
    """

    items: int
    data_timestamp: float | None = None
    problems: Mapping[str, SourceError] = field(default_factory=dict)
    next_in: float | None = None


class Source(Protocol):
    """One API of a platform."""

    @property
    def name(self) -> str:
        """The source's name as in metrics and configuration: feed, inventory, queues, …"""

    @property
    def blind_without(self) -> str:
        """What an operator loses without it, for ``check`` and the status page: which rules and panels go blind."""

    async def poll(self) -> Poll | None:
        """Read once and store the records; None when nothing was due. Raises ``SourceError`` when the source as a whole failed."""

    def samples(self) -> int:
        """How many samples of this source are on the page."""

    def expire(self) -> None:
        """Forget every record: the source has not succeeded for its maximum age, and old values are worse than none."""
