"""What differs between what the demo fleet raised and what it should have: the judge of a run of the whole stack, and its table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from serving_simulator.inbox import Alert, Notification

from .demo_run import Outcome, sent, subject
from .demo_stories import STORIES, Story

__all__ = ["faults", "sent_wrongly", "table"]

_FATES = {"critical": "page", "warning": "ticket", "info": "digest"}
_SETTLING = 3.0
"""Seconds in which an Alertmanager may not have heard of the silencer yet."""
_RECEIVERS = {"critical": "pager", "warning": "tickets", "info": "digest"}


def faults(outcome: Outcome, stories: Mapping[str, Story] = STORIES) -> Iterator[str]:
    """Say in what a run differs from the stories: nothing when each raised exactly what it should, as far as time allowed."""
    for model in {*stories, *outcome.raised}:
        story, raised = stories.get(model, Story("not a story")), outcome.raised.get(model, {})
        yield from (f"{model}: {name} was raised and should not have been" for name in _surplus(story, raised))
        for name, within in story.must.items():
            if name not in raised and outcome.minutes >= within:
                yield f"{model}: {name} was not raised within {outcome.minutes:.0f} minutes"
        if story.named in raised and not raised[story.named].told:
            silenced_by = ", ".join(raised[story.named].silenced_by) or "nothing, and nobody was told"
            yield f"{model}: {story.named}, which names the incident, was always silenced by {silenced_by}"
    yield from outcome.failures
    if outcome.disturbed:
        yield (
            f"{outcome.late:.1%} of the evaluations were missed, and the feed stood still for {outcome.still:.0f} simulated minutes: "
            "this machine is too slow for the speed"
        )


def _surplus(story: Story, raised: Iterable[str]) -> list[str]:
    return sorted(set(raised) - story.must.keys() - story.may.keys())


def table(outcome: Outcome, stories: Mapping[str, Story] = STORIES) -> Iterator[str]:
    """Yield the table of stories and alerts, the alert that names the story first."""
    for model in [*stories, *sorted(outcome.raised.keys() - stories.keys())]:
        story, raised = stories.get(model, Story("not a story")), outcome.raised.get(model, {})
        yield f"{model}: {story.tells}"
        for name, found in sorted(raised.items(), key=lambda item: (item[0] != story.named, item[1].minute)):
            fate = ", ".join(
                [*([_FATES[name.rpartition("/")[2]]] if found.told else []), *(f"silenced by {each}" for each in found.silenced_by)]
            )
            why = story.may.get(name, "") if name in {*story.must, *story.may} else "NOT EXPECTED"
            yield f"    {name:38} minute {found.minute:4.0f}  {fate}{f' ({why})' if why else ''}"
        yield from (f"    {name:38} MISSING" for name in story.must if name not in raised)
        if not raised and not story.must:
            yield "    nothing, as it should be"
    yield (
        f"{outcome.minutes:.0f} simulated minutes: {outcome.rules} rules, {outcome.evaluations:g} evaluations of groups "
        f"({outcome.missed:g} missed), {outcome.queries} runbook queries, {len(outcome.failures)} failures"
    )


def sent_wrongly(notifications: Sequence[Notification], stories: Mapping[str, Story] = STORIES, *, minutes: float = 1e9) -> Iterator[str]:
    """Say what is wrong with what was sent: what should have come, what should not, to whom, how grouped, with which words and links."""
    arrived = sent(notifications)
    for model, story in stories.items():
        if story.named and minutes >= story.must[story.named] and story.named not in arrived.get(model, ()):
            yield f"{model}: nobody was sent {story.named}, which names the incident"
    for model in arrived.keys() - stories.keys():
        yield f"{model}: {', '.join(sorted(arrived[model]))} was sent and belongs to no story"
    yield from dict.fromkeys(_not_silenced(notifications, stories))
    for notification in notifications:
        yield from (f"{notification.receiver}: {problem}" for problem in _form(notification))


def _not_silenced(notifications: Sequence[Notification], stories: Mapping[str, Story]) -> Iterator[str]:
    """Say what was sent while something was known that silences it. Which of the two comes first is a matter of chance for some."""
    known: dict[tuple[str, str], float] = {}
    for notification in notifications:
        for alert in notification.alerts:
            about, name = subject(alert.labels), alert.labels["alertname"]
            if alert.status == "resolved":
                known.pop((about, name), None)
                continue
            silencer = stories[about].silenced.get(f"{name}/{alert.labels['severity']}") if about in stories else None
            since = known.get((about, silencer)) if silencer else None
            if since is not None and notification.received - since > _SETTLING:
                yield f"{about}: {name}/{alert.labels['severity']} was sent, although {silencer} tells of the same incident"
            known.setdefault((about, name), notification.received)


def _form(notification: Notification) -> Iterator[str]:
    severities = {alert.labels["severity"] for alert in notification.alerts}
    if {_RECEIVERS[severity] for severity in severities} != {notification.receiver}:
        yield f"was sent {', '.join(sorted(severities))}"
    if notification.receiver != "digest" and len({subject(alert.labels) for alert in notification.alerts}) > 1:
        yield f"one notification about {', '.join(sorted({subject(alert.labels) for alert in notification.alerts}))}"
    for alert in notification.alerts:
        yield from (f"{alert.labels['alertname']} of {subject(alert.labels)}: {problem}" for problem in _words(alert))


def _words(alert: Alert) -> Iterator[str]:
    summary, description = (alert.annotations.get(name, "") for name in ("summary", "description"))
    if not summary:
        yield "no summary"
    if subject(alert.labels) not in description:
        yield f"the description does not name it: {description!r}"
    if not re.search(r"\d", description):
        yield f"the description has no number: {description!r}"
    if re.search(r"<no value>|NaN|%!|\{\{", summary + description):
        yield f"a template that failed: {summary!r} {description!r}"
    if not alert.annotations.get("runbook_url", "").endswith(f"/{alert.labels['alertname']}.md"):
        yield f"the runbook is {alert.annotations.get('runbook_url')!r}"
    link = alert.annotations.get("dashboard_url", "")
    if not re.fullmatch(r"http://localhost:3000/d/serving-[a-z]+\?\S*var-workspace=demo\S*", link):
        yield f"the dashboard is {link!r}"
