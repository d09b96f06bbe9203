"""HTTP to Baseten: hosts, keys, budgets, time limits, and every way in which a call ends as one of the contract's errors."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from urllib.parse import quote

import aiohttp

from serving_exporter import __version__
from serving_exporter.budgets import Budget, BudgetRegistry, scope_of
from serving_exporter.clock import Clock
from serving_exporter.config import WorkspaceConfig
from serving_exporter.platforms.baseten.answers import failure, http_date
from serving_exporter.platforms.baseten.endpoints import Endpoint, policy
from serving_exporter.platforms.contract import Malformed, NotPermitted, Throttled, Unavailable
from serving_exporter.secrets import KeySource, Secret, SecretError, redact
from serving_exporter.telemetry import Telemetry

__all__ = ["BasetenClient"]

_TIME_LIMIT = 30.0  # real seconds for one call, whatever the speed of the clock: the network does not know of it
_LARGEST_ANSWER = {"feed": 512 * 2**20, "management": 128 * 2**20, "inference": 2**20}
_LARGEST_ERROR = 64 * 1024
_CHUNK = 256 * 1024
_PATIENCE = 15.0  # seconds: a longer pause is the poller's to wait for
_TRIES = 3

Params = Mapping[str, str | int]


class _Dropped(Unavailable):
    """The connection went away before an answer: often one that had been kept too long, so worth another try."""


class _UnpaidRepeat(aiohttp.ClientError):
    """aiohttp was about to send a request again that the budget has paid for once."""


def _paid_once() -> aiohttp.ClientMiddlewareType:
    """Make a middleware for one request that stops aiohttp from repeating it by itself, which it does when a connection drops."""
    sent = False

    async def middleware(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        nonlocal sent
        if sent:
            raise _UnpaidRepeat
        sent = True
        return await handler(request)

    return middleware


class BasetenClient:
    """Calls one workspace's APIs. Safe for concurrent use.

    A request waits for its budget before it is sent, also when it is a retry. A refused key is read again from its file and tried once
    more when it has changed. A 429 whose pause is short is waited out, because a budget that looks for its limit meets one now and then;
    a connection that drops before an answer is tried again; the feed is left alone until its next turn.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        workspace: WorkspaceConfig,
        keys: Mapping[str, KeySource],
        budgets: BudgetRegistry,
        telemetry: Telemetry,
        clock: Clock,
    ) -> None:
        self._session = session
        self._workspace = workspace
        self._keys = keys
        self._budgets = budgets
        self._telemetry = telemetry
        self._clock = clock
        # By the first key seen: a key that rotation has replaced belongs to the same organization and spends the same budget.
        self._scopes: dict[str, str] = {}

    async def get(self, endpoint: Endpoint, *, params: Params | None = None, priority: int = 0, **ids: str) -> bytes:
        """Read one answer's body; ``ids`` fill the braces of the endpoint's path and host.

        Raises the errors of ``platforms.contract`` and ``NotFound``. ``priority`` orders calls that wait for one budget, lower first.
        """
        refreshed = False
        tries = 0
        while True:
            tries += 1
            secret = await self._secret(endpoint.family)
            budget = self._budget(endpoint.family, secret)
            try:
                return await self._once(endpoint, params, ids, secret, budget, priority)
            except NotPermitted:
                if refreshed or not await self._keys[endpoint.family].refresh():
                    raise
                refreshed = True
            except Throttled:
                if endpoint.family == "feed" or tries >= _TRIES or budget.blocked_for > _PATIENCE:
                    raise
            except _Dropped:
                if endpoint.family == "feed" or tries >= _TRIES:
                    raise

    async def _once(
        self, endpoint: Endpoint, params: Params | None, ids: Mapping[str, str], secret: Secret, budget: Budget, priority: int
    ) -> bytes:
        call = f"GET {endpoint.path}"
        code: int | str = "error"
        with await budget.acquire(priority):
            try:
                async with (
                    asyncio.timeout(_TIME_LIMIT),
                    self._session.get(
                        self._url(endpoint, ids),
                        params=params,
                        headers={
                            "Authorization": f"{self._workspace.auth_scheme} {secret.reveal()}",
                            "User-Agent": f"serving-exporter/{__version__}",
                        },
                        allow_redirects=False,
                        timeout=aiohttp.ClientTimeout(total=None),
                        middlewares=(_paid_once(),),
                    ) as response,
                ):
                    code = response.status
                    self._note_skew(response.headers.get("Date"))
                    limit = _LARGEST_ANSWER[endpoint.family] if code == 200 else _LARGEST_ERROR
                    body, whole = await _read(response, limit)
            except TimeoutError:
                raise Unavailable(f"{call}: no complete answer within {_TIME_LIMIT:g} s") from None
            except aiohttp.ClientPayloadError:
                raise Malformed(f"{call}: the answer ended before it was complete") from None
            except _UnpaidRepeat:
                raise _Dropped(f"{call}: the connection was closed before an answer came") from None
            except (aiohttp.ClientError, OSError, ValueError) as error:
                raise Unavailable(f"{call}: {redact(str(error)) or type(error).__name__}") from None
            finally:
                self._telemetry.api_request(endpoint.path, code)
        if code != 200:
            problem = failure(call, code, response.headers, body, self._clock.wall())
            if isinstance(problem, Throttled):
                budget.throttled(problem.retry_after)
            raise problem
        budget.succeeded()
        if not whole:
            raise Malformed(f"{call}: the answer is larger than {limit} bytes")
        if "html" in response.headers.get("Content-Type", ""):
            raise Malformed(f"{call}: the answer is HTML; a proxy or a sign-in page stands in between")
        return body

    async def _secret(self, family: str) -> Secret:
        source = self._keys.get(family)
        if source is None:
            raise NotPermitted(f"there is no key for the {family} endpoints")
        try:
            return await source.current()
        except SecretError as error:
            raise NotPermitted(str(error)) from None

    def _budget(self, family: str, secret: Secret) -> Budget:
        # The management API counts each key on its own; the feed, and to be safe the queues, are counted for the organization.
        organization = None if family == "management" else self._workspace.organization
        scope = self._scopes.setdefault(family, scope_of(organization, secret))
        return self._budgets.get(family, scope, policy(family, self._workspace.feed_requests_per_minute))

    def _url(self, endpoint: Endpoint, ids: Mapping[str, str]) -> str:
        hosts = self._workspace.hosts
        quoted = {name: quote(value, safe="") for name, value in ids.items()}
        host = {"feed": hosts.app, "management": hosts.api, "inference": hosts.model}[endpoint.family]
        return (host + endpoint.path).format(**quoted)

    def _note_skew(self, date: str | None) -> None:
        platform = http_date(date) if date else None
        if platform is not None:
            self._telemetry.clock_skew(platform - self._clock.wall())


async def _read(response: aiohttp.ClientResponse, limit: int) -> tuple[bytes, bool]:
    """Read at most ``limit`` bytes; the second value says whether that was all."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_chunked(_CHUNK):
        chunks.append(chunk)
        size += len(chunk)
        if size > limit:
            return b"".join(chunks)[:limit], False
    return b"".join(chunks), True
