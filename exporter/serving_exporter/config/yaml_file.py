"""Reads a YAML file with the line of every key, and says no to what YAML lets pass silently: duplicate keys, odd keys, two documents."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from serving_exporter.config.errors import ConfigError, KeyPath, dotted, shown

__all__ = ["Document", "read_yaml"]

_LARGEST_FILE = 4 * 1024 * 1024
_DEEPEST = 50


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
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            raise ConfigError([f"{path}: found an empty file, allowed: a mapping, or {{}} to take everything from the environment"])
        document = Document(None)
        document.value = _Walk(loader, document, str(path)).value(node, (), 0)
    except yaml.YAMLError as error:
        raise ConfigError([f"{path}: {_syntax(error)}"]) from None
    except RecursionError:
        raise ConfigError([f"{path}: found values nested too deeply, allowed: at most {_DEEPEST} levels"]) from None
    finally:
        loader.dispose()
    return document


class _Walk:
    """Turns YAML nodes into values while keeping their lines."""

    def __init__(self, loader: yaml.SafeLoader, document: Document, file: str) -> None:
        self._loader = loader
        self._document = document
        self._file = file

    def value(self, node: yaml.Node, path: KeyPath, depth: int) -> Any:
        self._document.lines.setdefault(path, node.start_mark.line + 1)
        if depth > _DEEPEST:  # also an alias that contains itself
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
        own = [self._key(key, path) for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        for name in sorted({name for name in own if own.count(name) > 1}):
            lines = [key.start_mark.line + 1 for key, _ in node.value if key.value == name]
            where = " and ".join(str(line) for line in lines)
            self._document.problems.append(
                f"{self._file}: {dotted((*path, name))}: found it {len(lines)} times (lines {where}), allowed: once"
            )
        self._loader.flatten_mapping(node)
        result: dict[str, Any] = {}
        for key, item in node.value:
            name = self._key(key, path)
            self._document.lines[*path, name] = key.start_mark.line + 1
            result[name] = self.value(item, (*path, name), depth + 1)
        return result

    def _key(self, node: yaml.Node, path: KeyPath) -> str:
        if isinstance(node, yaml.ScalarNode):
            return str(node.value)
        line = node.start_mark.line + 1
        found = shown([] if isinstance(node, yaml.SequenceNode) else {}).removesuffix(" of 0")
        self._document.problems.append(
            f"{self._file}: {dotted(path) or 'top level'}: found {found} as a key (line {line}), allowed: a name"
        )
        return f"({line})"


def _trouble(path: Path, error: OSError) -> str:
    if path.is_dir():
        return "a directory"
    return "no such file" if isinstance(error, FileNotFoundError) else f"a file that cannot be read ({error.strerror})"


def _syntax(error: yaml.YAMLError) -> str:
    """Say what is wrong and where, without the excerpt that the library would print: it may hold a key."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "context", None) or getattr(error, "reason", None) or "it cannot be read"
    problem = re.sub(r"'[^']{3,}'", "(…)", str(problem))
    where = "" if mark is None else f" (line {mark.line + 1}, column {mark.column + 1})"
    return f"found a mistake in the YAML: {problem}{where}, allowed: valid YAML"
