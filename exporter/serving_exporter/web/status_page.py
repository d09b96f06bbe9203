"""The status page: what a person wants to know first, in plain HTML without scripts or outside resources.

The worst comes first: a source that fails stands above one that works, a broken deployment above a healthy one. Everything that came from
outside is escaped. A status is a word as well as a colour, and a value that nobody reported is a dash with its reason, never a zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from html import escape
from importlib import resources
from typing import Literal
from urllib.parse import quote

from serving_exporter.web.wording import ABSENT, age_words, duration_words, number_words, plural

__all__ = ["DeploymentStatus", "SourceStatus", "Status", "WorkspaceStatus", "render"]

SourceState = Literal["up", "failing", "not permitted", "not offered", "waiting", "off"]


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """One source of a workspace.

    ``interval`` is the cadence in force, seconds; ``last_success`` Unix time, None before the first; ``last_error`` the text of the last
    failure, "" when the last poll succeeded; ``blind_without`` what an operator loses without this source.
    """

    name: str
    state: SourceState
    interval: float | None = None
    last_success: float | None = None
    last_error: str = ""
    samples: int = 0
    blind_without: str = ""


@dataclass(frozen=True, slots=True)
class WorkspaceStatus:
    """One workspace and its sources."""

    name: str
    sources: Sequence[SourceStatus] = ()


@dataclass(frozen=True, slots=True)
class DeploymentStatus:
    """One deployment as the page shows it; a number is None when it is not known. ``link`` leads to the platform's console."""

    workspace: str
    model: str
    deployment: str
    environment: str = ""
    status: str = ""
    active: float | None = None
    starting: float | None = None
    desired: float | None = None
    min: float | None = None
    max: float | None = None
    in_flight: float | None = None
    queued: float | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """Everything that the page shows; ``notice`` is a line that nobody should miss, such as a refused configuration."""

    version: str
    workspaces: Sequence[WorkspaceStatus] = ()
    deployments: Sequence[DeploymentStatus] = ()
    page_samples: int | None = None
    notice: str = ""


_STYLE = resources.files("serving_exporter.web").joinpath("status_page.css").read_text(encoding="utf-8")
_MOST_ROWS = 300
_ENDPOINTS = (
    ("/metrics", "metrics"),
    ("/sd", "service discovery"),
    ("/-/healthy", "healthy"),
    ("/-/ready", "ready"),
)

# Worst first, with the colour of each word.
_SOURCE_STATES = {"failing": "bad", "not permitted": "bad", "waiting": "busy", "not offered": "idle", "up": "good", "off": "idle"}
_SOURCE_HEADS = (("Source", ""), ("State", ""), ("Last success", ""), ("Every", ""), ("Samples", "number"))
_DEPLOYMENT_HEADS = (
    ("Model, deployment", ""),
    ("Status", ""),
    *((name, "number") for name in ("Active", "Starting", "Desired", "Min", "Max", "In flight", "Queued")),
)
_BROKEN_WORDS = ("FAIL", "UNHEALTHY", "STOPPED", "ERROR", "UNKNOWN")
_IDLE_STATUSES = ("INACTIVE", "SCALED_TO_ZERO", "DEACTIVATING", "DEACTIVATED")
_COLOURS = ("bad", "busy", "good", "idle")


def render(status: Status, now: float) -> str:
    """Render the page; ``now`` is Unix time in seconds, what ages are counted from."""
    links = "".join(f'<li><a href="{path}">{label}</a></li>' for path, label in _ENDPOINTS)
    notice = f'<p class="notice" role="alert">{escape(status.notice)}</p>' if status.notice else ""
    sections = "".join(_workspace(workspace, now) for workspace in sorted(status.workspaces, key=_worst_source))
    samples = "" if status.page_samples is None else f" · {plural(status.page_samples, 'sample')} on the page"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>serving-exporter</title><style>{_STYLE}</style></head>\n<body>\n"
        f"<header><h1>serving-exporter</h1><p class=quiet>{_summary(status)}{samples}</p>"
        f'<nav aria-label="Endpoints"><ul>{links}</ul></nav>{notice}</header>\n'
        f"<main>{sections or '<p>No workspace is configured.</p>'}{_deployments(status)}</main>\n"
        f"<footer>Version {escape(status.version)}. Ages are as of the moment this page was made.</footer>\n"
        "</body></html>\n"
    )


def _summary(status: Status) -> str:
    """Say in one line whether anything is wrong."""
    sources = [source for workspace in status.workspaces for source in workspace.sources]
    wrong = sum(_SOURCE_STATES[source.state] == "bad" for source in sources)
    broken = sum(_colour(deployment) == "bad" for deployment in status.deployments)
    parts = [f"{plural(wrong, 'source')} not working" if wrong else f"{plural(len(sources), 'source')}, none failing"]
    if status.deployments:
        of_all = f" of {number_words(len(status.deployments))}"
        none_broken = f"{plural(len(status.deployments), 'deployment')}, none broken"
        parts.append(f"{plural(broken, 'broken deployment')}{of_all}" if broken else none_broken)
    return " · ".join(parts)


# --- sources -----------------------------------------------------------------------------------------------------------------------------


def _source_order(source: SourceStatus) -> int:
    return list(_SOURCE_STATES).index(source.state)


def _worst_source(workspace: WorkspaceStatus) -> int:
    return min((_source_order(source) for source in workspace.sources), default=len(_SOURCE_STATES))


def _workspace(workspace: WorkspaceStatus, now: float) -> str:
    title = f"Sources of workspace {workspace.name}"
    rows = (_source_row(source, now) for source in sorted(workspace.sources, key=_source_order))
    link = f"/metrics?workspace={quote(workspace.name, safe='')}"
    return (
        f'<h2>Workspace {escape(workspace.name)}</h2><p class=quiet><a href="{escape(link)}">Its metrics alone</a></p>'
        f"{_table(title, _SOURCE_HEADS, rows)}"
    )


def _source_row(source: SourceStatus, now: float) -> str:
    if source.last_success is not None:
        age = age_words(source.last_success, now)
    else:
        age = _absent("switched off") if source.state == "off" else _absent("has not succeeded yet", "never")
    row = (
        f"<tr><th scope=row class=name>{escape(source.name)}</th><td>{_badge(source.state, _SOURCE_STATES[source.state])}</td>"
        f"<td class=short>{age}</td><td class=short>{_or_absent(duration_words(source.interval), 'no cadence')}</td>"
        f"<td class=number>{number_words(source.samples)}</td></tr>"
    )
    error = f"<p class=error>{escape(source.last_error)}</p>" if source.last_error else ""
    missed = source.blind_without if source.state not in ("up", "off") else ""
    cost = f"<p class=quiet>Blind without it: {escape(missed)}</p>" if missed else ""
    # A row of its own: beside the other columns a long text would stand off the screen of a phone.
    return f"{row}\n<tr class=detail><td colspan={len(_SOURCE_HEADS)}><div>{error}{cost}</div></td></tr>" if error or cost else row


# --- deployments -------------------------------------------------------------------------------------------------------------------------


def _colour(deployment: DeploymentStatus) -> str:
    status = deployment.status.upper()
    if any(word in status for word in _BROKEN_WORDS):
        return "bad"
    if status in _IDLE_STATUSES:
        return "idle"
    # Everything else between off and on is on its way, words that did not exist when this was written included.
    return "good" if status in ("ACTIVE", "") else "busy"


def _shortage(deployment: DeploymentStatus) -> float:
    """How many replicas the deployment lacks."""
    if deployment.desired is None or deployment.active is None:
        return 0.0
    return max(0.0, deployment.desired - deployment.active)


def _deployment_order(deployment: DeploymentStatus) -> tuple[int, float, float, str, str]:
    colour = _COLOURS.index(_colour(deployment))
    return colour, -_shortage(deployment), -(deployment.queued or 0.0), deployment.model, deployment.deployment


def _deployments(status: Status) -> str:
    if not status.deployments:
        return "<h2>Deployments</h2><p>None seen yet.</p>"
    several = len(status.workspaces) > 1
    worst = nsmallest(_MOST_ROWS, status.deployments, key=_deployment_order)
    hidden = len(status.deployments) - len(worst)
    more = f"<p class=quiet>{plural(hidden, 'more deployment')} in better shape: see <a href=/metrics>metrics</a>.</p>" if hidden else ""
    return f"<h2>Deployments</h2>{_table('Deployments', _DEPLOYMENT_HEADS, (_deployment_row(row, several=several) for row in worst))}{more}"


def _deployment_row(row: DeploymentStatus, *, several: bool) -> str:
    name = escape(row.deployment)
    if row.link is not None and row.link.startswith(("https://", "http://")):
        name = f'<a href="{escape(row.link)}" rel="noreferrer">{name}</a>'
    place = [name, escape(row.environment or "no environment"), *([escape(row.workspace)] if several else [])]
    badge = _badge(row.status or "not reported", _colour(row) if row.status else "idle")
    notes = "".join(f"<div class=note>{note}</div>" for note in _notes(row))
    numbers = "".join(
        f"<td class=number>{_or_absent(number_words(value), 'not reported')}</td>"
        for value in (row.active, row.starting, row.desired, row.min, row.max, row.in_flight, row.queued)
    )
    return (
        f"<tr><th scope=row class=name>{escape(row.model)}<div class=place>{' · '.join(place)}</div></th>"
        f"<td>{badge}{notes}</td>{numbers}</tr>"
    )


def _notes(row: DeploymentStatus) -> Iterator[str]:
    """Say in words what the numbers of a row mean together."""
    shortage = _shortage(row)
    if shortage:
        yield f"{number_words(shortage)} below desired"
        if row.max is not None and row.active is not None and row.active >= row.max:
            yield "at its ceiling"
    if row.queued:
        yield "requests waiting"


# --- pieces ------------------------------------------------------------------------------------------------------------------------------


def _table(title: str, heads: Iterable[tuple[str, str]], rows: Iterable[str]) -> str:
    """Lay out a table in a box of its own that scrolls sideways, by keyboard too, so that the page never does."""
    head = "".join(f'<th scope=col class="{kind}">{text}</th>' for text, kind in heads)
    body = "\n".join(rows)
    return (
        f'<div class=table role=region tabindex=0 aria-label="{escape(title)}"><table><thead><tr>{head}</tr></thead>\n'
        f"<tbody>{body}</tbody></table></div>"
    )


def _badge(word: str, colour: str) -> str:
    return f'<span class="status {colour}">{escape(word)}</span>'


def _absent(reason: str, text: str = ABSENT) -> str:
    return f'<abbr title="{escape(reason)}">{text}</abbr>'


def _or_absent(text: str, reason: str) -> str:
    return _absent(reason) if text == ABSENT else text
