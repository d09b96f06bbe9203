"""Generated fleets of any size, for load tests: ordinary deployments with small steady workloads."""

from __future__ import annotations

from serving_simulator.fleet.durations import Seconds
from serving_simulator.fleet.load_shapes import Constant, Diurnal, Workload
from serving_simulator.fleet.parts import Autoscaling, Service, Startup
from serving_simulator.fleet.schema import Deployment, Fleet, Key, Model
from serving_simulator.fleet.switches import Measurement

__all__ = ["DEFAULT_SIZE", "generate"]

DEFAULT_SIZE = (50, 4)
_INSTANCES = ("L4:4x16", "A10Gx4x16", "H100", "T4x4x16", "4x16")


def generate(models: int, deployments: int) -> Fleet:
    """Return ``models`` models with ``deployments`` deployments each; the first of each is production and has a daily cycle."""
    return Fleet(
        models=tuple(_model(number, deployments) for number in range(models)),
        keys=(Key(key="demo.emulator", type="PERSONAL", name="full access"),),
        measurement=Measurement(history=Seconds(600), flush=30),
        warmup=Seconds(120),
    )


def _model(number: int, deployments: int) -> Model:
    return Model(name=f"model-{number:05d}", deployments=tuple(_deployment(number, place) for place in range(deployments)))


def _deployment(number: int, place: int) -> Deployment:
    production = place == 0
    rate = 0.2 + (number * 7919 % 97) / 20
    pattern = Diurnal(low=rate / 4, high=rate, peak_at=Seconds(number * 1201 % 86400)) if production else Constant(rate=rate / 50)
    return Deployment(
        name=f"deployment-{place + 1}",
        environment="production" if production else None,
        instance_type=_INSTANCES[number % len(_INSTANCES)],
        state="inactive" if place and (number + place) % 4 == 3 else "active",
        autoscaling=Autoscaling(min_replica=1 if production else 0, max_replica=8, concurrency_target=4),
        service=Service(mean=Seconds(1 + number % 5), cv=0.6, knee=8),
        startup=Startup(container_start=Seconds(30)),
        workload=Workload(patterns=(pattern,)),
    )
