"""The chart rendered by helm; ``make manifests`` writes deploy/kubernetes/ with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from tests.stack.programs import run
from tests.tools.toolchain import helm

__all__ = ["CHART", "PLAIN", "plain", "render"]

REPOSITORY = Path(__file__).resolve().parents[2]
CHART = REPOSITORY / "deploy" / "helm" / "serving-exporter"
PLAIN = REPOSITORY / "deploy" / "kubernetes" / "serving-exporter.yaml"

_HEADER = """\
# Plain manifests, for clusters without Helm. Generated from deploy/helm/serving-exporter by `make manifests`: change it there.
#
#   kubectl create secret generic baseten --from-literal=api-key=…
#   kubectl apply --filename serving-exporter.yaml          (with your image in place of serving-exporter:…)
"""
_KUBERNETES = "1.31.0"
"""A helm built without its release's flags takes itself for one of Kubernetes 1.20."""
_OF_HELM = ("helm.sh/chart", "app.kubernetes.io/managed-by")


def render(values: dict[str, Any], *, name: str = "serving-exporter", namespace: str = "monitoring") -> tuple[list[dict[str, Any]], str]:
    """Return the objects that the chart makes of values, or none and what helm says against them."""
    program = helm()
    assert program, "helm is not there"
    result = run(
        program,
        "template",
        name,
        str(CHART),
        "--namespace",
        namespace,
        "--kube-version",
        _KUBERNETES,
        "--values",
        "-",
        stdin=json.dumps(values),
    )
    if result.returncode:
        return [], result.stderr
    return [each for each in yaml.safe_load_all(result.stdout) if each], ""


def plain() -> str:
    """Return the text of the plain manifests."""
    objects, error = render({"apiKey": {"existingSecret": "baseten"}})
    assert not error, error
    for each in objects:
        del each["metadata"]["namespace"]
        for metadata in (each["metadata"], each["spec"]["template"]["metadata"] if each["kind"] == "StatefulSet" else {}):
            for label in _OF_HELM:
                metadata.get("labels", {}).pop(label, None)
    objects.sort(key=lambda each: str(each["kind"]) != "ServiceAccount")
    return _HEADER + yaml.safe_dump_all(objects, sort_keys=False, explicit_start=True)


if __name__ == "__main__":
    PLAIN.write_text(plain())
