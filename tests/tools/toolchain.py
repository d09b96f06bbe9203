"""The releases of Prometheus and Alertmanager that the tests run against: the table of debian.txt, unpacked by ``make tools``.

A program that is not there is a failure, never a skip: a release that nobody ran proves nothing.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

__all__ = [
    "ALERTMANAGER",
    "PROMETHEUS",
    "AlertmanagerRelease",
    "PrometheusRelease",
    "chromium",
    "docker_compose",
    "helm",
    "linter",
]

_TABLE = Path(__file__).with_name("debian.txt")
_TOOLS = Path(__file__).resolve().parents[2] / ".tools"


@dataclass(frozen=True)
class _Release:
    name: str

    def __str__(self) -> str:
        return self.name

    @property
    def version(self) -> str:
        """Major and minor: ``2.42``."""
        return self.name.rpartition("-")[2]

    @property
    def folder(self) -> Path:
        return _TOOLS / self.name

    def _program(self, name: str) -> str:
        path = self.folder / "usr" / "bin" / name
        if not path.is_file():
            pytest.fail(f"{name} of {self.name} is not there: run `make tools`", pytrace=False)
        return str(path)


@dataclass(frozen=True)
class PrometheusRelease(_Release):
    @property
    def prometheus(self) -> str:
        return self._program("prometheus")

    @property
    def promtool(self) -> str:
        return self._program("promtool")


@dataclass(frozen=True)
class AlertmanagerRelease(_Release):
    @property
    def alertmanager(self) -> str:
        """The server; it finds its templates only when it runs in ``folder``."""
        return self._program("prometheus-alertmanager")

    @property
    def amtool(self) -> str:
        return self._program("amtool")


@dataclass(frozen=True)
class ComposeRelease(_Release):
    @property
    def docker_compose(self) -> str:
        return self._program("docker-compose")


def _names(prefix: str) -> list[str]:
    names = [line.split()[0] for line in _TABLE.read_text().splitlines() if line and not line.startswith("#")]
    return [name for name in names if name.startswith(prefix)]


PROMETHEUS = tuple(PrometheusRelease(name) for name in _names("prometheus-"))
"""Oldest first."""
ALERTMANAGER = tuple(AlertmanagerRelease(name) for name in _names("alertmanager-"))
"""Oldest first."""
COMPOSE = ComposeRelease(*_names("docker-compose-"))


def docker_compose() -> str:
    """Return Docker's Compose, which reads and checks a file without an engine."""
    return COMPOSE.docker_compose


def chromium() -> tuple[str, dict[str, str]]:
    """Return a Chromium and what its environment needs: the one on PATH, else that of ``make tools`` with its libraries."""
    found = shutil.which("chromium")
    if found:
        return found, {}
    folder = _TOOLS / "chromium"
    program = folder / "usr" / "lib" / "chromium" / "chromium"
    if not program.is_file():
        pytest.fail("there is no chromium: run `make tools`", pytrace=False)
    libraries = [str(path.parent) for path in folder.rglob("lib*.so*")]
    return str(program), {"LD_LIBRARY_PATH": os.pathsep.join(dict.fromkeys(libraries)), **_fonts(folder)}


def _fonts(folder: Path) -> dict[str, str]:
    configuration = folder / "fonts.conf"
    folders = "".join(f"<dir>{each}</dir>" for each in ("/usr/share/fonts", folder / "usr/share/fonts"))
    configuration.write_text(f"<fontconfig>{folders}<cachedir>{folder / 'cache'}</cachedir></fontconfig>")
    return {"FONTCONFIG_FILE": str(configuration)}


def helm() -> str | None:
    """Return helm; None where ``make tools`` could not build it, for want of Go or of its modules."""
    found = sorted(_TOOLS.glob("helm-*/helm"))
    return str(found[-1]) if found else None


def linter() -> str | None:
    """Return Grafana's dashboard-linter; None where ``make tools`` could not build it, for want of Go or of its modules."""
    found = sorted(_TOOLS.glob("dashboard-linter-*/dashboard-linter"))
    return str(found[-1]) if found else None
