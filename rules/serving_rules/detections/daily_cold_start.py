"""C9: the first user of the day waits for a start, every day at the same hour."""

from __future__ import annotations

from serving_rules.guards import NOT_DEVELOPMENT
from serving_rules.model import (
    Alert,
    Case,
    Cause,
    Detection,
    Example,
    Guard,
    Kind,
    Outcome,
    Proof,
    Query,
    Record,
    Runbook,
    Severity,
    Threshold,
    Values,
)
from serving_rules.promql import name_of, value_of

__all__ = ["DETECTION"]

_LONG = "serving:idle_gap_seconds:long"
_WAKE = "serving:daily_cold_start:wake"
_AT_WAKE = "serving:daily_cold_start_days:at_wake"
_DAYS = "serving:daily_cold_start_days:count7d"
_PREWARM = "serving:daily_cold_start_prewarm_seconds:of_day"
_FLOOR = "serving:min_replicas:for_daily_cold_start"
_COST = "serving:daily_cold_start_fix_dollars_per_day:cost"

_MAY_SLEEP = Guard(
    "MAY_SLEEP",
    "unless (serving:min_replicas:current > 0)",
    "A floor, or the schedule that keeps it now, has woken the deployment before its users came: that is the cure, not the illness.",
)

_SETTINGS_KNOWN = "30m"
"""After this time the exporter has certainly read the settings again: it reads those of idle models every 20 minutes."""


def _around(days: int) -> str:
    """Return whether there was a wake within an hour of this time of day, some days ago: 1, or 0."""
    return f"(present_over_time({_WAKE}[2h] offset {24 * days - 1}h) or {_WAKE} * 0)"


def _wakes(*ago: int) -> str:
    """Return wakes at minute 9000 and some minutes before it."""
    times = [9000 - minutes for minutes in sorted((0, *ago), reverse=True)]
    return " ".join(f"_x{time - before - 1} 40000" for before, time in zip((-1, *times), times, strict=False))


_SAME_HOUR = tuple(1440 * days + 50 for days in range(1, 7))
_OTHER_WAKE = f'{_WAKE}{{deployment_id="d-two"}}'
_TWO_HOURS_EARLIER = tuple(1440 * days + 120 for days in range(1, 7))

_RECORDS = (
    Record(
        _WAKE,
        # Half an hour late on purpose: by then it is known whether a schedule had raised the floor, which is a wake that nobody waited for.
        f"({_LONG} offset {_SETTINGS_KNOWN})\n{_MAY_SLEEP}",
        "Half an hour after a wake that no scale-down delay could have prevented and no schedule caused: how long the deployment had "
        "rested, seconds.",
        examples=(
            Example("half an hour ago", {_LONG: "_x9 40000 stale", "serving:min_replicas:current": 0}, "39m", {_WAKE: 40000}),
            Example("without settings", {_LONG: "_x9 40000 stale"}, "39m", {_WAKE: 40000}),
            Example("by a schedule", {_LONG: "_x9 40000 stale", "serving:min_replicas:current": 1}, "39m", {}),
            Example("not yet", {_LONG: "_x9 40000 stale"}, "9m", {}),
            Example("no wake", {_LONG: "_x9 40000 stale"}, "40m", {}),
        ),
    ),
    Record(
        _AT_WAKE,
        # The days are looked at one by one: a median of hours would tear a wake at midnight in two.
        f"{_WAKE} * 0 + 1\n+ " + "\n+ ".join(_around(days) for days in range(1, 7)) + f"\nor ({_LONG} offset {_SETTINGS_KNOWN}) * 0",
        "Half an hour after such a wake: on how many of the last seven days there was one within an hour of this time of day; 0 when a "
        "schedule woke it.",
        examples=(
            Example(
                "every day, some minutes earlier; two hours earlier is another hour",
                {_WAKE: _wakes(*_SAME_HOUR), _OTHER_WAKE: _wakes(*_TWO_HOURS_EARLIER)},
                "9000m",
                {_AT_WAKE: 7, f'{_AT_WAKE}{{deployment_id="d-two"}}': 1},
            ),
            Example("the first", {_LONG: "_x9 40000 stale", "serving:min_replicas:current": 0}, "39m", {_AT_WAKE: 1}),
            Example("by a schedule", {_LONG: "_x9 40000 stale", "serving:min_replicas:current": 1}, "39m", {_AT_WAKE: 0}),
            Example("no wake", {_LONG: "_x9 40000 stale"}, "40m", {}),
        ),
    ),
    Record(
        _DAYS,
        f"last_over_time({_AT_WAKE}[74h])",
        "On how many of the last seven days the deployment was woken at the same hour, by its newest wake; kept over a weekend.",
        examples=(
            Example("the newest counts, a schedule's is 0", {_AT_WAKE: "_x10 5 stale _x1430 0 stale"}, "1500m", {_DAYS: 0}),
            Example("from Friday to Monday", {_AT_WAKE: "_x10 5 stale"}, "4440m", {_DAYS: 5}),
            Example("no longer", {_AT_WAKE: "_x10 5 stale"}, "4460m", {}),
        ),
    ),
    Record(
        _PREWARM,
        # In tests the clock starts at midnight.
        f"""
        900 * floor(({_WAKE} * 0 + (time() - 2700) % 86400) / 900)
        or
        (last_over_time({_PREWARM}[1h]) and {_DAYS})
        """,
        "When a schedule should raise the floor, seconds of the day (UTC): a quarter of an hour or more before the newest such wake.",
        examples=(
            Example("remembered as long as the days are", {_WAKE: "_x577 40000 stale _x700 40000 stale"}, "1400m", {_PREWARM: 73800}),
            Example("the newest counts", {_WAKE: "_x1177 40000 stale _x838 40000 stale"}, "2030m", {_PREWARM: 31500}),
            Example("forgotten with the days", {_WAKE: "_x577 40000 stale"}, "5100m", {}),
            Example("a wake at 9:07", {_WAKE: "_x577 40000 stale"}, "577m", {_PREWARM: 31500}),
            Example("a wake at 9:14 on the next day", {_WAKE: "_x2024 40000 stale"}, "2024m", {_PREWARM: 31500}),
            Example("a wake at 9:15", {_WAKE: "_x585 40000 stale"}, "585m", {_PREWARM: 32400}),
        ),
    ),
    Record(
        _FLOOR,
        f"({_DAYS} >= $days) * 0 + 1",
        "Floor that a schedule should keep from shortly before the usual wake: one warm replica.",
        examples=(
            Example("four days", {_AT_WAKE: 4}, "2m", {_FLOOR: 1}),
            Example("three days", {_AT_WAKE: 3}, "2m", {}),
        ),
    ),
    Record(
        _COST,
        f"0.25 * serving:replica_price_dollars_per_hour:current and ({_DAYS} >= $days)",
        "What one replica costs in the quarter of an hour before the usual wake, US dollars a day.",
        examples=(
            Example("two dollars an hour", {_AT_WAKE: 4, "serving:replica_price_dollars_per_hour:current": 2}, "2m", {_COST: 0.5}),
            Example("three days", {_AT_WAKE: 3, "serving:replica_price_dollars_per_hour:current": 2}, "2m", {}),
        ),
    ),
)

_DESCRIPTION = (
    name_of
    + """ was woken from zero at about the same hour on {{ $value | printf "%.0f" }} of the last 7 days, each time after a rest that no """
    + "scale_down_delay bridges (at most 3600 s)"
    + value_of("serving:startup_seconds:typical", form="humanizeDuration", before="; the first user waits about ", otherwise="")
    + ". min_replica is "
    + value_of("serving:min_replicas:current", otherwise="not known")
    + "; set it to "
    + value_of("serving:min_replicas:recommended")
    + " by a schedule"
    + value_of(
        _PREWARM, form='humanizeTimestamp | reReplaceAll "^[^ ]+ (.....).*$" "$1"', before=" that begins at ", after=" UTC", otherwise=""
    )
    + "."
    + value_of(_COST, form='printf "%.2f"', before=" The quarter of an hour before the first user costs $", after=" a day.", otherwise="")
)

_TEXT = (
    "chat (production), deployment d-one was woken from zero at about the same hour on 5 of the last 7 days, each time after a rest that "
    "no scale_down_delay bridges (at most 3600 s); the first user waits about 1m 50s. min_replica is 0; set it to 1 by a schedule that "
    "begins at 08:45 UTC. The quarter of an hour before the first user costs $0.50 a day."
)

_RUNBOOK = Runbook(
    meaning="On at least four of the last seven days the deployment was started from zero within the same two hours of the day, after "
    "more rest than the longest scale-down delay bridges.",
    impact="The first users of each day wait for a whole start, or give up. Nothing else is wrong.",
    confirm=(
        Query("One step from zero, at the same time each day.", 'serving:active_replicas:max{model_id=~"$model_id"}'),
        Query("On how many of seven days.", 'serving:daily_cold_start_days:count7d{model_id=~"$model_id"}'),
        Query(
            "Seconds at rest before the wakes of the last day.", 'max_over_time(serving:idle_gap_seconds:long{model_id=~"$model_id"}[1d])'
        ),
    ),
    causes=(
        Cause(
            "Office hours",
            "Load from morning to evening on working days.",
            "A schedule with min_replica 1 (or what the morning needs) that begins at the printed time, on working days.",
        ),
        Cause(
            "A nightly job",
            "Load for minutes or an hour, in the night.",
            "Let the job wake the model a start-up time before it needs it (the wake endpoint), or accept the wait: nobody sits in front "
            "of it.",
        ),
    ),
    fix="Add a recurring schedule to the environment's autoscaling settings: `min_replica` 1 from the printed time on. Its zone is an "
    "IANA name: the printed time is UTC. Without schedules, a cron job that sets `min_replica` does the same. Do not lengthen "
    "`scale_down_delay`: it can be 3600 s at most, and would be paid for every evening without bridging a single night.",
    lies=(
        "The time is UTC and that of the newest wake: where clocks change, it moves by an hour.",
        "A floor raised by hand in the morning, and lowered again before half an hour has passed, looks like a user's wake.",
        "The price is that of one replica for a quarter of an hour; the hours after it are paid for today already.",
    ),
)

_BASE: dict[str, Values] = {
    _DAYS: 5,
    _PREWARM: 31500,
    _COST: 0.5,
    "serving:startup_seconds:typical": 110,
    "serving:min_replicas:current": 0,
    "serving:min_replicas:recommended": 1,
}

DETECTION = Detection(
    id="C9",
    slug="daily_cold_start",
    title="Daily cold start: the first user of the day waits",
    catches="A start from zero at the same hour on most days, after a rest that no scale-down delay can bridge.",
    origins=("E3", "T7"),
    thresholds=(
        Threshold(
            "days",
            4,
            "Days of the last seven with a wake at the same hour. Four finds working days by their fourth; lower takes chance for a habit.",
            minimum=2,
            maximum=7,
        ),
    ),
    records=_RECORDS,
    alerts=(
        Alert(
            "ServingDailyColdStart",
            Severity.INFO,
            Kind.CAUSE,
            f"""
            ({_DAYS} >= $days)
            {_MAY_SLEEP}
            {NOT_DEVELOPMENT}
            """,
            for_="10m",
            summary="The first request of the day waits for a start, day after day at the same hour.",
            description=_DESCRIPTION,
            proof=Proof(
                base=_BASE,
                quiet={_DAYS: 3},
                description=_TEXT,
                cases=(
                    Case("three days", Outcome.UNDER, {_DAYS: 3}),
                    Case("exactly four", Outcome.AT, {_DAYS: 4}, fires=True),
                    Case("a schedule keeps a floor", Outcome.GUARD, {"serving:min_replicas:current": 1}),
                    Case("a development deployment", Outcome.GUARD, {"serving:development:flag": 1}),
                    Case("a schedule woke it last", Outcome.ZERO, {_DAYS: 0}),
                    Case(
                        "without settings and price",
                        Outcome.ABSENT,
                        {"serving:min_replicas:current": None, _COST: None, "serving:startup_seconds:typical": None},
                        fires=True,
                        description=_TEXT.replace("; the first user waits about 1m 50s", "")
                        .replace("is 0;", "is not known;")
                        .partition(" The q")[0],
                    ),
                ),
            ),
        ),
    ),
    runbooks={"ServingDailyColdStart": _RUNBOOK},
    fires_on=("cold-every-morning",),
    silent_on=("diurnal", "pinned", "bursts-short-delay", "schedule-switch", "first-deployment", "development", "scrape-outage"),
)
