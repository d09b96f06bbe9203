"""What reaches a person: emulated incident, exporter, Prometheus, rules, Alertmanager, webhook; and that the test would notice a break."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest

from serving_simulator.inbox import Alert, Notification

from .conftest import DEMO_TIMEOUT, DemoRun
from .demo_judge import faults, sent_wrongly
from .demo_run import Configuration, Outcome, observe_broken, sent
from .demo_stories import STORIES

BROKEN_SECONDS = 150
"""At half a simulated minute a second: past the first of the headline alerts and what they silence."""
BROKEN_TIMEOUT = 2 * (BROKEN_SECONDS + 180)
"""Of a test that is the first to ask for the broken runs, which may be repeated once."""


@pytest.mark.real_time
@pytest.mark.timeout(DEMO_TIMEOUT)
def test_each_incident_reaches_the_person_it_is_for_once_and_in_words(demo_run: DemoRun) -> None:
    outcome = demo_run.outcome
    assert list(sent_wrongly(outcome.notifications, minutes=outcome.minutes)) == []
    healthy = {model for model, story in STORIES.items() if not story.must}
    assert not healthy & sent(outcome.notifications).keys(), "nobody is told of what is well"


@pytest.mark.real_time
@pytest.mark.timeout(DEMO_TIMEOUT)
def test_the_end_of_an_incident_is_sent_too(demo_run: DemoRun) -> None:
    assert demo_run.resolved


# --- that it would notice --------------------------------------------------------------------------------------------------------------


def broken_rule(configuration: Configuration) -> None:
    """A record got another name, and the alert that reads it did not hear of it."""
    name = "serving:ceiling_inflight_ratio:current"
    assert any(f"record: {name}" in text for text in configuration.rules.values())
    configuration.rules = {file: text.replace(f"record: {name}", f"record: {name}s") for file, text in configuration.rules.items()}


def broken_inhibition(configuration: Configuration) -> None:
    """A label is misspelt in what must be equal, so no two alerts are."""
    for rule in configuration.alertmanager["inhibit_rules"]:
        rule["source_matchers"] = [each.replace("ServingRequestsParked", "ServingRequestParked") for each in rule["source_matchers"]]


def broken_scrape(configuration: Configuration) -> None:
    """The page is asked for at a path where it is not."""
    configuration.prometheus["scrape_configs"][0]["metrics_path"] = "/metric"


MUTATIONS: dict[str, Callable[[Configuration], None]] = {
    "rule": broken_rule,
    "inhibition": broken_inhibition,
    "scrape configuration": broken_scrape,
}


@pytest.fixture(scope="module")
def broken_runs() -> dict[str, Outcome]:
    """All breaks beside one fleet; again when the machine disturbed one, as in ``demo_run``."""
    outcomes: dict[str, Outcome] = {}
    for _ in range(2):
        outcomes = asyncio.run(observe_broken(BROKEN_SECONDS, MUTATIONS))
        if not any(outcome.disturbed for outcome in outcomes.values()):
            break
    return outcomes


@pytest.mark.real_time
@pytest.mark.timeout(BROKEN_TIMEOUT)
@pytest.mark.parametrize(
    ("mutation", "complaint"),
    [
        ("rule", "translate: nobody was sent ServingCapacityExhausted/critical, which names the incident"),
        (
            "inhibition",
            "video-caption: ServingReplicasStuckStarting/critical was sent, although ServingRequestsParked tells of the same incident",
        ),
        ("scrape configuration", "video-caption: nobody was sent ServingRequestsParked/critical, which names the incident"),
    ],
)
def test_a_break_is_noticed(broken_runs: dict[str, Outcome], mutation: str, complaint: str) -> None:
    outcome = broken_runs[mutation]
    assert complaint in list(sent_wrongly(outcome.notifications, minutes=outcome.minutes))


@pytest.mark.real_time
@pytest.mark.timeout(BROKEN_TIMEOUT)
def test_what_was_not_broken_goes_on_beside_a_break(broken_runs: dict[str, Outcome]) -> None:
    assert "ServingRequestsParked/critical" in sent(broken_runs["rule"].notifications)["video-caption"]
    assert "ServingCapacityExhausted/critical" in sent(broken_runs["inhibition"].notifications)["translate"]
    assert sent(broken_runs["scrape configuration"].notifications) == {}
    assert "translate: ServingCapacityExhausted/critical was not raised" in " ".join(faults(broken_runs["rule"]))


# --- the judge of notifications ----------------------------------------------------------------------------------------------------------

LABELS = {"alertname": "ServingRequestsParked", "severity": "critical", "model_name": "video-caption", "workspace": "demo"}
ANNOTATIONS = {
    "summary": "Requests wait for a replica.",
    "description": "video-caption/deployment-1: 12 requests wait.",
    "runbook_url": "rules/runbooks/ServingRequestsParked.md",
    "dashboard_url": "http://localhost:3000/d/serving-autoscaling?var-workspace=demo&var-model=x",
}
GOOD = Alert("firing", LABELS, ANNOTATIONS)
STORY = {"video-caption": STORIES["video-caption"]}


def complaints(*alerts: Alert, receiver: str = "pager") -> Iterator[str]:
    """Each alert in a notification of its own, ten seconds apart."""
    sent_ = [Notification(receiver, "firing", (alert,), received=10.0 * number) for number, alert in enumerate(alerts)]
    return sent_wrongly(sent_, STORY)


def other(*, labels: dict[str, str] | None = None, **annotations: str) -> Alert:
    return Alert("firing", {**LABELS, **(labels or {})}, {**ANNOTATIONS, **annotations})


def test_a_good_notification_is_good() -> None:
    assert list(complaints(GOOD)) == []


@pytest.mark.parametrize(
    ("alert", "complaint"),
    [
        (other(summary=""), "no summary"),
        (other(description="deployment-1: 12 requests wait."), "does not name it"),
        (other(description="video-caption: requests wait."), "has no number"),
        (other(description="video-caption: <no value> of 3 wait."), "a template that failed"),
        (other(description="video-caption: NaN of 3 wait."), "a template that failed"),
        (other(runbook_url="rules/runbooks/Other.md"), "the runbook is"),
        (other(dashboard_url="/d/serving-autoscaling?var-workspace=demo"), "the dashboard is"),
        (other(labels={"model_name": "else"}), "else: ServingRequestsParked/critical was sent and belongs to no story"),
        (
            other(labels={"alertname": "ServingBelowMinReplicas"}, runbook_url="runbooks/ServingBelowMinReplicas.md"),
            "ServingBelowMinReplicas/critical was sent, although ServingRequestsParked tells of the same incident",
        ),
    ],
)
def test_each_fault_of_a_notification_is_said(alert: Alert, complaint: str) -> None:
    assert any(complaint in each for each in complaints(GOOD, alert))


def test_a_page_for_the_wrong_person_and_a_group_of_two_models_are_said() -> None:
    assert "tickets: was sent critical" in list(complaints(GOOD, receiver="tickets"))
    both = (GOOD, other(labels={"model_name": "else"}, description="else: 1"))
    two = list(sent_wrongly([Notification("pager", "firing", both)], STORY))
    assert "pager: one notification about else, video-caption" in two


def test_what_is_silenced_may_be_sent_before_and_after_what_silences_it() -> None:
    silenced = other(labels={"alertname": "ServingBelowMinReplicas"}, runbook_url="runbooks/ServingBelowMinReplicas.md")
    assert list(complaints(silenced, GOOD)) == []
    assert list(complaints(GOOD, replace_status(GOOD), silenced)) == []
    assert len(list(complaints(GOOD, silenced, silenced))) == 1, "once is enough"


def test_nothing_sent_and_only_an_end_sent_are_said() -> None:
    missing = "video-caption: nobody was sent ServingRequestsParked/critical, which names the incident"
    assert list(sent_wrongly([], STORY)) == [missing]
    assert missing in list(complaints(replace_status(GOOD)))
    assert list(sent_wrongly([], STORY, minutes=5)) == [], "too early to tell"


def replace_status(alert: Alert) -> Alert:
    return Alert("resolved", alert.labels, alert.annotations)
