"""Which labels an expression's result has, and what it reads on the way: a small type checker for PromQL.

The rules of vector matching are those of the Prometheus documentation (querying/operators). Errors are collected, not raised, so that one
run names everything that is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from promql_parser import (
    AggModifierType,
    AggregateExpr,
    BinaryExpr,
    Call,
    Expr,
    LabelModifierType,
    MatchOp,
    MatrixSelector,
    NumberLiteral,
    ParenExpr,
    StringLiteral,
    SubqueryExpr,
    UnaryExpr,
    VectorMatchCardinality,
    VectorSelector,
)

__all__ = ["Inference", "Series", "Shape"]

ENGINE_LABELS = frozenset({"workspace", "deployment_id", "replica", "job", "instance", "le"})
"""Labels of the families that an inference engine exports itself: the feed adds the deployment and the replica, and no model. Buckets of a
histogram have their bound."""

_SETS = {"and", "or", "unless"}
_COMPARISONS = {"==", "!=", ">", "<", ">=", "<="}
_COUNTER_FUNCTIONS = {"rate", "increase", "irate"}
_GAUGE_FUNCTIONS = {"deriv", "delta", "idelta", "predict_linear"}
_KEEP_FIRST = {"label_replace", "label_join"}


@dataclass(frozen=True, slots=True)
class Series:
    """A family that expressions may read: its labels, enumerated values, and whether its samples are cumulative (None: not known)."""

    name: str
    labels: frozenset[str]
    values: Mapping[str, frozenset[str]] = field(default_factory=dict, hash=False)
    cumulative: bool | None = None
    raw: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """The result of an expression: its labels (None for a scalar or a string) and the series that feed it."""

    labels: frozenset[str] | None
    feeds: frozenset[Series] = frozenset()

    def value_sets(self, label: str) -> frozenset[str]:
        """Every enumerated value that a label can have here, empty when one feed does not enumerate it."""
        sets = [feed.values.get(label) for feed in self.feeds if label in feed.labels]
        return frozenset().union(*(each for each in sets if each)) if sets and all(sets) else frozenset()


class Inference:
    """Infers shapes; ``find`` returns the series of a name, or None. ``errors`` and ``used`` (series name, label) grow with each call."""

    def __init__(self, find: Callable[[str], Series | None]) -> None:
        self._find = find
        self.errors: list[str] = []
        self.used: set[tuple[str, str]] = set()

    def shape(self, expr: Expr) -> Shape:
        """Return the shape of an expression, collecting what is wrong in it."""
        match expr:
            case NumberLiteral() | StringLiteral():
                return Shape(None)
            case ParenExpr() | UnaryExpr() | SubqueryExpr():
                return self.shape(expr.expr)
            case VectorSelector():
                return self._selector(expr)
            case MatrixSelector():
                return self._selector(expr.vector_selector)
            case AggregateExpr():
                return self._aggregate(expr)
            case Call():
                return self._call(expr)
            case BinaryExpr():
                return self._binary(expr)
        raise TypeError(f"unknown expression {type(expr).__name__}")

    def _selector(self, selector: VectorSelector) -> Shape:
        if selector.name is None:
            return self._unnamed(selector)
        series = self._find(selector.name)
        if series is None:
            self.errors.append(f"{selector.name}: no such metric")
            return Shape(frozenset())
        self.used.add((series.name, ""))
        for matcher in selector.matchers.matchers:
            if matcher.name not in series.labels:
                self.errors.append(f"{selector.name}: no label {matcher.name}")
                continue
            self.used.add((series.name, matcher.name))
            self._values(series, matcher.name, matcher.op, matcher.value)
        return Shape(series.labels, frozenset({series}))

    def _unnamed(self, selector: VectorSelector) -> Shape:
        """Take a selector of families whose names are not published (an engine's own): their labels are those that the feed adds."""
        asked = {matcher.name for matcher in selector.matchers.matchers}
        if "__name__" not in asked:
            self.errors.append(f"{selector.prettify()}: selects by no name")
        return Shape(ENGINE_LABELS)

    def _values(self, series: Series, label: str, op: MatchOp, value: str) -> None:
        known = series.values.get(label)
        if not known or not value:
            return
        if op in (MatchOp.Re, MatchOp.NotRe):
            wanted = value.split("|") if re.fullmatch(r"[\w|]+", value) else [value]
            missing = [each for each in wanted if not any(re.fullmatch(each, one) for one in known)]
        else:
            missing = [value] if value not in known else []
        self.errors.extend(f"{series.name}: label {label} is never {each!r}" for each in missing)

    def _use(self, shape: Shape, labels: Iterable[str], where: str) -> None:
        for label in labels:
            if label not in (shape.labels or ()):
                self.errors.append(f"{where}: no label {label}")
            for feed in shape.feeds:
                if label in feed.labels:
                    self.used.add((feed.name, label))

    def _aggregate(self, expr: AggregateExpr) -> Shape:
        inner = self.shape(expr.expr)
        if inner.labels is None:
            self.errors.append(f"{expr.prettify()}: aggregates a scalar")
            return inner
        labels: frozenset[str] = frozenset(expr.modifier.labels) if expr.modifier else frozenset()
        name = str(expr).split("(", 1)[0].split(" ", 1)[0]
        without = expr.modifier is not None and expr.modifier.type == AggModifierType.Without
        self._use(inner, labels, f"{name} {'without' if without else 'by'}")
        if name in {"topk", "bottomk"}:
            return inner
        return Shape(inner.labels - labels if without else labels & inner.labels, inner.feeds)

    def _call(self, expr: Call) -> Shape:
        name, shapes = expr.func.name, [self.shape(arg) for arg in expr.args]
        vectors = [shape for shape in shapes if shape.labels is not None]
        if name in {"time", "scalar", "pi"}:
            return Shape(None)
        if name in {"vector", "absent", "absent_over_time"} or not vectors:
            return Shape(frozenset())
        shape = vectors[0]
        labels = shape.labels or frozenset()
        for feed in shape.feeds:
            if feed.raw and name in _COUNTER_FUNCTIONS and not feed.cumulative:
                self.errors.append(f"{name}({feed.name}): not a counter")
            if feed.raw and name in _GAUGE_FUNCTIONS and feed.cumulative:
                self.errors.append(f"{name}({feed.name}): a counter")
        if name == "histogram_quantile":
            self._use(shape, ["le"], name)
            return Shape(labels - {"le"}, shape.feeds)
        if name in _KEEP_FIRST:
            return Shape(labels | {str(expr.args[1].val)}, shape.feeds)
        return shape

    def _binary(self, expr: BinaryExpr) -> Shape:
        left, right = self.shape(expr.lhs), self.shape(expr.rhs)
        feeds = left.feeds | right.feeds
        if left.labels is None or right.labels is None:
            return Shape(left.labels if right.labels is None else right.labels, feeds)
        op, modifier = str(expr.op), expr.modifier
        matching = modifier.matching if modifier else None
        if matching is None:
            if left.labels != right.labels and not (op == "or" and left.labels and right.labels):
                self.errors.append(f"{op}: {_spell(left.labels)} against {_spell(right.labels)} without on()")
            joined = left.labels & right.labels
        elif matching.type == LabelModifierType.Include:
            joined = frozenset(matching.labels)
        else:
            joined = (left.labels | right.labels) - frozenset(matching.labels)
        if matching is not None and matching.type == LabelModifierType.Include:  # labels that are named are in use, others are just there
            self._use(left, joined, f"left of {op}")
            self._use(right, joined, f"right of {op}")
        if op in _SETS:
            return Shape(left.labels | right.labels if op == "or" else left.labels, feeds)
        card = modifier.card if modifier else VectorMatchCardinality.OneToOne
        group = frozenset(modifier.group_labels or ()) if modifier else frozenset()
        if card == VectorMatchCardinality.ManyToOne:
            self._use(right, group, "group_left")
            return Shape(left.labels | group, feeds)
        if card == VectorMatchCardinality.OneToMany:
            self._use(left, group, "group_right")
            return Shape(right.labels | group, feeds)
        return Shape(joined if matching is not None else left.labels, feeds)


def _spell(labels: Iterable[str]) -> str:
    return "{" + ", ".join(sorted(labels)) + "}"
