"""Log lines: one line for each record, logfmt or JSON, and no key in any of them.

Keys are kept out of logs where they are used; the formatter here is the last line of defence and blots out every key that the process
knows, in the message, in its arguments, in extra fields and in tracebacks. Fields given as ``extra={"source": "feed"}`` become fields of
the line.
"""

from __future__ import annotations

import datetime
import logging
import re
import sys
from collections.abc import Iterator
from typing import Any, TextIO

import msgspec

from serving_exporter.secrets import redact

__all__ = ["JsonFormatter", "LogfmtFormatter", "configure"]

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_BARE = re.compile(r"[^\s\"=\\\x00-\x1f\x7f]+")


class _Fields(logging.Formatter):
    """Turns a record into (name, value) pairs in a fixed order, every text without keys."""

    def fields(self, record: logging.LogRecord) -> Iterator[tuple[str, Any]]:
        moment = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        yield "ts", moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        yield "level", record.levelname.lower()
        yield "logger", record.name
        yield "msg", redact(record.getMessage())
        for name, value in vars(record).items():
            if name not in _STANDARD:
                yield name, value if value is None or isinstance(value, bool | int | float) else redact(str(value))
        if record.exc_info:
            yield "exception", redact(self.formatException(record.exc_info))
        if record.stack_info:
            yield "stack", redact(record.stack_info)


class LogfmtFormatter(_Fields):
    """``ts=… level=info logger=… msg="…" source=feed``; values with spaces, quotes or line ends are quoted and escaped."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one line."""
        return " ".join(f"{name}={_quoted(value)}" for name, value in self.fields(record))


class JsonFormatter(_Fields):
    """One JSON object in a line, with the same fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one line."""
        return msgspec.json.encode(dict(self.fields(record))).decode()


def configure(level: str = "info", format: str = "logfmt", stream: TextIO | None = None) -> None:  # noqa: A002 - the word of the configuration
    """Send records of at least ``level`` to ``stream`` (standard error) as ``logfmt`` or ``json``. May be called again after a reload."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if format == "json" else LogfmtFormatter())
    root = logging.getLogger()
    for old in [each for each in root.handlers if isinstance(each.formatter, _Fields)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())


def _quoted(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = "" if value is None else str(value)
    return text if _BARE.fullmatch(text) else msgspec.json.encode(text).decode()
