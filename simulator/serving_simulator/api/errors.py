"""The errors of the API and how each surface spells them.

::

    ApiError                    status, and a message for people
    ├── Unauthenticated         no key, or one that does not exist
    ├── NotPermitted            a key that may not do this
    ├── NotFound                unknown model, deployment, environment, chain, route
    ├── Invalid                 a request that the platform's validation refuses
    ├── NotAllowed              a known path, with another method
    ├── Throttled               a rate limit was passed
    └── Broken                  the platform's own failure
"""

from __future__ import annotations

import enum
from typing import Any, ClassVar

import msgspec

__all__ = ["ApiError", "Broken", "Invalid", "NotAllowed", "NotFound", "NotPermitted", "Surface", "Throttled", "Unauthenticated", "spell"]


class Surface(enum.Enum):
    """Which of the platform's hosts answers; each has its own error bodies. The values are the host kinds of the request log."""

    FEED = "app"
    MANAGEMENT = "api"
    MODEL = "model"
    CHAIN = "chain"
    ADMIN = "admin"


class ApiError(Exception):
    """The API answers with an error. ``code`` is the management spelling, ``error_code`` the one of inference hosts."""

    status: int = 500
    code: ClassVar[str] = "INTERNAL_ERROR"
    error_code: ClassVar[str] = "internal_baseten_error"
    retry_after: int | None = None


class Unauthenticated(ApiError):
    """Missing or unknown key. The management API says 403 for it, inference hosts 401."""

    status = 401
    code = "PERMISSION_DENIED"
    error_code = "unauthorized"


class NotPermitted(ApiError):
    """A known key of the wrong type or scope."""

    status = 403
    code = "PERMISSION_DENIED"
    error_code = "unauthorized"


class NotFound(ApiError):
    """No such object or route."""

    status = 404
    code = "NOT_FOUND"
    error_code = "model_does_not_exist"


class Invalid(ApiError):
    """Refused by validation; the status is a switch, because none is documented for unknown metric names."""

    status = 400
    code = "VALIDATION_ERROR"
    error_code = "client_error"

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class NotAllowed(ApiError):
    """The path exists, the method does not."""

    status = 405
    code = "METHOD_NOT_ALLOWED"
    error_code = "client_error"


class Throttled(ApiError):
    """429. ``retry_after`` is whole seconds until the window resets; only the management API says it."""

    status = 429
    error_code = "rate_limited"

    def __init__(self, retry_after: int | None = None) -> None:
        super().__init__("Rate limit exceeded. Please try again later.")
        self.retry_after = retry_after


class Broken(ApiError):
    """A failure of the platform itself, 500 or 503."""

    def __init__(self, message: str, *, status: int = 500) -> None:
        super().__init__(message)
        self.status = status


def _management_body(error: ApiError) -> dict[str, Any]:
    if isinstance(error, Throttled):
        hint = {} if error.retry_after is None else {"retry_after": error.retry_after}
        return {"error": str(error), **hint}
    return {"code": error.code, "message": str(error)}


def spell(surface: Surface, error: ApiError) -> tuple[bytes, str]:
    """Return the body and the content type of an error on a surface.

    The feed documents no error body at all: it answers with a short line of text, and with nothing on 429.
    """
    if surface is Surface.FEED:
        return (b"" if isinstance(error, Throttled) else f"{error}\n".encode()), "text/plain; charset=utf-8"
    if surface in (Surface.MODEL, Surface.CHAIN):
        return msgspec.json.encode({"error": str(error), "error_code": error.error_code}), "application/json"
    return msgspec.json.encode(_management_body(error)), "application/json"
