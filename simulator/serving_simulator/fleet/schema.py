"""The shape of a fleet file: everything that the simulated organization contains. Unknown keys are errors."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from serving_simulator.fleet.actions import TimelineEntry
from serving_simulator.fleet.durations import Seconds
from serving_simulator.fleet.instances import InstanceType, list_prices
from serving_simulator.fleet.load_shapes import Workload
from serving_simulator.fleet.parts import AsyncUse, Autoscaling, Faults, Memory, Probes, PromotionSettings, Service, Startup
from serving_simulator.fleet.switches import Measurement, Switches

__all__ = [
    "Chain",
    "ChainDeployment",
    "Chainlet",
    "Deployment",
    "Environment",
    "Fleet",
    "Key",
    "KeyType",
    "Model",
    "Organization",
    "Region",
    "Schedule",
    "Team",
]

KeyType = Literal["PERSONAL", "WORKSPACE_MANAGE_ALL", "WORKSPACE_EXPORT_METRICS", "WORKSPACE_INVOKE", "WORKSPACE_MANAGE_API_KEYS"]
Backpressure = Literal["QUEUE_ON_FULL", "REJECT_ON_FULL"]
_Name = Annotated[str, Meta(min_length=1, max_length=200)]
_Id = Annotated[str, Meta(pattern="^[A-Za-z0-9]{1,32}$")]


class _Node(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Organization(_Node, frozen=True, kw_only=True):
    """The organization behind the keys."""

    id: _Id = "orgdemo1"
    name: _Name = "Demo"


class Team(_Node, frozen=True, kw_only=True):
    """A team; exactly one is the default."""

    name: _Name = "default"
    id: _Id = "team0001"
    default: bool = True


class Region(_Node, frozen=True, kw_only=True):
    """A region of the platform."""

    slug: _Name
    display_name: _Name


class Key(_Node, frozen=True, kw_only=True):
    """An API key. ``models`` (names or ids) narrows keys of the two types that allow it."""

    key: Annotated[str, Meta(min_length=3)]
    type: KeyType = "PERSONAL"
    name: str | None = None
    models: tuple[str, ...] | None = None

    def __repr__(self) -> str:
        return f"Key(type={self.type!r}, name={self.name!r})"


class Schedule(_Node, frozen=True, kw_only=True):
    """An autoscaling schedule of an environment. ``settings`` overrides; hours are in the environment's time zone; HOURLY uses minutes
    only.

    A one-time schedule has ``start_at`` and ``end_at`` as offsets from the first answer.
    """

    name: _Name
    settings: dict[str, int | None]
    cadence: Literal["DAILY", "HOURLY", "ONE_TIME"] = "DAILY"
    enabled: bool = True
    weekdays: tuple[Literal["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"], ...] = ()
    start_hour: Annotated[int, Meta(ge=0, le=23)] = 0
    start_minute: Annotated[int, Meta(ge=0, le=59)] = 0
    end_hour: Annotated[int, Meta(ge=0, le=23)] = 0
    end_minute: Annotated[int, Meta(ge=0, le=59)] = 0
    start_at: Seconds | None = None
    end_at: Seconds | None = None
    id: _Id | None = None


class Deployment(_Node, frozen=True, kw_only=True):
    """One deployment. ``state`` is how it begins: serving at once, ``new`` (its first deploy lies ahead), scaled to zero or switched
    off.
    """

    name: _Name = "deployment-1"
    id: _Id | None = None
    instance_type: str = "L4:4x16"
    environment: _Name | None = None
    development: bool = False
    age: Seconds = Seconds(7 * 86400)
    state: Literal["active", "new", "zero", "inactive", "build_failed", "failed"] = "active"
    autoscaling: Autoscaling | None = None
    service: Service = Service()
    startup: Startup = Startup()
    probes: Probes = Probes()
    memory: Memory = Memory()
    faults: Faults = Faults()
    workload: Workload = Workload()
    async_workload: Workload | None = None
    async_use: AsyncUse = AsyncUse()
    labels: dict[str, Any] | None = None
    region: str | None = None
    backpressure: Backpressure | None = None
    replicas: Annotated[int, Meta(ge=0)] | None = None


class Environment(_Node, frozen=True, kw_only=True):
    """One environment. Its settings apply to whatever deployment is in it; its workload goes wherever its traffic goes."""

    name: _Name = "production"
    autoscaling: Autoscaling | None = None
    promotion: PromotionSettings = PromotionSettings()
    workload: Workload = Workload()
    async_workload: Workload | None = None
    timezone: str | None = None
    schedules: tuple[Schedule, ...] = ()
    backpressure: Backpressure | None = None


class Model(_Node, frozen=True, kw_only=True):
    """One model. ``story`` is for people: what this model is here to show."""

    name: _Name
    id: _Id | None = None
    team: str | None = None
    age: Seconds = Seconds(30 * 86400)
    story: str = ""
    deployments: Annotated[tuple[Deployment, ...], Meta(min_length=1)]
    environments: tuple[Environment, ...] = ()


class Chainlet(Deployment, frozen=True, kw_only=True):
    """One chainlet: a deployment inside a chain."""


class ChainDeployment(_Node, frozen=True, kw_only=True):
    """One deployment of a chain."""

    name: _Name = "deployment-1"
    id: _Id | None = None
    environment: _Name | None = "production"
    age: Seconds = Seconds(7 * 86400)
    chainlets: Annotated[tuple[Chainlet, ...], Meta(min_length=1)]


class Chain(_Node, frozen=True, kw_only=True):
    """One chain."""

    name: _Name
    id: _Id | None = None
    team: str | None = None
    age: Seconds = Seconds(30 * 86400)
    deployments: Annotated[tuple[ChainDeployment, ...], Meta(min_length=1)]


class Fleet(_Node, frozen=True, kw_only=True):
    """A whole fleet. ``warmup`` is simulated before the first answer. ``origin`` is the folder that paths in the file are relative to."""

    organization: Organization = Organization()
    teams: tuple[Team, ...] = (Team(),)
    regions: tuple[Region, ...] = (Region(slug="us", display_name="United States"), Region(slug="eu", display_name="Europe"))
    keys: tuple[Key, ...] = (Key(key="demo.emulator", type="PERSONAL", name="full access"),)
    instance_types: tuple[InstanceType, ...] = msgspec.field(default_factory=list_prices)
    models: tuple[Model, ...] = ()
    chains: tuple[Chain, ...] = ()
    timeline: tuple[TimelineEntry, ...] = ()
    switches: Switches = Switches()
    measurement: Measurement = Measurement()
    warmup: Seconds = Seconds(0)
    origin: str = "."
