"""Alertmanager: inhibition rules that make one incident one notification, and an example of a routing tree.

``inhibit_rules.yaml`` is the part to merge into a configuration; ``alertmanager.yaml`` is a whole one, which sends nothing until
receivers are filled in. Both are plain Alertmanager (0.25 and newer) and so also what Mimir's and Grafana Cloud's Alertmanager take.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from serving_rules.errors import PackError
from serving_rules.formats.text import HEADER, dump
from serving_rules.model import EVERYTHING, Alert, Inhibition
from serving_rules.pack import Pack
from serving_rules.settings import RECEIVERS

__all__ = ["files"]

_OBJECT = ("platform", "workspace", "model_id", "environment", "deployment_id", "replica", "source")
"""Every label that can tell two alerts of one name apart; one that both lack counts as equal."""

_WHOLE = """\
# An example to start from: severities become receivers, and one incident becomes one notification. A receiver without webhook_configs,
# pagerduty_configs, slack_configs or the like sends nothing: add them here, or under `receivers` of your overrides file.
"""

_PART = """\
# The inhibition rules of the pack, to be merged into the Alertmanager configuration that you have.
"""


def files(pack: Pack) -> dict[str, str]:
    """Return ``alertmanager.yaml`` and ``inhibit_rules.yaml``.

    Raises PackError when an inhibition compares labels that one side does not have: Alertmanager takes two missing labels for equal
    ones, and the alert of one object would silence that of another.
    """
    rules = list(_rules(pack))
    return {
        "alertmanager.yaml": dump({**_routing(pack), "inhibit_rules": rules}, header=HEADER + _WHOLE),
        "inhibit_rules.yaml": dump({"inhibit_rules": rules}, header=HEADER + _PART),
    }


def _rules(pack: Pack) -> Iterator[dict[str, Any]]:
    label = pack.settings.label_names.get
    yield from _severities([label(name, name) for name in _OBJECT])
    alerts: dict[str, list[Alert]] = {}
    slugs: dict[str, str] = {}
    for detection in pack.detections:
        for alert in detection.alerts:
            alerts.setdefault(alert.name, []).append(alert)
            slugs[alert.name] = detection.slug
    firing = {rule.alert for rule in pack.rules()}
    for each in pack.inhibitions:
        everything = each.targets == EVERYTHING
        targets = [name for name in each.targets if name in firing]
        if not everything:
            _check(each, alerts, targets)
        if everything or targets:
            spared = "|".join((slugs[each.source], *each.spares))
            yield {
                "source_matchers": [_matcher("alertname", "=", each.source), *_equal_to(each.source_labels)],
                "target_matchers": [
                    *(
                        [_matcher("detection", "=~", ".+"), _matcher("detection", "!~", spared)]
                        if everything
                        else [_matcher("alertname", "=~", "|".join(targets))]
                    ),
                    *_equal_to(each.target_labels),
                ],
                "equal": [label(name, name) for name in each.equal],
            }


def _severities(equal: list[str]) -> Iterator[dict[str, Any]]:
    """Let the more severe alert of a name silence the less severe of the same object."""
    for source, targets in (("critical", "warning|info"), ("warning", "info")):
        yield {
            "source_matchers": [_matcher("severity", "=", source), _matcher("detection", "=~", ".+")],
            "target_matchers": [_matcher("severity", "=~", targets), _matcher("detection", "=~", ".+")],
            "equal": ["alertname", *equal],
        }


def _check(inhibition: Inhibition, alerts: Mapping[str, list[Alert]], targets: Iterable[str]) -> None:
    for name in (inhibition.source, *targets):
        for alert in alerts.get(name, ()):
            has = {*alert.scope.labels, *alert.extra_labels, *alert.labels, *alert.scope.words}
            if missing := [label for label in inhibition.equal if label not in has]:
                raise PackError(f"{inhibition.source} inhibits {', '.join(targets)} by {', '.join(missing)}, which {name} does not have")


def _matcher(label: str, operator: str, value: str) -> str:
    return f'{label}{operator}"{value}"'


def _equal_to(labels: Mapping[str, str]) -> list[str]:
    return [_matcher(label, "=", value) for label, value in labels.items()]


def _routing(pack: Pack) -> dict[str, Any]:
    label = pack.settings.label_names.get
    workspace, model = label("workspace", "workspace"), label("model_id", "model_id")
    # One notification for each model and severity: an incident raises several alerts of one model, seldom of two.
    return {
        "route": {
            "receiver": "tickets",
            "group_by": [workspace, model, "severity"],
            "group_wait": "30s",
            "group_interval": "5m",
            "repeat_interval": "1d",
            "routes": [
                {"matchers": [_matcher("severity", "=", "critical")], "receiver": "pager", "repeat_interval": "4h"},
                {"matchers": [_matcher("severity", "=", "warning")], "receiver": "tickets"},
                {
                    "matchers": [_matcher("severity", "=", "info")],
                    "receiver": "digest",
                    "group_by": [workspace],
                    "group_wait": "10m",
                    "group_interval": "12h",
                    "repeat_interval": "7d",
                },
            ],
        },
        "receivers": [{"name": name, **pack.settings.receivers.get(name, {})} for name in RECEIVERS],
    }
