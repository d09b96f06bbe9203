"""Rules broken on purpose: each guard of an alert taken away, each threshold halved and doubled. A scorecard has to notice."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from serving_simulator.scenarios import Scenario
from serving_simulator.score.engine import Fired, Player, Rule, by_workspace
from serving_simulator.score.inhibition import Inhibition
from serving_simulator.score.verdicts import Verdict, judge

__all__ = ["Break", "Effect", "breaks", "effects"]

Kind = Literal["guard removed", "looser", "tighter"]

_THRESHOLD = re.compile(r"(?P<operator>>=|<=|>|<)\s*(?P<number>\d+(?:\.\d+)?)(?![\w.\[])")
_WORD = re.compile(r"\b(and|unless|or)\b")


@dataclass(frozen=True, slots=True)
class Break:
    """A broken alert: what was done, in words, and which way it should err. A looser rule says more, a tighter one less; without a
    guard that silences, it says more.
    """

    alert: str
    severity: str
    kind: Kind
    what: str
    rule: Rule


@dataclass(frozen=True, slots=True)
class Effect:
    """What a break changed in the scorecard: incidents that were no longer found or newly found, minutes of delay over those found both
    times (positive: later), false pages and tickets more (negative: fewer), and how many more alerts of that name began to fire.
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
        """Whether it moved the way that such a break must: a tighter rule finds nothing more and nothing earlier, another nothing less."""
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
    """Yield every break of every alert."""
    for rule in rules:
        if not rule.alert:
            continue
        severity = str(rule.labels.get("severity", ""))
        for start, end in _clauses(rule.expr):
            clause = " ".join(rule.expr[start:end].split())
            kind: Kind = "guard removed"
            yield Break(rule.name, severity, kind, clause, replace(rule, expr=rule.expr[:start] + rule.expr[end:]))
        for match in _THRESHOLD.finditer(rule.expr):
            number = float(match["number"])
            if not number:
                continue
            negated = _inside_unless(rule.expr, match.start())
            for factor in (0.5, 2.0):
                less = (factor < 1) == (">" in match["operator"])
                kind = "looser" if less != negated else "tighter"
                text = f"{match['operator']} {number * factor:g}"
                expr = rule.expr[: match.start()] + text + rule.expr[match.end() :]
                yield Break(rule.name, severity, kind, f"{match[0]} becomes {text}", replace(rule, expr=expr))


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
) -> Iterator[Effect]:
    """Yield what each break changes in the verdicts on scenarios that were played, beside what the whole rules fired."""
    before = by_workspace(fired)
    verdicts: dict[str, Verdict] = {}
    for each in breaks(rules):
        broken = by_workspace(player.play([each.rule]))
        original = {name: [one for one in found if _is(one, each.rule)] for name, found in before.items()}
        effect = Effect(each.alert, each.severity, each.kind, each.what)
        for scenario in scenarios:
            new, old = broken.get(scenario.name, []), original.get(scenario.name, [])
            if _spans(new) == _spans(old):
                continue
            everything = before.get(scenario.name, [])
            if scenario.name not in verdicts:
                verdicts[scenario.name] = judge(scenario, everything, inhibitions, waits)
            others = [one for one in everything if not _is(one, each.rule)]
            effect = effect.plus(_change(verdicts[scenario.name], judge(scenario, [*others, *new], inhibitions, waits), effect))
        yield effect


def _change(old: Verdict, new: Verdict, of: Effect) -> Effect:
    name = f"{of.alert}/{of.severity}"
    both = old.delay is not None and new.delay is not None
    return replace(
        of,
        lost=int(old.delay is not None and new.delay is None and not new.negative),
        gained=int(old.delay is None and new.delay is not None and not new.negative),
        later=(new.delay or 0) - (old.delay or 0) if both else 0,
        false=sum(new.false.values()) - sum(old.false.values()),
        begun=new.begun.get(name, 0) - old.begun.get(name, 0),
    )


def _is(fired: Fired, rule: Rule) -> bool:
    return fired.labels["alertname"] == rule.name and fired.labels.get("severity") == rule.labels.get("severity")


def _spans(fired: Sequence[Fired]) -> Sequence[object]:
    return sorted((sorted(each.labels.items()), each.spans) for each in fired)
