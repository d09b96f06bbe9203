"""Which mutants live: rules with a mistake in them, put before their own tests.

A mutant is tried against the tests that concern its rule, with that rule and those that it reads from the same suite, and nothing else
loaded. What costs time is not a rule but a test (promtool opens a database for each), so all mutants of a rule go into one: side by side,
each under a name of its own, and every expectation is asked of each of them. Cheap stages come first, and only survivors see the rest.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path

from serving_rules.fixtures import Suite, Test
from serving_rules.mutation.mutant import Mutant, rule_name
from serving_rules.mutation.rules import mutants
from serving_rules.mutation.stages import Stage, concerns, stages
from serving_rules.pack import Rule

__all__ = ["Fate", "Trial", "Verdict", "run", "trials"]

_MARK = "_mutant"
_MARKED = re.compile(rf"{_MARK}(\d+)\b")
_SERIES = re.compile(r"(?<![\w:])[a-zA-Z_]\w*:[\w:]+")


class Fate(Enum):
    """What became of a mutant."""

    KILLED = "killed"
    SURVIVED = "survived"
    STILLBORN = "not loadable"


@dataclass(frozen=True, slots=True)
class Trial:
    """A rule, its mutants, and the tests that they face, stage by stage."""

    rule: Rule
    mutants: tuple[Mutant, ...]
    tests: tuple[Test, ...]
    stages: tuple[Stage, ...]
    company: tuple[Rule, ...]
    """The rules to load, the rule itself among them."""

    @property
    def name(self) -> str:
        """Name of the rule, for people."""
        return rule_name(self.rule)


@dataclass(slots=True)
class Verdict:
    """What became of the mutants of a rule, by name; ``sick`` is what promtool says when the rule fails without a mistake."""

    trial: Trial
    fates: dict[str, Fate] = field(default_factory=dict)
    sick: str = ""

    def survivors(self) -> list[Mutant]:
        """Return the mutants that no test noticed: all of them where there is no test."""
        return [mutant for mutant in self.trial.mutants if self.fates.get(mutant.name, Fate.SURVIVED) is Fate.SURVIVED]

    def count(self) -> int:
        """Return how many mutants can be told from the rule at all: those that load."""
        return sum(self.fates.get(mutant.name) is not Fate.STILLBORN for mutant in self.trial.mutants)


def trials(suites: Iterable[Suite], rules: Iterable[Rule]) -> Iterator[Trial]:
    """Pair rules with the tests that concern them. A rule without any has a trial without stages."""
    homes = {id(rule): suite for suite in suites for rule in suite.rules}
    for rule in rules:
        suite = homes.get(id(rule))
        tests = tuple(test for test in suite.tests if concerns(test, rule)) if suite else ()
        yield Trial(rule, tuple(mutants(rule)), tests, stages(tests, rule), _company(suite.rules if suite else (rule,), rule))


def run(found: Sequence[Trial], promtool: str, jobs: int) -> list[Verdict]:
    """Try every mutant, and each rule unchanged; several promtools at a time."""
    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(lambda trial: _tried(trial, promtool), found))


def _tried(trial: Trial, promtool: str) -> Verdict:
    verdict = Verdict(trial)
    rules = dict(enumerate([trial.rule, *(mutant.rule for mutant in trial.mutants)]))
    for stage in trial.stages:
        while True:
            said = _run(_Bench(trial, rules, stage), promtool)
            fates = _fates(said)
            if said and not fates:
                verdict.sick = said
                return verdict
            if 0 in fates:
                verdict.sick = "\n".join(line for line in said.splitlines() if f"{_MARK}0" in line)
                return verdict
            verdict.fates |= {trial.mutants[index - 1].name: fate for index, fate in fates.items()}
            rules = {index: rule for index, rule in rules.items() if index not in fates}
            # A rule that does not load or cannot be evaluated ends the run before the tests of the others.
            if not any(line.lstrip().startswith("rule: ") for line in said.splitlines()) and Fate.STILLBORN not in fates.values():
                break
    verdict.fates |= {trial.mutants[index - 1].name: Fate.SURVIVED for index in rules if index and trial.stages}
    return verdict


class _Bench:
    """A rule file and a test file in which each mutant has a name of its own."""

    def __init__(self, trial: Trial, rules: Mapping[int, Rule], stage: Stage) -> None:
        self._trial, self._mutants, self._stage = trial, rules, stage
        self._own = _dependent(trial)
        self._names = re.compile(rf"(?<![\w:])(?:{'|'.join(re.escape(rule.record or rule.alert) for rule in self._own)})(?![\w:])")
        self.tests = tuple(self._test(test) for test in stage.tests)
        self.rules = tuple(self._rules())

    def _rules(self) -> Iterator[Rule]:
        yield from (rule for rule in self._trial.company if not any(rule is each for each in self._own))
        for index, mutant in self._mutants.items():
            for rule in self._own:
                yield self._alone(mutant if rule is self._trial.rule else rule, index)

    def _alone(self, rule: Rule, index: int) -> Rule:
        return replace(
            rule,
            expr=self._named(rule.expr, index),
            record=self._named(rule.record, index),
            alert=self._named(rule.alert, index),
            for_="" if self._stage.at_once else rule.for_,
            keep_firing_for="" if self._stage.at_once else rule.keep_firing_for,
            annotations=rule.annotations if self._stage.texts else {},
        )

    def _named(self, text: str, index: int) -> str:
        return self._names.sub(lambda match: f"{match[0]}{_MARK}{index}", text)

    def _test(self, test: Test) -> Test:
        series = []
        for fed in test.get("input_series", ()):
            copies = self._mutants if self._names.match(fed["series"]) else (None,)
            series += [fed if index is None else {**fed, "series": self._named(fed["series"], index)} for index in copies]
        texts = [
            {**look, "alertname": self._named(look["alertname"], index)} for look in test["alert_rule_test"] for index in self._mutants
        ]
        looks = [self._asked(look, index) for look in test["promql_expr_test"] for index in self._mutants]
        return {**test, "input_series": series, "promql_expr_test": looks, "alert_rule_test": texts}

    def _asked(self, look: Test, index: int) -> Test:
        samples = [{**sample, "labels": self._named(sample["labels"], index)} for sample in look.get("exp_samples", ())]
        return {**look, "expr": self._named(look["expr"], index), "exp_samples": samples}


def _company(rules: Sequence[Rule], rule: Rule) -> tuple[Rule, ...]:
    """Return the rules of a suite that share the rule's name, and those whose series they read, in order."""
    needed = {id(each) for each in rules if (each.record, each.alert) == (rule.record, rule.alert)} | {id(rule)}
    while True:
        read = {name for each in rules if id(each) in needed for name in _SERIES.findall(each.expr)}
        more = {id(each) for each in rules if each.record in read} - needed
        if not more:
            return tuple(each for each in rules if id(each) in needed)
        needed |= more


def _dependent(trial: Trial) -> tuple[Rule, ...]:
    """Return the rules of the company that each mutant needs for itself: those of its name, and those that read it."""
    own = {trial.rule.record or trial.rule.alert}
    while True:
        found = tuple(rule for rule in trial.company if (rule.record or rule.alert) in own or own & set(_SERIES.findall(rule.expr)))
        if own == (own := own | {rule.record or rule.alert for rule in found}):
            return found


def _run(bench: _Bench, promtool: str) -> str:
    """Run promtool; empty when every mutant passes every test."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        suite = Suite("mutants", bench.rules, bench.tests)
        for name, document in (("rules.yaml", suite.rule_file()), ("test.yaml", suite.document("rules.yaml"))):
            (folder / name).write_text(json.dumps(document))  # JSON is YAML, and written in a tenth of the time
        done = subprocess.run([promtool, "test", "rules", "test.yaml"], cwd=folder, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stderr + done.stdout


def _fates(said: str) -> dict[int, Fate]:
    """Read whom promtool complains about."""
    fates: dict[int, Fate] = {}
    for line in said.splitlines():
        if line.startswith("rules.yaml: "):
            fates |= {int(index): Fate.STILLBORN for index in _MARKED.findall(line)}
        elif re.match(r"\s*(?:expr|rule|alertname): ", line):
            fates |= {int(index): Fate.KILLED for index in _MARKED.findall(line)}
    return fates
