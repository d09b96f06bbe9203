"""What a scenario is: a story told by raw series, the alerts that it must raise, and everything that it must not.

A story says which alerts fire, each with the minutes between which it begins; **every other alert of the pack must stay silent** from the
first minute to the last. ``checks`` are further statements, for example that a count was not doubled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from serving_rules.scenarios.deployment import Deployment
from serving_rules.scenarios.samples import Series, Values, counted, series

__all__ = ["Alarm", "Check", "Environment", "Exporter", "Scenario", "Situation", "fires"]


class Situation(Enum):
    """What a team has of the data."""

    EVERYTHING = "everything"
    NO_POD_HEALTH = "no-pod-health"
    """The exporter, in an organization without the flag for pod health and without the start-ups API."""
    PLAIN_FEED = "plain-feed"
    """Prometheus scrapes the platform's feed itself: no exporter, no workspace, no settings."""
    TWO_SCRAPERS = "two-scrapers"
    """Two exporters, each scraped, the second a minute behind the first."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alert that fires: from minute ``since`` on at the earliest, at minute ``by`` at the latest, no longer at minute ``until``.

    ``because`` is given where it is not the story's own alert but a companion: why it may fire with it. ``labels`` tell alerts of one name
    apart.
    """

    name: str
    severity: str
    by: int
    since: int = 0
    until: int | None = None
    because: str = ""
    deployment_id: str = "d-one"
    labels: Mapping[str, str] = field(default_factory=dict)


def fires(alert: str, since: int, by: int, *, until: int | None = None, because: str = "", of: str = "d-one", **labels: str) -> Alarm:
    """Return an alarm from ``Name/severity``."""
    name, _, severity = alert.partition("/")
    return Alarm(name, severity, by, since, until, because, of, labels)


@dataclass(frozen=True, slots=True)
class Check:
    """What an expression reads at a minute, summed over what it finds; None for nothing at all. ``$here`` selects the story's own series.

    It is looked at in situations in which everything is there: a missing family would only make it trivial.
    """

    meaning: str
    expr: str
    minute: int
    value: float | None


@dataclass(slots=True)
class Exporter:
    """The exporter's word on itself. ``failing`` and ``throttled`` map a source to the minutes in which its polls fail or are refused."""

    minutes: int
    failing: Mapping[str, range] = field(default_factory=dict)
    throttled: Mapping[str, range] = field(default_factory=dict)
    intervals: Mapping[str, int] = field(default_factory=lambda: {"feed": 30, "inventory": 120})

    def series(self, workspace: str) -> Series:
        """Return the self-metrics that rules read."""
        written: Series = {}
        for source, interval in self.intervals.items():
            labels = {"workspace": workspace, "source": source}
            failing = [any(minute in self._bad(kind, source) for kind in ("failing", "throttled")) for minute in range(self.minutes + 1)]
            success: Values = []
            for minute, bad in enumerate(failing):
                success.append(success[-1] if bad and success else 60.0 * minute)
            if refused := self._bad("throttled", source):
                counts = counted(2.0 if minute in refused else 0.0 for minute in range(self.minutes + 1))
                written[series("serving_exporter_source_polls_total", {**labels, "outcome": "throttled"})] = counts
            written |= {
                series("serving_exporter_source_up", labels): [0 if bad else 1 for bad in failing],
                series("serving_exporter_source_last_success_timestamp_seconds", labels): success,
                series("serving_exporter_source_interval_seconds", labels): [interval] * (self.minutes + 1),
            }
        return written

    def _bad(self, kind: str, source: str) -> range:
        minutes: Mapping[str, range] = getattr(self, kind)
        return minutes.get(source, range(0))


@dataclass(slots=True)
class Environment:
    """An environment as the management API shows it: its deployment, and a promotion in progress (status, share of traffic)."""

    minutes: int
    points_at: Sequence[tuple[int, str]] = ((0, "d-one"),)
    promotion: Mapping[int, tuple[str, float]] = field(default_factory=dict)
    bounds: tuple[int, int] = (2, 12)
    name: str = "production"

    def series(self, workspace: str, model_id: str) -> Series:
        """Return the environment's series."""
        ids = {"workspace": workspace, "model_id": model_id, "environment": self.name}
        every = range(self.minutes + 1)
        written: Series = {
            series("baseten_environment_min_replicas", ids): [self.bounds[0] for _ in every],
            series("baseten_environment_max_replicas", ids): [self.bounds[1] for _ in every],
        }
        for place, (first, deployment_id) in enumerate(self.points_at):
            last = self.points_at[place + 1][0] if place + 1 < len(self.points_at) else self.minutes + 1
            here: Values = [1 if first <= minute < last else None for minute in every]
            written[series("baseten_environment_info", {**ids, "deployment_id": deployment_id})] = here
        for status in dict.fromkeys(status for status, _ in self.promotion.values()):
            now: Values = [1 if self.promotion.get(minute, ("", 0))[0] == status else None for minute in every]
            written[series("baseten_environment_promotion_status", {**ids, "status": status})] = now
        if self.promotion:
            ratio: Values = [self.promotion[minute][1] if minute in self.promotion else None for minute in every]
            written[series("baseten_environment_promotion_traffic_ratio", ids)] = ratio
        return written


@dataclass(frozen=True, slots=True)
class Scenario:
    """One story. ``alarms`` are those with all data; ``without`` what differs in other situations (one that is not named is not played).

    ``gaps`` are minutes in which no scrape succeeds. ``base`` is the situation of ``alarms``. ``model_ids`` names the models of
    deployments where they are several. ``of`` is the detection (its slug) whose rules alone are played, with all that they read: for
    stories of days, in which promtool could not play the whole pack.
    """

    name: str
    story: str
    minutes: int
    deployments: tuple[Deployment, ...]
    alarms: tuple[Alarm, ...] = ()
    without: Mapping[Situation, tuple[Alarm, ...]] = field(default_factory=dict)
    checks: tuple[Check, ...] = ()
    environment: Environment | None = None
    exporter: Exporter | None = None
    gaps: range = range(0)
    base: Situation = Situation.EVERYTHING
    model_ids: Mapping[str, str] = field(default_factory=dict)
    of: str = ""

    def alarms_in(self, situation: Situation) -> tuple[Alarm, ...]:
        """The alarms of a situation; two scrapers change nothing."""
        return self.without.get(situation, self.alarms)

    def series(self, workspace: str) -> Series:
        """Return everything that one scrape a minute of the story's exporter shows."""
        written: Series = dict((self.exporter or Exporter(self.minutes)).series(workspace))
        for deployment in self.deployments:
            model_id = self.model_ids.get(deployment.deployment_id, self.name)
            written |= deployment.series(workspace, model_id)
        if self.environment:
            written |= self.environment.series(workspace, self.name)
        return {name: [None if minute in self.gaps else value for minute, value in enumerate(values)] for name, values in written.items()}
