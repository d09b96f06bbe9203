"""What a mutant is: a rule of the pack with one small mistake."""

from __future__ import annotations

import re
from dataclasses import dataclass

from serving_rules.pack import Rule
from serving_rules.promql import titled

__all__ = ["Change", "Mutant", "difference", "rule_name"]

_AROUND = 40
_TOKEN = re.compile(r"[<>=!]=|[\w:.]+|\s+|.")


@dataclass(frozen=True, slots=True)
class Change:
    """A mistake in an expression: which operator made it, and the whole expression with it, in one line."""

    operator: str
    expr: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """A changed rule. ``name`` is unique among the mutants of its rule and stays the same as long as the changed part does."""

    name: str
    operator: str
    rule: Rule
    """The rule with the mistake in it."""


def rule_name(rule: Rule) -> str:
    """Name a rule for people: the recorded series, or alert and severity. Records of one name differ in their labels."""
    if rule.alert:
        return f"{rule.alert} ({rule.labels.get('severity', '')})"
    return titled(rule.record, rule.labels)


def difference(before: str, after: str) -> str:
    """Show where two texts differ: a little of what is around it, and ``[before → after]``."""
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    start = next((index for index, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), min(len(old), len(new)))
    rest = zip(reversed(old[start:]), reversed(new[start:]), strict=False)
    same = next((index for index, pair in enumerate(rest) if pair[0] != pair[1]), min(len(old), len(new)) - start)
    changed = f"[{_shortened(''.join(old[start : len(old) - same]))} → {_shortened(''.join(new[start : len(new) - same]))}]"
    head, tail = "".join(old[:start]), "".join(old[len(old) - same :])
    return f"{'…' if len(head) > _AROUND else ''}{head[-_AROUND:]}{changed}{tail[:_AROUND]}{'…' if len(tail) > _AROUND else ''}"


def _shortened(text: str) -> str:
    return text if len(text) <= 2 * _AROUND else f"{text[:_AROUND]} … {text[-_AROUND:]}"
