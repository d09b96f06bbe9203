"""The tests that a mutant faces, in an order that is cheap: the same assertions, sooner.

1. The condition alone, where inputs are constant and the expression does not look back: then the first minute tells what a later one would,
   and ``for`` need not be waited for.
2. The rest but the texts. No annotation is loaded: each firing alert would expand them every minute.
3. The texts.
4. Tests of many hours.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from serving_rules.fixtures import Test
from serving_rules.fixtures.notation import minutes
from serving_rules.pack import Rule

__all__ = ["Stage", "concerns", "stages"]

_LONG = 180
"""Minutes from which on a test comes last."""
_CONSTANT = re.compile(r"(?P<value>[-+.\w]+?)(?:x\d+)?")
_LOOKS_BACK = re.compile(r"\[|\boffset\b")


@dataclass(frozen=True, slots=True)
class Stage:
    """Tests of one kind. ``at_once``: without ``for`` and ``keep_firing_for``; ``texts``: with annotations."""

    tests: tuple[Test, ...]
    at_once: bool = False
    texts: bool = False


def stages(tests: Sequence[Test], rule: Rule) -> tuple[Stage, ...]:
    """Return the stages of the tests of a rule; none when no test looks at it."""
    looking = [{**test, "promql_expr_test": looks, "alert_rule_test": []} for test in tests if (looks := _looks_of(test, rule))]
    reading = [{**test, "promql_expr_test": [], "alert_rule_test": texts} for test in tests if (texts := _texts_of(test, rule))]
    first: list[Test] = []
    short: list[Test] = []
    long: list[Test] = []
    for test in looking:
        if cut := _at_once(test, rule):
            first.append(cut)
        else:
            (long if _length(test) > _LONG else short).append(test)
    found = (Stage(tuple(first), at_once=True), Stage(tuple(short)), Stage(tuple(reading), texts=True), Stage(tuple(long)))
    return tuple(stage for stage in found if stage.tests)


def concerns(test: Test, rule: Rule) -> bool:
    """Whether a test says anything about a rule."""
    return bool(_looks_of(test, rule) or _texts_of(test, rule))


def _looks_of(test: Test, rule: Rule) -> list[Test]:
    """Return what a test asks of a rule's series, or of its alert in this severity."""
    wanted = rule.record or f'ALERTS{{alertname="{rule.alert}",severity="{rule.labels.get("severity", "")}"}}'
    return [look for look in test.get("promql_expr_test", ()) if look["expr"] == wanted]


def _texts_of(test: Test, rule: Rule) -> list[Test]:
    texts = [look for look in test.get("alert_rule_test", ()) if look["alertname"] == rule.alert]
    # An alert of the same name and another severity has tests of its own; a test that only reads texts is everybody's.
    return texts if _looks_of(test, rule) or not test.get("promql_expr_test") else []


def _length(test: Test) -> int:
    return max(minutes(look["eval_time"]) for look in test["promql_expr_test"])


def _at_once(test: Test, rule: Rule) -> Test | None:
    """Return a test at its first minute, when that shows what its only look asks later; else None."""
    constants = [_CONSTANT.fullmatch(series["values"]) for series in test["input_series"]]
    if rule.record or _LOOKS_BACK.search(rule.expr) or len(test["promql_expr_test"]) != 1 or not all(constants):
        return None
    first = [{**series, "values": constant["value"]} for series, constant in zip(test["input_series"], constants, strict=True) if constant]
    return {**test, "input_series": first, "promql_expr_test": [{**test["promql_expr_test"][0], "eval_time": "0m"}]}
