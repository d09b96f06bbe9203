"""Small mistakes in PromQL, one at a time.

An operator looks at one node of the syntax tree and yields what it could have been written as. The parser's tree cannot be changed in
place, so the replacement is PromQL text, put in parentheses where it could otherwise bind differently.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import promql_parser as promql

from serving_rules.mutation.mutant import Change
from serving_rules.promql import number

__all__ = ["changes", "nodes", "normal"]

Variants = Iterator[tuple[str, str]]
"""Operator and replacement text."""

_FLIPPED = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "==": "!=", "!=": "=="}
_BOUNDARY = {">": ">=", ">=": ">", "<": "<=", "<=": "<"}
_ARITHMETIC = {"+": "-", "-": "+", "*": "/", "/": "*", "^": "*", "%": "*"}
_SETS = {"and": "unless", "unless": "and"}
_AGGREGATIONS = {
    "sum": ("max", "avg"),
    "max": ("min", "sum"),
    "min": ("max",),
    "avg": ("max", "sum"),
    "count": ("max",),
    "group": ("count",),
    "topk": ("bottomk",),
    "bottomk": ("topk",),
}
_FUNCTIONS = {
    "avg_over_time": ("max_over_time",),
    "max_over_time": ("min_over_time",),
    "min_over_time": ("max_over_time",),
    "sum_over_time": ("max_over_time",),
    "count_over_time": ("sum_over_time",),
    "last_over_time": ("max_over_time",),
    "rate": ("increase",),
    "increase": ("rate",),
    "changes": ("resets",),
    "clamp_min": ("clamp_max",),
    "clamp_max": ("clamp_min",),
    "ceil": ("floor",),
    "floor": ("ceil",),
}
_CARDINALITIES = {"VectorMatchCardinality.ManyToOne": "group_left", "VectorMatchCardinality.OneToMany": "group_right"}
_MATCHES = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}
_COUNTING = {"absent", "absent_over_time", "count", "count_over_time", "group", "present_over_time"}
_CHOOSING = {"bottomk", "count_values", "topk"}
_TRANSPARENT = {"abs", "ceil", "clamp", "clamp_max", "clamp_min", "floor", "round", "sgn"}
"""Functions whose result has the labels and nearly the value of their first argument: they can be forgotten."""

_OF_VALUES = {
    "aggregation swapped",
    "arithmetic swapped",
    "function dropped",
    "function swapped",
    "number doubled",
    "number halved",
    "or: order swapped",
}
"""Operators that leave the series as they are and change their values."""


def normal(expr: str) -> str:
    """Return an expression in one line, as the parser writes it. Raises ValueError when it is no PromQL."""
    return " ".join(promql.parse(expr).prettify().split())


def changes(expr: str) -> Iterator[Change]:
    """Yield every changed expression, each once."""
    tree = promql.parse(expr)
    seen = {normal(expr)}
    for index, (node, value_matters) in enumerate(nodes(tree)):
        for operator, text in _variants(node):
            if operator in _OF_VALUES and not value_matters:
                continue
            changed = _replaced(tree, index, text)
            if changed is not None and changed not in seen:
                seen.add(changed)
                yield Change(operator, changed)


def nodes(node: Any, value_matters: bool = True) -> Iterator[tuple[Any, bool]]:
    """Yield a tree's nodes in the parser's own order, each with whether its value can make a difference.

    It cannot where only the presence of series counts: to the right of ``and`` and ``unless``, in what is counted, and in what is
    multiplied by zero. A mistake in such a value is none.
    """
    yield node, value_matters
    for child, matters in _children(node, value_matters):
        yield from nodes(child, matters)


def _children(node: Any, value_matters: bool) -> Iterator[tuple[Any, bool]]:
    match node:
        case promql.BinaryExpr():
            operator = str(node.op)
            compares = operator in _FLIPPED and not (node.modifier and node.modifier.return_bool)
            left = right = value_matters or compares
            if operator == "*":
                left, right = left and not _is_zero(node.rhs), right and not _is_zero(node.lhs)
            yield node.lhs, left
            yield node.rhs, right and operator not in _SETS
        case promql.AggregateExpr():
            if node.param:
                yield node.param, True
            yield node.expr, str(node.op) in _CHOOSING or (value_matters and str(node.op) not in _COUNTING)
        case promql.Call():
            yield from ((argument, value_matters and node.func.name not in _COUNTING) for argument in node.args)
        case promql.MatrixSelector():
            yield node.vector_selector, value_matters
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            yield node.expr, value_matters


def _is_zero(node: Any) -> bool:
    return isinstance(node, promql.NumberLiteral) and bool(node.val == 0)


def _replaced(tree: Any, index: int, text: str) -> str | None:
    """Return the whole expression with one node replaced; None when that is no PromQL (an aggregation without its labels, for example)."""
    visited = -1

    def visit(_: Any) -> Any:
        nonlocal visited
        visited += 1
        return replacement if visited == index else None

    try:
        replacement = promql.parse(text)
        return normal(promql.transform(tree, visit).prettify())
    except ValueError:
        return None


def _variants(node: Any) -> Variants:
    handler = _HANDLERS.get(type(node))
    return handler(node) if handler else iter(())


def _binary(node: Any) -> Variants:
    operator, left, right = str(node.op), node.lhs.prettify(), node.rhs.prettify()
    modifier = f" {node.modifier or ''}".rstrip()  # set operators have one even when it says nothing

    def joined(by: str, how: str = modifier) -> str:
        return f"{left} {by}{how} {right}"

    if operator in _FLIPPED:
        yield "comparison flipped", joined(_FLIPPED[operator])
    if operator in _BOUNDARY:
        yield "comparison moved to the boundary", joined(_BOUNDARY[operator])
    if operator in _ARITHMETIC and not _always_one(node.rhs) and not _is_zero(node.lhs):
        yield "arithmetic swapped", joined(_ARITHMETIC[operator]) if operator != "^" else f"({joined('*')})"
    if operator in _SETS:
        yield "and/unless swapped", joined(_SETS[operator])
        yield "condition dropped", left
    if operator == "or":
        yield "or: left dropped", right
        yield "or: right dropped", left
        yield "or: order swapped" if not modifier else "or on labels: order swapped", f"{right} or{modifier} {left}"
    if node.modifier:
        yield from (("matching changed", joined(operator, how)) for how in _matchings(node.modifier))


def _always_one(node: Any) -> bool:
    """Whether a factor only lends its labels: info series are 1, and multiplying is dividing."""
    return isinstance(node, promql.VectorSelector) and str(node.name).endswith(":info")


def _matchings(modifier: Any) -> Iterator[str]:
    """Yield the modifier of a binary operator without one of its parts."""
    flag = " bool" if modifier.return_bool else ""
    matching = modifier.matching
    labels = list(matching.labels) if matching else []
    keyword = "ignoring" if matching and matching.type == promql.LabelModifierType.Exclude else "on"
    many = _CARDINALITIES.get(str(modifier.card), "")
    copied = list(modifier.group_labels or [])

    def spelled(flag: str = flag, labels: list[str] = labels, copied: list[str] = copied) -> str:
        match = f" {keyword} ({', '.join(labels)})" if matching else ""
        return f"{flag}{match}" + (f" {many} ({', '.join(copied)})" if many else "")

    if flag:
        yield spelled(flag="")
    for index in range(len(labels)):
        yield spelled(labels=labels[:index] + labels[index + 1 :])
    for index in range(len(copied)):
        yield spelled(copied=copied[:index] + copied[index + 1 :])


def _aggregate(node: Any) -> Variants:
    inner = f"{node.param.prettify()}, {node.expr.prettify()}" if node.param else node.expr.prettify()
    modifier = f" {node.modifier}" if node.modifier else ""
    for operation in _AGGREGATIONS.get(str(node.op), ()):
        yield "aggregation swapped", f"{operation}{modifier} ({inner})"
    labels = list(node.modifier.labels) if node.modifier else []
    keyword = "without" if node.modifier and node.modifier.type == promql.AggModifierType.Without else "by"
    for index in range(len(labels)):
        yield "grouping label dropped", f"{node.op} {keyword} ({', '.join(labels[:index] + labels[index + 1 :])}) ({inner})"


def _call(node: Any) -> Variants:
    arguments = [argument.prettify() for argument in node.args]
    for name in _FUNCTIONS.get(node.func.name, ()):
        yield "function swapped", f"{name}({', '.join(arguments)})"
    if node.func.name in _TRANSPARENT:
        yield "function dropped", _grouped(node.args[0])


def _number(node: Any) -> Variants:
    if node.val in {0.0, float("inf"), float("-inf")} or node.val != node.val:
        return
    yield "number doubled", _literal(node.val * 2)
    yield "number halved", _literal(node.val / 2)


def _literal(value: float) -> str:
    return f"(-{number(-value)})" if value < 0 else number(value)


def _selector(node: Any) -> Variants:
    matchers = list(node.matchers.matchers)
    for index in range(len(matchers)):
        yield "matcher dropped", _spelled(node, matchers[:index] + matchers[index + 1 :])
    if node.offset is not None:
        yield "offset dropped", _spelled(node, matchers, offset=None)
        yield "offset doubled", _spelled(node, matchers, offset=node.offset * 2)


def _matrix(node: Any) -> Variants:
    for name, length in (("range doubled", node.range * 2), ("range halved", node.range / 2)):
        vector = node.vector_selector
        yield name, _spelled(vector, list(vector.matchers.matchers), offset=vector.offset, window=f"[{_duration(length)}]")


def _subquery(node: Any) -> Variants:
    step = _duration(node.step) if node.step else ""
    offset = f" offset {_duration(node.offset)}" if node.offset is not None else ""
    for name, length in (("range doubled", node.range * 2), ("range halved", node.range / 2)):
        yield name, f"{_grouped(node.expr)}[{_duration(length)}:{step}]{offset}"


def _spelled(vector: Any, matchers: list[Any], *, offset: timedelta | None = timedelta.max, window: str = "") -> str:
    """Spell a selector with these matchers; the offset is its own unless another, or none, is given."""
    shift = vector.offset if offset is timedelta.max else offset
    pairs = ",".join(f"{each.name}{_MATCHES[str(each.op)]}{_quoted(each.value)}" for each in matchers)
    return f"{vector.name or ''}{{{pairs}}}{window}" + (f" offset {_duration(shift)}" if shift is not None else "")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _duration(length: timedelta) -> str:
    milliseconds = round(length / timedelta(milliseconds=1))
    sign, milliseconds = ("-", -milliseconds) if milliseconds < 0 else ("", milliseconds)
    whole = [(unit, size) for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1000)) if milliseconds % size == 0]
    unit, size = whole[0] if whole else ("ms", 1)
    return f"{sign}{milliseconds // size}{unit}"


def _grouped(node: Any) -> str:
    text = node.prettify()
    return f"({text})" if isinstance(node, promql.BinaryExpr | promql.UnaryExpr) else text


_HANDLERS: dict[type, Callable[[Any], Variants]] = {
    promql.BinaryExpr: _binary,
    promql.AggregateExpr: _aggregate,
    promql.Call: _call,
    promql.NumberLiteral: _number,
    promql.VectorSelector: _selector,
    promql.MatrixSelector: _matrix,
    promql.SubqueryExpr: _subquery,
}
