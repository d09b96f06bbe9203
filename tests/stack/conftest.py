"""What tests of the whole stack share."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.grafana.execution import Asked, ask_everything
from tests.tools.toolchain import PROMETHEUS

from .demo_alerts import SPEED, Outcome, observe
from .programs import Program
from .prometheus import Prometheus

DEMO_SECONDS = 160
"""At a simulated minute a second: past the slowest of the headline alerts."""


@pytest.fixture
def start() -> Iterator[Callable[..., Program]]:
    """Start programs; all of them have ended after the test."""
    programs: list[Program] = []

    def start_one(*arguments: str, env: dict[str, str] | None = None) -> Program:
        programs.append(Program(*arguments, env=env))
        return programs[-1]

    yield start_one
    for program in reversed(programs):
        program.end()


@pytest.fixture
def _prometheus_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let programs of the test find a Prometheus on PATH, as on a machine that has one installed."""
    if shutil.which("prometheus") is None:
        monkeypatch.setenv("PATH", os.pathsep.join([os.environ["PATH"], str(Path(PROMETHEUS[0].prometheus).parent)]))


@dataclass
class DemoRun:
    """What a real Prometheus saw of the demo fleet at speed: alerts, and the answers to every query of every dashboard."""

    outcome: Outcome
    asked: list[Asked]


@pytest.fixture(scope="session")
def demo_run() -> DemoRun:
    """Run the stack for some minutes, once; again when the machine disturbed it: such a run proves nothing, whatever it raised."""
    asked: list[Asked] = []

    def ask(server: Prometheus, epoch: float) -> None:
        asked[:] = ask_everything(server.url, SPEED, epoch)

    for _ in range(2):
        outcome = asyncio.run(observe(DEMO_SECONDS, say=False, then=ask))
        if not outcome.disturbed:
            break
    return DemoRun(outcome, asked)
