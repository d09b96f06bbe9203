"""The scorecard: what promtool is asked comes back right, verdicts count what they should, real rules find a simulated incident."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from tests.tools.toolchain import PROMETHEUS

from serving_rules.pack import build
from serving_simulator.cli import main
from serving_simulator.scenarios import HEALTHY, INCIDENTS, LEVELS, NEGATIVES, Scenario, fleet_of, matrix
from serving_simulator.score.engine import EngineError, Fired, Part, play
from serving_simulator.score.report import as_json, as_markdown
from serving_simulator.score.runs import Settings, run
from serving_simulator.score.verdicts import judge, scores

RULES = sorted((Path(__file__).resolve().parents[2] / "rules" / "prometheus").glob("*.yaml"))
PACK = build()
ALERTS = {rule.alert for rule in PACK.rules() if rule.alert}
pytestmark = pytest.mark.timeout(400)
each_release = pytest.mark.parametrize("promtool", [release.promtool for release in PROMETHEUS], ids=[str(each) for each in PROMETHEUS])


# --- promtool as an engine ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    alert = {"alert": "High", "expr": 'x{model_id!=""} > 5', "for": "2m", "labels": {"severity": "critical"}}
    record = {"record": "y", "expr": "x * 2"}
    late = {"alert": "Double", "expr": "y > 10", "labels": {"severity": "warning"}}
    path.write_text(yaml.safe_dump({"groups": [{"name": "g", "interval": "1m", "rules": [record, alert, late]}]}))
    return path


@each_release
def test_when_and_for_how_long_an_alert_fired_comes_back(promtool: str, rules: Path, tmp_path: Path) -> None:
    series = {'x{model_id="a"}': "1x9 9x9 1x69 9x1200", 'x{model_id="b"}': "1x1289"}
    fired = play(promtool, [rules], Part(series, 1290), tmp_path)
    found = {(each.labels["alertname"], each.labels["model_id"], each.labels["severity"]): each for each in fired}
    assert found.keys() == {("High", "a", "critical"), ("Double", "a", "warning")}
    high = found["High", "a", "critical"]
    assert high.began == (12, 92), "two minutes after the condition, twice"
    assert high.minutes == 8 + (1290 - 92)
    assert found["Double", "a", "warning"].began == (10, 90), "records of a group are there for the rules behind them, in the same minute"


@each_release
def test_silence_is_an_answer_too(promtool: str, rules: Path, tmp_path: Path) -> None:
    assert play(promtool, [rules], Part({'x{model_id="a"}': "1x100"}, 100), tmp_path) == []


def test_rules_that_cannot_be_played_are_an_error_with_promtools_words(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("groups: [{name: g, rules: [{record: y, expr: 'x +'}]}]")
    with pytest.raises(EngineError, match="parse error"):
        play(PROMETHEUS[-1].promtool, [bad], Part({"x": "1x10"}, 10), tmp_path)


# --- verdicts ----------------------------------------------------------------------------------------------------------------------------


def scenario(**changes: object) -> Scenario:
    given = {"name": "a", "incident": "thrash", "level": "medium", "minutes": 300, "model": {}, "onset": 100, "expected": {"Right"}}
    return Scenario(**{**given, "companions": {"Friend"}, **changes})  # type: ignore[arg-type]


def fired(name: str, *began: int, severity: str = "critical") -> Fired:
    return Fired({"alertname": name, "severity": severity}, began, 10)


def test_an_incident_is_found_after_its_onset_by_an_alert_that_names_it() -> None:
    verdict = judge(scenario(), [fired("Right", 110, 150), fired("Friend", 120)])
    assert (verdict.delay, verdict.first, verdict.named_first) == (10, "Right", True)
    assert verdict.false == ()
    assert verdict.fires == {"Right": 2, "Friend": 1}


def test_a_companion_that_comes_first_is_true_and_the_wrong_name() -> None:
    verdict = judge(scenario(), [fired("Right", 110), fired("Friend", 105)])
    assert (verdict.delay, verdict.first, verdict.named_first, verdict.false) == (10, "Friend", False, ())


def test_what_is_not_due_or_comes_too_early_is_false() -> None:
    verdict = judge(scenario(), [fired("Right", 50), fired("Other", 120, severity="warning")])
    assert verdict.delay is None
    assert verdict.false == (("Other", "warning"), ("Right", "critical"))


def test_advice_is_neither_a_page_nor_a_ticket() -> None:
    assert judge(scenario(expected=frozenset()), [fired("Other", 120, severity="info")]).false == ()


def test_numbers_over_many_runs() -> None:
    found = [
        judge(scenario(name="a"), [fired("Right", 110)]),
        judge(scenario(name="b"), [fired("Right", 130, 200)]),
        judge(scenario(name="c"), []),
        judge(
            scenario(name="d", level=HEALTHY, expected=frozenset(), minutes=7 * 24 * 60),
            [fired("Right", 9), fired("X", 9, severity="warning")],
        ),
    ]
    medium, healthy = scores(found)
    assert (medium.runs, medium.detected, medium.recall) == (3, 2, pytest.approx(2 / 3))
    assert (medium.delay_median, medium.delay_p95, medium.fires) == (20, pytest.approx(29), 1.5)
    assert (healthy.weeks, healthy.false_pages, healthy.false_tickets) == (1, 1, 1)
    assert healthy.confused_with == {"Right/critical": 1, "X/warning": 1}
    assert math.isnan(healthy.delay_median)
    report = json.loads(as_json([medium, healthy], {"seeds": 1}))
    assert report["totals"] == {"runs": 4, "weeks": pytest.approx(1 + 900 / 10080), "quiet_weeks": 1, "false_pages": 1, "false_tickets": 1}
    assert report["scores"][1]["delay_median"] is None
    page = as_markdown([medium, healthy], "the command")
    assert "| thrash | medium | 3 | 0.67 | 0.67 | 20 | 29 | 1.5 |" in page
    assert "| thrash | 1 | 1.00 | 1 | 1 | Right/critical (1), X/warning (1) |" in page


# --- scenarios ---------------------------------------------------------------------------------------------------------------------------


def test_every_incident_has_a_healthy_twin_and_three_levels_and_names_alerts_that_exist() -> None:
    chosen = list(matrix(2, 1))
    assert len({each.name for each in chosen}) == len(chosen)
    for kind in INCIDENTS:
        levels = [each.level for each in chosen if each.incident == kind]
        assert levels == [level for level in (HEALTHY, *LEVELS) for _ in range(2)]
    for each in chosen:
        assert (each.level == HEALTHY) == each.negative, each.name
        assert {*each.expected, *each.companions} <= ALERTS, each.name
    assert {each.incident for each in chosen if each.level == HEALTHY} == {*INCIDENTS, *NEGATIVES}


def test_variations_differ_and_are_the_same_each_time() -> None:
    first, again = list(matrix(2, 1)), list(matrix(2, 1))
    assert first == again
    assert first[0].model != first[1].model


def test_all_of_them_are_one_fleet() -> None:
    chosen = list(matrix(1, 1))
    fleet = fleet_of(chosen)
    assert [model.name for model in fleet.models] == [each.name for each in chosen]
    assert len(fleet.timeline) == sum(len(each.timeline) for each in chosen)


# --- the whole way -----------------------------------------------------------------------------------------------------------------------


def test_the_shipped_rules_find_a_ceiling_and_say_nothing_of_its_healthy_twin() -> None:
    chosen = [*matrix(1, 1, "ceiling-healthy-0"), *matrix(1, 1, "ceiling-severe-0")]
    said: list[str] = []
    healthy, severe = run(chosen, Settings(RULES, PROMETHEUS[0].promtool), said.append)
    assert healthy.false == ()
    assert severe.false == ()
    assert severe.delay is not None
    assert severe.delay <= 10
    assert severe.named_first
    assert said[-1] == "2 of 2 scenarios played"


def test_a_pattern_that_fits_nothing_and_a_folder_without_rules_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(Path(PROMETHEUS[0].promtool).parent))
    nothing = CliRunner().invoke(main, ["score", "--rules", str(RULES[0].parent), "--scenarios", "no-such"])
    assert nothing.exit_code == 2
    assert "found no scenario of the name 'no-such'" in nothing.output
    empty = CliRunner().invoke(main, ["score", "--rules", str(tmp_path)])
    assert (empty.exit_code, "found no rule files" in empty.output) == (2, True)
    monkeypatch.setenv("PATH", str(tmp_path))
    without = CliRunner().invoke(main, ["score", "--rules", str(RULES[0].parent)])
    assert (without.exit_code, "no promtool on PATH" in without.output) == (2, True)
