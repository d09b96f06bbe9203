"""PromQL of panels: series by names that are looked up, always within what the variables select.

A name that neither the pack records nor the exporter's page has is an error when a dashboard is built. ``${…}`` are variables of Grafana
outside of string literals, ``$…`` those inside.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from enum import Enum
from functools import cache

from serving_dashboards.colours import Colour
from serving_exporter.catalogue import ALL, family_of
from serving_exporter.catalogue import Scope as Catalogued
from serving_rules.model import Scope
from serving_rules.pack import build
from serving_rules.promql import DEPLOYMENT, OF_TARGETS, names, once

__all__ = [
    "ALERTS",
    "IDS",
    "INFO",
    "RATE",
    "SCOPED",
    "VARIABLES",
    "WINDOW",
    "WORDS",
    "Line",
    "Query",
    "UnknownSeriesError",
    "alerts",
    "by_scope",
    "engine",
    "increase",
    "metric",
    "named",
    "quantile",
    "rate",
    "selected",
    "signal",
    "target",
]

VARIABLES = {"workspace": "workspace", "model_id": "model", "environment": "environment", "deployment_id": "deployment", "job": "job"}
"""Label to the variable that selects it."""

RATE = "$__rate_interval"
"""At least four scrapes, as Grafana counts them."""
WINDOW = "${window}"
"""How far the figures of a dashboard look back: the variable of that name."""
SCOPED = "${scope}"
"""The labels by which the deployment dashboard tells series apart: environment, or environment and deployment."""

WORDS = ("model_name", "deployment_name", "environment")
"""What ``named`` adds to a deployment's series."""

INFO = "serving:deployment:info"
"""The words about deployments; always 1."""

_OURS = 'alertname=~"Serving.+"'
ALERTS = "ALERTS"
"""Prometheus' own series of what is pending or firing."""

IDS = ("workspace", "model_id", "deployment_id")
"""What identifies a deployment on the exporter's page."""


class UnknownSeriesError(Exception):
    """A panel asks for a series that nothing records or exports; the text names the nearest that exist."""


class Line(Enum):
    """How a series is drawn."""

    SOLID = "solid"
    DASHED = "dashed"
    STEPS = "steps"
    BARS = "bars"
    POINTS = "points"


@dataclass(frozen=True, slots=True)
class Query:
    """One query of a panel: PromQL, and how its series are called and drawn.

    ``legend`` is Grafana's text with ``{{label}}``. ``unit`` puts the series on the right axis, with that unit.
    """

    expr: str
    legend: str = ""
    colour: Colour | None = None
    line: Line = Line.SOLID
    unit: str = ""


def signal(name: str, *matchers: str) -> str:
    """Return the selector of a recorded series within the variables; ``matchers`` are further ones, as PromQL spells them."""
    if name not in _signals():
        raise _unknown(name, _signals())
    level = next(scope for scope in Scope if scope.prefix == name.split(":", 1)[0])
    return _selector(name, level.labels, matchers)


def metric(name: str, *matchers: str) -> str:
    """Return the selector of a sample of the exporter's page within the variables."""
    family = family_of(name)
    if family is None:
        raise _unknown(name, _samples())
    if family.is_platform:
        keys = ("workspace", *(family.scope.value or ()))
    else:
        keys = ("job", "workspace") if family.scope is Catalogued.SOURCE else ("job",)
    return _selector(name, keys, matchers)


def alerts(*matchers: str, deployments: bool = True) -> str:
    """Return the selector of this pack's alerts within the variables; without ``deployments`` for a dashboard that selects none.

    An alert about an environment names no deployment, one about a model no environment either: they belong to what is selected there.
    """
    chosen = [f'{label}=~"${VARIABLES[label]}"' for label in ("workspace", "model_id")]
    optional = [f'{label}=~"(${VARIABLES[label]})?"' for label in ("environment", *(("deployment_id",) if deployments else ()))]
    return f"{ALERTS}{{{', '.join((_OURS, *chosen, *optional, *matchers))}}}"


def rate(name: str, *matchers: str) -> str:
    """Return the rate of a counter, each counted once however many scrape it."""
    return once(f"rate({metric(name, *matchers)}[{RATE}])")


def increase(name: str, *matchers: str, within: str = RATE) -> str:
    """Return how much a counter grew, each counted once however many scrape it."""
    return once(f"increase({metric(name, *matchers)}[{within}])")


def target(name: str) -> str:
    """Return the selector of what Prometheus and the client library say of a scraped target. Raises UnknownSeriesError."""
    if name not in OF_TARGETS:
        raise _unknown(name, frozenset(OF_TARGETS))
    return _selector(name, ("job",), ())


def engine(name: str) -> str:
    """Return the selector of a family that an inference engine has under this name.

    The platform passes engines' families on without publishing under which names; the engine's own are ``vllm:…`` and ``sglang:…``, and
    the colon may have become an underscore. They carry the deployment and the replica, and no model.
    """
    prefix, _, rest = name.partition(":")
    chosen = ", ".join(f'{label}=~"${VARIABLES[label]}"' for label in ("workspace", "deployment_id"))
    return f'{{__name__=~"{prefix}[:_]{rest}", {chosen}}}'


def selected() -> str:
    """Return the words about every selected deployment: 1 for each."""
    return signal(INFO, 'environment=~"$environment"')


def named(expr: str, *, raw: bool = False) -> str:
    """Return an expression with one series for each deployment, with the words of WORDS joined to it; only selected environments stay.

    ``raw`` says that the expression reads the exporter's page and not signals, which have the label ``platform``.
    """
    on = names(IDS if raw else DEPLOYMENT)
    return f"({expr}) * on ({on}) group_left ({names(WORDS)}) {selected()}"


def by_scope(expr: str, *kept: str, operation: str = "sum") -> str:
    """Return an expression over deployments, put together by model and what the variable ``scope`` says; ``kept`` labels stay as well."""
    joined = f"on ({names(IDS)}) group_left ({names(WORDS)}) {selected()}"
    inner = f"{operation} by ({names((*IDS, *kept))}) ({expr})"
    return f"{operation} by ({names(('model_name', SCOPED, *kept))}) ({inner} * {joined})"


def quantile(share: float, histogram: str, *matchers: str) -> str:
    """Return a quantile of a classic histogram (its name without ``_bucket``) by model and scope."""
    return f"histogram_quantile({share:g}, {by_scope(rate(f'{histogram}_bucket', *matchers), 'le')})"


def _selector(name: str, labels: tuple[str, ...], matchers: tuple[str, ...]) -> str:
    chosen = [f'{label}=~"${VARIABLES[label]}"' for label in labels if label in VARIABLES]
    return f"{name}{{{', '.join((*chosen, *matchers))}}}"


@cache
def _signals() -> frozenset[str]:
    return frozenset(rule.record for rule in build().rules() if rule.record)


@cache
def _samples() -> frozenset[str]:
    return frozenset(sample for family in ALL.values() for sample in family.sample_names)


def _unknown(name: str, known: frozenset[str]) -> UnknownSeriesError:
    near = difflib.get_close_matches(name, known, 3)
    return UnknownSeriesError(f"no series {name}" + (f"; there is {', '.join(near)}" if near else ""))
