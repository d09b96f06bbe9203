"""Every metric on the exporter's page: the only place where their names, labels and label values are written.

``CATALOGUE`` has what this project adds, and drives what the exporter writes; ``NATIVE`` has the families of the platform's own feed, which
pass through under the platform's names. ``ALL`` has both, for rules, dashboards and documentation, which are checked against it.

A platform metric always starts with the key labels of its scope (``Scope``), so numeric series survive promotions and renames; words live
in the info metrics. The label ``workspace`` is put in front of every series when the page is rendered and is therefore not repeated here.
Units are base units (seconds, bytes, cores, ratios from 0 to 1) and stand in the name.

This project's metrics stand in ``deployments``, ``startups``, ``environments``, ``chains``, ``workspace`` and ``exporter``; the values
of labels in ``label_values``.
"""

from __future__ import annotations

from collections.abc import Iterator

from serving_exporter.catalogue import chains, deployments, environments, exporter, label_values, startups, workspace
from serving_exporter.catalogue.chains import *  # noqa: F403 - the names are those of its __all__
from serving_exporter.catalogue.deployments import *  # noqa: F403
from serving_exporter.catalogue.environments import *  # noqa: F403
from serving_exporter.catalogue.exporter import *  # noqa: F403
from serving_exporter.catalogue.label_values import *  # noqa: F403
from serving_exporter.catalogue.metric import Metric, MetricType, Scope
from serving_exporter.catalogue.native import NATIVE, NativeMetric, Presence
from serving_exporter.catalogue.startups import *  # noqa: F403
from serving_exporter.catalogue.workspace import *  # noqa: F403

__all__ = [
    "ALL",
    "CATALOGUE",
    "NATIVE",
    "Metric",
    "MetricType",
    "NativeMetric",
    "Presence",
    "Scope",
    "family_of",
    "platform_metrics",
    "self_metrics",
]
__all__ += chains.__all__
__all__ += deployments.__all__
__all__ += environments.__all__
__all__ += exporter.__all__
__all__ += label_values.__all__
__all__ += startups.__all__
__all__ += workspace.__all__

_PAGE_ORDER = (deployments, startups, environments, chains, workspace, exporter)

CATALOGUE: dict[str, Metric] = {metric.name: metric for part in _PAGE_ORDER for metric in part.METRICS}

ALL: dict[str, Metric] = {**NATIVE, **CATALOGUE}

_BY_SAMPLE = {sample: metric for metric in ALL.values() for sample in metric.sample_names}


def platform_metrics() -> Iterator[Metric]:
    """Yield the metrics that this project adds about the platform, in the order in which a page shows them."""
    return (metric for metric in CATALOGUE.values() if metric.is_platform)


def self_metrics() -> Iterator[Metric]:
    """Yield the metrics that describe the exporter itself."""
    return (metric for metric in CATALOGUE.values() if not metric.is_platform)


def family_of(sample: str) -> Metric | None:
    """Find the family to which samples of this name belong; None for a name that no sample has, such as that of a histogram itself."""
    return _BY_SAMPLE.get(sample)
