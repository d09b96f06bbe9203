"""Mutants that no test can kill because they mean the same: listed by name, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from serving_rules.errors import PackError

__all__ = ["PATH", "Equivalent", "read"]

PATH = Path(__file__).resolve().parents[2] / "mutation-equivalents.yaml"


@dataclass(frozen=True, slots=True)
class Equivalent:
    """A mutant that means the same as its rule."""

    rule: str
    mutant: str
    reason: str


def read(path: Path = PATH) -> dict[tuple[str, str], Equivalent]:
    """Read the list, by rule and mutant. Raises PackError for an entry that has too little or too much, or stands there twice."""
    found: dict[tuple[str, str], Equivalent] = {}
    for entry in (yaml.safe_load(path.read_text()) if path.exists() else None) or []:
        if (
            not isinstance(entry, dict)
            or set(entry) != {"rule", "mutant", "reason"}
            or not all(isinstance(text, str) and text for text in entry.values())
        ):
            raise PackError(f"{path.name}: {entry!r}: expected rule, mutant and reason, all of them text")
        each = Equivalent(**entry)
        if (each.rule, each.mutant) in found:
            raise PackError(f"{path.name}: {each.rule}: {each.mutant}: listed twice")
        found[each.rule, each.mutant] = each
    return found
