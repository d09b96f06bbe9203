"""A real Prometheus of a chosen release on a free port of the loopback: configured, waited for, asked, ended."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families
from tests.tools.toolchain import PrometheusRelease

from .programs import Program, fetch, try_fetch, wait_for

__all__ = ["Prometheus", "prometheus"]


@dataclass(frozen=True)
class Prometheus:
    """A running Prometheus."""

    url: str
    program: Program
    configured: Path
    patience: float = 10
    """Seconds that an answer may take."""

    def reload(self, configuration: Mapping[str, Any], rules: Sequence[Path] = ()) -> None:
        """Replace the configuration while it runs."""
        _configure(self.configured, configuration, rules)
        fetch(f"{self.url}/-/reload", b"", within=self.patience)

    def get(self, path: str, **parameters: str) -> Any:
        """Return the data of an answer of ``/api/v1/<path>``."""
        return json.loads(fetch(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}", within=self.patience))["data"]

    def query(self, expression: str, *, time: float | None = None) -> list[dict[str, Any]]:
        """Evaluate an instant vector, now or at ``time``."""
        at = {} if time is None else {"time": str(time)}
        result: list[dict[str, Any]] = self.get("query", query=expression, **at)["result"]
        return result

    def rules(self) -> list[dict[str, Any]]:
        """Return every rule of every group, with its health and its last error."""
        return [rule for group in self.get("rules")["groups"] for rule in group["rules"]]

    def alerts(self) -> list[dict[str, Any]]:
        """Return what is pending or firing."""
        alerts: list[dict[str, Any]] = self.get("alerts")["alerts"]
        return alerts

    def metrics(self) -> dict[str, list[tuple[dict[str, str], float]]]:
        """Return what the server says of itself: samples by name, each with its labels."""
        found: dict[str, list[tuple[dict[str, str], float]]] = {}
        for family in text_string_to_metric_families(fetch(f"{self.url}/metrics", within=self.patience)):
            for sample in family.samples:
                found.setdefault(sample.name, []).append((sample.labels, sample.value))
        return found

    def targets(self) -> list[dict[str, Any]]:
        targets: list[dict[str, Any]] = self.get("targets")["activeTargets"]
        return targets


@contextmanager
def prometheus(
    release: PrometheusRelease,
    folder: Path,
    configuration: Mapping[str, Any],
    *flags: str,
    rules: Sequence[Path] = (),
    patience: float = 10,
) -> Iterator[Prometheus]:
    """Run a Prometheus that keeps its configuration and data in ``folder``; it is ready on entry and has ended on exit.

    ``rules`` come on top of the rule files that the configuration names.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "prometheus.yml"
    _configure(path, configuration, rules)
    with Program(
        release.prometheus,
        f"--config.file={path}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--web.listen-address=127.0.0.1:0",
        "--web.enable-lifecycle",
        *flags,
        ends_within=max(15, patience),
    ) as program:
        url = "http://" + program.address(r'msg="Listening on".* address=(\S+)', within=30)
        wait_for(lambda: try_fetch(f"{url}/-/ready"), within=max(30, patience), what=f"{release} is ready")
        yield Prometheus(url, program, path, patience)


def _configure(path: Path, configuration: Mapping[str, Any], rules: Sequence[Path]) -> None:
    document = {**configuration, "rule_files": [*configuration.get("rule_files", []), *(str(rule.resolve()) for rule in rules)]}
    path.write_text(yaml.safe_dump(document))
