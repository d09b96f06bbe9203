"""Fleet files: durations, replayed traces, and errors that say where, what and what else."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from serving_simulator import fleet
from serving_simulator.engine.workloads import Rates
from serving_simulator.fleet.load_shapes import Batch, Burst, Constant, Diurnal, Flood, Jitter, Ramp, Replay, Step, Workload
from serving_simulator.world import World

from .conftest import START

MODEL = "models: [{name: a, deployments: [{%s}]}]"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (MODEL % "nme: x", "f.yaml: models[0].deployments[0].nme: found an unknown key (did you mean name?), allowed: age, async_use"),
        ("models: [{name: a}]", "f.yaml: models[0].deployments: found nothing, allowed: this key is required"),
        (
            MODEL % "autoscaling: {autoscaling_window: 5}",
            "f.yaml: models[0].deployments[0].autoscaling.autoscaling_window: found 5, allowed: int >= 10",
        ),
        (
            MODEL % "autoscaling: {min_replica: 3}",
            "f.yaml: models[0].deployments[0].autoscaling.min_replica: found 3, allowed: at most max_replica (1)",
        ),
        (
            MODEL % "workload: {patterns: [{kind: brst}]}",
            "models[0].deployments[0].workload.patterns[0].kind: found 'brst', allowed: batch, burst, constant",
        ),
        (
            MODEL % "workload: {patterns: [{kind: burst, rat: 3}]}",
            "patterns[0].rat: found an unknown key (did you mean rate?), allowed: at, every, length, rate",
        ),
        (
            MODEL % "service: {mean: fast}",
            "f.yaml: models[0].deployments[0].service.mean: found 'fast', allowed: a duration such as 30s, 10m, 1h30m",
        ),
        (MODEL % "instance_type: Z", "f.yaml: models[0].deployments[0].instance_type: found 'Z', allowed: 16x64, 1x2"),
        (MODEL % "region: mars", "f.yaml: models[0].deployments[0].region: found 'mars', allowed: eu, us"),
        ("switches: {step_of: both}", "f.yaml: switches.step_of: found 'both', allowed: running, surplus"),
        (
            "timeline: [{at: 10m, do: {action: promot}}]",
            "f.yaml: timeline[0].do.action: found 'promot', allowed: activate, capacity, control",
        ),
        ("keys: [{key: abcdef, type: ROOT}]", "f.yaml: keys[0].type: found 'ROOT', allowed: PERSONAL, WORKSPACE_EXPORT_METRICS"),
        ("keys: [{key: abcd.efgh}, {key: abcd.efgh}]", "f.yaml: keys[].key: found the same key twice, allowed: each key once"),
        ("a: [", "f.yaml: found text that is not YAML at line 1, column 5"),
        ("- 1", "f.yaml: found list, allowed: a mapping"),
    ],
)
def test_errors_name_the_file_the_path_what_was_found_and_what_is_allowed(text: str, message: str) -> None:
    with pytest.raises(fleet.FleetError) as caught:
        fleet.parse(text, source="f.yaml")
    assert message in str(caught.value)
    assert "abcd.efgh" not in str(caught.value)


def test_a_file_that_is_not_there_names_the_built_in_ones(tmp_path: Path) -> None:
    with pytest.raises(fleet.FleetError, match=r"nowhere\.yaml: found no readable file .* allowed: a YAML file, demo, large"):
        fleet.load(str(tmp_path / "nowhere.yaml"))
    with pytest.raises(fleet.FleetError, match="size of zero"):
        fleet.load("large:0x4")


def test_keys_do_not_show_in_repr() -> None:
    assert "demo.emulator" not in repr(fleet.load("demo"))


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("1h30m", 5400), ("500ms", 0.5), ("-4m", -240), ("2d", 172800), (7, 7), (0.5, 0.5)]
)
def test_durations(text: object, seconds: float) -> None:
    assert fleet.Seconds.parse(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "m", "5 minutes", None, True, "5m 3"])
def test_bad_durations(text: object) -> None:
    with pytest.raises(ValueError, match="a duration such as"):
        fleet.Seconds.parse(text)


def rates(*patterns: object, at: float, folder: Path = Path()) -> float:
    workload = Workload(patterns=patterns)  # type: ignore[arg-type]
    return float(Rates([workload], start=1000.0, folder=folder, rng=np.random.default_rng(1)).at(1000.0 + at)[0])


def S(value: float) -> fleet.Seconds:  # noqa: N802
    return fleet.Seconds(value)


@pytest.mark.parametrize(
    ("patterns", "at", "expected"),
    [
        ((Constant(rate=2), Burst(rate=3, length=S(60), every=S(600))), 59, 5),
        ((Constant(rate=2), Burst(rate=3, length=S(60), every=S(600))), 60, 2),
        ((Burst(rate=3, length=S(60), every=S(600)),), -600 + 5, 3),
        ((Step(rate=4, at=S(100)),), 99, 0),
        ((Step(rate=4, at=S(100)),), 1e6, 4),
        ((Ramp(low=1, high=5, at=S(0), length=S(100)),), 50, 3),
        ((Ramp(low=1, high=5, at=S(0), length=S(100), hold=S(50)),), 160, 1),
        ((Flood(rate=100, fade=S(60)),), 60, 100 / np.e),
        ((Flood(rate=100, fade=S(60)),), -1, 0),
        ((Batch(requests=500, every=S(3600), spread=S(10)),), 9, 50),
        ((Jitter(rate=2),), 89, 4),
        ((Jitter(rate=2),), 90, 2),
        ((Diurnal(low=1, high=3, peak_at=S(1000)),), 0, 3),
        ((Diurnal(low=1, high=3, peak_at=S(1000)),), 43200, 1),
    ],
)
def test_patterns(patterns: tuple[object, ...], at: float, expected: float) -> None:
    assert rates(*patterns, at=at) == pytest.approx(expected)


def test_replay_of_a_trace(tmp_path: Path) -> None:
    text = "second_offset,requests,input_tokens_mean\n0,10,\n10,40,\n20,0,\n"
    (tmp_path / "plain.csv").write_text(text)
    (tmp_path / "packed.csv.gz").write_bytes(gzip.compress(text.encode()))
    for name in ("plain.csv", "packed.csv.gz"):
        replay = Replay(path=name, scale=2.0)
        assert [rates(replay, at=at, folder=tmp_path) for at in (0, 9.9, 10, 25, 31)] == [2, 2, 8, 0, 2]
    assert rates(Replay(path="plain.csv", loop=False), at=31, folder=tmp_path) == 0
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    for name, what in (("bad.csv", "second_offset,requests"), ("none.csv", "no readable trace")):
        with pytest.raises(fleet.FleetError, match=what):
            rates(Replay(path=name), at=0, folder=tmp_path)


def test_a_fleet_file_finds_its_traces_beside_it(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("second_offset,requests\n0,50\n10,50\n")
    (tmp_path / "f.yaml").write_text(
        MODEL % "workload: {patterns: [{kind: replay, path: t.csv}]}, service: {mean: 100ms, knee: 4}, autoscaling: {concurrency_target: 4}"
    )
    world = World(fleet.load(str(tmp_path / "f.yaml")), seed=1, start=START)
    world.advance(START + 600)
    assert world._simulation.recorder.counts[0].sum() == pytest.approx(5 * 600, rel=0.1)
