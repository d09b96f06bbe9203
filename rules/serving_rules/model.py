"""What a rules pack is made of: records, alerts, detections, and the cases that prove them.

Expressions are PromQL text with canonical label names; ``$name`` stands for a threshold of the same detection. Label names, selectors and
thresholds of the configuration are put in later, in one place (``serving_rules.rendering``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from textwrap import dedent

from serving_rules.promql import DEPLOYMENT, ENVIRONMENT, MODEL, REPLICA, WORKSPACE

__all__ = [
    "EVERYTHING",
    "Alert",
    "Case",
    "Cause",
    "Dashboard",
    "Detection",
    "Example",
    "Guard",
    "Inhibition",
    "Kind",
    "Layer",
    "Outcome",
    "Proof",
    "Query",
    "Record",
    "RecordGroup",
    "Runbook",
    "Scope",
    "Severity",
    "Threshold",
    "Values",
]

Values = float | str
"""Samples of an input series: a number stays constant for the whole test, text is promtool's own notation (one sample a minute)."""


class Severity(StrEnum):
    """Who hears of it: ``critical`` pages a person, ``warning`` is a ticket for working hours, ``info`` is advice."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Kind(StrEnum):
    """Whether users feel it (symptom) or it explains what they feel (cause); the label ``alert_type``."""

    SYMPTOM = "symptom"
    CAUSE = "cause"


class Dashboard(StrEnum):
    """Where an alert's object is shown: the uids of the dashboards, which links rely on."""

    FLEET = "serving-fleet"
    DEPLOYMENT = "serving-deployment"
    AUTOSCALING = "serving-autoscaling"
    COST = "serving-cost"
    ENGINES = "serving-engines"
    SLO = "serving-slo"
    EXPORTER = "serving-exporter"

    @property
    def selects(self) -> tuple[str, ...]:
        """Labels by which it can be narrowed to one object: it has a variable for each, which links set."""
        narrower = {Dashboard.EXPORTER: WORKSPACE[1:], Dashboard.SLO: (*MODEL[1:], "environment")}
        return narrower.get(self, (*DEPLOYMENT[1:], "environment"))


class Layer(StrEnum):
    """The files of the pack, in the order in which data flows."""

    SIGNALS = "signals"
    DETECTIONS = "detections"
    ALERTS = "alerts"


class Scope(Enum):
    """What one series or alert is about. ``prefix`` starts the names of its records, ``labels`` identify it.

    ``info`` is the series that lends an alert its words (names, environment, instance type), joined on ``labels``.
    """

    DEPLOYMENT = ("serving", DEPLOYMENT, "serving:deployment:info", ("model_name", "deployment_name", "environment", "instance_type"))
    REPLICA = ("serving_replica", REPLICA, "serving:deployment:info", ("model_name", "deployment_name", "environment", "instance_type"))
    ENVIRONMENT = ("serving_environment", ENVIRONMENT, "serving_model:model:info", ("model_name",))
    MODEL = ("serving_model", MODEL, "serving_model:model:info", ("model_name",))
    WORKSPACE = ("serving_workspace", WORKSPACE, "", ())

    def __init__(self, prefix: str, labels: tuple[str, ...], info: str, words: tuple[str, ...]) -> None:
        self.prefix = prefix
        self.labels = labels
        self.info = info
        self.words = words

    @property
    def info_labels(self) -> tuple[str, ...]:
        """The labels on which ``info`` is joined: those of the scope that the info series has."""
        return {"serving:deployment:info": DEPLOYMENT, "serving_model:model:info": MODEL}.get(self.info, ())


@dataclass(frozen=True, slots=True)
class Guard:
    """A named condition that keeps a detection from lying: PromQL to append to a condition, and why it is needed."""

    name: str
    expr: str
    why: str

    def __str__(self) -> str:
        return self.expr


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number of a detection that users may set, globally or (``scoped``) for single models, environments or workspaces.

    ``reason`` says why the default is what it is and what moving it trades. ``minimum`` and ``maximum`` bound what is accepted (a value
    outside could never fire or would always fire). ``matching`` is put before the threshold's series when it is set for single models and
    the other side of the operator has more labels than the scope, for example ``on (...) group_left ()``.
    """

    name: str
    default: float
    reason: str
    minimum: float
    maximum: float
    unit: str = ""
    scope: Scope = Scope.DEPLOYMENT
    scoped: bool = True
    matching: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """Inputs of a recording rule and the values that it must record.

    ``inputs`` maps series to samples: signals without their identifying labels (they are added, see ``serving_rules.fixtures``), platform
    metrics with every label. ``expect`` maps the recorded series, in the same notation, to its value at ``at``; an empty mapping means that
    nothing is recorded.
    """

    name: str
    inputs: Mapping[str, Values]
    at: str
    expect: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Record:
    """A recording rule: name (``level:metric:operations``), expression, meaning with unit, and examples."""

    name: str
    expr: str
    meaning: str
    labels: Mapping[str, str] = field(default_factory=dict)
    examples: tuple[Example, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "expr", dedent(self.expr).strip())


@dataclass(frozen=True, slots=True)
class RecordGroup:
    """Recording rules that are evaluated in order, one after the other; at most 20 (limit of Grafana Cloud)."""

    name: str
    meaning: str
    records: tuple[Record, ...]


class Outcome(StrEnum):
    """What a case shows. Every alert has at least one case of UNDER, AT, GUARD and ZERO, or says why it cannot (``Proof.waived``).

    The rest (fires, pending before ``for``, resolves, holds for ``keep_firing_for``, no data, stale, sibling, two series) is made from the
    base input by ``serving_rules.fixtures``.
    """

    UNDER = "just under the threshold"
    AT = "exactly at the threshold"
    OVER = "beyond the threshold"
    GUARD = "a guard holds it"
    ZERO = "scaled to zero"
    ABSENT = "an input is missing"


@dataclass(frozen=True, slots=True)
class Case:
    """A change of an alert's base input, and whether the alert then still fires.

    ``change`` replaces series of the base input, adds new ones, and takes away those that it maps to None. ``labels`` are labels in which
    the firing alert then differs from ``Proof.labels`` (an empty value removes one), ``description`` is what it then reads (where that
    is worth a test), ``at`` the time to look at the alert when it is not that of the base (it gets a test of its own then).
    """

    name: str
    shows: Outcome
    change: Mapping[str, Values | None]
    fires: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """How an alert is shown to work.

    ``base`` are the signals with which it fires. ``quiet`` is the change with which it does not, and resolves. ``description`` is the
    whole description that a person then reads, rendered. ``waived`` gives for an outcome without a case the reason why there can be none.
    ``labels`` are labels of the firing alert that neither identify it nor come from the rule (for example ``replica`` or ``status``).
    ``beside`` are the alerts of the same name and another severity that fire with the same base at that moment, and what they read.
    ``starts`` is when the condition first holds with the base, ``lingers`` how long it outlives ``quiet``: both 0 unless the condition
    itself looks back.
    """

    base: Mapping[str, Values]
    quiet: Mapping[str, Values | None]
    description: str
    cases: tuple[Case, ...]
    waived: Mapping[Outcome, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    beside: Mapping[Severity, str] = field(default_factory=dict)
    starts: str = "0m"
    lingers: str = "0m"


@dataclass(frozen=True, slots=True)
class Alert:
    """An alerting rule. Two alerts of a detection may share a name when their severities differ.

    ``expr`` reads signals only and keeps exactly the labels of ``scope`` (plus ``extra_labels``); the words of ``scope.info`` are joined
    to it when it is rendered. ``summary`` is one static sentence. ``description`` is a Go template that names the object, the measured
    number and, where there is one, the present and the recommended setting.
    """

    name: str
    severity: Severity
    kind: Kind
    expr: str
    for_: str
    summary: str
    description: str
    proof: Proof
    keep_firing_for: str = ""
    scope: Scope = Scope.DEPLOYMENT
    extra_labels: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    dashboard: Dashboard = Dashboard.AUTOSCALING

    def __post_init__(self) -> None:
        object.__setattr__(self, "expr", dedent(self.expr).strip())
        object.__setattr__(self, "description", " ".join(self.description.split()))


EVERYTHING = ("*",)
"""Targets of an inhibition that silences the rest of the pack."""


@dataclass(frozen=True, slots=True)
class Inhibition:
    """While ``source`` fires, ``targets`` (alert names) of the same ``equal`` labels are not notified. Labels limit either side when given.

    ``EVERYTHING`` as targets means every alert of the pack except those of the source's own detection and of the detections (slugs) in
    ``spares``.
    """

    source: str
    targets: tuple[str, ...]
    equal: tuple[str, ...]
    why: str
    source_labels: Mapping[str, str] = field(default_factory=dict)
    target_labels: Mapping[str, str] = field(default_factory=dict)
    spares: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """A query of a runbook with what to look for in its answer. It may use ``$model_id`` and the other labels of the alert as variables."""

    look_for: str
    expr: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "expr", dedent(self.expr).strip())


@dataclass(frozen=True, slots=True)
class Cause:
    """One of several causes of the same alert: how it is told from the others, and what fixes it (setting and where it is changed)."""

    name: str
    sign: str
    fix: str


@dataclass(frozen=True, slots=True)
class Runbook:
    """The page of one alert name. Plain Markdown sentences; thresholds, ``for`` and severities are added from the alert itself."""

    meaning: str
    impact: str
    confirm: tuple[Query, ...]
    causes: tuple[Cause, ...]
    fix: str
    lies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Detection:
    """One incident or finding: everything about it in one place.

    ``id`` is its number in the project's catalogue (C1 to C29), ``slug`` its name in labels, files and configuration. ``origins`` are the
    rows of the platform's diagnosis tables (D, T) and of the published evals (E, A) that it answers. ``fires_on`` and ``silent_on`` name
    scenarios of ``serving_rules.scenarios``.
    """

    id: str
    slug: str
    title: str
    catches: str
    origins: tuple[str, ...]
    thresholds: tuple[Threshold, ...]
    alerts: tuple[Alert, ...]
    runbooks: Mapping[str, Runbook]
    records: tuple[Record, ...] = ()
    inhibitions: tuple[Inhibition, ...] = ()
    fires_on: tuple[str, ...] = ()
    silent_on: tuple[str, ...] = ()
