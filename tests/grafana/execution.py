"""What a Grafana would ask: every query of a dashboard with its variables filled in, and what a Prometheus answers.

    python -m tests.grafana.execution --url http://127.0.0.1:9090 --board serving-fleet --speed 60 --time 1767225600

lists the panels of a dashboard and how many series each draws.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import time
import urllib.error
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.stack.programs import fetch

from serving_dashboards.boards import BOARDS
from serving_dashboards.document import Dashboard, document
from serving_rules.compress import expression
from serving_rules.rendering import Renderer
from serving_rules.settings import Settings

__all__ = ["ALL", "Answer", "Asked", "Clock", "answers", "ask", "ask_everything", "fill", "panels", "queries", "table"]

Json = dict[str, Any]

ALL: Mapping[str, str] = {
    "workspace": ".*",
    "model": ".*",
    "environment": ".*",
    "deployment": ".*",
    "job": ".+",
    "window": "1h",
    "scope": "environment, deployment_name",
}
"""Every variable at "all", or at its default."""
_BUILT_IN = {"__rate_interval": "4m", "__interval": "1m", "__range": "1h"}
_VARIABLE = re.compile(r"\$\{(\w+)(?::\w+)?\}|\$(\w+)")


@dataclass(frozen=True)
class Clock:
    """The server's time, and how much faster the world runs than it."""

    now: float
    speed: float = 1
    epoch: float = 0
    minutes: float = 60

    def in_world(self, expr: str) -> str:
        """Return an expression with its durations as short as the world is fast."""
        return expression(expr, self.speed, epoch=self.epoch) if self.speed != 1 else expr


@dataclass(frozen=True)
class Answer:
    """What one query of a panel got: the series that it drew, or the error."""

    panel: str
    expr: str
    series: list[Json]
    error: str = ""

    @property
    def drawn(self) -> int:
        """How many series have a value that can be drawn."""
        return sum(any(math.isfinite(float(value)) for _, value in _samples(each)) for each in self.series)

    def value(self, **labels: str) -> float:
        """Return the last value of the only series with these labels."""
        (found,) = (each for each in self.series if labels.items() <= each["metric"].items())
        return float(_samples(found)[-1][1])


def _samples(series: Json) -> list[list[Any]]:
    return series["values"] if "values" in series else [series["value"]]


def fill(text: str, variables: Mapping[str, str]) -> str:
    """Return a query with variables filled in; one that does not exist is an error."""
    return _VARIABLE.sub(lambda match: {**_BUILT_IN, **variables}[match[1] or match[2]], text)


def panels(rendered: Json) -> Iterator[Json]:
    """Every panel of a rendered dashboard, those of folded rows too."""
    for panel in rendered["panels"]:
        yield panel
        yield from panel.get("panels", ())


def queries(rendered: Json) -> Iterator[tuple[str, str, bool]]:
    """Yield where a query stands, its text, and whether it asks for a range: panels, variables and annotations."""
    for panel in panels(rendered):
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"], target["range"]
    for variable in rendered["templating"]["list"]:
        if variable["type"] == "query":
            yield f"variable {variable['name']}", _series_of(variable["definition"]), False
    for annotation in rendered["annotations"]["list"]:
        yield f"annotation {annotation['name']}", annotation["expr"], True


def _series_of(definition: str) -> str:
    """Return the PromQL inside ``label_values(…, label)`` or ``query_result(…)``."""
    inner = definition.partition("(")[2].removesuffix(")")
    return inner.rpartition(",")[0] if definition.startswith("label_values(") else inner


def ask(url: str, expr: str, clock: Clock, *, ranged: bool, within: float = 30) -> list[Json]:
    """Ask a Prometheus as a panel does. Raises HTTPError with the server's words in its notes."""
    if ranged:
        span = clock.minutes * 60 / clock.speed
        parameters = {"start": clock.now - span, "end": clock.now, "step": 60 / clock.speed}
        path = "query_range"
    else:
        parameters, path = {"time": clock.now}, "query"
    body = urllib.parse.urlencode({"query": clock.in_world(expr), **parameters}).encode()
    result: list[Json] = json.loads(fetch(f"{url}/api/v1/{path}", body, within=within))["data"]["result"]
    return result


def answers(url: str, board: Dashboard, clock: Clock, variables: Mapping[str, str] = ALL) -> Iterator[Answer]:
    """Ask everything that a dashboard asks."""
    for where, text, ranged in queries(document(board, Renderer(Settings()))):
        expr = fill(text, variables)
        try:
            yield Answer(where, expr, ask(url, expr, clock, ranged=ranged))
        except urllib.error.HTTPError as error:
            yield Answer(where, expr, [], "; ".join(getattr(error, "__notes__", ())) or str(error))


@dataclass(frozen=True)
class Asked:
    """One dashboard with its variables filled in, in words, and what it got."""

    uid: str
    variables: str
    answers: tuple[Answer, ...]


def ask_everything(url: str, speed: float, epoch: float) -> list[Asked]:
    """Ask all that every dashboard asks: with every variable at "all", with one value of each, and with the other scope."""
    now = float(json.loads(fetch(f"{url}/api/v1/query?query=time()"))["data"]["result"][1])
    clock = Clock(now, speed, epoch)
    (one,) = (
        each["metric"]
        for each in ask(url, 'serving:deployment:info{model_name="translate", environment="production"}', clock, ranged=False)
    )
    chosen = {"workspace": "workspace", "model": "model_id", "environment": "environment", "deployment": "deployment_id"}
    single = {**ALL, **{variable: one[label] for variable, label in chosen.items()}, "scope": "environment", "window": "15m"}
    return [
        Asked(str(board.uid), words, tuple(answers(url, board, clock, variables)))
        for board in BOARDS
        for words, variables in (("all", ALL), ("one of each", single))
    ]


def table(found: Iterable[Answer]) -> Iterator[str]:
    """Yield a line for each query: series drawn, panel, error."""
    for answer in found:
        yield f"{answer.drawn:5}  {answer.panel}{'   ERROR ' + answer.error if answer.error else ''}"


def main() -> None:
    """Print; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True)
    parser.add_argument("--board", choices=[str(board.uid) for board in BOARDS], required=True)
    parser.add_argument("--time", type=float, default=time.time())
    parser.add_argument("--speed", type=float, default=1)
    parser.add_argument("--epoch", type=float, default=0)
    parser.add_argument("--verbose", action="store_true", help="also the queries of panels that draw nothing, and two series of the rest")
    options = parser.parse_args()
    board = next(each for each in BOARDS if str(each.uid) == options.board)
    for answer in answers(options.url, board, Clock(options.time, options.speed, options.epoch)):
        print(*table([answer]))
        if options.verbose:
            print("        " + (answer.expr if not answer.drawn else str([(s["metric"], _samples(s)[-1][1]) for s in answer.series[:2]])))


if __name__ == "__main__":
    main()
