"""Rules broken on purpose: each guard of an alert taken away, each threshold halved and doubled, also those in what alerts read. A
scorecard has to notice.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from serving_simulator.scenarios import Scenario
from serving_simulator.score.engine import Fired, Player, Rule, by_workspace
from serving_simulator.score.inhibition import Inhibition
from serving_simulator.score.verdicts import Verdict, judge

__all__ = ["Break", "Effect", "breaks", "effects"]

Kind = Literal["guard removed", "looser", "tighter", "in a record"]

_THRESHOLD = re.compile(r"(?P<operator>>=|<=|>|<)\s*(?P<number>\d+(?:\.\d+)?)(?![\w.\[])")
_WORD = re.compile(r"\b(and|unless|or)\b")
_READ_BY_FEW = 10
"""Most rules that may read a record, each through others, for it to be broken here: all of them have to be evaluated anew for each break.
What half of the rules are made of is not one detection's threshold.
"""


@dataclass(frozen=True, slots=True)
class Break:
    """A broken rule: what was done, in words, and which way it should err. A looser alert says more, a tighter one less; without a
    guard that silences, it says more. What a record does that is broken, its readers decide. ``rules`` are played instead of those that
    are broken: the rule, and whatever reads it.
    """

    name: str
    severity: str
    kind: Kind
    what: str
    rules: Sequence[Rule]


@dataclass(frozen=True, slots=True)
class Effect:
    """What a break changed in the scorecard: incidents that were no longer found or newly found, minutes of delay over those found both
    times (positive: later), false pages and tickets more (negative: fewer), and how many more alerts began to fire. ``alert`` is the rule
    that was broken; a record has no severity.
    """

    alert: str
    severity: str
    kind: str
    what: str
    lost: int = 0
    gained: int = 0
    later: int = 0
    false: int = 0
    begun: int = 0

    @property
    def noticed(self) -> bool:
        """Whether any number moved."""
        return bool(self.lost or self.gained or self.later or self.false or self.begun)

    @property
    def expected(self) -> bool:
        """Whether it moved the way that such a break must: a tighter rule finds nothing more and nothing earlier, another nothing less.
        A record that is broken may do either.
        """
        if self.kind == "in a record":
            return True
        if self.kind == "tighter":
            return not self.gained and self.later >= 0
        return not self.lost and self.later <= 0

    def plus(self, other: Effect) -> Effect:
        """Return both, of the same break, together."""
        return replace(
            self,
            lost=self.lost + other.lost,
            gained=self.gained + other.gained,
            later=self.later + other.later,
            false=self.false + other.false,
            begun=self.begun + other.begun,
        )


def breaks(rules: Sequence[Rule]) -> Iterator[Break]:
    """Yield every break of every alert, and of every record that few others read."""
    for rule in rules:
        if rule.alert:
            for kind, what, expr in _changes(rule.expr):
                yield Break(rule.name, str(rule.labels.get("severity", "")), kind, what, [replace(rule, expr=expr)])
    number = 0
    for rule in rules:
        if rule.alert or not _THRESHOLD.search(rule.expr):
            continue
        readers = _readers(rule, rules)
        if not 0 < len(readers) <= _READ_BY_FEW or any(each.recursive for each in (rule, *readers)):
            continue
        makers = [each for each in rules if each.name == rule.name and each is not rule]
        words = ",".join(f'{label}="{value}"' for label, value in rule.labels.items())
        for kind, what, expr in _changes(rule.expr):
            if kind != "guard removed":
                number += 1
                # The records as they are stay for the next break: these have names of their own.
                renamed = _renamed([replace(rule, expr=expr), *makers, *readers], f":broken{number}")
                yield Break(f"{rule.name}{{{words}}}" if words else rule.name, "", "in a record", what, renamed)


def _changes(expr: str) -> Iterator[tuple[Kind, str, str]]:
    """Yield how an expression can be broken: the kind, what is done in words that differ from each other, and the broken expression."""
    said: dict[str, int] = {}

    def words(text: str) -> str:
        said[text] = said.get(text, 0) + 1
        return text if said[text] == 1 else f"{text} (number {said[text]})"

    for start, end in _clauses(expr):
        yield "guard removed", words(" ".join(expr[start:end].split())), expr[:start] + expr[end:]
    for match in _THRESHOLD.finditer(expr):
        number = float(match["number"])
        if not number:
            continue
        negated = _inside_unless(expr, match.start())
        for factor in (0.5, 2.0):
            less = (factor < 1) == (">" in match["operator"])
            text = f"{match['operator']} {number * factor:g}"
            kind: Kind = "looser" if less != negated else "tighter"
            yield kind, words(f"{match[0]} becomes {text}"), expr[: match.start()] + text + expr[match.end() :]


def _readers(rule: Rule, rules: Sequence[Rule]) -> list[Rule]:
    """Return the alerts that read a record, and the records through which they do, in the order of the rules."""
    names, found = {rule.name}, set[int]()
    while more := {
        number
        for number, each in enumerate(rules)
        if number not in found and each.name != rule.name and any(_reads(name).search(each.expr) for name in names)
    }:
        found |= more
        names = {rules[number].name for number in more if not rules[number].alert}
    kept: list[Rule] = []
    while len(kept) < len(through := [each for number in sorted(found) if _leads(each := rules[number], kept)]):
        kept = through
    return kept


def _leads(rule: Rule, readers: Sequence[Rule]) -> bool:
    """Whether a rule is an alert, or read by one of these."""
    return rule.alert or any(_reads(rule.name).search(each.expr) for each in readers if each is not rule)


def _reads(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w:]){re.escape(name)}(?![\w:])")


def _renamed(rules: Sequence[Rule], ending: str) -> list[Rule]:
    """Return rules whose records have other names, and who read each other by these."""
    records = {rule.name for rule in rules if not rule.alert}
    anyone = re.compile(rf"(?<![\w:])({'|'.join(re.escape(name) for name in sorted(records))})(?![\w:])")
    return [
        replace(rule, name=rule.name if rule.alert else rule.name + ending, expr=anyone.sub(rf"\g<1>{ending}", rule.expr)) for rule in rules
    ]


def _depths(expr: str) -> list[int]:
    """Return the depth of brackets at each character; quoted text is as deep as its place."""
    depths, depth, quoted = [], 0, False
    for character in expr:
        if character == '"':
            quoted = not quoted
        if not quoted and character in ")}]":
            depth -= 1
        depths.append(depth)
        if not quoted and character in "({[":
            depth += 1
    return depths


def _clauses(expr: str) -> Iterator[tuple[int, int]]:
    """Yield begin and end of what follows each ``unless`` in the alert's own parenthesis, the word included."""
    depths = _depths(expr)
    own = 1 if expr.startswith("(") and _WORD.search(expr) and not any(depths[match.start()] == 0 for match in _WORD.finditer(expr)) else 0
    words = [match for match in _WORD.finditer(expr) if depths[match.start()] == own]
    closing = next((place for place in range(1, len(expr)) if depths[place] < own), len(expr)) if own else len(expr)
    for number, match in enumerate(words):
        end = words[number + 1].start() if number + 1 < len(words) else closing
        if match[0] == "unless":
            yield match.start(), end


def _inside_unless(expr: str, place: int) -> bool:
    """Whether a place belongs to an operand of ``unless``: what is looser there makes the rule tighter."""
    return any(start <= place < end for start, end in _clauses(expr))


def effects(
    player: Player,
    rules: Sequence[Rule],
    fired: Sequence[Fired],
    scenarios: Sequence[Scenario],
    inhibitions: Sequence[Inhibition],
    waits: Mapping[str, int],
    only: Collection[str] | None = None,
) -> Iterator[Effect]:
    """Yield what each break changes in the verdicts on scenarios that were played, beside what the whole rules fired.

    ``only`` are the names of alerts that matter, None: all do.
    """
    before = by_workspace(fired)
    verdicts: dict[str, Verdict] = {}
    for each in breaks(rules):
        played = [rule for rule in each.rules if not rule.alert or only is None or rule.name in only]
        effect = Effect(each.name, each.severity, each.kind, each.what)
        if not any(rule.alert for rule in played):
            continue
        names = {_name(rule.name, rule.labels) for rule in played if rule.alert}
        broken = by_workspace(player.play(played))
        for scenario in scenarios:
            everything = before.get(scenario.name, [])
            new, old = broken.get(scenario.name, []), [one for one in everything if _alert(one) in names]
            if _spans(new) == _spans(old):
                continue
            if scenario.name not in verdicts:
                verdicts[scenario.name] = judge(scenario, everything, inhibitions, waits)
            others = [one for one in everything if _alert(one) not in names]
            effect = effect.plus(_change(verdicts[scenario.name], judge(scenario, [*others, *new], inhibitions, waits), effect))
        yield effect


def _change(old: Verdict, new: Verdict, of: Effect) -> Effect:
    both = old.delay is not None and new.delay is not None
    return replace(
        of,
        lost=int(old.delay is not None and new.delay is None and not new.negative),
        gained=int(old.delay is None and new.delay is not None and not new.negative),
        later=(new.delay or 0) - (old.delay or 0) if both else 0,
        false=sum(new.false.values()) - sum(old.false.values()),
        begun=sum(new.begun.values()) - sum(old.begun.values()),
    )


def _alert(fired: Fired) -> str:
    return _name(fired.labels["alertname"], fired.labels)


def _name(alert: str, labels: Mapping[str, str]) -> str:
    return f"{alert}/{labels.get('severity', '')}"


def _spans(fired: Sequence[Fired]) -> Sequence[object]:
    return sorted((sorted(each.labels.items()), each.spans) for each in fired)
