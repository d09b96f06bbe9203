"""The deployments of a fleet as rows: who they are, what is in force for them, and where they stand in their life.

Chainlets are rows like any other deployment. The platform runs each on a model of its own behind the scenes; how they appear in the export
is not documented (switch ``chainlet_series``), so a chainlet's row carries an own model id and the name ``chain.chainlet``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from serving_simulator.fleet.instances import InstanceType
from serving_simulator.fleet.parts import Autoscaling, Faults
from serving_simulator.fleet.schema import Backpressure, Chain, ChainDeployment, Deployment, Fleet, Model
from serving_simulator.views import AutoscalingSettings

__all__ = ["ChainPlace", "Row", "identifier", "rows_of", "settings_of"]

_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(slots=True)
class ChainPlace:
    """Where a chainlet belongs."""

    chain_id: str
    chain_name: str
    deployment_id: str
    deployment_name: str
    chainlet: str


@dataclass(slots=True)
class Row:
    """One deployment (or chainlet): identity, settings in force, and the flags of its life that its status follows from.

    ``served``: its first deploy has finished. ``waking``: replicas come up from zero. ``deploying``: replicas come up after a deploy or an
    activation. ``updating_until``: a settings change is on its way. ``failed_loads``: container starts in a row that died before readiness.
    """

    index: int
    model_id: str
    model_name: str
    id: str
    name: str
    spec: Deployment
    instance: InstanceType
    created_at: float
    settings: AutoscalingSettings
    faults: Faults
    environment: str | None = None
    phase: str = "stable"
    backpressure: Backpressure | None = None
    chain: ChainPlace | None = None
    active: bool = True
    deleted: bool = False
    served: bool = True
    waking: bool = False
    deploying: bool = False
    build_failed: bool = False
    failed: bool = False
    updating_until: float = 0.0
    deactivating_until: float = 0.0
    failed_loads: int = 0
    load_factor: float = 1.0
    pending_settings: list[tuple[float, AutoscalingSettings]] = field(default_factory=list)


def identifier(length: int, *parts: str) -> str:
    """Return an opaque id of ``length`` letters and digits that depends on nothing but the names that lead to it."""
    number = int.from_bytes(hashlib.sha256("/".join(parts).encode()).digest(), "big")
    letters = []
    for _ in range(length):
        number, digit = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[digit])
    return "".join(letters)


def settings_of(settings: Autoscaling) -> AutoscalingSettings:
    """Return the settings of a fleet file as the API shows them."""
    return AutoscalingSettings(
        min_replica=settings.min_replica,
        max_replica=settings.max_replica,
        autoscaling_window=settings.autoscaling_window,
        scale_down_delay=settings.scale_down_delay,
        concurrency_target=settings.concurrency_target,
        target_utilization_percentage=settings.target_utilization_percentage,
        target_in_flight_tokens=settings.target_in_flight_tokens,
        max_scale_down_rate=settings.max_scale_down_rate,
    )


def rows_of(fleet: Fleet, start: float) -> Iterator[Row]:
    """Every deployment and chainlet of the fleet, models first, in the order of the file."""
    instances = {instance.key: instance for instance in fleet.instance_types} | {
        instance.name: instance for instance in fleet.instance_types
    }
    index = 0
    for model in fleet.models:
        model_id = model.id or identifier(8, "model", model.name)
        environments = {environment.name: environment for environment in model.environments}
        for deployment in model.deployments:
            environment = environments.get(deployment.environment or "")
            row = _row(index, model_id, model, deployment, instances, start)
            if environment and environment.autoscaling:
                row.settings = settings_of(environment.autoscaling)
            row.backpressure = deployment.backpressure or (environment.backpressure if environment else None)
            yield row
            index += 1
    for chain in fleet.chains:
        chain_id = chain.id or identifier(8, "chain", chain.name)
        for deployed in chain.deployments:
            deployed_id = deployed.id or identifier(7, "chain", chain.name, deployed.name)
            for chainlet in deployed.chainlets:
                yield _chainlet(index, chain, chain_id, deployed, deployed_id, chainlet, instances, start)
                index += 1


def _row(index: int, model_id: str, model: Model, spec: Deployment, instances: dict[str, InstanceType], start: float) -> Row:
    settings = AutoscalingSettings(min_replica=0, max_replica=1) if spec.development else settings_of(spec.autoscaling or Autoscaling())
    return Row(
        index=index,
        model_id=model_id,
        model_name=model.name,
        id=spec.id or identifier(7, "deployment", model.name, spec.name),
        name=spec.name,
        spec=spec,
        instance=instances[spec.instance_type],
        created_at=start - spec.age,
        settings=settings,
        faults=spec.faults,
        environment=spec.environment,
        backpressure=spec.backpressure,
        active=spec.state in {"active", "new", "zero"},
        served=spec.state in {"active", "zero", "inactive"},
        deploying=spec.state == "new",
        build_failed=spec.state == "build_failed",
        failed=spec.state == "failed",
    )


def _chainlet(
    index: int,
    chain: Chain,
    chain_id: str,
    deployed: ChainDeployment,
    deployed_id: str,
    spec: Deployment,
    instances: dict[str, InstanceType],
    start: float,
) -> Row:
    return Row(
        index=index,
        model_id=identifier(8, "chainlet", chain.name, spec.name),
        model_name=f"{chain.name}.{spec.name}",
        id=spec.id or identifier(7, "chainlet", chain.name, deployed.name, spec.name),
        name=spec.name,
        spec=spec,
        instance=instances[spec.instance_type],
        created_at=start - deployed.age,
        settings=settings_of(spec.autoscaling or Autoscaling()),
        faults=spec.faults,
        environment=deployed.environment,
        chain=ChainPlace(chain_id, chain.name, deployed_id, deployed.name, spec.name),
        active=spec.state in {"active", "new", "zero"},
        served=spec.state in {"active", "zero", "inactive"},
        deploying=spec.state == "new",
    )
