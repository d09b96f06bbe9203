"""Real programs on the wall clock: started on free ports, waited for with a bound, ended by their id."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

T = TypeVar("T")


class Program:
    """A started program whose output is collected while it runs."""

    def __init__(self, *arguments: str, env: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env, start_new_session=True
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def address(self, pattern: str, *, within: float = 60) -> str:
        """Wait for a line that matches and return its first group."""
        return wait_for(lambda: match.group(1) if (match := re.search(pattern, self.output)) else None, within=within, what=pattern)

    def end(self, number: int = signal.SIGTERM, *, within: float = 15) -> int:
        """Send a signal and return the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(within)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self._reader.join(5)
            if self.process.stdout is not None:
                self.process.stdout.close()


def wait_for(ask: Callable[[], T | None], *, within: float, what: str) -> T:
    """Ask until there is an answer; fail after ``within`` seconds."""
    deadline = time.monotonic() + within
    while True:
        answer = ask()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"{what}: not within {within} s"
        threading.Event().wait(0.2)


def fetch(url: str, **headers: str) -> str:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:  # noqa: S310 - loopback
        body: bytes = answer.read()
    return body.decode()


def try_fetch(url: str) -> str | None:
    try:
        return fetch(url)
    except (urllib.error.URLError, ConnectionError):
        return None


def query(base: str, expression: str) -> list[dict[str, Any]]:
    """Ask a Prometheus for an instant vector."""
    text = fetch(f"{base}/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
    result: list[dict[str, Any]] = json.loads(text)["data"]["result"]
    return result


def command(name: str) -> str:
    """Return the path of one of our console scripts in the environment of the tests."""
    return str(Path(sys.executable).with_name(name))


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


@pytest.fixture(scope="session")
def prometheus_binary() -> str:
    found = shutil.which("prometheus")
    if found is None:
        pytest.skip("no prometheus on PATH (make test fetches one)")
    return found
