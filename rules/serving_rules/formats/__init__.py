"""How the pack is written for each kind of ruler. A format is a function from a pack to files (relative path to text)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from serving_rules.formats import alertmanager, mimir, mixin, prometheus, prometheus_operator, thanos
from serving_rules.pack import Pack

__all__ = ["FORMATS"]

FORMATS: Mapping[str, Callable[[Pack], dict[str, str]]] = {
    "prometheus": prometheus.files,
    "prometheus-operator": prometheus_operator.files,
    "mimir": mimir.files,
    "thanos": thanos.files,
    "alertmanager": alertmanager.files,
    "mixin": mixin.files,
}
