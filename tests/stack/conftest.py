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

from .demo_run import SPEED, Outcome, Stack, observe
from .programs import Program

DEMO_SECONDS = 160
"""At a simulated minute a second: past the slowest of the headline alerts."""
DEMO_TIMEOUT = 2 * (DEMO_SECONDS + 180)
"""Of a test that is the first to ask for the run, which may be repeated once."""
HEALED = "video-caption"
"""A model whose incident is ended at the end of the run: hardware is found."""


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
    """What became of the demo fleet at speed: alerts, notifications, and the answers to every query of every dashboard."""

    outcome: Outcome
    asked: list[Asked]
    resolved: bool
    """Whether a person was sent the end of the incident of ``HEALED``."""


@pytest.fixture(scope="session")
def demo_run() -> DemoRun:
    """Run the stack for some minutes, once; again when the machine disturbed it: such a run proves nothing, whatever it raised."""
    run = _run()
    return _run() if run.outcome.disturbed else run


def _run() -> DemoRun:
    asked: list[Asked] = []
    resolved: list[bool] = []

    def then(stack: Stack) -> None:
        asked.extend(ask_everything(stack.prometheus.url, SPEED, stack.demo.epoch))
        stack.act(action="capacity", available=True, deployment=f"{HEALED}/deployment-1")
        resolved.append(stack.resolved(HEALED, "ServingRequestsParked/critical", within=90))

    outcome = asyncio.run(observe(DEMO_SECONDS, say=False, then=then))
    return DemoRun(outcome, asked, *resolved)
