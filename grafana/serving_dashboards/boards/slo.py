"""Error budgets of environments: what is left, how fast it goes, what breaks the objective."""

from __future__ import annotations

from serving_dashboards.colours import Colour
from serving_dashboards.document import Annotation, Dashboard, Row
from serving_dashboards.links import Link
from serving_dashboards.needs import Needs
from serving_dashboards.panels import Graph, Limit, Unit
from serving_dashboards.queries import Line, Query, alerts, signal
from serving_dashboards.tables import Cell, Column, Table
from serving_dashboards.variables import DATASOURCE, ENVIRONMENT, MODEL, WORKSPACE
from serving_rules import model
from serving_rules.detections.slo.windows import TIERS
from serving_rules.promql import MODEL as OF_MODEL
from serving_rules.promql import names

__all__ = ["BOARD"]

_NAMES = "{{model_name}} {{environment}}"
_SLI = ("availability", "latency")
_LEFT = {sli: signal(f"serving_environment:{sli}_budget_ratio:left30d") for sli in _SLI}


def _named(expr: str) -> str:
    """Return an expression about environments with the names of their models."""
    return f"({expr}) * on ({names(OF_MODEL)}) group_left (model_name) {signal('serving_model:model:info')}"


def _sli(name: str, sli: str, *matchers: str) -> str:
    return signal(f"serving_environment:{name}", f'sli="{sli}"', *matchers)


def _worst(expr: str, *kept: str, order: str = "topk", operation: str = "max") -> str:
    """Return the ten worst lines, with names: joined last, since a join of all environments costs as much as ten panels."""
    lines = f"{operation} by ({', '.join(('workspace', 'model_id', 'environment', *kept))}) ({expr})"
    return f"{order}(10, {lines}) * on (workspace, model_id) group_left (model_name) {signal('serving_model:model:info')}"


_TO_DEPLOYMENT = Link(
    "What it does",
    model.Dashboard.DEPLOYMENT,
    {"workspace": "workspace", "model": "model_id", "environment": "Environment"},
)


def _column(
    title: str, expr: str, unit: str = Unit.RATIO, *limits: Limit, base: Colour = Colour.NEUTRAL, decimals: int | None = 1
) -> Column:
    labels = "platform, workspace, model_id, environment, sli"
    query = Query(_named(f"max by ({labels}) ({expr})"))
    return Column(title=title, query=query, unit=unit, limits=limits, base=base, decimals=decimals, cell=Cell.COLOURED)


def _left() -> str:
    return " or ".join(f'label_replace({expr}, "sli", "{sli}", "", "")' for sli, expr in _LEFT.items())


_BUDGETS = Row(
    "Budgets",
    (
        Table(
            title="Objectives and budgets",
            description="One line for each environment and indicator, the one with least budget first. Bad: share of requests of 30 days "
            "that broke the objective. Burn: how many times faster than allowed the budget goes, over each window; at 1 it lasts 30 days, "
            "red is where its alert fires. Gone in: at the pace of six hours.",
            needs=Needs.OBJECTIVE,
            columns=(
                Column(title="Model", label="model_name", links=(_TO_DEPLOYMENT,)),
                Column(title="Environment", label="environment"),
                Column(title="Indicator", label="sli"),
                Column(title="workspace", label="workspace", hidden=True),
                Column(title="model_id", label="model_id", hidden=True),
                _column("Objective", signal("serving_environment:sli_objective_ratio:current"), decimals=3),
                _column("Bad in 30 days", signal("serving_environment:sli_bad_ratio:mean30d"), decimals=3),
                _column("Budget left", _left(), Unit.RATIO, Limit(0, Colour.WARNING), Limit(0.25, Colour.GOOD), base=Colour.CRITICAL),
                *(
                    _column(
                        f"Burn {tier.window}",
                        signal("serving_environment:burn_rate:current", f'window="{tier.window}"'),
                        Unit.COUNT,
                        Limit(1, Colour.WARNING),
                        Limit(tier.factor, Colour.CRITICAL),
                    )
                    for tier in sorted(TIERS, key=lambda tier: tier.hours)
                ),
                _column("Gone in", signal("serving_environment:budget_seconds:left", 'window="6h"'), Unit.SECONDS, decimals=None),
            ),
            sort="Budget left",
            ascending=True,
            height=10,
        ),
        *(
            Graph(
                title=f"Budget left: {sli}",
                description=f"What is left of the budget of 30 days for {sli}, of the ten environments with least: 100 % untouched, 0 "
                f"used up, below 0 the objective is "
                f"missed.",
                queries=[Query(_worst(_LEFT[sli], order="bottomk"), _NAMES)],
                unit=Unit.RATIO,
                needs=Needs.OBJECTIVE,
                limits=[Limit(0, Colour.CRITICAL)],
                minimum=None,
                width=12,
            )
            for sli in _SLI
        ),
    ),
)

_BURN = Row(
    "Burn rates",
    tuple(
        Graph(
            title=f"Burn rate: {sli}",
            description=f"How many times faster than allowed the budget for {sli} goes, over windows of an hour, six hours, a day and "
            f"three days. "
            "A short window alone is a spike; the short and the long together are worth waking somebody. The ten fastest lines.",
            queries=[Query(_worst(_sli("burn_rate:current", sli), "window"), "{{window}} " + _NAMES)],
            unit=Unit.COUNT,
            needs=Needs.OBJECTIVE,
            limits=[Limit(1, Colour.WARNING)],
            width=12,
            height=9,
        )
        for sli in _SLI
    ),
)

_REQUESTS = Row(
    "What breaks it",
    (
        Graph(
            title="Good, failed and given up",
            description="Requests of each minute by how they count: given up (499, cancelled) is neither good nor failed.",
            queries=[
                Query(_worst(signal("serving_environment:good_requests:increase1m")), f"good {_NAMES}", Colour.SUCCESS),
                Query(
                    _worst(signal("serving_environment:failed_requests:increase1m"), operation="sum"),
                    f"failed {_NAMES}",
                    Colour.SERVER_ERROR,
                ),
                Query(
                    _worst(signal("serving_environment:abandoned_requests:increase1m")),
                    f"given up {_NAMES}",
                    Colour.CLIENT_ERROR,
                    Line.DASHED,
                ),
            ],
            unit=Unit.COUNT,
            needs=Needs.OBJECTIVE,
        ),
        Graph(
            title="Failures by code",
            description="Failed requests of each minute by status code: 429 is refused at the ceiling, 502 a replica that died.",
            queries=[Query(_worst(signal("serving_environment:failed_requests:increase1m"), "status_code"), "{{status_code}} " + _NAMES)],
            unit=Unit.COUNT,
            needs=Needs.MOTION,
            stacked=True,
        ),
        Graph(
            title="Slow requests",
            description="Share of the requests of each minute whose first byte came later than the objective allows.",
            queries=[
                Query(
                    _worst(
                        signal("serving_environment:slow_requests:increase1m")
                        + f" / ({signal('serving_environment:timed_requests:increase1m')} > 0)"
                    ),
                    _NAMES,
                ),
            ],
            unit=Unit.RATIO,
            needs=Needs.OBJECTIVE,
            maximum=1,
        ),
        Graph(
            title="Share that breaks the objective",
            description="Share of requests that break the objective over each window, by indicator.",
            queries=[
                Query(_worst(signal("serving_environment:sli_bad_ratio:mean"), "sli", "window"), "{{sli}} {{window}} " + _NAMES),
            ],
            unit=Unit.RATIO,
            needs=Needs.OBJECTIVE,
            width=12,
        ),
        Graph(
            title="Objective for the first byte",
            description="Time to first byte beyond which a request is slow, as configured; counted is from the first bucket bound that is "
            "not below it.",
            queries=[Query(_worst(signal("serving_environment:first_byte_objective_seconds:current")), _NAMES, None, Line.STEPS)],
            unit=Unit.SECONDS,
            needs=Needs.OBJECTIVE,
            width=12,
        ),
    ),
)

BOARD = Dashboard(
    uid=model.Dashboard.SLO,
    title="Serving / SLO",
    answers="How much of each environment's error budget is left, how fast does it go, and what breaks the objective?",
    variables=(DATASOURCE, WORKSPACE, MODEL, ENVIRONMENT),
    annotations=(
        Annotation(
            "Burn alerts",
            alerts('alertstate="firing"', 'alertname=~"Serving(Availability|Latency)Burn.*"', deployments=False),
            str(Colour.CRITICAL),
            "{{alertname}}",
            "{{severity}}: {{model_name}} {{environment}}",
        ),
    ),
    since="now-2d",
    rows=(_BUDGETS, _BURN, _REQUESTS),
)
