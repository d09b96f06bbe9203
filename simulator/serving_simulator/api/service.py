"""One request from arrival to answer."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Sequence

import msgspec
from aiohttp import web

from serving_simulator.api.access import Family, KeyRing
from serving_simulator.api.call import Answer, Call
from serving_simulator.api.errors import ApiError, Invalid, NotFound, Surface, Throttled, Unauthenticated, spell
from serving_simulator.api.faults import KINDS, Fault, FaultBook, Stage
from serving_simulator.api.limits import FixedWindow, RateLimits, SlidingWindow
from serving_simulator.api.mutations import mutate
from serving_simulator.api.organization import ApiKey, Organization
from serving_simulator.api.ports import SimulatedWorld, SimulationClock
from serving_simulator.api.routing import Endpoint, Match, Router
from serving_simulator.api.state import State
from serving_simulator.api.switches import ApiSwitches
from serving_simulator.api.wire import instead, reset, send

__all__ = ["Service"]

_MINUTE, _SECOND = 60.0, 1.0
_QUEUE_LIMIT = 20
# Simulated seconds that the world moves on before the loop may do something else.
_SLICE = 10.0


class Service:
    """The emulated platform behind its HTTP surface."""

    def __init__(
        self, world: SimulatedWorld, organization: Organization, clock: SimulationClock, router: Router, *, seed: int, switches: ApiSwitches
    ) -> None:
        self.state = State(world, organization, clock, switches, FaultBook(seed))
        self.closing = asyncio.Event()
        self._router = router
        self._keys = KeyRing(organization.keys)
        self._limits = RateLimits()
        self._advancing = asyncio.Lock()

    async def catch_up(self) -> None:
        """Move the world to the present, in slices, so that a long way does not stop the loop; HTTP faults of its timeline take effect."""
        async with self._advancing:
            target = self.state.clock.wall()
            while self.state.world.now < target:
                before = self.state.world.now
                self.state.world.advance(min(target, before + _SLICE))
                if self.state.world.now <= before:
                    break
                await asyncio.sleep(0)
            due = getattr(self.state.world, "due_http_faults", None)
            for document in () if due is None else due():
                self.state.faults.add(document, self.state.clock.wall())

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        match = self._router.match(request.method, request.host, request.path)
        if match.surface is Surface.ADMIN:
            return await self._administer(request, match)
        now = self.state.clock.wall()
        authorization = request.headers.get("Authorization")
        key = self._keys.find(authorization)
        record = self.state.log.arrived(
            time=now,
            method=request.method,
            host_kind=match.surface.value,
            endpoint=match.template,
            path=request.path,
            query=request.query_string,
            key_prefix=key.prefix if key is not None else (None if authorization is None else "(unknown)"),
        )
        faults = self.state.faults.select(match, request.path, now)
        record.fault = "+".join(fault.kind for fault in faults) or None
        first = next((fault for fault in faults if KINDS[fault.kind].stage is Stage.INSTEAD), None)
        if first is not None and first.kind == "timeout":
            await self.closing.wait()
            reset(request)
            return web.Response(status=503)
        if first is not None and first.kind == "reset":
            reset(request)
            return web.Response(status=503)
        answer = await self._answer(request, match, key, faults) if first is None else instead(match.surface, first, now)
        record.status = answer.status
        wire = [fault for fault in faults if KINDS[fault.kind].stage is Stage.WIRE]
        return await send(request, answer, wire, self.state.clock, self.closing)

    async def _administer(self, request: web.Request, match: Match) -> web.StreamResponse:
        await self.catch_up()
        try:
            answer = await self._call(request, match, None)
        except ApiError as error:
            answer = self._refusal(match.surface, error)
        return await send(request, answer, (), self.state.clock, self.closing)

    async def _answer(self, request: web.Request, match: Match, key: ApiKey | None, faults: Sequence[Fault]) -> Answer:
        try:
            endpoint = match.endpoint
            if endpoint is not None or match.surface is not Surface.FEED:
                KeyRing.admit(key, _family(match))
            if endpoint is not None and key is not None:
                self._admit(endpoint, key)
            await self.catch_up()
            answer = await self._call(request, match, key)
            for fault in faults:
                if KINDS[fault.kind].stage is Stage.CONTENT:
                    mutate(answer, fault, match.params)
        except ApiError as error:
            answer = self._refusal(match.surface, error)
        return answer

    async def _call(self, request: web.Request, match: Match, key: ApiKey | None) -> Answer:
        if match.endpoint is None:
            raise match.error or NotFound("no such route")
        query = {name: request.query.getall(name) for name in request.query}
        call = Call(self.state, match.params, query, key, await _body(request), request.host)
        try:
            answer = match.endpoint.handler(call)
            return await answer if inspect.isawaitable(answer) else answer
        except KeyError as error:
            raise NotFound(f"No object matches the given query: {error.args[0] if error.args else ''}") from error

    def _refusal(self, surface: Surface, error: ApiError) -> Answer:
        status = error.status
        if isinstance(error, Unauthenticated):
            status = {Surface.MANAGEMENT: 403, Surface.FEED: self.state.switches.feed_unauthorized}.get(surface, 401)
        body, content_type = spell(surface, error)
        return Answer(status=status, body=body, content_type=content_type)

    def _admit(self, endpoint: Endpoint, key: ApiKey) -> None:
        """Raise ``Throttled`` when a limit is passed: the feed's for the organization, the others for the key."""
        now = self.state.clock.monotonic()
        if endpoint.surface is Surface.FEED:
            if self._limits.admit("feed", now, self.state.switches.feed_limit, lambda: SlidingWindow(_MINUTE)) is not None:
                raise Throttled
            return
        if endpoint.family is Family.INFERENCE:
            if self._limits.admit(("queue", key.prefix), now, _QUEUE_LIMIT, lambda: SlidingWindow(_SECOND)) is not None:
                raise Throttled
            return
        subject = (endpoint.method, endpoint.template, key.prefix)
        hidden = self.state.switches.metrics_query_limit if endpoint.template.endswith("/metrics") else None
        per_minute = endpoint.per_minute or hidden
        if per_minute is not None:
            wait = self._limits.admit(subject, now, per_minute, lambda: FixedWindow(_MINUTE))
        else:
            wait = self._limits.admit(subject, now, self.state.switches.management_limit, lambda: FixedWindow(_SECOND))
        if wait is not None:
            raise Throttled(wait)


def _family(match: Match) -> Family:
    if match.endpoint is not None:
        return match.endpoint.family
    return Family.MANAGEMENT if match.surface is Surface.MANAGEMENT else Family.INFERENCE


async def _body(request: web.Request) -> object:
    """Return the decoded JSON of a request, None when it has no body. Raises ``Invalid``."""
    raw = await request.read() if request.can_read_body else b""
    if not raw.strip():
        return None
    try:
        return msgspec.json.decode(raw)
    except msgspec.DecodeError as error:
        raise Invalid(f"the body is not JSON: {error}") from None
