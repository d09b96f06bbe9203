"""A YAML file with the line of every key, and the wording of what is wrong in it."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any

import yaml

from serving_rules.errors import SettingsError

__all__ = ["Document", "KeyPath", "Report", "dotted", "read", "shown"]

KeyPath = tuple[str | int, ...]
"""Where a value stands: ``("detections", "thrash", "thresholds", "reversals")``."""

_DEEPEST = 50
_MOST_VALUES = 1_000_000
_LONGEST_QUOTE = 80


@dataclass(slots=True)
class Document:
    """What a file holds: plain values, the line (from 1) of each path, and the mistakes found in it, each with its line."""

    name: str
    value: Any = None
    lines: dict[KeyPath, int] = field(default_factory=dict)
    problems: list[tuple[int, str]] = field(default_factory=list)


class Report:
    """Collects mistakes, in words."""

    def __init__(self, document: Document) -> None:
        self._document = document

    @property
    def problems(self) -> list[str]:
        """Every mistake noted so far, from the top of the file to its end."""
        return [text for _, text in sorted(self._document.problems, key=lambda problem: problem[0])]

    def __call__(self, path: KeyPath, found: str, allowed: str) -> None:
        """Note one mistake."""
        place = path
        while place and place not in self._document.lines:
            place = place[:-1]
        line = self._document.lines.get(place)
        where = f"{dotted(path)}: " if path else ""
        text = f"{self._document.name}: {where}found {found}, allowed: {allowed}"
        self._document.problems.append((line or 0, text + (f" (line {line})" if line else "")))


def dotted(path: KeyPath) -> str:
    """Write a path as people do: ``detections.thrash.thresholds.reversals.exceptions[0]``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else ("." if text else "") + part
    return text


def shown(value: Any) -> str:
    """Describe a value that was found."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case list():
            return f"a list of {len(value)}"
        case dict():
            return "a mapping"
        case datetime.date():
            return f"a date ({value})"
    text = repr(value)
    return text if len(text) <= _LONGEST_QUOTE else f"a text of {len(text) - 2} characters"


def read(content: bytes | str, name: str) -> Document:
    """Read YAML. Raises SettingsError when there is nothing to go on; an empty file is an empty mapping."""
    document = Document(name)
    try:
        text = content if isinstance(content, str) else content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError([f"{name}: found a byte that is not UTF-8 (at {error.start}), allowed: text in UTF-8"]) from None
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        document.value = {} if node is None else _Walk(loader, document).value(node, (), 0)
    except yaml.YAMLError as error:
        raise SettingsError([f"{name}: found a mistake in the YAML: {_syntax(error)}, allowed: valid YAML"]) from None
    except RecursionError:
        raise SettingsError([f"{name}: found too many values, allowed: at most {_DEEPEST} levels and {_MOST_VALUES} values"]) from None
    return document


class _Walk:
    """Turns YAML nodes into values while keeping their lines."""

    def __init__(self, loader: yaml.SafeLoader, document: Document) -> None:
        self._loader = loader
        self._document = document
        self._report = Report(document)
        self._values = 0

    def value(self, node: yaml.Node, path: KeyPath, depth: int) -> Any:
        self._document.lines.setdefault(path, node.start_mark.line + 1)
        self._values += 1
        if depth > _DEEPEST or self._values > _MOST_VALUES:  # an alias that contains itself; aliases that multiply
            raise RecursionError
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, index), depth + 1) for index, item in enumerate(node.value)]
        try:
            return self._loader.construct_object(node, deep=True)
        except (ValueError, OverflowError):  # such as a date on the 99th of a month
            return node.value

    def _mapping(self, node: yaml.MappingNode, path: KeyPath, depth: int) -> dict[str, Any]:
        seen: dict[str, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._report(path, f"a mapping or a list as a key (line {key.start_mark.line + 1})", "a name")
            elif key.tag != "tag:yaml.org,2002:merge":
                self._document.lines[*path, key.value] = key.start_mark.line + 1
                if key.value in seen:
                    self._report((*path, key.value), f"it again (first in line {seen[key.value]})", "once")
                seen.setdefault(key.value, key.start_mark.line + 1)
        node.value = [(key, item) for key, item in node.value if isinstance(key, yaml.ScalarNode)]
        self._loader.flatten_mapping(node)
        return {key.value: self.value(item, (*path, key.value), depth + 1) for key, item in node.value}


def _syntax(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "context", None) or "it cannot be read"
    return str(problem) + ("" if mark is None else f" (line {mark.line + 1}, column {mark.column + 1})")
