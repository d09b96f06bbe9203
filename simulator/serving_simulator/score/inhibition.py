"""What reaches a person: alerts that are not silenced by another, by the inhibition rules of an Alertmanager configuration."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from serving_simulator.score.engine import EngineError, Fired, Labels

__all__ = ["Inhibition", "heard", "inhibitions"]

_MATCHER = re.compile(r'^(\w+)(=~|!~|!=|=)"(.*)"$', re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Matcher:
    label: str
    kind: str
    value: str

    def matches(self, labels: Labels) -> bool:
        found = labels.get(self.label, "")
        if self.kind in ("=", "!="):
            return (found == self.value) == (self.kind == "=")
        return bool(re.fullmatch(self.value, found)) == (self.kind == "=~")


@dataclass(frozen=True, slots=True)
class Inhibition:
    """An inhibition rule: while an alert that matches all of ``source`` fires, those that match ``target`` and equal it are silent."""

    source: Sequence[_Matcher]
    target: Sequence[_Matcher]
    equal: Sequence[str]

    def silences(self, source: Labels, target: Labels) -> bool:
        """Whether an alert silences another; none that matches both sides silences one that does, as in Alertmanager (inhibit.go)."""
        return (
            all(each.matches(source) for each in self.source)
            and all(each.matches(target) for each in self.target)
            and all(source.get(label, "") == target.get(label, "") for label in self.equal)
            and not (all(each.matches(target) for each in self.source) and all(each.matches(source) for each in self.target))
        )


def inhibitions(path: Path) -> list[Inhibition]:
    """Read a file with ``inhibit_rules``. Raises ``EngineError``."""
    try:
        rules = yaml.safe_load(path.read_text(encoding="utf-8"))["inhibit_rules"]
        return [
            Inhibition(_matchers(rule["source_matchers"]), _matchers(rule["target_matchers"]), tuple(rule.get("equal", ())))
            for rule in rules
        ]
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise EngineError(f"{path}: found no inhibit_rules that can be read: {error}") from None


def _matchers(texts: Iterable[str]) -> tuple[_Matcher, ...]:
    found = []
    for text in texts:
        match = _MATCHER.match(text)
        if match is None:
            raise ValueError(f"the matcher {text!r}")
        found.append(_Matcher(match[1], match[2], match[3].replace('\\"', '"').replace("\\\\", "\\")))
    return tuple(found)


def heard(fired: Sequence[Fired], rules: Sequence[Inhibition]) -> Iterator[Fired]:
    """Yield alerts with the spans in which nothing silences them; those that are silent throughout are left out.

    An alert that began together with what silences it (in the same minute) was silent: Alertmanager waits before it sends.
    """
    for target in fired:
        quiet = [
            span
            for source in fired
            if source is not target and any(rule.silences(source.labels, target.labels) for rule in rules)
            for span in source.spans
        ]
        spans = tuple(piece for span in target.spans for piece in _without(span, sorted(quiet)))
        if spans:
            yield replace(target, spans=spans)


def _without(span: tuple[int, int], quiet: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    start, end = span
    for begun, over in quiet:
        if over <= start or begun >= end:
            continue
        if begun > start:
            yield start, begun
        start = max(start, over)
    if start < end:
        yield start, end
