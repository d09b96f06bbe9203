"""How replicas move, how they start, and what users feel of it."""

from __future__ import annotations

from serving_dashboards.boards.shared import by_deployment
from serving_dashboards.colours import Colour
from serving_dashboards.document import Row
from serving_dashboards.needs import Needs
from serving_dashboards.panels import Graph, Limit, Timeline, Unit, Word
from serving_dashboards.queries import Line, Query, signal
from serving_rules.detections.thrash import DETECTION as THRASH

__all__ = ["LATENCY", "MOTION", "STARTS"]

_NAMES = "{{model_name}} {{deployment_name}}"
_REVERSALS = next(each.default for each in THRASH.thresholds if each.name == "reversals")


def _line(name: str, legend: str, colour: Colour | None = None, line: Line = Line.SOLID, *, unit: str = "") -> Query:
    return Query(by_deployment(signal(name)), f"{legend} {_NAMES}".strip(), colour, line, unit)


MOTION = Row(
    "Motion",
    (
        Graph(
            title="Reversals",
            description="How often in two hours the number of replicas turned from up to down or back, and the swing between fewest and "
            "most. At the line ServingThrash fires: the scale-down delay is shorter than the cycle of the load.",
            queries=[
                _line("serving:replica_reversals:changes2h", "reversals", Colour.DEMAND),
                _line("serving:active_replicas:swing2h", "swing", Colour.STARTING, Line.STEPS),
            ],
            unit=Unit.COUNT,
            needs=Needs.MOTION,
            limits=[Limit(_REVERSALS, Colour.WARNING)],
        ),
        Graph(
            title="Steps of replicas",
            description="Change of the active replicas in each minute. Large steps down right before latency rises: max_scale_down_rate or "
            "a longer scale-down delay would help.",
            queries=[_line("serving:active_replicas:step1m", "", None, Line.BARS)],
            unit=Unit.COUNT,
            needs=Needs.RULES,
            minimum=None,
        ),
        Graph(
            title="Cycle against the scale-down delay",
            description="Length of one cycle down and up again, beside the scale-down delay in force and the recommended one. A delay "
            "below the cycle removes replicas that the next burst needs.",
            queries=[
                _line("serving:thrash_cycle_seconds:estimate", "cycle", Colour.DEMAND),
                _line("serving:scale_down_delay_seconds:current", "delay", Colour.BOUND, Line.DASHED),
                _line("serving:scale_down_delay_seconds:recommended", "recommended", Colour.RECOMMENDED, Line.STEPS),
            ],
            unit=Unit.SECONDS,
            needs=Needs.SETTINGS,
        ),
        Graph(
            title="Wakes from zero",
            description="How long a deployment had rested when a request woke it, and the part that a longer scale-down delay could have "
            "bridged. Each wake is a cold start for somebody.",
            queries=[
                _line("serving:idle_gap_seconds:at_wake", "gap", Colour.IDLE, Line.POINTS),
                _line("serving:idle_gap_seconds:regretted", "avoidable", Colour.WAITING, Line.POINTS),
            ],
            unit=Unit.SECONDS,
            needs=Needs.MOTION,
            width=12,
        ),
        Graph(
            title="Avoidable wakes",
            description="Wakes of the last six hours that a longer scale-down delay could have prevented. Three fire "
            "ServingScaleToZeroChurn.",
            queries=[_line("serving:regretted_wakes:count6h", "", None, Line.STEPS)],
            unit=Unit.COUNT,
            needs=Needs.MOTION,
            width=12,
        ),
    ),
)

STARTS = Row(
    "Starts",
    (
        Graph(
            title="Cold-start time by phase",
            description="What nine in ten starts of the last day did not exceed, phase by phase. Scheduling is the wait for hardware; the "
            "image, the weights and load() are what a change of the model can shorten.",
            queries=[
                Query(
                    by_deployment(signal("serving:startup_phase_seconds:p90", 'phase!="total"'), "phase", operation="max"),
                    "{{phase}} " + _NAMES,
                )
            ],
            unit=Unit.SECONDS,
            needs=Needs.STARTUPS,
        ),
        Graph(
            title="Start-ups by outcome",
            description="Start-ups of the last hour by the outcome that they reached. Failed: the model dies while loading, a crash loop "
            "and no want of hardware. Stalled: neither ready nor dead for long.",
            queries=[
                Query(
                    by_deployment(signal("serving:startups:increase1h", 'outcome="SUCCESS"')),
                    "success " + _NAMES,
                    Colour.SUCCESS,
                    Line.STEPS,
                ),
                Query(
                    by_deployment(signal("serving:startups:increase1h", 'outcome="FAILED"')),
                    "failed " + _NAMES,
                    Colour.CRITICAL,
                    Line.STEPS,
                ),
                Query(
                    by_deployment(signal("serving:startups:increase1h", 'outcome="STALLED"')),
                    "stalled " + _NAMES,
                    Colour.WARNING,
                    Line.STEPS,
                ),
            ],
            unit=Unit.COUNT,
            needs=Needs.STARTUPS,
        ),
        Graph(
            title="Where starting replicas are",
            description="Open start-ups by the phase they are in. All in scheduling for long: there is no hardware.",
            queries=[
                Query(by_deployment(signal("serving:starting_in_phase:max"), "phase"), "{{phase}} " + _NAMES),
            ],
            unit=Unit.COUNT,
            needs=Needs.STARTUPS,
            stacked=True,
        ),
        Graph(
            title="Cold-start gap",
            description="How long there have been more requests than slots while replicas start, beside the limit at which "
            "ServingColdStartGap fires. A higher floor bridges it; a faster start shortens it.",
            queries=[
                _line("serving:cold_start_gap_seconds:now", "gap", Colour.WAITING),
                _line("serving:cold_start_gap_seconds:limit", "limit", Colour.BOUND, Line.DASHED),
            ],
            unit=Unit.SECONDS,
            needs=Needs.MOTION,
        ),
        Graph(
            title="Stuck starting",
            description="How long replicas have been starting without one becoming active, beside the limit. Beyond it no more patience "
            "helps: no hardware, a crash on load or a load that takes too long.",
            queries=[
                _line("serving:starting_seconds:stalled", "starting", Colour.STARTING),
                _line("serving:stuck_starting_seconds:limit", "limit", Colour.BOUND, Line.DASHED),
            ],
            unit=Unit.SECONDS,
            needs=Needs.MOTION,
        ),
        Timeline(
            title="Why replicas do not start",
            description="While replicas are stuck starting: a crash on load, no hardware, or a load that is slow. From the start-ups of "
            "the platform where they are to be had.",
            queries=[
                Query(by_deployment(signal("serving:stuck_starting_cause:current"), "cause", operation="max"), "{{cause}} " + _NAMES),
            ],
            unit=Unit.NONE,
            needs=Needs.MOTION,
            words=[Word(1, "stuck", Colour.CRITICAL)],
        ),
        Graph(
            title="Episodes after a scale-down",
            description="Episodes of the last six hours in which requests slowed down right after replicas were removed.",
            queries=[_line("serving:latency_after_scale_down_episodes:count6h", "", None, Line.STEPS)],
            unit=Unit.COUNT,
            needs=Needs.MOTION,
        ),
        Graph(
            title="Restarts",
            description="Container restarts or failed start-ups of the last hour, while they go on. Four in an hour are a loop, whatever "
            "the load.",
            queries=[
                _line("serving:restart_loop:count1h", "restarts in an hour", Colour.CRITICAL, Line.STEPS),
                Query(
                    by_deployment(signal("serving:memory_ratio:max")),
                    "memory " + _NAMES,
                    Colour.IDLE,
                    unit=Unit.RATIO,
                ),
            ],
            unit=Unit.COUNT,
            needs=Needs.MOTION,
        ),
    ),
)

LATENCY = Row(
    "What users feel",
    (
        Graph(
            title="Latency and steps",
            description="95th percentile of the response time beside its own median of six hours, and the active replicas on the right. "
            "Latency that rises right after a step down: ServingLatencyAfterScaleDown.",
            queries=[
                _line("serving:latency_seconds:p95", "p95", Colour.P95),
                _line("serving:latency_seconds:p95_median6h", "usual p95", Colour.BOUND, Line.DASHED),
                _line("serving:active_replicas:max", "active", Colour.ACTIVE, Line.STEPS, unit=Unit.COUNT),
            ],
            unit=Unit.SECONDS,
            needs=Needs.FEED,
            width=12,
            height=10,
        ),
        Graph(
            title="Time to first byte",
            description="95th percentile of the time to first byte: waits for a slot or a start are in it.",
            queries=[_line("serving:first_byte_seconds:p95", "p95", Colour.P95)],
            unit=Unit.SECONDS,
            needs=Needs.FEED,
            width=12,
            height=10,
        ),
        Graph(
            title="Answers by code",
            description="Answers a second by status code. 429: refused at the ceiling; 499: clients gave up; 502: replicas died; 500 after "
            "a long wait: the parking timeout.",
            queries=[
                Query(
                    by_deployment(signal("serving:requests_by_code:rate5m"), "status_code"),
                    "{{status_code}} " + _NAMES,
                )
            ],
            unit=Unit.REQUESTS,
            needs=Needs.FEED,
            stacked=True,
        ),
        Graph(
            title="Slow with free slots",
            description="Share of the last hour in which requests were slow although slots were free and nothing started: the concurrency "
            "target is higher than what a replica can do at once.",
            queries=[_line("serving:slow_with_free_slots:ratio1h", "")],
            unit=Unit.RATIO,
            needs=Needs.SETTINGS,
            maximum=1,
        ),
        Graph(
            title="Asynchronous queue and time to drain",
            description="Asynchronous requests that wait, and how long they need at the present rate beside the time to live that would "
            "outlast it. The queue is no load for the autoscaler: only the floor brings replicas.",
            queries=[
                _line("serving:async_queued:max", "waiting", Colour.WAITING),
                _line("serving:async_drain_seconds:estimate", "drains in", Colour.DEMAND, unit=Unit.SECONDS),
                _line("serving:async_ttl_seconds:recommended", "time to live", Colour.RECOMMENDED, Line.DASHED, unit=Unit.SECONDS),
            ],
            unit=Unit.COUNT,
            needs=Needs.ASYNC,
        ),
    ),
)
