"""The numbers in the panels are those of the simulator: what it knows of itself, through platform, exporter, rules and query."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.grafana.history import History, column, filled, line, numbers, record

from serving_simulator.engine.recorder import DURATION_BOUNDS
from serving_simulator.fleet.instances import list_prices

MINUTES = 75
PRICE = {each.name: each.price * 60 for each in list_prices()}
"""Dollars an hour of one replica."""
LAG = 0.1
"""What moves all the time has moved since the platform measured it (15 to 20 s ago, and it is polled every 30 s)."""


@dataclass(frozen=True)
class Shown:
    """A number in a panel, and what it must be: an interval of the simulator's own numbers."""

    where: str
    expr: str
    models: tuple[str, ...]
    truth: Callable[[History], tuple[float, float]]


def exactly(what: Callable[[History], float]) -> Callable[[History], tuple[float, float]]:
    return lambda history: (what(history), what(history))


def about(what: Callable[[History], float], share: float = LAG) -> Callable[[History], tuple[float, float]]:
    return lambda history: (what(history) * (1 - share), what(history) * (1 + share))


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def price(history: History, *models: str) -> float:
    """Return what the replicas of some models cost an hour."""
    ids = [history.names[model][1] for model in models]
    replicas = {each: history.truth[-1][each]["active"] + history.truth[-1][each]["starting"] for each in ids}
    return sum(count * PRICE[history.instances[each]] for each, count in replicas.items())


def p95(model: str) -> Callable[[History], tuple[float, float]]:
    """Return the bucket in which the 95th percentile of the last minutes' response times lies, by the simulator's own counts."""

    def bucket(history: History) -> tuple[float, float]:
        index = history.ids.index(history.names[model][1])
        ends = (each.buckets["baseten_end_to_end_response_time_seconds"][:, index].sum(axis=0) for each in history.observed[-6::5])
        first, last = ends
        counts = last - first
        reached, wanted = 0, 0.95 * counts.sum()
        for number, count in enumerate(counts):
            reached += count
            if reached >= wanted:
                return (0, *DURATION_BOUNDS)[number], (*DURATION_BOUNDS, math.inf)[number]
        raise AssertionError("no requests")

    return bucket


def requests(model: str, minutes: int) -> Callable[[History], float]:
    """Return the requests answered in a second over the last minutes."""

    def rate(history: History) -> float:
        index = history.ids.index(history.names[model][1])
        last, first = history.observed[-1], history.observed[-1 - minutes]
        return float(last.counts[:, index].sum() - first.counts[:, index].sum()) / (last.at - first.at)

    return rate


def restarts(model: str, minutes: int) -> Callable[[History], float]:
    """Return the container restarts of the last minutes; the counter falls when a replica leaves, which is no restart."""

    def count(history: History) -> float:
        seen = history.shown(model, "restarts", minutes + 1)
        return sum(max(0, after - before) for before, after in itertools.pairwise(seen))

    return count


def at_least(what: Callable[[History], float]) -> Callable[[History], tuple[float, float]]:
    """Return an interval for what the alert counts: restarts or failed start-ups, whichever are more, and a container may do both."""
    return lambda history: (what(history) * (1 - LAG), math.inf)


FLEET, DEPLOYMENT, SCALING, COST = "serving-fleet", "serving-deployment", "serving-autoscaling", "serving-cost"
STEADY = ("translate", "video-caption", "batch-transcribe")
"""Models whose replicas stand still."""
TABLE = f"{FLEET}: Deployments"
SETTINGS = f"{SCALING}: Settings in force and recommended"

SHOWN = [
    Shown("active replicas", column(TABLE, "Active"), ("translate",), exactly(lambda it: it.now("translate")["active"])),
    Shown(
        "active replicas together",
        line(f"{FLEET}: Active replicas"),
        STEADY,
        exactly(lambda it: sum(it.now(each)["active"] for each in STEADY)),
    ),
    Shown("starting replicas", column(TABLE, "Starting"), ("video-caption",), exactly(lambda it: it.now("video-caption")["starting"])),
    Shown("desired replicas", column(TABLE, "Desired"), ("translate",), exactly(lambda it: it.now("translate")["desired"])),
    Shown("ceiling", column(TABLE, "Max"), ("image-gen",), exactly(lambda _: 12)),
    Shown("floor", column(TABLE, "Min"), ("embed-small",), exactly(lambda _: 2)),
    Shown("scale-down delay", column(SETTINGS, "Delay"), ("nightly-report",), exactly(lambda _: 120)),
    Shown("saturation", column(TABLE, "Saturation"), ("translate",), about(lambda it: mean(it.shown("translate", "in_flight", 5)) / 12)),
    Shown("in flight", line(f"{DEPLOYMENT}: Concurrent requests"), ("translate",), about(lambda it: it.now("translate")["in_flight"])),
    Shown("slots", line(f"{SCALING}: Demand against slots", 1), ("translate",), exactly(lambda it: it.now("translate")["active"] * 4)),
    Shown("p95 in the table", column(TABLE, "p95"), ("support-chat",), p95("support-chat")),
    Shown("p95 in the graph", line(f"{DEPLOYMENT}: End-to-end response time", 2), ("support-chat",), p95("support-chat")),
    Shown("dollars an hour", column(TABLE, "$ / hour"), ("translate",), exactly(lambda it: price(it, "translate"))),
    Shown("dollars an hour together", line(f"{COST}: Dollars an hour"), STEADY, exactly(lambda it: price(it, *STEADY))),
    Shown("requests", column(f"{COST}: Cost of each deployment", "Requests"), ("embed-small",), about(requests("embed-small", 5))),
    Shown("2xx", line(f"{DEPLOYMENT}: Inference volume"), ("embed-small",), about(requests("embed-small", 5))),
    Shown("async queue", column(TABLE, "Async queue"), ("batch-transcribe",), about(lambda it: it.now("batch-transcribe")["async_queued"])),
    Shown("restarts", line(f"{SCALING}: Restarts"), ("fraud-scorer",), at_least(restarts("fraud-scorer", 60))),
]


@pytest.mark.timeout(300)
async def test_panels_show_what_the_simulator_knows(tmp_path: Path) -> None:
    history = await record(MINUTES)
    found = numbers(history, [filled(each.expr, history, *each.models) for each in SHOWN], tmp_path)
    wrong = []
    for each, number in zip(SHOWN, found, strict=True):
        least, most = each.truth(history)
        if not least - 1e-9 <= number <= most + 1e-9:
            wrong.append(f"{each.where} of {each.models}: shown {number:g}, true {least:g} to {most:g}")
    assert wrong == []
