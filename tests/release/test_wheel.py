"""A release, made as `make dist` makes it and installed alone into an empty environment: every command works from any directory."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from tests.stack.programs import Program, fetch, run
from tests.tools.toolchain import PROMETHEUS

from serving_exporter import __version__

pytestmark = [pytest.mark.xdist_group("release"), pytest.mark.timeout(400)]

REPOSITORY = Path(__file__).resolve().parents[2]
Elsewhere = Callable[..., subprocess.CompletedProcess[str]]
DASHBOARDS = REPOSITORY / "grafana" / "dashboards"
RULES = REPOSITORY / "rules" / "prometheus"


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release") / "dist"
    subprocess.run(
        ["sh", "deploy/dist.sh", sys.executable, str(folder)], cwd=REPOSITORY, check=True, stdout=subprocess.DEVNULL, timeout=300
    )
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    (path,) = dist.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of commands of an environment that has the wheel and what it needs, and nothing of this repository."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder)
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--constraint", str(REPOSITORY / "requirements.lock"), str(wheel)], check=True, timeout=300)
    return folder / "bin"


@pytest.fixture
def elsewhere(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Elsewhere:
    """Run an installed command in an empty folder, with nothing in the environment that would lead back here."""
    for name in [name for name in os.environ if name.startswith(("PYTHON", "VIRTUAL_ENV", "BASETEN_", "SERVING_EXPORTER_"))]:
        monkeypatch.delenv(name)
    return lambda name, *arguments: run(str(installed / name), *arguments, cwd=tmp_path)


def test_the_release_has_one_version(dist: Path) -> None:
    assert {path.name for path in dist.iterdir()} == {
        f"serving_exporter-{__version__}-py3-none-any.whl",
        f"serving_exporter-{__version__}.tar.gz",
        "serving-exporter.cdx.json",
    }


def test_every_command_knows_that_version(elsewhere: Elsewhere) -> None:
    for name in ("serving-exporter", "serving-rules", "serving-dashboards", "serving-simulator"):
        assert elsewhere(name, "--version").stdout.strip() == f"{name}, version {__version__}"


def test_the_installed_demo_serves_the_whole_fleet(installed: Path, tmp_path: Path) -> None:
    with Program(str(installed / "serving-exporter"), "demo", "--speed", "60", "--no-prometheus", cwd=tmp_path) as program:
        url = program.address(r"exporter\s+(http://[^/\s]+)/metrics")
        program.address(r"(ready: every source)")
        page = fetch(f"{url}/metrics")
        assert len(set(re.findall(r'baseten_deployment_info\{[^}]*model_name="([^"]+)"', page))) >= 11
        assert "serving-exporter</h1>" in fetch(f"{url}/")
        assert program.end(signal.SIGINT) == 0
    assert list(tmp_path.iterdir()) == []


def test_the_installed_rules_are_the_committed_ones(elsewhere: Elsewhere, tmp_path: Path) -> None:
    result = elsewhere("serving-rules", "build", "--format", "prometheus", "--format", "prometheus-operator", "--output", "built")
    assert result.returncode == 0, result.stderr
    for path in RULES.iterdir():
        assert (tmp_path / "built" / "prometheus" / path.name).read_text() == path.read_text()
    checked = run(PROMETHEUS[-1].promtool, "check", "rules", *map(str, (tmp_path / "built" / "prometheus").iterdir()))
    assert checked.returncode == 0, checked.stderr
    (tmp_path / "mine.yaml").write_text("dashboard_url: https://grafana.example.com\n")
    assert elsewhere("serving-rules", "build", "--config", "mine.yaml", "--output", "mine").returncode == 0
    alerts = yaml.safe_load((tmp_path / "mine" / "prometheus" / "alerts.yaml").read_text())
    assert "https://grafana.example.com/d/" in alerts["groups"][0]["rules"][0]["annotations"]["dashboard_url"]
    assert elsewhere("serving-rules", "schema").stdout == (REPOSITORY / "rules" / "overrides.schema.json").read_text()


def test_the_installed_dashboards_are_the_committed_ones(elsewhere: Elsewhere, tmp_path: Path) -> None:
    result = elsewhere("serving-dashboards", "build", "--output", "boards")
    assert result.returncode == 0, result.stderr
    assert {path.name: path.read_text() for path in (tmp_path / "boards").iterdir()} == {
        path.name: path.read_text() for path in DASHBOARDS.iterdir()
    }


def test_the_source_archive_builds_the_same_wheel(dist: Path, wheel: Path, tmp_path: Path) -> None:
    (archive,) = dist.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path / "again"), str(source)],
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=200,
    )
    assert (tmp_path / "again" / wheel.name).read_bytes() == wheel.read_bytes()


def test_the_wheel_has_the_packages_their_data_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
    tops = {name.partition("/")[0] for name in names}
    assert tops == {
        "serving_exporter",
        "serving_rules",
        "serving_dashboards",
        "serving_simulator",
        f"serving_exporter-{__version__}.dist-info",
    }
    for folder in ("exporter/serving_exporter", "rules/serving_rules", "grafana/serving_dashboards", "simulator/serving_simulator"):
        here = {
            path.relative_to((REPOSITORY / folder).parent).as_posix()
            for path in (REPOSITORY / folder).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        assert here <= set(names)


def test_the_list_of_components_has_what_an_installation_has(dist: Path, installed: Path) -> None:
    bill = json.loads((dist / "serving-exporter.cdx.json").read_text())
    assert bill["bomFormat"] == "CycloneDX"
    assert (bill["metadata"]["component"]["name"], bill["metadata"]["component"]["version"]) == ("serving-exporter", __version__)
    listed = {(each["name"].lower().replace("_", "-"), each["version"]) for each in bill["components"]}
    pip = run(sys.executable, "-m", "pip", "--python", str(installed / "python"), "list", "--format", "json", "--disable-pip-version-check")
    have = {(each["name"].lower().replace("_", "-"), each["version"]) for each in json.loads(pip.stdout)}
    assert listed == have - {("serving-exporter", __version__)}
    assert len(listed) >= 7
