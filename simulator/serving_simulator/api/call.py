"""One request on its way through the API, and the answer to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from serving_simulator.api.errors import Invalid, NotFound
from serving_simulator.api.organization import ApiKey, Organization
from serving_simulator.api.ports import SimulatedWorld

if TYPE_CHECKING:
    from serving_simulator.api.state import State
    from serving_simulator.views import ChainView, DeploymentView, EnvironmentView, ModelView

__all__ = ["Answer", "Call", "json_answer", "timestamp"]


def timestamp(seconds: float) -> str:
    """Spell an instant as the platform does: ISO 8601 in UTC, milliseconds when there are any."""
    instant = datetime.fromtimestamp(seconds, UTC)
    spec = "milliseconds" if instant.microsecond // 1000 else "seconds"
    return instant.isoformat(timespec=spec).replace("+00:00", "Z")


@dataclass(slots=True)
class Answer:
    """An answer. JSON answers keep their ``document`` until the last moment, because a fault may change it."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    document: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        """Return the bytes to send."""
        return self.body if self.document is None else msgspec.json.encode(self.document)


def json_answer(document: Any, status: int = 200) -> Answer:
    """Answer with a JSON document."""
    return Answer(status=status, document=document)


@dataclass(slots=True)
class Call:
    """A request after routing and authentication. ``body`` is the decoded JSON of a request that has one."""

    state: State
    params: Mapping[str, str]
    query: Mapping[str, Sequence[str]]
    key: ApiKey | None
    body: Any = None
    host: str = ""

    @property
    def world(self) -> SimulatedWorld:
        """The simulated platform, advanced to the present."""
        return self.state.world

    @property
    def organization(self) -> Organization:
        """Whose platform it is."""
        return self.state.organization

    @property
    def now(self) -> float:
        """The platform's present, Unix seconds."""
        return self.state.clock.wall()

    def invalid(self, message: str) -> Invalid:
        """Return the validation error to raise."""
        return Invalid(message, status=self.state.switches.validation_status)

    def one(self, name: str) -> str | None:
        """Return a query parameter that may be given once; empty is as good as absent."""
        values = self.query.get(name, ())
        if len(values) > 1:
            raise self.invalid(f"{name}: given {len(values)} times, allowed once")
        return values[0] if values and values[0] != "" else None

    def many(self, name: str) -> list[str]:
        """Return the values of a repeatable query parameter."""
        return [value for value in self.query.get(name, ()) if value != ""]

    def integer(self, name: str, *, low: int | None = None, high: int | None = None) -> int | None:
        """Return a whole-numbered query parameter, None when absent."""
        text = self.one(name)
        if text is None:
            return None
        try:
            number = int(text)
        except ValueError:
            raise self.invalid(f"{name}: found {text[:40]!r}, allowed: a whole number") from None
        if (low is not None and number < low) or (high is not None and number > high):
            raise self.invalid(
                f"{name}: found {number}, allowed: {low} to {high}" if high is not None else f"{name}: found {number}, at least {low}"
            )
        return number

    def choice(self, name: str, allowed: Sequence[str], default: str) -> str:
        """Return a query parameter that is one of a few words."""
        text = self.one(name)
        if text is not None and text not in allowed:
            raise self.invalid(f"{name}: found {text[:40]!r}, allowed: {', '.join(allowed)}")
        return text or default

    def model(self) -> ModelView:
        """Return the model of the path."""
        wanted = self.params["model_id"]
        for model in self.world.models():
            if model.id == wanted:
                return model
        raise NotFound("No Oracle matches the given query.")

    def deployment(self) -> DeploymentView:
        """Return the deployment of the path."""
        return self.deployment_of(self.model(), self.params["deployment_id"])

    def deployment_of(self, model: ModelView, wanted: str) -> DeploymentView:
        """Return a deployment by id, or by the aliases ``production`` and ``development``."""
        for deployment in self.world.deployments(model.id):
            aliases = {"production": deployment.is_production, "development": deployment.is_development}
            if deployment.id == wanted or aliases.get(wanted, False):
                return deployment
        raise NotFound("No OracleVersion matches the given query.")

    def environment(self, model: ModelView) -> EnvironmentView:
        """Return the environment of the path."""
        for environment in self.world.environments(model.id):
            if environment.name == self.params["env_name"]:
                return environment
        raise NotFound("No Environment matches the given query.")

    def chain(self) -> ChainView:
        """Return the chain of the path."""
        for chain in self.world.chains():
            if chain.id == self.params["chain_id"]:
                return chain
        raise NotFound("No Chain matches the given query.")
