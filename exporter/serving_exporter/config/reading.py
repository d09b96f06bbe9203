"""Turns plain values into the structs of the schema and finds every mistake on the way, not only the first."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import NODEFAULT, inspect

from serving_exporter.config.errors import KeyPath, looks_secret, shown
from serving_exporter.config.values import Kind, NotAllowed

__all__ = ["Reader"]

_CONVENTIONAL = re.compile(r"[A-Z_][A-Z0-9_]*")
_VARIABLE = re.compile(r"\$\{([^{}]*)\}")

Report = Callable[[KeyPath, str, str], None]
"""Takes the path, what was found and what is allowed."""


class Reader:
    """Reads values by the types of the schema.

    A value with a mistake is reported and replaced by its default, so that reading goes on. ``verbatim`` names the paths whose values came
    from the environment already and in which ``${VARIABLE}`` means nothing.
    """

    def __init__(self, environ: Mapping[str, str], report: Report, verbatim: frozenset[KeyPath] = frozenset()) -> None:
        self._environ = environ
        self._report = report
        self._verbatim = verbatim

    def struct(self, kind: type, value: Any, path: KeyPath = (), base: Any = None) -> Any:
        """Read a struct; what ``value`` lacks comes from ``base``, a struct of the same type, or from the type's defaults."""
        if value is None:
            value = {}
        if not isinstance(value, dict):
            self._report(path, shown(value, path, secret=not path), "a mapping")
            value = {}
        info = inspect.type_info(kind)
        if not isinstance(info, inspect.StructType):
            raise TypeError(f"{kind} is not a struct")
        names = [field.name for field in info.fields]
        for name in value:
            if name not in names:
                self._unknown(path, name, names)
        result = {}
        for field in info.fields:
            default = getattr(base, field.name) if base is not None else field.default
            if default is NODEFAULT:
                raise TypeError(f"{kind.__name__}.{field.name} has no default")
            result[field.name] = (
                self._value(field.type, value[field.name], (*path, field.name), default) if field.name in value else default
            )
        return kind(**result)

    def _value(self, info: inspect.Type, value: Any, path: KeyPath, default: Any) -> Any:
        match info:
            case inspect.Metadata(type=inner, extra=extra):
                kind = (extra or {}).get("kind")
                return self._value(inner, value, path, default) if kind is None else self._leaf(kind, value, path, default)
            case inspect.UnionType(types=types):
                inner = next(each for each in types if not isinstance(each, inspect.NoneType))
                return None if value is None else self._value(inner, value, path, default)
            case inspect.StructType(cls=cls):
                return self.struct(cls, value, path, default)
            case inspect.VarTupleType(item_type=item_type):
                return self._list(item_type, value, path)
            case inspect.LiteralType(values=values):
                return self._choice([str(each) for each in values], value, path, default)
            case inspect.BoolType():
                if isinstance(value, bool):
                    return value
                self._report(path, shown(value, path), "true or false")
                return default
        raise TypeError(f"the schema has a type that cannot be read: {info}")

    def _leaf(self, kind: Kind, value: Any, path: KeyPath, default: Any) -> Any:
        found = shown(value, path, secret=kind.secret)
        if kind.expands and isinstance(value, str) and path not in self._verbatim:
            names = _VARIABLE.findall(value)
            missing = [name for name in names if not self._environ.get(name)]
            if missing:
                # Not what stands around the variable: that may be the other half of a key. And a key may stand in the braces.
                name = missing[0]
                safe = _CONVENTIONAL.fullmatch(name) or not looks_secret(name)
                self._report(path, f"${{{name}}}, and the variable {name} is not set" if safe else found, kind.allowed)
                return default
            value = _VARIABLE.sub(lambda match: self._environ[match[1]], value)
        try:
            return kind.read(value)
        except ValueError as error:
            self._report(path, found, str(error) if isinstance(error, NotAllowed) else kind.allowed)
            return default

    def _list(self, item_type: inspect.Type, value: Any, path: KeyPath) -> tuple[Any, ...]:
        if value is None:
            return ()
        if not isinstance(value, list):
            self._report(path, shown(value, path), "a list")
            return ()
        return tuple(self._value(item_type, item, (*path, index), None) for index, item in enumerate(value))

    def _choice(self, values: list[str], value: Any, path: KeyPath, default: Any) -> Any:
        if isinstance(value, str) and value in values:
            return value
        self._report(path, shown(value, path), ", ".join(values))
        return default

    def _unknown(self, path: KeyPath, name: str, names: list[str]) -> None:
        close = difflib.get_close_matches(name, names, n=1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        self._report((*path, name), f"a key that is not known{hint}", ", ".join(names))
