"""The demo fleet beside the shipped rules in a real Prometheus, for as long as the first stories take; and the judge of its table."""

from __future__ import annotations

import pytest

from .conftest import DEMO_TIMEOUT, DemoRun
from .demo_judge import faults, table
from .demo_run import Outcome, Raised
from .demo_stories import STORIES, Story

HEADLINES = {"ServingThrash", "ServingColdStartGap", "ServingCapacitySaturated", "ServingCapacityExhausted", "ServingRestartLoop"}


@pytest.mark.real_time
@pytest.mark.timeout(DEMO_TIMEOUT)
def test_the_stories_raise_exactly_what_they_should(demo_run: DemoRun) -> None:
    outcome = demo_run.outcome
    assert list(faults(outcome)) == []
    assert outcome.rules > 400
    assert outcome.queries > 200
    assert {name.partition("/")[0] for raised in outcome.raised.values() for name in raised} >= HEADLINES


CRASHES = {"crashes": Story("crash loop", {"A/critical": 10, "B/warning": 100}, {"C/info": "sometimes"}, named="A/critical")}


TOLD = Raised(5, True)


def outcome(minutes: float = 50, /, **raised: Raised) -> Outcome:
    return Outcome(minutes, {"crashes": {name.replace("_", "/"): found for name, found in raised.items()}})


def test_nothing_is_wrong_with_what_must_and_may_be() -> None:
    seen = outcome(A_critical=TOLD, B_warning=Raised(5, False, ("A",)), C_info=Raised(6, True, ("A",)))
    assert list(faults(seen, CRASHES)) == []
    lines = list(table(seen, CRASHES))
    assert lines[0] == "crashes: crash loop"
    assert [line.split() for line in lines[1:4]] == [
        ["A/critical", "minute", "5", "page"],
        ["B/warning", "minute", "5", "silenced", "by", "A"],
        ["C/info", "minute", "6", "digest,", "silenced", "by", "A", "(sometimes)"],
    ]


@pytest.mark.parametrize(
    ("seen", "complaint"),
    [
        (outcome(), "crashes: A/critical was not raised within 50 minutes"),
        (outcome(A_critical=TOLD, D_info=Raised(7)), "crashes: D/info was raised and should not have been"),
        (outcome(A_critical=TOLD, B_critical=Raised(7)), "crashes: B/critical was raised and should not have been"),
        (
            outcome(A_critical=Raised(5, False, ("X", "Y"))),
            "crashes: A/critical, which names the incident, was always silenced by X, Y",
        ),
        (outcome(100, A_critical=TOLD), "crashes: B/warning was not raised within 100 minutes"),
    ],
)
def test_whatever_differs_is_said(seen: Outcome, complaint: str) -> None:
    assert list(faults(seen, CRASHES)) == [complaint]


def test_an_alert_of_nobodys_story_is_a_fault() -> None:
    seen = outcome(A_critical=TOLD)
    seen.raised["elsewhere"] = {"A/critical": Raised(9)}
    assert list(faults(seen, CRASHES)) == ["elsewhere: A/critical was raised and should not have been"]
    assert any("NOT EXPECTED" in line for line in table(seen, CRASHES))


def test_failures_and_lateness_of_prometheus_are_faults() -> None:
    seen = outcome(A_critical=TOLD)
    seen.failures = ["a rule: bad"]
    seen.evaluations, seen.missed = 90, 10
    said = list(faults(seen, CRASHES))
    assert said[0] == "a rule: bad"
    assert "10.0% of the evaluations were missed" in said[1]


def test_a_feed_that_stood_still_is_a_fault() -> None:
    seen = outcome(A_critical=TOLD)
    seen.still = 5
    assert "stood still for 5 simulated minutes" in next(faults(seen, CRASHES))


def test_each_story_has_an_alert_that_names_it_or_is_healthy() -> None:
    for model, story in STORIES.items():
        assert bool(story.named) == bool(story.must), model
        assert not story.named or story.named in story.must, model
        assert not story.must.keys() & story.may.keys(), model
