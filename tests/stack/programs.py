"""Real programs on the wall clock: started on free ports, waited for with a bound, ended by their id."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Self, TypeVar

T = TypeVar("T")


class Program:
    """A started program whose output is collected while it runs; as a context it has ended on exit."""

    def __init__(self, *arguments: str, env: dict[str, str] | None = None, cwd: Path | None = None, ends_within: float = 15) -> None:
        self._ends_within = ends_within
        self.process = subprocess.Popen(
            arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env, cwd=cwd, start_new_session=True
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def address(self, pattern: str, *, within: float = 60) -> str:
        """Wait for a line that matches and return its first group; fail as soon as the program has ended without one."""

        def look() -> str | None:
            ended = self.process.poll() is not None
            if ended:
                self._reader.join(5)
            match = re.search(pattern, self.output)
            assert match or not ended, f"ended without {pattern}:\n{self.output}"
            return match.group(1) if match else None

        return wait_for(look, within=within, what=pattern)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(self._ends_within)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self._reader.join(5)
            if self.process.stdout is not None:
                self.process.stdout.close()


def run(*arguments: str, stdin: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    return subprocess.run(arguments, input=stdin, cwd=cwd, capture_output=True, text=True, timeout=60, check=False)


def wait_for(ask: Callable[[], T | None], *, within: float, what: str) -> T:
    """Ask until there is an answer; fail after ``within`` seconds."""
    deadline = time.monotonic() + within
    while True:
        answer = ask()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"{what}: not within {within} s"
        threading.Event().wait(0.2)


def fetch(url: str, data: bytes | None = None, *, within: float = 10, **headers: str) -> str:
    """GET, or POST when there are data; an answer that is an error fails with what the program said."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=within) as answer:  # noqa: S310 - loopback
            body: bytes = answer.read()
    except urllib.error.HTTPError as error:
        error.add_note(error.read().decode(errors="replace"))
        raise
    return body.decode()


def try_fetch(url: str) -> str | None:
    try:
        return fetch(url)
    except (urllib.error.URLError, ConnectionError):
        return None


def command(name: str) -> str:
    """Return the path of one of our console scripts in the environment of the tests."""
    return str(Path(sys.executable).with_name(name))
