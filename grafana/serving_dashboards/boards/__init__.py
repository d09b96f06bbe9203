"""The dashboards, each a module; ``BOARDS`` has them in the order of the menu."""

from __future__ import annotations

from serving_dashboards.boards import autoscaling, cost, deployment, engines, exporter, fleet, slo
from serving_dashboards.document import Dashboard

__all__ = ["BOARDS"]

BOARDS: tuple[Dashboard, ...] = (
    fleet.BOARD,
    deployment.BOARD,
    autoscaling.BOARD,
    cost.BOARD,
    engines.BOARD,
    slo.BOARD,
    exporter.BOARD,
)
