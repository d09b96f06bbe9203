"""Both directions of the contract, over a whole pack."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

import promql_parser

from serving_exporter.catalogue import ALL, Metric, MetricType
from serving_rules.contract.inference import Inference, Series, Shape
from serving_rules.contract.raw import RAW_LABELS, RAW_METRICS
from serving_rules.model import Scope
from serving_rules.pack import Pack, Rule
from serving_rules.promql import OF_TARGETS, SCRAPER

__all__ = ["Usage", "reader", "violations"]

_TEMPLATE_QUERY = re.compile(r'printf "(?P<query>(?:\\.|[^"\\])*)" [^}|]*\| query')
_TEMPLATE_LABEL = re.compile(r"\$labels\.(\w+)")
_VARIABLE = re.compile(r"\$\w+")
_LEVELS = {scope.prefix: frozenset(scope.labels) for scope in Scope}


@dataclass(frozen=True, slots=True)
class Usage:
    """A text that reads metrics: where it stands, and the expression."""

    where: str
    expr: str


def violations(pack: Pack, queries: Iterable[Usage] = (), catalogue: Mapping[str, Metric] | None = None) -> list[str]:
    """Return everything in which pack and catalogue disagree, one sentence each; empty when they agree.

    ``queries`` are the expressions outside of rules (runbooks, documents). ``catalogue`` defaults to everything on the exporter's page.
    """
    return list(dict.fromkeys(_Check(ALL if catalogue is None else catalogue).run(pack, queries)))


def reader(pack: Pack) -> Callable[[str], tuple[frozenset[str], list[str]]]:
    """Return what reads one expression after the other: the labels of its result (none for a scalar), and what is wrong in it."""
    check = _Check(ALL)
    list(check.run(pack, ()))
    return check.read


class _Check:
    def __init__(self, catalogue: Mapping[str, Metric]) -> None:
        self._catalogue = catalogue
        self._raw = {sample: _raw(metric, sample) for metric in catalogue.values() for sample in metric.sample_names}
        self._raw |= {name: Series(name, frozenset(SCRAPER), cumulative=name.endswith("_total")) for name in OF_TARGETS}
        self._signals: dict[str, Series] = {}
        self._used: set[tuple[str, str]] = set()

    def run(self, pack: Pack, queries: Iterable[Usage]) -> Iterator[str]:
        records = [rule for rule in pack.rules() if rule.record]
        self._signals = {rule.record: Series(rule.record, _level(rule.record)) for rule in records}
        # A record may read its own past, or a record of a later group: repeat until the labels are settled.
        while (found := self._recorded(records)) != self._signals:
            self._signals = found
        for rule in records:
            yield from (f"{rule.record}: {error}" for error in self._infer(rule.expr)[1])
            yield from self._level_errors(rule)
        alerts: set[str] = {"alertname", "alertstate"}
        for rule in pack.rules():
            if rule.alert:
                alerts |= set(rule.labels) | (self._infer(rule.expr)[0].labels or frozenset())
                yield from self._alert(rule)
        self._raw["ALERTS"] = Series("ALERTS", frozenset(alerts))
        for usage in queries:
            yield from (f"{usage.where}: {error}" for error in self._infer(_VARIABLE.sub("x", usage.expr))[1])
        yield from self._unused()

    def read(self, expr: str) -> tuple[frozenset[str], list[str]]:
        """Return labels and errors of an expression, once ``run`` has settled the labels of the records."""
        shape, errors = self._infer(expr)
        return shape.labels or frozenset(), errors

    def _find(self, name: str) -> Series | None:
        return self._signals.get(name) or self._raw.get(name)

    def _infer(self, expr: str) -> tuple[Shape, list[str]]:
        """Return the shape of an expression and what is wrong in it; the same expression over the same series is looked at once."""
        key = (expr, tuple(self._find(name) for name in _names(expr)))
        if key not in _INFERRED:
            inference = Inference(self._find)
            _INFERRED[key] = (inference.shape(_parse(expr)), inference.errors, frozenset(inference.used))
        shape, errors, used = _INFERRED[key]
        self._used |= used
        return shape, errors

    def _recorded(self, records: Iterable[Rule]) -> dict[str, Series]:
        """Return what each name is recorded with; several rules may record one name, each with a label value of its own."""
        found: dict[str, Series] = {}
        for rule in records:
            shape, _ = self._infer(rule.expr)
            labels = (shape.labels or frozenset()) | set(rule.labels)
            values = {label: known for label in labels if (known := shape.value_sets(label))}
            values |= {name: frozenset({value}) for name, value in rule.labels.items()}
            if before := found.get(rule.record):
                labels |= before.labels
                values = {label: values[label] | before.values[label] for label in set(values) & set(before.values)}
            found[rule.record] = Series(rule.record, labels, values)
        return found

    def _level_errors(self, rule: Rule) -> Iterator[str]:
        missing = _level(rule.record) - self._signals[rule.record].labels
        if missing:
            yield f"{rule.record}: its level promises the labels {', '.join(sorted(missing))}"

    def _alert(self, rule: Rule) -> Iterator[str]:
        shape, errors = self._infer(rule.expr)
        yield from (f"{rule.alert}: {error}" for error in errors)
        labels = (shape.labels or frozenset()) | set(rule.labels)
        for key, text in rule.annotations.items():
            for label in sorted(set(_TEMPLATE_LABEL.findall(text)) - labels - {"alertname"}):
                if not _is_guarded(label, text):
                    yield f"{rule.alert}: {key} uses the label {label}, which the alert does not have"
            for match in _TEMPLATE_QUERY.finditer(text):
                query = match["query"].replace('\\"', '"').replace("%q", '""')
                yield from (f"{rule.alert}: {key}: {error}" for error in self._infer(query)[1])
        for feed in shape.feeds:
            if feed.raw:
                yield f"{rule.alert}: reads {feed.name}; alerts read signals only"

    def _unused(self) -> Iterator[str]:
        for metric in self._catalogue.values():
            samples = [name for name in metric.sample_names if (name, "") in self._used]
            if not samples and metric.name not in RAW_METRICS:
                yield f"{metric.name}: exported, used by no rule, and not listed as raw"
            if samples and metric.name in RAW_METRICS:
                yield f"{metric.name}: listed as raw, but used"
            # A raw metric's labels must be words that are in use elsewhere: nothing else would notice another spelling.
            anywhere = {label for _, label in self._used}
            for label in metric.labels:
                used = any((sample, label) in self._used for sample in samples) if samples else label in anywhere
                if not used and label not in RAW_LABELS and f"{metric.name}.{label}" not in RAW_LABELS:
                    yield f"{metric.name}: label {label} is used by no rule and not listed as raw"
        names = set(self._catalogue)
        labels = {label for metric in self._catalogue.values() for label in metric.labels}
        both = {f"{metric.name}.{label}" for metric in self._catalogue.values() for label in metric.labels}
        yield from (f"{name}: listed as raw, but not exported" for name in RAW_METRICS if name not in names)
        yield from (f"{name}: listed as raw, but no such label" for name in RAW_LABELS if name not in labels | both)


_parse = lru_cache(maxsize=None)(promql_parser.parse)  # the same few hundred expressions, for every catalogue that is tried

_INFERRED: dict[tuple[str, tuple[Series | None, ...]], tuple[Shape, list[str], frozenset[tuple[str, str]]]] = {}


@cache
def _names(expr: str) -> tuple[str, ...]:
    """Return the names of the series that an expression reads."""
    found: list[str] = []

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.MatrixSelector):
            node = node.vector_selector
        if isinstance(node, promql_parser.VectorSelector) and node.name:
            found.append(node.name)

    promql_parser.walk(_parse(expr), visit)
    return tuple(found)


def _raw(metric: Metric, sample: str) -> Series:
    labels = frozenset((*metric.sample_labels(sample), *SCRAPER))
    values = {label: frozenset(each) for label, each in metric.values.items()}
    cumulative = metric.type is MetricType.COUNTER or (metric.type is MetricType.HISTOGRAM)
    return Series(sample, labels, values, cumulative, raw=True)


def _level(name: str) -> frozenset[str]:
    return _LEVELS.get(name.split(":", 1)[0], frozenset())


def _is_guarded(label: str, text: str) -> bool:
    """Whether a template copes with the label's absence: ``with $labels.x`` and ``or $labels.x y`` do."""
    return all(
        re.search(r"\b(with|if|or)\b[^}]*$", text[: match.start()].rsplit("{{", 1)[-1])
        for match in re.finditer(rf"\$labels\.{label}\b", text)
    )
