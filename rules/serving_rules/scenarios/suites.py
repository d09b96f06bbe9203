"""promtool tests of scenarios: the whole pack, as shipped, over raw series.

promtool takes most of its time for the mere number of rules and minutes, hardly any for the number of series. So stories of one length are
played side by side, each in a workspace of its own; that no story hears another is shown on the way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from serving_rules.model import Scope
from serving_rules.pack import INTERVAL, Group, Pack, Rule
from serving_rules.scenarios.samples import notation, series
from serving_rules.scenarios.situations import seen, workspace
from serving_rules.scenarios.story import Alarm, Check, Scenario, Situation

__all__ = ["Role", "document", "played_groups", "roles"]

Role = tuple[Scenario, Situation]
"""A story in a situation."""

Test = dict[str, Any]

_SERIES = re.compile(r"\bserving\w*:[\w:]+")
_TOLD_APART = ("alertname", "severity", "deployment_id", "lint")
_OF_A_DEPLOYMENT = (Scope.DEPLOYMENT, Scope.REPLICA)


def roles(scenario: Scenario) -> Iterator[Role]:
    """Return a story in every situation in which it is played."""
    yield scenario, scenario.base
    yield from ((scenario, situation) for situation in scenario.without)


def played_groups(pack: Pack, of: str) -> list[Group]:
    """Return the rules that a story needs: all of them, or the alerts of one detection and every record that they read, near or far."""
    if not of:
        return list(pack.groups())
    records: dict[str, list[Rule]] = {}
    for rule in pack.rules():
        records.setdefault(rule.record, []).append(rule)
    needed = [rule for rule in records[""] if rule.labels["detection"] == of]
    for rule in needed:  # it grows meanwhile
        read = dict.fromkeys(_SERIES.findall(" ".join((rule.expr, *rule.annotations.values()))))
        needed += [each for name in read for each in records.get(name, ()) if not any(each is other for other in needed)]
    groups = [replace(group, rules=tuple(rule for rule in group.rules if any(rule is each for each in needed))) for group in pack.groups()]
    return [group for group in groups if group.rules]


def document(pack: Pack, played: Sequence[Role], rule_files: Sequence[str]) -> dict[str, Any]:
    """Return the test file of stories of one length."""
    minutes = {scenario.minutes for scenario, _ in played}
    test = {
        "name": f"Stories of {', '.join(map(str, sorted(minutes)))} minutes: each raises its own alerts and no other.",
        "interval": INTERVAL,
        "input_series": [
            {"series": name, "values": text}
            for scenario, situation in played
            for name, values in seen(scenario, situation).items()
            if (text := notation(values))
        ],
        "promql_expr_test": list(_looks(pack, played)),
    }
    order = [group.name for group in played_groups(pack, played[0][0].of)]
    return {"rule_files": [*rule_files], "evaluation_interval": INTERVAL, "group_eval_order": order, "tests": [test]}


def _looks(pack: Pack, played: Iterable[Role]) -> Iterator[Test]:
    for scenario, situation in played:
        here = _selector(scenario, situation)
        alarms = scenario.alarms_in(situation)
        yield _ever(pack, here, scenario.minutes, alarms)
        for alarm in alarms:
            only = f'{here},alertname="{alarm.name}",severity="{alarm.severity}"'
            twins = [each for each in alarms if (each.name, each.severity) == (alarm.name, alarm.severity)]
            if alarm.since:
                yield _ever(pack, only, alarm.since - 1, [each for each in twins if each.by < alarm.since])
            yield _ever(pack, only, alarm.by, [each for each in twins if each.by <= alarm.by])
            if alarm.until is not None:
                yield _look(f'ALERTS{{alertstate="firing",{only}}}', alarm.until, [])
        if situation in (Situation.EVERYTHING, Situation.TWO_SCRAPERS):
            for check in scenario.checks:
                yield _check(here, check)


def _selector(scenario: Scenario, situation: Situation) -> str:
    """Select what belongs to a story. Without an exporter there is no workspace, and the model tells stories apart."""
    if situation is Situation.PLAIN_FEED:
        return f'workspace="",model_id="{scenario.name}"'
    return f'workspace="{workspace(scenario, situation)}"'


def _ever(pack: Pack, here: str, minute: int, alarms: Iterable[Alarm]) -> Test:
    """Exactly these alerts fired until this minute."""
    expr = f'group by ({", ".join(_TOLD_APART)}) (max_over_time(ALERTS{{alertstate="firing",{here}}}[{minute + 1}m]))'
    return _look(expr, minute, [{"labels": series("", _labels(pack, alarm)), "value": 1} for alarm in alarms])


def _look(expr: str, minute: int, samples: list[dict[str, Any]]) -> Test:
    return {"expr": expr, "eval_time": f"{minute}m", **({"exp_samples": samples} if samples else {})}


def _check(here: str, check: Check) -> Test:
    expected = [] if check.value is None else [{"labels": "{}", "value": check.value}]
    return _look(f"sum({check.expr.replace('$here', here)})", check.minute, expected)


def _labels(pack: Pack, alarm: Alarm) -> Mapping[str, str]:
    scopes = {alert.name: alert.scope for detection in pack.detections for alert in detection.alerts}
    identity = {"deployment_id": alarm.deployment_id} if scopes.get(alarm.name) in _OF_A_DEPLOYMENT else {}
    return {"alertname": alarm.name, "severity": alarm.severity, **identity, **alarm.labels}
