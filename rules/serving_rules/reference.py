"""The pages of the documentation that are made from the pack: ``python -m serving_rules.reference docs`` writes them.

They are committed, and a test fails when a committed page differs from what is written here.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from serving_rules.advice import GROUP as ADVICE
from serving_rules.diagnosis import ROWS, Row
from serving_rules.guards import GUARDS
from serving_rules.markdown import cell, limited, table, told
from serving_rules.model import EVERYTHING, Detection, Record, RecordGroup
from serving_rules.pack import Pack, build
from serving_rules.signals import GROUPS

__all__ = ["alerts_page", "answers", "pages", "signals_page"]

_RUNBOOKS = "../rules/runbooks"
_NOTE = "<!-- Generated from rules/serving_rules: edit there, then run `make docs`. -->"
_ADVICE = re.compile(r"\bserving\w*:\w+:(?:recommended|cost|saving)\b")


def pages(pack: Pack | None = None) -> dict[str, str]:
    """Make every generated page, by file name."""
    pack = pack or build()
    return {"alerts.md": alerts_page(pack), "signals.md": signals_page(pack)}


def alerts_page(pack: Pack) -> str:
    """Return the catalogue of alerts, and what stands around them."""
    names = {rule.alert for rule in pack.rules() if rule.alert}
    return "\n".join(
        [
            "# Alerts",
            "",
            _NOTE,
            "",
            f"{len(names)} alerts of {len(pack.detections)} detections. `critical` pages a person, `warning` is a ticket for working",
            "hours, `info` is advice. A *symptom* is what users feel, a *cause* explains it. Each name leads to its runbook, which has the",
            "queries, the causes told apart, the fix, and the thresholds with their reasons. How to load and to change the rules:",
            "[rules.md](rules.md). What they are computed from: [signals.md](signals.md).",
            "",
            *table(("Alert", "Severity", "Type", "After", "What is wrong", "Advice"), _alerts(pack)),
            "",
            "## What each detection catches",
            "",
            *table(("Detection", "", "Catches", "Alerts"), _detections(pack)),
            "",
            "## From the platform's diagnosis tables to detections",
            "",
            "Rows D and M are of Baseten's page on metrics, T of its page on troubleshooting, E and A of published evaluations of how",
            "well people and assistants know autoscaling.",
            "",
            *table(("Row", "What you see", "Cause", "Answered by"), _diagnoses(pack)),
            "",
            "## Recommended settings",
            "",
            "One series for each setting beside the one in force (`:current`), whichever detections have an opinion; absent where",
            "none has.",
            "",
            *table(("Series", "Meaning"), _records(ADVICE.records)),
            "",
            "What the advice costs or saves:",
            "",
            *table(("Series", "Meaning"), _records(each for each in _own(pack) if each.name.endswith((":cost", ":saving")))),
            "",
            "## Guards",
            "",
            "Conditions that keep detections from lying, each with the failure that taught it. Those that need settings hold nothing back",
            "where there are none.",
            "",
            *table(("Guard", "Condition", "Why"), ((guard.name, f"`{guard.expr}`", cell(guard.why)) for guard in GUARDS)),
            "",
            "## Inhibitions",
            "",
            "While the first fires, the second is not notified, for the same values of the labels. Of one alert of several severities, the",
            "most severe is notified.",
            "",
            *table(("While this fires", "this is silent", "for the same", "Why"), _inhibitions(pack)),
            "",
        ]
    )


def signals_page(pack: Pack) -> str:
    """Return the reference of recorded series."""
    own = RecordGroup("Records of detections", "What alerts need as a series of their own, and advice by detection.", tuple(_own(pack)))
    lines = [
        "# Recorded series",
        "",
        _NOTE,
        "",
        "Names are `level:metric:operations`. The level says whose series it is and which labels identify it: `serving` a deployment",
        "(`platform`, `workspace`, `model_id`, `deployment_id`), `serving_replica` one of its replicas (and `replica`),",
        "`serving_environment` an environment (`environment` instead of the deployment), `serving_model` a model, `serving_workspace` a",
        "workspace. No name is of a platform; what was not measured is absent, not zero.",
    ]
    for group in (*GROUPS, own, ADVICE):
        lines += ["", f"## {group.name}", "", group.meaning, "", *table(("Series", "Meaning"), _records(group.records))]
    return "\n".join([*lines, ""])


def answers(row: Row, detections: Iterable[Detection]) -> list[Detection]:
    """Return the detections that answer a row of a diagnosis table."""
    return [each for each in detections if row.id in each.origins or each.slug in row.also]


def _alerts(pack: Pack) -> Iterator[tuple[str, ...]]:
    for detection in pack.detections:
        for alert in detection.alerts:
            advice = ", ".join(f"`{name}`" for name in dict.fromkeys(_ADVICE.findall(alert.description)))
            yield _link(alert.name), str(alert.severity), str(alert.kind), alert.for_, told(alert), advice


def _detections(pack: Pack) -> Iterator[tuple[str, ...]]:
    for detection in pack.detections:
        yield f"`{detection.slug}`", detection.id, cell(detection.catches), _links(detection)


def _diagnoses(pack: Pack) -> Iterator[tuple[str, ...]]:
    for row in ROWS:
        found = ", ".join(_links(detection) for detection in answers(row, pack.detections))
        yield row.id, cell(row.seen), cell(row.cause), found or row.instead or "–"


def _inhibitions(pack: Pack) -> Iterator[tuple[str, ...]]:
    for each in pack.inhibitions:
        targets = ", ".join(map(_link, each.targets))
        if each.targets == EVERYTHING:
            spared = "".join(f", `{slug}`" for slug in each.spares)
            targets = f"everything but its own detection{spared}"
        same = ", ".join(f"`{label}`" for label in each.equal)
        yield _link(each.source) + limited(each.source_labels), targets + limited(each.target_labels), same, cell(each.why)


def _own(pack: Pack) -> Iterator[Record]:
    return (record for detection in pack.detections for record in detection.records)


def _records(records: Iterable[Record]) -> Iterator[tuple[str, ...]]:
    meanings: dict[str, str] = {}
    for record in records:
        meanings.setdefault(record.name, record.meaning)
    return ((f"`{name}`", cell(meaning)) for name, meaning in meanings.items())


def _links(detection: Detection) -> str:
    return ", ".join(_link(name) for name in dict.fromkeys(alert.name for alert in detection.alerts))


def _link(name: str) -> str:
    return f"[{name}]({_RUNBOOKS}/{name}.md)"


def _write(folder: Path) -> None:
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    _write(Path(sys.argv[1]))
