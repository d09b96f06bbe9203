"""The scorecard's engine: range queries over a whole recording fire what a server fires that evaluates minute by minute."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from tests.simulator.promtool import firing, series_of
from tests.tools.toolchain import PROMETHEUS

from serving_simulator.recording.notation import series_name
from serving_simulator.scenarios import named
from serving_simulator.score.engine import EngineError, Part, Rule, player, read, version
from serving_simulator.score.engine.remote_write import compressed, label_bytes
from serving_simulator.score.runs import recorded

ROOT = Path(__file__).resolve().parents[2]
RULES = [ROOT / "rules" / "prometheus" / f"{layer}.yaml" for layer in ("signals", "detections", "alerts")]
pytestmark = pytest.mark.timeout(600)
each_release = pytest.mark.parametrize("release", PROMETHEUS, ids=[str(each) for each in PROMETHEUS])
NONE = math.nan


def rule_file(folder: Path, *rules: dict[str, object]) -> Path:
    path = folder / "rules.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "g", "interval": "1m", "rules": list(rules)}]}))
    return path


def both(release: object, folder: Path, rules: Path, series: dict[str, list[float]]) -> tuple[dict[object, list[int]], ...]:
    """Return what the engine and what promtool say of a recording: minutes by labels."""
    recording = series_of(series)
    minutes = max(values.size for values in recording.values())
    parts = []
    for name, values in recording.items():
        word, _, inner = name.partition("{")
        labels = dict(pair.split("=") for pair in inner.rstrip("}").replace('"', "").split(",") if pair)
        assert series_name(word, labels) == (name if inner else f"{name}{{}}")
        parts.append(({"__name__": word, **labels}, values))
    with player(release.prometheus, Part(parts, minutes)) as playing:  # type: ignore[attr-defined]
        fired = playing.play(read([rules]))
    ours = {frozenset(each.labels.items()): [minute for span in each.spans for minute in range(*span)] for each in fired}
    return ours, firing(release.promtool, [rules], recording, minutes, folder)  # type: ignore[attr-defined, return-value]


@each_release
def test_for_and_keep_firing_for_are_a_servers(release: object, tmp_path: Path) -> None:
    rules = rule_file(
        tmp_path,
        {"alert": "Late", "expr": "x > 5", "for": "2m", "labels": {"severity": "critical"}},
        {"alert": "Kept", "expr": "x > 5", "for": "1m", "keep_firing_for": "3m"},
        {"alert": "AtOnce", "expr": "x > 5"},
    )
    assert release.version in version(release.prometheus)  # type: ignore[attr-defined]
    shape = [1, 9, 9, 9, 9, 1, 1, 9, 1, 9, 9, 1, 1, 1, 1, 1, 9, 1, 9, 9, 9, NONE, NONE, NONE, NONE, NONE, NONE, 9, 9, 9]
    series = {'x{model="a"}': [*map(float, shape)], 'x{model="b"}': [float(each) for each in reversed(shape)], 'x{model="c"}': [1.0] * 30}
    ours, theirs = both(release, tmp_path, rules, series)
    assert ours == theirs
    assert len(ours) == 6, "three alerts of two series each"


@each_release
def test_records_feed_rules_their_ends_are_marked_and_the_past_is_read_step_by_step(release: object, tmp_path: Path) -> None:
    rules = rule_file(
        tmp_path,
        {"record": "y", "expr": "x * 2", "labels": {"kind": "double"}},
        {"alert": "Double", "expr": "y > 10"},
        {"record": "either", "expr": "(y > 10) or ignoring (kind) (x > 0)"},
        {"alert": "Either", "expr": "either > 6"},
        {"record": "seen", "expr": "(x > 4) * 0 + time() or (max_over_time(seen[3m]) and x)"},
        {"alert": "Recent", "expr": "time() - seen < 180"},
        {"record": "hourly", "expr": "x\nunless count_over_time(hourly[4m30s])"},
        {"alert": "Sampled", "expr": "hourly and (hourly == x)"},
        {"record": "part", "expr": "x > 8", "labels": {"part": "high"}},
        {"record": "part", "expr": 'x > 2 unless ignoring (part) part{part="high"}', "labels": {"part": "low"}},
        {"alert": "Parts", "expr": "part"},
    )
    shape = [1, 9, 6, 1, 1, 1, 1, 1, 5, 1, NONE, NONE, 3, 9, 9, 1, 1, 1, 1, 1, 1, 1, 7, 7, 1, 1, 1, 1, 1, 1]
    ours, theirs = both(release, tmp_path, rules, {'x{model="a"}': [*map(float, shape)], 'x{model="b"}': [7.0] * 20})
    assert ours == theirs
    assert {dict(key)["alertname"] for key in ours} == {"Double", "Either", "Recent", "Sampled", "Parts"}  # type: ignore[call-overload]


def test_the_shipped_rules_fire_as_under_promtool(tmp_path: Path) -> None:
    """The pack as it is, on incidents that reach most of its memory: crashes, flapping, starts from zero, asynchronous work."""
    kinds = ("restart_loop", "thrash", "cold_flood", "async_backlog", "no_hardware")
    chosen = [replace(named(kind, "severe", 0), minutes=230) for kind in kinds]
    recording = recorded(chosen, seed=1)
    part = Part([(recording.labels[name], values) for name, values in recording.series.items()], recording.scrapes)
    with player(PROMETHEUS[-1].prometheus, part) as playing:
        fired = playing.play(read(RULES))
    ours = {frozenset(each.labels.items()): [minute for span in each.spans for minute in range(*span)] for each in fired}
    theirs = firing(PROMETHEUS[-1].promtool, RULES, recording.series, recording.scrapes, tmp_path)
    assert len(ours) >= 10
    assert {dict(key)["alertname"] for key in ours} == {dict(key)["alertname"] for key in theirs}
    assert ours.keys() == theirs.keys()
    for key, minutes in ours.items():
        # A server may evaluate a rule before or after another group of the same minute.
        apart = set(minutes) ^ set(theirs[key])
        assert len(apart) <= 2, (sorted(key), sorted(apart))


def test_what_cannot_be_played_is_said(tmp_path: Path) -> None:
    bad = rule_file(tmp_path, {"record": "y", "expr": "x +"})
    with (
        player(PROMETHEUS[-1].prometheus, Part([({"__name__": "x"}, np.ones(3))], 3)) as playing,
        pytest.raises(EngineError, match="parse"),
    ):
        playing.play(read([bad]))
    circle = rule_file(tmp_path, {"record": "a", "expr": "b"}, {"record": "b", "expr": "a"})
    with player(PROMETHEUS[-1].prometheus, Part([], 3)) as playing, pytest.raises(EngineError, match=r"circle: \w reads \w reads \w"):
        playing.play(read([circle]))
    other = tmp_path / "other.yaml"
    other.write_text("just: [words]")
    with pytest.raises(EngineError, match="found no groups of rules"):
        read([other])
    with pytest.raises(EngineError, match="did not start"), player("/bin/false", Part([], 1)):
        pass


def test_what_is_asked_comes_back_longer_than_one_answer() -> None:
    """Prometheus answers at most 11 000 steps at once; a week and a half has more."""
    values = np.arange(15_000, dtype=np.float64)
    with player(PROMETHEUS[-1].prometheus, Part([({"__name__": "x", "of": 'a "b" \\ é'}, values)], values.size)) as playing:
        [(labels, answer)] = playing.ask("x * 2")
    assert labels == {"of": 'a "b" \\ é'}
    assert np.array_equal(answer, values * 2)


def test_messages_are_what_the_format_says() -> None:
    assert label_bytes({"b": "2", "__name__": "x", "gone": ""}) == b"\n\r\n\x08__name__\x12\x01x\n\x06\n\x01b\x12\x012"
    assert compressed(b"a" * 300)[:7] == b"\xac\x02\xfc\x2b\x01\x00\x00", "length, one literal, its length less one"


def test_once_and_recursive_rules_are_known_as_such() -> None:
    rules = read(RULES)
    once = [rule for rule in rules if rule.once]
    recursive = [rule for rule in rules if rule.recursive]
    assert len(once) >= 15
    assert all("unless count_over_time" not in rule.expr.rpartition("\n")[2] for rule in once)
    assert {rule.name.rpartition(":")[2] for rule in recursive} >= {"last", "first"}
    assert not any(rule.alert for rule in (*once, *recursive))
    assert isinstance(rules[0], Rule)
