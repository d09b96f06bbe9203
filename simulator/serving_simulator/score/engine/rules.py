"""Rule files as something to evaluate: every rule after those that it reads, and those that read their own past known as such."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import yaml

from serving_simulator.score.engine.database import EngineError, Labels

__all__ = ["Rule", "read", "stages"]

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_SELECTOR = re.compile(r'(?<![\w:"])(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?P<matchers>\{[^}]*\})?')
_EQUAL = re.compile(r'(\w+)="([^"]*)"')
_DURATION = re.compile(r"(\d+)([a-z]+)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_ONCE = re.compile(r"^(?P<what>.*)\sunless count_over_time\((?P<name>[\w:]+)\[(?P<span>\w+)\]\)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule. Durations are in seconds.

    ``recursive`` says that the rule reads what it recorded before, so that it has to be evaluated step by step. ``once`` is the commonest
    such rule, ``X unless count_over_time(itself[span])``: ``expr`` is then X alone, of which a sample is kept that has no other kept one
    within the ``once`` seconds before it.
    """

    name: str
    expr: str
    labels: Labels
    alert: bool = False
    wait: int = 0
    keep: int = 0
    once: int = 0
    recursive: bool = False


def _seconds(text: str) -> int:
    return sum(int(number) * _SECONDS[unit] for number, unit in _DURATION.findall(text))


def read(paths: Iterable[Path]) -> list[Rule]:
    """Read the rules of rule files, in their order. Raises ``EngineError``."""
    return [_rule(entry) for path in paths for group in _groups(path) for entry in group.get("rules", ())]


def stages(rules: Sequence[Rule]) -> Iterator[list[Rule]]:
    """Yield rules so that each comes after those that it reads: one at a time, or several recursive ones that can go step by step together.

    A record that several rules make is whole for all readers but those rules themselves: among them the order given holds. Raises
    ``EngineError`` for rules that read each other in a circle.
    """
    makers: dict[str, list[int]] = {}
    for number, rule in enumerate(rules):
        if not rule.alert:
            makers.setdefault(rule.name, []).append(number)
    sorter: TopologicalSorter[int] = TopologicalSorter()
    for number, rule in enumerate(rules):
        sorter.add(number, *_read_by(rule, number, rules, makers))
    try:
        sorter.prepare()
    except CycleError as error:
        names = " reads ".join(rules[number].name for number in reversed(error.args[1]))
        raise EngineError(f"rules read each other in a circle: {names}") from None
    waiting: list[int] = []
    while sorter.is_active():
        ready = sorter.get_ready()
        waiting += [number for number in ready if rules[number].recursive]
        plain = [number for number in ready if not rules[number].recursive]
        for number in plain:
            yield [rules[number]]
        if not plain:
            yield [rules[number] for number in waiting]
            plain, waiting = waiting, []
        sorter.done(*plain)


def _read_by(rule: Rule, number: int, rules: Sequence[Rule], makers: Mapping[str, Sequence[int]]) -> Iterator[int]:
    for match in _SELECTOR.finditer(rule.expr):
        wanted = dict(_EQUAL.findall(match["matchers"] or ""))
        for maker in makers.get(match["name"], ()):
            other = any(rules[maker].labels.get(label, value) != value for label, value in wanted.items())
            together = match["name"] == rule.name and not rule.alert
            if not other and (not together or maker < number):
                yield maker


def _groups(path: Path) -> Sequence[Any]:
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - is a safe one
    except yaml.YAMLError as error:
        raise EngineError(f"{path}: {error}") from None
    if not isinstance(document, dict) or not isinstance(document.get("groups"), list):
        raise EngineError(f"{path}: found no groups of rules")
    groups: list[Any] = document["groups"]
    return groups


def _rule(entry: dict[str, Any]) -> Rule:
    expr, once, recursive = entry["expr"].strip(), 0, False
    if "alert" in entry:
        wait, keep = (_seconds(entry.get(field, "0s")) for field in ("for", "keep_firing_for"))
        return Rule(entry["alert"], expr, entry.get("labels", {}), alert=True, wait=wait, keep=keep)
    name = entry["record"]
    match = _ONCE.match(expr)
    if match and match["name"] == name and name not in _NAME.findall(match["what"]):
        expr, once = match["what"], _seconds(match["span"])
    elif name in _NAME.findall(expr):
        recursive = _reads_itself(expr, name)
    return Rule(name, expr, entry.get("labels", {}), once=once, recursive=recursive)


def _reads_itself(expr: str, name: str) -> bool:
    """Whether an expression reads a record's past; a plain selector of it reads what other rules of that name made at the same step."""
    return re.search(rf"(?<![\w:]){re.escape(name)}(\{{[^}}]*\}})?\s*(\[|offset)", expr) is not None
