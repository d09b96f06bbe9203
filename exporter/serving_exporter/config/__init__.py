"""The configuration: one YAML file, the environment, or both; typed, and with errors that name the file, the key, what was found and
what is allowed.

Errors::

    ConfigError     the file or the environment cannot be used; all mistakes at once, one line each, never with a key in it

``python -m serving_exporter.config`` prints the JSON Schema of the file; ``make docs`` writes docs/configuration.md.
"""

from serving_exporter.config.errors import ConfigError
from serving_exporter.config.loading import load
from serving_exporter.config.schema import (
    KEY_FAMILIES,
    SOURCES,
    Config,
    Filter,
    Hosts,
    Key,
    Keys,
    Log,
    Shard,
    SourceConfig,
    Sources,
    WorkspaceConfig,
    schema,
)
from serving_exporter.config.values import Address, Selector

__all__ = [
    "KEY_FAMILIES",
    "SOURCES",
    "Address",
    "Config",
    "ConfigError",
    "Filter",
    "Hosts",
    "Key",
    "Keys",
    "Log",
    "Selector",
    "Shard",
    "SourceConfig",
    "Sources",
    "WorkspaceConfig",
    "load",
    "schema",
]
