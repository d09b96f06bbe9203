"""The program: what it prints, how it ends, what it says when it cannot start."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner

from serving_simulator.cli import main

FLEET = """
keys: [{key: only.one, type: PERSONAL, name: test}]
models:
  - name: tiny
    id: tiny1
    deployments: [{environment: production}]
"""


@pytest.fixture
def fleet_file(tmp_path: Path) -> Path:
    path = tmp_path / "fleet.yaml"
    path.write_text(FLEET, "utf-8")
    return path


def test_help_names_every_option() -> None:
    shown = CliRunner().invoke(main, ["serve", "--help"]).output
    for option in ("--fleet", "--port", "--host", "--speed", "--seed"):
        assert option in shown


def test_a_missing_fleet_is_said_plainly() -> None:
    result = CliRunner().invoke(main, ["serve", "--fleet", "nowhere.yaml", "--port", "0"])
    assert result.exit_code == 2
    assert "nowhere.yaml: found no readable file" in result.output
    assert "Traceback" not in result.output


def test_a_bad_fleet_names_file_path_and_what_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("models: [{name: x, deployments: [{state: asleep}]}]", "utf-8")
    result = CliRunner().invoke(main, ["serve", "--fleet", str(path), "--port", "0"])
    assert result.exit_code == 2
    assert "bad.yaml: models[0].deployments[0].state: found 'asleep'" in result.output


@pytest.mark.parametrize("arguments", [["--port", "70000"], ["--speed", "0"], ["--speed", "fast"], ["--colour", "red"]])
def test_bad_options(arguments: list[str]) -> None:
    assert CliRunner().invoke(main, ["serve", *arguments]).exit_code == 2


def test_a_port_in_use_is_said_plainly(fleet_file: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        result = CliRunner().invoke(main, ["serve", "--fleet", str(fleet_file), "--port", port])
    assert result.exit_code == 2
    assert f"cannot listen on 127.0.0.1:{port}" in result.output


@pytest.mark.real_time
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serves_until_it_is_told_to_stop(fleet_file: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-c", "from serving_simulator.cli import main; main()", "serve", "--fleet", str(fleet_file), "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            lines = []
            for line in process.stdout:
                lines.append(line.rstrip())
                if line.startswith("Stop with"):
                    break
            address = re.search(r"on (http://127\.0\.0\.1:\d+) at 1x real time", lines[0])
            assert address is not None, lines
            assert "  only.one  PERSONAL  (test)" in lines
            request = urllib.request.Request(address[1] + "/metrics", headers={"Authorization": "Bearer only.one"})  # noqa: S310
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                assert b"baseten_replicas_active{" in answer.read()
            process.send_signal(number)
            rest = process.stdout.read()
            assert process.wait(10) == 0
            assert rest == "Stopped.\n"
            assert process.stderr.read() == ""
        finally:
            process.kill()
