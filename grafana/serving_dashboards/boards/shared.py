"""What several dashboards show in the same way: who a row is about, its status, firing alerts, and moments that explain a graph."""

from __future__ import annotations

from collections.abc import Sequence

from serving_dashboards.colours import Colour
from serving_dashboards.document import Annotation
from serving_dashboards.links import Link
from serving_dashboards.needs import Needs
from serving_dashboards.panels import Word
from serving_dashboards.queries import IDS, INFO, WORDS, Query, alerts, metric, named, signal
from serving_dashboards.tables import Cell, Column, Table
from serving_exporter.catalogue import DEPLOYMENT_STATUSES
from serving_rules.model import Dashboard
from serving_rules.promql import DEPLOYMENT, by

__all__ = ["FIRING", "MARKS", "SEVERITIES", "STATUS", "WHO", "alert_table", "by_deployment", "clicked", "each", "none"]

FIRING = 'alertstate="firing"'
SEVERITIES = (
    Word("critical", "critical", Colour.CRITICAL),
    Word("warning", "warning", Colour.WARNING),
    Word("info", "info", Colour.INFO),
)

_MEANS = {
    "ACTIVE": Colour.GOOD,
    **dict.fromkeys(("SCALED_TO_ZERO", "INACTIVE", "DEACTIVATING", "BUILD_STOPPED"), Colour.NEUTRAL),
    **dict.fromkeys(("UNHEALTHY", "FAILED", "BUILD_FAILED", "DEPLOY_FAILED"), Colour.CRITICAL),
}
STATUS = tuple(Word(each, each.lower().replace("_", " "), _MEANS.get(each, Colour.STARTING)) for each in DEPLOYMENT_STATUSES)
"""Green serves, red needs somebody, grey rests on purpose, orange is on its way."""


def clicked(title: str, target: Dashboard, *variables: str) -> Link:
    """Return a link from a row of a table with the columns of WHO: to a dashboard, for the row's own deployment."""
    columns = {"workspace": "workspace", "model": "model_id", "environment": "Environment", "deployment": "deployment_id"}
    chosen = variables or tuple(columns)
    return Link(title, target, {name: columns[name] for name in chosen})


def _who(*links: Link) -> tuple[Column, ...]:
    return (
        Column(title="Model", label="model_name", links=links),
        Column(title="Deployment", label="deployment_name", links=links),
        Column(title="Environment", label="environment"),
        Column(title="workspace", label="workspace", hidden=True),
        Column(title="model_id", label="model_id", hidden=True),
        Column(title="deployment_id", label="deployment_id", hidden=True),
    )


WHO = _who(
    clicked("What it does", Dashboard.DEPLOYMENT, "workspace", "model", "deployment"),
    clicked("Why it scales as it does", Dashboard.AUTOSCALING, "workspace", "model", "deployment"),
)
"""The first columns of a table of deployments; the name leads to the deployment."""


def each(expr: str, *, raw: bool = False) -> Query:
    """Return the query of a column: one number for each deployment."""
    return Query(named(expr, raw=raw))


def by_deployment(expr: str, *kept: str, operation: str = "sum", raw: bool = False) -> str:
    """Return a line for each deployment, with names for its legend and ``kept`` labels beside them; ``raw`` reads the exporter's page."""
    one = f"{operation} by ({', '.join((*IDS, *kept))}) ({expr})" if raw else expr
    return f"{operation} by ({', '.join((*IDS, *WORDS[:2], *kept))}) ({named(one, raw=raw)})"


def none(expr: str) -> str:
    """Return an expression over deployments that is 0, not absent, for deployments of which it says nothing."""
    return f"({expr}) or 0 * max {by(DEPLOYMENT)} ({signal(INFO)})"


def alert_table(title: str, description: str, *, width: int = 24, height: int = 8) -> Table:
    """Return the table of what fires within the selection, pages first."""
    labels = "alertname, severity, model_name, deployment_name, environment, workspace, model_id, deployment_id"
    rank = " or ".join(
        f"{number} * max by ({labels}) (" + alerts(FIRING, f'severity="{severity}"') + ")"
        for severity, number in (("critical", 3), ("warning", 2), ("info", 1))
    )
    return Table(
        title=title,
        description=description,
        needs=Needs.ALERT,
        columns=(
            Column(title="Severity", label="severity", words=SEVERITIES, cell=Cell.COLOURED, width=110),
            Column(title="Alert", label="alertname"),
            *WHO,
            Column(title="Rank", query=Query(rank), hidden=True),
        ),
        sort="Rank",
        width=width,
        height=height,
    )


_EVENTS = metric("baseten_audit_events_total")

MARKS: Sequence[Annotation] = (
    Annotation(
        "Alerts",
        alerts(FIRING, 'severity=~"critical|warning"'),
        str(Colour.CRITICAL),
        "{{alertname}}",
        "{{severity}}: {{model_name}} {{deployment_name}}",
    ),
    Annotation(
        "Settings changed",
        f"changes({signal('serving:scale_down_delay_seconds:current')}[2m]) > 0 or "
        f"changes({signal('serving:max_replicas:current')}[2m]) > 0 "
        f"or changes({signal('serving:min_replicas:current')}[2m]) > 0 or changes({signal('serving:concurrency_target:current')}[2m]) > 0",
        str(Colour.DESIRED),
        "Settings changed",
        "{{deployment_id}}",
    ),
    Annotation(
        "Audit events",
        # A counter that appears counts as a change: the first entry of its type.
        f"sum by (event_type, deployment_id) ({_EVENTS} unless {_EVENTS} offset 2m or changes({_EVENTS}[2m])) > 0",
        str(Colour.DEMAND),
        "{{event_type}}",
        "{{deployment_id}}",
    ),
    Annotation(
        "Replicas changed",
        signal("serving:active_replicas:direction"),
        str(Colour.STARTING),
        "Replicas changed",
        "{{deployment_id}}",
        enabled=False,
    ),
)
"""Moments that explain a graph: alerts, edits and schedules, and what the platform's audit log has (promotions, terminated replicas).
Steps of replicas are there too, switched off at first: in a deployment that flaps they are everywhere."""
