"""Rule files for Prometheus, one for each layer."""

from __future__ import annotations

from typing import Any

from serving_rules.formats.text import dump
from serving_rules.model import Layer
from serving_rules.pack import Group, Pack, RuleFile

__all__ = ["document", "files"]


def files(pack: Pack) -> dict[str, str]:
    """Return ``signals.yaml``, ``detections.yaml`` and ``alerts.yaml``."""
    return {f"{file.layer}.yaml": dump(document(pack, file)) for file in pack.files}


def document(pack: Pack, file: RuleFile) -> dict[str, Any]:
    """One layer as Prometheus reads it.

    From 3.0 on a group has labels of its own. For that target the user's static labels stand there once instead of on every alert; what is
    evaluated is the same. Nothing else that newer servers accept would gain anything here.
    """
    if pack.settings.target == "prometheus-3" and file.layer is Layer.ALERTS and pack.settings.labels:
        return {"groups": [_labelled(group, dict(pack.settings.labels)) for group in file.groups]}
    return file.mapping()


def _labelled(group: Group, labels: dict[str, str]) -> dict[str, Any]:
    """Put the static labels on the group; a rule keeps those that it sets to something else, which then win."""
    mapping = group.mapping()
    rules = [
        {**rule.mapping(), "labels": {name: value for name, value in rule.labels.items() if labels.get(name) != value}}
        for rule in group.rules
    ]
    return {"name": mapping["name"], "interval": mapping["interval"], "labels": labels, "rules": rules}
