"""Where notifications of a demo arrive: a webhook receiver for Alertmanager, and a page that shows what a person would have read.

::

    async with Inbox() as inbox:
        ...  # inbox.url + "/webhook" is the url of a webhook_config; inbox.url + "/notifications" has all of them as JSON
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from html import escape
from string import Template
from types import TracebackType
from typing import Literal, Self

import msgspec
from aiohttp import web

__all__ = ["Alert", "Inbox", "InboxError", "Notification"]

_KEPT = 1000
_LARGEST = 4 * 1024 * 1024
_LINKS = {"runbook_url": "Runbook", "dashboard_url": "Dashboard"}

State = Literal["firing", "resolved"]


class InboxError(OSError):
    """The inbox cannot serve: the address is in use, not ours or not allowed. The text says which."""


class Alert(msgspec.Struct, frozen=True, rename="camel"):
    """One alert of a notification, as Alertmanager's webhook format (version 4) has it. Times are RFC 3339."""

    status: State
    labels: Mapping[str, str]
    annotations: Mapping[str, str] = {}
    starts_at: str = ""
    ends_at: str = ""
    generator_url: str = msgspec.field(default="", name="generatorURL")


class Notification(msgspec.Struct, frozen=True, rename="camel"):
    """One notification. ``received`` is the Unix time at which it arrived; it is ours, the rest is Alertmanager's."""

    receiver: str
    status: State
    alerts: tuple[Alert, ...]
    group_labels: Mapping[str, str] = {}
    truncated_alerts: int = 0
    received: float = 0.0


class Inbox:
    """A running inbox, as an async context manager; ``port`` 0 takes a free port. The newest thousand notifications are kept.

    Entering raises ``InboxError`` when the address cannot be had. ``now`` tells the Unix time.
    """

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0, now: Callable[[], float] | None = None) -> None:
        self._host, self._port = host, port
        self._now = now or (lambda: datetime.now(UTC).timestamp())
        self._kept: deque[Notification] = deque(maxlen=_KEPT)
        self._runner: web.AppRunner
        self.url = ""

    @property
    def notifications(self) -> tuple[Notification, ...]:
        """What arrived, oldest first."""
        return tuple(self._kept)

    async def __aenter__(self) -> Self:
        application = web.Application(client_max_size=_LARGEST)
        application.router.add_post("/webhook", self._take)
        application.router.add_get("/notifications", self._list)
        application.router.add_get("/", self._page)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise InboxError(f"cannot listen on {self._host}:{self._port}: {error.strerror or error}") from error
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        try:
            notification = msgspec.json.decode(await request.read(), type=Notification)
        except msgspec.DecodeError as error:
            # Alertmanager logs the answer and, as it is a 4xx, does not try again.
            return web.Response(status=400, text=f"not a notification of Alertmanager: {error}\n")
        self._kept.append(msgspec.structs.replace(notification, received=self._now()))
        return web.Response(text="taken\n")

    async def _list(self, _: web.Request) -> web.Response:
        return web.Response(body=msgspec.json.encode(self.notifications), content_type="application/json")

    async def _page(self, _: web.Request) -> web.Response:
        return web.Response(text=_render(self.notifications), content_type="text/html", headers={"Cache-Control": "no-store"})


_PAGE = Template("""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="15"><link rel="icon" href="data:,"><title>Inbox: $summary</title>
<style>:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}
article{border:1px solid #8886;border-left:.4rem solid #888;border-radius:.4rem;padding:.5rem .9rem;margin:1rem 0}
article.pager{border-left-color:#c4162a}article.tickets{border-left-color:#e0762b}article.digest{border-left-color:#3274d9}
article.resolved{border-left-color:#37872d}
h1{font-size:1.4rem}h2{font-size:1rem;margin:.2rem 0}h3{font-size:1rem;margin:.8rem 0 0}p{margin:.2rem 0}
.quiet{opacity:.75}</style></head><body>
<h1>Inbox</h1><p class=quiet>What Alertmanager has sent, newest first: $summary. The page renews itself.</p>
$articles</body></html>
""")


def _render(notifications: tuple[Notification, ...]) -> str:
    count = len(notifications)
    summary = f"{count} notification{'' if count == 1 else 's'}" if count else "nothing yet"
    return _PAGE.substitute(summary=summary, articles="".join(_article(each) for each in reversed(notifications)))


def _article(notification: Notification) -> str:
    when = f"{datetime.fromtimestamp(notification.received, UTC):%Y-%m-%d %H:%M:%S} UTC"
    group = ", ".join(f"{escape(name)} {escape(value)}" for name, value in sorted(notification.group_labels.items()))
    kind = notification.receiver if notification.status == "firing" else "resolved"
    more = f"<p>and {notification.truncated_alerts} more</p>" if notification.truncated_alerts else ""
    return (
        f'<article class="{escape(kind)}"><h2>{escape(notification.receiver)}: {notification.status}</h2>'
        f"<p class=quiet>{when} · {group}</p>{''.join(map(_alert, notification.alerts))}{more}</article>\n"
    )


def _alert(alert: Alert) -> str:
    name = escape(alert.labels.get("alertname", "an alert without a name"))
    texts = "".join(f"<p>{escape(alert.annotations[key])}</p>" for key in ("summary", "description") if alert.annotations.get(key))
    return f"<h3>{name} ({alert.status})</h3>{texts}<p>{' · '.join(_links(alert))}</p>"


def _links(alert: Alert) -> Iterator[str]:
    for key, text in _LINKS.items():
        target = alert.annotations.get(key, "")
        if target.startswith(("https://", "http://")):
            yield f'<a href="{escape(target)}" rel="noreferrer">{text}</a>'
        elif target:
            yield f"{text}: {escape(target)}"
