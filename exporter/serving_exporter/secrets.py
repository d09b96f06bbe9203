"""API keys: a value that does not show itself, where it comes from, and the last line of defence that blots it out of text.

Errors::

    SecretError
    ├── SecretMissing      the variable is not set, or the file is not there or cannot be read
    └── SecretInvalid      the value is empty, or holds white space or control characters

No error of this module, and no ``repr``, ``str`` or ``format`` of its objects, holds a key.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import weakref
from pathlib import Path
from typing import NoReturn

__all__ = ["KeySource", "Secret", "SecretError", "SecretInvalid", "SecretMissing", "redact"]

_log = logging.getLogger(__name__)

_MASK = "[secret]"
_LARGEST_FILE = 64 * 1024  # a key has tens of bytes; a path that points at a dump or a device must not be read to its end
_SHORTEST = 6  # blotting out a shorter one would only garble the text, and show by that what it is
_LONG_ENOUGH = 16  # from here on the part behind the dot cannot be an ordinary word

# Weak: a key that rotation has replaced is forgotten with its last user. By identity: two equal secrets live and die apart.
_known: weakref.WeakValueDictionary[int, Secret] = weakref.WeakValueDictionary()


class SecretError(Exception):
    """A key cannot be had. The text says where it was looked for and never holds it."""


class SecretMissing(SecretError):
    """Nothing is there: a variable that is not set, a file that is absent or unreadable."""


class SecretInvalid(SecretError):
    """Something is there that cannot be a key: empty, or with white space or control characters inside."""


class Secret:
    """A key. Only ``reveal`` gives the value; everything else that a program does to show an object shows a mask."""

    __slots__ = ("__weakref__", "_value")

    def __init__(self, value: str) -> None:
        self._value = value
        _known[id(self)] = self

    def reveal(self) -> str:
        """Give the value itself: for the request header and nothing else."""
        return self._value

    @property
    def digest(self) -> str:
        """A name for this key that does not lead back to it: 16 hexadecimal digits of its SHA-256."""
        return hashlib.sha256(self._value.encode()).hexdigest()[:16]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __repr__(self) -> str:
        return f"Secret({_MASK})"

    def __str__(self) -> str:
        return _MASK

    def __format__(self, spec: str) -> str:
        return _MASK

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not written anywhere")


def redact(text: str) -> str:
    """``text`` without any key that the process knows, for logs and error texts; the part of a key behind its public prefix counts too."""
    for secret in list(_known.values()):
        value = secret.reveal()
        if len(value) >= _SHORTEST:
            text = text.replace(value, _MASK)
        _, _, private_part = value.partition(".")
        if len(private_part) >= _LONG_ENOUGH:
            text = text.replace(private_part, _MASK)
    return text


def checked(value: str, origin: str) -> Secret:
    """``value`` as a key, without the line ending that editors and ``echo`` put behind it.

    Raises ``SecretInvalid`` naming ``origin`` when it is empty or holds white space or control characters, which no header may carry.
    """
    value = value.rstrip("\r\n")
    if not value:
        raise SecretInvalid(f"{origin} is empty; allowed: an API key")
    for position, character in enumerate(value, start=1):
        if not character.isascii() or not character.isprintable() or character.isspace():
            ascii_kind = "white space" if character.isspace() else "a control character"
            kind = ascii_kind if character.isascii() else "a character that is not ASCII"
            raise SecretInvalid(f"{origin} holds {kind} at position {position} of {len(value)}; allowed: an API key without any")
    return Secret(value)


def read_key_file(path: Path) -> Secret:
    """Read the key in a file. Blocking. Raises ``SecretMissing`` or ``SecretInvalid`` naming the file."""
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise SecretMissing(f"key file {path}: {error.strerror or type(error).__name__}") from None
    if len(content) > _LARGEST_FILE:
        raise SecretInvalid(f"key file {path} is larger than {_LARGEST_FILE} bytes; allowed: one API key")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise SecretInvalid(f"key file {path} is not text (UTF-8); allowed: one API key") from None
    return checked(text, f"key file {path}")


class KeySource:
    """Where one key comes from: given once (inline, or from a variable), or a file that is read again whenever it changes.

    ``origin`` names the place for people: ``variable BASETEN_API_KEY``, ``key file /run/secrets/key``.
    """

    def __init__(self, *, secret: Secret | None = None, path: Path | None = None, origin: str = "configuration") -> None:
        if (secret is None) == (path is None):
            raise ValueError("a key has exactly one source: a value or a file")
        self._secret = secret
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._failing = False
        self.origin = f"key file {path}" if path is not None else origin

    def __repr__(self) -> str:
        return f"KeySource({self.origin})"

    async def current(self) -> Secret:
        """Give the key to use now; a changed file is read again.

        While a file that was read before is absent or broken, its last key stays in use: rotation replaces files in more than one step.
        Raises ``SecretError`` when there has never been a key.
        """
        await self._update(force=False)
        if self._secret is None:
            raise SecretMissing(f"{self.origin} has not been read")
        return self._secret

    async def refresh(self) -> bool:
        """Read the file again even if it looks unchanged, as the platform has just refused the key; True when it is another one now."""
        before = self._secret
        await self._update(force=True)
        return self._secret != before

    async def _update(self, *, force: bool) -> None:
        if self._path is None:
            return
        try:
            stamp, secret = await asyncio.to_thread(_read_if_changed, self._path, None if force else self._seen)
        except SecretError as error:
            if self._secret is None:
                raise
            if not self._failing:
                _log.warning("%s; the last key stays in use", error)
            self._failing = True
            return
        if self._failing:
            _log.info("%s can be read again", self.origin)
        self._failing = False
        self._seen = stamp
        if secret is not None:
            self._secret = secret


def _read_if_changed(path: Path, seen: tuple[int, int, int] | None) -> tuple[tuple[int, int, int], Secret | None]:
    """Return the file's stamp and key, no key when the stamp is still ``seen``. The stamp is taken first: a later write is never missed."""
    try:
        status = path.stat()
    except OSError as error:
        raise SecretMissing(f"key file {path}: {error.strerror or type(error).__name__}") from None
    # The inode too: mounted secrets are replaced by switching a symbolic link, which may keep time and size.
    stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
    return stamp, None if stamp == seen else read_key_file(path)
