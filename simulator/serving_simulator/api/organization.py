"""The organization behind the API: its keys with their scopes resolved, teams, regions, instance types and prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from serving_simulator.fleet import Fleet, InstanceType
from serving_simulator.views import ModelView

__all__ = ["ApiKey", "Organization"]

_AGE = 365 * 86400.0


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key. ``models`` are the ids it is limited to, None for all; only export and invoke keys can be limited."""

    value: str = field(repr=False)
    type: str
    name: str | None
    number: int
    models: frozenset[str] | None = None

    @property
    def prefix(self) -> str:
        """The public half of a key, as in listings and audit logs; a key without one goes by its number."""
        public, dot, _ = self.value.partition(".")
        return public if dot else f"key-{self.number}"

    def sees(self, model_id: str) -> bool:
        """Whether the key may see a model."""
        return self.models is None or model_id in self.models


class Organization:
    """Everything that belongs to the organization and not to one model. ``created_at`` is Unix seconds."""

    user_email = "operator@example.com"

    def __init__(self, fleet: Fleet, models: Sequence[ModelView], now: float) -> None:
        self.id = fleet.organization.id
        self.name = fleet.organization.name
        self.created_at = float(int(now - _AGE))
        self.teams = fleet.teams
        self.default_team = next((team for team in fleet.teams if team.default), fleet.teams[0])
        self.regions: Mapping[str, str] = {region.slug: region.display_name for region in fleet.regions}
        self.instance_types: tuple[InstanceType, ...] = fleet.instance_types
        by_name = {model.name: model.id for model in models}
        self.keys = tuple(
            ApiKey(
                value=key.key,
                type=key.type,
                name=key.name,
                number=number,
                models=None if key.models is None else frozenset(by_name.get(name, name) for name in key.models),
            )
            for number, key in enumerate(fleet.keys, 1)
        )

    @property
    def user_id(self) -> str:
        """The user that owns the personal keys."""
        return f"user-{self.id}"

    def instance_type(self, name: str | None) -> InstanceType | None:
        """Return the instance type with a name or an id."""
        return next((each for each in self.instance_types if name in (each.name, each.key)), None)
