"""What the dashboards cost a real Prometheus: every query of each, over a day, at a thousand deployments.

    python benchmarks/dashboard_queries.py --deployments 1000 --hours 24      # a quarter of an hour, most of it to write the history

A Prometheus gets the page of so many deployments, what the rules record of it, and a day of history of what panels draw over time: of
every deployment for the dashboards about many (fleet, cost, SLO, exporter), of the first forty for those about one. Then each dashboard
asks all that a Grafana asks when it is opened over that day, two queries at a time: the first kind with everything selected, and all of
them with one deployment. Times depend on the machine, so the fleet's is given as a share of what it must stay under, and all of them
beside one plain query over the same series in the same run. Samples are two minutes apart (``--step``), so that the history can be
written in minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from yardfleet import Fleet, History, Page, Prometheus, mixture, prototypes, recorded, serving

from serving_dashboards.boards import BOARDS
from serving_dashboards.document import Dashboard, document
from serving_rules import model
from serving_rules.pack import build
from serving_rules.rendering import Renderer
from serving_rules.settings import Settings

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.grafana.execution import ALL, fill, queries

GOAL_SECONDS = {model.Dashboard.FLEET: 3.0}
"""All queries of a dashboard together with everything selected, at a thousand deployments, on two cores."""
_CORES = 2
_POINTS = 720
"""Points of a graph: Grafana asks for about one for each pixel of a panel's width."""
_SERIES = re.compile(r"\b(?:serving\w*:[\w:]+|(?:baseten|serving_exporter)_\w+)")
_ROUNDS = 3
_SOME = 40


@dataclass(frozen=True)
class Cost:
    """Seconds that a dashboard takes to fill, and the dearest of its queries."""

    queries: int
    seconds: float
    dearest: str
    dearest_seconds: float


def drawn(boards: Iterable[Dashboard]) -> set[str]:
    """Return the series that panels draw over time, or look back on."""
    found: set[str] = set()
    for board in boards:
        for _, text, ranged in queries(document(board, Renderer(Settings()))):
            if ranged or re.search(r"\[", text):
                found |= set(_SERIES.findall(text))
    return found


def ask(server: Prometheus, expr: str, *, ranged: bool, end: float, hours: float) -> float:
    """Ask as a panel does, and return how long the answer took."""
    begun = time.monotonic()
    if ranged:
        step = max(60.0, hours * 3600 / _POINTS)
        server.get("query_range", query=expr, start=str(end - hours * 3600), end=str(end), step=str(step))
    else:
        server.get("query", query=expr, time=str(end))
    return time.monotonic() - begun


def fill_dashboard(server: Prometheus, board: Dashboard, variables: Mapping[str, str], end: float, hours: float) -> Cost:
    """Ask everything that a dashboard asks, two at a time, and return the best of some rounds."""
    asked = [(where, fill(text, variables), ranged) for where, text, ranged in queries(document(board, Renderer(Settings())))]
    best = Cost(len(asked), float("inf"), "", 0)
    for _ in range(_ROUNDS):
        begun = time.monotonic()
        with ThreadPoolExecutor(_CORES) as pool:
            took = list(pool.map(lambda each: ask(server, each[1], ranged=each[2], end=end, hours=hours), asked))
        seconds = time.monotonic() - begun
        if seconds < best.seconds:
            slowest = max(range(len(asked)), key=took.__getitem__)
            best = Cost(len(asked), seconds, asked[slowest][0], took[slowest])
    return best


def about_many(board: Dashboard) -> bool:
    """Whether people open a dashboard with everything selected."""
    return board.uid in (model.Dashboard.FLEET, model.Dashboard.COST, model.Dashboard.SLO, model.Dashboard.EXPORTER)


def selections(step: int) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield what is selected: everything, and the first deployment."""
    common = {**ALL, "__rate_interval": f"{4 * step}m"}
    yield "everything", common
    yield "one deployment", {**common, "model": "model00000", "deployment": "dep00000", "environment": "production"}


def measure(fleet: Fleet, deployments: int, hours: float, step: int, folder: Path) -> int:
    """Write the history, start Prometheus, ask, and print; return the exit status."""
    records = recorded(build(), fleet, folder / "prototype")
    begun = time.monotonic()
    wide = drawn(filter(about_many, BOARDS))
    samples = 0
    for names, models in ((wide, mixture(deployments)), (drawn(BOARDS) - wide, mixture(min(_SOME, deployments)))):
        samples += History(dict.fromkeys(names, hours * 3600), hours, hours / 24, {}, step).write((fleet, records), models, folder)
    print(f"{samples / 1e6:.1f} million samples of history in {time.monotonic() - begun:.0f} s", flush=True)
    everything = Fleet({model: [*fleet.kinds[model], *records.kinds[model]] for model in fleet.kinds}, [*fleet.common, *records.common])
    page = Page(everything, mixture(deployments), hours * 60)
    status = 0
    with serving(page, folder, interval="60s") as server:
        while not server.query("count(serving:deployment:info)"):
            time.sleep(1)
        time.sleep(5)
        end = time.time()
        plain = ask(server, "count(serving:active_replicas:max)", ranged=True, end=end, hours=hours)
        print(f"one plain query over {hours:g} hours of {deployments} series: {plain:.3f} s")
        for words, variables in selections(step):
            for board in BOARDS if words != "everything" else filter(about_many, BOARDS):
                cost = fill_dashboard(server, board, variables, end, hours)
                goal = GOAL_SECONDS.get(board.uid) if words == "everything" else None
                judged = f" = {cost.seconds / goal:.2f} of {goal:g} s{'' if cost.seconds <= goal else ' MISSED'}" if goal else ""
                status |= int(bool(goal) and cost.seconds > (goal or 0))
                print(
                    f"{board.uid:20} {words:15} {cost.queries:4} queries {cost.seconds:7.2f} s ({cost.seconds / plain:.0f} x plain){judged}"
                    f"; dearest {cost.dearest_seconds:.2f} s: {cost.dearest}",
                    flush=True,
                )
    page.shutdown()
    return status


def main() -> int:
    """Measure and print; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deployments", type=int, default=1000)
    parser.add_argument("--hours", type=float, default=24)
    parser.add_argument("--step", type=int, default=2, help="minutes between two samples (default %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dashboard-queries-") as scratch:
        fleet = asyncio.run(prototypes(Path(scratch), every_family=False))
        return measure(fleet, options.deployments, options.hours, options.step, Path(scratch))


if __name__ == "__main__":
    sys.exit(main())
