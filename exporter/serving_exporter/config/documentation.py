"""Writes docs/configuration.md from the schema, so that the page and the program cannot disagree."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import msgspec
from msgspec import inspect

from serving_exporter.config.environment import KEY_VARIABLES, PROCESS_VARIABLES, WORKSPACE_VARIABLES
from serving_exporter.config.errors import dotted
from serving_exporter.config.schema import SOURCES, Config, Filter, Hosts, Key, Keys, Log, Shard, SourceConfig, Sources, WorkspaceConfig
from serving_exporter.config.values import Kind

__all__ = ["markdown"]

_SECTIONS: tuple[tuple[str, type], ...] = (
    ("The file", Config),
    ("`log`", Log),
    ("`shard`", Shard),
    ("`workspaces[]`", WorkspaceConfig),
    ("`workspaces[].keys`", Keys),
    ("`workspaces[].keys.feed`, `.management`, `.inference`", Key),
    ("`workspaces[].hosts`", Hosts),
    ("`workspaces[].include`, `workspaces[].exclude`", Filter),
    ("`workspaces[].sources`", Sources),
    ("`workspaces[].sources.…`", SourceConfig),
)


def markdown() -> str:
    """Write the page."""
    parts = [files("serving_exporter.config").joinpath("configuration.md.in").read_text(encoding="utf-8").strip()]
    parts += [_environment()]
    for title, kind in _SECTIONS:
        parts += [f"## {title}", (kind.__doc__ or "").strip(), *_sources_note(kind), "\n".join(_table(kind))]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(kind: type) -> Iterator[str]:
    yield "| Key | Meaning | Allowed | Default |"
    yield "| --- | --- | --- | --- |"
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)  # noqa: S101 - the list above holds structs only
    for field in info.fields:
        cells = [f"`{field.name}`", _description(field.type), _allowed(field.type), _default(kind, field.name, field.default)]
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _sources_note(kind: type) -> Iterator[str]:
    if kind is SourceConfig:
        named = Sources().named()
        rows = [f"| `{name}` | {_seconds(named[name].interval)} | {_seconds(named[name].oldest)} |" for name in SOURCES]
        yield "\n".join(["| Source | Default interval | Default maximum age |", "| --- | --- | --- |", *rows])


def _description(info: inspect.Type) -> str:
    while isinstance(info, inspect.Metadata):
        text = (info.extra_json_schema or {}).get("description")
        if text:
            return str(text)
        info = info.type
    return ""


def _allowed(info: inspect.Type) -> str:
    match info:
        case inspect.Metadata(type=inner, extra=extra):
            kind: Kind | None = (extra or {}).get("kind")
            return _allowed(inner) if kind is None else kind.allowed
        case inspect.UnionType(types=types):
            inner = next(each for each in types if not isinstance(each, inspect.NoneType))
            return _allowed(inner)
        case inspect.VarTupleType(item_type=item_type):
            return f"a list; each entry {_allowed(item_type)}"
        case inspect.LiteralType(values=values):
            return ", ".join(f"`{value}`" for value in values)
        case inspect.BoolType():
            return "`true`, `false`"
        case _:
            return "a mapping, see below"


def _default(kind: type, name: str, default: Any) -> str:
    if kind is Config and name == "state_file":
        return "`state.json` in `$STATE_DIRECTORY`, else in the user's state directory"
    if kind is SourceConfig and name == "interval":
        return "by source"
    match default:
        case None | ():
            return "none"
        case msgspec.Struct() if type(default).__str__ is object.__str__:
            return "see below"
        case bool():
            return "`true`" if default else "`false`"
        case _:
            return f"`{default}`"


def _environment() -> str:
    rows = [f"| `{variable}` | `{dotted(path)}` | yes |" for variable, path in PROCESS_VARIABLES.items()]
    rows += [f"| `{variable}` | `{dotted(('workspaces', 0, *path))}` | no |" for variable, path in WORKSPACE_VARIABLES.items()]
    for stem, path in KEY_VARIABLES.items():
        for variable, name in ((stem, "api_key"), (f"{stem}_FILE", "key_file")):
            rows.append(f"| `{variable}` | `{dotted(('workspaces', 0, *path, name))}` | no |")
    return "\n".join(["| Variable | Same as | Overrules the file |", "| --- | --- | --- |", *rows])


def _seconds(seconds: float) -> str:
    for size, unit in ((3600, "h"), (60, "m")):
        if seconds >= size and seconds % size == 0:
            return f"`{seconds / size:g}{unit}`"
    return f"`{seconds:g}s`"
