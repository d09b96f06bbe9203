"""From what fired to what was right: one verdict for each scenario."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from serving_simulator.scenarios import Scenario
from serving_simulator.score.engine import Fired, Labels
from serving_simulator.score.inhibition import Inhibition, heard

__all__ = ["PAGE", "TICKET", "Verdict", "judge"]

PAGE, TICKET, ADVICE = "critical", "warning", "info"
_EARLY = 2
"""Minutes by which an alert may seem to come before its cause: a scrape and an evaluation are a minute wide."""
_TOGETHER = 5
"""Minutes in which what is sent of one model arrives as one notification (Alertmanager's group_interval)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was said about one scenario, in numbers and words that can be kept in a file.

    ``delay`` is minutes from onset to the first alert that names the incident, None without one, and ``wait`` the minutes of ``for`` of
    that alert; ``first`` the first alert of any severity (advice counts only when it is the answer) that a person was sent after onset,
    ``named_first`` whether it names the incident. ``pages`` is how often a person was paged, alerts that arrive together counted once, and
    ``true_pages`` how many alerts that page were right to. ``begun`` counts by alert and severity how often each began to fire, ``false``
    those that page or open a ticket and are neither expected nor companions, or came before anything was wrong.
    """

    name: str
    incident: str
    level: str
    detection: str
    minutes: int
    deployments: int
    evidence: int
    negative: bool
    expected: Sequence[str] = ()
    delay: int | None = None
    wait: int = 0
    first: str = ""
    named_first: bool = False
    pages: int = 0
    begun: Mapping[str, int] = field(default_factory=dict)
    false: Mapping[str, int] = field(default_factory=dict)
    true_pages: int = 0

    @property
    def weeks(self) -> float:
        """Deployment-weeks."""
        return self.minutes * self.deployments / (7 * 24 * 60)


def judge(scenario: Scenario, fired: Iterable[Fired], rules: Sequence[Inhibition], waits: Mapping[str, int]) -> Verdict:
    """Hold what fired in a scenario's workspace against its labels; ``waits`` are minutes of ``for`` by ``Alert/severity``."""
    everything = list(fired)
    sent = list(heard(everything, rules))
    early = scenario.onset - _EARLY
    begins = sorted((span[0], _rank(scenario, each.labels), _name(each.labels)) for each in everything for span in each.spans)
    right = [(minute, name) for minute, rank, name in begins if rank == 0 and minute >= early]
    after = sorted(
        (span[0], rank, _name(each.labels))
        for each in sent
        # Advice that was not asked for is no answer to what is wrong, and none that is false.
        if (rank := _rank(scenario, each.labels)) == 0 or each.labels.get("severity") != ADVICE
        for span in each.spans
        if span[0] >= early
    )
    false = Counter(
        _name(each.labels)
        for each in sent
        if each.labels.get("severity") in (PAGE, TICKET)
        for span in each.spans
        if _rank(scenario, each.labels) > 1 or (scenario.expected and span[0] < early)
    )
    paging = sorted(span[0] for each in sent if each.labels.get("severity") == PAGE for span in each.spans)
    return Verdict(
        name=scenario.name,
        incident=scenario.incident,
        level=scenario.level,
        detection=scenario.detection,
        minutes=scenario.minutes,
        deployments=scenario.deployments,
        evidence=scenario.evidence,
        negative=scenario.negative,
        expected=sorted(scenario.expected),
        delay=max(0, right[0][0] - scenario.onset) if right else None,
        wait=waits.get(right[0][1], 0) if right else 0,
        first=after[0][2] if after else "",
        named_first=bool(after) and after[0][1] == 0,
        pages=sum(1 for _ in _notifications(paging)),
        begun=dict(Counter(name for _, _, name in begins)),
        false=dict(false),
        true_pages=len(paging) - sum(count for name, count in false.items() if name.endswith(f"/{PAGE}")),
    )


def _notifications(minutes: Sequence[int]) -> Iterator[int]:
    last = -_TOGETHER - 1
    for minute in minutes:
        if minute > last + _TOGETHER:
            yield minute
            last = minute


def _rank(scenario: Scenario, labels: Labels) -> int:
    """Return 0 for what names the incident, 1 for what is true beside it, 2 for what is not.

    An alert of another pack says by its label ``stands_for`` which of ours would say the same.
    """
    names = set(labels.get("stands_for", labels["alertname"]).split("|"))
    return 0 if names & scenario.expected else 1 if names & scenario.companions else 2


def _name(labels: Labels) -> str:
    return f"{labels['alertname']}/{labels.get('severity', '')}"
