"""What an HTTP answer means when it is not the one hoped for.

Errors, beside those of ``platforms.contract``::

    SourceError
    └── NotFound        404: the object is gone, or the feature is not offered; the caller knows which it asked for

Baseten's management API answers 403, not 401, to an unknown key, so both mean the same here. Error bodies come in three shapes
(``message``, ``error``, ``detail``) and, from proxies in between, in any other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from serving_exporter.platforms.contract import Malformed, NotPermitted, SourceError, Throttled, Unavailable
from serving_exporter.secrets import redact

__all__ = ["NotFound", "error_text", "failure", "http_date", "retry_after"]

_LONGEST_TEXT = 200


class NotFound(SourceError):
    """404. What it means depends on what was asked for."""


def failure(call: str, status: int, headers: Mapping[str, str], body: bytes, wall: float) -> SourceError:
    """Make the error for an answer other than 200. ``call`` names the request without ids; ``wall`` is now, for hints given as a date."""
    text = error_text(body)
    message = f"{call}: HTTP {status}" + (f": {text}" if text else "")
    if status in (401, 403):
        return NotPermitted(message)
    if status == 404:
        return NotFound(message)
    if status == 429:
        return Throttled(message, retry_after=retry_after(headers, body, wall))
    if status >= 500 or status in (408, 425):
        return Unavailable(message)
    if 300 <= status < 400:
        return Malformed(f"{call}: HTTP {status}: a redirect is not followed, as it would carry the key elsewhere")
    return SourceError(message)


def retry_after(headers: Mapping[str, str], body: bytes, wall: float) -> float | None:
    """Seconds to stay away: the body's ``retry_after``, else the header as seconds or as a date; None without a usable hint."""
    stated = _object(body).get("retry_after")
    if isinstance(stated, int | float | str) and not isinstance(stated, bool):
        seconds = _seconds(stated)
        if seconds is not None:
            return seconds
    header = headers.get("Retry-After")
    if header is None:
        return None
    seconds = _seconds(header)
    if seconds is not None:
        return seconds
    until = http_date(header)
    return None if until is None else max(0.0, until - wall)


def error_text(body: bytes) -> str:
    """Give the first of ``message``, ``error`` and ``detail`` that a JSON body has, else a short plain text; no key, one line."""
    answer = _object(body)
    for name in ("message", "error", "detail"):
        if answer.get(name):
            stated = answer[name]
            return _line(stated if isinstance(stated, str) else msgspec.json.encode(stated).decode())
    text = body[: 4 * _LONGEST_TEXT].decode("utf-8", "replace")
    # A JSON body without these fields and a page of HTML say nothing to a person in one line.
    return "" if text.lstrip()[:1] in ("<", "{", "[") else _line(text)


def http_date(text: str) -> float | None:
    """Unix seconds of an HTTP date; None for anything else."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _seconds(stated: float | str) -> float | None:
    try:
        seconds = float(stated)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _object(body: bytes) -> dict[str, Any]:
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _line(text: str) -> str:
    line = redact(" ".join("".join(character if character.isprintable() else " " for character in text).split()))
    return line if len(line) <= _LONGEST_TEXT else line[: _LONGEST_TEXT - 1] + "…"
