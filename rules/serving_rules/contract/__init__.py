"""The contract between the pack and what is exported, in both directions. Needs promql-parser (a development dependency).

Forwards: every metric, label and enumerated label value that a rule, an annotation or a runbook query uses exists in the catalogue, with
a type that fits the function applied to it. Backwards: every exported metric and label is used, or listed in ``contract.raw`` with the
reason why not. ``violations`` returns both; renaming anything in the catalogue makes it non-empty. ``reader`` reads a single query: which
labels its result has, for legends and tables, and what is wrong in it.
"""

from __future__ import annotations

from serving_rules.contract.check import Usage, reader, violations

__all__ = ["Usage", "reader", "violations"]
