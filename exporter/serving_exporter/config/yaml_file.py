"""Reads a YAML file with the line of every key, and says no to what YAML lets pass silently: duplicate keys, odd keys, two documents."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from serving_exporter.config.errors import ConfigError, KeyPath, dotted, without_quotes

__all__ = ["Document", "read_yaml"]

_LARGEST_FILE = 4 * 1024 * 1024
_DEEPEST = 50
_MOST_VALUES = 100_000


@dataclass(slots=True)
class Document:
    """What a file holds: plain values, the line (from 1) of each path, and the mistakes found while reading."""

    value: Any
    lines: dict[KeyPath, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def read_yaml(path: Path) -> Document:
    """Read a file. Raises ``ConfigError`` when there is nothing to go on: unreadable, not text, empty, not YAML."""
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise ConfigError([f"{path}: found {_trouble(path, error)}, allowed: a YAML file that can be read"]) from None
    if len(content) > _LARGEST_FILE:
        raise ConfigError([f"{path}: found more than {_LARGEST_FILE} bytes, allowed: a YAML file of less"])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError([f"{path}: found a byte that is not UTF-8 (line {line}), allowed: text in UTF-8"]) from None
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        document = Document(None)
        if node is not None:
            document.value = _Walk(loader, document, str(path)).value(node, (), 0)
    except yaml.YAMLError as error:
        raise ConfigError([f"{path}: {_syntax(error)}"]) from None
    except RecursionError:
        raise ConfigError([f"{path}: found too many values, allowed: at most {_DEEPEST} levels and {_MOST_VALUES} values"]) from None
    if document.value is None:
        raise ConfigError([f"{path}: found an empty file, allowed: a mapping, or {{}} to take everything from the environment"])
    return document


class _Walk:
    """Turns YAML nodes into values while keeping their lines."""

    def __init__(self, loader: yaml.SafeLoader, document: Document, file: str) -> None:
        self._loader = loader
        self._document = document
        self._file = file
        self._values = 0

    def value(self, node: yaml.Node, path: KeyPath, depth: int) -> Any:
        self._document.lines.setdefault(path, node.start_mark.line + 1)
        self._values += 1
        if depth > _DEEPEST or self._values > _MOST_VALUES:  # an alias that contains itself; aliases that multiply
            raise RecursionError
        if isinstance(node, yaml.MappingNode) and self._plain(node, path, "map"):
            return self._mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode) and self._plain(node, path, "seq"):
            return [self.value(item, (*path, index), depth + 1) for index, item in enumerate(node.value)]
        if not isinstance(node, yaml.ScalarNode):
            return None
        try:
            return self._loader.construct_object(node, deep=True)
        except (ValueError, OverflowError):  # such as a date on the 99th of a month
            return node.value

    def _mapping(self, node: yaml.MappingNode, path: KeyPath, depth: int) -> dict[str, Any]:
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                kind = "a mapping" if isinstance(key, yaml.MappingNode) else "a list"
                self._note(path, f"found {kind} as a key (line {key.start_mark.line + 1}), allowed: a name")
        node.value = [(key, item) for key, item in node.value if isinstance(key, yaml.ScalarNode)]
        lines: dict[str, list[int]] = {}
        for key, _ in node.value:
            if key.tag != "tag:yaml.org,2002:merge":
                lines.setdefault(key.value, []).append(key.start_mark.line + 1)
        for repeated, several in lines.items():
            if len(several) > 1:
                where = " and ".join(str(line) for line in several)
                self._note((*path, repeated), f"found it {len(several)} times (lines {where}), allowed: once")
        self._loader.flatten_mapping(node)
        result: dict[str, Any] = {}
        for key, item in node.value:
            name = str(key.value)
            self._document.lines[*path, name] = key.start_mark.line + 1
            result[name] = self.value(item, (*path, name), depth + 1)
        return result

    def _plain(self, node: yaml.Node, path: KeyPath, tag: str) -> bool:
        if node.tag == f"tag:yaml.org,2002:{tag}":
            return True
        self._note(
            path, f"found a value with a YAML tag (line {node.start_mark.line + 1}), allowed: plain mappings, lists, texts and numbers"
        )
        return False

    def _note(self, path: KeyPath, text: str) -> None:
        self._document.problems.append(f"{self._file}: {dotted(path) or 'top level'}: {text}")


def _trouble(path: Path, error: OSError) -> str:
    if path.is_dir():
        return "a directory"
    return "no such file" if isinstance(error, FileNotFoundError) else f"a file that cannot be read ({error.strerror})"


def _syntax(error: yaml.YAMLError) -> str:
    """Say what is wrong and where, without the excerpt that the library would print: it may hold a key."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "context", None) or getattr(error, "reason", None) or "it cannot be read"
    where = "" if mark is None else f" (line {mark.line + 1}, column {mark.column + 1})"
    return f"found a mistake in the YAML: {without_quotes(str(problem))}{where}, allowed: valid YAML"
