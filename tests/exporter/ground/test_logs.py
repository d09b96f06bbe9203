"""Log lines: one line for each record, both formats, no key."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from serving_exporter.logs import JsonFormatter, LogfmtFormatter, configure
from serving_exporter.secrets import Secret

KEY = "abcd1234.canaryCANARYcanary42"


@pytest.fixture(autouse=True)
def _restored_root() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def logged(format_name: str, level: str = "debug") -> tuple[logging.Logger, io.StringIO]:
    stream = io.StringIO()
    configure(level, format_name, stream)
    return logging.getLogger("serving_exporter.test"), stream


def test_logfmt() -> None:
    log, stream = logged("logfmt")
    log.info(
        "feed: first success after %s", "1.2 s", extra={"workspace": "default", "count": 3, "ok": True, "none": None, "text": 'a "b"\nc=d'}
    )
    line = stream.getvalue()
    assert line.count("\n") == 1
    assert line.startswith("ts=2")
    assert (
        'level=info logger=serving_exporter.test msg="feed: first success after 1.2 s" workspace=default count=3 ok=true none="" '
        'text="a \\"b\\"\\nc=d"' in line
    )


def test_json() -> None:
    log, stream = logged("json")
    log.warning("two\nlines", extra={"count": 3, "ok": False, "where": {"a": 1}})
    (line,) = stream.getvalue().splitlines()
    record = json.loads(line)
    assert record.pop("ts").endswith("Z")
    assert record == {
        "level": "warning",
        "logger": "serving_exporter.test",
        "msg": "two\nlines",
        "count": 3,
        "ok": False,
        "where": "{'a': 1}",
    }


@pytest.mark.parametrize("format_name", ["logfmt", "json"])
def test_no_key_in_message_arguments_fields_and_tracebacks(format_name: str) -> None:
    secret = Secret(KEY)
    log, stream = logged(format_name)
    try:
        raise RuntimeError(f"GET with Bearer {KEY}")
    except RuntimeError:
        log.exception("failed with %s and %s", KEY, secret, extra={"header": f"Bearer {KEY}", "parts": [KEY]}, stack_info=True)
    text = stream.getvalue()
    assert text.count("\n") == 1, "a traceback stays in its line"
    assert "Traceback" in text
    assert "canary" not in text
    assert text.count("[secret]") >= 4


def test_levels_and_a_second_call() -> None:
    log, first = logged("logfmt", "warning")
    log.info("quiet")
    assert first.getvalue() == ""
    log, second = logged("json", "info")
    log.info("loud")
    assert first.getvalue() == ""
    assert json.loads(second.getvalue())["msg"] == "loud"
    assert [type(handler.formatter) for handler in logging.getLogger().handlers].count(JsonFormatter) == 1
    assert LogfmtFormatter not in [type(handler.formatter) for handler in logging.getLogger().handlers]
