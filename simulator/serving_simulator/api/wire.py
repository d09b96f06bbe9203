"""How an answer leaves: in one piece, slowly, cut short, never, or as a reset connection."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Sequence
from email.utils import formatdate

from aiohttp import web

from serving_simulator.api.call import Answer
from serving_simulator.api.errors import ApiError, Broken, NotPermitted, Surface, Throttled, Unauthenticated, spell
from serving_simulator.api.faults import Fault
from serving_simulator.api.ports import SimulationClock

__all__ = ["instead", "reset", "send"]

_HTML = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Please sign in</h1></body></html>\n"
# Linger on, for zero seconds: closing the socket then sends RST instead of FIN.
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def _throttled(surface: Surface, fault: Fault, now: float) -> Answer:
    hint, seconds = fault.parameter("hint"), fault.parameter("seconds")
    error = Throttled(int(seconds) if hint in ("body", "both") else None)
    body, content_type = spell(surface, error)
    headers = {}
    if hint in ("header", "both"):
        headers["Retry-After"] = str(int(seconds))
    if hint == "date":
        headers["Retry-After"] = formatdate(now + seconds, usegmt=True)
    return Answer(status=429, body=body, content_type=content_type, headers=headers)


def instead(surface: Surface, fault: Fault, now: float) -> Answer:
    """Return the answer that a fault gives instead of the endpoint's."""
    if fault.kind == "throttle":
        return _throttled(surface, fault, now)
    if fault.kind == "html":
        return Answer(body=_HTML, content_type="text/html; charset=utf-8")
    errors: dict[str, ApiError] = {
        "unauthorized": Unauthenticated("Authorization error"),
        "forbidden": NotPermitted("Authorization error"),
        "server_error": Broken("Internal server error"),
        "unavailable": Broken("Service temporarily unavailable", status=503),
    }
    error = errors[fault.kind]
    body, content_type = spell(surface, error)
    return Answer(status=error.status, body=body, content_type=content_type)


def reset(request: web.Request) -> None:
    """Reset the connection of a request."""
    transport = request.transport
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()


async def _in_pieces(response: web.StreamResponse, body: bytes, fault: Fault, clock: SimulationClock, closing: asyncio.Event) -> None:
    pieces = max(1, int(fault.parameter("pieces")))
    size = max(1, -(-len(body) // pieces))
    # Real seconds: a client's patience with a slow network is not compressed by the demo's speed.
    pause = float(fault.parameter("seconds")) * clock.speed / pieces
    for start in range(0, len(body), size):
        if closing.is_set():
            return
        await response.write(body[start : start + size])
        await clock.sleep(pause)


async def send(
    request: web.Request, answer: Answer, faults: Sequence[Fault], clock: SimulationClock, closing: asyncio.Event
) -> web.StreamResponse:
    """Send an answer with its wire faults."""
    by_kind = {fault.kind: fault for fault in faults}
    skew = float(by_kind["clock_skew"].parameter("seconds")) if "clock_skew" in by_kind else 0.0
    headers = {"Content-Type": answer.content_type, "Date": formatdate(clock.wall() + skew, usegmt=True), **answer.headers}
    body = answer.encode()
    cut = by_kind.get("truncate")
    kept = len(body) if cut is None else int(len(body) * float(cut.parameter("fraction")))
    if cut is not None and cut.parameter("framing") == "exact":
        body, cut = body[:kept], None
    if cut is None and "drip" not in by_kind:
        return web.Response(status=answer.status, body=body, headers=headers)
    response = web.StreamResponse(status=answer.status, headers=headers)
    response.content_length = len(body)
    await response.prepare(request)
    if "drip" in by_kind:
        await _in_pieces(response, body[:kept], by_kind["drip"], clock, closing)
    else:
        await response.write(body[:kept])
    if cut is not None and request.transport is not None:
        # Ends the connection while the client still waits for the rest.
        request.transport.close()
    return response
