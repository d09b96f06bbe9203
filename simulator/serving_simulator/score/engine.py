"""The generated rules on recorded series, by Prometheus' own engine: promtool evaluates every group minute by minute, as a server would.

promtool compares and does not report; so it is asked, for every window of an hour, for the last minute in which each alert began to fire
and the number of minutes in which it fired, and is told to expect something else: what it got stands in its complaint.

promtool loads at most 10 000 samples for one query (prometheus/prometheus#17237). So recordings are played in parts of a few deployments;
alerts that compare deployments with each other (``ServingPlatformIncident``) cannot be judged in parts.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

__all__ = ["EngineError", "Fired", "Part", "play"]

_WINDOW = 60
"""Minutes that one question covers."""
_FIRING = 'ALERTS{alertstate="firing"}'
_NOWHERE = {"labels": 'nowhere{answer="none"}', "value": 0}
_SAMPLE = re.compile(r"\{(?P<labels>(?:[^{}\"]|\"(?:[^\"\\]|\\.)*\")*)\} (?P<value>[^\s,]+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class EngineError(RuntimeError):
    """promtool could not play: the text is what it said."""


@dataclass(frozen=True, slots=True)
class Part:
    """Series of a few deployments over some minutes, in promtool's notation."""

    series: Mapping[str, str]
    minutes: int


@dataclass(frozen=True, slots=True)
class Fired:
    """An alert that fired: its labels, and the minutes in which it began to (the last of each hour) and for how many it did."""

    labels: Mapping[str, str]
    began: tuple[int, ...]
    minutes: int


def play(promtool: str, rules: Sequence[Path], part: Part, folder: Path) -> list[Fired]:
    """Evaluate rule files over a part, with ``folder`` for promtool's input; raises ``EngineError`` when promtool fails otherwise."""
    questions = list(_questions(part.minutes))
    test = {
        "rule_files": [str(path.resolve()) for path in rules],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in part.series.items()],
                "promql_expr_test": [{"expr": expr, "eval_time": f"{minute}m", "exp_samples": [_NOWHERE]} for minute, expr in questions],
            }
        ],
    }
    path = folder / "recording.yaml"
    path.write_text(yaml.dump(test, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), width=1_000_000))
    done = subprocess.run([promtool, "test", "rules", str(path)], capture_output=True, text=True, check=False)  # noqa: S603 - our own input
    path.unlink()
    answers = list(_answers(done.stdout + done.stderr))
    if len(answers) != len(questions):
        raise EngineError((done.stdout + done.stderr).strip()[:4000])
    return _gather(zip((expr for _, expr in questions), answers, strict=True))


def _questions(minutes: int) -> Iterator[tuple[int, str]]:
    for start in range(0, minutes, _WINDOW):
        end = min(start + _WINDOW, minutes)
        # Half a minute short: releases differ in whether a sample at the very begin of a range belongs to it.
        window = f"{60 * (end - start) - 30}s"
        yield end - 1, f"max_over_time(timestamp({_FIRING} unless {_FIRING} offset 1m)[{window}:1m])"
        yield end - 1, f"count_over_time({_FIRING}[{window}])"


def _answers(said: str) -> Iterator[list[tuple[dict[str, str], float]]]:
    for piece in said.split("expr: ")[1:]:
        got = piece.rpartition("got:")[2]
        yield [(dict(_LABEL.findall(each["labels"])), float(each["value"])) for each in _SAMPLE.finditer(got)]


def _gather(answers: Iterable[tuple[str, list[tuple[dict[str, str], float]]]]) -> list[Fired]:
    began: dict[tuple[tuple[str, str], ...], list[int]] = {}
    minutes: dict[tuple[tuple[str, str], ...], int] = {}
    for expr, samples in answers:
        for labels, value in samples:
            key = tuple(sorted((name, each) for name, each in labels.items() if name not in ("__name__", "alertstate")))
            if expr.startswith("max_"):
                began.setdefault(key, []).append(round(value / 60))
            else:
                minutes[key] = minutes.get(key, 0) + int(value)
    return [Fired(dict(key), tuple(starts), minutes.get(key, 0)) for key, starts in began.items()]
