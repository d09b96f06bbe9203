"""Every mutant of a rule: mistakes in the expression, and in everything else that a rule has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

from serving_rules.fixtures.notation import minutes
from serving_rules.mutation.expressions import changes, normal
from serving_rules.mutation.mutant import Mutant, difference
from serving_rules.pack import Rule

__all__ = ["mutants"]

_OTHER_SEVERITY = {"critical": "warning", "warning": "critical", "info": "warning"}


def mutants(rule: Rule) -> list[Mutant]:
    """Return the mutants of a rule, named apart."""
    names: Counter[str] = Counter()
    found = []
    for mutant in [*_of_expression(rule), *_of_labels(rule), *(_of_alert(rule) if rule.alert else ())]:
        names[mutant.name] += 1
        count = names[mutant.name]
        found.append(mutant if count == 1 else replace(mutant, name=f"{mutant.name} ({count})"))
    return found


def _of_expression(rule: Rule) -> Iterator[Mutant]:
    written = normal(rule.expr)
    for change in changes(rule.expr):
        yield Mutant(f"{change.operator}: {difference(written, change.expr)}", change.operator, replace(rule, expr=change.expr))


def _of_labels(rule: Rule) -> Iterator[Mutant]:
    for label, value in rule.labels.items():
        if label == "severity":
            changed = {**rule.labels, label: _OTHER_SEVERITY.get(value, "critical")}
            yield Mutant("severity changed", "severity", replace(rule, labels=changed))
        else:
            yield Mutant(f"label dropped: {label}", "label dropped", replace(rule, labels=_without(rule.labels, label)))


def _of_alert(rule: Rule) -> Iterator[Mutant]:
    for name, value in _others(rule.for_):
        yield Mutant(f"for {name}", "for", replace(rule, for_=value))
    for name, value in _others(rule.keep_firing_for):
        yield Mutant(f"keep_firing_for {name}", "keep_firing_for", replace(rule, keep_firing_for=value))
    for name, text in rule.annotations.items():
        yield Mutant(f"text changed: {name}", "text", replace(rule, annotations={**rule.annotations, name: f"{text}!"}))
        yield Mutant(f"text dropped: {name}", "text", replace(rule, annotations=_without(rule.annotations, name)))


def _others(duration: str) -> tuple[tuple[str, str], ...]:
    return (("dropped", ""), ("doubled", f"{minutes(duration) * 2}m")) if duration else (("added", "5m"),)


def _without(texts: Mapping[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in texts.items() if key != name}
