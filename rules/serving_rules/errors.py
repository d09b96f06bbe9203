"""What can go wrong, for people.

RulesError
├── SettingsError    an overrides file has mistakes: all of them, one line each with file, key path, value, and what is allowed
└── PackError        the pack itself breaks one of its rules (a programming error, found when it is built)
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["PackError", "RulesError", "SettingsError"]


class RulesError(Exception):
    """Any error of this package that a person should read."""


class SettingsError(RulesError):
    """An overrides file is wrong. ``problems`` has one line for each mistake, and ``str`` all of them."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class PackError(RulesError):
    """The pack breaks one of its own rules."""
