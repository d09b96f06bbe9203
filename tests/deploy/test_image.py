"""The Dockerfile, read as a builder would: there is no engine here, so its parts are checked, and its steps where they are commands."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path

from click.testing import CliRunner
from tests.stack.programs import run

from serving_exporter.cli import main

REPOSITORY = Path(__file__).resolve().parents[2]
TEXT = re.sub(r"\\\n", " ", (REPOSITORY / "Dockerfile").read_text())
INSTRUCTIONS = [tuple(line.split(maxsplit=1)) for line in TEXT.splitlines() if line.strip() and not line.startswith("#")]


def stages() -> list[list[tuple[str, str]]]:
    found: list[list[tuple[str, str]]] = [[]]
    for name, rest in INSTRUCTIONS:
        if name == "FROM":
            found.append([])
        found[-1].append((name, rest))
    return found


HEAD, BUILD, FINAL = stages()


def of(stage: list[tuple[str, str]], name: str) -> list[str]:
    return [rest for each, rest in stage if each == name]


def test_the_base_is_pinned_to_one_release_and_both_stages_have_it() -> None:
    assert [rest for _, rest in HEAD] == [next(rest for rest in of(HEAD, "ARG"))]
    assert re.fullmatch(r"PYTHON=3\.\d+\.\d+-slim-\w+", of(HEAD, "ARG")[0])
    assert of(BUILD, "FROM") == ["python:${PYTHON} AS build"]
    assert of(FINAL, "FROM") == ["python:${PYTHON}"]
    minor = re.search(r"3\.\d+", of(HEAD, "ARG")[0])
    classifiers = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["classifiers"]
    assert minor
    assert f"Programming Language :: Python :: {minor[0]}" in classifiers


def test_what_is_copied_exists_and_reaches_the_builder() -> None:
    ignored = (REPOSITORY / ".dockerignore").read_text().splitlines()
    assert "*" in ignored, "nothing but what is named"
    for copy in of(BUILD, "COPY"):
        *sources, _ = copy.split()
        for source in sources:
            assert (REPOSITORY / source).exists(), source
            assert f"!{source}" in ignored, f"{source} is not sent to the builder"


def test_the_environment_is_the_locked_one_and_nothing_is_compiled() -> None:
    steps = " ".join(of(BUILD, "RUN"))
    assert "--constraint requirements.lock" in steps
    assert "--only-binary :all:" in steps
    assert not re.search(r"apt|gcc|curl|wget", TEXT)


def test_every_locked_dependency_has_a_wheel_for_the_images_python() -> None:
    """As the build step would find: the lock is written on another release of Python."""
    minor = re.search(r"3\.\d+", of(HEAD, "ARG")[0])
    assert minor
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    options = ["--dry-run", "--quiet", "--ignore-installed", "--disable-pip-version-check", "--target", "unused", "--only-binary", ":all:"]
    platforms = [
        f"--platform={name}_{machine}" for machine in ("x86_64",) for name in ("manylinux2014", "manylinux_2_17", "manylinux_2_28")
    ]
    lock = ["--python-version", minor[0], "--constraint", str(REPOSITORY / "requirements.lock")]
    result = run(sys.executable, "-m", "pip", "install", *options, *platforms, *lock, *project["dependencies"])
    assert result.returncode == 0, result.stderr


def test_hadolint_has_nothing_to_say_and_would_have(tmp_path: Path) -> None:
    hadolint = str(Path(sys.executable).with_name("hadolint"))
    result = run(hadolint, str(REPOSITORY / "Dockerfile"))
    assert (result.returncode, result.stdout) == (0, "")
    careless = tmp_path / "Dockerfile"
    careless.write_text("FROM python:latest\nRUN cd /x && pip install y\n")
    assert run(hadolint, str(careless)).returncode


def test_the_result_has_the_environment_alone_and_no_installers() -> None:
    assert of(FINAL, "COPY") == ["--from=build /opt/serving-exporter /opt/serving-exporter"]
    assert "--without-pip" in " ".join(of(BUILD, "RUN"))
    assert "rm -rf /usr/local/bin/pip*" in of(FINAL, "RUN")[0]


def test_it_runs_as_a_numbered_user_and_writes_to_its_volume_alone() -> None:
    (user,) = of(FINAL, "USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user), "a number, so that Kubernetes can see that it is not root"
    (volume,) = of(FINAL, "VOLUME")
    environment = dict(each.split("=", 1) for rest in of(FINAL, "ENV") for each in rest.split())
    assert environment["STATE_DIRECTORY"] == volume
    assert environment["PYTHONDONTWRITEBYTECODE"] == "1"
    assert f"-o {user.partition(':')[0]}" in of(FINAL, "RUN")[0]


def test_its_commands_are_ours() -> None:
    runner = CliRunner()
    (entry,) = map(json.loads, of(FINAL, "ENTRYPOINT"))
    (command,) = map(json.loads, of(FINAL, "CMD"))
    assert entry == ["serving-exporter"]
    assert runner.invoke(main, [*command, "--help"]).exit_code == 0
    health = json.loads(of(FINAL, "HEALTHCHECK")[0].partition("CMD ")[2])
    assert health[0] == "serving-exporter"
    assert runner.invoke(main, [*health[1:], "--help"]).exit_code == 0
