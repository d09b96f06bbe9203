"""The mutation tool: which mistakes it makes, which it rightly does not, and how it tells who lived."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import promql_parser
import pytest
from tests.rules import sample
from tests.tools.toolchain import PROMETHEUS, PrometheusRelease

from serving_rules.errors import PackError
from serving_rules.fixtures import Suite
from serving_rules.model import Example, Outcome, Record
from serving_rules.mutation import equivalents, ledger
from serving_rules.mutation.__main__ import main
from serving_rules.mutation.equivalents import Equivalent
from serving_rules.mutation.expressions import changes, nodes, normal
from serving_rules.mutation.mutant import difference, rule_name
from serving_rules.mutation.report import by_operator, facts, report
from serving_rules.mutation.rules import mutants
from serving_rules.mutation.trial import Fate, Verdict, run, trials
from serving_rules.pack import Rule, build

PROMTOOL = PROMETHEUS[-1].promtool


def made(expr: str, operator: str) -> set[str]:
    """Return what an operator makes of an expression."""
    return {change.expr for change in changes(expr) if change.operator == operator}


def operators(expr: str) -> set[str]:
    return {change.operator for change in changes(expr)}


class TestExpressions:
    @pytest.mark.parametrize(
        ("operator", "expr", "expected"),
        [
            ("comparison flipped", "a > 1", {"a < 1"}),
            ("comparison flipped", "a == 1", {"a != 1"}),
            ("comparison flipped", "a >= bool 1", {"a <= bool 1"}),
            ("comparison moved to the boundary", "a > 1", {"a >= 1"}),
            ("comparison moved to the boundary", "a <= 1", {"a < 1"}),
            ("comparison moved to the boundary", "a == 1", set()),
            ("number doubled", "a > 0.25", {"a > 0.5"}),
            ("number halved", "a > 3", {"a > 1.5"}),
            ("number doubled", "a > 0", set()),
            ("number doubled", "a > -3", {"a > (-6)"}),
            ("matcher dropped", 'a{b="c",d!~"e.*"}', {'a{d!~"e.*"}', 'a{b="c"}'}),
            ("matcher dropped", r'rate(a{b="c\"d"}[5m])', {"rate(a[5m])"}),
            ("aggregation swapped", "sum by (a) (b)", {"max by (a) (b)", "avg by (a) (b)"}),
            ("aggregation swapped", "topk by (a) (1, b)", {"bottomk by (a) (1, b)"}),
            ("function swapped", "max_over_time(a[5m])", {"min_over_time(a[5m])"}),
            ("function dropped", "clamp_min(a - b, 0)", {"(a - b)"}),
            ("range doubled", "rate(a[5m])", {"rate(a[10m])"}),
            ("range halved", "rate(a[5m] offset 1h)", {"rate(a[2m30s] offset 1h)"}),
            ("range doubled", "max_over_time((a > 1)[2h:1m])", {"max_over_time((a > 1)[4h:1m])"}),
            ("and/unless swapped", "a and b unless c", {"a unless b unless c", "a and b and c"}),
            ("condition dropped", "a and b unless c", {"a and b", "a unless c"}),
            ("arithmetic swapped", "a + b * c", {"a - b * c", "a + b / c"}),
            ("arithmetic swapped", "a ^ 2 / 3", {"(a * 2) / 3", "a ^ 2 * 3"}),
            ("arithmetic swapped", "(a - b) - c", {"(a + b) - c", "(a - b) + c"}),
            ("or: left dropped", "(a or b) * c", {"(b) * c"}),
            ("or: right dropped", "a or b or c", {"a or b", "a or c"}),
            ("or: order swapped", "a or b", {"b or a"}),
            ("or on labels: order swapped", "a or on (d) b", {"b or on (d) a"}),
            ("grouping label dropped", "sum by (a, b) (c)", {"sum by (b) (c)", "sum by (a) (c)"}),
            ("grouping label dropped", "max without (a, b) (c)", {"max without (b) (c)", "max without (a) (c)"}),
            (
                "matching changed",
                "a * on (b, c) group_left (d) e",
                {
                    "a * on (c) group_left (d) e",
                    "a * on (b) group_left (d) e",
                    "a * on (b, c) group_left () e",
                },
            ),
            ("matching changed", "a unless on (b) c", {"a unless on () c"}),
            ("matching changed", "a > bool b", {"a > b"}),
            ("offset dropped", "a - a offset 1m", {"a - a"}),
            ("offset doubled", "a - a offset 90s", {"a - a offset 3m"}),
        ],
    )
    def test_each_operator(self, operator: str, expr: str, expected: set[str]) -> None:
        assert made(expr, operator) == expected

    @pytest.mark.parametrize(
        "expr",
        [
            "a and max by (b) (c)",
            "a unless on (b) (sum by (b) (c) * 3)",
            "count by (a) (max by (a, b) (c))",
            "0 * max by (a) (b)",
            "max by (a) (b) * 0",
            "a unless count_over_time(b[5m])",
        ],
    )
    def test_a_value_that_makes_no_difference_is_left_alone(self, expr: str) -> None:
        assert not operators(expr) & {"aggregation swapped", "number doubled", "function swapped"} - (
            {"aggregation swapped"} if expr.startswith("count") else set()
        )

    @pytest.mark.parametrize("expr", ["a and max by (b) (c) > 1", "max by (a) (b) > bool 0", "a and topk by (b) (1, max by (b, c) (d))"])
    def test_a_value_that_is_compared_or_chosen_from_makes_one(self, expr: str) -> None:
        assert "aggregation swapped" in operators(expr)

    def test_an_info_series_is_one(self) -> None:
        assert "arithmetic swapped" not in operators("a * on (b) group_left (c) serving:deployment:info")

    def test_each_change_is_one_and_parses(self) -> None:
        for rule in build().rules():
            found = [change.expr for change in changes(rule.expr)]
            assert len(set(found)) == len(found)
            assert normal(rule.expr) not in found
            assert [normal(expr) for expr in found] == found

    def test_nodes_come_in_the_order_of_the_parser(self) -> None:
        """Replacing counts nodes as the parser visits them."""
        for rule in build().rules():
            tree, theirs = promql_parser.parse(rule.expr), []
            promql_parser.walk(tree, theirs.append)
            assert [node.prettify() for node, _ in nodes(tree)] == [node.prettify() for node in theirs]


class TestNames:
    @pytest.mark.parametrize(
        ("before", "after", "expected"),
        [
            ("a >= 14", "a > 14", "a [>= → >] 14"),
            ("a and b", "a", "a[ and b → ]"),
            ("rate(a[5m])", "rate(a[10m])", "rate(a[[5m → 10m]])"),
            ("x" * 90 + " > 1", "x" * 90 + " < 1", "…" + "x" * 39 + " [> → <] 1"),
        ],
    )
    def test_a_difference_shows_what_is_around_it(self, before: str, after: str, expected: str) -> None:
        assert difference(before, after) == expected

    def test_they_are_unique_within_a_rule(self) -> None:
        for rule in build().rules():
            names = [mutant.name for mutant in mutants(rule)]
            assert len(set(names)) == len(names)

    def test_equal_changes_are_counted(self) -> None:
        found = [mutant.name for mutant in mutants(Rule("min(a) + b * 2 + c * 1000000 * d * e * f * g * h + b * 2", record="serving:x:y"))]
        assert len(set(found)) == len(found)

    def test_what_an_alert_has_besides_its_expression(self) -> None:
        rule = Rule("a", alert="A", for_="5m", labels={"severity": "info", "detection": "x"}, annotations={"summary": "s"})
        assert [mutant.name for mutant in mutants(rule)] == [
            "severity changed",
            "label dropped: detection",
            "for dropped",
            "for doubled",
            "keep_firing_for added",
            "text changed: summary",
            "text dropped: summary",
        ]

    def test_rules_of_one_name(self) -> None:
        assert rule_name(Rule("a", record="serving:x:y", labels={"platform": "baseten"})) == "serving:x:y"
        assert rule_name(Rule("a", record="serving:x:y", labels={"lint": "one"})) == 'serving:x:y{lint="one"}'


def verdicts(found: Suite) -> list[Verdict]:
    return run(list(trials([found], found.rules)), PROMTOOL, 2)


class TestTrials:
    def test_a_good_proof_kills_all(self) -> None:
        (verdict,) = verdicts(sample.suite(sample.alert()))
        assert verdict.sick == ""
        assert [mutant.name for mutant in verdict.survivors()] == []
        assert verdict.count() == len(verdict.trial.mutants) > 30

    def test_a_weak_one_lets_live_what_it_does_not_try(self) -> None:
        def proved(**change: Any) -> Verdict:
            cases = tuple(replace(case, **change) if case.shows is Outcome.AT else case for case in sample.proof().cases)
            (verdict,) = verdicts(sample.suite(sample.alert(proof=sample.proof(cases=cases))))
            return verdict

        beyond = proved(change={"serving:load:max": 21})
        assert [mutant.operator for mutant in beyond.survivors()] == ["comparison moved to the boundary"]
        assert "ServingSampleLoad_mutant0" in proved(fires=False).sick, "a rule that fails its own proof proves nothing"

    @pytest.mark.parametrize("release", PROMETHEUS, ids=str)
    def test_the_releases_agree(self, release: PrometheusRelease) -> None:
        made = sample.suite(records=(sample.RECORD,))
        (verdict,) = run(list(trials([made], made.rules)), release.promtool, 1)
        assert verdict.sick == ""
        assert {mutant.operator for mutant in verdict.survivors()} <= {"range halved", "range doubled"}

    def test_without_tests_all_live(self) -> None:
        made = sample.suite(records=(sample.RECORD,))
        (verdict,) = verdicts(replace(made, tests=()))
        assert len(verdict.survivors()) == len(verdict.trial.mutants) > 0
        assert report([verdict], {}, threshold=95, strict=False) == 1

    def test_an_expression_that_cannot_be_evaluated_is_killed_and_hides_nobody(self) -> None:
        """Dropping a label of ``on`` makes two series match one; promtool then asks nothing else of anyone."""
        scale = "serving:load:max * on (platform, workspace, model_id, deployment_id) group_left () serving:scale:current"
        two = Example(
            "two deployments",
            {
                "serving:load:max": 3,
                "serving:scale:current": 2,
                'serving:load:max{deployment_id="d-two"}': 5,
                'serving:scale:current{deployment_id="d-two"}': 7,
            },
            "1m",
            {"serving:load:scaled": 6, 'serving:load:scaled{deployment_id="d-two"}': 35},
        )
        (verdict,) = verdicts(sample.suite(records=(Record("serving:load:scaled", scale, "Scaled.", examples=(two,)),)))
        assert verdict.sick == ""
        assert set(verdict.fates.values()) == {Fate.KILLED, Fate.SURVIVED}
        lived = [mutant.name for mutant in verdict.survivors()]
        assert len(lived) == 3
        assert not [name for name in lived if "deployment_id → ]" in name], lived

    def test_a_record_that_reads_itself_reads_its_own_mutant(self) -> None:
        expr = "serving:load:max > 5 or last_over_time(serving:load:peak[1h])"
        example = Example("it was high", {"serving:load:max": "9 1x9"}, "5m", {"serving:load:peak": 9})
        (verdict,) = verdicts(sample.suite(records=(Record("serving:load:peak", expr, "Peak.", examples=(example,)),)))
        assert verdict.sick == ""
        assert not [mutant.name for mutant in verdict.survivors() if mutant.operator.startswith("or: right")]

    def test_what_other_records_of_the_suite_feed_is_loaded(self) -> None:
        twice = Record(
            "serving:limit:twice",
            "2 * serving:limit:for_sample",
            "Twice.",
            examples=(Example("a chain", {"serving:load:max": 1.5}, "1m", {"serving:limit:twice": 13}),),
        )
        found = {verdict.trial.name: verdict for verdict in verdicts(sample.suite(records=(sample.RECORD, twice)))}
        assert found["serving:limit:twice"].sick == ""
        assert found["serving:limit:twice"].survivors() == []


@pytest.fixture(scope="module")
def weak() -> list[Verdict]:
    found = verdicts(sample.suite(records=(replace(sample.RECORD, examples=sample.RECORD.examples[:2]),)))
    assert found[0].survivors()
    return found


class TestReport:
    def listed(self, found: list[Verdict]) -> dict[tuple[str, str], Equivalent]:
        return {
            (verdict.trial.name, mutant.name): Equivalent(verdict.trial.name, mutant.name, "The same.")
            for verdict in found
            for mutant in verdict.survivors()
        }

    def test_survivors_are_named_and_fail(self, weak: list[Verdict], capsys: pytest.CaptureFixture[str]) -> None:
        assert report(weak, {}, threshold=100, strict=False) == 1
        said = capsys.readouterr().out
        assert all(mutant.name in said for mutant in weak[0].survivors())

    def test_a_threshold_that_is_met_passes_unless_strict(self, weak: list[Verdict]) -> None:
        assert report(weak, {}, threshold=10, strict=False) == 0
        assert report(weak, {}, threshold=10, strict=True) == 1

    def test_equivalents_do_not_count(self, weak: list[Verdict], capsys: pytest.CaptureFixture[str]) -> None:
        assert report(weak, self.listed(weak), threshold=100, strict=True) == 0
        assert "score 100.0 %" in capsys.readouterr().out

    def test_an_entry_that_is_killed_or_gone_fails(self, weak: list[Verdict], capsys: pytest.CaptureFixture[str]) -> None:
        name = weak[0].trial.name
        stale = {**self.listed(weak), (name, "no such mutant"): Equivalent(name, "no such mutant", "?")}
        assert report(weak, stale, threshold=10, strict=False) == 1
        assert "stale entry among the equivalents: serving:limit:for_sample: no such mutant" in capsys.readouterr().out

    def test_entries_of_rules_that_were_not_tried_are_left_alone(self, weak: list[Verdict]) -> None:
        other = {("serving:other:max", "any"): Equivalent("serving:other:max", "any", "?")}
        assert report(weak, {**self.listed(weak), **other}, threshold=100, strict=True) == 0

    def test_each_kind_of_mistake_has_a_line(self) -> None:
        rows = {"number doubled": {"killed": 3, "survived": 1, "equivalent": 2}, "x": {"killed": 0, "survived": 0, "equivalent": 1}}
        assert [line.split() for line in by_operator(rows)][1:] == [["number", "doubled", "3", "1", "2", "75%"], ["x", "0", "0", "1", "0%"]]

    def test_facts_are_complete_and_plain(self, weak: list[Verdict]) -> None:
        found = json.loads(json.dumps(facts(weak, self.listed(weak))))
        assert len(found) == len(weak[0].trial.mutants)
        assert {each["fate"] for each in found} == {"killed", "survived"}
        assert all(("equivalent" in each) == (each["fate"] == "survived") for each in found)


class TestEquivalents:
    def test_the_list_of_the_pack_can_be_read(self) -> None:
        known = equivalents.read()
        rules = {rule_name(rule): rule for rule in build().rules()}
        for rule, mutant in known:
            assert rule in rules, f"no rule {rule}"
            assert mutant in {each.name for each in mutants(rules[rule])}, f"{rule}: no mutant {mutant}"

    @pytest.mark.parametrize(
        "text",
        ["- {rule: a, mutant: b}", "- {rule: a, mutant: b, reason: ''}", "- {rule: a, mutant: b, reason: c, more: d}", "- text"],
    )
    def test_an_entry_needs_a_reason_and_nothing_else(self, text: str, tmp_path: Path) -> None:
        path = tmp_path / "list.yaml"
        path.write_text(text)
        with pytest.raises(PackError, match="expected rule, mutant and reason"):
            equivalents.read(path)

    def test_an_entry_stands_once(self, tmp_path: Path) -> None:
        path = tmp_path / "list.yaml"
        path.write_text("- {rule: a, mutant: b, reason: c}\n" * 2)
        with pytest.raises(PackError, match="listed twice"):
            equivalents.read(path)

    def test_no_file_is_an_empty_list(self, tmp_path: Path) -> None:
        assert equivalents.read(tmp_path / "none.yaml") == {}


@pytest.fixture(scope="module")
def tried() -> list[Verdict]:
    return verdicts(sample.suite(sample.alert()))


class TestLedger:
    def test_what_was_tried_is_not_new(self, tried: list[Verdict]) -> None:
        (verdict,) = tried
        assert ledger.new([verdict.trial], {}) == [verdict.trial]
        assert ledger.new([verdict.trial], {verdict.trial.name: ledger.entry(verdict, {})}) == []

    @pytest.mark.parametrize(
        "change",
        [
            lambda: sample.suite(sample.alert(summary="Another sentence.")),
            lambda: sample.suite(sample.alert(proof=sample.proof(cases=sample.proof().cases[:-1]))),
        ],
        ids=["rule", "test"],
    )
    def test_a_changed_rule_and_a_changed_test_are_new(self, change: Callable[[], Suite], tried: list[Verdict]) -> None:
        made = change()
        found = list(trials([made], made.rules))
        known = {verdict.trial.name: ledger.entry(verdict, {}) for verdict in tried}
        assert [trial.name for trial in ledger.new(found, known)] == ["ServingSampleLoad (warning)"]

    def test_so_is_a_rule_that_has_other_mutants(self, tried: list[Verdict]) -> None:
        (verdict,) = tried
        fewer = replace(verdict.trial, mutants=verdict.trial.mutants[1:])
        assert ledger.digest(fewer) != ledger.digest(verdict.trial)

    def test_an_entry_counts_what_became_of_the_mutants(self, weak: list[Verdict]) -> None:
        (verdict,) = weak
        listed = TestReport().listed(weak)
        first = next(iter(listed))
        for known, equivalent in (({}, 0), ({first: listed[first]}, 1)):
            counts = ledger.totals({"rule": ledger.entry(verdict, known)})
            assert sum(row["killed"] for row in counts.values()) == verdict.count() - len(verdict.survivors())
            assert sum(row["equivalent"] for row in counts.values()) == equivalent
            assert sum(row["survived"] for row in counts.values()) == len(verdict.survivors()) - equivalent

    def test_it_is_updated_by_what_was_tried_and_forgets_what_is_gone(self, weak: list[Verdict]) -> None:
        (verdict,) = weak
        name, kept = verdict.trial.name, {"digest": "0", "mutants": {}}
        made = ledger.updated({name: kept, "kept": kept, "gone": kept}, weak, {}, [name, "kept", "never tried"])
        assert made == {name: ledger.entry(verdict, {}), "kept": kept}
        assert ledger.updated({name: kept}, [replace(verdict, sick="broken")], {}, [name]) == {}

    def test_it_reads_what_it_wrote(self, tmp_path: Path) -> None:
        found = {
            'serving:a:b{c="d"}': {"digest": "0", "mutants": {"number doubled": {"killed": 2}}},
            "A (info)": {"digest": "1", "mutants": {}},
        }
        ledger.write(found, tmp_path / "score.json")
        assert ledger.read(tmp_path / "score.json") == found
        assert ledger.read(tmp_path / "none.json") == {}

    @pytest.mark.parametrize("text", ["{", "[1]", '{"a": {}}', '{"a": 1}'])
    def test_a_file_that_is_none_is_told(self, text: str, tmp_path: Path) -> None:
        (tmp_path / "score.json").write_text(text)
        with pytest.raises(PackError, match="make rules-mutate"):
            ledger.read(tmp_path / "score.json")

    def test_the_committed_one_has_every_rule_of_the_pack(self) -> None:
        """Whether they are as they were tried is for the command to see: it tries those that are not."""
        assert list(ledger.read()) == [rule_name(rule) for rule in build().rules()]


class TestCommand:
    def test_one_rule_of_a_detection(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        written = tmp_path / "fates.json"
        arguments = ["--detection", "thrash", "--rule", "ServingThrash (warning)", "--dry", "--promtool", PROMTOOL, "--json", str(written)]
        assert main(arguments) == 0, capsys.readouterr().out
        assert {each["rule"] for each in json.loads(written.read_text())} == {"ServingThrash (warning)"}

    def test_an_unknown_detection_is_told(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["--detection", "nonsense"]) == 2
        assert "nonsense" in capsys.readouterr().err
