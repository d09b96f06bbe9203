"""How configuration errors are worded: file, path of the key, what was found, what is allowed, line; and never a key.

Keys end up in the wrong place (``api_keys: abcd1234.secret``, a key as the whole file), so a value is described by type and length instead
of being quoted wherever its name or its looks suggest a secret.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from serving_exporter.secrets import redact

__all__ = ["ConfigError", "KeyPath", "dotted", "looks_secret", "shown", "without_quotes"]

KeyPath = tuple[str | int, ...]
"""Where a value stands: ``("workspaces", 1, "hosts", "app")``."""

_LONGEST_QUOTE = 60
_SECRET_NAME = re.compile(r"key|token|secret|passw|credential|auth|proxy", re.IGNORECASE)
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")
_SECRET_LOOK = re.compile(
    r"""bearer\s | api-key\s | ://[^/]*@            # header values, URLs with a password
      | ^[A-Za-z0-9]{4,}\.[A-Za-z0-9_-]{6,}$       # prefix.secret
      | [A-Za-z0-9]{6,}\.[A-Za-z0-9_-]{12,}         # the same within other text
      | (?=[A-Za-z_-]*\d)(?=[\d_-]*[A-Za-z])[A-Za-z0-9_-]{20,}""",
    re.IGNORECASE | re.VERBOSE,
)


class ConfigError(Exception):
    """The configuration cannot be used. ``problems`` has one line for each mistake, and ``str`` all of them."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(redact(problem) for problem in problems)
        super().__init__("\n".join(self.problems))


def looks_secret(text: str) -> bool:
    """Whether a text may be a key: then it is not quoted. It errs on the side of silence."""
    return _SECRET_LOOK.search(text) is not None


def dotted(path: KeyPath) -> str:
    """Write a path as people do: ``workspaces[1].sources.feed.interval``; names that may be keys are described."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            plain = _PLAIN_NAME.fullmatch(part) and not looks_secret(part)
            text += ("." if text else "") + (part if plain else f"(a name of {len(part)} characters)")
    return text


def shown(value: Any, path: KeyPath = (), *, secret: bool = False) -> str:
    """Describe a value that was found: quoted, or by type and length where it may be a secret."""
    secret = secret or any(isinstance(part, str) and _SECRET_NAME.search(part) for part in path)
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return "a number" if secret else repr(value)
        case str():
            quotable = not secret and len(value) <= _LONGEST_QUOTE and not looks_secret(value)
            return repr(value) if quotable else f"a text of {len(value)} characters"
        case list():
            return f"a list of {len(value)}"
        case dict():
            return "a mapping"
        case _:
            return f"a value of type {type(value).__name__}"


def without_quotes(message: str) -> str:
    """Take what other libraries quote from the file out of their messages; a punctuation mark or a ``<token>`` may stay."""
    return re.sub(r"'([^']*)'", lambda match: match[0] if len(match[1]) < 3 or match[1].startswith("<") else "'…'", message)
