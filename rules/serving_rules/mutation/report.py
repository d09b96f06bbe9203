"""The score, and the mutants that lived."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from serving_rules.mutation.equivalents import Equivalent
from serving_rules.mutation.trial import Fate, Verdict

__all__ = ["by_operator", "facts", "report"]

Known = Mapping[tuple[str, str], Equivalent]


def report(verdicts: Sequence[Verdict], known: Known, *, threshold: float, strict: bool) -> int:
    """Print what lived, rule by rule, and the score; returns the exit code."""
    total = killed = excused = unexplained = 0
    for verdict in verdicts:
        name = verdict.trial.name
        if verdict.sick:
            print(f"{name}: its tests fail without any mistake: {verdict.sick}")
            continue
        lived = [mutant.name for mutant in verdict.survivors()]
        reasons = [mutant for mutant in lived if (name, mutant) in known]
        count = verdict.count()
        total, killed, excused = total + count, killed + count - len(lived), excused + len(reasons)
        unexplained += len(lived) - len(reasons)
        if len(lived) > len(reasons):
            print(f"{name}: {_percent(count - len(lived), count - len(reasons))} of {count - len(reasons)}{_untested(verdict)}")
            for mutant in lived:
                if (name, mutant) not in known:
                    print(f"    {mutant}")
    stale = list(_stale(verdicts, known))
    for line in stale:
        print(line)
    score = 100 * killed / (total - excused) if total > excused else 100.0
    counts = f"{len(verdicts)} rules, {total} mutants: {killed} killed, {excused} equivalent, {unexplained} survive"
    print(f"{counts}; score {score:.1f} % (at least {threshold:g} %)")
    if any(verdict.sick for verdict in verdicts):
        return 2
    return int(score < threshold or bool(stale) or (strict and unexplained > 0))


def by_operator(totals: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    """Yield a table: of each kind of mistake, how many were noticed. Equivalent ones do not count."""
    width = max(map(len, totals), default=0)
    yield f"{'mistake':<{width}}  killed  survived  equivalent"
    for operator, row in totals.items():
        share = row["killed"] / max(1, row["killed"] + row["survived"])
        yield f"{operator:<{width}}  {row['killed']:6}  {row['survived']:8}  {row['equivalent']:10}  {share:.0%}"


def facts(verdicts: Sequence[Verdict], known: Known) -> list[dict[str, Any]]:
    """Return every mutant with its fate, for other programs."""
    return [
        {
            "rule": verdict.trial.name,
            "mutant": mutant.name,
            "operator": mutant.operator,
            "fate": verdict.fates.get(mutant.name, Fate.SURVIVED).value,
            "expr": mutant.rule.expr,
            **({"equivalent": known[key].reason} if (key := (verdict.trial.name, mutant.name)) in known else {}),
        }
        for verdict in verdicts
        for mutant in verdict.trial.mutants
    ]


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %"


def _untested(verdict: Verdict) -> str:
    return "" if any(verdict.trial.stages) else " (no test)"


def _stale(verdicts: Sequence[Verdict], known: Known) -> Iterator[str]:
    """Entries of the list about a rule that was tried, but whose mutant is gone or is killed by now."""
    living = {(verdict.trial.name, mutant.name) for verdict in verdicts for mutant in verdict.survivors()}
    tried = {verdict.trial.name for verdict in verdicts if not verdict.sick}
    for rule, mutant in known:
        if rule in tried and (rule, mutant) not in living:
            yield f"stale entry among the equivalents: {rule}: {mutant} is killed or gone"
