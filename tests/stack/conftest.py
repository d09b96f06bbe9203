"""What tests of the whole stack share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.tools.toolchain import PROMETHEUS

from .programs import Program


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
