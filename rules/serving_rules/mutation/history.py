"""Which rules changed since a revision: so that every change can be tried at once, and the whole pack at night."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from serving_rules.mutation.trial import Trial

__all__ = ["changed_since"]

_ROOT = Path(__file__).resolve().parents[3]


def changed_since(revision: str, found: Iterable[Trial]) -> list[Trial]:
    """Return the trials of which the rule or a test is not in the files of a revision. Raises CalledProcessError for a bad one."""
    files = [line for line in _git("ls-tree", "-r", "--name-only", revision, "--", "rules/prometheus", "rules/tests").splitlines() if line]
    known: set[str] = set()
    for name in files:
        if name.endswith(".yaml"):
            document = yaml.load(_git("show", f"{revision}:{name}"), Loader=_LOADER) or {}
            known |= {_spelled(rule) for group in document.get("groups", ()) for rule in group["rules"]}
            known |= {_spelled(test) for test in document.get("tests", ())}
    return [trial for trial in found if not {_spelled(trial.rule.mapping()), *map(_spelled, trial.tests)} <= known]


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=_ROOT, capture_output=True, text=True, check=True).stdout


def _spelled(document: Any) -> str:
    return json.dumps(document, sort_keys=True)
