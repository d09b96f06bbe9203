"""How answers are read: lists element by element, times, money and enum words.

A missing or null *list* must not be taken for an empty one, because an empty list deletes: ``decode_list`` insists on its key. It takes
each element alone, so that one that cannot be read costs itself and nothing else.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Generic, Literal, TypeVar

import msgspec

from serving_exporter.platforms.baseten.records import Number
from serving_exporter.platforms.contract import Malformed

__all__ = ["Listing", "decode", "decode_list", "decode_page", "dollars", "parse_time", "word"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """A list whose elements were read one by one.

    ``broken`` gives the reason for each element that could not be read, by its id where that much was readable and else by its place in the
    list (``models[3]``). ``complete`` is false when such an element had no id: then nothing may be concluded from an absence.
    """

    items: list[T]
    broken: Mapping[str, str] = field(default_factory=dict)
    complete: bool = True


class _Named(msgspec.Struct):
    name: str | None = None


class _Identified(msgspec.Struct):
    id: str | None = None


class _Pagination(msgspec.Struct):
    has_more: bool
    cursor: str | None = None


class _PageHead(msgspec.Struct):
    pagination: _Pagination


_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_elements = msgspec.json.Decoder(list[msgspec.Raw])
_decoders: dict[type, msgspec.json.Decoder[object]] = {}


def decode(body: bytes | msgspec.Raw, kind: type[T]) -> T:
    """Read one record. Raises ``Malformed`` naming the field; never with the content, which may hold anything."""
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind)
    try:
        return decoder.decode(body)  # type: ignore[return-value]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(_reason(body, error)) from None


def decode_list(body: bytes | Sequence[msgspec.Raw], key: str, kind: type[T], *, identity: Literal["id", "name"] = "id") -> Listing[T]:
    """Read the list under ``key`` of an answer (or one that is at hand as raw elements).

    ``identity`` is the field by which an unreadable element may still be recognised. Raises ``Malformed`` when the body
    is no JSON object or the list is missing or null.
    """
    elements = _elements_of(body, key) if isinstance(body, bytes) else body
    items: list[T] = []
    broken: dict[str, str] = {}
    complete = True
    for place, element in enumerate(elements):
        try:
            items.append(decode(element, kind))
        except Malformed as error:
            name = _identity(element, identity)
            complete = complete and name is not None
            broken[name or f"{key}[{place}]"] = str(error)
    return Listing(items, broken, complete)


def decode_page(body: bytes, kind: type[T]) -> tuple[Listing[T], str | None]:
    """Read one page of a cursor-paginated answer: its ``items`` and the cursor of the next page, None on the last one.

    Raises ``Malformed`` also when a further page is announced without a cursor: reading on is impossible, stopping would be silent loss.
    """
    listing = decode_list(body, "items", kind)
    pagination = decode(body, _PageHead).pagination
    if pagination.has_more and not pagination.cursor:
        raise Malformed("the answer announces a further page and gives no cursor")
    return listing, pagination.cursor if pagination.has_more else None


def parse_time(text: str | None) -> float | None:
    """Unix seconds of an ISO 8601 time (UTC where it names no zone); None for null and for what is no time."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def dollars(money: Number | str | None) -> float | None:
    """Money as a number: the API sends numbers or decimal strings. None for null and for what is neither."""
    if money is None:
        return None
    try:
        amount = float(money)
    except ValueError:
        return None
    return amount if math.isfinite(amount) else None


_WORD = re.compile(r"[A-Z][A-Z0-9_]{0,63}")


def word(value: str | None) -> str:
    """Give an enum value as a label: unchanged where it looks like one, also when it is new, else ``UNKNOWN``."""
    return value if value is not None and _WORD.fullmatch(value) else "UNKNOWN"


def _elements_of(body: bytes, key: str) -> list[msgspec.Raw]:
    try:
        return _elements.decode(_object.decode(body)[key])
    except KeyError:
        raise Malformed(f"the answer has no list {key!r}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(_reason(body, error)) from None


def _identity(element: msgspec.Raw, field: Literal["id", "name"]) -> str | None:
    """Read one identifying field of an element of which others may be anything."""
    try:
        if field == "name":
            return msgspec.json.decode(element, type=_Named).name
        return msgspec.json.decode(element, type=_Identified).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _reason(body: bytes | msgspec.Raw, error: Exception) -> str:
    head = bytes(body)[:64].lstrip()
    if head.startswith(b"<"):
        return "the answer is HTML, not JSON"
    if not head:
        return "the answer is empty"
    return f"the answer is not what the API promises: {error}"
