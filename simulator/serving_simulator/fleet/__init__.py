"""Fleet files: what a simulated organization consists of, read from YAML and checked."""

from serving_simulator.fleet.durations import Seconds
from serving_simulator.fleet.errors import FleetError
from serving_simulator.fleet.instances import InstanceType
from serving_simulator.fleet.loading import load, parse
from serving_simulator.fleet.schema import Fleet, Key

__all__ = ["Fleet", "FleetError", "InstanceType", "Key", "Seconds", "load", "parse"]
