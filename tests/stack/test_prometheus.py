"""A real Prometheus scrapes emulator and exporter; promtool has nothing to say about what this project adds."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from serving_exporter.catalogue import CATALOGUE
from serving_exporter.scrape_config import scrape_config

from .conftest import Program, command, fetch, query, try_fetch, wait_for

pytestmark = [pytest.mark.real_time, pytest.mark.timeout(180)]

REPOSITORY = Path(__file__).resolve().parents[2]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _promtool() -> str:
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("no promtool on PATH (make test fetches one)")
    return found


def test_prometheus_scrapes_both_sides_without_an_error_and_honours_their_labels(
    start: Callable[..., Program], prometheus_binary: str, tmp_path: Path
) -> None:
    demo = start(command("serving-exporter"), "demo", "--speed", "60", "--no-prometheus")
    exporter = demo.address(r"exporter\s+http://([^/\s]+)/metrics")
    emulator = demo.address(r"emulator\s+http://([^/\s]+)/_emulator/")
    demo.address(r"(ready: every source)")

    document = yaml.safe_load(scrape_config(exporter, interval_seconds=1))
    document["scrape_configs"][0]["static_configs"][0]["labels"] = {"environment": "of-the-target"}
    document["scrape_configs"].append(
        {
            "job_name": "emulator",
            "scrape_interval": "2s",
            "scrape_timeout": "2s",
            "authorization": {"credentials": "demo.emulator"},
            "static_configs": [{"targets": [emulator]}],
        }
    )
    configuration = tmp_path / "prometheus.yml"
    configuration.write_text(yaml.safe_dump(document))
    base = f"http://127.0.0.1:{_free_port()}"
    prometheus = start(
        prometheus_binary,
        f"--config.file={configuration}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address={base.removeprefix('http://')}",
    )
    wait_for(lambda: try_fetch(f"{base}/-/ready"), within=30, what="Prometheus is ready")
    wait_for(lambda: len(query(base, "count_over_time(up[1m]) >= 5")) == 2, within=60, what="five scrapes of both")
    targets = json.loads(fetch(f"{base}/api/v1/targets"))["data"]["activeTargets"]
    assert {(target["health"], target["lastError"]) for target in targets} == {("up", "")}
    assert not query(base, "min_over_time(up[1m]) == 0")

    # Nothing was refused sample by sample either, and every line that was served is there.
    for metric in ("out_of_order", "duplicate_timestamp", "out_of_bounds"):
        assert f"{metric}" not in "\n".join(line for line in prometheus.lines if "warn" in line)
    assert query(base, 'max(scrape_samples_scraped{job="serving-exporter"})')[0]["value"][1] != "0"
    kept = query(base, 'count by (environment) (baseten_replicas_active{job="serving-exporter"})')
    assert "production" in {series["metric"].get("environment") for series in kept}
    assert not query(base, 'baseten_replicas_active{job="serving-exporter", exported_environment!=""}')
    load = query(base, 'baseten_concurrent_requests{job="serving-exporter"} and on (deployment_id) baseten_deployment_max_replicas')
    assert len(load) >= 10, "load and settings join on the deployment"


def test_promtool_accepts_the_page_and_finds_nothing_in_our_own_families(start: Callable[..., Program]) -> None:
    demo = start(command("serving-exporter"), "demo", "--speed", "60", "--no-prometheus")
    exporter = demo.address(r"exporter\s+(http://[^/\s]+)/metrics")
    demo.address(r"(ready: every source)")
    page = fetch(f"{exporter}/metrics")
    ours = set(CATALOGUE)
    assert {name for name in ours if re.search(rf"^# TYPE {name} ", page, re.MULTILINE)} >= {
        "baseten_deployment_status",
        "baseten_replica_startup_seconds",
        "serving_exporter_source_up",
    }
    lines = [line for line in page.splitlines(keepends=True) if _family(line) in ours]
    result = subprocess.run(
        [_promtool(), "check", "metrics"], input="".join(lines), capture_output=True, text=True, timeout=60, check=False
    )
    assert (result.returncode, result.stdout + result.stderr) == (0, "")
    # The whole page parses: what promtool says of it is about the names of native families alone.
    whole = _check_metrics(page)
    assert "error while linting" not in whole.stderr
    assert not [line for line in (whole.stdout + whole.stderr).splitlines() if line.split(" ")[0] in ours]


def _check_metrics(text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([_promtool(), "check", "metrics"], input=text, capture_output=True, text=True, timeout=60, check=False)


def _family(line: str) -> str:
    name = line.split(" ")[2] if line.startswith("# ") else re.split(r"[{ ]", line, maxsplit=1)[0]
    return next((name.removesuffix(suffix) for suffix in ("_bucket", "_sum", "_count") if name.removesuffix(suffix) in CATALOGUE), name)


def test_the_shipped_scrape_configuration_is_the_tested_one_and_valid() -> None:
    path = REPOSITORY / "deploy" / "prometheus" / "prometheus.yml"
    assert path.read_text() == scrape_config()
    result = subprocess.run([_promtool(), "check", "config", str(path)], capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
