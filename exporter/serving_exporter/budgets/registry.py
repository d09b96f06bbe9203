"""Which budget a request spends: one for each endpoint and scope, shared by everything that the server counts together."""

from __future__ import annotations

from serving_exporter.budgets.adaptive import AdaptiveBudget, AdaptivePolicy
from serving_exporter.budgets.gate import Budget
from serving_exporter.budgets.window import WindowBudget, WindowPolicy
from serving_exporter.clock import Clock
from serving_exporter.secrets import Secret
from serving_exporter.statefile import StateFile
from serving_exporter.telemetry import Telemetry

__all__ = ["BudgetRegistry", "scope_of"]


class BudgetRegistry:
    """One budget for each (endpoint, scope), made at the first call with that pair and kept for the life of the process."""

    def __init__(self, clock: Clock, state: StateFile, telemetry: Telemetry | None = None) -> None:
        self._clock = clock
        self._state = state
        self._telemetry = telemetry
        self._budgets: dict[tuple[str, str], Budget] = {}

    def get(self, endpoint: str, scope: str, policy: WindowPolicy | AdaptivePolicy) -> Budget:
        """Give the budget that requests to ``endpoint`` (a family name, no ids) spend in ``scope`` (see ``scope_of``).

        A window budget writes the state file before it lets a request go, and follows a ``policy`` that changes; an adaptive one keeps its
        first.
        """
        key = (endpoint, scope)
        budget = self._budgets.get(key)
        if budget is None:
            budget = self._budgets[key] = self._made(endpoint, scope, policy)
            self._show_rate(endpoint)
        elif isinstance(budget, WindowBudget) and isinstance(policy, WindowPolicy) and budget.policy != policy:
            budget.policy = policy
            self._show_rate(endpoint)
        return budget

    def state(self, endpoint: str) -> tuple[float, float] | None:
        """Tell (requests per second allowed now, seconds until the next request may go) of an endpoint; None before its first request.

        Of several scopes the slowest rate and the longest wait count.
        """
        budgets = [budget for (name, _), budget in self._budgets.items() if name == endpoint]
        if not budgets:
            return None
        return min(budget.rate for budget in budgets), max(budget.blocked_for for budget in budgets)

    def _made(self, endpoint: str, scope: str, policy: WindowPolicy | AdaptivePolicy) -> Budget:
        state = self._state.section("budgets").setdefault(f"{endpoint} {scope}", {})
        budget: Budget
        if isinstance(policy, WindowPolicy):
            budget = WindowBudget(policy, self._clock, state, same_boot=self._state.same_boot)
            budget.persist = self._state.save
        else:
            budget = AdaptiveBudget(policy, self._clock, state)

        def changed() -> None:
            self._state.touch()
            self._show_rate(endpoint)

        def waited(seconds: float) -> None:
            if self._telemetry is not None:
                self._telemetry.budget_wait(endpoint, seconds)

        budget.changed, budget.waited = changed, waited
        return budget

    def _show_rate(self, endpoint: str) -> None:
        """Of several scopes the one that is worst off: the metric has no label for them."""
        if self._telemetry is not None:
            self._telemetry.budget_rate(endpoint, min(budget.rate for (name, _), budget in self._budgets.items() if name == endpoint))


def scope_of(organization: str | None, secret: Secret) -> str:
    """Name what a server counts by: the organization where the configuration names it, else the key (as a digest, never itself)."""
    return f"organization:{organization}" if organization else f"key:{secret.digest}"
