"""The kinds of single values that an overrides file holds."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

from serving_rules.model import Severity
from serving_rules.overrides.shape import Leaf, NotAllowed
from serving_rules.promql import number as spelled

__all__ = [
    "ANNOTATION",
    "BASE_URL",
    "FLAG",
    "LABEL_NAME",
    "LABEL_VALUE",
    "MATCHED",
    "RECEIVER",
    "SELECTOR",
    "SEVERITY",
    "duration",
    "number",
]

_NAME = r"[a-zA-Z_][a-zA-Z0-9_]*"
_ESCAPE = r"""\\(?:[abfnrtv\\"]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[0-7]{3})"""
_MATCHER = re.compile(rf"""\s*(?P<label>{_NAME})\s*(?P<operator>=~|!~|!=|=)\s*"(?P<value>(?:[^"\\\n]|{_ESCAPE})*)"\s*""")
_INTEGRATION = re.compile(r"[a-z0-9]+_configs")
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_SECONDS = (86400, 3600, 60, 1)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _label_name(value: Any) -> str:
    text = _text(value)
    if not re.fullmatch(_NAME, text) or text.startswith("__"):
        raise ValueError
    return text


def _label_value(value: Any) -> str:
    text = _text(value)
    if "{{" in text:
        raise NotAllowed("a fixed text: a label whose value changes makes a new alert each time it does")
    if not text.isprintable():
        raise ValueError
    return text


def _annotation(value: Any) -> str:
    text = _text(value)
    if re.sub(r"\{\{.*?\}\}", "", text, flags=re.DOTALL).count("{{") or text.count("{{") != text.count("}}"):
        raise NotAllowed("a text in which every {{ has its }}")
    return text


def _base_url(value: Any) -> str:
    text = _text(value).rstrip("/")
    if not re.fullmatch(r"(?:https?://[^\s/?#{}\"'<>\\]+)?[^\s?#:{}\"'<>\\]*", text):
        raise ValueError
    return text


def _receiver(value: Any) -> dict[str, Any]:
    lists = isinstance(value, dict) and all(
        isinstance(each, list) and all(isinstance(one, dict) for one in each) for each in value.values()
    )
    if not lists or not all(isinstance(name, str) and _INTEGRATION.fullmatch(name) for name in value):
        raise ValueError
    return dict(value)


def _selector(value: Any) -> str:
    text = _text(value).strip()
    position, matchers = 0, []
    while position < len(text):
        match = _MATCHER.match(text, position)
        if match is None or match["label"] == "__name__":
            raise ValueError
        if "~" in match["operator"]:
            _check_regexp(match["value"])
        matchers.append(match.group(0).strip())
        position = match.end()
        if position < len(text):
            if text[position] != ",":
                raise ValueError
            position += 1
    return ",".join(matchers)


def _check_regexp(literal: str) -> None:
    try:
        re.compile(re.sub(r'\\([\\"])', r"\1", literal))
    except (re.error, RecursionError, OverflowError) as error:
        raise NotAllowed(f"a regular expression that can be read ({error})") from None


def duration(longest: str, why: str) -> Leaf:
    """Make the kind of durations as Prometheus writes them, at most ``longest``."""

    def convert(value: Any) -> str:
        text = "0s" if value == 0 and not isinstance(value, bool) else _text(value)
        if _seconds(text) > _seconds(longest):
            raise NotAllowed(f"a duration from 0s to {longest}: {why}")
        return text

    allowed = f"a duration such as 90s, 10m or 1h30m, from 0s to {longest}"
    pattern = r"^(?=\d)(\d+d)?(\d+h)?(\d+m)?(\d+s)?$"
    return Leaf(convert, allowed, {"anyOf": [{"type": "string", "pattern": pattern}, {"const": 0}]})


def _seconds(text: str) -> int:
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        raise ValueError
    return sum(int(part or 0) * size for part, size in zip(match.groups(), _SECONDS, strict=True))


def number(minimum: float, maximum: float, unit: str = "") -> Leaf:
    """Make the kind of numbers in a range."""

    def convert(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or not minimum <= value <= maximum:
            raise ValueError
        return value

    allowed = f"a number from {spelled(minimum)} to {spelled(maximum)}" + (f" ({unit})" if unit else "")
    return Leaf(convert, allowed, {"type": "number", "minimum": minimum, "maximum": maximum})


def _choice(values: Iterable[str]) -> Leaf:
    known = list(values)

    def convert(value: Any) -> str:
        if value not in known:
            raise ValueError
        return str(value)

    return Leaf(convert, ", ".join(known), {"enum": known})


_NAME_JSON = {"type": "string", "pattern": f"^(?!__){_NAME}$"}

FLAG = Leaf(_flag, "true or false", {"type": "boolean"})
SEVERITY = _choice(Severity)
SELECTOR = Leaf(
    _selector,
    'label matchers as PromQL writes them between braces, such as job="serving-exporter",cluster=~"eu-.*"',
    {"type": "string", "minLength": 1},
)
LABEL_NAME = Leaf(_label_name, "a label name: letters, digits and underscores, no digit first, not __", _NAME_JSON)
LABEL_VALUE = Leaf(_label_value, "a text of one line, in quotes where YAML would read a number or true", {"type": "string", "minLength": 1})
MATCHED = Leaf(
    _text, "the exact value of the label as a text, in quotes where YAML would read a number", {"type": "string", "minLength": 1}
)
ANNOTATION = Leaf(_annotation, "a text; {{ }} is Prometheus' template language", {"type": "string", "minLength": 1})
RECEIVER = Leaf(
    _receiver,
    "what Alertmanager takes below a receiver's name: lists such as webhook_configs, slack_configs or pagerduty_configs",
    {
        "type": "object",
        "patternProperties": {f"^{_INTEGRATION.pattern}$": {"type": "array", "items": {"type": "object"}}},
        "additionalProperties": False,
    },
)
BASE_URL = Leaf(
    _base_url,
    "an http:// or https:// URL or a path, without query and fragment",
    {"type": "string", "pattern": "^[^\\s?#{}]*$"},
)
