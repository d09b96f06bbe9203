"""What the pack costs a real Prometheus: every group of one cycle, with the history that its ranges read.

    python benchmarks/rule_evaluation.py --deployments 1000            # a day of history, some minutes to write it
    python benchmarks/rule_evaluation.py --deployments 10000 --hours 2

A range over a day costs nothing on an empty database, so the history comes first: for every series that a rule reads through a range or
an offset, samples of each minute are written into blocks, as far back as the range goes (``--hours`` at most). Then Prometheus scrapes a
page of so many deployments, each a copy of one of the demo fleet with ids of its own, and evaluates the committed rules for ``--minutes``
minutes at their own interval. Times are Prometheus' own; they depend on the machine, so each is given as a share of what it must stay
under, beside the cost of one plain query over the same series in the same run. Needs the releases that ``make tools`` fetches.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

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
_PROTOTYPE = "support-chat"
_CUMULATIVE = re.compile(r"\w+_(?:total|bucket|sum|count)\b")
_IDS = re.compile(r'(model_id|deployment_id|model_name|chain_id)="[^"]*"')


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


def copies(lines: list[str], deployments: int, *, growth: float = 0) -> Iterator[str]:
    """Yield the prototype's lines for so many deployments, two for each model; cumulative series have grown by the share ``growth``."""
    parts = []
    for line in lines:
        series, _, value = line.rpartition(" ")
        grows = growth and _CUMULATIVE.match(series)
        parts.append(
            (
                _IDS.sub(r'\1="{}"', series.replace("{", "{{").replace("}", "}}")),
                _IDS.findall(series),
                float(value) * (1 + growth) if grows else value,
            )
        )
    for number in range(deployments):
        names = {
            "model_id": f"model{number // 2:05d}",
            "deployment_id": f"dep{number:06d}",
            "model_name": f"model {number // 2}",
            "chain_id": "c",
        }
        for template, labels, value in parts:
            yield f"{template.format(*(names[label] for label in labels))} {value}\n"


class Page(ThreadingHTTPServer):
    """Serves the page of a fleet on a free port; every scrape finds its counters grown."""

    def __init__(self, prototype: list[str], common: str, deployments: int) -> None:
        self.begun = time.monotonic()
        page = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                growth = 0.001 * (time.monotonic() - page.begun)
                body = (common + "".join(copies(prototype, deployments, growth=growth))).encode()
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


async def prototype() -> tuple[list[str], str]:
    """Return the lines of one deployment of the demo fleet, and those of the exporter itself, read from a real page."""
    async with demo_fleet("127.0.0.1:0", "127.0.0.1:0", speed=60, say=lambda _: None) as demo:
        await demo.wait_ready()
        await asyncio.sleep(10)
        page = await asyncio.to_thread(fetch, f"{demo.url}/metrics")
    match = re.search(rf'deployment_id="(\w+)"[^\n]*model_name="{_PROTOTYPE}"|model_name="{_PROTOTYPE}"[^\n]*deployment_id="(\w+)"', page)
    assert match, "the prototype is not on the page"
    deployment = match[1] or match[2]
    lines = [line for line in page.splitlines() if not line.startswith("#")]
    own = [line for line in lines if f'deployment_id="{deployment}"' in line]
    return own, "".join(line + "\n" for line in lines if line.startswith("serving_exporter_"))


def recorded(pack: Pack, own: list[str], common: str, folder: Path) -> list[str]:
    """Return the series that the rules record for the prototype: the rules run on its page for some seconds, with time compressed."""
    page = Page(own, common, 1)
    quick = compress(pack, 60, epoch=time.time())
    with serving(quick, page, folder, interval="1s") as server:
        time.sleep(20)
        rows = server.query('{__name__=~"serving.*"}')
    page.shutdown()
    lines = []
    for row in rows:
        labels = dict(row["metric"])
        name = labels.pop("__name__")
        lines.append(name + "{" + ",".join(f'{label}="{value}"' for label, value in labels.items()) + f"}} {row['value'][1]}")
    return lines


def serving(pack: Pack, page: Page, folder: Path, *, interval: str) -> Prometheus:
    """Run a Prometheus that scrapes the page and evaluates the pack."""
    folder.mkdir(parents=True, exist_ok=True)
    rules = []
    for name, text in prometheus_format.files(pack).items():
        rules.append(path := folder / name)
        path.write_text(text)
    configuration = {
        "global": {"scrape_interval": interval, "evaluation_interval": interval, "scrape_timeout": interval},
        "scrape_configs": [{"job_name": "exporter", "honor_labels": True, "static_configs": [{"targets": [page.address]}]}],
    }
    return prometheus(PROMETHEUS[-1], folder, yaml.safe_load(yaml.safe_dump(configuration)), rules=rules)


def write_history(lines: list[str], spans: Mapping[str, float], deployments: int, hours: float, folder: Path) -> int:
    """Write blocks with a sample a minute of every series that a rule reads back, and return their number."""
    now = int(time.time()) // 60 * 60
    path, samples = folder / "history.om", 0
    with path.open("w", buffering=1 << 20) as file:
        for line in lines:
            series, _, value = line.rpartition(" ")
            name = series.split("{", 1)[0]
            minutes = int(min(spans.get(name, 0), hours * 3600) // 60)
            if minutes < 5:
                continue
            base, grows = float(value), _CUMULATIVE.match(series)
            # A model's series has no deployment in it: it stands here once, however many deployments the model has.
            heads = dict.fromkeys(copy.rpartition(" ")[0] for copy in copies([line], deployments))
            values = [base * (1 + 0.06 * each) if grows else base + each % 5 for each in range(minutes)]
            tails = [f" {each} {now - 60 * (minutes - minute)}\n" for minute, each in enumerate(values)]
            for head in heads:
                file.write("".join(head + tail for tail in tails))
            samples += minutes * len(heads)
        file.write("# EOF\n")
    data = folder / "data"
    command = (
        PROMETHEUS[-1].promtool,
        "tsdb",
        "create-blocks-from",
        "openmetrics",
        "--quiet",
        "--max-block-duration=32h",
        str(path),
        str(data),
    )
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"promtool could not write the history: {done.stderr[-500:]}")
    path.unlink()
    return samples


@dataclass(frozen=True)
class Cost:
    """What one cycle costs: seconds by group and by rule, and the iterations that came too late."""

    groups: Mapping[str, float]
    rules: Mapping[str, float]
    missed: float
    plain: float
    series: int


def measure(pack: Pack, own: list[str], common: str, deployments: int, hours: float, minutes: float, folder: Path) -> Cost:
    """Write the history, run Prometheus on it, and read what the last cycle cost."""
    lines = own + recorded(pack, own, common, folder / "prototype")
    begun = time.monotonic()
    samples = write_history(lines, lookbacks(pack), deployments, hours, folder)
    print(f"{samples / 1e6:.1f} million samples of history in {time.monotonic() - begun:.0f} s", flush=True)
    page = Page(own, common, deployments)
    with serving(pack, page, folder, interval="60s") as server:
        time.sleep(minutes * 60)
        groups = server.get("rules")["groups"]
        begun = time.monotonic()
        series = int(float(server.query('count({__name__=~"baseten_.+"})')[0]["value"][1]))
        plain = time.monotonic() - begun
        missed = sum(value for _, value in server.metrics().get("prometheus_rule_group_iterations_missed_total", ()))
    page.shutdown()
    rules = {f"{rule['name']} ({group['name']})": float(rule["evaluationTime"]) for group in groups for rule in group["rules"]}
    return Cost({group["name"]: float(group["evaluationTime"]) for group in groups}, rules, missed, plain, series)


def main() -> int:
    """Measure and print; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deployments", type=int, default=1000)
    parser.add_argument("--hours", type=float, default=24, help="history at most, hours (default %(default)s)")
    parser.add_argument("--minutes", type=float, default=4, help="how long to evaluate (default %(default)s)")
    options = parser.parse_args()
    pack = build()
    own, common = asyncio.run(prototype())
    with tempfile.TemporaryDirectory(prefix="rule-evaluation-") as scratch:
        cost = measure(pack, own, common, options.deployments, options.hours, options.minutes, Path(scratch))
    total, longest = sum(cost.groups.values()), max(cost.groups, key=lambda name: cost.groups[name])
    print(f"{options.deployments} deployments, {cost.series} scraped series, {len(cost.rules)} rules in {len(cost.groups)} groups")
    for name, seconds in sorted(cost.rules.items(), key=lambda item: -item[1])[:15]:
        print(f"  {seconds:8.3f} s  {name}")
    goal = GOAL_SECONDS.get(options.deployments, float(_INTERVAL * 2))
    good = total <= goal and cost.groups[longest] < _INTERVAL and not cost.missed
    print(
        f"all groups of one cycle  {total:7.2f} s = {total / goal:.2f} of {goal:g} s, {total / cost.plain:.0f} x one query over all series"
    )
    print(f"longest group            {cost.groups[longest]:7.2f} s = {cost.groups[longest] / _INTERVAL:.2f} of its interval ({longest})")
    print(f"missed iterations        {cost.missed:7g}   {'ok' if good else 'MISSED'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
