"""What the pack costs a real Prometheus: every group of one cycle, with the history that its ranges read.

    python benchmarks/rule_evaluation.py --deployments 1000            # a day of history, some minutes to write it
    python benchmarks/rule_evaluation.py --deployments 10000 --hours 1 --days 1 --gogc 200

A range over a day costs nothing on an empty database, so the history comes first: for every series that a rule reads through a range or
an offset, samples of each minute are written into blocks, as far back as the range goes (``--hours`` at most). Then Prometheus scrapes a
page of so many deployments, each a copy of one of the demo fleet with ids of its own, and evaluates the committed rules for ``--minutes``
minutes at their own interval. Of twenty deployments fifteen are healthy, two rest at zero, and one each is saturated (an alert that fires
costs the queries of its text), called asynchronously and scaled on tokens; each has the families that such a deployment has on a real
account. ``--every-family`` gives all of them every basic family instead, as the demo does for a first look: the worst that can be.
``--gogc`` sets how far Prometheus lets its memory grow before it collects garbage (the environment variable GOGC): at its own default of
75 a quarter of the processor time goes into that, and a large fleet has to pay in one or the other.

Times are Prometheus' own, means over ``--minutes`` cycles; they depend on the machine, so each is given as a share of what it must stay
under, beside the cost of one plain query over the same series in the same run. Groups do not wait for each other: on two cores a cycle
takes half of the sum of their durations. Needs the releases that ``make tools`` fetches.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import promql_parser
from yardfleet import Fleet, History, Page, Prometheus, configuration, mixture, prototypes, recorded, serving, written

from serving_rules.pack import Pack, build

GOAL_SECONDS = {1000: 5.0}
"""All groups of one cycle, by number of deployments; beyond, only that no group overruns its interval is asked."""
_INTERVAL = 60
_CORES = 2
_ONCE = re.compile(r"unless count_over_time\((?P<name>[\w:]+)\[(?:(?P<minutes>\d+)m)?(?:30s)?\]\)$")
"""How a record says that it speaks once in a while: it then has a sample for each of these, not one a minute."""


def lookbacks(pack: Pack) -> dict[str, float]:
    """For every series that the pack reads through a range or an offset: how far back it looks, in seconds."""
    found: dict[str, float] = {}

    def visit(node: object, outer: float = 0) -> None:
        if isinstance(node, promql_parser.MatrixSelector):
            selector, span = node.vector_selector, node.range.total_seconds()
        elif isinstance(node, promql_parser.VectorSelector):
            selector, span = node, 0.0
        else:
            span = outer + (node.range.total_seconds() if isinstance(node, promql_parser.SubqueryExpr) else 0)
            for child in ("expr", "lhs", "rhs", "param"):
                if (inner := getattr(node, child, None)) is not None:
                    visit(inner, span)
            for argument in getattr(node, "args", None) or ():
                visit(argument, span)
            return
        offset = abs(selector.offset.total_seconds()) if selector.offset else 0
        if total := outer + span + offset:
            found[selector.name] = max(found.get(selector.name, 0), total)

    for rule in pack.rules():
        visit(promql_parser.parse(rule.expr))
    return found


def pauses(pack: Pack) -> dict[str, int]:
    """For every record that does not speak each minute: how many minutes lie between two of its samples."""
    found = {}
    for rule in pack.rules():
        if match := _ONCE.search(rule.expr.strip()):
            found[match["name"]] = int(match["minutes"] or 0) + 1
    return found


@dataclass(frozen=True)
class Cost:
    """What the rules cost: processor seconds and seconds of evaluation a cycle, means of several; the last cycle by group and by rule."""

    processor: float
    evaluation: float
    groups: Mapping[str, float]
    rules: Mapping[str, float]
    alerts: Mapping[str, int]
    """Active ones by name and state: each has its texts written anew at each evaluation, a pending one too."""
    missed: float
    plain: float
    series: int


@dataclass(frozen=True)
class Meter:
    """Prometheus' own counts at a moment."""

    processor: float
    evaluation: float
    iterations: float

    @classmethod
    def read(cls, server: Prometheus) -> Meter:
        """Read them."""
        page = server.metrics()
        names = ("process_cpu_seconds_total", "prometheus_rule_group_duration_seconds_sum", "prometheus_rule_group_duration_seconds_count")
        return cls(*(sum(value for _, value in page.get(name, ())) for name in names))


def measure(pack: Pack, fleet: Fleet, models: Sequence[str], hours: float, days: float, minutes: float, folder: Path) -> Cost:
    """Write the history, run Prometheus on it without rules and with them, and read what the rules add."""
    records = recorded(pack, fleet, folder / "prototype")
    begun = time.monotonic()
    samples = History(lookbacks(pack), hours, days, pauses(pack)).write((fleet, records), models, folder)
    print(f"{samples / 1e6:.1f} million samples of history in {time.monotonic() - begun:.0f} s", flush=True)
    page = Page(fleet, models, hours * 60)
    interval = f"{_INTERVAL}s"
    with serving(page, folder, interval=interval) as server:
        time.sleep(_INTERVAL)
        idle = Meter.read(server)
        time.sleep(2 * _INTERVAL)
        idle = Meter(*(after - before for before, after in zip(astuple(idle), astuple(Meter.read(server)), strict=True)))
        server.reload(configuration(page, interval), written(pack, folder))
        time.sleep(2 * _INTERVAL)  # what is firing has begun to
        before = Meter.read(server)
        time.sleep(minutes * _INTERVAL)
        after = Meter.read(server)
        groups = server.get("rules")["groups"]
        begun = time.monotonic()
        counted = server.query('count({__name__=~"baseten_.+"})')
        plain = time.monotonic() - begun
        series = int(float(counted[0]["value"][1])) if counted else 0  # a server that is overrun has no sample of the last five minutes
        missed = sum(value for _, value in server.metrics().get("prometheus_rule_group_iterations_missed_total", ()))
        alerts = Counter(f"{alert['labels']['alertname']}, {alert['state']}" for alert in server.alerts())
    page.shutdown()
    rules: dict[str, float] = {}
    for group in groups:
        for rule in group["rules"]:
            title = f"{rule['name']} ({rule.get('labels', {}).get('severity') or group['name']})"
            rules[title] = rules.get(title, 0) + float(rule["evaluationTime"])
    return Cost(
        (after.processor - before.processor) / minutes - idle.processor / 2,
        (after.evaluation - before.evaluation) / (after.iterations - before.iterations) * len(groups),
        {group["name"]: float(group["evaluationTime"]) for group in groups},
        rules,
        alerts,
        missed,
        plain,
        series,
    )


def main() -> int:
    """Measure and print; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deployments", type=int, default=1000)
    parser.add_argument("--hours", type=float, default=24, help="history at most, hours (default %(default)s)")
    parser.add_argument("--days", type=float, default=30, help="the same for series with a sample an hour, days (default %(default)s)")
    parser.add_argument("--minutes", type=float, default=5, help="how long to evaluate (default %(default)s)")
    parser.add_argument("--every-family", action="store_true", help="every deployment has every basic family, used or not")
    parser.add_argument("--gogc", type=int, help="GOGC of Prometheus (default: its own)")
    options = parser.parse_args()
    if options.gogc:
        os.environ["GOGC"] = str(options.gogc)
    pack = build()
    with tempfile.TemporaryDirectory(prefix="rule-evaluation-") as scratch:
        fleet = asyncio.run(prototypes(Path(scratch), every_family=options.every_family))
        cost = measure(pack, fleet, mixture(options.deployments), options.hours, options.days, options.minutes, Path(scratch))
    longest = max(cost.groups, key=lambda name: cost.groups[name])
    print(
        f"{options.deployments} deployments, {cost.series} scraped series, {sum(1 for _ in pack.rules())} rules in {len(cost.groups)} "
        f"groups, {sum(cost.alerts.values())} active alerts"
    )
    for name, count in sorted(cost.alerts.items(), key=lambda item: -item[1]):
        print(f"  {count:8}    {name}")
    for name, seconds in sorted(cost.rules.items(), key=lambda item: -item[1])[:15]:
        print(f"  {seconds:8.3f} s  {name}")
    for name, seconds in sorted(cost.groups.items(), key=lambda item: -item[1])[:10]:
        print(f"  {seconds:8.3f} s  group {name}")
    goal = GOAL_SECONDS.get(options.deployments, float(_INTERVAL))
    spread = cost.evaluation / _CORES
    good = spread <= goal and cost.groups[longest] < _INTERVAL and not cost.missed
    print(f"all groups of one cycle  {spread:7.2f} s on {_CORES} cores = {spread / goal:.2f} of {goal:g} s")
    print(f"  one after the other    {cost.evaluation:7.2f} s, {cost.evaluation / cost.plain:.0f} x one query over all series")
    print(f"  processor time         {cost.processor:7.2f} s, collecting garbage included, scraping not")
    print(f"longest group            {cost.groups[longest]:7.2f} s = {cost.groups[longest] / _INTERVAL:.2f} of its interval ({longest})")
    print(f"missed iterations        {cost.missed:7g}   {'ok' if good else 'MISSED'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
