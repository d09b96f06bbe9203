"""The demo fleet's stories under other luck: what a run on the wall clock shows once, Prometheus' engine is asked for several worlds."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.tools.toolchain import PROMETHEUS

from serving_simulator.fleet import load
from serving_simulator.recording import record
from serving_simulator.score.engine import Fired, Part, player, read
from serving_simulator.score.inhibition import heard, inhibitions
from serving_simulator.world import World

from .conftest import DEMO_SECONDS
from .demo_judge import faults
from .demo_run import Outcome, Raised

RULES = Path(__file__).resolve().parents[2] / "rules"
MIDNIGHT = 1_790_000_000 // 86400 * 86400
pytestmark = [pytest.mark.timeout(600), pytest.mark.xdist_group("score")]


def raised(fired: list[Fired]) -> dict[str, dict[str, Raised]]:
    """Return what each model raised, by ``Alert/severity``: when it began, and whether a person heard of it."""
    audible = {id(found.labels) for found in heard(fired, inhibitions(RULES / "alertmanager" / "inhibit_rules.yaml"))}
    found: dict[str, dict[str, Raised]] = {}
    for alert in fired:
        model = alert.labels.get("model_name") or alert.labels.get("workspace", "")
        names = found.setdefault(model, {})
        name = f"{alert.labels['alertname']}/{alert.labels['severity']}"
        before = names.get(name, Raised(alert.spans[0][0]))
        names[name] = Raised(min(before.minute, alert.spans[0][0]), before.told or id(alert.labels) in audible)
    return found


@pytest.mark.parametrize("seed", range(1, 7))
def test_the_stories_raise_what_they_should_whatever_the_seed(seed: int) -> None:
    minutes = DEMO_SECONDS
    recording = record(World(load("demo"), seed=seed, start=MIDNIGHT), minutes)
    part = Part([(recording.labels[name], values) for name, values in recording.series.items()], recording.scrapes)
    with player(PROMETHEUS[-1].prometheus, part) as playing:
        outcome = Outcome(minutes, raised(playing.play(read(sorted((RULES / "prometheus").glob("*.yaml"))))))
    assert list(faults(outcome)) == []
