"""The generator of promtool tests: what it makes passes on every release, what is wrong is told in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules import sample
from tests.tools.toolchain import PROMETHEUS, PrometheusRelease

from serving_rules.errors import PackError, RulesError
from serving_rules.fixtures import Suite, files, promtool, suites
from serving_rules.fixtures.__main__ import main
from serving_rules.fixtures.choice import detection_named, group_named
from serving_rules.fixtures.complaints import complaints
from serving_rules.fixtures.notation import STALE, compact, minutes, spread
from serving_rules.fixtures.series import ONE, Key, selector
from serving_rules.model import Case, Layer, Outcome, Record, Scope, Severity
from serving_rules.pack import build

each_release = pytest.mark.parametrize("release", PROMETHEUS, ids=str)


def judged(made: Suite, folder: Path, *, release: PrometheusRelease = PROMETHEUS[0]) -> list[str]:
    """Return what promtool has to say of a suite, in words."""
    for name, text in made.files().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return list(complaints(release.promtool, [made], folder))


def values_of(test: dict[str, object], name: str) -> list[str]:
    return [each["values"] for each in test["input_series"] if each["series"].startswith(name)]  # type: ignore[attr-defined]


class TestNotation:
    @pytest.mark.parametrize(
        ("text", "expected"), [("90m", 90), ("1h30m", 90), ("2d", 2880), ("0m", 0), ("", 0), ("0", 0), ("1d1h1m", 1501)]
    )
    def test_durations(self, text: str, expected: int) -> None:
        assert minutes(text) == expected

    @pytest.mark.parametrize("text", ["30s", "1m30s", "soon", "-5m", "1.5h"])
    def test_what_is_no_whole_minute_is_refused(self, text: str) -> None:
        with pytest.raises(PackError, match="whole minutes"):
            minutes(text)

    @pytest.mark.parametrize(
        ("values", "last", "expected"),
        [
            (7, 2, ["7", "7", "7"]),
            (0.25, 1, ["0.25", "0.25"]),
            ("1x2", 3, ["1", "1", "1", "_"]),
            ("1+0.5x3", 3, ["1", "1.5", "2", "2.5"]),
            ("5-2x2", 2, ["5", "3", "1"]),
            ("_ _x2 3", 3, ["_", "_", "_", "3"]),
            ("1 stale 2", 2, ["1", "stale", "2"]),
            ("1x9", 2, ["1", "1", "1"]),
        ],
    )
    def test_it_is_spread_as_promtool_reads_it(self, values: float | str, last: int, expected: list[str]) -> None:
        assert spread(values, last) == expected

    def test_nonsense_is_refused(self) -> None:
        with pytest.raises(PackError, match="'1y3'"):
            spread("1 1y3", 5)

    @given(st.lists(st.sampled_from(["1", "0.5", "-3", "_", STALE]), min_size=1, max_size=30))
    def test_compact_and_spread_are_inverse(self, samples: list[str]) -> None:
        # A series that is stale twice is no more stale than once.
        once = ["_" if each == STALE and samples[index - 1 : index] == [STALE] else each for index, each in enumerate(samples)]
        assert spread(compact(samples), len(samples) - 1) == once

    @each_release
    def test_promtool_agrees_minute_by_minute(self, release: PrometheusRelease, tmp_path: Path) -> None:
        notations = ["1+0.5x9", "_x3 7x2 _ 4", "3 _x8 1-1x2", "0.1+0.1x11", "1 stale 5x3 stale"]
        tests = []
        for number, notation in enumerate(notations):
            samples = spread(notation, 11)
            series = f'fed{{case="{number}"}}'
            looks = [
                {
                    "expr": f"last_over_time({series}[30s])",
                    "eval_time": f"{minute}m",
                    "exp_samples": [{"labels": series, "value": float(each)}],
                }
                for minute, each in enumerate(samples)
                if each not in {"_", STALE}
            ]
            fed = [{"series": series, "values": compact(samples)}]
            tests.append({"name": notation, "interval": "1m", "input_series": fed, "promql_expr_test": looks})
        assert judged(replace(sample.suite(sample.alert()), tests=tuple(tests)), tmp_path, release=release) == []


class TestSeries:
    @pytest.mark.parametrize(
        ("key", "expected"),
        [
            ("serving:load:max", 'serving:load:max{platform="baseten",workspace="w-one",model_id="m-one",deployment_id="d-one"}'),
            ("serving_model:load:max", 'serving_model:load:max{platform="baseten",workspace="w-one",model_id="m-one"}'),
            (
                "serving_environment:load:max",
                'serving_environment:load:max{platform="baseten",workspace="w-one",model_id="m-one",environment="production"}',
            ),
            ("serving_workspace:load:max", 'serving_workspace:load:max{platform="baseten",workspace="w-one"}'),
            (
                'serving_replica:load:max{replica="r1"}',
                'serving_replica:load:max{platform="baseten",workspace="w-one",model_id="m-one",deployment_id="d-one",replica="r1"}',
            ),
            (
                'serving:load:max{deployment_id="d-two",status="UP"}',
                'serving:load:max{platform="baseten",workspace="w-one",model_id="m-one",deployment_id="d-two",status="UP"}',
            ),
            ('serving:load:max{model_id=""}', 'serving:load:max{platform="baseten",workspace="w-one",deployment_id="d-one"}'),
            ('baseten_load{workspace="w-one"}', 'baseten_load{workspace="w-one"}'),
            ("serving_exporter_source_up", "serving_exporter_source_up{}"),
            (
                "serving_model:model:info",
                'serving_model:model:info{platform="baseten",workspace="w-one",model_id="m-one",model_name="chat"}',
            ),
        ],
    )
    def test_the_scope_lends_its_labels(self, key: str, expected: str) -> None:
        assert Key.read(key).of(ONE) == expected

    @given(st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.text(min_size=1, max_size=12), max_size=3))
    def test_what_is_spelled_can_be_read(self, labels: dict[str, str]) -> None:
        assert Key.read(selector("serving:load:max", labels)).labels == labels

    @pytest.mark.parametrize("key", ["", "9", "serving:load:max{", 'a{b="c}', "a{b=c}", 'a{b="c"}d'])
    def test_what_is_no_series_is_refused(self, key: str) -> None:
        with pytest.raises(PackError, match="is no series"):
            Key.read(key)

    def test_a_replica_must_be_named(self) -> None:
        with pytest.raises(PackError, match="replica in braces"):
            Key.read("serving_replica:load:max").of(ONE)


class TestAlerts:
    @each_release
    @pytest.mark.parametrize("scope", Scope, ids=lambda scope: scope.prefix)
    def test_a_right_proof_passes(self, scope: Scope, release: PrometheusRelease, tmp_path: Path) -> None:
        assert judged(sample.suite(sample.alert(scope)), tmp_path, release=release) == []

    @pytest.mark.parametrize("scope", Scope, ids=lambda scope: scope.prefix)
    @pytest.mark.parametrize("label", ["platform", "workspace", "model_id"])
    def test_a_guard_that_reaches_too_far_is_noticed(self, scope: Scope, label: str, tmp_path: Path) -> None:
        if scope is Scope.WORKSPACE:
            return  # its guard is in its own object
        made = sample.alert(scope)
        on = "on (platform, workspace, model_id)"
        assert on in made.expr
        careless = on.replace(f", {label}", "").replace(f"{label}, ", "")
        assert judged(sample.suite(replace(made, expr=made.expr.replace(on, careless))), tmp_path)

    @pytest.mark.parametrize(
        "change",
        [
            {"for_": "2m"},
            {"for_": "4m"},
            {"keep_firing_for": "3m"},
            {"keep_firing_for": "5m"},
            {"keep_firing_for": ""},
            {"severity": Severity.INFO},
            {"summary": "Something else."},
            {"labels": {"tier": "gold"}},
        ],
        ids=str,
    )
    def test_another_alert_than_was_proved_fails(self, change: dict[str, object], tmp_path: Path) -> None:
        made, other = sample.suite(sample.alert()), sample.suite(sample.alert(**change))
        assert judged(replace(made, rules=other.rules), tmp_path)

    @each_release
    @pytest.mark.parametrize(("for_", "keep"), [("0m", ""), ("", "5m"), ("1m", ""), ("1h", "2h")])
    def test_any_durations(self, for_: str, keep: str, release: PrometheusRelease, tmp_path: Path) -> None:
        assert judged(sample.suite(sample.alert(for_=for_, keep_firing_for=keep)), tmp_path, release=release) == []

    @each_release
    def test_a_condition_that_looks_back(self, release: PrometheusRelease, tmp_path: Path) -> None:
        proof = sample.proof(starts="10m", lingers="15m", base={"serving:load:max": "1x9 30x999", "serving:limit:current": 20})
        proof = replace(
            proof,
            cases=(
                Case("it was high for a while, and is forgotten", Outcome.UNDER, {"serving:load:max": "30x5 1x999"}, at="30m"),
                Case("it was high for a while", Outcome.AT, {"serving:load:max": "30x5 1x999"}, fires=True, at="15m"),
                Case("never high", Outcome.GUARD, {"serving:load:max": 1}),
                Case("gone", Outcome.ZERO, {"serving:load:max": None}),
            ),
        )
        made = sample.alert(
            expr="max_over_time(serving:load:max[15m]) >= serving:limit:current",
            description="{{ $labels.model_name }} had {{ $value }}.",
            proof=replace(proof, description="chat had 30."),
        )
        assert judged(sample.suite(made), tmp_path, release=release) == []

    @each_release
    def test_twins_of_two_severities(self, release: PrometheusRelease, tmp_path: Path) -> None:
        warning = sample.alert()
        critical = sample.alert(
            severity=Severity.CRITICAL,
            for_="2m",
            expr="serving:load:max > 2 * serving:limit:current",
            proof=sample.proof(
                base={"serving:load:max": 50, "serving:limit:current": 20},
                description="chat (production), deployment d-one has a load of 50.",
                cases=(
                    Case("twice the limit", Outcome.UNDER, {"serving:load:max": 40}),
                    Case("a little more", Outcome.AT, {"serving:load:max": 41}, fires=True),
                    Case("gone", Outcome.ZERO, {"serving:load:max": None}),
                ),
                waived={Outcome.GUARD: "it has none"},
            ),
        )
        assert judged(sample.suite(warning, critical), tmp_path, release=release) == []
        # A minute later both fire.
        late = replace(critical, for_="3m")
        assert "warning" in "\n".join(judged(sample.suite(warning, late), tmp_path, release=release))
        both = replace(late.proof, beside={Severity.WARNING: late.proof.description})
        assert judged(sample.suite(warning, replace(late, proof=both)), tmp_path, release=release) == []

    def test_a_case_with_labels_and_words_of_its_own(self, tmp_path: Path) -> None:
        made = sample.alert()
        load = "serving:load:max"
        cases = (
            *made.proof.cases,
            Case(
                "another status",
                Outcome.OVER,
                {load: None, f'{load}{{status="SLOW"}}': 40},
                fires=True,
                labels={"status": "SLOW"},
                description="chat (production), deployment d-one has a load of 40.",
            ),
        )
        expr = "serving:load:max >= on (platform, workspace, model_id, deployment_id) group_left () serving:limit:current"
        expr += " unless on (platform, workspace, model_id, deployment_id) (serving:pause:ratio > 0)"
        expr += " unless on (platform, workspace, model_id) serving_model:pause:flag"
        assert judged(sample.suite(replace(made, expr=expr, proof=replace(made.proof, cases=cases))), tmp_path) == []

    def test_objects_are_named_after_their_cases(self) -> None:
        (cases,) = sample.alone(sample.suite(sample.alert()), "fires for those alone").tests
        fed = {
            Key.read(each["series"]).labels.get(label)
            for each in cases["input_series"]
            for label in ("deployment_id", "model_id", "workspace")
        }
        assert {"under: a little less", "at: just as much as its limit", "guard: its model is paused", "quiet"} <= fed

    def test_what_only_the_description_reads_is_not_fed_to_every_case(self) -> None:
        made = sample.alert(description='{{ with query "serving:limit:advice" }}{{ . | first | value }}{{ end }}')
        made = replace(made, proof=replace(made.proof, base={**made.proof.base, "serving:limit:advice": 3}))
        life, cases, _ = sample.suite(made).tests
        assert values_of(life, "serving:limit:advice")
        assert not values_of(cases, "serving:limit:advice")


class TestMistakesInProofs:
    """A proof that cannot show what it says is refused before promtool runs."""

    def refused(self, match: str, **changes: object) -> None:
        with pytest.raises(PackError, match=match):
            sample.suite(sample.alert(proof=sample.proof(**changes)))

    def test_an_input_that_nothing_reads(self) -> None:
        self.refused("base has serving:other:max", base={"serving:load:max": 30, "serving:other:max": 1})

    def test_a_change_that_changes_nothing(self) -> None:
        case = Case("an unread series", Outcome.GUARD, {"serving:other:max": 1})
        self.refused("'an unread series' changes serving:other:max", cases=(*sample.proof().cases, case))

    def test_a_quiet_that_is_not(self) -> None:
        self.refused("quiet changes nothing", quiet={})

    @pytest.mark.parametrize("outcome", [Outcome.UNDER, Outcome.AT, Outcome.GUARD, Outcome.ZERO])
    def test_an_outcome_that_is_forgotten(self, outcome: Outcome) -> None:
        cases = tuple(case for case in sample.proof().cases if case.shows is not outcome)
        self.refused(f"no case shows {outcome.name}", cases=cases)
        assert sample.suite(sample.alert(proof=sample.proof(cases=cases, waived={outcome: "it cannot be"})))

    def test_two_cases_of_one_name(self) -> None:
        cases = sample.proof().cases
        self.refused("two cases are called 'a little less'", cases=(*cases, cases[0]))

    def test_a_case_without_any_series(self) -> None:
        scope = Scope.WORKSPACE
        nothing = Case("nothing", Outcome.ABSENT, dict.fromkeys(sample.series(scope)))
        with pytest.raises(PackError, match="'nothing' leaves no series"):
            sample.suite(sample.alert(scope, proof=sample.proof(scope, cases=(*sample.proof(scope).cases, nothing))))

    def test_a_twin_that_does_not_exist(self) -> None:
        self.refused("no info of the same name", beside={Severity.INFO: "?"})

    def test_a_series_that_objects_would_share(self) -> None:
        fixed = {'serving:load:max{deployment_id="d-nine",model_id="m-nine",workspace="w-nine",platform="p-nine"}': 1}
        self.refused("no label tells an object", cases=(*sample.proof().cases, Case("elsewhere", Outcome.OVER, fixed)))


class TestComplaints:
    def test_a_case_that_fires_is_named(self, tmp_path: Path) -> None:
        made = sample.alert(expr="serving:load:max >= serving:limit:current - 1 unless (serving:pause:ratio > 0)")
        proof = replace(made.proof, cases=made.proof.cases[:-1])
        said = "\n".join(judged(sample.suite(replace(made, proof=proof)), tmp_path))
        assert "deployment_id='under: a little less' firing: expected no, got yes" in said
        assert "base object" not in said

    def test_texts_are_shown_one_above_the_other(self, tmp_path: Path) -> None:
        made = sample.alert()
        said = "\n".join(judged(sample.suite(replace(made, proof=replace(made.proof, description="Nothing."))), tmp_path))
        assert "expected description: Nothing." in said
        assert "got      description: chat (production), deployment d-one has a load of 30." in said

    def test_values_of_records(self, tmp_path: Path) -> None:
        wrong = replace(sample.RECORD.examples[0], expect={"serving:limit:for_sample": 8})
        said = "\n".join(judged(sample.suite(records=(replace(sample.RECORD, examples=(wrong,)),)), tmp_path))
        assert "expected 8E+00, got 7E+00" in said

    @pytest.mark.parametrize("expect", [{}, {"serving:limit:for_sample": 7, 'serving:limit:for_sample{deployment_id="d-two"}': 7}])
    def test_too_much_and_too_little(self, expect: dict[str, float], tmp_path: Path) -> None:
        wrong = replace(sample.RECORD.examples[0], expect=expect)
        said = "\n".join(judged(sample.suite(records=(replace(sample.RECORD, examples=(wrong,)),)), tmp_path))
        assert "nothing" in said


class TestRecords:
    @each_release
    def test_examples_pass(self, release: PrometheusRelease, tmp_path: Path) -> None:
        assert judged(sample.suite(records=(sample.RECORD,)), tmp_path, release=release) == []

    def test_a_chain_within_a_suite_is_evaluated_in_order(self, tmp_path: Path) -> None:
        twice = Record(
            "serving:limit:twice",
            "2 * serving:limit:for_sample",
            "Twice.",
            examples=(replace(sample.RECORD.examples[2], expect={"serving:limit:twice": 13}, at="0m"),),
        )
        assert judged(sample.suite(records=(sample.RECORD, twice)), tmp_path) == []


class TestPack:
    """The tests of the pack itself."""

    @each_release
    @pytest.mark.parametrize("layer", Layer)
    @pytest.mark.timeout(900)
    def test_they_pass(self, layer: Layer, release: PrometheusRelease, tmp_path: Path) -> None:
        found = [made for made in suites(build()) if made.name.startswith(f"{layer}-")]
        assert found
        said = [line for made in found for line in judged(made, tmp_path, release=release)]
        assert said == []

    def test_each_file_loads_a_file_that_is_written_too(self) -> None:
        written = files(build())
        tests = {name for name in written if name.endswith(".test.yaml")}
        assert tests
        assert set(written) - tests == {f"groups/{name.removesuffix('.test.yaml')}.yaml" for name in tests}

    def test_names_are_unique(self) -> None:
        names = [(made.name, test["name"]) for made in suites(build()) for test in made.tests]
        assert len(names) == len(set(names))


class TestCommand:
    def run(self, *arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
        code = main(["check", *arguments, "--promtool", PROMETHEUS[0].promtool])
        said = capsys.readouterr()
        return code, said.out + said.err

    def test_one_detection(self, capsys: pytest.CaptureFixture[str]) -> None:
        code, said = self.run("--detection", "thrash", capsys=capsys)
        assert code == 0, said
        assert "tests passed" in said

    @pytest.mark.parametrize("arguments", [("--detection", "nonsense"), ("--signals", "nonsense")])
    def test_an_unknown_name_is_told(self, arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
        code, said = self.run(*arguments, capsys=capsys)
        assert code == 2
        assert "nonsense" in said

    def test_an_unknown_program_is_told(self) -> None:
        with pytest.raises(FileNotFoundError, match="/nowhere"):
            promtool.find("/nowhere")

    def test_groups_by_short_and_long_name(self) -> None:
        assert group_named("motion") is group_named("serving-motion")
        with pytest.raises(RulesError, match="there are"):
            group_named("nonsense")

    def test_a_detection_that_breaks_on_import_says_so_itself(self) -> None:
        with pytest.raises(RulesError, match="no module"):
            detection_named("nonsense")
