"""What the repository keeps of the dashboards, below ``grafana/``: the JSON, and the files that provision it.

``python -m serving_dashboards.repository grafana`` writes it again and removes what is no longer made. A test compares both.
"""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

from serving_dashboards.formats import FORMATS
from serving_rules.settings import Settings

__all__ = ["FOLDERS", "committed", "files", "update"]

FOLDERS = ("dashboards", "provisioning")
"""The folders below ``grafana/`` in which nothing is written by hand."""
MOUNTED = "/var/lib/grafana/dashboards/serving"
"""Where the provisioning looks for the JSON inside a Grafana."""


def files() -> dict[str, str]:
    """Return every generated file, by its path below ``grafana/``."""
    return {
        **{f"dashboards/{name}": text for name, text in FORMATS["json"](Settings()).items()},
        "provisioning/dashboards/serving.yaml": _yaml(_provider()),
        "provisioning/datasources/prometheus.yaml": _yaml(_datasource()),
    }


def _yaml(content: dict[str, object]) -> str:
    return yaml.safe_dump(content, sort_keys=False)


def _provider() -> dict[str, object]:
    provider = {
        "name": "serving-exporter",
        "folder": "Serving",
        "type": "file",
        "allowUiUpdates": False,
        "options": {"path": MOUNTED, "foldersFromFilesStructure": False},
    }
    return {"apiVersion": 1, "providers": [provider]}


def _datasource() -> dict[str, object]:
    source = {
        "name": "Prometheus",
        "type": "prometheus",
        "access": "proxy",
        "url": "$PROMETHEUS_URL",
        "isDefault": True,
        "jsonData": {"httpMethod": "POST", "timeInterval": "30s"},
    }
    return {"apiVersion": 1, "datasources": [source]}


def committed(root: Path) -> dict[str, str]:
    """Return what stands where generated files belong."""
    paths = [path for folder in FOLDERS for path in (root / folder).rglob("*") if path.is_file()]
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def update(root: Path) -> None:
    """Write every generated file and remove those that are no longer made."""
    made = files()
    for name in committed(root).keys() - made.keys():
        (root / name).unlink()
    for name, text in made.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    update(Path(sys.argv[1]))
