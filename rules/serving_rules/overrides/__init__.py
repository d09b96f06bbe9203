"""The overrides file: what users change without forking the pack, in one YAML file, checked as a whole before a rule is written.

Every mistake is reported, not only the first: file, path of the key, what was found, what is allowed, line. Errors::

    SettingsError     the file cannot be used

``serving-rules schema`` prints the JSON Schema of the file, committed as ``rules/overrides.schema.json``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from serving_rules.detections import DETECTIONS
from serving_rules.errors import SettingsError
from serving_rules.model import Detection
from serving_rules.overrides.checks import check
from serving_rules.overrides.document import Report, read
from serving_rules.overrides.knobs import settings_of, tree
from serving_rules.overrides.shape import definitions
from serving_rules.settings import Settings

__all__ = ["load", "parse", "schema"]


def load(path: Path, detections: Sequence[Detection] = DETECTIONS) -> Settings:
    """Read an overrides file. Raises SettingsError with everything that is wrong in it."""
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = "a directory" if path.is_dir() else f"a file that cannot be read ({error.strerror})"
        raise SettingsError([f"{path}: found {reason}, allowed: a YAML file"]) from None
    return parse(content, str(path), detections)


def parse(content: bytes | str, name: str = "overrides", detections: Sequence[Detection] = DETECTIONS) -> Settings:
    """Read overrides from text; ``name`` stands for the file in errors. Raises SettingsError with everything that is wrong."""
    document = read(content, name)
    report = Report(document)
    values = tree(detections).read(document.value, (), report)
    settings = settings_of(values)
    check(settings, detections, report)
    if report.problems:
        raise SettingsError(report.problems)
    return settings


def schema(detections: Sequence[Detection] = DETECTIONS) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the file, with a text for every knob."""
    knobs = tree(detections)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Overrides of the serving-rules pack",
        **knobs.schema(),
        "$defs": {name: node.schema() for name, node in sorted(definitions(knobs).items())},
    }
