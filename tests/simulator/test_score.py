"""The scorecard: verdicts count what they should, broken rules are noticed, and the real rules find what is simulated."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner
from tests.tools.toolchain import PROMETHEUS

from serving_rules.pack import build
from serving_simulator.cli import main
from serving_simulator.scenarios import BORDERLINE, EXCUSED, HEALTHY, INCIDENTS, LEVELS, NEGATIVES, Scenario, TracesError, fleet_of, matrix
from serving_simulator.scenarios.scenario import SHORT
from serving_simulator.score.breaks import Effect, breaks
from serving_simulator.score.engine import EngineError, Fired, Rule, read
from serving_simulator.score.inhibition import heard, inhibitions
from serving_simulator.score.loop import ADVICE, Cure, cures
from serving_simulator.score.memory import Memory
from serving_simulator.score.numbers import grouped, totals
from serving_simulator.score.page import as_markdown
from serving_simulator.score.report import Report, as_json
from serving_simulator.score.runs import BASELINES, Pack, Results, Settings, batches, run
from serving_simulator.score.verdicts import Verdict, judge

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "rules"
SILENCES = FOLDER / "alertmanager" / "inhibit_rules.yaml"
SCHEMA = ROOT / "simulator" / "serving_simulator" / "score" / "report.schema.json"
TRACES = ROOT.parent / "shared" / "traces"
RULES = sorted((FOLDER / "prometheus").glob("*.yaml"))
PACK = build()
ALERTS = {rule.alert for rule in PACK.rules() if rule.alert}
DETECTIONS = {each.slug for each in PACK.detections}
pytestmark = [pytest.mark.timeout(900), pytest.mark.xdist_group("score")]


# --- verdicts ----------------------------------------------------------------------------------------------------------------------------


def scenario(**changes: object) -> Scenario:
    given = {"name": "a", "incident": "thrash", "level": "medium", "minutes": 300, "models": [{"name": "a", "deployments": [{}]}]}
    return Scenario(**{**given, "onset": 100, "expected": frozenset({"Right"}), "companions": frozenset({"Friend"}), **changes})  # type: ignore[arg-type]


def fired(name: str, *spans: tuple[int, int], severity: str = "critical", **labels: str) -> Fired:
    return Fired({"alertname": name, "severity": severity, "workspace": "a", **labels}, spans)


def verdict_on(*alerts: Fired, **changes: object) -> Verdict:
    return judge(scenario(**changes), alerts, inhibitions(SILENCES), {"Right/critical": 2})


def test_an_incident_is_found_after_its_onset_by_an_alert_that_names_it() -> None:
    verdict = verdict_on(fired("Right", (110, 120), (150, 160)), fired("Friend", (120, 130)))
    assert (verdict.delay, verdict.wait, verdict.first, verdict.named_first) == (10, 2, "Right/critical", True)
    assert verdict.false == {}
    assert verdict.begun == {"Right/critical": 2, "Friend/critical": 1}
    assert (verdict.pages, verdict.true_pages) == (3, 3)


def test_pages_that_arrive_together_are_one_notification() -> None:
    assert verdict_on(fired("Right", (110, 120)), fired("Friend", (113, 130))).pages == 1


def test_a_companion_that_comes_first_is_true_and_the_wrong_name() -> None:
    verdict = verdict_on(fired("Right", (110, 120)), fired("Friend", (105, 120)))
    assert (verdict.delay, verdict.first, verdict.named_first, verdict.false) == (10, "Friend/critical", False, {})


def test_what_is_not_due_or_comes_too_early_is_false() -> None:
    verdict = verdict_on(fired("Right", (50, 60)), fired("Other", (120, 130), severity="warning"))
    assert verdict.delay is None
    assert verdict.false == {"Other/warning": 1, "Right/critical": 1}


def test_advice_is_no_page_no_ticket_and_no_name_but_where_it_is_the_answer() -> None:
    verdict = verdict_on(fired("Other", (101, 130), severity="info"), fired("Right", (120, 130)))
    assert (verdict.false, verdict.first) == ({}, "Right/critical")
    assert verdict_on(fired("Right", (120, 130), severity="info")).named_first


def test_an_alert_of_another_pack_says_what_it_stands_for() -> None:
    verdict = verdict_on(fired("Theirs", (120, 130), stands_for="Nothing|Right"), fired("More", (121, 130), stands_for="Nothing"))
    assert verdict.named_first
    assert verdict.false == {"More/critical": 1}


OBJECT = {"platform": "baseten", "model_id": "m", "deployment_id": "d", "environment": "production"}


def test_what_is_silenced_is_not_heard_until_it_outlives_what_silences_it() -> None:
    rules = inhibitions(SILENCES)
    exhausted = fired("ServingCapacityExhausted", (10, 30), detection="capacity_exhausted", **OBJECT)
    saturated = fired("ServingCapacitySaturated", (5, 40), severity="warning", detection="capacity_saturated", **OBJECT)
    elsewhere = fired(
        "ServingCapacitySaturated", (5, 40), severity="warning", detection="capacity_saturated", **{**OBJECT, "deployment_id": "e"}
    )
    spans = {
        (each.labels["alertname"], each.labels["deployment_id"]): each.spans for each in heard([exhausted, saturated, elsewhere], rules)
    }
    assert spans == {
        ("ServingCapacityExhausted", "d"): ((10, 30),),
        ("ServingCapacitySaturated", "d"): ((5, 10), (30, 40)),
        ("ServingCapacitySaturated", "e"): ((5, 40),),
    }
    assert list(heard([fired("ServingCapacitySaturated", (12, 20), severity="warning", detection="x", **OBJECT), exhausted], rules)) == [
        exhausted
    ]


def test_a_file_without_inhibitions_is_said(tmp_path: Path) -> None:
    path = tmp_path / "inhibit.yaml"
    for text in ("nothing: here", "inhibit_rules: [{source_matchers: ['a b'], target_matchers: []}]"):
        path.write_text(text)
        with pytest.raises(EngineError, match="found no inhibit_rules that can be read"):
            inhibitions(path)


def many() -> list[Verdict]:
    return [
        verdict_on(fired("Right", (110, 120)), name="a"),
        verdict_on(fired("Right", (130, 140), (200, 210)), name="b"),
        verdict_on(name="c"),
        verdict_on(
            fired("Right", (9, 12)),
            fired("X", (9, 12), severity="warning"),
            name="d",
            level=HEALTHY,
            expected=frozenset(),
            companions=frozenset(),
            minutes=7 * 24 * 60,
        ),
    ]


def test_numbers_over_many_runs() -> None:
    medium, healthy = grouped(many(), lambda each: (each.incident, each.level))
    assert (medium.runs, medium.found, medium.recall) == (3, 2, pytest.approx(2 / 3))
    assert (medium.delay_median, medium.delay_p95, medium.late_median, medium.fires) == (20, pytest.approx(29), 18, 1.5)
    assert (healthy.weeks, healthy.false_pages, healthy.false_tickets) == (1, 1, 1)
    assert healthy.false == {"Right/critical": 1, "X/warning": 1}
    assert math.isnan(healthy.delay_median)
    found = totals(many())
    assert (found.recall, found.named_first, found.quiet_weeks, found.pages_a_week) == (pytest.approx(2 / 3), 1, 1, 1)
    assert found.page_precision == pytest.approx(3 / 4)
    assert found.paged_once == 0.5


def report_of(verdicts: list[Verdict]) -> Report:
    made = {"command": "the command", "seed": 1, "seeds": 2, "hours": 3, "scenarios": "*", "traces": False, "prometheus": "Prometheus 3"}
    made["rules"] = "0123456789ab"
    cure = Cure("thrash", "medium", "ServingThrash", "scale_down_delay", 60, 780, 1, True, True, 10.0, 12.0, 2.5, 1.0, 0.0)
    effects = [Effect("A", "critical", "looser", "> 1 becomes > 0.5", false=2), Effect("A", "critical", "tighter", "> 1 becomes > 2")]
    return Report(made, {"rules": verdicts, "naive": verdicts}, effects, [cure])


def test_the_report_is_of_its_schema_and_reads_well() -> None:
    document = json.loads(as_json(report_of(many())))
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(document)
    assert document["packs"]["rules"]["false_pages"] == 1
    assert next(each for each in document["incidents"] if each["level"] == HEALTHY)["delay_median"] is None
    page = as_markdown(report_of(many()))
    assert "| thrash | medium | 3 | 0.67 | 1.00 | 20 | 27 | 1.5 | 1.5 |" in page
    assert "| thrash | 1 | 1.00 | 1 | 1 | Right/critical (1), X/warning (1) |" in page
    assert "| thrash | `scale_down_delay` | 1 | 1 | 1 | 1 | 60 → 780 | 2.0 | 2.5 | 1.0 → 0.0 |" in page
    assert "| looser | 1 | 1 | 1 | 0 | 0 | 2 | 0 |" in page
    assert "| Recall of each detection, medium | at least 0.95 | 0.67 () | **not kept** |" in page


def test_a_document_that_lacks_something_is_not_of_the_schema() -> None:
    schema = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    document = json.loads(as_json(report_of(many())))
    for key in document:
        assert list(schema.iter_errors({name: value for name, value in document.items() if name != key})), key
    document["incidents"][0]["recall"] = 1.5
    assert list(schema.iter_errors(document))


def test_the_committed_report_is_of_the_whole_matrix() -> None:
    page = (ROOT / "docs" / "detection-quality.md").read_text()
    command = next(line for line in page.splitlines() if line.startswith("serving-simulator score"))
    assert "--loop" in command
    assert "--broken" in command
    assert "--traces TRACES" in command
    assert "--scenarios" not in command
    for each in matrix(1, 1):
        assert f"| {each.incident} |" in page, f"{each.incident} is new: run make score"
    assert f", rules {Pack('rules', read(RULES), inhibitions(SILENCES)).digest}, Prometheus" in page, (
        "the rules have changed: run make score"
    )


# --- memory ------------------------------------------------------------------------------------------------------------------------------


LOST = Effect("A", "critical", "looser", "w", lost=1)
MADE = {"rules": {"rules": "digest"}, "seed": 1, "broken": True}
WANTED = [scenario(name="a"), scenario(name="b")]


def remembered(path: Path) -> Path:
    """A file that knows two batches of one scenario each."""
    memory = Memory(path, MADE, WANTED)
    for verdict in many()[:2]:
        memory.keep([("rules", verdict)], [LOST])
    return path


def test_an_interrupted_run_goes_on_where_it_was(tmp_path: Path) -> None:
    path = remembered(tmp_path / "state.jsonl")
    with path.open("a") as file:
        file.write('{"made": {"rules')  # the machine went away
    again = Memory(path, MADE, WANTED)
    assert {name for _, name in again.verdicts} == {"a", "b"}
    assert again.verdicts["rules", "a"].delay == 10
    assert [each.lost for each in again.effects.values()] == [2]


@pytest.mark.parametrize("changed", [{"rules": {"rules": "other"}}, {"seed": 2}, {"broken": False}])
def test_findings_that_were_made_otherwise_are_left_alone(tmp_path: Path, changed: dict[str, object]) -> None:
    memory = Memory(remembered(tmp_path / "state.jsonl"), {**MADE, **changed}, WANTED)
    assert (memory.verdicts, memory.effects) == ({}, {})


@pytest.mark.parametrize("changed", [{"minutes": 301}, {"onset": 101}, {"expected": frozenset({"Wrong"})}, {"companions": frozenset()}])
def test_a_scenario_that_was_changed_is_judged_anew(tmp_path: Path, changed: dict[str, object]) -> None:
    memory = Memory(remembered(tmp_path / "state.jsonl"), MADE, [scenario(name="a", **changed), WANTED[1]])
    assert {name for _, name in memory.verdicts} == {"b"}
    assert [each.lost for each in memory.effects.values()] == [1]


def test_a_batch_counts_as_a_whole_and_once(tmp_path: Path) -> None:
    path = tmp_path / "state.jsonl"
    first, second = many()[:2]
    Memory(path, MADE, WANTED).keep([("rules", first), ("rules", second)], [LOST])
    part = Memory(path, MADE, WANTED[:1])
    assert (part.verdicts, part.effects) == ({}, {})
    part.keep([("rules", first)], [LOST])
    whole = Memory(path, MADE, WANTED)
    assert {name for _, name in whole.verdicts} == {"a", "b"}
    assert [each.lost for each in whole.effects.values()] == [1]


def test_a_digest_does_not_depend_on_the_order_of_labels() -> None:
    names = [f"Serving{number}" for number in range(40)]
    assert scenario(expected=frozenset(names)).digest == scenario(expected=frozenset(reversed(names))).digest


@pytest.mark.parametrize(
    "line",
    [{"pack": "rules"}, {"made": MADE, "scenarios": {}, "verdicts": {"rules": [{"other": 1}]}, "effects": []}],
)
def test_findings_of_another_version_are_refused(tmp_path: Path, line: dict[str, object]) -> None:
    path = tmp_path / "state.jsonl"
    path.write_text(json.dumps(line) + "\n")
    with pytest.raises(EngineError, match="found findings of another version"):
        Memory(path, MADE, WANTED)


# --- broken rules ------------------------------------------------------------------------------------------------------------------------


def test_every_guard_and_threshold_is_broken_once_each_way() -> None:
    expr = '(\n  (a:b:c >= 14)\n  unless (d:e:f > 1.5)\n  unless on (x) g:h:i\n  and (j{k="0.5"} < 0.3)\n)\n* on (x) group_left (y) m:n:o'
    found = list(breaks([Rule("A", expr, {"severity": "warning"}, alert=True), Rule("r", "x > 5", {})]))
    assert [(each.kind, each.what) for each in found] == [
        ("guard removed", "unless (d:e:f > 1.5)"),
        ("guard removed", "unless on (x) g:h:i"),
        ("looser", ">= 14 becomes >= 7"),
        ("tighter", ">= 14 becomes >= 28"),
        ("tighter", "> 1.5 becomes > 0.75"),
        ("looser", "> 1.5 becomes > 3"),
        ("tighter", "< 0.3 becomes < 0.15"),
        ("looser", "< 0.3 becomes < 0.6"),
    ]
    assert found[0].rules[0].expr.split() == expr.replace("unless (d:e:f > 1.5)", "").split()
    assert found[2].rules[0].expr == expr.replace(">= 14", ">= 7")


def test_the_same_threshold_twice_is_two_breaks() -> None:
    whats = [each.what for each in breaks([Rule("A", "(a > 2) and (b > 2)", {}, alert=True)])]
    assert whats == ["> 2 becomes > 1", "> 2 becomes > 4", "> 2 becomes > 1 (number 2)", "> 2 becomes > 4 (number 2)"]


def test_a_broken_record_is_played_under_another_name_with_what_reads_it() -> None:
    rules = [
        Rule("a:b:c", "x > 5", {"kind": "one"}),
        Rule("a:b:c", "y", {"kind": "two"}),
        Rule("d:e:f", "a:b:c * 2 + a:b:c:g", {}),
        Rule("only:for:people", "a:b:c", {}),
        Rule("A", "d:e:f and z:z:z", {"severity": "warning"}, alert=True),
        Rule("B", "z:z:z", {"severity": "warning"}, alert=True),
    ]
    half, double = breaks(rules)
    assert (half.name, half.severity, half.kind, half.what) == ('a:b:c{kind="one"}', "", "in a record", "> 5 becomes > 2.5")
    assert [(rule.name, rule.expr) for rule in half.rules] == [
        ("a:b:c:broken1", "x > 2.5"),
        ("a:b:c:broken1", "y"),
        ("d:e:f:broken1", "a:b:c:broken1 * 2 + a:b:c:g"),
        ("A", "d:e:f:broken1 and z:z:z"),
    ]
    assert [rule.name for rule in double.rules] == ["a:b:c:broken2", "a:b:c:broken2", "d:e:f:broken2", "A"]


def test_records_that_many_rules_read_or_that_read_their_own_past_are_left_to_the_rules_own_tests() -> None:
    alerts = [Rule(f"A{number}", "a:b:c > 0", {}, alert=True) for number in range(11)]
    assert list(breaks([Rule("a:b:c", "x > 5", {}), *alerts])) == []
    assert len(list(breaks([Rule("a:b:c", "x > 5", {}), *alerts[:10]]))) == 2
    assert list(breaks([Rule("a:b:c", "x > 5 or a:b:c[3m]", {}, recursive=True), alerts[0]])) == []
    own = Rule("d:e:f", "d:e:f[3m] or a:b:c", {}, recursive=True)
    assert list(breaks([Rule("a:b:c", "x > 5", {}), own, Rule("A", "d:e:f > 0", {}, alert=True)])) == []


def test_every_shipped_alert_has_breaks() -> None:
    found = list(breaks(read(RULES)))
    # What these say is true as soon as the platform says it, or a record does: they have neither a guard nor a threshold.
    plain = {"ServingDeploymentFailed", "ServingDeploymentNeverStarted", "ServingEnvironmentBroken", "ServingSettingsLint"}
    assert {each.name for each in found if each.severity} == ALERTS - plain
    assert len({each.name for each in found if each.kind == "in a record"}) > 30


@pytest.mark.parametrize(
    ("effect", "noticed", "expected"),
    [
        (Effect("A", "c", "looser", ""), False, True),
        (Effect("A", "c", "looser", "", false=1), True, True),
        (Effect("A", "c", "looser", "", lost=1), True, False),
        (Effect("A", "c", "tighter", "", lost=1, later=3), True, True),
        (Effect("A", "c", "tighter", "", later=-1), True, False),
        (Effect("A", "c", "guard removed", "", gained=1, later=-4), True, True),
        (Effect("a:b:c", "", "in a record", "", lost=1, later=-4), True, True),
    ],
)
def test_which_way_a_break_should_err(effect: Effect, noticed: bool, expected: bool) -> None:
    assert (effect.noticed, effect.expected) == (noticed, expected)


# --- scenarios ---------------------------------------------------------------------------------------------------------------------------


def test_every_incident_has_a_healthy_twin_and_three_levels_and_names_alerts_that_exist() -> None:
    chosen = list(matrix(2, 1))
    assert len({each.name for each in chosen}) == len(chosen)
    for kind in INCIDENTS:
        levels = [each.level for each in chosen if each.incident == kind]
        assert list(dict.fromkeys(levels)) == [HEALTHY, *LEVELS]
        assert len(levels) in (4, 8), "those of a week come half as often"
    for kind in BORDERLINE:
        assert [each.level for each in chosen if each.incident == kind] == [HEALTHY, "mild"]
    for each in chosen:
        assert (each.level == HEALTHY) == each.negative, each.name
        assert {*each.expected, *each.companions} <= ALERTS, each.name
        assert each.negative or each.detection in DETECTIONS, each.name
    assert {each.incident for each in chosen if each.level == HEALTHY} == {*INCIDENTS, *NEGATIVES, *EXCUSED, *BORDERLINE}


def test_every_detection_has_an_incident() -> None:
    assert {each.detection for each in matrix(1, 1) if not each.negative} == DETECTIONS


def test_variations_differ_and_are_the_same_each_time() -> None:
    first, again = list(matrix(2, 1)), list(matrix(2, 1))
    assert first == again
    assert first[0].models != first[1].models


def test_all_of_them_are_one_fleet() -> None:
    chosen = list(matrix(1, 1))
    fleet = fleet_of(chosen)
    assert [model.name for model in fleet.models] == [model["name"] for each in chosen for model in each.models]
    assert len(fleet.timeline) == sum(len(each.timeline) for each in chosen)


def test_batches_hold_scenarios_of_one_length_and_no_more_than_fit() -> None:
    chosen = list(matrix(3, 30))
    found = list(batches(chosen))
    assert sorted(each.name for batch in found for each in batch) == sorted(each.name for each in chosen)
    assert all(len({each.minutes for each in batch}) == 1 for batch in found)
    assert max(sum(each.deployments for each in batch) for batch in found) <= 96


def trace_folder(folder: Path) -> Path:
    """Lay out a folder as recorded traffic is: two days, a quiet night, a busy noon."""
    lines = [f"{600 * bin_},{0 if bin_ % 144 < 30 else 40 + 60 * (bin_ % 144 > 70)}" for bin_ in range(288)]
    (folder / "two-days.csv").write_text("\n".join(["second_offset,requests", *lines]) + "\n")
    (folder / "minutes.csv").write_text("second_offset,requests\n0,1\n60,2\n120,3\n")
    entries = [{"file": name, "kind": "arrivals"} for name in ("two-days.csv", "minutes.csv")]
    (folder / "index.json").write_text(json.dumps({"entries": [*entries, {"file": "cpu.csv", "kind": "labelled metric"}]}))
    return folder


def test_a_folder_of_traffic_becomes_replays_under_three_kinds_of_settings(tmp_path: Path) -> None:
    replays = list(matrix(1, 30, "trace-*", trace_folder(tmp_path)))
    assert {each.incident for each in replays} == {f"traffic, {kind} settings" for kind in ("recommended", "default", "bad")}
    assert len(replays) == 5, "three lengths of requests under good settings, one under each of the others; minutes are no traffic"
    assert {(each.incident.split()[1], each.minutes // 60) for each in replays} == {("recommended", 30), ("default", 24), ("bad", 24)}
    fleet_of(replays)


@pytest.mark.parametrize(
    "index", ["", "[]", '{"entries": [{"kind": "arrivals"}]}', '{"entries": [{"file": "no.csv", "kind": "arrivals"}]}']
)
def test_a_folder_that_is_none_is_said(tmp_path: Path, index: str) -> None:
    (tmp_path / "index.json").write_text(index)
    with pytest.raises(TracesError, match="found no "):
        list(matrix(1, 1, "*", tmp_path))


# --- the whole way -----------------------------------------------------------------------------------------------------------------------


def settings(**changes: object) -> Settings:
    packs = [Pack("rules", read(RULES), inhibitions(SILENCES)), *(Pack(path.stem, read([path])) for path in BASELINES)]
    return Settings(packs, PROMETHEUS[-1].prometheus, **{"jobs": 2, **changes})  # type: ignore[arg-type]


SUBSET = ("*-medium-0", "*-healthy-0", "negative-s*-0", "negative-rollout-0", "negative-pinned-0", "negative-*all-day-0")
SUBSET += ("negative-development-0", "negative-development-c*-0", "negative-development-un*-0", "negative-development-async*-0")
SUBSET += (
    "negative-tokens-*-0",
    "negative-promoted-in-turns-0",
    "negative-not-offered-0",
    "negative-room-on-purpose-0",
    "negative-async-woken-0",
)
LONG = 30 * 60
"""Minutes beyond which a scenario is left to the whole matrix: a week takes minutes."""


@pytest.fixture(scope="module")
def results() -> Results:
    """A fixed part of the matrix, with broken rules: what CI looks at."""
    every = (each for pattern in SUBSET for each in matrix(1, 6, pattern))
    chosen = {each.name: each for each in every if each.minutes <= LONG and each.incident not in BORDERLINE}
    return run(chosen.values(), settings(broken=True))


def subset(results: Results, *incidents: str, negative: bool = False) -> Iterator[Verdict]:
    return (each for each in results.verdicts["rules"] if each.negative == negative and (not incidents or each.incident in incidents))


def test_the_shipped_rules_find_every_incident_of_medium_size(results: Results) -> None:
    assert [each.name for each in subset(results) if each.delay is None] == []


def test_the_first_alert_names_the_incident_and_incidents_page_once(results: Results) -> None:
    wrong = list(subset(results))
    assert sum(each.named_first for each in wrong) >= 0.9 * len(wrong), [(each.name, each.first) for each in wrong if not each.named_first]
    best = subset(results, "thrash", "cold_start_gap", "ceiling", "near_ceiling", "restart_loop", "no_hardware")
    assert [(each.name, each.first) for each in best if not each.named_first] == []
    assert [(each.name, each.pages) for each in subset(results, "ceiling", "cold_start_gap", "restart_loop") if each.pages != 1] == []
    twice = [(each.name, each.pages) for each in wrong if each.pages > 1]
    assert len(twice) <= 0.15 * sum(each.pages > 0 for each in wrong), twice


def test_they_page_nobody_where_nothing_is_wrong(results: Results) -> None:
    quiet = list(subset(results, negative=True))
    assert len(quiet) > 40
    assert [(each.name, each.false) for each in quiet if any(name.endswith("/critical") for name in each.false)] == []


def test_what_is_near_a_threshold_falls_on_the_right_side_of_it() -> None:
    """Those of some hours; the rest is left to the whole matrix."""
    chosen = [each for each in matrix(1, 6) if each.incident in BORDERLINE and each.minutes == SHORT]
    found = run(chosen, settings()).verdicts["rules"]
    assert len({each.incident for each in found}) > 30
    assert [each.name for each in found if not each.negative and each.delay is None] == []
    assert [(each.name, each.false) for each in found if each.false] == []


def test_two_packs_of_simple_rules_are_worse(results: Results) -> None:
    ours = totals(results.verdicts["rules"])
    for name in ("fleet-thresholds", "naive"):
        theirs = totals(results.verdicts[name])
        assert theirs.recall < ours.recall, name
        assert theirs.named_first < ours.named_first, name
        assert theirs.page_precision <= ours.page_precision, name
        assert theirs.false_pages + theirs.false_tickets > ours.false_pages + ours.false_tickets, name


def test_broken_rules_make_it_worse_in_the_way_expected(results: Results) -> None:
    noticed = [each for each in results.effects if each.noticed]
    assert len(noticed) >= 60
    assert sum(each.expected for each in noticed) >= 0.95 * len(noticed), [each for each in noticed if not each.expected]
    assert sum(each.lost for each in noticed if each.kind == "tighter") >= 5
    assert sum(each.false for each in noticed if each.kind == "guard removed") >= 5
    assert sum(each.false for each in noticed if each.kind == "looser") >= 5


def test_what_an_alert_advises_cures_it() -> None:
    """One of each kind of setting; the whole matrix has all of them."""
    found = cures(1, settings(), "*-severe-0")
    assert [each.incident for each in found] == list(ADVICE)
    advised = [each for each in found if each.rounds]
    assert len(advised) >= 10
    assert sum(each.stayed for each in advised) >= 0.9 * len(advised), [each for each in advised if not each.stayed]


def test_real_traffic_under_settings_that_suit_it_raises_no_page() -> None:
    if not TRACES.is_dir():
        pytest.skip("recorded traffic is not there: it comes beside the repository")
    chosen = list(matrix(1, 6, "trace-*-4s-recommended", TRACES))
    found = run(chosen, settings()).verdicts["rules"]
    assert len(found) > 20
    assert [(each.name, each.false) for each in found if any(name.endswith("/critical") for name in each.false)] == []


def test_what_an_exporter_could_not_read_is_seen_and_its_workspace_alone(results: Results) -> None:
    assert {each.delay is not None for each in subset(results, "exporter_down", "source_failing", "source_throttled", "source_stale")} == {
        True
    }


def test_the_command_writes_both_reports_and_remembers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(Path(PROMETHEUS[-1].prometheus).parent))
    outputs = [tmp_path / "report.json", tmp_path / "report.md"]
    words = ["score", "--rules", str(FOLDER), "--scenarios", "ceiling-[hms]*-0", "--seeds", "1", "--hours", "1", "--no-baselines"]
    words += ["--state", str(tmp_path / "state.jsonl"), *(word for path in outputs for word in ("--output", str(path)))]
    first = CliRunner().invoke(main, words, catch_exceptions=False)
    assert first.exit_code == 0, first.output
    assert "batch 1 of 1: 4 scenarios" in first.output
    document = json.loads(outputs[0].read_text())
    assert document["made_with"]["command"] == "serving-simulator score --seeds 1 --hours 1 --seed 1 --scenarios 'ceiling-[hms]*-0'"
    assert [(each["name"], each["level"], each["recall"]) for each in document["detections"]][1:] == [
        ("capacity_exhausted", "medium", 1),
        ("capacity_exhausted", "severe", 1),
    ]
    text = outputs[1].read_text()
    again = CliRunner().invoke(main, words, catch_exceptions=False)
    assert "4 of 4 scenarios are known" in again.output
    assert outputs[1].read_text() == text


def test_what_the_command_cannot_use_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def said(*words: str) -> str:
        result = CliRunner().invoke(main, ["score", *words])
        assert result.exit_code == 2
        return result.output

    monkeypatch.setenv("PATH", str(Path(PROMETHEUS[-1].prometheus).parent))
    assert "found no scenario of the name 'no-such'" in said("--rules", str(FOLDER), "--scenarios", "no-such")
    assert "found no rule files" in said("--rules", str(tmp_path))
    assert "found no index of traces" in said("--rules", str(FOLDER), "--traces", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "no prometheus on PATH" in said("--rules", str(FOLDER))
