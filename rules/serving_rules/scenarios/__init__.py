"""End-to-end stories at the level of raw series, and the promtool tests that play them against the whole pack.

Where a proof shows that an alert's condition is right, a story shows that the layers are right together: from what a scrape of an exporter
(or of the platform's own feed) looks like to exactly the alerts that a person gets, and to no other of the pack.

    samples      minute samples and promtool's notation
    autoscaler   load in, replicas out: the documented autoscaler
    deployment   what feed and API show of one deployment
    story        scenarios: story, alarms, checks
    situations   the same with less data, or two exporters
    stories      all of them
    suites       the tests

Nothing of this reads the rules: a story is written by hand from what the platform would show.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from serving_rules.formats.text import dump
from serving_rules.pack import Pack
from serving_rules.scenarios.stories import SCENARIOS
from serving_rules.scenarios.story import Scenario, Situation
from serving_rules.scenarios.suites import Role, document, roles

__all__ = ["SCENARIOS", "Role", "Scenario", "Situation", "acts", "files"]

_RULE_FILES = ("../prometheus/signals.yaml", "../prometheus/detections.yaml", "../prometheus/alerts.yaml")


def acts() -> Iterator[tuple[str, list[Role]]]:
    """Return all stories by their length, each in all of its situations: name of the test file and what it plays."""
    for minutes, scenarios in groupby(sorted(SCENARIOS, key=lambda each: each.minutes), key=lambda each: each.minutes):
        yield f"scenarios-{minutes}m", [role for scenario in scenarios for role in roles(scenario)]


def files(pack: Pack) -> dict[str, str]:
    """Return the tests of all stories: path below ``rules/tests`` to text. They load the rule files of ``rules/prometheus``."""
    return {f"{name}.test.yaml": dump(document(pack, played, _RULE_FILES)) for name, played in acts()}
