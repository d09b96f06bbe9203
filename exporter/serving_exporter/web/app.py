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
from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Handler

from serving_exporter.clock import Clock
from serving_exporter.snapshot import Snapshot
from serving_exporter.web.negotiation import OPENMETRICS_TYPE, TEXT_TYPE, wants_gzip, wants_openmetrics
from serving_exporter.web.status_page import Status, render

__all__ = ["Backend", "create_app"]

# A body above this goes out in slices: CPython 3.11's transport copies the unsent rest of one large write again and again, which
# costs 50 MB pages nine tenths of their speed.
_WHOLE = 4 * 1024 * 1024
_SLICE = 256 * 1024

# Everything on the page is escaped; these hold should that ever fail.
_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
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


_BACKEND: web.AppKey[Backend] = web.AppKey("backend")
_CLOCK: web.AppKey[Clock] = web.AppKey("clock")


def create_app(backend: Backend, clock: Clock) -> web.Application:
    """Build the application; ``clock`` is what the ages on the status page are counted by."""
    app = web.Application(middlewares=[_explain_not_found])
    app[_BACKEND] = backend
    app[_CLOCK] = clock
    app.on_response_prepare.append(_common_headers)
    app.router.add_get("/metrics", _metrics)
    app.router.add_get("/sd", _service_discovery)
    app.router.add_get("/", _status)
    app.router.add_get("/-/healthy", _healthy)
    app.router.add_get("/-/ready", _ready)
    app.router.add_post("/-/reload", _reload)
    return app


async def _metrics(request: web.Request) -> web.StreamResponse:
    workspace = request.query.get("workspace") or None
    snapshot = request.app[_BACKEND].page(workspace)
    if snapshot is None:
        known = ", ".join(request.app[_BACKEND].workspaces())
        return _text(f"no workspace {_shortened(workspace or '')}; known: {known or 'none'}", status=404)
    openmetrics = wants_openmetrics(_all(request, "Accept"))
    gzip = wants_gzip(_all(request, "Accept-Encoding"))
    headers = {"Content-Type": OPENMETRICS_TYPE if openmetrics else TEXT_TYPE, "Vary": "Accept, Accept-Encoding"}
    if gzip:
        headers["Content-Encoding"] = "gzip"
        body = snapshot.openmetrics_gzip if openmetrics else snapshot.text_gzip
    else:
        body = snapshot.openmetrics if openmetrics else snapshot.text
    if len(body) <= _WHOLE or request.method == "HEAD":
        return web.Response(body=body, headers=headers)
    return await _send_in_slices(request, body, headers)


async def _send_in_slices(request: web.Request, body: bytes, headers: dict[str, str]) -> web.StreamResponse:
    response = web.StreamResponse(headers=headers)
    response.content_length = len(body)
    await response.prepare(request)
    view = memoryview(body)
    for start in range(0, len(body), _SLICE):
        await response.write(view[start : start + _SLICE])
    await response.write_eof()
    return response


async def _service_discovery(request: web.Request) -> web.Response:
    # The label workspace is there for what has none of its own: ``up``, and the exporter's process metrics, which two targets on one
    # address would otherwise share. Series that name their workspace keep it under honor_labels.
    targets = [
        {"targets": [request.host], "labels": {"__metrics_path__": "/metrics", "__param_workspace": name, "workspace": name}}
        for name in request.app[_BACKEND].workspaces()
    ]
    return web.Response(text=json.dumps(targets, ensure_ascii=False), content_type="application/json", charset="utf-8")


async def _status(request: web.Request) -> web.Response:
    page = render(request.app[_BACKEND].status(), request.app[_CLOCK].wall())
    return web.Response(text=page, content_type="text/html", charset="utf-8", headers=_PAGE_HEADERS)


async def _healthy(request: web.Request) -> web.Response:
    good, reason = request.app[_BACKEND].healthy()
    return _text(reason, status=200 if good else 503)


async def _ready(request: web.Request) -> web.Response:
    good, reason = request.app[_BACKEND].ready()
    return _text(reason, status=200 if good else 503)


async def _reload(request: web.Request) -> web.Response:
    accepted, reason = await request.app[_BACKEND].reload()
    return _text(reason, status=200 if accepted else 500)


def _text(message: str, *, status: int) -> web.Response:
    return web.Response(text=message.rstrip() + "\n", status=status)


def _shortened(value: str) -> str:
    return repr(value if len(value) <= 64 else value[:64] + "…")


def _all(request: web.Request, name: str) -> str:
    """Join the lines of a list header that a client sent as several."""
    return ",".join(request.headers.getall(name, ()))


@web.middleware
async def _explain_not_found(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPNotFound:
        return _text("there is no such page; try /metrics, /sd, /, /-/healthy, /-/ready", status=404)


async def _common_headers(_: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = "serving-exporter"
    response.headers["X-Content-Type-Options"] = "nosniff"
