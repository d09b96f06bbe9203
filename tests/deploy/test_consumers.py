"""The collectors' configurations: their Prometheus receivers run in a real Prometheus against the exporter."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.stack.programs import Program, command, run, wait_for
from tests.stack.prometheus import prometheus
from tests.tools.toolchain import PROMETHEUS

from serving_exporter.scrape_config import scrape_config

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "consumers"
FILES = sorted(FOLDER.glob("*.yaml"))
each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def loaded(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(path.read_text())
    return document


def receiver(path: Path) -> dict[str, Any]:
    """The scrape configuration, as the collector hands it to Prometheus' own code: a ``$$`` is a ``$`` there."""
    text = json.dumps(loaded(path)["receivers"]["prometheus"]["config"])
    assert not re.search(r"(?<!\$)\$(?!\$)", text), "a single $ is the collector's own"
    configuration: dict[str, Any] = json.loads(text.replace("$$", "$"))
    return configuration


def test_there_is_one_for_each_consumer_that_the_page_names() -> None:
    page = (FOLDER.parents[1] / "docs" / "consumers.md").read_text()
    assert {path.name for path in FILES} == set(re.findall(r"deploy/consumers/([\w-]+\.yaml)", page))
    assert len(FILES) == 4


@each_file
def test_the_receiver_scrapes_as_the_tested_configuration_does(path: Path) -> None:
    (job,) = receiver(path)["scrape_configs"]
    tested = yaml.safe_load(scrape_config("exporter:9816"))
    extra = {"scrape_interval", "scrape_timeout", "metric_relabel_configs"}
    assert {key: value for key, value in job.items() if key not in extra} == tested["scrape_configs"][0]
    assert job["scrape_interval"] == tested["global"]["scrape_interval"]


@each_file
def test_promtool_accepts_the_receivers_configuration(path: Path, tmp_path: Path) -> None:
    file = tmp_path / "prometheus.yml"
    file.write_text(yaml.safe_dump(receiver(path)))
    for release in PROMETHEUS:
        result = run(release.promtool, "check", "config", str(file))
        assert result.returncode == 0, result.stdout + result.stderr


@each_file
def test_what_the_pipelines_name_is_defined_and_all_of_it_is_used(path: Path) -> None:
    document = loaded(path)
    service = document["service"]
    for kind in ("receivers", "processors", "exporters"):
        named = {each for pipeline in service["pipelines"].values() for each in pipeline.get(kind, ())}
        assert named == document.get(kind, {}).keys(), kind
    assert set(service.get("extensions", ())) == document.get("extensions", {}).keys()
    for exporter in document["exporters"].values():
        authenticator = exporter.get("auth", {}).get("authenticator")
        assert authenticator is None or authenticator in document["extensions"]


@each_file
def test_no_secret_stands_in_a_file(path: Path) -> None:
    secrets = re.findall(r"(?:key|token|password|username): *(\S+)", path.read_text(), re.IGNORECASE)
    assert all(re.fullmatch(r"\$\{env:[A-Z_]+\}", each) for each in secrets), secrets


@pytest.mark.real_time
@pytest.mark.timeout(120)
def test_the_receivers_bring_what_an_incident_needs(tmp_path: Path) -> None:
    wanted = ("baseten_concurrent_requests", "baseten_deployment_max_replicas", "baseten_deployment_status", "serving_exporter_source_up")
    with Program(command("serving-exporter"), "demo", "--speed", "60", "--no-prometheus") as demo:
        demo.address(r"(ready: every source)")
        exporter = demo.address(r"exporter\s+http://([^/\s]+)/metrics")
        jobs = []
        for path in FILES:
            (job,) = receiver(path)["scrape_configs"]
            job |= {"job_name": path.stem, "scrape_interval": "1s", "scrape_timeout": "1s", "static_configs": [{"targets": [exporter]}]}
            jobs.append(job)
        with prometheus(PROMETHEUS[-1], tmp_path, {"scrape_configs": jobs}) as server:
            for path in FILES:
                for name in wanted:
                    wait_for(lambda query=f'{name}{{job="{path.stem}"}}': server.query(query), within=30, what=f"{name} by {path.stem}")
                assert not server.query(f'{{job="{path.stem}", exported_environment!=""}}')
