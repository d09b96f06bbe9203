"""What a run has found so far, in a file of one line for each batch, so that an interrupted run goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from serving_simulator.scenarios import Scenario
from serving_simulator.score.breaks import Effect
from serving_simulator.score.engine import EngineError
from serving_simulator.score.verdicts import Verdict

__all__ = ["Memory"]


class Memory:
    """Findings by what they are about; without a file for this run only. Raises ``EngineError`` for a file of another version.

    ``wanted`` are the scenarios that are to be judged, ``made`` is what decides about findings beside them: the rules, the seed. A batch
    in the file counts where it was made the same way and all of its scenarios are wanted as they were: what broken rules changed is
    known of whole batches only. Everything else in the file is left alone.
    """

    def __init__(self, path: Path | None, made: Mapping[str, Any], wanted: Iterable[Scenario]) -> None:
        self._path, self._made = path, dict(made)
        self._wanted = {each.name: each.digest for each in wanted}
        self.verdicts: dict[tuple[str, str], Verdict] = {}
        """By pack and scenario."""
        self.effects: dict[tuple[str, str, str, str], Effect] = {}
        if path is None or not path.exists():
            return
        try:
            for line in _lines(path):
                if line["made"] == self._made and self._news(line["scenarios"]):
                    verdicts = ((pack, Verdict(**verdict)) for pack, found in line["verdicts"].items() for verdict in found)
                    self._take(verdicts, (Effect(**each) for each in line["effects"]))
        except (TypeError, KeyError) as error:
            raise EngineError(f"{path}: found findings of another version ({error}), allowed: a file of this one, or none") from None

    def keep(self, verdicts: Iterable[tuple[str, Verdict]], effects: Iterable[Effect]) -> None:
        """Take in what a batch found: all of it is in the file before the next batch is."""
        found, changed = list(verdicts), list(effects)
        self._take(found, changed)
        if self._path is not None:
            by_pack: dict[str, list[dict[str, Any]]] = {}
            for pack, verdict in found:
                by_pack.setdefault(pack, []).append(asdict(verdict))
            scenarios = {verdict.name: self._wanted[verdict.name] for _, verdict in found}
            line = {"made": self._made, "scenarios": scenarios, "verdicts": by_pack, "effects": [asdict(each) for each in changed]}
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")

    def _news(self, scenarios: Mapping[str, str]) -> bool:
        """Whether all of a batch is wanted as it was, and none of it known yet."""
        known = {name for _, name in self.verdicts}
        return scenarios.items() <= self._wanted.items() and known.isdisjoint(scenarios)

    def _take(self, verdicts: Iterable[tuple[str, Verdict]], effects: Iterable[Effect]) -> None:
        for pack, verdict in verdicts:
            self.verdicts[pack, verdict.name] = verdict
        for effect in effects:
            key = effect.alert, effect.severity, effect.kind, effect.what
            known = self.effects.get(key)
            self.effects[key] = known.plus(effect) if known else effect


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield what each line holds; a last line that was cut off is left out."""
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue
