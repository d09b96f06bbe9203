"""What the pack costs a real Prometheus: every group of one cycle, with the history that its ranges read.

    python benchmarks/rule_evaluation.py --deployments 1000            # a day of history, some minutes to write it
    python benchmarks/rule_evaluation.py --deployments 10000 --hours 1 --days 1

A range over a day costs nothing on an empty database, so the history comes first: for every series that a rule reads through a range or
an offset, samples of each minute are written into blocks, as far back as the range goes (``--hours`` at most). Then Prometheus scrapes a
page of so many deployments, each a copy of one of the demo fleet with ids of its own, and evaluates the committed rules for ``--minutes``
minutes at their own interval. Of twenty deployments fifteen are healthy, two rest at zero, and one each is saturated (an alert that fires
costs the queries of its text), called asynchronously and scaled on tokens; each has the families that such a deployment has on a real
account. ``--every-family`` gives all of them every basic family instead, as the demo does for a first look: the worst that can be.
Times are Prometheus' own, means over ``--minutes`` cycles; they depend on the machine, so each is given as a share of what it must stay
under, beside the cost of one plain query over the same series in the same run. Groups do not wait for each other: on two cores a cycle
takes half of the sum of their durations. Needs the releases that ``make tools`` fetches.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import astuple, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any

import promql_parser
import yaml

from serving_exporter.demo import demo_fleet
from serving_rules.compress import compress
from serving_rules.formats import prometheus as prometheus_format
from serving_rules.pack import Pack, build

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.stack.programs import fetch
from tests.stack.prometheus import Prometheus, prometheus
from tests.tools.toolchain import PROMETHEUS

GOAL_SECONDS = {1000: 5.0}
"""All groups of one cycle, by number of deployments; beyond, only that no group overruns its interval is asked."""
_INTERVAL = 60
_CORES = 2
_MIXTURE = ("translate", "batch-transcribe", "agent-llm", "nightly-report", "nightly-report", *("support-chat",) * 15)
"""The models of the demo fleet of which deployments are copies, one after the other."""
_AGE_MINUTES = 36
"""How long a deployment of the demo fleet has counted when its page is read: what it counts in a minute is that part of its counters."""
_CUMULATIVE = re.compile(r"(?:baseten|serving_exporter)_\w+_(?:total|bucket|sum|count)\b")
_TIMESTAMP = re.compile(r"\w+_timestamp_seconds\b")
_IDS = re.compile(r'(model_id|deployment_id|model_name)="[^"]*"')
_ONCE = re.compile(r"unless count_over_time\((?P<name>[\w:]+)\[(?:(?P<minutes>\d+)m)?(?:30s)?\]\)$")
"""How a record says that it speaks once in a while: it then has a sample for each of these, not one a minute."""

_LEARN_SECONDS = 90
"""How long the rules run on the two prototypes, at a simulated minute a second: the first samples of whole hours come after one."""
_NOT_WORTH_IT = 5
"""Minutes of history that the run itself provides before it is measured."""

Row = tuple[str, float]
"""A series and its value; of a counter, what it counts in a minute."""


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
class Fleet:
    """Deployments of a real page by model, and what belongs to no deployment: every deployment is a copy of one of them."""

    kinds: Mapping[str, list[Row]]
    common: list[Row]

    def rows(self, models: Sequence[str]) -> Iterator[Row]:
        """Yield the series of one deployment after the other, each a copy of the model that is named, with ids of its own."""
        parts = {model: [(_template(series), value) for series, value in rows] for model, rows in self.kinds.items()}
        for number, model in enumerate(models):
            names = {"model_id": f"model{number:05d}", "deployment_id": f"dep{number:05d}", "model_name": f"model {number}"}
            for (template, labels), value in parts[model]:
                yield template.format(*(names[label] for label in labels)), value


def mixture(deployments: int) -> list[str]:
    """Return the model of which each deployment is a copy."""
    return [_MIXTURE[number % len(_MIXTURE)] for number in range(deployments)]


def _template(series: str) -> tuple[str, list[str]]:
    return _IDS.sub(r'\1="{}"', series.replace("{", "{{").replace("}", "}}")), _IDS.findall(series)


def _row(line: str) -> Row:
    series, _, value = line.rpartition(" ")
    return series, float(value) / (_AGE_MINUTES if _CUMULATIVE.match(series) else 1)


def at(row: Row, minutes: float) -> float:
    """Return what a series shows so many minutes after its counters began; gauges change in digits that no rule sees."""
    series, value = row
    return value * minutes if _CUMULATIVE.match(series) else value * (1 + 1e-9 * (minutes % 5))


class Page(ThreadingHTTPServer):
    """Serves the page of a fleet on a free port; its counters began some minutes ago and grow from scrape to scrape."""

    def __init__(self, fleet: Fleet, models: Sequence[str], minutes: float) -> None:
        begun = time.monotonic()
        rows = list(fleet.rows(models))

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                now = minutes + (time.monotonic() - begun) / 60
                common = [(series, time.time() if _TIMESTAMP.match(series) else at((series, value), now)) for series, value in fleet.common]
                lines = (f"{series} {value}\n" for series, value in (*common, *((row[0], at(row, now)) for row in rows)))
                body = "".join(lines).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        """HOST:PORT of the page."""
        return f"127.0.0.1:{self.server_address[1]}"


async def prototypes(folder: Path, *, every_family: bool) -> Fleet:
    """Return deployments of the demo fleet and the exporter's own lines, read from a real page."""
    fleet = "demo" if every_family else await asyncio.to_thread(_ordinary, folder)
    async with demo_fleet("127.0.0.1:0", "127.0.0.1:0", speed=60, fleet=fleet, say=lambda _: None) as demo:
        await demo.wait_ready()
        await asyncio.sleep(10)
        page = await asyncio.to_thread(fetch, f"{demo.url}/metrics")
    lines = [line for line in page.splitlines() if not line.startswith("#")]
    infos = [
        line for line in lines if line.startswith("baseten_deployment_info{") and re.search('environment="(production|staging)"', line)
    ]

    def of(model: str) -> list[Row]:
        info = next(line for line in infos if f'model_name="{model}"' in line)
        ids = dict(re.findall(r'(model_id|deployment_id)="([^"]*)"', info))
        mine = f'deployment_id="{ids["deployment_id"]}"'
        return [_row(line) for line in lines if mine in line or (f'model_id="{ids["model_id"]}"' in line and "deployment_id=" not in line)]

    return Fleet({model: of(model) for model in set(_MIXTURE)}, [_row(line) for line in lines if line.startswith("serving_exporter_")])


def _ordinary(folder: Path) -> str:
    """Write the demo fleet without its switches, which show every family for every deployment, and return the path."""
    fleet = yaml.safe_load((files("serving_simulator") / "fleets" / "demo.yaml").read_text())
    path = folder / "ordinary.yaml"
    path.write_text(yaml.safe_dump({**fleet, "switches": {}}))
    return str(path)


def recorded(pack: Pack, fleet: Fleet, folder: Path) -> Fleet:
    """Return what the rules record for the prototypes: they run on their page for a while, with time compressed."""
    models = list(fleet.kinds)
    page = Page(fleet, models, _AGE_MINUTES)
    rules = written(compress(pack, 60, epoch=time.time()), folder)
    with serving(page, folder, interval="1s", rules=rules) as server:
        begun = time.time()
        time.sleep(_LEARN_SECONDS)
        span = {"start": str(begun), "end": str(time.time()), "step": "1"}
        found = server.get("query_range", query='{__name__=~"serving.*:.*"}', **span)["result"]
    page.shutdown()
    rows: list[Row] = []
    for each in found:
        name = each["metric"].pop("__name__")
        labels = ",".join(f'{label}="{text}"' for label, text in each["metric"].items())
        if math.isfinite(value := float(each["values"][-1][1])):
            rows.append((f"{name}{{{labels}}}", value))
    kinds = {model: [row for row in rows if f'model_id="model{number:05d}"' in row[0]] for number, model in enumerate(models)}
    return Fleet(kinds, [row for row in rows if "model_id=" not in row[0]])


def serving(page: Page, folder: Path, *, interval: str, rules: Sequence[Path] = ()) -> AbstractContextManager[Prometheus]:
    """Run a Prometheus that scrapes the page and evaluates rules."""
    return prometheus(PROMETHEUS[-1], folder, configuration(page, interval), "--storage.tsdb.retention.time=60d", rules=rules, patience=120)


def configuration(page: Page, interval: str) -> dict[str, Any]:
    """Return the configuration that scrapes the page."""
    return {
        "global": {"scrape_interval": interval, "evaluation_interval": interval, "scrape_timeout": interval},
        "scrape_configs": [{"job_name": "exporter", "honor_labels": True, "static_configs": [{"targets": [page.address]}]}],
    }


def written(pack: Pack, folder: Path) -> list[Path]:
    """Write the pack's rule files and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, text in prometheus_format.files(pack).items():
        paths.append(path := folder / name)
        path.write_text(text)
    return paths


def write_history(pack: Pack, scraped: Fleet, records: Fleet, models: Sequence[str], hours: float, days: float, folder: Path) -> int:
    """Write blocks with the samples of every series that a rule reads back, and return their number.

    A series that has a sample each minute goes back ``hours`` at most; one that speaks once an hour, ``days``.
    """
    now = int(time.time()) // 60 * 60
    spans, every = lookbacks(pack), pauses(pack)
    path, samples = folder / "history.om", 0
    everything: Iterable[Row] = (row for fleet in (scraped, records) for row in (*fleet.common, *fleet.rows(models)))
    with path.open("w", buffering=1 << 20) as file:
        for row in everything:
            name = row[0].partition("{")[0]
            step = every.get(name, 1)
            minutes = int(min(spans.get(name, 0) / 60, days * 1440 if step > 1 else hours * 60))
            if minutes < _NOT_WORTH_IT:
                continue
            ages = range(minutes, 0, -step)
            file.write("".join(f"{row[0]} {at(row, hours * 60 - age)} {now - 60 * age}\n" for age in ages))
            samples += len(ages)
        file.write("# EOF\n")
    # promtool reads the file once for each block: few and large ones.
    blocks = ("tsdb", "create-blocks-from", "openmetrics", "--quiet", "--max-block-duration=500h", str(path), str(folder / "data"))
    done = subprocess.run((PROMETHEUS[-1].promtool, *blocks), check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"promtool could not write the history: {done.stderr[-500:]}")
    path.unlink()
    return samples


@dataclass(frozen=True)
class Cost:
    """What the rules cost: processor seconds and seconds of evaluation a cycle, means of several; the last cycle by group and by rule."""

    processor: float
    evaluation: float
    groups: Mapping[str, float]
    rules: Mapping[str, float]
    firing: int
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
    samples = write_history(pack, fleet, records, models, hours, days, folder)
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
        firing = sum(alert["state"] == "firing" for alert in server.alerts())
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
        firing,
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
    options = parser.parse_args()
    pack = build()
    with tempfile.TemporaryDirectory(prefix="rule-evaluation-") as scratch:
        fleet = asyncio.run(prototypes(Path(scratch), every_family=options.every_family))
        cost = measure(pack, fleet, mixture(options.deployments), options.hours, options.days, options.minutes, Path(scratch))
    longest = max(cost.groups, key=lambda name: cost.groups[name])
    print(
        f"{options.deployments} deployments, {cost.series} scraped series, {sum(1 for _ in pack.rules())} rules in {len(cost.groups)} "
        f"groups, {cost.firing} alerts firing"
    )
    for name, seconds in sorted(cost.rules.items(), key=lambda item: -item[1])[:15]:
        print(f"  {seconds:8.3f} s  {name}")
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
