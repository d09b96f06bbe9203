"""A story as teams with less data, or with two exporters, see it."""

from __future__ import annotations

from collections.abc import Mapping

from serving_rules.scenarios.samples import Series
from serving_rules.scenarios.story import Scenario, Situation

__all__ = ["seen", "workspace"]

_OF_THE_EXPORTER = (
    "baseten_deployment_",
    "baseten_environment_",
    "baseten_replica_startup",
    "baseten_replicas_starting_in_phase",
    "baseten_async_requests_",
    "serving_exporter_",
)
"""Families that the exporter adds; the rest are the feed's."""

_FLAGGED = ("baseten_container_restarts_total", "baseten_pod_readiness", "baseten_replica_startup", "baseten_replicas_starting_in_phase")


def workspace(scenario: Scenario, situation: Situation) -> str:
    """The workspace in which a story is played in a situation; a plain scrape of the feed knows of none."""
    return {
        Situation.EVERYTHING: scenario.name,
        Situation.PLAIN_FEED: "",
    }.get(situation, f"{scenario.name}/{situation.value}")


def seen(scenario: Scenario, situation: Situation) -> Series:
    """Return the series of a story as Prometheus stores them in a situation."""
    written = scenario.series(workspace(scenario, situation))
    if situation is Situation.NO_POD_HEALTH:
        written = {name: values for name, values in written.items() if not name.startswith(_FLAGGED)}
    if situation is Situation.PLAIN_FEED:
        feed = {name: values for name, values in written.items() if not name.startswith(_OF_THE_EXPORTER)}
        return _scraped(feed, job="baseten", instance="app.baseten.co:443")
    first = _scraped(written, job="serving", instance="one:9816")
    if situation is Situation.TWO_SCRAPERS:
        return first | _scraped(_behind(written), job="serving-spare", instance="two:9816")
    return first


def _behind(written: Series) -> Series:
    """What an exporter shows that polls a minute later."""
    return {name: [values[0], *values[:-1]] for name, values in written.items()}


def _scraped(written: Series, **scraper: str) -> Series:
    labels = _text(scraper)
    return {f"{name[:-1]}{',' if not name.endswith('{}') else ''}{labels}}}": values for name, values in written.items()}


def _text(labels: Mapping[str, str]) -> str:
    return ",".join(f'{name}="{value}"' for name, value in labels.items())
