"""Stories of raw series against the whole pack: each raises its own alerts, in time, and no other of the pack."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.tools.toolchain import PROMETHEUS, PrometheusRelease

from serving_rules.detections import DETECTIONS
from serving_rules.fixtures import promtool
from serving_rules.formats import prometheus
from serving_rules.model import Detection
from serving_rules.pack import build
from serving_rules.scenarios import SCENARIOS, Act, Situation, acts

PACK = build()
STORIES = {scenario.name: scenario for scenario in SCENARIOS}

PROTOTYPE = {
    "silent": ("diurnal", "hourly-bursts", "pinned", "exactly-at-max", "nightly-drain", "one-restart"),
    "ServingThrash": ("boundary-noise", "short-bursts"),
    "ServingCapacityExhausted": ("step-past-capacity", "max-one-overloaded", "flood-from-zero"),
    "ServingCapacitySaturated": ("step-past-capacity", "max-one-overloaded", "flood-from-zero"),
    "ServingColdFlood": ("flood-from-zero", "bursts-short-delay"),
    "ServingScaleToZeroChurn": ("bursts-short-delay", "rare-requests-from-zero"),
    "ServingConcurrencyTargetTooHigh": ("target-past-knee",),
    "ServingConcurrencyTargetTooLow": ("embedding-target-one",),
    "ServingRestartLoop": ("crash-loop",),
    "ServingPodsNotReady": ("one-pod-unready",),
    "ServingColdStartGap": ("slow-starts",),
    "ServingReplicasStuckStarting": ("slow-starts",),
    "ServingAsyncStalled": ("async-stalled",),
    "ServingAsyncBacklog": ("async-backlog",),
    "ServingReplicaHung": ("hung-replica",),
}
"""The traces on which the detections were first tried, and what each must raise (``silent``: nothing at all)."""

every_detection = pytest.mark.parametrize("detection", DETECTIONS, ids=lambda each: each.slug)


def raising(detection: Detection) -> set[str]:
    """Return the stories that raise one of a detection's alerts, when all data are there."""
    names = {alert.name for alert in detection.alerts}
    return {scenario.name for scenario in SCENARIOS if any(alarm.name in names for alarm in scenario.alarms)}


def test_names_are_unique() -> None:
    assert len(STORIES) == len(SCENARIOS)


def test_alarms_are_alerts_of_the_pack() -> None:
    known = {(alert.name, str(alert.severity)) for detection in DETECTIONS for alert in detection.alerts}
    told = {(alarm.name, alarm.severity) for scenario in SCENARIOS for alarm in scenario.alarms}
    assert told <= known


@every_detection
def test_a_detection_names_the_stories_that_raise_it(detection: Detection) -> None:
    assert set(detection.fires_on) == raising(detection)


@every_detection
def test_a_detection_names_stories_that_must_not_raise_it(detection: Detection) -> None:
    assert detection.silent_on
    assert set(detection.silent_on) <= STORIES.keys() - raising(detection)


@pytest.mark.parametrize("situation", Situation)
def test_every_situation_is_played(situation: Situation) -> None:
    """With everything, without the flagged families, on a plain scrape of the platform's feed, and with two scrapers."""
    alarms = [scenario.alarms_in(situation) for scenario in SCENARIOS if situation in {scenario.base, *scenario.without}]
    assert len(alarms) >= (1 if situation is Situation.EVERYTHING else 10)
    assert any(alarms), "something fires"
    assert not all(alarms), "and something is silent"


@pytest.mark.parametrize(("alert", "name"), [(alert, name) for alert, names in PROTOTYPE.items() for name in names])
def test_the_prototypes_traces_are_among_them(alert: str, name: str) -> None:
    fired = {alarm.name for alarm in STORIES[name].alarms}
    assert (fired == set()) if alert == "silent" else alert in fired


@pytest.mark.parametrize("act", list(acts()), ids=lambda act: act.name)
@pytest.mark.parametrize("release", PROMETHEUS, ids=str)
@pytest.mark.timeout(900)
def test_each_raises_its_own_alerts_and_no_other(release: PrometheusRelease, act: Act, tmp_path: Path) -> None:
    texts = {f"prometheus/{name}": text for name, text in prometheus.files(PACK).items()}
    for path, text in {**texts, **{f"tests/{name}": text for name, text in act.files(PACK).items()}}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert promtool.verdict(release.promtool, [f"{act.name}.test.yaml"], tmp_path / "tests") == ""
