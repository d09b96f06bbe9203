"""What a run has found so far, in a file of one line for each finding, so that an interrupted run goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from serving_simulator.score.breaks import Effect
from serving_simulator.score.engine import EngineError
from serving_simulator.score.verdicts import Verdict

__all__ = ["Memory"]


class Memory:
    """Findings by what they are about; without a file for this run only. Raises ``EngineError`` for a file of another version.

    ``digests`` are those of the packs by name, the judged one first: what the file says of other rules, or other seeds, is left alone.
    """

    def __init__(self, path: Path | None, digests: Mapping[str, str], seed: int) -> None:
        self._path = path
        self._made = {pack: {"rules": digest, "seed": seed} for pack, digest in digests.items()}
        self._judged = next(iter(digests))
        self.verdicts: dict[tuple[str, str, int], Verdict] = {}
        """By pack, scenario and its minutes."""
        self.effects: dict[tuple[str, str, str, str], Effect] = {}
        if path is None or not path.exists():
            return
        try:
            for line in _lines(path):
                pack = line.get("pack", "")
                if self._made.get(pack) != line.get("made"):
                    continue
                if "verdict" in line:
                    self._take(pack, Verdict(**line["verdict"]))
                for each in line.get("effects", ()):
                    self._add(Effect(**each))
        except TypeError as error:
            raise EngineError(f"{path}: found findings of another version ({error}), allowed: a file of this one, or none") from None

    def keep(self, verdicts: Iterable[tuple[str, Verdict]], effects: Iterable[Effect]) -> None:
        """Take in what a batch found: all of it is in the file before the next batch is."""
        lines: list[dict[str, Any]] = []
        for pack, verdict in verdicts:
            self._take(pack, verdict)
            lines.append({"pack": pack, "made": self._made[pack], "verdict": asdict(verdict)})
        changed = list(effects)
        for effect in changed:
            self._add(effect)
        if self._path is not None:
            lines.append({"pack": self._judged, "made": self._made[self._judged], "effects": [asdict(each) for each in changed]})
            with self._path.open("a", encoding="utf-8") as file:
                file.write("".join(json.dumps(line) + "\n" for line in lines))

    def _take(self, pack: str, verdict: Verdict) -> None:
        self.verdicts[pack, verdict.name, verdict.minutes] = verdict

    def _add(self, effect: Effect) -> None:
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
