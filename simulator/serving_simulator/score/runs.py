"""Scenarios simulated, recorded and played through Prometheus' engine, a batch of them at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass, field
from pathlib import Path

from serving_simulator.recording import Recording, record
from serving_simulator.scenarios import Scenario, fleet_of
from serving_simulator.score.breaks import Effect, effects
from serving_simulator.score.engine import Part, Rule, by_workspace, player
from serving_simulator.score.inhibition import Inhibition
from serving_simulator.score.memory import Memory
from serving_simulator.score.verdicts import Verdict, judge
from serving_simulator.score.workers import workers
from serving_simulator.world import World

__all__ = ["BASELINES", "Pack", "Results", "Settings", "batches", "recorded", "run"]

BASELINES = sorted((Path(__file__).parent / "baselines").glob("*.yaml"))
"""Packs of simple rules, to be judged beside the real one."""
_TOGETHER, _MINUTES = 96, 470_000
"""Deployments, and minutes of all of them, in one batch: a world costs little more for many than for one, and has to fit into memory."""
_BROKEN_WITHIN = 30 * 60
"""Minutes of the longest scenarios that every broken rule is tried on: hundreds of them over weeks would take most of the time. Longer
ones see those that they expect."""
_START = 1_790_000_000 // 86400 * 86400
"""Unix time of the first scrape, a midnight: rules on the time of day count from it."""


@dataclass(frozen=True, slots=True)
class Pack:
    """Rules that are judged together: what they are called, what they evaluate, and what silences what."""

    name: str
    rules: Sequence[Rule]
    inhibitions: Sequence[Inhibition] = ()

    @property
    def digest(self) -> str:
        """What tells these rules from others: a hash of all that decides what fires when and who hears of it. Texts do not."""
        return hashlib.sha256(repr((*self.rules, *self.inhibitions)).encode()).hexdigest()[:12]

    def waits(self) -> dict[str, int]:
        """Return the minutes of ``for`` by ``Alert/severity``."""
        return {f"{rule.name}/{rule.labels.get('severity', '')}": rule.wait // 60 for rule in self.rules if rule.alert}


@dataclass(frozen=True, slots=True)
class Settings:
    """How scenarios are run: the packs to judge (the first is the one that breaks are tried on), Prometheus, the seed of the worlds, how
    many batches at once, whether to break rules too, and the file with what an interrupted run has found already.
    """

    packs: Sequence[Pack]
    prometheus: str
    seed: int = 1
    jobs: int = 2
    broken: bool = False
    state: Path | None = None


@dataclass(slots=True)
class Results:
    """Verdicts by pack, in the order of the scenarios, and what each break of a rule changed."""

    verdicts: dict[str, list[Verdict]]
    effects: list[Effect] = field(default_factory=list)


def run(scenarios: Iterable[Scenario], settings: Settings, say: Callable[[str], None] = lambda _: None) -> Results:
    """Run every scenario; ``say`` hears of the progress. Raises ``EngineError`` when Prometheus cannot play the rules."""
    chosen = list(scenarios)
    made = {"rules": {pack.name: pack.digest for pack in settings.packs}, "seed": settings.seed, "broken": settings.broken}
    memory = Memory(settings.state, made, chosen)
    known = memory.verdicts
    missing = [each for each in chosen if any((pack.name, each.name) not in known for pack in settings.packs)]
    if len(missing) < len(chosen):
        say(f"{len(chosen) - len(missing)} of {len(chosen)} scenarios are known from {settings.state}")
    todo = list(batches(missing))
    with workers(settings.jobs) as pool:
        running = {pool.submit(_batch, batch, settings): batch for batch in todo}
        for number, future in enumerate(as_completed(running), start=1):
            memory.keep(*future.result())
            batch = running[future]
            say(f"batch {number} of {len(todo)}: {len(batch)} scenarios, {batch[0].minutes / 60:g} h each")
    verdicts = {pack.name: [known[pack.name, each.name] for each in chosen] for pack in settings.packs}
    return Results(verdicts, list(memory.effects.values()))


def batches(scenarios: Iterable[Scenario]) -> Iterator[list[Scenario]]:
    """Yield scenarios of one length together, longest first, so that the last batch to end is a short one."""
    by_length: dict[int, list[Scenario]] = {}
    for scenario in scenarios:
        by_length.setdefault(scenario.minutes, []).append(scenario)
    for minutes in sorted(by_length, reverse=True):
        batch: list[Scenario] = []
        for scenario in by_length[minutes]:
            if batch and sum(each.deployments for each in batch) + scenario.deployments > min(_TOGETHER, _MINUTES // minutes):
                yield batch
                batch = []
            batch.append(scenario)
        yield batch


def recorded(scenarios: Sequence[Scenario], seed: int) -> Recording:
    """Simulate scenarios of one length side by side, each in a workspace of its own, and return what scrapes saw."""
    world = World(fleet_of(scenarios), seed=seed, start=_START)
    return record(
        world,
        scenarios[0].minutes,
        workspaces={str(model["name"]): each.name for each in scenarios for model in each.models},
        losses={each.name: each.losses for each in scenarios},
        seed=seed,
    )


def _batch(scenarios: Sequence[Scenario], settings: Settings) -> tuple[list[tuple[str, Verdict]], list[Effect]]:
    recording = recorded(scenarios, settings.seed)
    part = Part([(recording.labels[name], values) for name, values in recording.series.items()], recording.scrapes)
    found: list[tuple[str, Verdict]] = []
    changed: list[Effect] = []
    with player(settings.prometheus, part) as playing:
        for number, pack in enumerate(settings.packs):
            fired = playing.play(pack.rules)
            heard, waits = by_workspace(fired), pack.waits()
            found += [(pack.name, judge(each, heard.get(each.name, ()), pack.inhibitions, waits)) for each in scenarios]
            if settings.broken and not number:
                # Longer scenarios see breaks of what they expect.
                only = None if part.minutes <= _BROKEN_WITHIN else {name for each in scenarios for name in each.expected}
                changed = list(effects(playing, pack.rules, fired, scenarios, pack.inhibitions, waits, only))
    return found, changed
