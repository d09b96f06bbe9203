"""The systemd unit: systemd itself reads it, and finds it well confined; what it starts is a command of ours."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from tests.stack.programs import run

from serving_exporter.config import load
from serving_exporter.config.environment import KEY_VARIABLES, PROCESS_VARIABLES, WORKSPACE_VARIABLES

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "systemd"
UNIT = FOLDER / "serving-exporter.service"
KNOWN = {
    *PROCESS_VARIABLES,
    *WORKSPACE_VARIABLES,
    *KEY_VARIABLES,
    *(f"{name}_FILE" for name in KEY_VARIABLES),
    "SERVING_EXPORTER_CONFIG",
}
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze on this machine")


def values(key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", UNIT.read_text(), re.MULTILINE)


def test_the_unit_starts_the_exporter_with_the_key_as_a_credential(tmp_path: Path) -> None:
    (command,) = values("ExecStart")
    assert command.split()[1:] == ["serve"]
    assert Path(command.split()[0]).name == "serving-exporter"
    (credential,) = values("LoadCredential")
    (variable,) = values("Environment")
    assert variable == f"BASETEN_API_KEY_FILE=%d/{credential.partition(':')[0]}"
    (tmp_path / "api-key").write_text("a.key\n")
    config = load(None, {"BASETEN_API_KEY_FILE": str(tmp_path / "api-key"), "STATE_DIRECTORY": f"/var/lib/{values('StateDirectory')[0]}"})
    assert config.state_file == Path("/var/lib/serving-exporter/state.json")


def test_every_variable_of_the_environment_file_exists() -> None:
    named = set(re.findall(r"^# ([A-Z_]+)=", (FOLDER / "serving-exporter.env").read_text(), re.MULTILINE))
    assert len(named) >= 4
    assert named <= KNOWN


@needs_systemd
def test_systemd_reads_the_unit_without_a_word(tmp_path: Path) -> None:
    program = tmp_path / "serving-exporter"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/serving-exporter/bin/serving-exporter", str(program)))
    result = run("systemd-analyze", "verify", "--man=no", str(unit))
    said = [line for line in (result.stdout + result.stderr).splitlines() if UNIT.name in line]
    assert (result.returncode, said) == (0, [])


@needs_systemd
def test_systemd_finds_little_that_the_service_could_do() -> None:
    """0 is confined, 10 is not; most services of a distribution are above 9."""
    result = run("systemd-analyze", "security", "--offline=true", "--no-pager", str(UNIT))
    exposure = re.search(r"Overall exposure level for serving-exporter.service: ([\d.]+)", result.stdout)
    assert exposure, result.stdout + result.stderr
    assert float(exposure[1]) < 2
