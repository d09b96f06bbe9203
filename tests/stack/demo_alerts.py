"""``make demo-alerts``: the shipped rules in a real Prometheus beside the demo fleet at speed, and which alerts each story raised.

Time is compressed, not the logic: ``serving_rules.compress`` divides every duration of the shipped pack by the speed, Prometheus
evaluates the result on what it scrapes from the exporter, and an Alertmanager with the generated inhibitions hears of it. The table says
for each story what was raised, when, and whether a person was told or something else silenced it. The exit status is 1 when a story
raised anything else than it should, when a rule failed to evaluate or a query of a runbook to execute, or when groups were late.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
import urllib.error
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from tests.stack.alertmanager import Alertmanager, alertmanager
from tests.stack.demo_stories import STORIES, Story
from tests.stack.prometheus import Prometheus, prometheus
from tests.tools.toolchain import ALERTMANAGER, PROMETHEUS

from serving_exporter.demo import Demo, demo_fleet
from serving_exporter.scrape_config import scrape_config
from serving_rules.compress import compress
from serving_rules.formats import alertmanager as alertmanager_format
from serving_rules.formats import prometheus as prometheus_format
from serving_rules.pack import build
from serving_rules.runbooks import queries

__all__ = ["Outcome", "Raised", "faults", "main", "observe", "table"]

SPEED = 60.0
"""Simulated seconds in one of Prometheus': a scrape and an evaluation a second are then one a simulated minute."""

_LOOKBACK = "5s"
_LATE = 0.05
"""Share of evaluations that a busy machine may miss."""
_STILL = "3s"
"""A page that shows nothing new for so long is no picture of its world: alerts then see old numbers stand."""
_STILL_MINUTES = 2
"""Of that, what an alert's own patience outlasts."""
_STARTING = 5
"""Seconds until Prometheus has enough scrapes to tell."""
_FATES = {"critical": "page", "warning": "ticket", "info": "digest"}


@dataclass(slots=True)
class Raised:
    """An alert of one model: the simulated minute in which it first fired, whether a person was told, and what silenced it at the end."""

    minute: float
    told: bool = False
    silenced_by: tuple[str, ...] = ()


@dataclass(slots=True)
class Outcome:
    """What a run saw: by model (or workspace) and ``Alert/severity``; what went wrong in Prometheus."""

    minutes: float = 0
    raised: dict[str, dict[str, Raised]] = field(default_factory=dict)
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


async def observe(
    seconds: float, *, speed: float = SPEED, say: bool = True, then: Callable[[Prometheus, float], None] | None = None
) -> Outcome:
    """Run demo fleet, Prometheus and Alertmanager for some seconds of real time, and return what was raised.

    ``then`` is called at the end, with the Prometheus while it still runs and the Unix time at which the world's clock agreed with its own.
    """
    outcome = Outcome()
    with tempfile.TemporaryDirectory(prefix="demo-alerts-") as folder:
        async with demo_fleet("127.0.0.1:0", "127.0.0.1:0", speed=speed, say=print if say else _silent) as demo:
            files = await asyncio.to_thread(_write, Path(folder), speed, demo.epoch)
            await demo.wait_ready()
            await asyncio.to_thread(_run, demo, files, seconds, speed, outcome, say, then)
    return outcome


def _silent(_: str) -> None:
    """Say nothing."""


@dataclass(frozen=True, slots=True)
class _Files:
    folder: Path
    rules: list[Path]
    alertmanager: Path


def _write(folder: Path, speed: float, epoch: float) -> _Files:
    pack = build()
    rules = []
    for name, text in prometheus_format.files(compress(pack, speed, epoch=epoch)).items():
        rules.append(path := folder / name)
        path.write_text(text)
    routes = folder / "alertmanager.yaml"
    routes.write_text(alertmanager_format.files(pack)["alertmanager.yaml"])
    return _Files(folder, rules, routes)


def _run(
    demo: Demo, files: _Files, seconds: float, speed: float, outcome: Outcome, say: bool, then: Callable[[Prometheus, float], None] | None
) -> None:
    with alertmanager(ALERTMANAGER[-1], files.alertmanager, files.folder / "alertmanager") as told:
        configuration = yaml.safe_load(scrape_config(demo.url.removeprefix("http://"), interval_seconds=1))
        configuration["global"]["evaluation_interval"] = "1s"
        configuration["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [told.url.removeprefix("http://")]}]}]}
        flag = f"--query.lookback-delta={_LOOKBACK}"
        with prometheus(PROMETHEUS[-1], files.folder / "prometheus", configuration, flag, rules=files.rules) as server:
            begun = time.monotonic()
            while (passed := time.monotonic() - begun) < seconds:
                _look(server, told, passed * speed / 60, outcome, say)
                time.sleep(1)
            outcome.minutes = passed * speed / 60
            _health(server, outcome)
            outcome.still = _still(server, passed) * speed / 60
            _execute(server, outcome)
            if then:
                then(server, demo.epoch)


def _look(server: Prometheus, told: Alertmanager, minute: float, outcome: Outcome, say: bool) -> None:
    for alert in server.alerts():
        labels = alert["labels"]
        name, subject = f"{labels['alertname']}/{labels['severity']}", _subject(labels)
        if alert["state"] == "firing" and name not in outcome.raised.setdefault(subject, {}):
            outcome.raised[subject][name] = Raised(minute)
            if say:
                print(f"{minute:6.0f} min  {subject:18} {name}: {alert['annotations']['description']}", flush=True)
    for labels_, standing in told.standings().items():
        labels = dict(labels_)
        known = outcome.raised.get(_subject(labels), {}).get(f"{labels['alertname']}/{labels.get('severity')}")
        if known:
            known.silenced_by = tuple(sorted({source["alertname"] for source in standing.inhibited_by}))
            known.told = known.told or not known.silenced_by


def _subject(labels: Mapping[str, str]) -> str:
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


def _still(server: Prometheus, seconds: float) -> float:
    """Return for how many of the last seconds the feed's page had been the same for too long."""
    polled = 'changes(serving_exporter_source_last_success_timestamp_seconds{source="feed"}[' + _STILL + "])"
    return sum(float(each["value"][1]) for each in server.query(f"count_over_time(({polled} == 0)[{seconds - _STARTING:.0f}s:1s])"))


def _execute(server: Prometheus, outcome: Outcome) -> None:
    """Execute every query of every runbook over the whole fleet: a join that is not unique shows only with data."""
    for query in queries(build()):
        outcome.queries += 1
        try:
            server.query(query.of({}))
        except urllib.error.HTTPError as error:
            outcome.failures.append(f"runbook {query.alert}: {query.expr}: {'; '.join(error.__notes__)}")


def faults(outcome: Outcome, stories: Mapping[str, Story] = STORIES) -> Iterator[str]:
    """Say in what a run differs from the stories: nothing when each raised exactly what it should, as far as time allowed."""
    for subject in {*stories, *outcome.raised}:
        story, raised = stories.get(subject, Story("not a story")), outcome.raised.get(subject, {})
        yield from (f"{subject}: {name} was raised and should not have been" for name in _surplus(story, raised))
        for name, within in story.must.items():
            if name not in raised and outcome.minutes >= within:
                yield f"{subject}: {name} was not raised within {outcome.minutes:.0f} minutes"
        if story.named in raised and not raised[story.named].told:
            silenced_by = ", ".join(raised[story.named].silenced_by) or "nothing, and nobody was told"
            yield f"{subject}: {story.named}, which names the incident, was always silenced by {silenced_by}"
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
    for subject in [*stories, *sorted(outcome.raised.keys() - stories.keys())]:
        story, raised = stories.get(subject, Story("not a story")), outcome.raised.get(subject, {})
        yield f"{subject}: {story.tells}"
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


def main() -> int:
    """Run and print; see the module's text."""
    parser = argparse.ArgumentParser(prog="make demo-alerts", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=420, help="how long to watch, in real seconds (default %(default)s)")
    parser.add_argument("--speed", type=float, default=SPEED, help="simulated seconds a second (default %(default)s)")
    options = parser.parse_args()
    outcome = asyncio.run(observe(options.seconds, speed=options.speed))
    wrong = list(faults(outcome))
    print("\n".join(["", *table(outcome), "", *(wrong or ["Every story raised exactly what it should."])]))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
