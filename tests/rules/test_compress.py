"""The pack for a faster clock: the same expressions, with every duration shorter and every rate per simulated second."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import promql_parser
import pytest

from serving_rules.compress import compress
from serving_rules.model import Layer
from serving_rules.pack import Group, Pack, Rule, RuleFile, build

SPEED, EPOCH = 60.0, 1000.0
NOW = "(1000.000 + (time() - 1000.000) * 60)"
PACK = build()


def of(rule: Rule) -> Rule:
    """Return one rule for the faster clock."""
    (made,) = compress(pack_of(rule), SPEED, epoch=EPOCH).rules()
    return made


def pack_of(rule: Rule) -> Pack:
    return replace(PACK, files=(RuleFile(Layer.SIGNALS, (Group("g", (rule,)),)),))


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("max_over_time(a[10m])", "max_over_time(a[10000ms])"),
        ("a - a offset 1m", "a - a offset 1000ms"),
        ("max_over_time(a[1h30m] offset 30s)", "max_over_time(a[90000ms] offset 500ms)"),
        ("sum_over_time((a > 1)[2h:1m])", "sum_over_time((a > 1)[120000ms:1000ms])"),
        ("sum by (b) (rate(a[5m])) > 2", "sum by (b) ((rate(a[5000ms]) / 60)) > 2"),
        ("max(deriv(a[15m])) - (b)", "max((deriv(a[15000ms]) / 60)) - (b)"),
        ("rate((a)[5m:1m]) + rate(b[5m])", "(rate((a)[5000ms:1000ms]) / 60) + (rate(b[5000ms]) / 60)"),
        ("increase(a[5m])", "increase(a[5000ms])"),
        ("time() - a > 3600", f"{NOW} - a > 3600"),
        ('a{b="[5m] time() rate(offset 1m"}', 'a{b="[5m] time() rate(offset 1m"}'),
    ],
)
def test_expressions(expr: str, expected: str) -> None:
    assert of(Rule(expr, record="serving:a:b")).expr == expected


def test_durations_of_rules_and_groups() -> None:
    made = compress(pack_of(Rule("a", alert="A", for_="10m", keep_firing_for="1h")), SPEED, epoch=EPOCH)
    (rule,) = made.rules()
    assert (rule.for_, rule.keep_firing_for) == ("10000ms", "60000ms")
    assert [group.interval for group in made.groups()] == ["1000ms"]
    assert of(Rule("a", alert="A")).for_ == ""


def test_a_subquery_that_would_follow_the_global_interval_is_refused() -> None:
    with pytest.raises(ValueError, match=r"needs a step: \[2h:\]"):
        of(Rule("max_over_time((a > 1)[2h:])", record="serving:a:b"))


def test_the_whole_pack_keeps_its_logic() -> None:
    """Expression by expression, node by node: only durations, rates and the clock differ, and those as they should."""
    for shipped, made in zip(PACK.rules(), compress(PACK, SPEED, epoch=EPOCH).rules(), strict=True):
        assert (made.name, made.labels, made.annotations) == (shipped.name, shipped.labels, shipped.annotations)
        assert list(differences(promql_parser.parse(shipped.expr), promql_parser.parse(made.expr))) == [], shipped.name


def differences(shipped: Any, made: Any) -> Iterator[str]:
    """Walk two trees side by side."""
    if isinstance(shipped, promql_parser.Call) and shipped.func.name in {"rate", "irate", "deriv"}:
        division = made.expr
        if (str(division.op), division.rhs.prettify()) != ("/", "60"):
            yield f"{made.prettify()} is not per simulated second"
        made = division.lhs
    elif isinstance(shipped, promql_parser.Call) and shipped.func.name == "time":
        if re.sub(r"\s", "", made.prettify()) != re.sub(r"\s|\.000", "", NOW):
            yield f"{made.prettify()} is not the simulated time"
        return
    if type(shipped) is not type(made):
        yield f"{shipped.prettify()} became {made.prettify()}"
        return
    for name in ("range", "step", "offset"):
        before, after = (getattr(each, name, None) for each in (shipped, made))
        if before is not None and (after is None or before.total_seconds() != SPEED * after.total_seconds()):
            yield f"{name} of {shipped.prettify()} became {after}"
    if _own(shipped) != _own(made):
        yield f"{_own(shipped)} became {_own(made)}"
    children = [list(_children(each)) for each in (shipped, made)]
    if not children[0] and not getattr(shipped, "offset", None) and shipped.prettify() != made.prettify():
        yield f"{shipped.prettify()} became {made.prettify()}"
    for pair in zip(*children, strict=True):
        yield from differences(*pair)


def _own(node: Any) -> tuple[str, ...]:
    """Return what a node says apart from its children: operator, how it matches or groups, function."""
    function = getattr(node, "func", None)
    return (str(getattr(node, "op", "")), str(getattr(node, "modifier", "")), function.name if function else "")


def _children(node: Any) -> Iterator[Any]:
    for name in ("lhs", "rhs", "expr", "param", "vector_selector"):
        if (child := getattr(node, name, None)) is not None:
            yield child
    yield from getattr(node, "args", None) or ()
