"""What can happen to a fleet on its timeline or through the emulator's admin page.

A deployment is named by its id or as ``model/deployment``, an environment as ``model/environment`` (model by id or name).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from serving_simulator.fleet.durations import Seconds

__all__ = [
    "Action",
    "Activate",
    "Capacity",
    "Control",
    "Deactivate",
    "Delete",
    "Fault",
    "Http",
    "Load",
    "Promote",
    "Settings",
    "Terminate",
    "TimelineEntry",
]


class _Action(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="action", tag=str.lower):
    pass


class Settings(_Action, frozen=True, kw_only=True):
    """Change autoscaling settings of a deployment, or of an environment and the deployment in it. ``change`` holds any subset."""

    change: dict[str, int | None]
    deployment: str | None = None
    environment: str | None = None


class Promote(_Action, frozen=True, kw_only=True):
    """Promote ``deployment`` to ``environment``; without ``deployment``, the youngest other deployment of the model that is not failed."""

    environment: str
    deployment: str | None = None


class Control(_Action, frozen=True, kw_only=True):
    """Steer a promotion in progress."""

    environment: str
    control: Literal["PAUSE", "RESUME", "FORCE_CANCEL", "FORCE_ROLL_FORWARD", "GRACEFUL_CANCEL"]


class Activate(_Action, frozen=True, kw_only=True):
    """Activate a deployment."""

    deployment: str


class Deactivate(_Action, frozen=True, kw_only=True):
    """Deactivate a deployment."""

    deployment: str


class Delete(_Action, frozen=True, kw_only=True):
    """Delete a deployment: it is gone from every list."""

    deployment: str


class Terminate(_Action, frozen=True, kw_only=True):
    """Terminate one replica; without ``replica``, the oldest ready one."""

    deployment: str
    replica: str | None = None


class Capacity(_Action, frozen=True, kw_only=True):
    """Whether new replicas find hardware: of one deployment, of every deployment on an instance type, or of all."""

    available: bool
    deployment: str | None = None
    instance_type: str | None = None


class Load(_Action, frozen=True, kw_only=True):
    """Multiply the arrivals of a deployment (or of all) by ``factor`` from now on; 1 is as the file says."""

    factor: Annotated[float, Meta(ge=0)]
    deployment: str | None = None


class Fault(_Action, frozen=True, kw_only=True):
    """Change fault rates of a deployment; ``change`` holds any subset of its ``faults``."""

    deployment: str
    change: dict[str, Any]


class Http(_Action, frozen=True, kw_only=True):
    """A fault of the HTTP side. The engine passes ``fault`` on as it is."""

    fault: dict[str, Any]


Action = Settings | Promote | Control | Activate | Deactivate | Delete | Terminate | Capacity | Load | Fault | Http


class TimelineEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``do`` happens ``at`` (after the first answer; negative: inside the warm-up) and again each ``every``."""

    at: Seconds
    do: Action
    every: Seconds | None = None
