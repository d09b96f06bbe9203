"""Every query of every dashboard, asked of a real Prometheus that has scraped the demo fleet and evaluated the shipped rules."""

from __future__ import annotations

import re
import sys

import pytest
from tests.grafana.execution import table

from serving_dashboards.boards import BOARDS

from .conftest import DEMO_TIMEOUT, DemoRun

pytestmark = [pytest.mark.real_time, pytest.mark.timeout(DEMO_TIMEOUT)]

_ENGINE = "the demo's engine is BIS-LLM, without a draft model"
_PAST = "Prometheus has seen hours, not days"
EMPTY = {
    "serving-cost: Billed usage": "the source billing is off by default",
    "serving-cost: Growth of the cost": _PAST,
    "serving-deployment: WebSocket closes by code": "no model of the demo speaks WebSocket",
    "serving-deployment: WebSocket connections": "as above",
    "serving-deployment: gRPC answers by status": "nor gRPC",
    "serving-engines: Speculation": _ENGINE,
    **{f"serving-engines: vLLM {each}": _ENGINE for each in ("requests", "tokens in a second", "KV cache", "time to first token")},
    **{f"serving-engines: SGLang {each}": _ENGINE for each in ("requests", "tokens in a second", "caches", "time to first token")},
    "serving-exporter: Lines dropped": "nothing is dropped",
}
"""Panels (dashboard: title) that draw nothing in the demo, and why: they then say what is missing."""
SOMETIMES = {
    "serving-cost: What advice would save": "advice to save needs hours of evidence",
    "serving-fleet: Promotions in progress": "there is one every twenty minutes",
}


def test_no_query_is_an_error(demo_run: DemoRun) -> None:
    assert {each.uid for each in demo_run.asked} == {str(board.uid) for board in BOARDS}
    wrong = [
        f"{each.uid} ({each.variables}): {one.panel}: {one.error}: {one.expr}"
        for each in demo_run.asked
        for one in each.answers
        if one.error
    ]
    assert wrong == []


def test_every_panel_draws_what_the_fleet_has(demo_run: DemoRun) -> None:
    """`make panels` shows the list that this prints."""
    drawn: dict[str, int] = {}
    for each in demo_run.asked:
        if each.variables == "all":
            sys.stdout.writelines(f"{line}\n" for line in (f"\n{each.uid}", *table(each.answers)))
            for one in each.answers:
                name = f"{each.uid}: {one.panel}"
                drawn[name] = drawn.get(name, 0) + one.drawn
    nothing = {name for name, count in drawn.items() if not count}
    assert nothing - SOMETIMES.keys() == EMPTY.keys()
    texts = {f"{board.uid}: {panel.title}": panel.needs.value for board in BOARDS for panel in board.panels()}
    for name in nothing:
        assert re.match("No data|Nothing", texts[name]), name


def test_one_deployment_draws_less_than_all_of_them(demo_run: DemoRun) -> None:
    """A panel that ignores what is selected shows other people's numbers."""
    for board in BOARDS:
        everything, single = ({one.panel: one.drawn for one in each.answers} for each in demo_run.asked if each.uid == str(board.uid))
        many = [name for name, count in everything.items() if count > 8 and not name.startswith("variable")]
        for name in many if board.uid != "serving-exporter" else ():
            assert single[name] < everything[name], f"{board.uid}: {name}"
