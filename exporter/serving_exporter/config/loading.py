"""From a file and the environment to one checked configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from serving_exporter.config.environment import KEY_VARIABLES, default_state_file, overlay
from serving_exporter.config.errors import ConfigError, KeyPath, dotted, looks_secret
from serving_exporter.config.reading import Reader
from serving_exporter.config.schema import KEY_FAMILIES, Config, Key, WorkspaceConfig
from serving_exporter.config.yaml_file import Document, read_yaml
from serving_exporter.secrets import SecretError, read_key_file

__all__ = ["load"]


def load(path: Path | None, environ: Mapping[str, str]) -> Config:
    """Read the file at ``path`` (None: the environment alone) and check everything, the presence of keys and key files included.

    Blocking. Raises ``ConfigError`` with all mistakes at once.
    """
    return _Loading(path, environ).config()


class _Loading:
    def __init__(self, path: Path | None, environ: Mapping[str, str]) -> None:
        self._path = path
        self._environ = environ
        self._document = Document({}) if path is None else read_yaml(path)
        self._variables: dict[KeyPath, str] = {}
        self._bad: set[KeyPath] = set()
        self._problems = self._document.problems

    def config(self) -> Config:
        value = self._document.value
        given = isinstance(value, dict)
        if given:
            self._variables = dict(overlay(value, self._environ))
        config: Config = Reader(self._environ, self._report, frozenset(self._variables)).struct(Config, value)
        if given and "state_file" not in value:
            config = msgspec.structs.replace(config, state_file=default_state_file(self._environ))
        if given:
            config = msgspec.structs.replace(
                config, workspaces=tuple(self._workspace(workspace, index) for index, workspace in enumerate(config.workspaces))
            )
            self._together(config)
        if self._problems:
            raise ConfigError(self._problems)
        return msgspec.structs.replace(config, workspaces=config.of_shard())

    def _report(self, path: KeyPath, found: str, allowed: str) -> None:
        """Note one mistake; ``path`` decides whether the file or a variable is blamed."""
        self._bad.add(path)
        variable = self._variables.get(path)
        if variable is not None:
            self._problems.append(f"environment: {variable}: found {found}, allowed: {allowed}")
            return
        where = "environment" if self._path is None else str(self._path)
        line = self._document.lines.get(path)
        place = f"{dotted(path)}: " if path and self._path is not None else ""
        self._problems.append(f"{where}: {place}found {found}, allowed: {allowed}" + (f" (line {line})" if line else ""))

    def _workspace(self, workspace: WorkspaceConfig, index: int) -> WorkspaceConfig:
        """Check the keys of one workspace and its ages, and make the paths of key files absolute."""
        path: KeyPath = ("workspaces", index)
        if any(bad == path for bad in self._bad):
            return workspace
        for name, source in workspace.sources.named().items():
            if source.oldest < source.interval:
                self._report((*path, "sources", name, "max_age"), f"{source.oldest:g}s", f"at least the interval, {source.interval:g}s")
        general = self._key(Key(api_key=workspace.api_key, key_file=workspace.key_file), path)
        own = {}
        for family in KEY_FAMILIES:
            key = getattr(workspace.keys, family)
            own[family] = None if key is None else self._key(key, (*path, "keys", family), required=True)
        if general == Key() and not any(own.values()) and not self._bad_below(path, "api_key", "key_file", "keys"):
            self._no_key(path)
        keys = msgspec.structs.replace(workspace.keys, **own)
        return msgspec.structs.replace(workspace, key_file=general.key_file, keys=keys)

    def _key(self, key: Key, path: KeyPath, *, required: bool = False) -> Key:
        if key.api_key is not None and key.key_file is not None:
            self._report((*path, "key_file"), "both a key and a key file", "one of them")
        elif required and key == Key() and not self._bad_below(path, "api_key", "key_file"):
            self._report(path, "no key", "api_key or key_file")
        elif key.key_file is not None:
            place = (*path, "key_file")
            file = key.key_file
            if self._path is not None and place not in self._variables:
                file = self._path.parent / file
            try:
                read_key_file(file)
            except SecretError as error:
                hidden = looks_secret(str(key.key_file))
                found = f"a text of {len(str(key.key_file))} characters that looks like a key" if hidden else str(error)
                self._report(place, found, "the path of a file that holds an API key")
            return Key(key_file=file)
        return key

    def _no_key(self, path: KeyPath) -> None:
        variables = ", ".join(f"{stem} or {stem}_FILE" for stem in KEY_VARIABLES)
        if self._path is None:
            self._report(path, "no API key", f"one in any of the variables {variables}")
        elif self._document.value["workspaces"] and len(self._document.value["workspaces"]) == 1:
            self._report(path, "no API key", f"api_key, key_file or keys here, or one of the variables {variables}")
        else:
            self._report(path, "no API key", "api_key, key_file or keys here (variables are used for a single workspace only)")

    def _together(self, config: Config) -> None:
        names = [workspace.name for workspace in config.workspaces]
        for index, name in enumerate(names):
            if name in names[:index]:
                first = names.index(name)
                self._report(("workspaces", index, "name"), f"{name!r} again", f"a name that workspaces[{first}] does not have")
        if config.shard.index >= config.shard.count:
            count = config.shard.count
            self._report(("shard", "index"), str(config.shard.index), f"a number below shard.count, which is {count}")
        allowances: dict[object, tuple[int, int]] = {}
        for index, workspace in enumerate(config.workspaces):
            first, allowance = allowances.setdefault(workspace.budget, (index, workspace.feed_requests_per_minute))
            if workspace.feed_requests_per_minute != allowance:
                self._report(
                    ("workspaces", index, "feed_requests_per_minute"),
                    str(workspace.feed_requests_per_minute),
                    f"{allowance}, as in workspaces[{first}], which shares its rate limit",
                )
        if not config.workspace_label and len(names) > 1:
            self._report(("workspace_label",), f"false with {len(names)} workspaces", "true, as their series could not be told apart")

    def _bad_below(self, path: KeyPath, *names: str) -> bool:
        return any(bad[: len(path)] == path and len(bad) > len(path) and bad[len(path)] in names for bad in self._bad)
