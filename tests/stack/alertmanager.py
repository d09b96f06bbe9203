"""A real Alertmanager of a chosen release on a free port of the loopback: which alert silences which, and who is told.

``amtool`` reads a configuration and cannot say what inhibits what; only the running program can.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from tests.tools.toolchain import AlertmanagerRelease

from .programs import Program, fetch, run, try_fetch, wait_for

__all__ = ["Alertmanager", "Standing", "alertmanager", "check_config"]

Labels = Mapping[str, str]

# Alerts reach the inhibitor in order, but after the call that posts them has returned. So each call ends with a pair of ours, the
# one inhibiting the other by a rule of ours: once that shows, everything before it has been taken in. No test has to sleep.
_SOURCE, _TARGET = "BarrierSource", "BarrierTarget"
_BARRIER = {"source_matchers": [f"alertname={_SOURCE}"], "target_matchers": [f"alertname={_TARGET}"], "equal": ["turn"]}


@dataclass(frozen=True)
class Standing:
    """What Alertmanager makes of one alert."""

    receivers: list[str]
    inhibited_by: list[Labels]
    """Labels of the alerts that silence it. Releases differ in how many they name: one of the first rule that applies, or all."""


@dataclass
class Alertmanager:
    """A running Alertmanager."""

    url: str
    program: Program
    _turns: Iterator[int] = field(default_factory=itertools.count)

    def fire(self, *alerts: Labels) -> None:
        """Post alerts; on return they count."""
        self._post([{"labels": alert} for alert in alerts])

    def resolve(self, *alerts: Labels) -> None:
        """Post the end of alerts; on return they count no more."""
        now = datetime.now(UTC).isoformat()
        self._post([{"labels": alert, "startsAt": now, "endsAt": now} for alert in alerts])

    def standing(self, alert: Labels) -> Standing:
        """Return where the alert with exactly these labels goes and what silences it; fail when it is not firing."""
        known = self.standings()
        assert frozenset(alert.items()) in known, f"not firing: {dict(alert)}"
        return known[frozenset(alert.items())]

    def standings(self) -> dict[frozenset[tuple[str, str]], Standing]:
        """Return the same of every alert, by its labels."""
        known = self._alerts()
        labels: dict[str, Labels] = {each["fingerprint"]: each["labels"] for each in known}
        return {
            frozenset(each["labels"].items()): Standing(
                receivers=[receiver["name"] for receiver in each["receivers"]],
                inhibited_by=[labels[fingerprint] for fingerprint in each["status"]["inhibitedBy"] if fingerprint in labels],
            )
            for each in known
        }

    def firing(self) -> list[Labels]:
        """Return the labels of all alerts that were posted and have not ended, silenced ones included."""
        return [each["labels"] for each in self._alerts() if each["labels"]["alertname"] not in {_SOURCE, _TARGET}]

    def _alerts(self) -> list[dict[str, Any]]:
        alerts: list[dict[str, Any]] = json.loads(fetch(f"{self.url}/api/v2/alerts"))
        return alerts

    def _post(self, alerts: list[dict[str, Any]]) -> None:
        turn = str(next(self._turns))
        target = {"alertname": _TARGET, "turn": turn}
        barrier = [{"labels": {"alertname": _SOURCE, "turn": turn}}, {"labels": target}]
        body = json.dumps([*alerts, *barrier]).encode()
        fetch(f"{self.url}/api/v2/alerts", body, **{"Content-Type": "application/json"})
        wait_for(lambda: self.standing(target).inhibited_by, within=15, what="alerts are taken in")


@contextmanager
def alertmanager(release: AlertmanagerRelease, configuration: Path, folder: Path, *, sends: bool = False) -> Iterator[Alertmanager]:
    """Run an Alertmanager with a configuration file, data in ``folder``; it is ready on entry and has ended on exit.

    Unless it ``sends`` it runs a copy of the file whose receivers keep only their names.
    """
    folder = folder.resolve()  # it runs elsewhere
    folder.mkdir(parents=True, exist_ok=True)
    document = yaml.safe_load(configuration.read_text())
    if not sends:
        document["receivers"] = [{"name": receiver["name"]} for receiver in document["receivers"]]
    document["inhibit_rules"] = [_BARRIER, *document.get("inhibit_rules", [])]
    path = folder / "alertmanager.yml"
    path.write_text(yaml.safe_dump(document))
    with Program(
        release.alertmanager,
        f"--config.file={path}",
        f"--storage.path={folder / 'data'}",
        "--web.listen-address=127.0.0.1:0",
        "--cluster.listen-address=",
        cwd=release.folder,
    ) as program:
        url = "http://" + program.address(r'msg="Listening on".* address=(\S+)', within=30)
        wait_for(lambda: try_fetch(f"{url}/-/ready"), within=30, what=f"{release} is ready")
        yield Alertmanager(url, program)


def check_config(release: AlertmanagerRelease, configuration: Path) -> str:
    """Return what ``amtool check-config`` found in a file; fail when it is not valid."""
    result = run(release.amtool, "check-config", str(configuration))
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout
