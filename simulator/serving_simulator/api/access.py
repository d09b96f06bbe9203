"""Keys: how they are sent, which type may use which family of endpoints, and which models a key sees."""

from __future__ import annotations

import enum
import hmac
from collections.abc import Iterable

from serving_simulator.api.errors import NotPermitted, Unauthenticated
from serving_simulator.api.organization import ApiKey

__all__ = ["Family", "KeyRing"]


class Family(enum.Enum):
    """Endpoints that share a permission."""

    FEED = "feed"
    MANAGEMENT = "management"
    KEYS = "keys"
    INFERENCE = "inference"
    ADMIN = "admin"


_EVERYTHING = frozenset({Family.FEED, Family.MANAGEMENT, Family.KEYS, Family.INFERENCE})
# Reference a.3. What it calls an assumption is one here too: an export key reads no /v1 route, an invoke key only calls models.
_PERMISSIONS: dict[str, frozenset[Family]] = {
    "PERSONAL": _EVERYTHING,
    "WORKSPACE_MANAGE_ALL": _EVERYTHING,
    "WORKSPACE_EXPORT_METRICS": frozenset({Family.FEED}),
    "WORKSPACE_INVOKE": frozenset({Family.INFERENCE}),
    "WORKSPACE_MANAGE_API_KEYS": frozenset({Family.KEYS}),
}
_SCHEMES = ("bearer", "api-key")
_DENIED = "Authorization error"


def read_key(authorization: str | None) -> str | None:
    """Return the key of an Authorization header: ``Bearer X``, ``Api-Key X`` or, as one recipe sends it, ``Bearer Api-Key X``."""
    if authorization is None:
        return None
    words = authorization.split()
    if not words or words[0].lower() not in _SCHEMES:
        return None
    words = words[1:]
    if len(words) == 2 and words[0].lower() == "api-key":
        words = words[1:]
    return words[0] if len(words) == 1 else None


class KeyRing:
    """The keys of the organization."""

    def __init__(self, keys: Iterable[ApiKey]) -> None:
        self._keys = tuple(keys)

    def find(self, authorization: str | None) -> ApiKey | None:
        """Return the key that a header carries, None for a missing or an unknown one."""
        sent = read_key(authorization)
        if sent is None:
            return None
        return next((key for key in self._keys if hmac.compare_digest(key.value.encode(), sent.encode())), None)

    @staticmethod
    def admit(key: ApiKey | None, family: Family) -> None:
        """Raise ``Unauthenticated`` without a key, ``NotPermitted`` with one of the wrong type."""
        if key is None:
            raise Unauthenticated(_DENIED)
        if family not in _PERMISSIONS[key.type]:
            raise NotPermitted(_DENIED)
