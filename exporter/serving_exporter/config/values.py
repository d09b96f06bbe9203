"""The kinds of values that a configuration holds: how each is read from YAML and what is said when it cannot be.

A ``Kind`` turns what YAML gave into what the program uses, or raises ``ValueError``; its ``allowed`` text ends every error about it and
stands in the documentation.

Errors::

    ValueError
    └── NotAllowed      its text says what is allowed, more exactly than the kind's does
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from serving_exporter.config.errors import without_quotes
from serving_exporter.secrets import Secret, SecretError, checked

__all__ = [
    "ADDRESS",
    "COUNT",
    "DURATION",
    "FEED_LIMIT",
    "FEED_REQUESTS",
    "INTERVAL",
    "KEY",
    "NAME",
    "ORDINAL",
    "PATH",
    "PROXY",
    "SELECTOR",
    "SHARDS",
    "Address",
    "Kind",
    "NotAllowed",
    "Selector",
    "template",
]


FEED_LIMIT = 6
"""Requests a minute that the platform's feed answers for an organization, to everybody together."""


class NotAllowed(ValueError):
    """A value cannot be used; the text says what is allowed."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of value.

    ``expands`` says that ``${VARIABLE}`` in it is replaced, ``secret`` that it is never shown; ``json`` describes it in the JSON Schema.
    """

    read: Callable[[Any], Any]
    allowed: str
    json: dict[str, Any]
    expands: bool = False
    secret: bool = False


class Address(msgspec.Struct, frozen=True):
    """Where a server listens. An empty host in the configuration means every address of this machine."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Selector(msgspec.Struct, frozen=True):
    """A name to match: the text itself, or, written ``/…/``, a regular expression that must match the whole name."""

    text: str

    def matches(self, name: str) -> bool:
        """Whether the whole name matches."""
        if len(self.text) > 1 and self.text.startswith("/") and self.text.endswith("/"):
            return re.fullmatch(self.text[1:-1], name) is not None  # re caches compiled patterns
        return name == self.text


_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[smhd]))+")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhd])")


def _duration(least: float) -> Callable[[Any], float]:
    def read(value: Any) -> float:
        seconds = math.nan
        if isinstance(value, int | float) and not isinstance(value, bool):
            seconds = float(value)
        elif isinstance(value, str) and _DURATION.fullmatch(value.strip()):
            seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(value))
        if not least <= seconds < math.inf:
            raise ValueError
        return seconds

    return read


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError
    return value.strip()


def _name(value: Any) -> str:
    text = _text(value)
    if len(text) > 100 or not text.isprintable():
        raise ValueError
    return text


def _address(value: Any) -> Address:
    host, separator, port = _text(value).rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    if not separator or not port.isascii() or not port.isdigit() or int(port) > 65535 or (":" in bare) != host.startswith("["):
        raise ValueError
    if not re.fullmatch(r"[A-Za-z0-9.:_%-]*", bare):
        raise ValueError
    return Address(bare or "0.0.0.0", int(port))  # noqa: S104 - the documented meaning of an empty host


def _selector(value: Any) -> Selector:
    text = _text(value)
    if text.startswith("/") and text.endswith("/") and len(text) > 1:
        try:
            re.compile(text[1:-1])
        except (re.error, RecursionError, OverflowError) as error:
            raise NotAllowed(f"a regular expression between slashes that can be read ({without_quotes(str(error))})") from None
    return Selector(text)


def _ordinal(value: Any) -> int:
    # A pod of a StatefulSet knows its name, and only the end of it is a number.
    digits = re.fullmatch(r"(?:.*-)?([0-9]{1,6})", value.strip()) if isinstance(value, str) else None
    if digits:
        return int(digits[1])
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError
    return value


def _shards(value: Any) -> int:
    return _count(int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value)


def _feed_requests(value: Any) -> int:
    count = _count(value)
    if count > FEED_LIMIT:
        raise ValueError
    return count


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError
    return value


def _key(value: Any) -> Secret:
    if not isinstance(value, str):
        raise ValueError
    try:
        return checked(value, "it")
    except SecretError as error:
        found, _, _ = str(error).partition(";")
        raise NotAllowed(f"an API key without spaces and control characters ({found})") from None


def _path(value: Any) -> Path:
    text = _text(value)
    if "\0" in text:
        raise ValueError
    return Path(text)


def _url(value: Any, *, schemes: tuple[str, ...], userinfo: bool = False) -> str:
    text = _text(value).rstrip("/")
    parts = urlsplit(text)
    port = parts.port  # raises ValueError itself
    if parts.scheme not in schemes or not parts.hostname or parts.query or parts.fragment or port == 0:
        raise ValueError
    if not text.isascii() or any(character.isspace() for character in text):
        raise ValueError
    if "@" in parts.netloc and not userinfo:
        raise NotAllowed("a URL without user name and password")
    return text


def template(*placeholders: str) -> Kind:
    """Make the kind of a host's URL in which each of ``placeholders`` occurs and nothing else stands in braces."""

    def read(value: Any) -> str:
        text = _text(value)
        if sorted(set(re.findall(r"\{([^{}]*)\}", text))) != sorted(placeholders):
            raise ValueError
        bare = re.sub(r"\{[^{}]*\}", "x", text)
        if "{" in bare or "}" in bare:
            raise ValueError
        _url(bare, schemes=("http", "https"))
        return text.rstrip("/")

    holding = "".join(f" with {{{name}}} in it" for name in placeholders)
    return Kind(
        read,
        f"a URL that begins with http:// or https://{holding}, without user name and query",
        {"type": "string", "format": "uri"},
        expands=True,
    )


_SECONDS_OR_TEXT = {"type": ["number", "string"], "pattern": f"^{_DURATION.pattern}$"}

DURATION = Kind(_duration(1.0), "a duration such as 30s, 5m or 1h30m, or a number of seconds, at least 1s", _SECONDS_OR_TEXT)
INTERVAL = Kind(_duration(10.0), "a duration such as 30s, 5m or 1h30m, or a number of seconds, at least 10s", _SECONDS_OR_TEXT)
NAME = Kind(_name, "a printable text of 1 to 100 characters", {"type": "string", "minLength": 1, "maxLength": 100})
ADDRESS = Kind(_address, "HOST:PORT such as 0.0.0.0:9816, 127.0.0.1:9816 or [::]:9816", {"type": "string"})
SELECTOR = Kind(_selector, "a name, or a regular expression between slashes such as /llama-.*/", {"type": "string", "minLength": 1})
FEED_REQUESTS = Kind(_feed_requests, f"a whole number from 1 to {FEED_LIMIT}", {"type": "integer", "minimum": 1, "maximum": FEED_LIMIT})
ORDINAL = Kind(
    _ordinal,
    "a whole number, at least 0, or the name of a pod that ends in one, such as serving-exporter-2",
    {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": "^(.*-)?[0-9]{1,6}$"}]},
)
SHARDS = Kind(_shards, "a whole number, at least 1", {"type": "integer", "minimum": 1})
COUNT = Kind(_count, "a whole number, at least 1", {"type": "integer", "minimum": 1})
PATH = Kind(_path, "a path", {"type": "string", "minLength": 1})
KEY = Kind(_key, "an API key as text, or ${VARIABLE}", {"type": "string", "minLength": 1}, expands=True, secret=True)
PROXY = Kind(
    lambda value: Secret(_url(value, schemes=("http", "https"), userinfo=True)),
    "a URL that begins with http:// or https://",
    {"type": "string", "format": "uri"},
    expands=True,
    secret=True,
)
