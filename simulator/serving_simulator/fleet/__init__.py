"""Fleet files: what a simulated organization consists of, read from YAML and checked."""

from .durations import Seconds
from .errors import FleetError
from .instances import InstanceType
from .loading import load, parse
from .schema import Fleet, Key

__all__ = ["Fleet", "FleetError", "InstanceType", "Key", "Seconds", "load", "parse"]
