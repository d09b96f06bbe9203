"""A large fleet for benchmarks: a page of many deployments, what the rules record of it, and its history in a Prometheus' blocks.

Every deployment is a copy of one of the demo fleet with ids of its own. Of twenty fifteen are healthy, two rest at zero, and one each is
saturated (an alert that fires costs the queries of its text), called asynchronously and scaled on tokens.
"""

from __future__ import annotations

import asyncio
import math
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from serving_exporter.demo import demo_fleet
from serving_rules.compress import compress
from serving_rules.formats import prometheus as prometheus_format
from serving_rules.pack import Pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.stack.programs import fetch
from tests.stack.prometheus import Prometheus, prometheus
from tests.tools.toolchain import PROMETHEUS

__all__ = [
    "Fleet",
    "History",
    "Page",
    "Prometheus",
    "Row",
    "at",
    "configuration",
    "mixture",
    "prototypes",
    "recorded",
    "serving",
    "written",
]

_MIXTURE = ("translate", "batch-transcribe", "agent-llm", "nightly-report", "nightly-report", *("support-chat",) * 15)
"""The models of the demo fleet of which deployments are copies, one after the other."""
_AGE_MINUTES = 36
"""How long a deployment of the demo fleet has counted when its page is read: what it counts in a minute is that part of its counters."""
_CUMULATIVE = re.compile(r"(?:baseten|serving_exporter)_\w+_(?:total|bucket|sum|count)\b")
_TIMESTAMP = re.compile(r"\w+_timestamp_seconds\b")
_IDS = re.compile(r'(model_id|deployment_id|model_name)="[^"]*"')
_LEARN_SECONDS = 90
"""How long the rules run on the two prototypes, at a simulated minute a second: the first samples of whole hours come after one."""
_NOT_WORTH_IT = 5
"""Minutes of history that the run itself provides before it is measured."""

Row = tuple[str, float]
"""A series and its value; of a counter, what it counts in a minute."""


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


@dataclass(frozen=True)
class History:
    """Which series have a past, and how long.

    ``spans`` are seconds by the name of a series; one that is not there has none. ``pauses`` are minutes between two samples, for series
    that do not have one every ``step`` minutes. Those go back ``hours`` at most, those with pauses ``days``.
    """

    spans: Mapping[str, float]
    hours: float
    days: float
    pauses: Mapping[str, int]
    step: int = 1

    def write(self, fleets: Iterable[Fleet], models: Sequence[str], folder: Path) -> int:
        """Write blocks into a data folder and return the number of samples."""
        now = int(time.time()) // 60 * 60
        path, samples = folder / "history.om", 0
        everything: Iterable[Row] = (row for fleet in fleets for row in (*fleet.common, *fleet.rows(models)))
        with path.open("w", buffering=1 << 20) as file:
            for row in everything:
                ages = self._ages(row[0].partition("{")[0])
                file.write("".join(f"{row[0]} {at(row, self.hours * 60 - age)} {now - 60 * age}\n" for age in ages))
                samples += len(ages)
            file.write("# EOF\n")
        # promtool reads the file once for each block: few and large ones.
        blocks = ("tsdb", "create-blocks-from", "openmetrics", "--quiet", "--max-block-duration=500h", str(path), str(folder / "data"))
        done = subprocess.run((PROMETHEUS[-1].promtool, *blocks), check=False, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"promtool could not write the history: {done.stderr[-500:]}")
        path.unlink()
        return samples

    def _ages(self, name: str) -> range:
        pause = self.pauses.get(name, 1)
        minutes = int(min(self.spans.get(name, 0) / 60, self.days * 1440 if pause > 1 else self.hours * 60))
        return range(minutes, 0, -max(pause, self.step)) if minutes >= _NOT_WORTH_IT else range(0)
