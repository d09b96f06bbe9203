"""The fleet at a glance: which deployment needs somebody now?"""

from __future__ import annotations

from serving_dashboards.boards.measures import ACTIVE, ANSWERS, COST, FAILED, INFLIGHT, REQUESTS, SATURATION, SETTINGS, SLOTS, STARTING
from serving_dashboards.boards.shared import FIRING, STATUS, WHO, alert_table, each, none
from serving_dashboards.colours import Colour
from serving_dashboards.document import Dashboard, Row
from serving_dashboards.needs import Needs
from serving_dashboards.panels import Bars, Graph, Limit, Stat, Unit
from serving_dashboards.queries import INFO, Query, alerts, increase, named, selected, signal
from serving_dashboards.tables import Cell, Column, Table
from serving_dashboards.variables import SELECTION
from serving_rules import model
from serving_rules.promql import DEPLOYMENT, by

__all__ = ["BOARD"]

_BY = by(DEPLOYMENT)
_WEIGHTS = {"critical": 100, "warning": 10, "info": 1}
_OF_DEPLOYMENTS = alerts(FIRING, 'deployment_id!=""')


def _of_environments() -> str:
    """Return the weights of alerts about environments, which name no deployment: they count for those of the environment."""
    weighted = " or ".join(
        f"{weight} * " + alerts(FIRING, f'severity="{severity}"', 'deployment_id=""', 'environment!=""')
        for severity, weight in _WEIGHTS.items()
    )
    return f"{signal(INFO)} * on (workspace, model_id, environment) group_left () sum by (workspace, model_id, environment) ({weighted})"


_ALERTS = " or ".join(
    f"{weight} * " + alerts(FIRING, f'severity="{severity}"', 'deployment_id!=""') for severity, weight in _WEIGHTS.items()
)
_URGENCY = f"sum {_BY} ({_ALERTS} or {_of_environments()} or clamp_max({SATURATION}, 5))"


def _total(severity: str, colour: Colour) -> Stat:
    return Stat(
        title=f"Firing: {severity}",
        description=f"Alerts of severity {severity} that fire now within the selection, those that Alertmanager inhibits included.",
        queries=[Query("count(" + alerts(FIRING, f'severity="{severity}"') + ") or vector(0)")],
        unit=Unit.COUNT,
        needs=Needs.ALERT,
        base=Colour.GOOD,
        limits=[Limit(1, colour)],
        width=3,
    )


def _sum(
    title: str, description: str, expr: str, unit: str = Unit.COUNT, *, decimals: int | None = None, needs: Needs = Needs.RULES
) -> Stat:
    return Stat(
        title=title,
        description=description,
        queries=[Query(f"sum({expr})")],
        unit=unit,
        needs=needs,
        width=3,
        decimals=decimals,
    )


_TOTALS = Row(
    "Totals",
    (
        _total("critical", Colour.CRITICAL),
        _total("warning", Colour.WARNING),
        Stat(
            title="Deployments selected",
            description="Deployments within the selection, those at zero included.",
            queries=[Query(f"count({selected()})")],
            unit=Unit.COUNT,
            needs=Needs.RULES,
            width=3,
        ),
        _sum("Active replicas", "Replicas that serve.", named(ACTIVE)),
        _sum("Starting replicas", "Replicas on their way: waiting for hardware, or loading the model.", named(STARTING)),
        _sum("Requests", "Requests answered in a second, whatever the code, mean of five minutes.", named(REQUESTS), Unit.REQUESTS),
        Stat(
            title="Error share",
            description="Share of the answers of five minutes that failed (5xx, 429, broken WebSockets, gRPC statuses of these kinds), "
            "over the whole selection.",
            queries=[
                Query(
                    f"(sum({named(FAILED)}) or vector(0)) / (sum({named(REQUESTS)}) > 0)",
                )
            ],
            unit=Unit.RATIO,
            needs=Needs.FEED,
            base=Colour.GOOD,
            limits=[Limit(0.01, Colour.WARNING), Limit(0.05, Colour.CRITICAL)],
            width=3,
        ),
        _sum(
            "Cost",
            "List price of all replicas that serve or start, US dollars an hour. Those that wait for hardware are counted, though not "
            "billed.",
            named(COST),
            Unit.DOLLARS,
            decimals=2,
            needs=Needs.PRICES,
        ),
    ),
)

_DEPLOYMENTS = Row(
    "Deployments, the most urgent first",
    (
        Table(
            title="Deployments",
            description="One line for each deployment. Urgency: 100 for each critical alert, 10 for a warning, 1 for advice, and the "
            "saturation (at most 5) on top, so that a deployment that fills up comes before one that rests. Saturation is requests in "
            "flight over slots: above 100 % requests wait at the router. Desired is what the load asks for within the bounds. The name "
            "leads to the deployment.",
            needs=Needs.RULES,
            columns=(
                *WHO,
                Column(title="Status", label="status", words=STATUS, cell=Cell.COLOURED),
                Column(title="is", query=each(f"max {by((*DEPLOYMENT, 'status'))} ({signal('serving:status:current')} == 1)"), hidden=True),
                Column(
                    title="Urgency",
                    query=each(none(_URGENCY)),
                    decimals=1,
                    cell=Cell.FILLED,
                    base=Colour.CLEAR,
                    limits=(Limit(1, Colour.INFO), Limit(10, Colour.WARNING), Limit(100, Colour.CRITICAL)),
                ),
                Column(title="Alerts", query=each(none(f"count {_BY} ({_OF_DEPLOYMENTS})"))),
                Column(title="Active", query=each(ACTIVE)),
                Column(title="Starting", query=each(STARTING)),
                Column(title="Desired", query=each(signal("serving:desired_replicas:bounded"))),
                Column(title="Min", query=each(signal("serving:min_replicas:current"))),
                Column(title="Max", query=each(signal("serving:max_replicas:current"))),
                Column(
                    title="Saturation",
                    query=each(SATURATION),
                    unit=Unit.RATIO,
                    decimals=0,
                    cell=Cell.COLOURED,
                    base=Colour.GOOD,
                    limits=(Limit(0.8, Colour.WARNING), Limit(1, Colour.CRITICAL)),
                ),
                Column(title="p95", query=each(signal("serving:latency_seconds:p95")), unit=Unit.SECONDS),
                Column(
                    title="Errors",
                    query=each(f"({FAILED} or 0 * {REQUESTS}) / ({REQUESTS} > 0)"),
                    unit=Unit.RATIO,
                    decimals=1,
                    cell=Cell.COLOURED,
                    limits=(Limit(0.01, Colour.WARNING), Limit(0.05, Colour.CRITICAL)),
                ),
                Column(title="Waiting", query=each(f"clamp_min({signal('serving:waiting_requests:avg5m')}, 0)"), decimals=0),
                Column(title="Async queue", query=each(signal("serving:async_queued:max"))),
                Column(title="$ / hour", query=each(COST), unit=Unit.DOLLARS, decimals=2),
            ),
            sort="Urgency",
            height=14,
        ),
        alert_table("Firing alerts", "What fires within the selection, pages first. The name leads to the deployment.", height=9),
    ),
)


def _top(expr: str) -> str:
    """Return the ten largest of one number for each model, with names. Joined last: a join of the whole fleet costs as much as ten "
    "panels.
    """
    return f"topk(10, {expr}) * on (workspace, model_id) group_left (model_name) {signal('serving_model:model:info')}"


_PER_MODEL = "sum by (workspace, model_id)"

_COURSE = Row(
    "Over time",
    (
        Graph(
            title="Replicas by model",
            description="Replicas that serve or start, in every environment: the ten models that have most at each moment.",
            queries=[Query(_top(f"{_PER_MODEL} ({ACTIVE}) + {_PER_MODEL} ({STARTING})"), "{{model_name}}")],
            unit=Unit.COUNT,
            needs=Needs.RULES,
        ),
        Graph(
            title="Requests by model",
            description="Requests answered in a second, in every environment: the ten models that have most at each moment.",
            queries=[Query(_top(f"{_PER_MODEL} ({ANSWERS})"), "{{model_name}}")],
            unit=Unit.REQUESTS,
            needs=Needs.FEED,
        ),
        Graph(
            title="Saturation by model",
            description="Requests in flight over slots, in every environment: the ten models that are fullest at each moment. Above 100 % "
            "requests wait at the router.",
            queries=[Query(_top(f"{_PER_MODEL} ({INFLIGHT}) / ({_PER_MODEL} ({SLOTS}) > 0)"), "{{model_name}}")],
            unit=Unit.RATIO,
            needs=Needs.SETTINGS,
            limits=[Limit(1, Colour.CRITICAL)],
        ),
        Bars(
            title="Cost by model",
            description="List price of the replicas that serve or start, US dollars an hour: the fifteen dearest models.",
            queries=[Query(f"topk(15, sum by (model_name) ({named(COST)}))", "{{model_name}}")],
            unit=Unit.DOLLARS,
            needs=Needs.PRICES,
            width=24,
            height=9,
        ),
    ),
)


def _edited(name: str) -> Query:
    return each(f"changes({signal(f'serving:{name}:current')}[1h]) > 0")


_NEWS = Row(
    "What changed in the last hour",
    (
        Table(
            title="Settings changed in the last hour",
            description="How often each setting changed, by hand or by a schedule. A change of the same hour is the first suspect.",
            needs=Needs.MOTION,
            columns=(*WHO, *(Column(title=title, query=_edited(name)) for title, name, _ in SETTINGS)),
            sort="Model",
            ascending=True,
            width=12,
        ),
        Table(
            title="Status and age in the last hour",
            description="Deployments that were created or got another status in the last hour, and since when they have it.",
            needs=Needs.MOTION,
            columns=(
                *WHO,
                Column(title="Created", query=each(f"{signal('serving:age_seconds:now')} < 3600"), unit=Unit.SECONDS),
                Column(title="Status since", query=each(f"{signal('serving:status_age_seconds:now')} < 3600"), unit=Unit.SECONDS),
            ),
            sort="Status since",
            ascending=True,
            width=12,
        ),
        Bars(
            title="Audit events of the last hour",
            description="Entries of the platform's audit log by type: settings edited, deployments promoted, replicas terminated.",
            queries=[
                Query("sum by (event_type) (" + increase("baseten_audit_events_total", within="1h") + ") > 0", "{{event_type}}"),
            ],
            unit=Unit.COUNT,
            needs=Needs.EVENTS,
            width=12,
        ),
        Table(
            title="Promotions in progress",
            description="Environments in which a promotion is in progress, its status, and the share of traffic that the candidate has.",
            needs=Needs.MOTION,
            columns=(
                Column(title="Environment", label="environment"),
                Column(title="Model id", label="model_id"),
                Column(title="Status", label="status"),
                Column(
                    title="Traffic on the candidate",
                    query=Query(
                        f"max by (workspace, model_id, environment) ({signal('serving_environment:promotion_traffic_ratio:current')})"
                    ),
                    unit=Unit.RATIO,
                ),
                Column(
                    title="Is",
                    query=Query(
                        f"max by (workspace, model_id, environment, status) ({signal('serving_environment:promotion_status:current')} == 1)"
                    ),
                    hidden=True,
                ),
            ),
            sort="Traffic on the candidate",
            width=12,
        ),
    ),
)

BOARD = Dashboard(
    uid=model.Dashboard.FLEET,
    title="Serving / Fleet",
    answers="Which deployment needs somebody now, what does the fleet cost, and what was changed in the last hour?",
    variables=SELECTION,
    rows=(_TOTALS, _DEPLOYMENTS, _COURSE, _NEWS),
)
