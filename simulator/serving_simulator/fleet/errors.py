"""Errors of fleet files, for people: the file, the path of the key, what was found, what is allowed.

FleetError            the fleet cannot be loaded (ValueError)
"""

from __future__ import annotations

import difflib
import re
import typing
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from serving_simulator.fleet.durations import Seconds

__all__ = ["FleetError", "explain"]

_AT = re.compile(r"^(?P<what>.*?)(?: - at `(?:key in )?\$(?P<path>[^`]*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.(\w+)|\[(\d+|\.\.\.)\]")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`")
_MISSING = re.compile(r"Object missing required field `(.*)`")
_EXPECTED = re.compile(r"Expected `?(?P<allowed>.*?)`?(?:, got .*)?$")
_TAG = re.compile(r"Invalid value '?(?P<value>[^']*)'?")


class FleetError(ValueError):
    """A fleet file that cannot be used. The text names the file, the key's path, what was found and what is allowed."""


def explain(error: msgspec.ValidationError, document: Any, root: type) -> str:
    """Turn msgspec's message into ``path: found X, allowed: Y``."""
    match = _AT.match(str(error))
    what, path = (match["what"], match["path"] or "") if match else (str(error), "")
    steps = [name or index for name, index in _STEP.findall(path)]
    where = path.lstrip(".")
    if unknown := _UNKNOWN.match(what):
        names = _field_names(root, document, steps)
        close = difflib.get_close_matches(unknown[1], names, 1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        return f"{_join(where, unknown[1])}: found an unknown key{hint}, allowed: {', '.join(names)}"
    if missing := _MISSING.match(what):
        return f"{_join(where, missing[1])}: found nothing, allowed: this key is required"
    found = _value(document, steps)
    tag = steps[-1:] and _TAG.match(what)
    if tag and steps[-1] in {"kind", "action"}:
        return f"{where}: found {found!r}, allowed: {', '.join(sorted(_tags(root, document, steps[:-1])))}"
    expected = _EXPECTED.match(what)
    allowed = expected["allowed"].replace("`", "") if expected else ", ".join(_literals(root, document, steps)) or what
    return f"{where or 'the file'}: found {_short(found)}, allowed: {allowed}"


def _join(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _value(document: Any, steps: Iterable[str]) -> Any:
    for step in steps:
        try:
            document = document[int(step)] if isinstance(document, list | tuple) else document[step]
        except (KeyError, IndexError, TypeError, ValueError):
            return None
    return document


def _field_names(root: type, document: Any, steps: list[str]) -> list[str]:
    return sorted({field.encode_name for struct in _structs(root, document, steps) for field in msgspec.structs.fields(struct)})


def _tags(root: type, document: Any, steps: list[str]) -> list[str]:
    return [str(struct.__struct_config__.tag) for struct in _structs(root, document, steps, any_tag=True)]


def _literals(root: type, document: Any, steps: list[str]) -> list[str]:
    kinds = list(_alternatives(root))
    for depth, step in enumerate(steps):
        kinds = [inner for kind in _matching(kinds, _value(document, steps[:depth])) for inner in _inside(kind, step)]
    return sorted(kind for kind in kinds if isinstance(kind, str))


def _structs(root: type, document: Any, steps: list[str], *, any_tag: bool = False) -> list[Any]:
    """Return the struct types that may stand at ``steps``, with the tag of the document considered."""
    kinds = list(_alternatives(root))
    for depth, step in enumerate(steps):
        kinds = [inner for kind in _matching(kinds, _value(document, steps[:depth])) for inner in _inside(kind, step)]
    return [kind for kind in (kinds if any_tag else _matching(kinds, _value(document, steps))) if _is_struct(kind)]


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _matching(kinds: list[Any], value: Any) -> list[Any]:
    def fits(kind: Any) -> bool:
        config = getattr(kind, "__struct_config__", None)
        return config is None or config.tag_field is None or not isinstance(value, dict) or value.get(config.tag_field) == config.tag

    return [kind for kind in kinds if fits(kind)]


def _inside(kind: Any, step: str) -> Iterator[Any]:
    if _is_struct(kind):
        hints = typing.get_type_hints(kind)
        if step in hints:
            yield from _alternatives(hints[step])
    else:
        for argument in typing.get_args(kind):
            if argument is not Ellipsis:
                yield from _alternatives(argument)


def _alternatives(kind: Any) -> Iterator[Any]:
    arguments = typing.get_args(kind)
    if arguments and typing.get_origin(kind) not in {tuple, list, dict} and kind is not Seconds:
        for argument in arguments:
            yield from _alternatives(argument)
    else:
        yield kind
