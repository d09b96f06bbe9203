"""The generated rules on recorded series, by Prometheus' own engine.

A server evaluates every rule every minute; over weeks of a fleet that takes as long as it sounds. Here the recording is written into a
Prometheus as a whole, and each rule is one range query over all of it, in the order in which rules read each other; its answer is written
back, for the rules that follow, as the rule's record. Prometheus evaluates every expression at every minute as it would have done, with
all of its semantics of lookback and staleness; only the loops are the other way round. What reads its own past is evaluated minute by
minute, with instant queries. What remains to be done here is what a server does with the answer to an alert's expression: ``for`` and
``keep_firing_for`` (rules/alerting.go). A test holds the whole against promtool, which plays the same recording as a server would.
"""

from __future__ import annotations

import math
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving_simulator.score.engine.database import Database, EngineError, Labels, Series, database
from serving_simulator.score.engine.rules import Rule, read, stages

__all__ = ["EngineError", "Fired", "Labels", "Part", "Player", "Rule", "by_workspace", "player", "read", "version"]

_START = 0
"""Unix time of the first step: moments in a recording are counted from its begin."""
_STEP = 60
_WHICH = "__rule"
"""Label for the number of the rule that found a series, where several share a question."""


@dataclass(frozen=True, slots=True)
class Part:
    """Series over some minutes, a sample a minute."""

    series: Sequence[Series]
    minutes: int


@dataclass(frozen=True, slots=True)
class Fired:
    """An alert that fired: its labels, ``alertname`` among them, and when, as half-open spans of minutes from the first sample."""

    labels: Labels
    spans: tuple[tuple[int, int], ...]


def by_workspace(fired: Iterable[Fired]) -> dict[str, list[Fired]]:
    """Return alerts by the workspace that they are about; those of none under the empty name."""
    found: dict[str, list[Fired]] = {}
    for each in fired:
        found.setdefault(each.labels.get("workspace", ""), []).append(each)
    return found


class Player:
    """Plays rules over a recording, and answers questions about what they recorded."""

    def __init__(self, data: Database, minutes: int) -> None:
        self._data = data
        self._minutes = minutes

    def play(self, rules: Sequence[Rule]) -> list[Fired]:
        """Evaluate rules, each once all that it reads is recorded. Raises ``EngineError``."""
        fired: list[Fired] = []
        for together in stages(rules):
            rule = together[0]
            if rule.recursive:
                _step_by_step(self._data, together, self._minutes)
                continue
            answer = self._data.range(rule.expr, self._minutes)
            if rule.alert:
                fired += _fired(rule, answer)
            else:
                self._data.write(_recorded(rule, answer))
        return fired

    def ask(self, expr: str) -> list[Series]:
        """Evaluate an expression at every minute. Raises ``EngineError``."""
        return list(self._data.range(expr, self._minutes))


def version(prometheus: str) -> str:
    """Return the name and version of a Prometheus."""
    said = subprocess.run([prometheus, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 - a program of the user's
    match = re.search(r"version (\S+)", said.stdout + said.stderr)
    return f"Prometheus {match[1].partition('+')[0]}" if match else "an unknown Prometheus"


@contextmanager
def player(prometheus: str, part: Part) -> Iterator[Player]:
    """Run a Prometheus that holds a part. Raises ``EngineError`` when it does not start."""
    with database(prometheus, _START, _STEP) as data:
        data.write(part.series)
        yield Player(data, part.minutes)


def _labelled(rule: Rule, labels: Labels) -> dict[str, str]:
    """Return the labels that a rule gives what its expression found."""
    name = "alertname" if rule.alert else "__name__"
    given = {key: value for key, value in labels.items() if key != "__name__"}
    return {key: value for key, value in {**given, **rule.labels, name: rule.name}.items() if value != ""}


def _named(rule: Rule, answer: Iterable[Series]) -> Iterator[Series]:
    """Yield what a rule makes of an answer: series that differ in their name alone, as the sides of an ``or`` do, become one.

    Raises ``EngineError`` where both have a sample at one step, as a server does (rules/manager.go).
    """
    found: dict[tuple[tuple[str, str], ...], tuple[dict[str, str], NDArray[np.float64]]] = {}
    for labels, values in answer:
        given = _labelled(rule, labels)
        key = tuple(sorted(given.items()))
        known = found[key][1] if key in found else np.full(values.size, np.nan)
        if (~np.isnan(known) & ~np.isnan(values)).any():
            raise EngineError(f"{rule.name}: the answer has two series with the labels {given}")
        found[key] = given, np.fmax(known, values)
    yield from found.values()


def _recorded(rule: Rule, answer: Iterable[Series]) -> Iterator[Series]:
    for labels, values in _named(rule, answer):
        yield labels, _once(values, rule.once) if rule.once else values


def _once(values: NDArray[np.float64], span: int) -> NDArray[np.float64]:
    """Keep samples that have no other kept one within the span before them."""
    kept = np.full(values.size, np.nan)
    free = 0
    for step in np.flatnonzero(~np.isnan(values)).tolist():
        if step >= free:
            kept[step] = values[step]
            free = step + span // _STEP + 1
    return kept


def _step_by_step(data: Database, rules: Sequence[Rule], steps: int) -> None:
    """Evaluate rules that read their own past, all of them with one question a step."""
    expr = "\nor\n".join(f'label_replace({rule.expr}, "{_WHICH}", "{number}", "", "")' for number, rule in enumerate(rules))
    before: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}
    known: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}
    for step in range(steps):
        now: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}
        samples = []
        for labels, value in data.instant(expr, step):
            key = tuple(labels.items())
            words = before.get(key)
            if words is None:
                words = _labelled(rules[int(labels.pop(_WHICH))], labels)
                # Sides of an ``or`` that differ in their name alone are one series: its labels are one object.
                words = known.setdefault(tuple(sorted(words.items())), words)
            now[key] = words
            samples.append((words, value))
        alive = {id(words) for words in now.values()}
        samples += [(words, math.nan) for words in before.values() if id(words) not in alive]
        data.write_step(step, samples)
        before = now


def _fired(rule: Rule, answer: Iterable[Series]) -> Iterator[Fired]:
    for labels, values in _named(rule, answer):
        spans = tuple(_spans(~np.isnan(values), rule.wait // _STEP, rule.keep // _STEP))
        if spans:
            yield Fired(labels, spans)


def _spans(true: NDArray[np.bool_], wait: int, keep: int) -> Iterator[tuple[int, int]]:
    """Yield when an alert fires whose condition holds in these steps: after ``wait`` steps, until ``keep`` steps after it held last."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], true, [False])).astype(np.int8)))
    begun: tuple[int, int] | None = None
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        # The first step without the condition is where keeping begins; the alert is gone when ``keep`` has passed since.
        if begun and start <= begun[1]:
            begun = begun[0], end + keep
        elif end - start > wait:
            if begun:
                yield begun
            begun = start + wait, end + keep
    if begun:
        yield begun[0], min(begun[1], true.size)
