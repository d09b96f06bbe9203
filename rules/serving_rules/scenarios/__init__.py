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

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from serving_rules.formats.text import dump
from serving_rules.pack import Pack
from serving_rules.scenarios.stories import SCENARIOS
from serving_rules.scenarios.story import Scenario, Situation
from serving_rules.scenarios.suites import Role, document, played_groups, roles

__all__ = ["SCENARIOS", "Act", "Role", "Scenario", "Situation", "acts", "files"]

_WHOLE_PACK = ("../prometheus/signals.yaml", "../prometheus/detections.yaml", "../prometheus/alerts.yaml")


@dataclass(frozen=True, slots=True)
class Act:
    """Stories that are played side by side: of one length, and with the same rules (``of``: a detection's, or the whole pack)."""

    name: str
    of: str
    roles: tuple[Role, ...]

    def files(self, pack: Pack, whole_pack: Sequence[str] = _WHOLE_PACK) -> dict[str, str]:
        """Return test file and, where it does not load the files of the whole pack, rule file: path to text."""
        if not self.of:
            return {f"{self.name}.test.yaml": dump(document(pack, self.roles, whole_pack))}
        rules = f"groups/{self.name}.yaml"
        return {
            f"{self.name}.test.yaml": dump(document(pack, self.roles, [rules])),
            rules: dump({"groups": [group.mapping() for group in played_groups(pack, self.of)]}),
        }


def acts(chosen: Collection[str] = ()) -> Iterator[Act]:
    """Return all stories, or those that are named, each in all of its situations."""
    kept = sorted((each for each in SCENARIOS if not chosen or each.name in chosen), key=_kind)
    for (of, minutes), scenarios in groupby(kept, key=_kind):
        yield Act(f"scenarios-{of or f'{minutes}m'}", of, tuple(role for scenario in scenarios for role in roles(scenario)))


def _kind(scenario: Scenario) -> tuple[str, int]:
    return scenario.of, scenario.minutes


def files(pack: Pack) -> dict[str, str]:
    """Return the tests of all stories: path below ``rules/tests`` to text. They load the rule files of ``rules/prometheus``."""
    return {name: text for act in acts() for name, text in act.files(pack).items()}
