"""``python -m serving_rules.mutation``: break the rules one small way at a time, and list what their tests do not notice."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from serving_rules import advice
from serving_rules.errors import RulesError
from serving_rules.fixtures import Suite, promtool, suites, suites_of_detection, suites_of_group
from serving_rules.fixtures.choice import detection_named, group_named
from serving_rules.model import Layer
from serving_rules.mutation import equivalents, ledger
from serving_rules.mutation.mutant import rule_name
from serving_rules.mutation.report import by_operator, facts, report
from serving_rules.mutation.trial import Trial, run, trials
from serving_rules.pack import build

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns 0, 1 for a low score or a stale list of equivalents, 2 when tests fail without any mutation."""
    parser = argparse.ArgumentParser(prog="python -m serving_rules.mutation", description=__doc__)
    parser.add_argument("--detection", metavar="SLUG", help="rules of one detection only")
    parser.add_argument("--signals", metavar="GROUP", help="rules of one group of signals only (`recommended` for the merged advice)")
    parser.add_argument("--rule", metavar="TEXT", default="", help="rules with this text in their name only")
    parser.add_argument("--new", action="store_true", help="rules only that changed since they were last tried, or whose tests did")
    parser.add_argument("--promtool", metavar="PATH", help="default: the newest of .tools")
    parser.add_argument("--jobs", type=int, default=2, help="programs at a time (2)")
    parser.add_argument("--threshold", type=float, default=95.0, metavar="PERCENT", help="lowest score that passes (95)")
    parser.add_argument("--strict", action="store_true", help="a survivor without a reason fails, whatever the score")
    parser.add_argument("--dry", action="store_true", help=f"do not write down in {ledger.PATH.name} what was found")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every mutant and its fate")
    options = parser.parse_args(arguments)
    try:
        chosen = [trial for trial in _chosen(options) if options.rule in trial.name]
        recorded, known = ledger.read(), equivalents.read()
        if options.new:
            chosen = ledger.new(chosen, recorded)
        verdicts = run(chosen, promtool.find(options.promtool), options.jobs)
    except (RulesError, FileNotFoundError, ImportError) as error:
        print(error, file=sys.stderr)
        return 2
    if options.json:
        options.json.write_text(json.dumps(facts(verdicts, known), indent=2, ensure_ascii=False) + "\n")
    recorded = ledger.updated(recorded, verdicts, known, map(rule_name, build().rules()))
    if not options.dry:
        ledger.write(recorded)
    print("\n".join(by_operator(ledger.totals(recorded))) + "\n\nThese rules:")
    return report(verdicts, known, threshold=options.threshold, strict=options.strict)


def _chosen(options: argparse.Namespace) -> list[Trial]:
    found: tuple[Suite, ...]
    if options.detection:
        detection = detection_named(options.detection)
        pack = build(detections=(detection,))
        found = tuple(suites_of_detection(pack, detection))
        names = {record.name for record in detection.records} | {alert.name for alert in detection.alerts}
    elif options.signals:
        group = group_named(options.signals)
        layer = Layer.DETECTIONS if group is advice.GROUP else Layer.SIGNALS
        pack = build()
        found = tuple(suites_of_group(pack, group, layer))
        names = {record.name for record in group.records}
    else:
        pack = build()
        found = tuple(suites(pack))
        names = {rule.record or rule.alert for rule in pack.rules()}
    return list(trials(found, (rule for rule in pack.rules() if (rule.record or rule.alert) in names)))


if __name__ == "__main__":
    sys.exit(main())
