"""What rulers accept by default: a pack beyond these limits loads into Prometheus and is refused by Mimir and Grafana Cloud.

Mimir: ``-ruler.max-rules-per-rule-group`` (20) and ``-ruler.max-rule-groups-per-tenant`` (70). Grafana Cloud's mixtool adds the lengths of
names and the spelling of alerts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from serving_rules.errors import PackError

__all__ = ["GROUPS", "GROUP_SIZE", "NAME_LENGTH", "check"]

GROUP_SIZE = 20
"""Rules in a group."""

GROUPS = 70
"""Groups of a tenant, over all namespaces."""

NAME_LENGTH = 40
"""Characters in the name of a group or an alert."""

_ALERT = re.compile(r"([A-Z][a-z0-9]+)+")


class _Rule(Protocol):
    @property
    def alert(self) -> str: ...


class _Group(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def rules(self) -> Sequence[_Rule]: ...


def check(groups: Iterable[_Group]) -> None:
    """Raise PackError with every group and alert that a ruler would refuse."""
    if broken := list(_broken(list(groups))):
        raise PackError("\n".join(broken))


def _broken(groups: list[_Group]) -> Iterator[str]:
    if len(groups) > GROUPS:
        yield f"{len(groups)} groups: Mimir accepts {GROUPS} of a tenant by default"
    for group in groups:
        if len(group.rules) > GROUP_SIZE:
            yield f"group {group.name}: {len(group.rules)} rules, Mimir and Grafana Cloud accept {GROUP_SIZE} in a group by default"
        if len(group.name) > NAME_LENGTH:
            yield f"group {group.name}: a name of {len(group.name)} characters, Grafana Cloud accepts {NAME_LENGTH}"
        for name in dict.fromkeys(rule.alert for rule in group.rules if rule.alert):
            if len(name) > NAME_LENGTH:
                yield f"group {group.name}: alert {name} has {len(name)} characters, Grafana Cloud accepts {NAME_LENGTH}"
            if not _ALERT.fullmatch(name):
                yield f"group {group.name}: alert {name} is not written in CamelCase"
    names = [group.name for group in groups]
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        yield f"group {name}: occurs {names.count(name)} times, and a ruler would keep the last"
