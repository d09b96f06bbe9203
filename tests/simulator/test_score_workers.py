"""A scorecard that is told to end leaves no program behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from serving_simulator.score.workers import workers

BATCH = """
import subprocess, sys
from serving_simulator.score.workers import workers

def batch(_):
    program = subprocess.Popen([sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"])
    try:
        program.wait()
    finally:
        program.kill()
        program.wait()

if __name__ == "__main__":
    with workers(1) as pool:
        {what}
"""


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("what", "told", "code"),
    [
        ("list(pool.map(batch, [0]))", True, 128 + signal.SIGTERM),
        ("pool.submit(batch, 0); sys.stdin.read(); raise SystemExit(3)", False, 3),
    ],
    ids=["told to end", "failed"],
)
def test_what_a_batch_started_ends_with_it(tmp_path: Path, what: str, told: bool, code: int) -> None:
    script = tmp_path / "score.py"
    script.write_text(BATCH.format(what=what))
    with subprocess.Popen([sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        assert program.stdout.readline() == "up\n"
        if told:
            program.terminate()
        program.stdin.close()
        assert program.stdout.read() == "", "this end of the pipe closes when nobody holds the other one"
        assert program.wait() == code


def test_a_pool_gives_back_what_it_found_and_the_signal() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with workers(1) as pool:
        assert list(pool.map(abs, [-1, 2])) == [1, 2]
    assert signal.getsignal(signal.SIGTERM) is before
