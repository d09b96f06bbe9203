"""What the committed tests assert of the committed rules: ``python -m serving_rules.coverage``.

Reads files only, the rules as they are shipped and the tests as promtool runs them, so that a generator that forgets something is caught.
A test counts for a rule when the rule file that it loads has the very same rule. For each alert there must be a test of each ``Demand``,
for each record at least one asserted value. From the proofs come only the reasons why an alert cannot have one of them.

An object of a test is what its series have in common: the values of the identifying labels. Objects that show a case carry its outcome in
one of these values (``under: one request fewer``); everything else is read from inputs, times and expectations.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from serving_rules.detections import DETECTIONS
from serving_rules.fixtures.notation import minutes
from serving_rules.fixtures.series import Key
from serving_rules.model import Detection, Outcome
from serving_rules.promql import REPLICA, titled

__all__ = ["Demand", "Report", "examine", "main"]

_ROOT = Path(__file__).resolve().parents[1]
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_IDENTITY = (*REPLICA, "environment")
_LINKS = ("summary", "description", "runbook_url", "dashboard_url")

Mapped = Mapping[str, Any]
Identity = Mapping[str, str]


class Demand(StrEnum):
    """What must be shown of every alert."""

    FIRES = "fires"
    TEXT = "text"
    PENDING = "pending"
    RESOLVES = "resolves"
    STALE = "stale"
    NO_DATA = "no data"
    TWO = "two at once"
    SIBLING = "sibling"
    UNDER = "under"
    AT = "at"
    GUARD = "guard"
    ZERO = "zero"


_OUTCOMES = {Demand.UNDER: Outcome.UNDER, Demand.AT: Outcome.AT, Demand.GUARD: Outcome.GUARD, Demand.ZERO: Outcome.ZERO}


@dataclass(slots=True)
class Report:
    """What is covered. ``alerts`` maps an alert (name and severity) to what is shown of it, ``waived`` to what cannot be."""

    alerts: dict[str, set[Demand]] = field(default_factory=dict)
    waived: dict[str, dict[Demand, str]] = field(default_factory=dict)
    records: dict[str, bool] = field(default_factory=dict)
    strange: list[str] = field(default_factory=list)
    """Tests of rules that are not shipped, or not like this."""

    def missing(self) -> Iterator[str]:
        """Say what is not covered."""
        yield from self.strange
        for name, shown in self.alerts.items():
            for demand in Demand:
                if demand not in shown and demand not in self.waived.get(name, {}):
                    yield f"{name}: no test shows: {demand}"
            for demand in self.waived.get(name, {}):
                if demand in shown:
                    yield f"{name}: {demand} is waived, but a test shows it"
        yield from (f"{name}: no value is asserted" for name, asserted in self.records.items() if not asserted)

    def table(self) -> Iterator[str]:
        """One line for each alert: ``+`` shown, ``-`` waived, ``!`` missing; then the records in one line."""
        width = max(map(len, self.alerts), default=0)
        yield " " * width + "  " + "  ".join(Demand)
        for name, shown in self.alerts.items():
            marks = ("+" if demand in shown else "-" if demand in self.waived.get(name, {}) else "!" for demand in Demand)
            yield f"{name:<{width}}  " + "  ".join(f"{mark:<{len(demand)}}" for mark, demand in zip(marks, Demand, strict=True)).rstrip()
        yield f"{sum(self.records.values())} of {len(self.records)} records have a value asserted."


def examine(root: Path = _ROOT, detections: Sequence[Detection] = DETECTIONS) -> Report:
    """Examine ``prometheus/*.yaml`` and ``tests/*.test.yaml`` below a folder."""
    shipped = {_spelled(rule): rule for path in sorted((root / "prometheus").glob("*.yaml")) for rule in _rules(path)}
    report = Report(
        {_name(rule): set() for rule in shipped.values() if "alert" in rule},
        {f"{alert.name} ({alert.severity})": _waived(alert.proof.waived) for detection in detections for alert in detection.alerts},
        {_name(rule): False for rule in shipped.values() if "record" in rule},
    )
    for path in sorted((root / "tests").glob("*.test.yaml")):
        document = _load(path)
        rules = [rule for pattern in document["rule_files"] for file in sorted(path.parent.glob(pattern)) for rule in _rules(file)]
        if not rules:
            report.strange.append(f"{path.name}: loads no rules")
        tests = [_Test(test) for test in document["tests"]]
        for rule in rules:
            if _spelled(rule) not in shipped:
                report.strange.append(f"{path.name}: {_name(rule)} is not as it is shipped: run `make rules`")
            elif "alert" in rule:
                report.alerts[_name(rule)] |= {demand for test in tests for demand in _shown(test, rule)}
            else:
                report.records[_name(rule)] |= any(_asserts(test, rule) for test in tests)
    return report


@dataclass(slots=True)
class _Test:
    """A test of promtool, with its series read once."""

    test: Mapped
    fed: list[tuple[Key, str]] = field(init=False)

    def __post_init__(self) -> None:
        self.fed = [(Key.read(series["series"]), str(series["values"])) for series in self.test.get("input_series") or ()]

    def looks(self, rule: Mapped) -> dict[int, list[Identity]]:
        """Return what a rule's alert is expected to do: minute to the labels of its ``ALERTS``."""
        wanted = f'ALERTS{{alertname="{rule["alert"]}",severity="{rule["labels"]["severity"]}"}}'
        found: dict[int, list[Identity]] = {}
        for look in self.test.get("promql_expr_test") or ():
            if look["expr"] == wanted:
                found[minutes(look["eval_time"])] = [Key.read(sample["labels"]).labels for sample in look.get("exp_samples") or ()]
        return dict(sorted(found.items()))

    def objects(self) -> list[Identity]:
        """Return the identities of the series, those that are part of another left out: a model is no object beside its deployments."""
        found = [dict(each) for each in dict.fromkeys(tuple(_identity(key.labels).items()) for key, _ in self.fed)]
        return [each for each in found if not any(each.items() < other.items() for other in found)]

    def own(self, sample: Identity) -> list[str]:
        """Return the values of an alert's own series: of those that agree with it, the ones that share most labels."""
        identity = _identity(sample)
        if "deployment_id" in identity:
            identity.pop("environment", None)  # a word there
        shared = [(len(both), values) for key, values in self.fed if (both := _shared(identity, _identity(key.labels)))]
        most = max((count for count, _ in shared), default=0)
        return [values for count, values in shared if count == most]


def _shown(test: _Test, rule: Mapped) -> Iterator[Demand]:
    looks = test.looks(rule)
    firing = {time: [sample for sample in samples if sample["alertstate"] == "firing"] for time, samples in looks.items()}
    yield from _text(test, rule)
    if any(firing.values()):
        yield Demand.FIRES
    yield from _begins(looks, rule)
    yield from _ends(test, looks, rule)
    if any(len(samples) > 1 for samples in firing.values()):
        yield Demand.TWO
    for time, samples in looks.items():
        if time >= minutes(rule.get("for", "0m")):
            yield from _cases(test, samples)


def _text(test: _Test, rule: Mapped) -> Iterator[Demand]:
    for look in test.test.get("alert_rule_test") or ():
        if look["alertname"] != rule["alert"]:
            continue
        for alert in look.get("exp_alerts") or ():
            if alert["exp_labels"].get("severity") == rule["labels"]["severity"] and all(
                alert["exp_annotations"].get(name) for name in _LINKS
            ):
                yield Demand.TEXT
        if not test.fed and not look.get("exp_alerts") and minutes(look["eval_time"]) >= minutes(rule.get("for", "0m")):
            yield Demand.NO_DATA


def _begins(looks: Mapping[int, list[Identity]], rule: Mapped) -> Iterator[Demand]:
    """Pending until the very minute in which it fires; without ``for``, absent until then."""
    before = {"pending"} if rule.get("for") else set()
    for time, samples in looks.items():
        states = {sample["alertstate"] for sample in looks.get(time - 1, ())} if time - 1 in looks else None
        if samples and states == before and {sample["alertstate"] for sample in samples} == {"firing"}:
            yield Demand.PENDING


def _ends(test: _Test, looks: Mapping[int, list[Identity]], rule: Mapped) -> Iterator[Demand]:
    """See it fire until ``keep_firing_for`` is over, and then no more: after its inputs changed, and after they ended."""
    first = next((time for time, samples in looks.items() if samples and samples[0]["alertstate"] == "firing"), None)
    for before, after in zip(looks, list(looks)[1:], strict=False):
        if first is None or after - before > 2 or after - first < minutes(rule.get("keep_firing_for", "0m")):
            continue
        for gone in [sample for sample in looks[before] if sample not in looks[after] and sample["alertstate"] == "firing"]:
            if own := test.own(gone):
                yield Demand.STALE if all(values.endswith("stale") for values in own) else Demand.RESOLVES


def _cases(test: _Test, samples: Sequence[Identity]) -> Iterator[Demand]:
    """Yield what the objects of a test show, given those that are expected: the others are silent."""
    fires = [_identity(sample) for sample in samples]
    for each in test.objects():
        silent = not any(_shared(each, other) for other in fires)
        if silent and fires:
            yield Demand.SIBLING
        shows = {word for value in (*each.values(), *_named(test)) for word in (value.partition(": ")[0],)}
        for demand in _OUTCOMES:
            # Exactly at the threshold, and at zero, either may be right; just under it and with a guard it must be silent.
            if demand in shows and (silent or demand in {Demand.AT, Demand.ZERO}):
                yield demand


def _named(test: _Test) -> Iterable[str]:
    """Return the case that a test of its own names: ``Alert (severity): outcome: case``."""
    return [str(test.test["name"]).partition("): ")[2]]


def _asserts(test: _Test, rule: Mapped) -> bool:
    labels = rule.get("labels", {}).items()
    return any(
        look["expr"] == rule["record"]
        and any(labels <= Key.read(sample["labels"]).labels.items() for sample in look.get("exp_samples") or ())
        for look in test.test.get("promql_expr_test") or ()
    )


def _identity(labels: Mapping[str, str]) -> dict[str, str]:
    return {name: labels[name] for name in _IDENTITY if name in labels}


def _shared(one: Identity, other: Identity) -> set[str]:
    """Return the labels that two objects share; none when they differ in one: then neither is part of the other."""
    both = one.keys() & other.keys()
    return both if all(one[name] == other[name] for name in both) else set()


def _waived(reasons: Mapping[Outcome, str]) -> dict[Demand, str]:
    return {demand: reasons[outcome] for demand, outcome in _OUTCOMES.items() if outcome in reasons}


def _name(rule: Mapped) -> str:
    if "alert" in rule:
        return f"{rule['alert']} ({rule['labels']['severity']})"
    return titled(rule["record"], rule.get("labels", {}))


def _rules(path: Path) -> list[dict[str, Any]]:
    return [rule for group in _load(path)["groups"] for rule in group["rules"]]


def _load(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.load(path.read_text(), Loader=_LOADER)
    return document


def _spelled(rule: Mapped) -> str:
    return json.dumps(rule, sort_keys=True)


def main(arguments: list[str] | None = None) -> int:
    """Print the table and what is missing; returns 1 when anything is."""
    parser = argparse.ArgumentParser(
        prog="python -m serving_rules.coverage", description="What the committed tests assert of the committed rules."
    )
    parser.add_argument("--root", type=Path, default=_ROOT, help="folder with prometheus/ and tests/ (the repository's rules/)")
    report = examine(parser.parse_args(arguments).root)
    missing = list(report.missing())
    print("\n".join([*report.table(), "", *(missing or ["Nothing is missing."])]))
    return int(bool(missing))


if __name__ == "__main__":
    sys.exit(main())
