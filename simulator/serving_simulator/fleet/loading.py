"""Reading fleet files: built-in ones by name, generated ones by size, any other by path."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import yaml

from serving_simulator.fleet.durations import decode
from serving_simulator.fleet.errors import FleetError, explain
from serving_simulator.fleet.large import DEFAULT_SIZE, generate
from serving_simulator.fleet.schema import Fleet

__all__ = ["BUILT_IN", "load", "parse"]

BUILT_IN = Path(__file__).resolve().parent.parent / "fleets"
_LARGE = re.compile(r"large(?::(\d{1,6})x(\d{1,4}))?")


def load(path_or_name: str) -> Fleet:
    """Load ``demo``, ``large``, ``large:MODELSxDEPLOYMENTS`` or a YAML file.

    Raises FleetError, whose text names the file, the path of the key, what was found and what is allowed.
    """
    if large := _LARGE.fullmatch(path_or_name):
        models, deployments = (int(large[1]), int(large[2])) if large[1] else DEFAULT_SIZE
        if not models or not deployments:
            raise FleetError(f"{path_or_name}: found a size of zero, allowed: large:MODELSxDEPLOYMENTS with both at least 1")
        return generate(models, deployments)
    built_in = BUILT_IN / f"{path_or_name}.yaml"
    path = built_in if re.fullmatch(r"\w+", path_or_name) and built_in.is_file() else Path(path_or_name)
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        names = ", ".join(sorted(each.stem for each in BUILT_IN.glob("*.yaml")))
        raise FleetError(
            f"{path_or_name}: found no readable file ({error.strerror}), allowed: a YAML file, {names}, large, large:50x4"
        ) from error
    except UnicodeDecodeError as error:
        raise FleetError(f"{path}: found bytes that are not UTF-8, allowed: YAML text") from error
    return parse(text, source=str(path), origin=path.resolve().parent)


def parse(text: str, *, source: str, origin: Path | None = None) -> Fleet:
    """Read a fleet from YAML text. ``source`` is how errors call it; paths inside are relative to ``origin``. Raises FleetError."""
    try:
        document = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise FleetError(f"{source}: found text that is not YAML{line}: {getattr(error, 'problem', error)}") from error
    if not isinstance(document, dict):
        raise FleetError(f"{source}: found {type(document).__name__}, allowed: a mapping with keys such as models")
    if origin is not None:
        document = {"origin": str(origin), **document}
    try:
        fleet = msgspec.convert(document, Fleet, dec_hook=decode)
    except msgspec.ValidationError as error:
        raise FleetError(f"{source}: {explain(error, document, Fleet)}") from error
    _check_references(fleet, source)
    return fleet


def _check_references(fleet: Fleet, source: str) -> None:
    def require(value: str | None, allowed: Any, path: str) -> None:
        if value is not None and value not in allowed:
            raise FleetError(f"{source}: {path}: found {value!r}, allowed: {', '.join(sorted(allowed))}")

    instances = {each.name for each in fleet.instance_types} | {each.key for each in fleet.instance_types}
    teams, regions = {each.name for each in fleet.teams}, {each.slug for each in fleet.regions}
    _unique([each.key for each in fleet.keys], "keys", "key", source, secret=True)
    _unique([each.name for each in fleet.models], "models", "name", source)
    names = {each.name for each in fleet.models} | {each.id for each in fleet.models if each.id}
    for index, key in enumerate(fleet.keys):
        for name in key.models or ():
            require(name, names, f"keys[{index}].models")
    for number, model in enumerate(fleet.models):
        where = f"models[{number}]"
        require(model.team, teams, f"{where}.team")
        _unique([each.name for each in model.deployments], f"{where}.deployments", "name", source)
        _unique([each.environment for each in model.deployments if each.environment], f"{where}.deployments", "environment", source)
        _unique([each.name for each in model.environments], f"{where}.environments", "name", source)
        for place, deployment in enumerate(model.deployments):
            require(deployment.instance_type, instances, f"{where}.deployments[{place}].instance_type")
            require(deployment.region, regions, f"{where}.deployments[{place}].region")
            settings = deployment.autoscaling
            if settings and settings.min_replica > settings.max_replica:
                path = f"{where}.deployments[{place}].autoscaling.min_replica"
                raise FleetError(f"{source}: {path}: found {settings.min_replica}, allowed: at most max_replica ({settings.max_replica})")
    for number, chain in enumerate(fleet.chains):
        for place, deployed in enumerate(chain.deployments):
            for index, chainlet in enumerate(deployed.chainlets):
                require(chainlet.instance_type, instances, f"chains[{number}].deployments[{place}].chainlets[{index}].instance_type")


def _unique(values: list[str], path: str, field: str, source: str, *, secret: bool = False) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            shown = "the same key twice" if secret else repr(value)
            raise FleetError(f"{source}: {path}[].{field}: found {shown} twice, allowed: each {field} once".replace("twice twice", "twice"))
        seen.add(value)
