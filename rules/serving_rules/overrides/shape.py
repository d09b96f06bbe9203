"""Of what an overrides file is built: each node reads its values, and describes itself in the JSON Schema.

Reading never stops at a mistake. A value with one is reported and left out, so that one run names them all.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from serving_rules.overrides.document import KeyPath, Report, shown

__all__ = ["ABSENT", "Either", "Items", "Keyed", "Leaf", "Node", "NotAllowed", "Shared", "Table", "definitions"]

ABSENT: Any = object()
"""Stands for a value that could not be read."""


class NotAllowed(ValueError):
    """A value cannot be used; the text says what is allowed, more exactly than its leaf does."""


class Node(Protocol):
    """One place of the file."""

    def read(self, value: Any, path: KeyPath, report: Report) -> Any:
        """Return what the value means, or ABSENT after reporting what is wrong with it."""
        ...

    def schema(self) -> dict[str, Any]:
        """Describe the place in JSON Schema."""
        ...


@dataclass(frozen=True, slots=True)
class Leaf:
    """A single value. ``convert`` returns what it means or raises ValueError; ``allowed`` ends every error about it."""

    convert: Callable[[Any], Any]
    allowed: str
    json: Mapping[str, Any]
    description: str = ""
    default: Any = ABSENT

    def described(self, description: str, default: Any = ABSENT) -> Leaf:
        """Return the same kind of value with a text of its own."""
        return Leaf(self.convert, self.allowed, self.json, description, default)

    def read(self, value: Any, path: KeyPath, report: Report) -> Any:
        """See ``Node``."""
        try:
            return self.convert(value)
        except ValueError as error:
            report(path, shown(value), str(error) if isinstance(error, NotAllowed) else self.allowed)
            return ABSENT

    def schema(self) -> dict[str, Any]:
        """See ``Node``."""
        default = {} if self.default is ABSENT else {"default": self.default}
        return {**_text(self.description), **self.json, **default}


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping with known keys."""

    fields: Mapping[str, Node]
    description: str = ""
    required: Sequence[str] = ()
    least: int = 0

    def read(self, value: Any, path: KeyPath, report: Report) -> Any:
        """See ``Node``: a mapping of the keys that could be read."""
        if value is None and not self.required and not self.least:
            return {}
        if not isinstance(value, dict):
            report(path, shown(value), f"a mapping of {', '.join(self.fields)}")
            return ABSENT
        found = {}
        for name, item in value.items():
            if name in self.fields:
                found[name] = self.fields[name].read(item, (*path, name), report)
            else:
                close = difflib.get_close_matches(name, self.fields, n=1)
                hint = f" (did you mean {close[0]}?)" if close else ""
                report((*path, name), f"a key that is not known{hint}", ", ".join(self.fields))
        missing = [name for name in self.required if name not in value]
        if missing:
            report(path, f"no {' and no '.join(missing)}", f"a mapping with {' and '.join(self.required)}")
        if len(value) < self.least:
            report(path, "an empty mapping", f"at least {self.least} of {', '.join(self.fields)}")
        return {name: each for name, each in found.items() if each is not ABSENT}

    def schema(self) -> dict[str, Any]:
        """See ``Node``."""
        required = {"required": list(self.required)} if self.required else {}
        least = {"minProperties": self.least} if self.least else {}
        nothing = "object" if required or least else ["object", "null"]
        properties = {name: node.schema() for name, node in self.fields.items()}
        return {**_text(self.description), "type": nothing, "properties": properties, **required, **least, "additionalProperties": False}


@dataclass(frozen=True, slots=True)
class Keyed:
    """A mapping whose keys users choose. ``forbidden`` names those that are taken."""

    key: Leaf
    value: Node
    description: str = ""
    forbidden: Sequence[str] = field(default=())

    def read(self, value: Any, path: KeyPath, report: Report) -> Any:
        """See ``Node``."""
        if value is None:
            return {}
        if not isinstance(value, dict):
            report(path, shown(value), f"a mapping; each key {self.key.allowed}")
            return ABSENT
        found = {}
        for name, item in value.items():
            place = (*path, name)
            if name in self.forbidden:
                report(place, "a name that is taken", f"{self.key.allowed}, except {', '.join(self.forbidden)}")
            elif self.key.read(name, place, report) is not ABSENT:
                found[name] = self.value.read(item, place, report)
        return {name: each for name, each in found.items() if each is not ABSENT}

    def schema(self) -> dict[str, Any]:
        """See ``Node``."""
        taken = {"not": {"enum": list(self.forbidden)}} if self.forbidden else {}
        names = {**self.key.json, **taken}
        return {**_text(self.description), "type": ["object", "null"], "propertyNames": names, "additionalProperties": self.value.schema()}


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    item: Node
    description: str = ""
    default: Sequence[Any] | None = None

    def read(self, value: Any, path: KeyPath, report: Report) -> Any:
        """See ``Node``: a tuple, in which ABSENT keeps the place of an item that could not be read."""
        if not isinstance(value, list) or not value:
            report(path, "an empty list" if isinstance(value, list) else shown(value), "a list")
            return ABSENT
        return tuple(self.item.read(item, (*path, index), report) for index, item in enumerate(value))

    def schema(self) -> dict[str, Any]:
        """See ``Node``."""
        default = {} if self.default is None else {"default": list(self.default)}
        return {**_text(self.description), "type": "array", "minItems": 1, "items": self.item.schema(), **default}


@dataclass(frozen=True, slots=True)
class Either:
    """A single value or a mapping."""

    leaf: Leaf
    table: Table
    description: str

    def read(self, value: Any, path: KeyPath, report: Report) -> Any:
        """See ``Node``."""
        return (self.table if isinstance(value, dict) else self.leaf).read(value, path, report)

    def schema(self) -> dict[str, Any]:
        """See ``Node``."""
        default = {} if self.leaf.default is ABSENT else {"default": self.leaf.default}
        one = {name: value for name, value in self.leaf.schema().items() if name != "default"}
        return {"description": self.description, **default, "oneOf": [one, self.table.schema()]}


@dataclass(frozen=True, slots=True)
class Shared:
    """A place that many others look like: the schema describes it once, under ``name`` of ``$defs``."""

    name: str
    node: Node
    description: str = ""
    default: Any = ABSENT

    def described(self, description: str, default: Any = ABSENT) -> Shared:
        """Return the same place with a text of its own."""
        return Shared(self.name, self.node, description, default)

    def read(self, value: Any, path: KeyPath, report: Report) -> Any:
        """See ``Node``."""
        return self.node.read(value, path, report)

    def schema(self) -> dict[str, Any]:
        """See ``Node``."""
        default = {} if self.default is ABSENT else {"default": self.default}
        return {**_text(self.description), "$ref": f"#/$defs/{self.name}", **default}


def definitions(node: Node) -> dict[str, Node]:
    """Collect what is described once for several places, by its name in ``$defs``."""
    match node:
        case Shared():
            return {node.name: node.node, **definitions(node.node)}
        case Table():
            inner: tuple[Node, ...] = tuple(node.fields.values())
        case Keyed():
            inner = (node.value,)
        case Items():
            inner = (node.item,)
        case Either():
            inner = (node.leaf, node.table)
        case _:
            inner = ()
    return {name: found for each in inner for name, found in definitions(each).items()}


def _text(description: str) -> dict[str, str]:
    return {"description": description} if description else {}
