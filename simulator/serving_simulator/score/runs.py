"""Scenarios simulated, recorded and played through Prometheus' engine."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from serving_simulator.recording import Recording, record
from serving_simulator.scenarios import Scenario, fleet_of
from serving_simulator.score.engine import Fired, Part, play
from serving_simulator.score.verdicts import Verdict, judge
from serving_simulator.world import World

__all__ = ["Settings", "run"]

_TOGETHER = 8
"""Deployments in one call of promtool: rules cost the more a deployment the fewer there are, and promtool refuses too many samples."""
_START = 1_790_000_000.0
_MODEL = re.compile(r'[{,]model_id="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Settings:
    """How scenarios are run: the rule files, promtool, the seed of the worlds, and how many promtools run at once."""

    rules: Sequence[Path]
    promtool: str
    seed: int = 1
    jobs: int = 2


def run(scenarios: Iterable[Scenario], settings: Settings, say: Callable[[str], None] = lambda _: None) -> Iterator[Verdict]:
    """Yield a verdict for each scenario. Those of one length are simulated as one fleet; ``say`` hears of the progress.

    Raises ``EngineError`` when promtool cannot play the rules.
    """
    lengths: dict[int, list[Scenario]] = {}
    for scenario in scenarios:
        lengths.setdefault(scenario.minutes, []).append(scenario)
    done, total = 0, sum(map(len, lengths.values()))
    for minutes, chosen in lengths.items():
        say(f"simulating {len(chosen)} models for {minutes / 60:g} h")
        world = World(fleet_of(chosen), seed=settings.seed, start=_START)
        recording = record(world, minutes, workspace="score", seed=settings.seed)
        names = {model.id: model.name for model in world.models()}
        parts = list(_parts(recording, names, chosen))
        with ThreadPoolExecutor(settings.jobs) as pool:
            for group, fired in pool.map(lambda each: (each[0], _played(each[1], settings)), parts):
                for scenario in group:
                    yield judge(scenario, (each for each in fired if each.labels.get("model_name") == scenario.name))
                done += len(group)
                say(f"{done} of {total} scenarios played")


def _played(part: Part, settings: Settings) -> list[Fired]:
    with tempfile.TemporaryDirectory(prefix="score-") as folder:
        return play(settings.promtool, settings.rules, part, Path(folder))


def _parts(recording: Recording, names: Mapping[str, str], scenarios: Sequence[Scenario]) -> Iterator[tuple[list[Scenario], Part]]:
    """Cut a recording into parts of a few models each; what belongs to no model is in every part."""
    by_model: dict[str, dict[str, str]] = {}
    common: dict[str, str] = {}
    for name, values in recording.notation():
        model = _MODEL.search(name)
        (by_model.setdefault(names[model[1]], {}) if model else common)[name] = values
    for start in range(0, len(scenarios), _TOGETHER):
        group = list(scenarios[start : start + _TOGETHER])
        series = dict(common)
        for scenario in group:
            series |= by_model[scenario.name]
        yield group, Part(series, recording.scrapes)
