"""Rule files for Thanos Ruler, one for each layer."""

from __future__ import annotations

from serving_rules.formats.text import dump
from serving_rules.pack import Group, Pack

__all__ = ["files"]

_STRATEGY = "abort"
"""What to do with an answer in which a store is missing.

Most guards are written with ``unless``: a missing series takes a guard away, so half an answer would fire alerts that a whole one holds
back, and would record sums of half a fleet. A rule that fails shows in ``prometheus_rule_evaluation_failures_total``; a wrong one does not.
"""


def files(pack: Pack) -> dict[str, str]:
    """Return ``signals.yaml``, ``detections.yaml`` and ``alerts.yaml``."""
    return {f"{file.layer}.yaml": dump({"groups": [_group(group) for group in file.groups]}) for file in pack.files}


def _group(group: Group) -> dict[str, object]:
    mapping = group.mapping()
    rules = mapping.pop("rules")
    return {**mapping, "partial_response_strategy": _STRATEGY, "rules": rules}
