"""The dashboards as files: JSON for import and file provisioning, and ConfigMaps for the sidecar of a Grafana in Kubernetes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import yaml

from serving_dashboards.boards import BOARDS
from serving_dashboards.document import document
from serving_rules.rendering import Renderer
from serving_rules.settings import Settings

__all__ = ["FORMATS", "SIDECAR_LABEL"]

SIDECAR_LABEL = {"grafana_dashboard": "1"}
"""What the sidecar of the usual Helm charts looks for."""


def _json(settings: Settings) -> dict[str, str]:
    renderer = Renderer(settings)
    made = {f"{board.uid}.json": document(board, renderer) for board in BOARDS}
    return {name: json.dumps(each, indent=2, ensure_ascii=False) + "\n" for name, each in made.items()}


def _configmaps(settings: Settings) -> dict[str, str]:
    """Return a ConfigMap for each dashboard: together they would be larger than one may be (1 MiB)."""
    return {name.replace(".json", ".yaml"): _configmap(name, text) for name, text in _json(settings).items()}


def _configmap(name: str, text: str) -> str:
    labels = {**SIDECAR_LABEL, "app.kubernetes.io/name": "serving-exporter"}
    metadata = {"name": name.removesuffix(".json") + "-dashboard", "labels": labels, "annotations": {"grafana_folder": "Serving"}}
    compact = json.dumps(json.loads(text), ensure_ascii=False)
    return yaml.safe_dump(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {name: compact}}, sort_keys=False, allow_unicode=True
    )


FORMATS: Mapping[str, Callable[[Settings], dict[str, str]]] = {"json": _json, "configmap": _configmaps}
"""By name: file names and texts, with the selector and the label names of the user's settings."""
