"""From host and path to an endpoint. One port stands in for every host of the platform.

Model and chain hosts are known by the ``Host`` header (``model-ID.api.…``, ``model-ID-ENV.api.…``) and by a path prefix
(``/model-ID/…``, ``/model-ID-ENV/…``), which needs no name resolution.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from serving_simulator.api.access import Family
from serving_simulator.api.errors import ApiError, Invalid, NotAllowed, NotFound, Surface

if TYPE_CHECKING:
    from serving_simulator.api.call import Answer, Call

__all__ = ["Endpoint", "Match", "Route", "Router"]

Handler = Callable[["Call"], "Answer | Awaitable[Answer]"]

_INFERENCE_NAME = re.compile(r"(?P<kind>model|chain)-(?P<id>[A-Za-z0-9_]+)(?:-(?P<environment>[A-Za-z0-9_][A-Za-z0-9_-]*))?")
# The platform refuses these on regional hosts: their name already says the environment.
_NOT_REGIONAL = ("/production", "/environments", "/deployment")
_BARE_QUEUE = "/async_queue_status"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One route of one surface.

    ``per_minute`` is a documented limit of its own, for each key. ``fixed`` are parameters that the path says in words (``/production/…``).
    """

    method: str
    surface: Surface
    template: str
    family: Family
    handler: Handler
    per_minute: int | None = None
    fixed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Match:
    """Where a request goes: the surface is known even when no endpoint is; ``error`` then says why there is none."""

    surface: Surface
    template: str
    params: Mapping[str, str] = field(default_factory=dict)
    endpoint: Endpoint | None = None
    error: ApiError | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """A surface and a path below it, after host name or prefix have been read."""

    surface: Surface
    path: str
    owner: str | None = None
    region: str | None = None


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(
        "".join(f"(?P<{part[1:-1]}>[^/]+)" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{\w+\})", template))
    )


def _inference(name: str, path: str) -> Route | None:
    found = _INFERENCE_NAME.fullmatch(name)
    if found is None:
        return None
    surface = Surface.MODEL if found["kind"] == "model" else Surface.CHAIN
    return Route(surface, path or "/", found["id"], found["environment"])


def locate(host: str, path: str) -> Route:
    """Return which of the platform's hosts a request means."""
    label, _, rest = host.partition(".")
    by_host = _inference(label, path) if rest else None
    if by_host is not None:
        return by_host
    first, _, below = path.lstrip("/").partition("/")
    by_prefix = _inference(first, f"/{below}")
    if by_prefix is not None:
        return by_prefix
    if path in ("/", "/_emulator") or path.startswith("/_emulator/"):
        return Route(Surface.ADMIN, path)
    return Route(Surface.MANAGEMENT if path.startswith("/v1/") else Surface.FEED, path)


class Router:
    """The table of endpoints. Literal templates win over templates with parameters, as on the platform (``production`` is not an id)."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        ordered = sorted(endpoints, key=lambda endpoint: endpoint.template.count("{"))
        self._table: dict[Surface, list[tuple[re.Pattern[str], Endpoint]]] = {surface: [] for surface in Surface}
        for endpoint in ordered:
            self._table[endpoint.surface].append((_pattern(endpoint.template), endpoint))

    def endpoints(self) -> Iterable[Endpoint]:
        """Every endpoint, by surface."""
        return (endpoint for table in self._table.values() for _, endpoint in table)

    def match(self, method: str, host: str, path: str) -> Match:
        """Find the endpoint of a request. HEAD is answered as GET."""
        route = locate(host, path)
        owner: dict[str, Any] = {}
        if route.owner is not None:
            owner = {"model_id" if route.surface is Surface.MODEL else "chain_id": route.owner}
        if route.region is not None:
            owner["region"] = route.region
            if any(part in route.path for part in _NOT_REGIONAL):
                error = Invalid("paths that name an environment or a deployment are not served on regional hosts")
                return Match(route.surface, "(regional)", owner, error=error)
        wanted = "GET" if method == "HEAD" else method
        other: str | None = None
        for pattern, endpoint in self._table[route.surface]:
            found = pattern.fullmatch(route.path)
            # The bare path of the async queue exists on regional hosts only, and there nothing else does.
            if found is None or (endpoint.template == _BARE_QUEUE) != (route.region is not None):
                continue
            if endpoint.method == wanted:
                return Match(route.surface, endpoint.template, {**owner, **endpoint.fixed, **found.groupdict()}, endpoint)
            other = endpoint.template
        if other is not None:
            return Match(route.surface, other, owner, error=NotAllowed(f"method {method} is not allowed here"))
        return Match(route.surface, "(unknown)", owner, error=NotFound(f"no such route: {method} {path}"))
