"""The whole stack beside the demo fleet at speed: emulator, exporter, Prometheus, rules, Alertmanager, and the inbox of a person.

Configured by the very files of compose.yaml (deploy/compose/), with the addresses of this run in place of the names of its services, and
with time compressed, not the logic: ``serving_rules.compress`` divides every duration of the pack by the speed, and so does ``_faster``
those of Alertmanager.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
import urllib.error
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from tests.stack.alertmanager import Alertmanager, alertmanager
from tests.stack.programs import fetch, wait_for
from tests.stack.prometheus import Prometheus, prometheus
from tests.tools.toolchain import ALERTMANAGER, PROMETHEUS

from serving_exporter.demo import Demo, demo_fleet
from serving_rules import overrides
from serving_rules.compress import compress, shorten
from serving_rules.formats import alertmanager as alertmanager_format
from serving_rules.formats import prometheus as prometheus_format
from serving_rules.pack import build
from serving_rules.runbooks import queries
from serving_simulator.inbox import Inbox, Notification

__all__ = ["COMPOSE", "SPEED", "Configuration", "Outcome", "Raised", "Stack", "observe", "observe_broken", "sent", "subject"]

SPEED = 60.0
"""Simulated seconds in one of Prometheus': a scrape and an evaluation a second are then one a simulated minute."""
COMPOSE = Path(__file__).resolve().parents[2] / "deploy" / "compose"

_LOOKBACK = 300.0
"""Seconds for which Prometheus goes on with a sample that is not followed by another, in the world's time."""
_LATE = 0.05
"""Share of evaluations that a busy machine may miss."""
_STILL = 3
"""A page that shows nothing new for so many minutes is no picture of its world: alerts then see old numbers stand."""
_STILL_MINUTES = 2
"""Of that, what an alert's own patience outlasts."""
_STARTING = 5
"""Seconds until Prometheus has enough scrapes to tell."""


@dataclass(slots=True)
class Raised:
    """An alert of one model: the simulated minute in which it first fired, whether a person was told, and what silenced it at the end."""

    minute: float
    told: bool = False
    silenced_by: tuple[str, ...] = ()


@dataclass(slots=True)
class Outcome:
    """What a run saw: by model (or workspace) and ``Alert/severity``; what was sent; what went wrong in Prometheus."""

    minutes: float = 0
    raised: dict[str, dict[str, Raised]] = field(default_factory=dict)
    notifications: Sequence[Notification] = ()
    failures: list[str] = field(default_factory=list)
    rules: int = 0
    queries: int = 0
    evaluations: float = 0
    missed: float = 0
    still: float = 0
    """Simulated minutes in which Prometheus saw nothing new of the feed, beyond the time between two polls."""

    @property
    def late(self) -> float:
        """The share of evaluations that did not happen."""
        return self.missed / max(1, self.evaluations + self.missed)

    @property
    def disturbed(self) -> bool:
        """Whether the machine was too slow for the speed, so that the run shows nothing either way."""
        return self.late >= _LATE or self.still > _STILL_MINUTES


@dataclass(slots=True)
class Configuration:
    """What the programs are started with; a test may break it first."""

    rules: dict[str, str]
    alertmanager: dict[str, Any]
    prometheus: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stack:
    """The programs of a run while they run."""

    demo: Demo
    prometheus: Prometheus
    alertmanager: Alertmanager
    inbox: Inbox

    def act(self, **action: object) -> None:
        """Change the emulated world, as ``POST /_emulator/actions`` does."""
        fetch(f"{self.demo.emulator_url}/_emulator/actions", json.dumps(action).encode(), **{"Content-Type": "application/json"})

    def resolved(self, model: str, name: str, *, within: float) -> bool:
        """Wait for the notification that an alert of a model has ended, at most ``within`` seconds; return whether it came."""
        try:
            wait_for(lambda: name in sent(self.inbox.notifications, "resolved").get(model, ()), within=within, what="the end")
        except AssertionError:
            return False
        return True


async def observe(seconds: float, *, speed: float = SPEED, say: bool = True, then: Callable[[Stack], None] | None = None) -> Outcome:
    """Run the stack for some seconds of real time, and return what was raised; ``then`` is called while everything still runs."""
    async with AsyncExitStack() as stack:
        demo = await stack.enter_async_context(demo_fleet("127.0.0.1:0", "127.0.0.1:0", speed=speed, say=print if say else _silent))
        inbox = await stack.enter_async_context(Inbox())
        configuration = await asyncio.to_thread(_configuration, speed, demo.epoch, inbox.url)
        await demo.wait_ready()
        return await asyncio.to_thread(_run, demo, inbox, configuration, seconds, speed, say, then)


async def observe_broken(seconds: float, mutations: Mapping[str, Callable[[Configuration], None]]) -> dict[str, Outcome]:
    """Run one fleet, and for each mutation a Prometheus and an Alertmanager that are broken by it; return what each raised and sent.

    At half the speed of ``observe``: so many programs at once would starve each other on a small machine.
    """
    speed = SPEED / 2
    async with AsyncExitStack() as stack:
        demo = await stack.enter_async_context(demo_fleet("127.0.0.1:0", "127.0.0.1:0", speed=speed, say=_silent))
        await demo.wait_ready()

        async def broken(mutate: Callable[[Configuration], None]) -> Outcome:
            inbox = await stack.enter_async_context(Inbox())
            configuration = await asyncio.to_thread(_configuration, speed, demo.epoch, inbox.url)
            mutate(configuration)
            return await asyncio.to_thread(_run, demo, inbox, configuration, seconds, speed, False, None)

        outcomes = await asyncio.gather(*(broken(mutate) for mutate in mutations.values()))
    return dict(zip(mutations, outcomes, strict=True))


def _silent(_: str) -> None:
    """Say nothing."""


def _configuration(speed: float, epoch: float, inbox: str) -> Configuration:
    pack = build(overrides.load(COMPOSE / "overrides.yaml"))
    told = alertmanager_format.files(pack)["alertmanager.yaml"].replace("http://inbox:9818", inbox)
    scraped = yaml.safe_load((COMPOSE / "prometheus.yml").read_text())
    minute = f"{1000 * 60 / speed:.0f}ms"
    scraped["global"] = {"scrape_interval": minute, "evaluation_interval": minute}
    scraped["rule_files"] = []
    return Configuration(
        rules=prometheus_format.files(compress(pack, speed, epoch=epoch)),
        alertmanager=_faster(yaml.safe_load(told), speed),
        prometheus=scraped,
    )


def _faster(node: Any, speed: float) -> Any:
    """Divide the waiting times of a routing tree by the speed."""
    if isinstance(node, list):
        return [_faster(each, speed) for each in node]
    if not isinstance(node, dict):
        return node
    return {
        key: shorten(value, speed) if key.startswith(("group_w", "group_i", "repeat_")) else _faster(value, speed)
        for key, value in node.items()
    }


def _at(node: Any, addresses: Mapping[str, str]) -> Any:
    """Put this run's addresses in the place of the names of services."""
    if isinstance(node, list):
        return [_at(each, addresses) for each in node]
    if isinstance(node, dict):
        return {key: _at(value, addresses) for key, value in node.items()}
    return addresses.get(node, node) if isinstance(node, str) else node


def _run(
    demo: Demo,
    inbox: Inbox,
    configuration: Configuration,
    seconds: float,
    speed: float,
    say: bool,
    then: Callable[[Stack], None] | None,
) -> Outcome:
    outcome = Outcome()
    with tempfile.TemporaryDirectory(prefix="whole-stack-") as name:
        folder = Path(name)
        routes = folder / "alertmanager.yaml"
        routes.write_text(yaml.safe_dump(configuration.alertmanager))
        rules = [folder / each for each in configuration.rules]
        for path in rules:
            path.write_text(configuration.rules[path.name])
        with alertmanager(ALERTMANAGER[-1], routes, folder / "alertmanager", sends=True) as told:
            addresses = {"exporter:9816": demo.url.removeprefix("http://"), "alertmanager:9093": told.url.removeprefix("http://")}
            flag = f"--query.lookback-delta={1000 * _LOOKBACK / speed:.0f}ms"
            scraped = _at(configuration.prometheus, addresses)
            with prometheus(PROMETHEUS[-1], folder / "prometheus", scraped, flag, rules=rules) as server:
                begun = time.monotonic()
                while (passed := time.monotonic() - begun) < seconds:
                    _look(server, told, passed * speed / 60, outcome, say)
                    time.sleep(1)
                outcome.minutes = passed * speed / 60
                _health(server, outcome)
                outcome.still = _still(server, passed, speed) * speed / 60
                _execute(server, outcome)
                if then:
                    then(Stack(demo, server, told, inbox))
                outcome.notifications = inbox.notifications
    return outcome


def _look(server: Prometheus, told: Alertmanager, minute: float, outcome: Outcome, say: bool) -> None:
    for alert in server.alerts():
        labels = alert["labels"]
        name, about = f"{labels['alertname']}/{labels['severity']}", subject(labels)
        if alert["state"] == "firing" and name not in outcome.raised.setdefault(about, {}):
            outcome.raised[about][name] = Raised(minute)
            if say:
                print(f"{minute:6.0f} min  {about:18} {name}: {alert['annotations']['description']}", flush=True)
    for labels_, standing in told.standings().items():
        labels = dict(labels_)
        known = outcome.raised.get(subject(labels), {}).get(f"{labels['alertname']}/{labels.get('severity')}")
        if known:
            known.silenced_by = tuple(sorted({source["alertname"] for source in standing.inhibited_by}))
            known.told = known.told or not known.silenced_by


def subject(labels: Mapping[str, str]) -> str:
    """Return what an alert is about: a model by its name, or a workspace."""
    return labels.get("model_name") or labels.get("workspace") or "-"


def _health(server: Prometheus, outcome: Outcome) -> None:
    for rule in server.rules():
        outcome.rules += 1
        if rule["health"] != "ok":
            outcome.failures.append(f"{rule['name']}: {rule.get('lastError') or rule['health']}")
    page = server.metrics()
    outcome.failures += [
        f"{count:g} failed evaluations in {labels}" for labels, count in page.get("prometheus_rule_evaluation_failures_total", ()) if count
    ]
    outcome.missed = sum(count for _, count in page.get("prometheus_rule_group_iterations_missed_total", ()))
    outcome.evaluations = sum(count for _, count in page.get("prometheus_rule_group_iterations_total", ()))


def _still(server: Prometheus, seconds: float, speed: float) -> float:
    """Return for how many of the last seconds the feed's page had been the same for too long."""
    polled = 'changes(serving_exporter_source_last_success_timestamp_seconds{source="feed"}[' + f"{1000 * _STILL * 60 / speed:.0f}ms])"
    return sum(float(each["value"][1]) for each in server.query(f"count_over_time(({polled} == 0)[{seconds - _STARTING:.0f}s:1s])"))


def _execute(server: Prometheus, outcome: Outcome) -> None:
    """Execute every query of every runbook over the whole fleet: a join that is not unique shows only with data."""
    for query in queries(build()):
        outcome.queries += 1
        try:
            server.query(query.of({}))
        except urllib.error.HTTPError as error:
            outcome.failures.append(f"runbook {query.alert}: {query.expr}: {'; '.join(error.__notes__)}")


def sent(notifications: Iterable[Notification], status: str = "firing") -> dict[str, set[str]]:
    """Return what reached a person: by model (or workspace), every ``Alert/severity``."""
    found: dict[str, set[str]] = {}
    for notification in notifications:
        for alert in notification.alerts:
            if alert.status == status:
                found.setdefault(subject(alert.labels), set()).add(f"{alert.labels['alertname']}/{alert.labels['severity']}")
    return found
