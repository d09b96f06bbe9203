"""PrometheusRule objects for the Prometheus operator, one for each layer."""

from __future__ import annotations

from serving_rules.errors import PackError
from serving_rules.formats.prometheus import document
from serving_rules.formats.text import dump
from serving_rules.pack import Pack

__all__ = ["files"]

_LARGEST = 512 * 1024
"""The operator puts rules into ConfigMaps of about this size and refuses an object that is larger."""


def files(pack: Pack) -> dict[str, str]:
    """Return one manifest for each layer. Raises PackError when the operator would refuse one for its size."""
    manifests = {}
    for file in pack.files:
        name = f"serving-{file.layer}"
        manifest = {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": {
                "name": name,
                "labels": {
                    "app.kubernetes.io/name": name,
                    "app.kubernetes.io/component": "rules",
                    "app.kubernetes.io/part-of": "serving-exporter",
                },
            },
            "spec": document(pack, file),
        }
        text = dump(manifest)
        if len(text.encode()) > _LARGEST:
            raise PackError(f"PrometheusRule {name}: {len(text.encode())} bytes, the operator accepts {_LARGEST}")
        manifests[f"{file.layer}.yaml"] = text
    return manifests
