"""The exporter itself: can the other dashboards be trusted?"""

from __future__ import annotations

from serving_dashboards.colours import Colour
from serving_dashboards.document import Dashboard, Row
from serving_dashboards.needs import Needs
from serving_dashboards.panels import Graph, Limit, Stat, Timeline, Unit, Word
from serving_dashboards.queries import RATE, Line, Query, increase, metric, rate, signal, target
from serving_dashboards.tables import Cell, Column, Table
from serving_dashboards.variables import DATASOURCE, JOB, WORKSPACE
from serving_rules import model

__all__ = ["BOARD"]

_UP = signal("serving_workspace:source_up:max")
_SUPPORTED = signal("serving_workspace:source_supported:max")
_AGE = signal("serving_workspace:source_age_seconds:now")
_INTERVAL = signal("serving_workspace:source_interval_seconds:max")
_DOWN_OR_UP = (Word(0, "down", Colour.CRITICAL), Word(1, "up", Colour.GOOD))


def _by_source(expr: str) -> str:
    return f"max by (workspace, source) ({expr})"


def _self(name: str) -> str:
    return f"max by (job) ({metric(name)})"


_NOW = Row(
    "Now",
    (
        Stat(
            title="Sources down",
            description="Sources that the platform offers and whose last poll failed. What they feed is as old as their last success.",
            queries=[Query(f"count(({_UP} == 0) unless ({_SUPPORTED} == 0)) or vector(0)")],
            unit=Unit.COUNT,
            needs=Needs.SELF,
            base=Colour.GOOD,
            limits=[Limit(1, Colour.CRITICAL)],
        ),
        Stat(
            title="Age of the feed",
            description="Time since the platform's feed was last read. Alerts on load look at nothing newer.",
            queries=[Query("max(" + signal("serving_workspace:source_age_seconds:now", 'source="feed"') + ")")],
            unit=Unit.SECONDS,
            needs=Needs.SELF,
            base=Colour.GOOD,
            limits=[Limit(90, Colour.WARNING), Limit(300, Colour.CRITICAL)],
        ),
        Stat(
            title="Age of the page",
            description="Time since the page that Prometheus scrapes was put together. It grows when the exporter's loop hangs.",
            queries=[Query(f"max(time() - {metric('serving_exporter_page_timestamp_seconds')})")],
            unit=Unit.SECONDS,
            needs=Needs.SELF,
            base=Colour.GOOD,
            limits=[Limit(60, Colour.WARNING), Limit(300, Colour.CRITICAL)],
        ),
        Stat(
            title="Samples on the page",
            description="Platform samples that each scrape brings: the load that this exporter puts on Prometheus.",
            queries=[Query(f"sum({_self('serving_exporter_page_samples')})")],
            unit=Unit.COUNT,
            needs=Needs.SELF,
            spark=True,
        ),
        Stat(
            title="Clock skew",
            description="The platform's clock minus the exporter's. Beyond some seconds, ages and start-up times are wrong by as much.",
            queries=[Query(f"max({metric('serving_exporter_clock_skew_seconds')})")],
            unit=Unit.SECONDS,
            needs=Needs.SELF,
            base=Colour.WARNING,
            limits=[Limit(-30, Colour.GOOD), Limit(30, Colour.WARNING)],
        ),
        Stat(
            title="Configuration",
            description="Whether the last reload was accepted. A refused one leaves the old configuration in force.",
            queries=[Query(f"min({metric('serving_exporter_config_last_reload_successful')})")],
            unit=Unit.NONE,
            needs=Needs.SELF,
            words=[Word(0, "refused", Colour.CRITICAL), Word(1, "accepted", Colour.GOOD)],
        ),
    ),
)

_SOURCES = Row(
    "Sources",
    (
        Table(
            title="Sources by age",
            description="Every source of every workspace. Not offered is no fault: the key may not read it, or the organization does not "
            "have it. An age beyond three intervals means that polls fail.",
            needs=Needs.SELF,
            columns=[
                Column(title="Workspace", label="workspace"),
                Column(title="Source", label="source"),
                Column(title="State", query=Query(_by_source(_UP)), words=_DOWN_OR_UP, cell=Cell.FILLED),
                Column(
                    title="Offered",
                    query=Query(_by_source(_SUPPORTED)),
                    words=[Word(0, "no", Colour.NEUTRAL), Word(1, "yes", Colour.NEUTRAL)],
                ),
                Column(title="Age", query=Query(_by_source(_AGE)), unit=Unit.SECONDS),
                Column(title="Interval", query=Query(_by_source(_INTERVAL)), unit=Unit.SECONDS),
                Column(
                    title="Intervals late",
                    query=Query(_by_source(f"{_AGE} / on (workspace, source) group_left () {_by_source(_INTERVAL)}")),
                    decimals=1,
                    cell=Cell.COLOURED,
                    base=Colour.GOOD,
                    limits=[Limit(2, Colour.WARNING), Limit(3, Colour.CRITICAL)],
                ),
                Column(title="Samples", query=Query(_by_source(metric("serving_exporter_source_samples")))),
                Column(title="Parts failing", query=Query(_by_source(metric("serving_exporter_source_failing_parts")))),
            ],
            sort="Intervals late",
            height=9,
        ),
        Timeline(
            title="Sources over time",
            description="When each source was up and down.",
            queries=[Query(_by_source(_UP), "{{workspace}} {{source}}")],
            unit=Unit.NONE,
            needs=Needs.SELF,
            words=_DOWN_OR_UP,
            width=12,
            height=9,
        ),
        Graph(
            title="Polls by outcome",
            description="Polls a second by outcome. Throttled: the platform answered 429, and the budget halved.",
            queries=[Query(f"sum by (outcome) ({rate('serving_exporter_source_polls_total')})", "{{outcome}}")],
            unit=Unit.REQUESTS,
            needs=Needs.SELF,
            stacked=True,
            width=12,
            height=9,
        ),
        Graph(
            title="Poll duration",
            description="How long nineteen in twenty polls took at most: the platform's answer, its reading, the wait for a budget.",
            queries=[
                Query(
                    "histogram_quantile(0.95, sum by (source, le) (" + rate("serving_exporter_source_poll_duration_seconds_bucket") + "))",
                    "{{source}}",
                )
            ],
            unit=Unit.SECONDS,
            needs=Needs.SELF,
            width=12,
        ),
        Graph(
            title="Age of the data",
            description="How old the newest instant is that each source's data describe: the delay of the platform and the time since.",
            queries=[Query(_by_source(f"time() - {metric('serving_exporter_source_data_timestamp_seconds')}"), "{{workspace}} {{source}}")],
            unit=Unit.SECONDS,
            needs=Needs.SELF,
            width=12,
        ),
    ),
)

_BUDGETS = Row(
    "Budgets of the platform's APIs",
    (
        Graph(
            title="Requests by endpoint",
            description="Requests a second that the exporter sent, by endpoint.",
            queries=[Query(f"sum by (endpoint) ({rate('serving_exporter_api_requests_total')})", "{{endpoint}}")],
            unit=Unit.REQUESTS,
            needs=Needs.SELF,
            stacked=True,
        ),
        Graph(
            title="Rate that the budgets allow",
            description="Requests a second that each budget allows now. It rises while the platform answers, and halves on a 429.",
            queries=[
                Query(
                    f"sum by (endpoint) ({metric('serving_exporter_api_budget_requests_per_second')})",
                    "{{endpoint}}",
                    line=Line.STEPS,
                )
            ],
            unit=Unit.REQUESTS,
            needs=Needs.SELF,
        ),
        Graph(
            title="Waiting for a budget",
            description="Seconds that requests waited for their budget in each second, by endpoint; above 1 a queue grows.",
            queries=[Query(f"sum by (endpoint) ({rate('serving_exporter_api_budget_wait_seconds_total')})", "{{endpoint}}")],
            unit=Unit.SECONDS,
            needs=Needs.SELF,
        ),
        Graph(
            title="Answers other than 2xx",
            description="Requests that the platform refused or that got no answer (code error), by endpoint and code.",
            queries=[
                Query(
                    "sum by (endpoint, code) (" + rate("serving_exporter_api_requests_total", 'code!~"2.."') + ") > 0",
                    "{{endpoint}} {{code}}",
                )
            ],
            unit=Unit.REQUESTS,
            needs=Needs.MOTION,
            width=12,
        ),
        Graph(
            title="Lines dropped",
            description="Lines or series left off the page, by reason: invalid or duplicate in the feed, a collision of names, a family "
            "that the configuration drops, or the limit.",
            queries=[Query(f"sum by (reason) ({increase('serving_exporter_series_dropped_total')}) > 0", "{{reason}}", line=Line.BARS)],
            unit=Unit.COUNT,
            needs=Needs.MOTION,
            width=12,
        ),
    ),
)

_PROCESS = Row(
    "Process and page",
    (
        Graph(
            title="Memory of the exporter",
            description="Resident memory of the exporter's process. It follows the size of the page.",
            queries=[Query(f"max by (instance) ({target('process_resident_memory_bytes')})", "{{instance}}")],
            unit=Unit.BYTES,
            needs=Needs.SELF,
        ),
        Graph(
            title="Processor time of the exporter",
            description="Cores that the exporter keeps busy.",
            queries=[Query(f"max by (instance) (rate({target('process_cpu_seconds_total')}[{RATE}]))", "{{instance}}")],
            unit=Unit.CORES,
            needs=Needs.SELF,
        ),
        Graph(
            title="Size of the page",
            description="Bytes of the page before compression.",
            queries=[Query(f"max by (job) ({metric('serving_exporter_page_bytes')})", "{{job}}")],
            unit=Unit.BYTES,
            needs=Needs.SELF,
        ),
        Graph(
            title="Scrape duration",
            description="What a scrape of the exporter takes, as Prometheus sees it.",
            queries=[Query(f"max by (instance) ({target('scrape_duration_seconds')})", "{{instance}}")],
            unit=Unit.SECONDS,
            needs=Needs.SELF,
            width=12,
        ),
        Graph(
            title="Samples scraped and new series",
            description="Samples of a scrape, and the series that were new in it: churn is what costs Prometheus memory.",
            queries=[
                Query(f"max by (instance) ({target('scrape_samples_scraped')})", "samples"),
                Query(f"max by (instance) ({target('scrape_series_added')})", "new series", unit=Unit.COUNT, line=Line.BARS),
            ],
            unit=Unit.COUNT,
            needs=Needs.SELF,
            width=12,
        ),
    ),
)

BOARD = Dashboard(
    uid=model.Dashboard.EXPORTER,
    title="Serving / Exporter",
    answers="Can the other dashboards be trusted: which source is late, which budget is used up, what did the exporter leave out?",
    variables=(DATASOURCE, JOB, WORKSPACE),
    rows=(_NOW, _SOURCES, _BUDGETS, _PROCESS),
)
