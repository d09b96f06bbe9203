"""Every supported Prometheus scrapes emulator and exporter; promtool has nothing to say about what this project adds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from tests.tools.toolchain import PROMETHEUS, PrometheusRelease

from serving_exporter.catalogue import CATALOGUE
from serving_exporter.scrape_config import scrape_config

from .programs import Program, command, fetch, run, wait_for
from .prometheus import prometheus

pytestmark = [pytest.mark.real_time, pytest.mark.timeout(180)]

REPOSITORY = Path(__file__).resolve().parents[2]
each_release = pytest.mark.parametrize("release", PROMETHEUS, ids=str)


@pytest.fixture(scope="module")
def demo() -> Iterator[Program]:
    with Program(command("serving-exporter"), "demo", "--speed", "60", "--no-prometheus") as program:
        program.address(r"(ready: every source)")
        yield program


@each_release
def test_prometheus_scrapes_both_sides_without_an_error_and_honours_their_labels(
    release: PrometheusRelease, demo: Program, tmp_path: Path
) -> None:
    exporter = demo.address(r"exporter\s+http://([^/\s]+)/metrics")
    emulator = demo.address(r"emulator\s+http://([^/\s]+)/_emulator/")
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
    with prometheus(release, tmp_path, document) as server:
        wait_for(lambda: len(server.query("count_over_time(up[1m]) >= 3")) == 2, within=60, what="three scrapes of both")
        assert {(target["health"], target["lastError"]) for target in server.targets()} == {("up", "")}
        assert not server.query("min_over_time(up[1m]) == 0")

        # Nothing was refused sample by sample either, and every line that was served is there.
        assert "Error on ingesting" not in server.program.output
        assert server.query('max(scrape_samples_scraped{job="serving-exporter"})')[0]["value"][1] != "0"
        kept = server.query('count by (environment) (baseten_replicas_active{job="serving-exporter"})')
        assert "production" in {series["metric"].get("environment") for series in kept}
        assert not server.query('baseten_replicas_active{job="serving-exporter", exported_environment!=""}')
        load = server.query('baseten_concurrent_requests{job="serving-exporter"} and on (deployment_id) baseten_deployment_max_replicas')
        assert len(load) >= 10, "load and settings join on the deployment"


@each_release
def test_promtool_accepts_the_page_and_finds_nothing_in_our_own_families(release: PrometheusRelease, demo: Program) -> None:
    exporter = demo.address(r"exporter\s+(http://[^/\s]+)/metrics")
    page = fetch(f"{exporter}/metrics")
    ours = set(CATALOGUE)
    assert {name for name in ours if re.search(rf"^# TYPE {name} ", page, re.MULTILINE)} >= {
        "baseten_deployment_status",
        "baseten_replica_startup_seconds",
        "serving_exporter_source_up",
    }
    lines = [line for line in page.splitlines(keepends=True) if _family(line) in ours]
    result = run(release.promtool, "check", "metrics", stdin="".join(lines))
    assert (result.returncode, result.stdout + result.stderr) == (0, "")
    # The whole page parses: what promtool says of it is about the names of native families alone.
    whole = run(release.promtool, "check", "metrics", stdin=page)
    assert "error while linting" not in whole.stderr
    assert not [line for line in (whole.stdout + whole.stderr).splitlines() if line.split(" ")[0] in ours]


def _family(line: str) -> str:
    name = line.split(" ")[2] if line.startswith("# ") else re.split(r"[{ ]", line, maxsplit=1)[0]
    return next((name.removesuffix(suffix) for suffix in ("_bucket", "_sum", "_count") if name.removesuffix(suffix) in CATALOGUE), name)


@each_release
def test_the_shipped_scrape_configuration_is_the_tested_one_and_valid(release: PrometheusRelease) -> None:
    path = REPOSITORY / "deploy" / "prometheus" / "prometheus.yml"
    assert path.read_text() == scrape_config()
    result = run(release.promtool, "check", "config", str(path))
    assert result.returncode == 0, result.stderr


@each_release
def test_a_rule_file_is_evaluated_and_its_alert_can_be_read_back(release: PrometheusRelease, tmp_path: Path) -> None:
    rules = tmp_path / "rules.yml"
    rule = {"alert": "Always", "expr": "vector(1) > 0", "labels": {"severity": "info"}}
    rules.write_text(yaml.safe_dump({"groups": [{"name": "g", "interval": "1s", "rules": [rule]}]}))
    with prometheus(release, tmp_path / "prometheus", {}, rules=[rules]) as server:
        alert = wait_for(server.alerts, within=30, what="the alert")[0]
        assert (alert["state"], alert["labels"]) == ("firing", {"alertname": "Always", "severity": "info"})
        assert [(each["name"], each["health"]) for each in server.rules()] == [("Always", "ok")]


def test_a_program_that_ends_at_once_fails_the_wait_with_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="no_such_key"), prometheus(PROMETHEUS[0], tmp_path, {"no_such_key": 1}):
        pass
