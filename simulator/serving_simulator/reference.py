"""The tables of docs/simulator.md, made from the code: ``python -m serving_simulator.reference docs/simulator.md`` writes them again.

Each made part of the page begins below ``<!-- made: NAME -->`` and ends at the next empty line. What it says comes from the classes that
read fleet files and faults, and from their docstrings; a test fails when the page says something else.
"""

from __future__ import annotations

import re
import sys
import typing
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from serving_simulator.api.faults import KINDS
from serving_simulator.api.switches import ApiSwitches
from serving_simulator.fleet.actions import Action
from serving_simulator.fleet.load_shapes import Pattern
from serving_simulator.fleet.switches import Switches

__all__ = ["PARTS", "renew"]

_PLACE = re.compile(r"(<!-- made: ([\w ]+) -->\n)(?:.+\n)*")
_SECTION = re.compile(r"\((?:[AB] [\w.]+|[a-d]\.\d+)(?:[,:] |(?=\)))")


def renew(page: str) -> str:
    """Return the page with its made parts as the code has them. Raises KeyError for a part that is not known."""
    return _PLACE.sub(lambda place: place[1] + "\n".join(PARTS[place[2]]()) + "\n", page)


def _rows(*head: str) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"


def _switches(kind: type[msgspec.Struct]) -> Iterator[str]:
    """Name, default and meaning of each switch: in the docstring its text reaches from its name to the name of the next."""
    fields = msgspec.structs.fields(kind)
    names = "|".join(field.name for field in fields)
    parts = re.split(rf"``({names})``", " ".join((kind.__doc__ or "").split()))
    texts: dict[str, str] = {}
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        texts.setdefault(name, text)
    yield from _rows("Switch", "Default", "Meaning (and what is open)")
    for field in fields:
        # Sections are of notes that readers of the page do not have.
        text = _SECTION.sub("(", texts[field.name]).replace(" ()", "").strip(" :")
        yield f"| `{field.name}` | {_value(field.default)} | {_prose(text)} |"


def _tagged(union: Any) -> Iterator[str]:
    """Name and keys of each kind in one sentence, keys with defaults in brackets."""
    kinds = sorted(typing.get_args(union), key=lambda each: str(each.__struct_config__.tag))
    yield "; ".join(f"**{kind.__struct_config__.tag}** ({', '.join(_keys(kind))})" for kind in kinds) + "."


def _keys(kind: type[msgspec.Struct]) -> Iterator[str]:
    return (f"`{field.name}`" if field.required else f"[`{field.name}`]" for field in msgspec.structs.fields(kind))


def _faults() -> Iterator[str]:
    yield from _rows("`kind`", "What happens", "Parameters and their defaults")
    bare = {name: kind.summary for name, kind in KINDS.items() if kind.summary.isdigit()}
    yield f"| {', '.join(f'`{name}`' for name in bare)} | {', '.join(bare.values())}, in this order | – |"
    for name, kind in KINDS.items():
        if name not in bare:
            parameters = ", ".join(f"`{key}`: {_value(value)}" for key, value in kind.parameters.items())
            yield f"| `{name}` | {_prose(kind.summary)} | {parameters or '–'} |"


def _value(value: Any) -> str:
    if isinstance(value, float) and value == int(value):
        value = int(value)
    return f"`{msgspec.json.encode(value).decode()}`"


def _prose(text: str) -> str:
    return text.replace("``", "`").replace("|", r"\|")


PARTS: Mapping[str, Callable[[], Iterator[str]]] = MappingProxyType(
    {
        "patterns": lambda: _tagged(Pattern),
        "actions": lambda: _tagged(Action),
        "switches": lambda: _switches(Switches),
        "API switches": lambda: _switches(ApiSwitches),
        "faults": _faults,
    }
)
"""The lines of each made part by its name."""


def main() -> None:
    """Write the made parts of the page named on the command line again."""
    path = Path(sys.argv[1])
    path.write_text(renew(path.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
