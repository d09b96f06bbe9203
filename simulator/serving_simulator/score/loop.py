"""The closed loop: what an alert recommends is applied to the incident that raised it, the world goes on, and the alert should go.

A run has two passes over the same world. In the first the incident goes on for ever; when the alert has fired for a while, its advice is
read from the rules' own series. In the second the advice is applied at that minute, and a day and more follows. Where the alert still fires
when it should be gone (advice may say "step by step"), its new advice is followed once more.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from serving_simulator.recording import Recording
from serving_simulator.recording.notation import Values
from serving_simulator.scenarios import LEVELS, Level, Scenario, named
from serving_simulator.score.engine import Fired, Part, Player, by_workspace, player
from serving_simulator.score.runs import Settings, recorded
from serving_simulator.score.workers import workers

__all__ = ["ADVICE", "Advice", "Cure", "cures"]

_DELAY, _FLOOR, _CEILING, _TARGET = "scale_down_delay", "min_replica", "max_replica", "concurrency_target"
_SERIES = {
    _DELAY: "serving:scale_down_delay_seconds:recommended",
    _FLOOR: "serving:min_replicas:recommended",
    _CEILING: "serving:max_replicas:recommended",
    _TARGET: "serving:concurrency_target:recommended",
}


@dataclass(frozen=True, slots=True)
class Advice:
    """What an alert advises: the setting, the series with its value, and the one with the dollars a day that it costs or saves."""

    alert: str
    setting: str
    dollars: str = ""
    series: str = ""
    clear: int = 240
    """Minutes within which the alert must be gone: the window of its evidence, what it keeps firing, and a scale-down."""

    @property
    def value(self) -> str:
        """The series with the value."""
        return self.series or _SERIES[self.setting]


ADVICE: Mapping[str, Advice] = {
    "thrash": Advice("ServingThrash", _DELAY, "serving:thrash_fix_dollars_per_day:cost"),
    "scale_down_regretted": Advice(
        "ServingLatencyAfterScaleDown", _DELAY, "serving:latency_after_scale_down_fix_dollars_per_day:cost", clear=420
    ),
    "scale_to_zero_churn": Advice("ServingScaleToZeroChurn", _DELAY, "serving:scale_to_zero_churn_fix_dollars_per_day:cost", clear=420),
    "cold_start_gap": Advice("ServingColdStartGap", _FLOOR, "serving:cold_start_gap_dollars_per_day:cost"),
    "idle_spend": Advice("ServingIdleSpend", _FLOOR, "serving:idle_spend_dollars_per_day:saving"),
    "ceiling": Advice("ServingCapacityExhausted", _CEILING, "serving:capacity_exhausted_dollars_per_day:cost"),
    "near_ceiling": Advice("ServingCapacitySaturated", _CEILING, "serving:capacity_saturated_dollars_per_day:cost"),
    "refused_requests": Advice("ServingCapacityExhausted", _CEILING, "serving:capacity_exhausted_dollars_per_day:cost"),
    "target_too_high": Advice("ServingConcurrencyTargetTooHigh", _TARGET, "serving:concurrency_target_too_high_fix_dollars_per_day:cost"),
    "target_too_low": Advice(
        "ServingConcurrencyTargetTooLow", _TARGET, "serving:concurrency_target_too_low_dollars_per_day:saving", clear=540
    ),
    "over_provisioned": Advice("ServingOverProvisioned", _DELAY, "serving:over_provisioned_dollars_per_day:saving", clear=1500),
    "async_backlog": Advice("ServingAsyncBacklog", _FLOOR, series="serving:min_replicas:for_async_backlog"),
}
"""By incident: what the alert that finds it advises."""

_READ_AFTER = 10
"""Minutes that an alert has fired when somebody reads it and acts."""
_STAYS = 24 * 60
_ROUNDS = 2
_REPEATS = {"cold_start_gap": 6 * 60}
"""Minutes after which an incident that is over by itself comes back."""
_TOGETHER = 40
"""Runs of about the same length in one world."""


@dataclass(frozen=True, slots=True)
class Cure:
    """What became of one run: the setting before and as advised (the last of ``rounds``), whether the alert cleared, and stayed clear for a
    day; cost in dollars a day and requests that waited for a slot, both means, before the advice and over the day after.
    ``promised`` is what the rules said it would cost more a day (negative: save), None where they do not say.
    """

    incident: str
    level: Level
    alert: str
    setting: str
    before: float | None = None
    advised: float | None = None
    rounds: int = 0
    cleared: bool = False
    stayed: bool = False
    dollars_before: float = 0.0
    dollars_after: float = 0.0
    promised: float | None = None
    waiting_before: float = 0.0
    waiting_after: float = 0.0


@dataclass(slots=True)
class _Run:
    scenario: Scenario
    advice: Advice
    cure: Cure
    applied: list[tuple[int, float]] = field(default_factory=list)
    done: bool = False


def cures(seeds: int, settings: Settings, pattern: str = "*", say: Callable[[str], None] = lambda _: None) -> list[Cure]:
    """Close the loop for every incident with advice whose name matches, at each level, ``seeds`` times. Raises ``EngineError``."""
    runs = [
        _Run(_endless(scenario, advice), advice, Cure(kind, level, advice.alert, advice.setting))
        for kind, advice in ADVICE.items()
        for level in LEVELS
        for number in range(seeds)
        if fnmatch.fnmatchcase((scenario := named(kind, level, number)).name, pattern)
    ]
    parts = list(_parts(runs))
    found: list[Cure] = []
    with workers(settings.jobs) as pool:
        for number, closed in enumerate(pool.map(_close, parts, [settings] * len(parts)), start=1):
            found += closed
            say(f"closed loop, batch {number} of {len(parts)}: {len(closed)} runs")
    order = {name: place for place, name in enumerate(ADVICE)}
    return sorted(found, key=lambda cure: (order[cure.incident], LEVELS.index(cure.level)))


def _parts(runs: Sequence[_Run]) -> Iterator[list[_Run]]:
    """Yield runs of about the same length together, each as long as the longest of them."""
    rest = sorted(runs, key=lambda run: run.scenario.minutes, reverse=True)
    while rest:
        longest = rest[0].scenario.minutes
        part = [run for run in rest if run.scenario.minutes > 0.7 * longest][:_TOGETHER]
        rest = rest[len(part) :]
        for run in part:
            run.scenario = replace(run.scenario, minutes=longest)
        yield part


def _close(runs: list[_Run], settings: Settings) -> list[Cure]:
    while not all(run.done for run in runs):
        _round(runs, settings)
    return [run.cure for run in runs]


def _endless(scenario: Scenario, advice: Advice) -> Scenario:
    """Let an incident go on, or come back, for as long as the loop takes."""
    models = []
    for model in scenario.models:
        deployment = dict(model["deployments"][0])
        for key in ("workload", "async_workload"):
            if key in deployment:
                patterns = [_repeated(pattern, scenario.incident) for pattern in deployment[key]["patterns"]]
                deployment[key] = {**deployment[key], "patterns": patterns}
        models.append({**model, "deployments": [deployment]})
    minutes = scenario.onset + scenario.evidence + 180 + _ROUNDS * advice.clear + _STAYS
    return replace(scenario, models=models, minutes=minutes)


def _repeated(pattern: Mapping[str, Any], incident: str) -> Mapping[str, Any]:
    if pattern["kind"] != "step" or "length" not in pattern:
        return pattern
    if incident in _REPEATS:
        return {**pattern, "every": 60 * _REPEATS[incident]}
    return {key: value for key, value in pattern.items() if key != "length"}


def _round(runs: Sequence[_Run], settings: Settings) -> None:
    """Simulate every run with what has been applied so far, and decide about each."""
    recording = recorded([_with(run) for run in runs], settings.seed)
    part = Part([(recording.labels[name], values) for name, values in recording.series.items()], recording.scrapes)
    with player(settings.prometheus, part) as playing:
        fired = playing.play(settings.packs[0].rules)
        asked = {name for run in runs for name in (run.advice.value, run.advice.dollars) if name}
        answers = {name: _answers(playing, name) for name in asked}
    heard = by_workspace(fired)
    for run in runs:
        if not run.done:
            mine = [each for each in heard.get(run.scenario.name, ()) if each.labels["alertname"] == run.advice.alert]
            advised = answers[run.advice.value].get(run.scenario.name)
            dollars = answers[run.advice.dollars].get(run.scenario.name) if run.advice.dollars else None
            _decide(run, mine, advised, dollars, recording)


def _with(run: _Run) -> Scenario:
    """Return the scenario with what has been applied; a floor above the ceiling takes the ceiling along, as the API asks."""
    deployment = f"{run.scenario.name}/deployment-1"
    happens = []
    for minute, value in run.applied:
        change = {run.advice.setting: int(value)}
        if run.advice.setting == _FLOOR:
            change["max_replica"] = max(int(value), run.scenario.models[0]["deployments"][0]["autoscaling"]["max_replica"])
        happens.append({"at": 60 * minute, "do": {"action": "settings", "deployment": deployment, "change": change}})
    return replace(run.scenario, timeline=[*run.scenario.timeline, *happens])


def _answers(playing: Player, name: str) -> dict[str, Values]:
    return {labels["workspace"]: values for labels, values in playing.ask(name) if "workspace" in labels}


def _decide(run: _Run, fired: Sequence[Fired], advised: Values | None, dollars: Values | None, recording: Recording) -> None:
    """Decide whether a run is cured, or what is applied next: the advice of the moment at which the alert (still) fires."""
    clear = run.applied[-1][0] + run.advice.clear if run.applied else 0
    active = sorted(span for each in fired for span in each.spans if span[1] > clear)
    if run.applied:
        gone = not any(start <= clear for start, _ in active)
        run.cure = replace(run.cure, cleared=gone, stayed=not active)
    acts = max(active[0][0], clear) + _READ_AFTER if active else 0
    value = float(advised[acts]) if active and advised is not None and acts < recording.scrapes - _STAYS else np.nan
    last = run.applied[-1][1] if run.applied else np.nan
    if len(run.applied) < _ROUNDS and not np.isnan(value) and value != last:
        if not run.applied:
            before = run.scenario.models[0]["deployments"][0]["autoscaling"].get(run.advice.setting)
            said = None if dollars is None or np.isnan(dollars[acts]) else float(dollars[acts])
            if said is not None and run.advice.dollars.endswith(":saving"):
                said = -said
            run.cure = replace(run.cure, before=before, promised=said)
        run.cure = replace(run.cure, advised=value, rounds=len(run.applied) + 1)
        run.applied.append((acts, value))
        _measure(run, recording, before=True)
        return
    run.done = True
    if run.applied:
        _measure(run, recording, before=False)


def _measure(run: _Run, recording: Recording, *, before: bool) -> None:
    """Write down cost and waiting: of the two hours before the first advice, or of the last day."""
    if before and len(run.applied) > 1:
        return
    window = slice(max(0, run.applied[0][0] - 120), run.applied[0][0]) if before else slice(-_STAYS, None)
    sums: dict[str, Any] = {}
    for name, labels in recording.labels.items():
        if labels.get("workspace") == run.scenario.name:
            key = labels["__name__"]
            values = np.nan_to_num(recording.series[name][window])
            sums[key] = sums.get(key, 0) + values
    active, load = sums["baseten_replicas_active"], sums["baseten_concurrent_requests"]
    dollars = float(np.mean(active * sums["baseten_deployment_replica_price_dollars_per_hour"]) * 24)
    waiting = float(np.mean(np.maximum(load - active * sums["baseten_deployment_concurrency_target"], 0)))
    if before:
        run.cure = replace(run.cure, dollars_before=dollars, waiting_before=waiting)
    else:
        run.cure = replace(run.cure, dollars_after=dollars, waiting_after=waiting)
