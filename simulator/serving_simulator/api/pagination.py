"""Cursor pagination: opaque cursors that survive new items, because they name the last item shown and not a position."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

__all__ = ["BadCursor", "decode_cursor", "fingerprint", "paginate"]

_Item = TypeVar("_Item")


class BadCursor(ValueError):
    """A cursor that this API did not hand out for this query."""


def fingerprint(*parts: object) -> int:
    """Condense the filters of a query, so that a cursor can be refused by another query."""
    return zlib.crc32(repr(parts).encode())


def decode_cursor(cursor: str) -> tuple[int, bool, list[Any]]:
    """Return fingerprint, direction (descending) and the last item's key. Raises ``BadCursor``."""
    try:
        mark, descending, last = msgspec.json.decode(base64.urlsafe_b64decode(cursor.encode()), type=tuple[int, bool, list[Any]])
    except (ValueError, msgspec.MsgspecError):
        raise BadCursor("cursor: not a cursor of this API") from None
    return mark, descending, last


def paginate(
    items: Sequence[_Item], *, key: Callable[[_Item], list[Any]], descending: bool, limit: int, cursor: str | None, mark: int
) -> tuple[list[_Item], dict[str, Any]]:
    """Return one page and its ``pagination`` object.

    ``key`` orders the items and must be unique and made of JSON values; with a cursor, its own direction rules. Raises ``BadCursor``.
    """
    after: list[Any] | None = None
    if cursor is not None:
        made_for, descending, after = decode_cursor(cursor)
        if made_for != mark:
            raise BadCursor("cursor: made by a query with other filters")
    ordered = sorted(items, key=key, reverse=descending)
    if after is not None:
        ordered = [item for item in ordered if (key(item) < after if descending else key(item) > after)]
    page = ordered[:limit]
    more = len(ordered) > limit
    mine = base64.urlsafe_b64encode(msgspec.json.encode((mark, descending, key(page[-1])))).decode() if more else None
    return page, {"has_more": more, "cursor": mine}
