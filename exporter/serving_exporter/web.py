"""The HTTP side: a scrape is one look at a reference and a write.

``/metrics`` never renders, never waits for a poll and never answers with anything but Prometheus text: whoever asks gets the page that was
published last. The rest are doors for people and for orchestration::

    GET  /metrics[?workspace=NAME]    the page, or the page of one workspace
    GET  /sd                          Prometheus HTTP service discovery: one target for each workspace
    GET  /                            the status page
    GET  /-/healthy                   200 while the pollers are alive, else 503
    GET  /-/ready                     200 when every source has had its first say, else 503
    POST /-/reload                    read the configuration again; 500 with the reason when it was refused
"""

from __future__ import annotations

import json
import time
from typing import Protocol

from aiohttp import web

from serving_exporter.negotiation import OPENMETRICS_TYPE, TEXT_TYPE, wants_gzip, wants_openmetrics
from serving_exporter.snapshot import Snapshot
from serving_exporter.status_page import Status, render

__all__ = ["Backend", "create_app"]

# A body above this goes out in slices: CPython 3.11's transport copies the unsent rest of one large write again and again, which
# costs 50 MB pages nine tenths of their speed.
_WHOLE = 4 * 1024 * 1024
_SLICE = 256 * 1024

_SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Backend(Protocol):
    """What the web side asks of the service. Everything but ``reload`` answers at once, from memory."""

    def page(self, workspace: str | None) -> Snapshot | None:
        """Give the page of one workspace, or of all for None; None for an unknown workspace."""

    def workspaces(self) -> list[str]:
        """Name the workspaces."""

    def healthy(self) -> tuple[bool, str]:
        """Whether every poller's loop turns, and a line that says so or names the stuck one."""

    def ready(self) -> tuple[bool, str]:
        """Whether every source has succeeded once or is declared unavailable, and a line about what is missing."""

    async def reload(self) -> tuple[bool, str]:
        """Read the configuration again; whether it was accepted, and what was wrong."""

    def status(self) -> Status:
        """Describe the state for the status page."""

    def now(self) -> float:
        """Unix time in seconds, as the ages on the status page are counted."""


_BACKEND: web.AppKey[Backend] = web.AppKey("backend")
