"""compose.yaml, as far as it can be checked without an engine; what its services run with is what the tests of the whole stack run with."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from tests.stack.alertmanager import check_config
from tests.stack.demo_run import COMPOSE
from tests.stack.programs import run
from tests.tools.toolchain import ALERTMANAGER, PROMETHEUS, AlertmanagerRelease, PrometheusRelease, docker_compose

from serving_dashboards.cli import main as serving_dashboards
from serving_exporter import __version__
from serving_exporter.cli import main as serving_exporter
from serving_exporter.config import load
from serving_exporter.scrape_config import scrape_config
from serving_rules.cli import main as serving_rules
from serving_simulator.cli import main as serving_simulator

REPOSITORY = Path(__file__).resolve().parents[2]
OURS = f"serving-exporter:{__version__}"
COMMANDS = {
    "serving-exporter": serving_exporter,
    "serving-rules": serving_rules,
    "serving-dashboards": serving_dashboards,
    "serving-simulator": serving_simulator,
}


def services(profile: str) -> dict[str, dict[str, Any]]:
    """What Docker's Compose makes of the file."""
    result = run(docker_compose(), "--profile", profile, "config", "--format", "json", cwd=REPOSITORY)
    assert result.returncode == 0, result.stderr
    assert not re.search("warn|error", result.stderr, re.IGNORECASE), result.stderr
    found: dict[str, dict[str, Any]] = json.loads(result.stdout)["services"]
    return found


DEMO, LIVE = services("demo"), services("live")
BOTH = {**DEMO, **LIVE}


def test_each_profile_has_one_exporter_and_the_rest() -> None:
    rest = {"alertmanager", "dashboards", "grafana", "inbox", "prometheus", "rules"}
    assert DEMO.keys() == {*rest, "exporter-of-demo", "emulator"}
    assert LIVE.keys() == {*rest, "exporter"}


@pytest.mark.parametrize("name", BOTH)
def test_images_are_pinned_ports_stay_on_this_machine_and_mounted_paths_exist(name: str) -> None:
    service = BOTH[name]
    repository, _, tag = service["image"].partition(":")
    assert re.fullmatch(r"v?\d+\.\d+\.\d+", tag), service["image"]
    if repository == "serving-exporter":
        assert service["image"] == OURS
        assert service["build"]["args"] == {"VERSION": __version__}
        assert (REPOSITORY / service["build"]["dockerfile"]).exists()
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
    for port in service.get("ports", ()):
        assert port["host_ip"] == "127.0.0.1"
    for volume in service.get("volumes", ()):
        if volume["type"] == "bind":
            assert Path(volume["source"]).exists(), volume
            assert volume["read_only"]


@pytest.mark.parametrize("name", [name for name, each in BOTH.items() if each["image"] == OURS])
def test_our_commands_are_there_with_these_options(name: str) -> None:
    """Each command line parses; what it needs and lacks here is no matter."""
    service = BOTH[name]
    command = (service.get("entrypoint") or ["serving-exporter"])[0]
    verb, *options = service.get("command") or ["serve"]
    result = CliRunner().invoke(COMMANDS[command], [verb, *options, "--help"])
    assert result.exit_code == 0, result.output
    known = COMMANDS[command].commands[verb].params  # type: ignore[attr-defined]
    names = {name for parameter in known for name in parameter.opts}
    assert {each for each in options if each.startswith("--")} <= names


def test_each_service_finds_the_others_by_the_names_that_its_configuration_has() -> None:
    aliases = {name for service in DEMO.values() for network in service["networks"].values() for name in (network or {}).get("aliases", ())}
    names = {*DEMO, *aliases}
    hosts = set(re.findall(r"(?:http://|\[\"|\")([a-z][a-z-]*):\d{4}", "".join(path.read_text() for path in COMPOSE.iterdir())))
    hosts |= set(re.findall(r"http://([a-z-]+):\d+", json.dumps([each.get("environment", {}) for each in DEMO.values()])))
    assert hosts - {"localhost"} == {"alertmanager", "emulator", "exporter", "inbox", "prometheus"}
    assert hosts - {"localhost"} <= names


def test_the_exporters_environment_is_a_configuration() -> None:
    config = load(None, DEMO["exporter-of-demo"]["environment"])
    (workspace,) = config.workspaces
    assert workspace.hosts.app == "http://emulator:9817"
    assert workspace.name == "demo"


def test_prometheus_scrapes_as_the_shipped_configuration_does() -> None:
    ours = yaml.safe_load((COMPOSE / "prometheus.yml").read_text())
    shipped = yaml.safe_load(scrape_config("exporter:9816"))
    assert ours["scrape_configs"] == shipped["scrape_configs"]
    assert ours["global"] == shipped["global"]


@pytest.mark.parametrize("release", PROMETHEUS, ids=str)
@pytest.mark.parametrize(
    "path", [COMPOSE / "prometheus.yml", REPOSITORY / "deploy" / "prometheus" / "prometheus.yml"], ids=lambda path: path.parent.name
)
def test_promtool_accepts_every_scrape_configuration(release: PrometheusRelease, path: Path) -> None:
    result = run(release.promtool, "check", "config", str(path))
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the services `rules` and `dashboards` write, by their own command lines."""
    folder = tmp_path_factory.mktemp("pack")
    for name in ("rules", "dashboards"):
        command = [each.replace("/etc/serving-exporter", str(COMPOSE)) for each in DEMO[name]["command"]]
        result = CliRunner().invoke(COMMANDS[DEMO[name]["entrypoint"][0]], [each.replace("/pack", str(folder)) for each in command])
        assert result.exit_code == 0, result.output
    return folder


@pytest.mark.parametrize("release", ALERTMANAGER, ids=str)
def test_amtool_accepts_what_the_stack_builds(release: AlertmanagerRelease, pack: Path) -> None:
    said = check_config(release, pack / "alertmanager" / "alertmanager.yaml")
    assert "3 receivers" in said


def test_what_programs_are_told_to_read_is_what_the_stack_builds(pack: Path) -> None:
    arguments = json.dumps([each.get("command") for each in DEMO.values()])
    assert "/pack/alertmanager/alertmanager.yaml" in arguments
    rules = yaml.safe_load((COMPOSE / "prometheus.yml").read_text())["rule_files"]
    assert [sorted(path.name for path in pack.glob(each.removeprefix("/pack/"))) for each in rules] == [
        ["alerts.yaml", "detections.yaml", "signals.yaml"]
    ]
    provider = yaml.safe_load((REPOSITORY / "grafana" / "provisioning" / "dashboards" / "serving.yaml").read_text())["providers"][0]
    folder = provider["options"]["path"]
    mounts = {volume["target"]: volume["source"] for volume in DEMO["grafana"]["volumes"]}
    assert mounts[folder] == {volume["target"]: volume["source"] for volume in DEMO["dashboards"]["volumes"]}["/pack"]
    home = DEMO["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (pack / Path(home).name).is_file()
    assert Path(home).parent == Path(folder)


def test_a_mistake_in_the_file_would_be_refused(tmp_path: Path) -> None:
    path = tmp_path / "compose.yaml"
    path.write_text((REPOSITORY / "compose.yaml").read_text().replace("read_only: true", "readonly: true"))
    result = run(docker_compose(), "--file", str(path), "--profile", "demo", "config")
    assert result.returncode
    assert "readonly" in result.stderr
