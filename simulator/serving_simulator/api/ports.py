"""What the API asks of the world: the engine's side of the contract, as a protocol, so that a test can bring a small world of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from serving_simulator.views import (
    AsyncQueueView,
    AuditEventView,
    ChainDeploymentView,
    ChainView,
    DeploymentView,
    EnvironmentView,
    FeedPage,
    HistoryWindow,
    ModelView,
    StartupView,
    UsageView,
)

__all__ = ["SimulatedWorld", "SimulationClock"]


class SimulationClock(Protocol):
    """The platform's clock."""

    speed: float

    def monotonic(self) -> float:
        """Return simulated seconds that never step back."""

    def wall(self) -> float:
        """Return simulated Unix time in seconds."""

    async def sleep(self, seconds: float) -> None:
        """Sleep for simulated seconds."""


class SimulatedWorld(Protocol):
    """The state of the platform. Times are Unix seconds of the simulated clock; unknown ids raise KeyError."""

    @property
    def now(self) -> float:
        """The instant that the world has reached."""

    def advance(self, to: float) -> None:
        """Move on to an instant; nothing happens when it has passed."""

    def models(self) -> Sequence[ModelView]:
        """Return every model."""

    def deployments(self, model_id: str) -> Sequence[DeploymentView]:
        """Return every deployment of a model, inactive and failed ones too."""

    def environments(self, model_id: str) -> Sequence[EnvironmentView]:
        """Return every environment of a model."""

    def chains(self) -> Sequence[ChainView]:
        """Return every chain."""

    def chain_deployments(self, chain_id: str) -> Sequence[ChainDeploymentView]:
        """Return every deployment of a chain."""

    def async_queue(self, deployment_id: str) -> AsyncQueueView:
        """Return the async queue of a deployment, live."""

    def startups(self, deployment_ids: Sequence[str], start: float, end: float) -> Sequence[StartupView]:
        """Return the starts of replicas that began between two instants."""

    def audit_events(self) -> Sequence[AuditEventView]:
        """Return the audit log, oldest first."""

    def usage(self, start_date: str, end_date: str) -> Sequence[UsageView]:
        """Return billed use for each resource and UTC day, both days (YYYY-MM-DD) included."""

    def feed_page(self) -> FeedPage:
        """Return the export page in force."""

    def history(self, deployment_id: str, start: float, end: float) -> HistoryWindow:
        """Return what a deployment did between two instants."""

    def truth(self, deployment_id: str) -> Mapping[str, Any]:
        """Return true instantaneous values, for tests."""

    def act(self, action: Mapping[str, Any]) -> Any:
        """Do something to the fleet. Raises KeyError for unknown ids and ValueError for actions that make no sense."""
