"""An hour of the demo fleet as the exporter's page had it, on virtual time; and the numbers that panels show of it.

promtool plays the pages to Prometheus' own engine together with the shipped rules, so that a panel's number is what a Prometheus would
answer, and nothing depends on the wall clock.
"""

from __future__ import annotations

import math
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from tests.grafana.execution import ALL, fill
from tests.integration.conftest import EPOCH, Pair, running
from tests.tools.toolchain import PROMETHEUS

from serving_dashboards.boards import BOARDS
from serving_dashboards.panels import Panel
from serving_dashboards.tables import Table
from serving_rules.formats import prometheus as prometheus_format
from serving_rules.pack import build

__all__ = ["History", "column", "filled", "line", "numbers", "panel", "record"]

_SCRAPED_BY = 'job="serving-exporter",instance="exporter:9184"'
_MOMENT = re.compile(r"\w+_timestamp_seconds$")
_GOT = re.compile(r"^ +got: *(?:\{[^}]*\} (?P<value>\S+)|nil)", re.MULTILINE)
_NOWHERE = {"labels": 'nowhere{answer="none"}', "value": 0}


@dataclass
class History:
    """Pages of consecutive minutes; ``truth`` and ``observed`` are the simulator's own numbers at the same moments, by deployment."""

    pages: list[str] = field(default_factory=list)
    truth: list[dict[str, dict[str, Any]]] = field(default_factory=list)
    observed: list[Any] = field(default_factory=list)
    ids: tuple[str, ...] = ()
    instances: dict[str, str] = field(default_factory=dict)
    """Instance type by deployment id."""
    names: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Model and deployment id by the model's name, of the deployment in production or, without one, the newest."""

    @property
    def minutes(self) -> int:
        """How long it is."""
        return len(self.pages)

    def now(self, model: str) -> dict[str, Any]:
        """Return what is true of a model's deployment at the end."""
        return self.truth[-1][self.names[model][1]]

    def shown(self, model: str, what: str, minutes: int = 1) -> list[float]:
        """Return what the platform measured of a deployment in the last minutes, oldest first."""
        index = self.ids.index(self.names[model][1])
        return [float(getattr(each, what)[index]) for each in self.observed[-minutes:]]


async def record(minutes: int) -> History:
    """Scrape the exporter in front of the emulated demo fleet once a simulated minute."""
    history = History()
    async with running() as pair:
        await pair.service.wait_ready()
        for _ in range(minutes):
            await pair.clock.sleep(60)
            history.pages.append((await pair.scrape()).text)
            _remember(pair, history)
    return history


def _remember(pair: Pair, history: History) -> None:
    world: Any = pair.emulator.world
    history.ids = world.deployment_ids()
    history.truth.append({each: world.truth(each) for each in history.ids})
    history.observed.append(world.observation())
    if not history.names:
        for model in world.models():
            found = sorted(world.deployments(model.id), key=lambda each: (each.environment == "production", each.created_at))
            history.names[model.name] = (model.id, found[-1].id)
            history.instances |= {each.id: each.instance_type_name for each in found if each.instance_type_name}


def numbers(history: History, asked: Sequence[str], folder: Path) -> list[float]:
    """Return what Prometheus answers to expressions with one number each, at the last minute; NaN where it answers nothing."""
    rules = []
    for name, text in prometheus_format.files(build()).items():
        (folder / name).write_text(text)
        rules.append(name)
    at = f"{history.minutes - 1}m"
    test = {
        "rule_files": rules,
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": series, "values": values} for series, values in _series(history).items()],
                "promql_expr_test": [{"expr": f"sum({expr})", "eval_time": at, "exp_samples": [_NOWHERE]} for expr in asked],
            }
        ],
    }
    (folder / "test.yaml").write_text(yaml.dump(test, Dumper=yaml.CSafeDumper, width=1_000_000))
    done = subprocess.run([PROMETHEUS[-1].promtool, "test", "rules", "test.yaml"], cwd=folder, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    found = [float(match["value"] or "nan") for match in _GOT.finditer(said)]
    assert len(found) == len(asked), said[:3000]
    return found


def _series(history: History) -> dict[str, str]:
    """Return every series of the pages in promtool's notation: a sample a minute, moments counted from the first page on."""
    samples: dict[str, list[str]] = {}
    for minute, page in enumerate(history.pages):
        for line in page.splitlines():
            if line.startswith("#"):
                continue
            series, _, value = line.rpartition(" ")
            if not math.isfinite(float(value)):
                continue
            name, brace, labels = series.partition("{")
            if _MOMENT.match(name):
                value = repr(float(value) - EPOCH)
            scraped = f"{name}{{{_SCRAPED_BY}{',' + labels if brace else '}'}"
            values = samples.setdefault(scraped, [])
            values += ["_"] * (minute - len(values))
            values.append(value)
    return {series: " ".join(values) for series, values in samples.items()}


def panel(title: str) -> Panel:
    """Return the panel of a title, as ``Dashboard: Title`` with the dashboard's uid."""
    uid, _, wanted = title.partition(": ")
    (found,) = (each for board in BOARDS if board.uid == uid for each in board.panels() if each.title == wanted)
    return found


def column(title: str, name: str) -> str:
    """Return the query of a table's column."""
    table = panel(title)
    assert isinstance(table, Table)
    (found,) = (each.query for each in table.columns if each.title == name)
    assert found is not None
    return found.expr


def line(title: str, index: int = 0) -> str:
    """Return one of a panel's queries."""
    return panel(title).queries[index].expr


def filled(expr: str, history: History, *models: str) -> str:
    """Return a query with the variables of the deployments of some models, as Grafana joins several values."""
    model, deployment = ("|".join(history.names[each][part] for each in models) for part in (0, 1))
    return fill(expr, {**ALL, "model": model, "deployment": deployment})
