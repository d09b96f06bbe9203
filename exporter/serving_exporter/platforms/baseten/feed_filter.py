"""Include and exclude on the feed: which of its lines belong to models and environments that are wanted."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

from serving_exporter.config import WorkspaceConfig
from serving_exporter.exposition.sample_line import unescape

__all__ = ["FeedFilter"]

_LABEL = re.compile(rb'[{,]\s*(model_id|model_name|deployment_id|environment)="([^"\\]*(?:\\.[^"\\]*)*)"')
_SLICE = 2000  # lines between two turns of the event loop

DeploymentWanted = Callable[[str], bool | None]


class FeedFilter:
    """Drops the lines of models and environments that are not wanted.

    Engine families (vLLM, SGLang) name neither model nor environment, only the deployment: they follow the other lines of their deployment
    on the same page, else ``deployment_wanted`` (None for one that nobody knows), else whether everything is wanted that is not excluded.
    """

    def __init__(self, workspace: WorkspaceConfig, deployment_wanted: DeploymentWanted) -> None:
        self._workspace = workspace
        self._deployment_wanted = deployment_wanted
        self._open = not (workspace.include.models or workspace.include.environments)
        self.active = not self._open or bool(workspace.exclude.models or workspace.exclude.environments)

    async def apply(self, body: bytes) -> bytes:
        """Give the page without the unwanted lines. Comments stay: headers of families that have no lines left are harmless."""
        if not self.active:
            return body
        kept: list[bytes] = []
        engine_lines: list[tuple[int, str]] = []
        wanted_deployments: dict[str, bool] = {}
        verdicts: dict[tuple[tuple[bytes, bytes], ...], bool] = {}
        for number, line in enumerate(body.split(b"\n")):
            if number % _SLICE == _SLICE - 1:
                await asyncio.sleep(0)
            found = () if line.startswith(b"#") else tuple(_LABEL.findall(line))
            if not found:
                kept.append(line)
                continue
            labels = dict(found)
            deployment = unescape(labels.get(b"deployment_id", b""))
            if b"model_id" not in labels:
                engine_lines.append((len(kept), deployment))
                kept.append(line)
                continue
            wanted = verdicts.get(found)
            if wanted is None:
                wanted = verdicts[found] = self._wants(labels)
                wanted_deployments[deployment] = wanted or wanted_deployments.get(deployment, False)
            if wanted:
                kept.append(line)
        unwanted = {place for place, deployment in engine_lines if not self._wants_deployment(deployment, wanted_deployments)}
        return b"\n".join(line for place, line in enumerate(kept) if place not in unwanted)

    def _wants(self, labels: dict[bytes, bytes]) -> bool:
        model_id, name, environment = (unescape(labels.get(label, b"")) for label in (b"model_id", b"model_name", b"environment"))
        return self._workspace.wants_model(model_id, name) and self._workspace.wants_environment(environment)

    def _wants_deployment(self, deployment: str, seen: dict[str, bool]) -> bool:
        if deployment in seen:
            return seen[deployment]
        known = self._deployment_wanted(deployment)
        return self._open if known is None else known
