"""One deployment, or one environment: every graph of the platform's own Metrics tab, and settings and limits beside them."""

from __future__ import annotations

from serving_dashboards.boards.deployment.asynchronous import ROW as ASYNCHRONOUS
from serving_dashboards.boards.deployment.replicas import HARDWARE, REPLICAS
from serving_dashboards.boards.deployment.traffic import LATENCY, SIZES, VOLUME
from serving_dashboards.boards.measures import ACTIVE, COST, REQUESTS, SATURATION, SETTINGS, STARTING
from serving_dashboards.boards.shared import FIRING, MARKS, STATUS, WHO, each
from serving_dashboards.colours import Colour
from serving_dashboards.document import Dashboard, Row
from serving_dashboards.needs import Needs
from serving_dashboards.panels import Limit, Stat, Unit
from serving_dashboards.queries import Query, alerts, named, signal
from serving_dashboards.tables import Cell, Column, Table
from serving_dashboards.variables import SCOPE, SELECTION
from serving_rules import model
from serving_rules.promql import DEPLOYMENT, by

__all__ = ["BOARD"]


def _now(title: str, description: str, expr: str, unit: str = Unit.COUNT, *limits: Limit, needs: Needs = Needs.RULES) -> Stat:
    base = Colour.GOOD if limits else Colour.NEUTRAL
    return Stat(title=title, description=description, queries=[Query(expr)], unit=unit, needs=needs, base=base, limits=limits, width=3)


_NOW = Row(
    "Now",
    (
        _now(
            "Firing",
            "Critical and warning alerts of the selection.",
            "count(" + alerts(FIRING, 'severity=~"critical|warning"') + ") or vector(0)",
            Unit.COUNT,
            Limit(1, Colour.CRITICAL),
            needs=Needs.ALERT,
        ),
        _now("Active", "Replicas that serve.", f"sum({named(ACTIVE)})"),
        _now("Starting", "Replicas on their way.", f"sum({named(STARTING)})"),
        _now(
            "Saturation",
            "Requests in flight over slots, of the fullest deployment. Above 100 % requests wait.",
            f"max({named(SATURATION)})",
            Unit.RATIO,
            Limit(0.8, Colour.WARNING),
            Limit(1, Colour.CRITICAL),
            needs=Needs.SETTINGS,
        ),
        _now(
            "Answered", "Requests answered in a second, mean of five minutes.", f"sum({named(REQUESTS)})", Unit.REQUESTS, needs=Needs.FEED
        ),
        _now(
            "p95",
            "95th percentile of the response time, of the slowest deployment.",
            f"max({named(signal('serving:latency_seconds:p95'))})",
            Unit.SECONDS,
            needs=Needs.FEED,
        ),
        _now(
            "A start takes",
            "Start-up to plan with, of the slowest deployment.",
            f"max({named(signal('serving:startup_seconds:typical'))})",
            Unit.SECONDS,
            needs=Needs.STARTUPS,
        ),
        _now("Cost an hour", "List price of the replicas that serve or start.", f"sum({named(COST)})", Unit.DOLLARS, needs=Needs.PRICES),
        Table(
            title="Settings in force",
            description="Status and settings of each deployment. What alerts recommend instead is on the autoscaling dashboard.",
            needs=Needs.SETTINGS,
            columns=(
                *WHO,
                Column(title="Status", label="status", words=STATUS, cell=Cell.COLOURED),
                Column(title="is", query=each(f"max {by((*DEPLOYMENT, 'status'))} ({signal('serving:status:current')} == 1)"), hidden=True),
                Column(title="For", query=each(signal("serving:status_age_seconds:now")), unit=Unit.SECONDS),
                *(Column(title=title, query=each(signal(f"serving:{name}:current")), unit=unit) for title, name, unit in SETTINGS),
                Column(
                    title="$ / hour of a replica", query=each(signal("serving:replica_price_dollars_per_hour:current")), unit=Unit.DOLLARS
                ),
            ),
            sort="Model",
            ascending=True,
            height=6,
        ),
    ),
)

BOARD = Dashboard(
    uid=model.Dashboard.DEPLOYMENT,
    title="Serving / Deployment",
    answers="What does this deployment, or this environment, do: requests, latency, replicas, hardware, queues, and under which settings?",
    variables=(*SELECTION, SCOPE),
    annotations=MARKS,
    rows=(_NOW, VOLUME, LATENCY, REPLICAS, HARDWARE, SIZES, ASYNCHRONOUS),
)
