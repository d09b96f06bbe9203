"""``serving-exporter check``: ask every source once, and say what works, what does not, and what that costs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from serving_exporter.budgets import BudgetRegistry
from serving_exporter.clock import Clock
from serving_exporter.config import Config, WorkspaceConfig
from serving_exporter.exposition import FamilyBlock
from serving_exporter.platforms.baseten import platform
from serving_exporter.platforms.contract import NotOffered, NotPermitted, SourceError, Throttled
from serving_exporter.service import client_session
from serving_exporter.statefile import StateFile
from serving_exporter.telemetry import Telemetry

__all__ = ["Finding", "check"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one source answered. ``reachable`` and ``permitted`` are None where it was not found out; ``good`` decides the exit status."""

    workspace: str
    source: str
    good: bool
    reachable: bool | None
    permitted: bool | None
    items: int | None = None
    rate_limit: str = "–"
    note: str = ""


class _NoPage:
    """The check publishes nothing."""

    def put(self, unit: str, families: Sequence[FamilyBlock]) -> None:
        """Ignore a unit."""

    def drop(self, unit: str) -> None:
        """Ignore a unit."""


async def check(config: Config, say: Callable[[str], object]) -> int:
    """Print a table and return the exit status: 0 when every enabled source works or is merely not offered, else 1."""
    findings: list[Finding] = []
    for workspace in config.workspaces:
        findings += await _check_workspace(config, workspace)
    for line in _table(findings):
        say(line)
    return 0 if all(finding.good for finding in findings) else 1


async def _check_workspace(config: Config, workspace: WorkspaceConfig) -> list[Finding]:
    clock = Clock()
    telemetry = Telemetry()
    # The budgets of the service are respected, so that a check beside a running exporter cannot take its feed away; nothing is written.
    state = await asyncio.to_thread(StateFile.open, config.state_file)
    state.path = None
    budgets = BudgetRegistry(clock, state, telemetry)
    async with client_session(config) as session:
        built = platform.build(
            workspace,
            session=session,
            keys=workspace.key_sources(),
            budgets=budgets,
            telemetry=telemetry,
            state_section={},
            touch=lambda: None,
            page=_NoPage(),
            clock=clock,
            log=logging.getLogger("serving_exporter.check"),
            label=workspace.name,
        )
        settings = workspace.sources.named()
        findings = []
        for name, source in built.sources.items():
            if not settings[name].enabled:
                findings.append(Finding(workspace.name, name, True, None, None, note="switched off"))
                continue
            findings.append(await _probe(built, workspace.name, name, source.blind_without, budgets))
        return findings


async def _probe(built: platform.BasetenPlatform, workspace: str, name: str, blind_without: str, budgets: BudgetRegistry) -> Finding:
    def limit() -> str:
        return _rate_limit(budgets.state(built.family(name)))

    try:
        poll = await built.probe(name)
    except NotOffered as error:
        return Finding(workspace, name, True, True, None, None, limit(), f"not offered ({error}); blind: {blind_without}")
    except NotPermitted as error:
        return Finding(workspace, name, False, True, False, None, limit(), f"{error}; blind: {blind_without}")
    except Throttled as error:
        return Finding(workspace, name, False, True, None, None, limit(), f"{error}; blind meanwhile: {blind_without}")
    except SourceError as error:
        return Finding(workspace, name, False, False, None, None, limit(), f"{error}; blind: {blind_without}")
    if poll is None:
        return Finding(workspace, name, True, None, None, 0, limit(), "nothing to ask for")
    note = "; ".join(f"{part}: {error}" for part, error in list(poll.problems.items())[:3])
    return Finding(workspace, name, not poll.problems, True, True, poll.items, limit(), note)


def _rate_limit(state: tuple[float, float] | None) -> str:
    if state is None:
        return "–"
    rate, wait = state
    allowed = f"{rate:.3g}/s" if rate >= 1 else f"{rate * 60:.3g}/min"
    return f"{allowed}, wait {wait:.0f} s" if wait >= 1 else f"{allowed}, free"


def _table(findings: Sequence[Finding]) -> list[str]:
    words = {True: "yes", False: "NO", None: "–"}
    header = ("workspace", "source", "reachable", "permitted", "items", "rate limit", "note")
    rows = [
        (
            finding.workspace,
            finding.source,
            words[finding.reachable],
            words[finding.permitted],
            "–" if finding.items is None else str(finding.items),
            finding.rate_limit,
            finding.note,
        )
        for finding in findings
    ]
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header) - 1)]
    lines = ([cell.ljust(width) for cell, width in zip(row, widths, strict=False)] + [row[-1]] for row in (header, *rows))
    return ["  ".join(line).rstrip() for line in lines]
