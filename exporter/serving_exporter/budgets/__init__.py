"""Rate budgets: a request is paid for before it is sent, and a retry pays like any other.

A concurrency cap is not a rate limit and a retry loop is a storm, so every request of the exporter passes one of two gates:

* ``WindowBudget`` for limits of the form "N in any W seconds" that must never be exceeded as the *server* counts, whatever the network
  does.
* ``AdaptiveBudget`` for limits that are documented but not believed: paced requests, at a rate that rises while none is refused, and
  halves on one.

Both serve waiters in the order (priority, arrival); a waiter that is cancelled has spent nothing. All times are the clock's, so ``speed``
compresses windows and waits with everything else. ``BudgetRegistry`` hands out one budget for each (endpoint, scope), where the scope is
what the server counts by: two workspaces of one organization share. Spent budgets survive a restart through the state file::

    budget = registry.get("feed", scope_of(organization, secret), WindowPolicy(limit=4, window=60.0))
    with await budget.acquire():
        response = await session.get(...)
    if response.status == 429:
        budget.throttled(retry_after)
    else:
        budget.succeeded()
"""

from serving_exporter.budgets.adaptive import AdaptiveBudget, AdaptivePolicy
from serving_exporter.budgets.gate import LONGEST_HINT, Budget, Grant
from serving_exporter.budgets.registry import BudgetRegistry, scope_of
from serving_exporter.budgets.window import WindowBudget, WindowPolicy

__all__ = [
    "LONGEST_HINT",
    "AdaptiveBudget",
    "AdaptivePolicy",
    "Budget",
    "BudgetRegistry",
    "Grant",
    "WindowBudget",
    "WindowPolicy",
    "scope_of",
]
