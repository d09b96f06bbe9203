"""What a configuration holds, with its defaults. File, environment, documentation and JSON Schema are all read from here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from serving_exporter.config.values import (
    ADDRESS,
    COUNT,
    DURATION,
    FEED_REQUESTS,
    INTERVAL,
    KEY,
    NAME,
    ORDINAL,
    PATH,
    PROXY,
    SELECTOR,
    SHARDS,
    Address,
    Kind,
    Selector,
    template,
)
from serving_exporter.secrets import KeySource, Secret

__all__ = [
    "KEY_FAMILIES",
    "SOURCES",
    "Config",
    "Filter",
    "Hosts",
    "Key",
    "Keys",
    "Log",
    "Shard",
    "SourceConfig",
    "Sources",
    "WorkspaceConfig",
    "schema",
]

KEY_FAMILIES = ("feed", "management", "inference")
"""The groups of endpoints that may have a key of their own."""


_WRITTEN = "written"  # how the file writes a value, until ``schema`` puts it in the place of what msgspec says about what it becomes


def _of(kind: Kind) -> Meta:
    """Bind a value to its kind; the field's own description follows in a second ``Meta``."""
    return Meta(extra_json_schema={_WRITTEN: kind.json}, extra={"kind": kind})


class Log(Struct, frozen=True, forbid_unknown_fields=True):
    """What is logged, and how."""

    level: Annotated[Literal["debug", "info", "warning", "error"], Meta(description="The least severe level that is logged.")] = "info"
    format: Annotated[Literal["logfmt", "json"], Meta(description="One line for each record, in this format, on standard error.")] = (
        "logfmt"
    )


class Key(Struct, frozen=True, forbid_unknown_fields=True):
    """One API key: given here, or in a file that is read again when it changes and when the platform refuses the key."""

    api_key: Annotated[Annotated[Secret, _of(KEY)] | None, Meta(description="The key, better `${VARIABLE}` than the key itself.")] = None
    key_file: Annotated[
        Annotated[Path, _of(PATH)] | None,
        Meta(description="A file that holds the key and nothing else; relative to the configuration file."),
    ] = None


class Keys(Struct, frozen=True, forbid_unknown_fields=True):
    """Keys for groups of endpoints, each instead of the workspace's general key."""

    feed: Annotated[Key | None, Meta(description="For the metrics feed on the app host.")] = None
    management: Annotated[Key | None, Meta(description="For the management API.")] = None
    inference: Annotated[Key | None, Meta(description="For the model hosts: async queue status.")] = None


class Hosts(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the platform is."""

    app: Annotated[str, _of(template()), Meta(description="Serves the metrics feed.")] = "https://app.baseten.co"
    api: Annotated[str, _of(template()), Meta(description="Serves the management API.")] = "https://api.baseten.co"
    model: Annotated[str, _of(template("model_id")), Meta(description="Serves one model.")] = "https://model-{model_id}.api.baseten.co"


class Filter(Struct, frozen=True, forbid_unknown_fields=True):
    """Names of models and environments. A model matches by its name or its id."""

    models: Annotated[tuple[Annotated[Selector, _of(SELECTOR)], ...], Meta(description="Models.")] = ()
    environments: Annotated[tuple[Annotated[Selector, _of(SELECTOR)], ...], Meta(description="Environments.")] = ()


class SourceConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """How one source is polled."""

    enabled: Annotated[bool, Meta(description="Whether the source is polled at all.")] = True
    interval: Annotated[float, _of(INTERVAL), Meta(description="Time between two polls.")] = 60.0
    max_age: Annotated[
        Annotated[float, _of(DURATION)] | None,
        Meta(
            description="After so long without success its series leave the page; without a value three intervals, and 5 minutes at least."
        ),
    ] = None

    @property
    def oldest(self) -> float:
        """The maximum age in force, in seconds."""
        return max(300.0, 3 * self.interval) if self.max_age is None else self.max_age


def _every(seconds: float, *, enabled: bool = True) -> SourceConfig:
    return SourceConfig(enabled=enabled, interval=seconds)


class Sources(Struct, frozen=True, forbid_unknown_fields=True):
    """The platform's APIs that are polled."""

    feed: Annotated[
        SourceConfig,
        Meta(description="The platform's own metrics. Its organization's rate limit holds: see `feed_requests_per_minute`."),
    ] = _every(30)
    inventory: Annotated[
        SourceConfig,
        Meta(description="Models, deployments and environments. The interval is the shortest: quiet models are read less often."),
    ] = _every(30)
    queues: Annotated[SourceConfig, Meta(description="Async queues of deployments that use them.")] = _every(30)
    startups: Annotated[SourceConfig, Meta(description="Replica start-ups.")] = _every(60)
    events: Annotated[SourceConfig, Meta(description="The audit log.")] = _every(60)
    prices: Annotated[SourceConfig, Meta(description="Instance types and their prices.")] = _every(6 * 3600)
    chains: Annotated[SourceConfig, Meta(description="Chains and their chainlets.")] = _every(60)
    billing: Annotated[SourceConfig, Meta(description="Billed usage; off unless enabled.")] = _every(3600, enabled=False)

    def named(self) -> dict[str, SourceConfig]:
        """All sources by name, in the order of the documentation."""
        return {name: getattr(self, name) for name in SOURCES}


SOURCES = tuple(Sources.__struct_fields__)
"""The names of all sources."""


class WorkspaceConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """One workspace (or organization) of the platform and the keys to it."""

    name: Annotated[str, _of(NAME), Meta(description="The value of the label `workspace`.")] = "default"
    organization: Annotated[
        Annotated[str, _of(NAME)] | None,
        Meta(
            description="Workspaces that name the same organization share its rate limits. Without it the key stands for the organization."
        ),
    ] = None
    feed_requests_per_minute: Annotated[
        int,
        _of(FEED_REQUESTS),
        Meta(
            description="What this exporter may ask of the feed in any 60 s, for all workspaces of the organization together. The platform "
            "allows 6 to everybody. Two exporters for one organization: 2 each."
        ),
    ] = 4
    api_key: Annotated[
        Annotated[Secret, _of(KEY)] | None,
        Meta(description="The key for everything that has no key of its own; better `${VARIABLE}` than the key itself."),
    ] = None
    key_file: Annotated[
        Annotated[Path, _of(PATH)] | None,
        Meta(description="The same, in a file that is read again when it changes; relative to the configuration file."),
    ] = None
    keys: Annotated[Keys, Meta(description="Keys for groups of endpoints.")] = Keys()
    auth_scheme: Annotated[Literal["Bearer", "Api-Key"], Meta(description="The word before the key in the Authorization header.")] = (
        "Bearer"
    )
    hosts: Annotated[Hosts, Meta(description="Where the platform is.")] = Hosts()
    include: Annotated[Filter, Meta(description="Only these are exported; an empty list means all.")] = Filter()
    exclude: Annotated[Filter, Meta(description="These are not exported, whatever `include` says.")] = Filter()
    sources: Annotated[Sources, Meta(description="What is polled, and how often.")] = Sources()

    def key_sources(self) -> dict[str, KeySource]:
        """Make the key of each of ``KEY_FAMILIES`` that has one; families without a key of their own share one object."""
        general = _key_source(self.api_key, self.key_file)
        own = {family: getattr(self.keys, family) for family in KEY_FAMILIES}
        found = {family: general if key is None else _key_source(key.api_key, key.key_file) for family, key in own.items()}
        return {family: source for family, source in found.items() if source is not None}

    @property
    def budget(self) -> tuple[object, ...]:
        """What workspaces that share the feed's rate limit have in common: the organization, or else the key."""
        if self.organization is not None:
            return ("organization", self.organization)
        key = self.keys.feed or Key(self.api_key, self.key_file)
        return ("key", key.api_key and key.api_key.digest, key.key_file)

    def wants_model(self, model_id: str, name: str) -> bool:
        """Whether a model is exported."""
        return _wanted((model_id, name), self.include.models, self.exclude.models)

    def wants_environment(self, name: str) -> bool:
        """Whether an environment is exported; the empty name stands for deployments that are in none."""
        return _wanted((name,), self.include.environments, self.exclude.environments)


class Shard(Struct, frozen=True, forbid_unknown_fields=True):
    """Which part of the organizations this exporter polls, where several exporters read one file.

    Organizations count in the order in which the file first names them: the i-th is polled by the exporter with index i modulo `count`, so
    one that is appended moves no other. Workspaces of one organization stay together, as they share its rate limits.
    """

    index: Annotated[int, _of(ORDINAL), Meta(description="The number of this exporter.")] = 0
    count: Annotated[int, _of(SHARDS), Meta(description="How many exporters there are.")] = 1


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole configuration."""

    workspaces: Annotated[tuple[WorkspaceConfig, ...], Meta(description="What to export.")] = ()
    listen_address: Annotated[Address, _of(ADDRESS), Meta(description="Where the page is served.")] = Address("0.0.0.0", 9816)  # noqa: S104
    log: Annotated[Log, Meta(description="Logging.")] = Log()
    shard: Annotated[Shard, Meta(description="For several exporters with one file.")] = Shard()
    state_file: Annotated[
        Annotated[Path, _of(PATH)] | None,
        Meta(description="Remembers spent rate budgets, and since when a status holds, over restarts. `null` for none."),
    ] = None
    full_state_sets: Annotated[
        bool,
        Meta(description="Write a status series for every possible status (0 and 1), not for the current one alone."),
    ] = False
    workspace_label: Annotated[bool, Meta(description="Put the label `workspace` on every series. Only one workspace can go without.")] = (
        True
    )
    max_series: Annotated[
        int,
        _of(COUNT),
        Meta(description="A page with more series loses whole families. A first scrape of 500 000 takes Prometheus nearly its 10 s."),
    ] = 500_000
    proxy_url: Annotated[
        Annotated[Secret, _of(PROXY)] | None,
        Meta(description="HTTP proxy for all requests to the platform; treated as a secret, as it may hold a password."),
    ] = None
    trust_env: Annotated[bool, Meta(description="Use the proxy of `HTTPS_PROXY` and `NO_PROXY`, and `~/.netrc` for it.")] = False
    drop_families: Annotated[
        tuple[Annotated[Selector, _of(SELECTOR)], ...],
        Meta(description="Metric families to leave off the page: names, or regular expressions between slashes."),
    ] = ()

    def of_shard(self) -> tuple[WorkspaceConfig, ...]:
        """Return the workspaces that this exporter polls."""
        order: dict[object, int] = {}
        for workspace in self.workspaces:
            order.setdefault(workspace.budget, len(order))
        return tuple(each for each in self.workspaces if order[each.budget] % self.shard.count == self.shard.index)

    def keeps_family(self, name: str) -> bool:
        """Whether a metric family stays on the page."""
        return not any(selector.matches(name) for selector in self.drop_families)


def schema() -> dict[str, Any]:
    """Make the JSON Schema (2020-12) of the file, for editors and linters."""
    made: dict[str, Any] = _as_written(msgspec.json.schema(Config, schema_hook=lambda _: {}))
    for name in ("Address", "Selector"):
        made["$defs"].pop(name, None)
    made["$defs"]["Config"]["properties"]["listen_address"]["default"] = str(Config().listen_address)
    return made


def _as_written(node: Any) -> Any:
    if isinstance(node, list):
        return [_as_written(value) for value in node]
    if not isinstance(node, dict):
        return node
    kept = {
        key: _as_written(value) for key, value in node.items() if key != _WRITTEN and not (_WRITTEN in node and key in ("type", "$ref"))
    }
    return {**node.get(_WRITTEN, {}), **kept}


def _key_source(api_key: Secret | None, key_file: Path | None) -> KeySource | None:
    if api_key is not None:
        return KeySource(secret=api_key, origin="api_key")
    return None if key_file is None else KeySource(path=key_file)


def _wanted(names: tuple[str, ...], include: tuple[Selector, ...], exclude: tuple[Selector, ...]) -> bool:
    def hit(selectors: tuple[Selector, ...]) -> bool:
        return any(selector.matches(name) for selector in selectors for name in names)

    return (not include or hit(include)) and not hit(exclude)
