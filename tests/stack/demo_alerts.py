"""``make demo-alerts``: the shipped rules in a real Prometheus beside the demo fleet at speed, and which alerts each story raised.

Time is compressed, not the logic: ``serving_rules.compress`` divides every duration of the committed pack by the speed, and Prometheus
evaluates the result on what it scrapes from the exporter. The table says for each story what fired and what should have; the exit status
is 1 when they differ, when a rule failed to evaluate, or when a group was evaluated too late too often.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from tests.stack.prometheus import Prometheus, prometheus
from tests.tools.toolchain import PROMETHEUS

from serving_exporter.demo import demo_fleet
from serving_exporter.scrape_config import scrape_config
from serving_rules.compress import compress
from serving_rules.formats import prometheus as prometheus_format
from serving_rules.pack import build

SPEED = 60.0
"""Simulated seconds in one of Prometheus': a scrape and an evaluation a second are then one a simulated minute."""

_LOOKBACK = "5s"


@dataclass(frozen=True)
class Story:
    """What one model of the demo fleet must raise: alert names with severity. ``may`` are companions that depend on the moment."""

    tells: str
    must: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()


STORIES = {
    "support-chat": Story("healthy"),
    "image-gen": Story("thrash", frozenset({"ServingThrash/warning"})),
}
"""Model of the demo fleet to what it must raise. Every alert of every model stands here: one more or less is a failure."""


@dataclass
class Outcome:
    """What a run saw."""

    fired: dict[str, dict[str, float]] = field(default_factory=lambda: defaultdict(dict))
    failures: list[str] = field(default_factory=list)
    rules: int = 0
    missed: float = 0
    evaluations: float = 0


async def observe(seconds: float, *, speed: float = SPEED, say: bool = True) -> Outcome:
    """Run demo fleet and Prometheus for some seconds of real time, and return what fired for which model, and when first."""
    with tempfile.TemporaryDirectory(prefix="demo-alerts-") as folder:
        async with demo_fleet("127.0.0.1:0", "127.0.0.1:0", speed=speed, say=print if say else _silent) as demo:
            pack = compress(build(), speed, epoch=demo.epoch)
            rules = []
            for name, text in prometheus_format.files(pack).items():
                rules.append(path := Path(folder, name))
                path.write_text(text)  # noqa: ASYNC240 - before anything depends on the loop
            await demo.wait_ready()
            await asyncio.to_thread(_watch, demo.url, Path(folder), rules, seconds, outcome := Outcome(), say)
    return outcome


def _silent(_: str) -> None:
    """Say nothing."""


def _watch(url: str, folder: Path, rules: list[Path], seconds: float, outcome: Outcome, say: bool) -> None:
    configuration = yaml.safe_load(scrape_config(url.removeprefix("http://"), interval_seconds=1))
    configuration["global"]["evaluation_interval"] = "1s"
    with prometheus(PROMETHEUS[-1], folder / "prometheus", configuration, f"--query.lookback-delta={_LOOKBACK}", rules=rules) as server:
        begun = time.monotonic()
        while (passed := time.monotonic() - begun) < seconds:
            for alert in server.alerts():
                labels = alert["labels"]
                if alert["state"] == "firing":
                    name = f"{labels['alertname']}/{labels['severity']}"
                    subject = labels.get("model_name") or labels.get("workspace") or "-"
                    if name not in outcome.fired[subject] and say:
                        print(f"{passed:6.0f} s  {subject:18} {name}: {alert['annotations']['description']}")
                    outcome.fired[subject].setdefault(name, passed)
            time.sleep(1)
        _health(server, outcome)


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


def report(outcome: Outcome) -> tuple[str, bool]:
    """Return the table of stories and alerts, and whether every story raised exactly what it should."""
    lines, right = [], True
    for model in sorted({*STORIES, *outcome.fired}):
        story, fired = STORIES.get(model, Story("not a story")), outcome.fired.get(model, {})
        missing, surplus = story.must - set(fired), set(fired) - story.must - story.may
        right = right and not missing and not surplus
        lines.append(f"{model} - {story.tells}")
        lines += [
            f"    {'SURPLUS' if name in surplus else 'yes':8} {name:46} after {first:4.0f} s" for name, first in sorted(fired.items())
        ]
        lines += [f"    {'MISSING':8} {name}" for name in sorted(missing)]
        lines += ["    nothing, as it should be"] if not fired and not missing else []
    late = outcome.missed / max(1, outcome.evaluations + outcome.missed)
    lines.append(
        f"{outcome.rules} rules, {outcome.evaluations:g} evaluations of groups, {late:.2%} missed, {len(outcome.failures)} failures"
    )
    return "\n".join([*lines, *outcome.failures]), right and not outcome.failures and late < 0.05


def main() -> int:
    """Run and print; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=480, help="how long to watch, in real seconds (default %(default)s)")
    parser.add_argument("--speed", type=float, default=SPEED, help="simulated seconds a second (default %(default)s)")
    options = parser.parse_args()
    table, right = report(asyncio.run(observe(options.seconds, speed=options.speed)))
    print(table)
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
