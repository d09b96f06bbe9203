"""What the last run of every rule's mutants found: committed, so that each change is tried at once and the whole pack only now and then.

An entry holds for as long as its digest does: that of the rule, of its tests and of the mutants' names. Whatever changes one of them (the
rule, a test that says something about it, the tool itself) makes the rule new.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from serving_rules.errors import PackError
from serving_rules.mutation.equivalents import Equivalent
from serving_rules.mutation.trial import Fate, Trial, Verdict

__all__ = ["PATH", "Ledger", "digest", "entry", "new", "read", "totals", "updated", "write"]

PATH = Path(__file__).resolve().parents[2] / "mutation-score.json"

Ledger = Mapping[str, Mapping[str, Any]]
"""Rule to its digest and, by operator, how many of its mutants were killed, are equivalent, or survived."""

_OUTCOMES = ("killed", "equivalent", "survived")


def digest(trial: Trial) -> str:
    """Return what an entry holds for."""
    about = [trial.rule.mapping(), list(trial.tests), [mutant.name for mutant in trial.mutants]]
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:16]


def new(found: Iterable[Trial], ledger: Ledger) -> list[Trial]:
    """Return the trials that the ledger does not know as they are now."""
    return [trial for trial in found if ledger.get(trial.name, {}).get("digest") != digest(trial)]


def entry(verdict: Verdict, known: Mapping[tuple[str, str], Equivalent]) -> dict[str, Any]:
    """Return the entry of a rule that was tried."""
    counts: dict[str, Counter[str]] = {}
    for mutant in verdict.trial.mutants:
        fate = verdict.fates.get(mutant.name, Fate.SURVIVED)
        if fate is not Fate.STILLBORN:
            lives = "equivalent" if (verdict.trial.name, mutant.name) in known else "survived"
            counts.setdefault(mutant.operator, Counter())["killed" if fate is Fate.KILLED else lives] += 1
    return {
        "digest": digest(verdict.trial),
        "mutants": {operator: {outcome: count[outcome] for outcome in _OUTCOMES if count[outcome]} for operator, count in counts.items()},
    }


def updated(ledger: Ledger, verdicts: Iterable[Verdict], known: Mapping[tuple[str, str], Equivalent], rules: Iterable[str]) -> Ledger:
    """Return the ledger with what was tried now, without rules that are gone; a rule whose tests fail by themselves has no entry."""
    tried = {verdict.trial.name: verdict for verdict in verdicts}
    made: dict[str, Mapping[str, Any]] = {}
    for rule in rules:
        if rule not in tried:
            made.update({rule: ledger[rule]} if rule in ledger else {})
        elif not tried[rule].sick:
            made[rule] = entry(tried[rule], known)
    return made


def totals(ledger: Ledger) -> dict[str, dict[str, int]]:
    """Return killed, equivalent and survived by operator, over all rules."""
    found: dict[str, dict[str, int]] = {}
    for each in ledger.values():
        for operator, counts in each["mutants"].items():
            row = found.setdefault(operator, dict.fromkeys(_OUTCOMES, 0))
            for outcome, count in counts.items():
                row[outcome] += count
    return dict(sorted(found.items()))


def read(path: Path = PATH) -> Ledger:
    """Read the ledger; without a file nothing is known. Raises PackError for a file that is none."""
    if not path.exists():
        return {}
    try:
        document = json.loads(path.read_text())
        return {rule: {"digest": each["digest"], "mutants": each["mutants"]} for rule, each in document.items()}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise PackError(f"{path.name}: {error!r}: expected rules with digest and mutants; `make rules-mutate` writes it again") from error


def write(ledger: Ledger, path: Path = PATH) -> None:
    """Write the ledger, a rule a line."""
    lines = [f"  {json.dumps(rule, ensure_ascii=False)}: {json.dumps(each)}" for rule, each in ledger.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
