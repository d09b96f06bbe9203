"""Rule groups for Mimir and Grafana Cloud, one namespace for each layer, as ``mimirtool rules load`` reads them."""

from __future__ import annotations

from serving_rules.formats.text import dump
from serving_rules.pack import Pack

__all__ = ["files"]


def files(pack: Pack) -> dict[str, str]:
    """Return one file for each namespace."""
    return {f"{file.layer}.yaml": dump({"namespace": f"serving-{file.layer}", **file.mapping()}) for file in pack.files}
