"""What the environment says: alone enough for one workspace, and beside a file for what differs from host to host.

Settings of the process (``SERVING_EXPORTER_…``) overrule the file, so that one file serves several hosts. Settings of the workspace
(``BASETEN_…``) fill what the file leaves open, and only when there is one workspace. An empty variable counts as one that is not set,
except ``SERVING_EXPORTER_STATE_FILE``, where it means "no state file".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from serving_exporter.config.errors import KeyPath

__all__ = ["KEY_VARIABLES", "PROCESS_VARIABLES", "WORKSPACE_VARIABLES", "default_state_file", "overlay"]

PROCESS_VARIABLES: dict[str, KeyPath] = {
    "SERVING_EXPORTER_LISTEN_ADDRESS": ("listen_address",),
    "SERVING_EXPORTER_LOG_LEVEL": ("log", "level"),
    "SERVING_EXPORTER_LOG_FORMAT": ("log", "format"),
    "SERVING_EXPORTER_SHARD_INDEX": ("shard", "index"),
    "SERVING_EXPORTER_SHARD_COUNT": ("shard", "count"),
    "SERVING_EXPORTER_STATE_FILE": ("state_file",),
}

WORKSPACE_VARIABLES: dict[str, KeyPath] = {
    "SERVING_EXPORTER_WORKSPACE": ("name",),
    "BASETEN_APP_URL": ("hosts", "app"),
    "BASETEN_API_URL": ("hosts", "api"),
    "BASETEN_MODEL_URL": ("hosts", "model"),
}

KEY_VARIABLES: dict[str, KeyPath] = {
    "BASETEN_API_KEY": (),
    "BASETEN_FEED_API_KEY": ("keys", "feed"),
    "BASETEN_MANAGEMENT_API_KEY": ("keys", "management"),
    "BASETEN_INFERENCE_API_KEY": ("keys", "inference"),
}
"""Each has a twin with ``_FILE`` behind it that names a file instead."""


def overlay(value: dict[str, Any], environ: Mapping[str, str]) -> Iterator[tuple[KeyPath, str]]:
    """Put what the environment says into the plain values of a file, in place; yields each path that was set and its variable."""
    for variable, path in PROCESS_VARIABLES.items():
        present = variable in environ if path == ("state_file",) else bool(environ.get(variable))
        if present and _put(value, path, environ[variable] or None, replace=True):
            yield path, variable
    if not value.get("workspaces"):
        value["workspaces"] = [{}]
    workspaces = value["workspaces"]
    if not isinstance(workspaces, list) or len(workspaces) != 1 or not isinstance(workspaces[0], dict):
        return
    for variable, path in WORKSPACE_VARIABLES.items():
        if environ.get(variable) and _put(workspaces[0], path, environ[variable], replace=False):
            yield ("workspaces", 0, *path), variable
    for stem, path in KEY_VARIABLES.items():
        if _has_key(workspaces[0], path):
            continue
        for variable, name in ((stem, "api_key"), (f"{stem}_FILE", "key_file")):
            if environ.get(variable) and _put(workspaces[0], (*path, name), environ[variable], replace=False):
                yield ("workspaces", 0, *path, name), variable


def default_state_file(environ: Mapping[str, str]) -> Path | None:
    """Choose where the state goes when nobody says: systemd's directory, else the user's; None when the environment knows neither."""
    directory = environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if directory:
        return Path(directory, "state.json")
    for variable, below in (("XDG_STATE_HOME", "."), ("HOME", ".local/state")):
        if Path(environ.get(variable, "")).is_absolute():
            return Path(environ[variable], below, "serving-exporter", "state.json")
    return None


def _put(target: dict[str, Any], path: KeyPath, value: Any, *, replace: bool) -> bool:
    """Set one value; False when the file has it already, or has something on the way that is not a mapping (reported elsewhere)."""
    for part in path[:-1]:
        inner = target.get(str(part))
        if inner is None:
            inner = target[str(part)] = {}
        if not isinstance(inner, dict):
            return False
        target = inner
    name = str(path[-1])
    if name in target and not replace:
        return False
    target[name] = value
    return True


def _has_key(workspace: dict[str, Any], path: KeyPath) -> bool:
    place: Any = workspace
    for part in path:
        place = place.get(part) if isinstance(place, dict) else None
    return isinstance(place, dict) and ("api_key" in place or "key_file" in place)
