"""What changed between two sets of rule files: new, removed, renamed and changed rules, and which of that a changelog must tell.

Rules are found by their kind and name; several rules of one name are told apart by their labels. A rule that is gone and a new one with the
same body are one rule with a new name. A reference to a renamed record is no change of the rule that makes it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from serving_rules.errors import RulesError

__all__ = ["Change", "Diff", "RuleText", "compare", "read", "report", "untold"]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Ten times as fast where PyYAML was built with libyaml."""

_FIELDS = ("interval", "for", "keep_firing_for")


@dataclass(frozen=True)
class RuleText:
    """A rule as a file has it."""

    kind: str
    name: str
    expr: str
    fields: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The rule for people: kind, name and severity."""
        severity = self.labels.get("severity")
        return f"{self.kind} {self.name}" + (f" ({severity})" if severity else "")

    def references(self, renamed: Mapping[str, str]) -> RuleText:
        """Return the rule with records under their new names."""

        def follow(text: str) -> str:
            return re.sub(r"[a-zA-Z_][\w:]*", lambda match: renamed.get(match[0], match[0]), text)

        annotations = {name: follow(text) for name, text in self.annotations.items()}
        return RuleText(self.kind, self.name, follow(self.expr), self.fields, self.labels, annotations)

    def body(self) -> tuple[object, ...]:
        """Return what the rule does, whatever it is called: links and texts may hold its name and are left out."""
        return (self.kind, " ".join(self.expr.split()), tuple(sorted(self.fields.items())), tuple(sorted(self.labels.items())))


@dataclass(frozen=True, slots=True)
class Change:
    """A rule in both sets: renamed, when the names differ; otherwise something else about it differs."""

    old: RuleText
    new: RuleText


@dataclass(frozen=True, slots=True)
class Diff:
    """The difference of two sets of rules."""

    new: tuple[RuleText, ...]
    removed: tuple[RuleText, ...]
    renamed: tuple[Change, ...]
    changed: tuple[Change, ...]

    def __bool__(self) -> bool:
        return bool(self.new or self.removed or self.renamed or self.changed)


def read(path: Path) -> list[RuleText]:
    """Read the rules of a file, or of every YAML file below a directory. Files without rules (tests, settings) are passed over.

    Prometheus' own format, Mimir's and PrometheusRule objects are read. Raises RulesError for a path that cannot be read.
    """
    if not path.exists():
        raise RulesError(f"{path}: found no such file or directory, allowed: rule files")
    files = sorted(each for each in path.rglob("*") if each.suffix in {".yaml", ".yml"}) if path.is_dir() else [path]
    rules = [rule for file in files for rule in _rules(file)]
    if not rules:
        raise RulesError(f"{path}: found no rules, allowed: rule files")
    return list({(rule.kind, rule.name, tuple(sorted(rule.labels.items())), rule.expr): rule for rule in rules}.values())


def _rules(file: Path) -> Iterator[RuleText]:
    try:
        documents = list(yaml.load_all(file.read_text(encoding="utf-8"), _LOADER))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RulesError(f"{file}: found {' '.join(str(error).split())}, allowed: YAML") from None
    for document in documents:
        if not isinstance(document, dict) or not isinstance(body := document.get("spec", document), dict):
            continue
        try:
            for group in body.get("groups") or ():
                yield from (_rule(group, rule) for rule in group.get("rules") or ())
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise RulesError(f"{file}: found a group that is none ({error!r}), allowed: groups of rules") from None


def _rule(group: Mapping[str, Any], rule: Mapping[str, Any]) -> RuleText:
    kind = "alert" if "alert" in rule else "record"
    values = {**group, **rule}
    fields = {name: str(values[name]) for name in _FIELDS if values.get(name)}
    labels = {**(group.get("labels") or {}), **(rule.get("labels") or {})}
    return RuleText(kind, rule[kind], str(rule["expr"]).strip(), fields, labels, rule.get("annotations") or {})


def compare(old: Sequence[RuleText], new: Sequence[RuleText]) -> Diff:
    """Compare two sets of rules."""
    pairs, removed, added = _paired(old, new)
    renamed: list[Change] = []
    names: dict[str, str] = {}
    while found := _renames([rule.references(names) for rule in removed], added):
        # A record with a new name changes the text of what reads it, so a rename can bring the next one to light.
        for position, rule in sorted(found, key=lambda each: each[0], reverse=True):
            source = removed.pop(position)
            renamed.insert(0, Change(source, rule))
            added.remove(rule)
            if source.kind == "record":
                names[source.name] = rule.name
    changed = [Change(before, after) for before, after in pairs if not _same(before.references(names), after)]
    return Diff(tuple(added), tuple(removed), tuple(renamed), tuple(changed))


_SAME: tuple[Callable[[RuleText], object], ...] = (
    lambda rule: (rule.kind, rule.name, rule.labels),
    lambda rule: (rule.kind, rule.name, rule.expr),
    lambda rule: (rule.kind, rule.name),
)
"""What makes two rules the same rule, the surest first: several rules may share a name."""


def _paired(old: Sequence[RuleText], new: Sequence[RuleText]) -> tuple[list[tuple[RuleText, RuleText]], list[RuleText], list[RuleText]]:
    """Pairs of the same rule before and after, and the rest of both sides."""
    pairs: list[tuple[RuleText, RuleText]] = []
    rest = list(new)
    left = list(old)
    for same in _SAME:
        for before in list(left):
            after = next((each for each in rest if same(before) == same(each)), None)
            if after is not None:
                pairs.append((before, after))
                left.remove(before)
                rest.remove(after)
    return pairs, left, rest


def _renames(removed: Sequence[RuleText], added: Sequence[RuleText]) -> list[tuple[int, RuleText]]:
    """Positions of removed rules, each with the added rule of the same body whose name is most like its own."""
    free = list(added)
    found = []
    for position, rule in enumerate(removed):
        twins = [each for each in free if each.body() == rule.body()]
        if twins:
            twin = max(twins, key=lambda each: difflib.SequenceMatcher(None, rule.name, each.name).ratio())
            free.remove(twin)
            found.append((position, twin))
    return found


def _same(before: RuleText, after: RuleText) -> bool:
    return before.body() == after.body() and before.annotations == after.annotations


def report(diff: Diff) -> str:
    """Write a difference for people."""
    parts = (("new", diff.new), ("removed", diff.removed), ("renamed", diff.renamed), ("changed", diff.changed))
    lines = [", ".join(f"{len(rules)} {name}" for name, rules in parts)]
    for title, rules in (("New", diff.new), ("Removed", diff.removed)):
        lines += ["", title, *(f"  {rule.title}" for rule in rules)] if rules else []
    if diff.renamed:
        lines += ["", "Renamed", *(f"  {change.old.title} -> {change.new.name}" for change in diff.renamed)]
    if diff.changed:
        lines += ["", "Changed"]
        for change in diff.changed:
            lines += [f"  {change.old.title}", *(f"    {line}" for line in _details(change.old, change.new))]
    return "\n".join(lines)


def _details(old: RuleText, new: RuleText) -> Iterator[str]:
    for kind, before, after in (
        ("", old.fields, new.fields),
        ("label ", old.labels, new.labels),
        ("annotation ", old.annotations, new.annotations),
    ):
        for name in dict.fromkeys((*before, *after)):
            if before.get(name) != after.get(name):
                yield f"{kind}{name}: {before.get(name, 'none')} -> {after.get(name, 'none')}"
    if " ".join(old.expr.split()) != " ".join(new.expr.split()):
        yield "expr:"
        for line in difflib.unified_diff(old.expr.splitlines(), new.expr.splitlines(), lineterm="", n=1):
            if not line.startswith(("---", "+++", "@@")):
                yield f"  {line}"


def untold(diff: Diff, changelog: str) -> list[str]:
    """Return what is removed or renamed without a line in the newest section of a changelog that names the old rule."""
    section = _newest(changelog)
    gone: Iterable[tuple[str, RuleText]] = (
        *(("removed", rule) for rule in diff.removed),
        *(("renamed", change.old) for change in diff.renamed),
    )
    return [f"{rule.title} is {what}" for what, rule in gone if not re.search(rf"(?<![\w:]){re.escape(rule.name)}(?![\w:])", section)]


def _newest(changelog: str) -> str:
    """Return the first section of a changelog: from its first heading of the second level to the next one."""
    sections = re.split(r"(?m)^## .*$", changelog)
    return sections[1] if len(sections) > 1 else ""
