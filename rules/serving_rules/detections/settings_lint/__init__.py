"""C26: settings that are wrong whatever the load does.

``lints`` is the table of findings, ``lints_examples`` proves it, ``runbook`` prints it as a page with the request bodies.
"""

from __future__ import annotations

from serving_rules.detections.settings_lint.lints import FINDING, LINTS, record
from serving_rules.detections.settings_lint.lints_examples import ENGINE
from serving_rules.detections.settings_lint.runbook import RUNBOOK
from serving_rules.model import Alert, Case, Detection, Kind, Outcome, Proof, Severity, Threshold
from serving_rules.promql import DEPLOYMENT, name_of, names, value_of
from serving_rules.signals.derived.hourly import sampled

__all__ = ["DETECTION"]

# No guard against promotions and edits: `for` outlasts both, and a finding about a setting is not about motion.
_CONDITION = f"""
{FINDING}
and on ({names(DEPLOYMENT)}) (serving:active_replicas:avg1d > 0)
"""


def _problem() -> str:
    """Say what is wrong, by lint, with the present value."""
    texts = (f'if eq $labels.lint "{lint.name}" }}}} is {value_of(lint.current, form=lint.form)}: {lint.problem}' for lint in LINTS)
    return "{{ " + "{{ else ".join(texts) + "{{ end }}"


_DESCRIPTION = (
    f'{name_of}: {{{{ $labels.field }}}}{_problem()}. Set {{{{ $labels.field }}}} to {{{{ $value | printf "%.0f" }}}}. The '
    "runbook has the request."
)

_FOUND = f'{FINDING}{{lint="max_one_on_production",field="max_replica"}}'


def _read(lint: str, field: str, current: str, value: float, found: float, text: str) -> Case:
    """Return a case of another lint, with what a person then reads."""
    return Case(
        f"{lint} says what it means",
        Outcome.OVER,
        {_FOUND: None, "serving:max_replicas:current": None, f'{FINDING}{{lint="{lint}",field="{field}"}}': found, current: value},
        fires=True,
        labels={"lint": lint, "field": field},
        description=f"chat (production), deployment d-one: {text} The runbook has the request.",
    )


_READ = (
    _read(
        "utilization_high_with_bursts",
        "target_utilization_percentage",
        "serving:target_utilization_ratio:current",
        0.95,
        60,
        "target_utilization_percentage is 95%: bursts find no free slots while new replicas start. Set target_utilization_percentage "
        "to 60.",
    ),
    _read(
        "zero_floor_with_slow_start",
        "min_replica",
        "serving:min_replicas:current",
        0,
        1,
        "min_replica is 0: the first request after a pause waits for a long cold start, and did so within the last day. Set "
        "min_replica to 1.",
    ),
)

DETECTION = Detection(
    id="C26",
    slug="settings_lint",
    title="Settings lint: values that are wrong whatever the load does",
    catches="Autoscaling settings that contradict each other, the platform's advice for production, the engine, or a week of measured "
    "load.",
    origins=("D5", "E1", "E2", "E3", "T2", "T4", "T6", "T7", "T8", "T10"),
    thresholds=(
        Threshold(
            "production_floor",
            2,
            "Replicas that a production deployment should have at least. Set 0 for models whose owners accept cold starts.",
            minimum=0,
            maximum=1000,
        ),
        Threshold(
            "short_delay_seconds",
            120,
            "Scale-down delay below which nearly all traffic makes replicas flap.",
            minimum=1,
            maximum=3600,
            unit="s",
        ),
        Threshold("short_window_seconds", 30, "Window below which noise is taken for load.", minimum=11, maximum=3600, unit="s"),
        Threshold("high_utilization", 0.9, "Target utilization from which bursts find no free slot.", minimum=0.5, maximum=1, unit="ratio"),
        Threshold(
            "burstiness",
            2,
            "Hourly peak of the requests in flight over their mean, above which traffic is bursty: it doubles within the hour.",
            minimum=1.1,
            maximum=100,
            unit="times",
        ),
        Threshold(
            "blast_ratio", 5, "Ceiling over the week's peak need, above which it bounds nothing.", minimum=1.5, maximum=1000, unit="times"
        ),
        Threshold(
            "surplus_ratio",
            3,
            "Pinned replicas over the need of a day's mean, above which the size is a waste.",
            minimum=1.5,
            maximum=100,
            unit="times",
        ),
        Threshold("slow_start_seconds", 120, "Cold start that a first request should not wait for.", minimum=1, maximum=7200, unit="s"),
    ),
    records=(
        sampled(
            "serving:batching_engine:sampled1h",
            "serving:batching_engine:flag",
            "59m30s",
            "1 once an hour while an engine reports that batches requests; it outlives a scale to zero.",
            ENGINE,
        ),
        *map(record, LINTS),
    ),
    alerts=(
        Alert(
            "ServingSettingsLint",
            Severity.INFO,
            Kind.CAUSE,
            _CONDITION,
            for_="1h",
            extra_labels=("lint", "field"),
            summary="An autoscaling setting has a value that is known to cause trouble.",
            description=_DESCRIPTION,
            proof=Proof(
                base={_FOUND: 3, "serving:active_replicas:avg1d": 1, "serving:max_replicas:current": 1},
                quiet={_FOUND: None},
                description="chat (production), deployment d-one: max_replica is 1: a ceiling of one replica switches autoscaling off "
                "in production. Set max_replica to 3. The runbook has the request.",
                labels={"lint": "max_one_on_production", "field": "max_replica"},
                waived={
                    Outcome.UNDER: "The thresholds are those of the lints; their records are tested on both sides of each.",
                    Outcome.AT: "The thresholds are those of the lints; their records are tested on both sides of each.",
                    Outcome.GUARD: "Each lint's record has its own guards, shown by its examples; the alert adds none.",
                },
                cases=(
                    *_READ,
                    Case("hardly ever active is enough", Outcome.OVER, {"serving:active_replicas:avg1d": 0.01}, fires=True),
                    Case("at zero for a whole day nobody is served by it", Outcome.ZERO, {"serving:active_replicas:avg1d": 0}),
                    Case("not enough hours are known", Outcome.ABSENT, {"serving:active_replicas:avg1d": None}),
                ),
            ),
        ),
    ),
    runbooks={"ServingSettingsLint": RUNBOOK},
    fires_on=("one-replica-allowed",),
    silent_on=("diurnal", "hourly-bursts", "exactly-at-max", "embedding-target-one", "plain-feed"),
)
