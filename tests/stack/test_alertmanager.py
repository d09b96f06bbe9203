"""Every supported Alertmanager silences a warning by a critical alert of the same model, and of no other."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.tools.toolchain import ALERTMANAGER, AlertmanagerRelease

from .alertmanager import alertmanager, check_config

pytestmark = [pytest.mark.real_time, pytest.mark.timeout(60)]

CONFIGURATION = """
route:
  receiver: tickets
  routes:
    - matchers: [severity="critical"]
      receiver: pager
receivers:
  - name: tickets
    webhook_configs: [{url: "http://127.0.0.1:9/"}]
  - name: pager
inhibit_rules:
  - source_matchers: [severity="critical"]
    target_matchers: [severity="warning"]
    equal: [model_id]
"""
CRITICAL = {"alertname": "BudgetBurnsFast", "severity": "critical", "model_id": "m1"}
WARNING = {"alertname": "BudgetBurns", "severity": "warning", "model_id": "m1"}
OTHER_MODEL = {**WARNING, "model_id": "m2"}


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    path = tmp_path / "configuration.yml"
    path.write_text(CONFIGURATION)
    return path


@pytest.mark.parametrize("release", ALERTMANAGER, ids=str)
def test_an_alert_is_routed_and_silenced_only_while_another_of_its_model_fires(
    release: AlertmanagerRelease, configuration: Path, tmp_path: Path
) -> None:
    assert "1 inhibit rules" in check_config(release, configuration)
    with alertmanager(release, configuration, tmp_path / "alertmanager") as server:
        server.fire(CRITICAL, WARNING, OTHER_MODEL)
        assert server.standing(WARNING).inhibited_by == [CRITICAL]
        assert server.standing(OTHER_MODEL).inhibited_by == []
        assert server.standing(CRITICAL).inhibited_by == []
        assert [server.standing(alert).receivers for alert in (CRITICAL, WARNING)] == [["pager"], ["tickets"]]

        server.resolve(CRITICAL)
        assert sorted(alert["model_id"] for alert in server.firing()) == ["m1", "m2"]
        assert server.standing(WARNING).inhibited_by == []


def test_a_wrong_configuration_is_refused_with_the_reason(configuration: Path) -> None:
    configuration.write_text(CONFIGURATION.replace("receiver: pager", "receiver: nobody"))
    with pytest.raises(AssertionError, match="nobody"):
        check_config(ALERTMANAGER[0], configuration)
