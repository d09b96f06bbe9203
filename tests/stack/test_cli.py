"""The commands as a user types them: what they print, how they end, what they never show."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from serving_exporter.cli import main
from serving_exporter.config import Address
from serving_exporter.health import ask_health

from .programs import Program, command, fetch, try_fetch, wait_for

pytestmark = [pytest.mark.real_time, pytest.mark.timeout(120)]

CANARY = "canary01.do-not-show-this-value-anywhere"


def _environment(emulator: str, key: str = "demo.emulator", **extra: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "BASETEN_API_KEY": key,
        "BASETEN_APP_URL": emulator,
        "BASETEN_API_URL": emulator,
        "BASETEN_MODEL_URL": emulator + "/model-{model_id}",
        "SERVING_EXPORTER_LISTEN_ADDRESS": "127.0.0.1:0",
        "SERVING_EXPORTER_STATE_FILE": "",
        **extra,
    }


def _emulator(start: Callable[..., Program]) -> str:
    return start(command("serving-simulator"), "serve", "--fleet", "demo", "--port", "0").address(r"on (http://\S+)")


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


@pytest.mark.usefixtures("_prometheus_on_path")
def test_demo_prints_its_addresses_serves_and_ends_everything_on_ctrl_c(start: Callable[..., Program]) -> None:
    program = start(command("serving-exporter"), "demo", "--speed", "60")
    exporter = program.address(r"exporter\s+(http://[^/\s]+)/metrics")
    emulator = program.address(r"emulator\s+(http://[^/\s]+)/_emulator/")
    prometheus = program.address(r"prometheus\s+(http://[^/\s]+)/")
    program.address(r"(ready: every source)")
    assert 'baseten_deployment_max_replicas{workspace="demo"' in fetch(f"{exporter}/metrics")
    assert _children(program.process.pid), "Prometheus is a child"
    commands = [Path(f"/proc/{pid}/cmdline").read_text() for pid in (program.process.pid, *_children(program.process.pid))]
    assert not any("demo.emulator" in text for text in commands)
    assert program.end(signal.SIGINT) == 0
    for url in (f"{exporter}/metrics", f"{emulator}/_emulator/", f"{prometheus}/-/ready"):
        assert try_fetch(url) is None, f"{url} still answers"
    assert "demo.emulator" not in program.output


def test_demo_takes_the_addresses_it_is_given_and_says_when_one_is_in_use(start: Callable[..., Program]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        program = start(command("serving-exporter"), "demo", "--listen-address", address, "--no-prometheus")
        assert program.process.wait(60) == 2
        wait_for(lambda: program.output, within=5, what="a message")
        assert "cannot listen" in program.output
        assert address in program.output
        assert "Traceback" not in program.output
    program = start(command("serving-exporter"), "demo", "--listen-address", address, "--no-prometheus")
    assert program.address(r"exporter\s+(http://[^/\s]+)/metrics") == f"http://{address}"


def test_serve_needs_no_file_reloads_on_sighup_and_stops_on_sigterm(start: Callable[..., Program]) -> None:
    emulator = _emulator(start)
    program = start(command("serving-exporter"), "serve", env=_environment(emulator))
    url = program.address(r"serving (http://[^/\s]+)/metrics")
    wait_for(lambda: try_fetch(f"{url}/-/ready"), within=60, what="ready")
    for source in ("feed", "inventory", "prices", "events", "chains"):
        assert re.search(rf'msg="{source}: first success after [^"]+"', program.output), "progress of a long start"
    program.process.send_signal(signal.SIGHUP)
    program.address(r"(configuration read again)")
    assert program.end(signal.SIGTERM) == 0
    assert "Traceback" not in program.output


def test_check_prints_a_table_and_its_exit_status_says_whether_it_is_good(start: Callable[..., Program]) -> None:
    emulator = _emulator(start)
    good = start(command("serving-exporter"), "check", env=_environment(emulator))
    assert good.process.wait(60) == 0, good.output
    wait_for(lambda: "billing" in good.output, within=5, what="the table")
    assert re.search(r"^default +feed +yes +yes +\d+", good.output, re.MULTILINE)
    assert re.search(r"^default +inventory +yes +yes +\d+", good.output, re.MULTILINE)
    poor = start(command("serving-exporter"), "check", env=_environment(emulator, key="demo.metrics"))
    assert poor.process.wait(60) == 1
    wait_for(lambda: "billing" in poor.output, within=5, what="the table")
    assert re.search(r"^default +feed +yes +yes", poor.output, re.MULTILINE)
    assert re.search(r"^default +inventory +yes +NO .*blind: settings", poor.output, re.MULTILINE)
    assert "demo.metrics" not in poor.output + good.output


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "workspaces:\n  - name: a\n    api_key: {key}\n  - name: b\n    api_key: {key}\n    sources: {{feed: {{interval: soon}}}}\n",
            "workspaces[1].sources.feed.interval: found 'soon', allowed: a duration",
        ),
        ("workspaces:\n  - name: a\n    api_kee: {key}\n", "workspaces[0].api_kee"),
        ("workspaces: {key}\n", "workspaces"),
        ("workspaces:\n  - name: a\n    key_file: absent.key\n", "absent.key"),
        ("workspaces:\n  - name: a\n    api_key: ${{NOT_SET_ANYWHERE}}\n", "NOT_SET_ANYWHERE"),
        ("workspaces: [\n", "line"),
    ],
)
@pytest.mark.parametrize("verb", ["serve", "check"])
def test_a_bad_file_names_file_key_found_and_allowed_exits_2_and_shows_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str, text: str, expected: str
) -> None:
    for name in [name for name in os.environ if name.startswith(("BASETEN_", "SERVING_EXPORTER_"))]:
        monkeypatch.delenv(name)
    path = tmp_path / "exporter.yaml"
    path.write_text(text.format(key=CANARY))
    result = CliRunner().invoke(main, [verb, "--config", str(path)])
    assert result.exit_code == 2
    assert str(path) in result.output
    assert expected in result.output
    assert "do-not-show" not in result.output


def test_without_any_key_the_variables_that_were_looked_for_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("BASETEN_", "SERVING_EXPORTER_"))]:
        monkeypatch.delenv(name)
    result = CliRunner().invoke(main, ["serve"])
    assert result.exit_code == 2
    assert "BASETEN_API_KEY or BASETEN_API_KEY_FILE" in result.output


def test_health_asks_the_exporter_that_runs_and_its_exit_status_is_the_answer(start: Callable[..., Program]) -> None:
    emulator = _emulator(start)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    environment = _environment(emulator, SERVING_EXPORTER_LISTEN_ADDRESS=address)
    before = start(command("serving-exporter"), "health", env=environment)
    assert before.process.wait(30) == 1
    wait_for(lambda: before.output, within=5, what="a message")
    assert f"no answer from {address}" in before.output
    start(command("serving-exporter"), "serve", env=environment).address(r"serving (http://[^/\s]+)/metrics")
    asked = start(command("serving-exporter"), "health", env=environment)
    assert asked.process.wait(30) == 0
    wait_for(lambda: asked.output, within=5, what="a message")
    assert "healthy: every poller turns" in asked.output


def test_health_asks_the_loopback_of_one_that_listens_everywhere_and_knows_no_for_an_answer() -> None:
    class Sick(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503)
            self.end_headers()
            self.wfile.write(b"stuck: feed\n")

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Sick) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        assert ask_health(Address("0.0.0.0", server.server_port), 5) == (False, "stuck: feed")


def test_the_inbox_takes_a_notification_shows_it_and_ends(start: Callable[..., Program]) -> None:
    program = start(command("serving-simulator"), "inbox", "--port", "0")
    url = program.address(r"arrive at (http://\S+)/webhook")
    body = b'{"receiver": "pager", "status": "firing", "alerts": [{"status": "firing", "labels": {"alertname": "ServingThrash"}}]}'
    assert fetch(f"{url}/webhook", body) == "taken\n"
    assert "ServingThrash (firing)" in fetch(f"{url}/")
    taken = start(command("serving-simulator"), "inbox", "--port", url.rpartition(":")[2])
    assert taken.process.wait(30) == 2
    wait_for(lambda: "cannot listen" in taken.output, within=5, what="a message")
    assert program.end(signal.SIGINT) == 0


def test_an_exporter_whose_state_cannot_be_written_serves_all_the_same(start: Callable[..., Program]) -> None:
    """A read-only root file system, and a shard to which no organization fell, are no errors."""
    emulator = _emulator(start)
    environment = _environment(emulator, SERVING_EXPORTER_STATE_FILE="/proc/no/state.json")
    program = start(command("serving-exporter"), "serve", env=environment)
    url = program.address(r"serving (http://[^/\s]+)/metrics")
    wait_for(lambda: "cannot be written" in program.output, within=60, what="a warning")
    assert "serving_exporter_build_info" in fetch(f"{url}/metrics")
    environment = _environment(emulator, SERVING_EXPORTER_SHARD_INDEX="exporter-1", SERVING_EXPORTER_SHARD_COUNT="2")
    idle = start(command("serving-exporter"), "serve", env=environment)
    url = idle.address(r"serving (http://[^/\s]+)/metrics")
    assert fetch(f"{url}/-/ready").strip() == "ready"
    assert "serving_exporter_build_info" in fetch(f"{url}/metrics")
    assert "baseten_" not in fetch(f"{url}/metrics")
    assert json.loads(fetch(f"{url}/sd")) == []
