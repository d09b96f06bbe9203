"""What every source of one workspace is given."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from serving_exporter.clock import Clock
from serving_exporter.config import WorkspaceConfig
from serving_exporter.platforms.baseten.client import BasetenClient
from serving_exporter.platforms.baseten.state import WorkspaceState
from serving_exporter.platforms.baseten.units import Page, Units
from serving_exporter.telemetry import Telemetry

__all__ = ["Context"]


@dataclass(frozen=True, slots=True)
class Context:
    """The surroundings of the sources.

    ``label`` is the value of the label ``workspace``, None for pages without it. ``section`` is this workspace's part of the state file;
    after changing it, call ``touch``. ``keeps_family`` says whether a native family of the feed is wanted.
    """

    workspace: WorkspaceConfig
    client: BasetenClient
    state: WorkspaceState
    page: Page
    telemetry: Telemetry
    clock: Clock
    log: logging.Logger
    section: dict[str, Any]
    touch: Callable[[], None]
    label: str | None
    full_state_sets: bool
    keeps_family: Callable[[str], bool]

    def units(self, prefix: str) -> Units:
        """Make the units of one source."""
        return Units(self.page, self.label, prefix, lambda count: self.telemetry.dropped("duplicate", count))

    def remembered(self, name: str) -> dict[str, Any]:
        """Give one source's part of the state file; a damaged one starts afresh."""
        part = self.section.get(name)
        if not isinstance(part, dict):
            part = self.section[name] = {}
        return part
