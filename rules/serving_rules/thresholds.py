"""Thresholds that differ from model to model: one recorded series for each, with the default where nothing else is said.

An alert compares with that series instead of with a number, so that a thousand exceptions are one recording rule and no further alert.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from serving_rules.model import Scope, Threshold
from serving_rules.promql import by, number
from serving_rules.settings import ScopedValue

__all__ = ["MATCHABLE", "expression"]

_DEPLOYMENTS = "serving:deployment:info"

_OBJECTS = {
    Scope.DEPLOYMENT: (_DEPLOYMENTS,),
    Scope.ENVIRONMENT: (_DEPLOYMENTS,),
    Scope.MODEL: (_DEPLOYMENTS,),
    # An exporter that is gone takes its deployments with it; what the pack remembers of its workspace stays.
    Scope.WORKSPACE: ("serving_workspace:exporter_seen_timestamp_seconds:last", _DEPLOYMENTS),
}
"""For each scope the series from which its objects are known."""

MATCHABLE: Mapping[Scope, tuple[str, ...]] = {
    Scope.DEPLOYMENT: ("workspace", "model_id", "model_name", "environment", "deployment_id", "deployment_name", "instance_type"),
    Scope.ENVIRONMENT: ("workspace", "model_id", "model_name", "environment"),
    Scope.MODEL: ("workspace", "model_id", "model_name"),
    Scope.WORKSPACE: ("workspace",),
}
"""By which labels an exception may choose its objects."""

_BRANCHES = 32


def expression(threshold: Threshold, scoped: Iterable[ScopedValue], default: float) -> str:
    """PromQL of a threshold's series, with canonical label names: the first exception that matches an object wins."""
    always = {"environment": '!=""'} if threshold.scope is Scope.ENVIRONMENT else {}
    terms = [_term(threshold.scope, {**always, **matchers}, value) for matchers, value in _merged(scoped)]
    return _first_of([*terms, _term(threshold.scope, always, default)])


def _first_of(terms: Sequence[str]) -> str:
    """Join terms by ``or``; many of them as a tree, since parsers and rulers take a chain of a thousand badly."""
    while len(terms) > _BRANCHES:
        terms = ["(\n" + "\nor\n".join(terms[start : start + _BRANCHES]) + "\n)" for start in range(0, len(terms), _BRANCHES)]
    return "\nor\n".join(terms)


def _term(scope: Scope, matchers: Mapping[str, str], value: float) -> str:
    selector = f"{{{','.join(name + matcher for name, matcher in matchers.items())}}}" if matchers else ""
    objects = " or ".join(series + selector for series in _OBJECTS[scope])
    return f"max {by(scope.labels)} ({objects}) * 0 + {number(value)}"


def _merged(scoped: Iterable[ScopedValue]) -> Iterator[tuple[dict[str, str], float]]:
    """Matchers (label to operator and value) and values. Exceptions in a row that name one and the same label exclude each other, so those
    with one value become one selector: a list of a thousand models has as many terms as it has different values.
    """
    for label, run in groupby(scoped, key=lambda each: next(iter(each.match)) if len(each.match) == 1 else None):
        if label is None:
            yield from (({name: f'="{_escape(text)}"' for name, text in each.match.items()}, each.value) for each in run)
            continue
        values: dict[str, float] = {}
        for each in run:
            values.setdefault(each.match[label], each.value)
        for value in dict.fromkeys(values.values()):
            texts = [text for text, its in values.items() if its == value]
            matcher = f'="{_escape(texts[0])}"' if len(texts) == 1 else f'=~"{_escape("|".join(map(_literal, texts)))}"'
            yield {label: matcher}, value


def _literal(text: str) -> str:
    """Spell a text as an RE2 regular expression that matches it alone."""
    return "".join("\\" + character if character in r"\.+*?()|[]{}^$" else character for character in text)


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
