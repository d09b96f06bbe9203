"""Faults of the HTTP side that can be switched on and off while the emulator runs."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple, Protocol

import msgspec
import numpy as np
from msgspec import Meta

from serving_simulator.api.errors import Surface

__all__ = ["KINDS", "Aimed", "Fault", "FaultBook", "FaultError", "Stage"]


class Aimed(Protocol):
    """What a fault has to know of a request."""

    @property
    def surface(self) -> Surface:
        """Which of the platform's hosts it came to."""

    @property
    def template(self) -> str:
        """The path as the list of endpoints has it."""

    @property
    def params(self) -> Mapping[str, str]:
        """What the path names."""


class Stage(enum.Enum):
    """When a fault acts: instead of the answer, on its content, or on its way over the wire."""

    INSTEAD = "instead"
    CONTENT = "content"
    WIRE = "wire"


class _Kind(NamedTuple):
    stage: Stage
    summary: str
    parameters: Mapping[str, Any] = MappingProxyType({})
    endpoint: str = "*"
    surfaces: frozenset[Surface] = frozenset({Surface.FEED, Surface.MANAGEMENT, Surface.MODEL, Surface.CHAIN})


_JSON = frozenset({Surface.MANAGEMENT, Surface.MODEL, Surface.CHAIN})
_FEED = frozenset({Surface.FEED})
_MANAGEMENT = frozenset({Surface.MANAGEMENT})
AUGUST_2026 = ["region", "request_backpressure_settings", "autoscaling_schedules"]

KINDS: dict[str, _Kind] = {
    "throttle": _Kind(Stage.INSTEAD, "429; hint is none, body, header, date (an HTTP date) or both", {"hint": "none", "seconds": 30}),
    "unauthorized": _Kind(Stage.INSTEAD, "401"),
    "forbidden": _Kind(Stage.INSTEAD, "403"),
    "server_error": _Kind(Stage.INSTEAD, "500"),
    "unavailable": _Kind(Stage.INSTEAD, "503"),
    "html": _Kind(Stage.INSTEAD, "200 with an HTML page, as a proxy or a login wall would send"),
    "timeout": _Kind(Stage.INSTEAD, "never answers"),
    "reset": _Kind(Stage.INSTEAD, "resets the connection"),
    "malformed_json": _Kind(Stage.CONTENT, "JSON that cannot be parsed", surfaces=_JSON),
    "null_metrics": _Kind(Stage.CONTENT, "every value of a metrics answer is null", {}, "/v1/*/metrics", _MANAGEMENT),
    "missing_fields": _Kind(Stage.CONTENT, "leaves fields away", {"fields": AUGUST_2026}, surfaces=_JSON),
    "unknown_values": _Kind(
        Stage.CONTENT,
        "an unknown field, and an unknown value in enum fields",
        {"fields": ["status"], "value": "ADDED_LATER"},
        surfaces=_JSON,
    ),
    "vanish": _Kind(Stage.CONTENT, "a listed model or deployment is gone when asked for; needs model or deployment", surfaces=_JSON),
    "invalid_line": _Kind(
        Stage.CONTENT,
        "lines that no parser accepts; position is start, middle or end",
        {"lines": ['baseten_broken{model_id="a} 1', "baseten_broken{} one", "%%% not exposition"], "position": "middle"},
        "/metrics",
        _FEED,
    ),
    "duplicate_series": _Kind(Stage.CONTENT, "repeats samples", {"count": 3}, "/metrics", _FEED),
    "stale": _Kind(Stage.CONTENT, "the page does not change any more", {}, "/metrics", _FEED),
    "truncate": _Kind(
        Stage.WIRE,
        "cuts the body; framing short (connection ends early) or exact (the length fits the cut)",
        {"fraction": 0.5, "framing": "short"},
    ),
    "drip": _Kind(Stage.WIRE, "sends the body in small pieces over real seconds", {"seconds": 60, "pieces": 20}),
    "clock_skew": _Kind(Stage.WIRE, "shifts the Date header", {"seconds": 300}),
}

_ALIASES = {"feed": "/metrics", "management": "/v1/*", "queues": "*/async_queue_status"}


class FaultError(ValueError):
    """A fault that makes no sense; the text says what is allowed."""


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One fault in force.

    ``endpoint`` is a template (``/v1/models/{model_id}/deployments``), a path or a glob of either; ``feed``, ``management`` and ``queues``
    name whole families. ``model`` and ``deployment`` narrow it to requests about them. It ends after ``times`` requests, at ``until`` (Unix
    seconds) or after ``for_seconds``, whichever comes first; without any it stays. ``parameters`` depend on ``kind``.
    """

    kind: str
    endpoint: str | None = None
    model: str | None = None
    deployment: str | None = None
    times: Annotated[int, Meta(ge=1)] | None = None
    until: float | None = None
    for_seconds: Annotated[float, Meta(gt=0)] | None = None
    probability: Annotated[float, Meta(ge=0, le=1)] = 1.0
    parameters: dict[str, Any] = {}
    id: str | None = None
    hits: int = 0
    memory: bytes | None = None

    def parameter(self, name: str) -> Any:
        """Return a parameter or its default."""
        return self.parameters.get(name, KINDS[self.kind].parameters[name])

    def describe(self) -> dict[str, Any]:
        """Return what the admin page shows."""
        document: dict[str, Any] = msgspec.to_builtins(self)
        del document["memory"]
        return document


class FaultBook:
    """The faults in force, oldest first. Chance comes from the seed, so a run can be repeated."""

    def __init__(self, seed: int) -> None:
        self._faults: dict[str, Fault] = {}
        self._random = np.random.default_rng(seed)
        self._added = 0
        self.hits: Counter[str] = Counter()

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._faults.values())

    def add(self, document: Mapping[str, Any], now: float) -> Fault:
        """Switch a fault on. Raises ``FaultError``."""
        try:
            fault = msgspec.convert({key: value for key, value in document.items() if key not in ("hits", "memory")}, Fault)
        except msgspec.ValidationError as error:
            raise FaultError(f"fault: {error}") from None
        kind = KINDS.get(fault.kind)
        if kind is None:
            raise FaultError(f"kind: found {fault.kind!r}, allowed: {', '.join(KINDS)}")
        unknown = [name for name in fault.parameters if name not in kind.parameters]
        if unknown:
            raise FaultError(f"parameters.{unknown[0]}: unknown, allowed for {fault.kind}: {', '.join(kind.parameters) or 'none'}")
        if fault.kind == "vanish" and fault.model is None and fault.deployment is None:
            raise FaultError("vanish: model or deployment is required")
        if fault.for_seconds is not None:
            fault.until = min(fault.until or float("inf"), now + fault.for_seconds)
        fault.endpoint = _ALIASES.get(fault.endpoint or "", fault.endpoint or kind.endpoint)
        self._added += 1
        fault.id = fault.id or f"fault-{self._added}"
        self._faults[fault.id] = fault
        return fault

    def remove(self, fault_id: str) -> None:
        """Switch one off. Raises KeyError."""
        del self._faults[fault_id]

    def clear(self) -> None:
        """Switch all off."""
        self._faults.clear()

    def select(self, match: Aimed, path: str, now: float) -> list[Fault]:
        """Return the faults that strike a request, and count them."""
        for fault_id in [fault_id for fault_id, fault in self._faults.items() if fault.until is not None and now >= fault.until]:
            del self._faults[fault_id]
        struck = [fault for fault in self._faults.values() if self._strikes(fault, match, path)]
        for fault in struck:
            fault.hits += 1
            self.hits[fault.kind] += 1
            if fault.times is not None and fault.hits >= fault.times and fault.id is not None:
                del self._faults[fault.id]
        return struck

    def _strikes(self, fault: Fault, match: Aimed, path: str) -> bool:
        pattern = fault.endpoint or "*"
        if match.surface not in KINDS[fault.kind].surfaces or not (fnmatchcase(match.template, pattern) or fnmatchcase(path, pattern)):
            return False
        model, deployment = match.params.get("model_id"), match.params.get("deployment_id")
        if fault.kind == "vanish":
            # A list shows what will be missing one request later; so only requests below the model are struck.
            return model is not None and fault.model in (None, model)
        if fault.model not in (None, model) or fault.deployment not in (None, deployment):
            return False
        return fault.probability >= 1 or float(self._random.random()) < fault.probability
