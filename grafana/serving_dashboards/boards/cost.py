"""Where the money goes, and what would change it. List prices: the bill comes a day later, and knows discounts."""

from __future__ import annotations

import re

from serving_dashboards.boards.autoscaling.settings import ELASTICITY
from serving_dashboards.boards.measures import COST, REQUESTS
from serving_dashboards.boards.shared import WHO, by_deployment, each
from serving_dashboards.colours import Colour
from serving_dashboards.document import Dashboard, Row
from serving_dashboards.needs import Needs
from serving_dashboards.panels import Bars, Graph, Stat, Unit
from serving_dashboards.queries import WINDOW, Line, Query, metric, named, signal
from serving_dashboards.tables import Column, Table
from serving_dashboards.variables import SELECTION
from serving_dashboards.variables import WINDOW as WINDOW_VARIABLE
from serving_rules import model
from serving_rules.detections import DETECTIONS
from serving_rules.detections.thrash import DETECTION as THRASH
from serving_rules.promql import DEPLOYMENT, by, names, number

__all__ = ["BOARD"]

_ACTIVE, _STARTING = signal("serving:cost_dollars_per_hour:active"), signal("serving:cost_dollars_per_hour:starting")
_SURPLUS = signal("serving:cost_dollars_per_hour:surplus")
_SERVING = f"clamp_min({_ACTIVE} - ({_SURPLUS} or 0 * {_ACTIVE}), 0)"
_ON = f"on ({names(DEPLOYMENT)})"
_FLAPS = next(threshold.default for threshold in THRASH.thresholds if threshold.name == "reversals")

IDLE_TAIL = f"{_SURPLUS} and {_ON} ({signal('serving:idle_seconds:now')} > 0)"
THRASH_WASTE = f"{_STARTING} and {_ON} ({signal('serving:replica_reversals:changes2h')} >= {number(_FLAPS)})"
CRASH_WASTE = f"{_STARTING} and {_ON} ({signal('serving:restart_loop:count1h')} > 0)"

_BY = by(DEPLOYMENT)
_COST_MEAN = (
    f"avg_over_time({signal('serving:cost_dollars_per_hour:active')}[{WINDOW}]) + "
    f"avg_over_time({signal('serving:cost_dollars_per_hour:starting')}[{WINDOW}])"
)
_REQUESTS_MEAN = f"sum {_BY} (avg_over_time({signal('serving:requests_by_code:rate5m')}[{WINDOW}]))"


def _total(title: str, description: str, expr: str, *, width: int = 4) -> Stat:
    return Stat(
        title=title,
        description=description,
        queries=[Query(expr)],
        unit=Unit.DOLLARS,
        needs=Needs.PRICES,
        decimals=2,
        width=width,
    )


_TOTALS = Row(
    "Totals",
    (
        _total("Dollars an hour", "List price of all replicas that serve or start.", f"sum({named(COST)})"),
        _total("Dollars a day at this pace", "The same for 24 hours.", f"24 * sum({named(COST)})"),
        _total(
            "Dollars per thousand requests",
            "What the replicas of the window cost, over the requests that they answered.",
            f"1000 / 3600 * sum({named(_COST_MEAN)}) / (sum({named(_REQUESTS_MEAN)}) > 0)",
        ),
        _total(
            "Idle tail an hour",
            "Replicas beyond the need of deployments without any work: the price of the scale-down delay and the floor.",
            f"sum({named(IDLE_TAIL)}) or vector(0)",
        ),
        _total(
            "Thrash waste an hour",
            "Starting replicas of deployments that reverse as often as ServingThrash takes for a fault: most of these starts replace "
            "replicas that were just removed. An upper bound.",
            f"sum({named(THRASH_WASTE)}) or vector(0)",
        ),
        _total(
            "Crash-loop waste an hour",
            "Starting replicas of deployments that restart over and over: they are billed while they load, and die.",
            f"sum({named(CRASH_WASTE)}) or vector(0)",
        ),
    ),
)

_COURSE = Row(
    "Where it goes",
    (
        Graph(
            title="Serving, idle and starting",
            description="List price an hour of the replicas that the load asks for, of those beyond it, and of those that start (all of "
            "them, though waiting for hardware is not billed).",
            queries=[
                Query(f"sum({named(_SERVING)})", "serving", Colour.SERVING),
                Query(f"sum({named(_SURPLUS)})", "idle", Colour.IDLE),
                Query(f"sum({named(_STARTING)})", "starting", Colour.STARTING),
            ],
            unit=Unit.DOLLARS,
            needs=Needs.PRICES,
            stacked=True,
            width=12,
            height=9,
        ),
        Graph(
            title="Cost of models",
            description="List price an hour of the ten dearest models.",
            queries=[Query(f"topk(10, sum by (model_name) ({named(COST)}))", "{{model_name}}")],
            unit=Unit.DOLLARS,
            needs=Needs.PRICES,
            stacked=True,
            width=12,
            height=9,
        ),
        Table(
            title="Cost of each deployment",
            description="List price an hour now, its parts, the price of a thousand requests over the window, and how busy the hardware "
            "is. A dear deployment whose hardware idles is where to look first.",
            needs=Needs.PRICES,
            columns=(
                *WHO,
                Column(title="$ / hour", query=each(COST), unit=Unit.DOLLARS, decimals=2),
                Column(title="Serving", query=each(_SERVING), unit=Unit.DOLLARS, decimals=2),
                Column(title="Idle", query=each(_SURPLUS), unit=Unit.DOLLARS, decimals=2),
                Column(title="Starting", query=each(_STARTING), unit=Unit.DOLLARS, decimals=2),
                Column(
                    title="$ / 1000 requests",
                    query=each(f"1000 / 3600 * ({_COST_MEAN}) / ({_REQUESTS_MEAN} > 0)"),
                    unit=Unit.DOLLARS,
                    decimals=3,
                ),
                Column(title="Requests", query=each(REQUESTS), unit=Unit.REQUESTS),
                Column(title="Hardware in use", query=each(signal("serving:compute_utilization_ratio:avg")), unit=Unit.RATIO, decimals=0),
                Column(title="Idle for", query=each(signal("serving:idle_seconds:now")), unit=Unit.SECONDS),
                Column(title="Above the floor for", query=each(signal("serving:above_floor_seconds:now")), unit=Unit.SECONDS),
            ),
            sort="$ / hour",
            height=10,
        ),
    ),
)


def _advised(kind: str) -> str:
    """Return every amount that alerts put beside their advice, told apart by the label ``advice``, the detection's title."""
    wanted = re.compile(rf"serving:(?!spend_spike)\w+_dollars_per_day:{kind}")
    found = [
        f'label_replace({signal(record.name)}, "advice", "{detection.title}", "", "")'
        for detection in DETECTIONS
        for record in detection.records
        if wanted.fullmatch(record.name)
    ]
    return " or ".join(found)


def _advice(title: str, description: str, kind: str) -> Table:
    return Table(
        title=title,
        description=description,
        needs=Needs.ADVICE,
        columns=(
            Column(title="What alerts say", label="advice"),
            *WHO,
            Column(title="$ / day", query=each(_advised(kind)), unit=Unit.DOLLARS, decimals=2),
        ),
        sort="$ / day",
        width=12,
    )


_ADVICE = Row(
    "What would change it",
    (
        _advice(
            "What advice would save", "US dollars a day at list price that the recommended settings of firing alerts would save.", "saving"
        ),
        _advice("What advice would cost", "US dollars a day at list price that the recommended settings would cost at most.", "cost"),
    ),
)

_PAST = Row(
    "Against the past",
    (
        Graph(
            title="Cost now and before",
            description="What a workspace costs (mean of an hour) beside the same hour of last week and yesterday. Development is not "
            "billed.",
            queries=[
                Query(signal("serving_workspace:cost_dollars_per_hour:avg1h"), "now {{workspace}}", Colour.DEMAND),
                Query(signal("serving_workspace:cost_dollars_per_hour:yesterday"), "yesterday {{workspace}}", Colour.BOUND, Line.DASHED),
                Query(signal("serving_workspace:cost_dollars_per_hour:last_week"), "last week {{workspace}}", Colour.IDLE, Line.DASHED),
            ],
            unit=Unit.DOLLARS,
            needs=Needs.PAST,
        ),
        Graph(
            title="Growth of the cost",
            description="Cost of the last hour over the usual cost at this hour, by deployment. Load that grew as much explains it; else "
            "it is a runaway, which only the ceiling bounds.",
            queries=[Query(by_deployment(signal("serving:spend_growth:ratio")), "{{model_name}} {{deployment_name}}")],
            unit=Unit.RATIO,
            needs=Needs.PAST,
        ),
        Bars(
            title="Billed usage",
            description="What the platform billed, by UTC day and kind. It arrives a day late, and is what counts.",
            queries=[Query(f"sum by (date, kind) ({metric('baseten_usage_dollars')})", "{{date}} {{kind}}")],
            unit=Unit.DOLLARS,
            needs=Needs.BILLING,
        ),
    ),
)

BOARD = Dashboard(
    uid=model.Dashboard.COST,
    title="Serving / Cost and efficiency",
    answers="What does the fleet cost, how much of it serves requests, and which setting would make it cheaper?",
    variables=(*SELECTION, WINDOW_VARIABLE),
    rows=(_TOTALS, _COURSE, _ADVICE, _PAST, Row("Elasticity", (ELASTICITY,))),
)
