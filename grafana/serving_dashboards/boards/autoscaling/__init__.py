"""Autoscaling diagnosis: which of the incidents that look alike is this?"""

from __future__ import annotations

from serving_dashboards.boards.autoscaling.demand import CEILING
from serving_dashboards.boards.autoscaling.demand import ROW as DEMAND
from serving_dashboards.boards.autoscaling.diagnosis import DIAGNOSIS
from serving_dashboards.boards.autoscaling.motion import LATENCY, MOTION, STARTS
from serving_dashboards.boards.autoscaling.settings import ELASTICITY
from serving_dashboards.boards.autoscaling.settings import ROW as SETTINGS
from serving_dashboards.boards.shared import MARKS, alert_table, by_deployment
from serving_dashboards.document import Dashboard, Row
from serving_dashboards.needs import Needs
from serving_dashboards.panels import Graph, Unit
from serving_dashboards.queries import Query, signal
from serving_dashboards.variables import SELECTION
from serving_rules import model

__all__ = ["BOARD"]

_PODS = Graph(
    title="Pods that are not ready",
    description="Pods that Kubernetes calls not ready beyond those that start. In a steady state their readiness fails, or they end "
    "slowly.",
    queries=[Query(by_deployment(signal("serving:unready_pods:beyond_starting")), "{{model_name}} {{deployment_name}}")],
    unit=Unit.COUNT,
    needs=Needs.POD_HEALTH,
    width=24,
)

BOARD = Dashboard(
    uid=model.Dashboard.AUTOSCALING,
    title="Serving / Autoscaling diagnosis",
    answers="Thrash, cold-start gap, no hardware, ceiling, crash loop, or a setting that does not fit: which one is it, and which number "
    "fixes it?",
    variables=SELECTION,
    annotations=MARKS,
    rows=(
        Row(
            "What is wrong",
            (alert_table("What fires here", "Alerts of the selection, pages first. The panels below show what each is about.", height=7),),
        ),
        Row("Diagnosis table: what you see, and the panel that proves it", (DIAGNOSIS,), collapsed=True),
        DEMAND,
        SETTINGS,
        MOTION,
        STARTS,
        LATENCY,
        CEILING,
        Row("Measures", (ELASTICITY, _PODS)),
    ),
)
