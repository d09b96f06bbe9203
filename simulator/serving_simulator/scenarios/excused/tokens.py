"""Deployments that scale on tokens, seen through rules on requests, or moved about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from serving_simulator.scenarios.excused.day import QUICK, every, turns
from serving_simulator.scenarios.scenario import HEALTHY, ONSET, SHORT, Scenario, model_of, seconds, varied
from serving_simulator.scenarios.tokens import REQUESTS, token_deployment

__all__ = ["MADE"]


def _tokens_at_max(name: str, rng: np.random.Generator) -> Scenario:
    """A deployment that scales on tokens, at its ceiling and with room: its requests in flight are many times its concurrency target."""
    service, replicas = varied(rng, 8.0), int(rng.integers(3, 6))
    patterns = [{"kind": "constant", "rate": 0.95 * replicas * REQUESTS / service}]
    of = token_deployment(service, {"min_replica": replicas - 1, "max_replica": replicas}, patterns)
    return Scenario(name, "tokens-at-max", HEALTHY, SHORT, [model_of(name, of)])


def _tokens_woken(name: str, rng: np.random.Generator) -> Scenario:
    """Jobs come in batches to a deployment that scales on tokens, and it sleeps between them: half of what one replica is planned for."""
    service, minutes = varied(rng, 8.0), float(rng.integers(11, 15))
    batch = {"kind": "batch", "requests": REQUESTS / 2, "spread": 20, "every": seconds(minutes), "at": 300}
    of = token_deployment(service, {"min_replica": 0, "max_replica": 4, "scale_down_delay": 60}, [batch], startup=QUICK)
    return Scenario(name, "tokens-woken", HEALTHY, SHORT, [model_of(name, of)], companions=frozenset({"ServingScaleToZeroChurn"}))


def _tokens_promoted(name: str, rng: np.random.Generator) -> Scenario:
    """Two versions that scale on tokens take turns."""
    service = varied(rng, 8.0)
    of = token_deployment(service, {"min_replica": 2, "max_replica": 12, "scale_down_delay": 60}, [], startup=QUICK)
    return turns(name, "tokens-promoted", 13, 4 * REQUESTS / service, {key: value for key, value in of.items() if key != "workload"})


def _tokens_let_go_slowly(name: str, rng: np.random.Generator) -> Scenario:
    """Load ends, and replicas that scale on tokens leave by half-lives, not after a delay."""
    service = varied(rng, 8.0)
    busy = {"kind": "step", "rate": 4 * REQUESTS / service, "at": 0, "length": seconds(ONSET)}
    of = token_deployment(service, {"min_replica": 1, "max_replica": 12, "scale_down_delay": 600}, [busy], startup=QUICK)
    do = {"action": "fault", "deployment": f"{name}/deployment-1"}
    # The simulated autoscaler has no half-life: replicas that are kept for a while stand for one.
    slow = [
        {"at": seconds(ONSET - 1), "do": {**do, "change": {"keeps_replicas": True}}},
        {"at": seconds(ONSET + 60), "do": {**do, "change": {"keeps_replicas": False}}},
    ]
    return Scenario(name, "tokens-let-go-slowly", HEALTHY, SHORT, [model_of(name, of)], timeline=slow)


def _tokens_edited(name: str, rng: np.random.Generator) -> Scenario:
    """Something outside moves the floor of a deployment that scales on tokens."""
    model = _steady_tokens(name, rng, 2, 8)
    edits = [{"action": "settings", "deployment": f"{name}/deployment-1", "change": {"min_replica": each}} for each in (6, 2)]
    return Scenario(name, "tokens-edited", HEALTHY, SHORT, [model], timeline=every(9, *edits))


def _tokens_pinned(name: str, rng: np.random.Generator) -> Scenario:
    """Replicas of a fleet of fixed size, which serves tokens, are taken away now and then."""
    loss = {"action": "terminate", "deployment": f"{name}/deployment-1"}
    return Scenario(name, "tokens-pinned", HEALTHY, SHORT, [_steady_tokens(name, rng, 4, 4)], timeline=every(6, loss))


def _steady_tokens(name: str, rng: np.random.Generator, least: int, most: int) -> dict[str, Any]:
    service = varied(rng, 8.0)
    autoscaling = {"min_replica": least, "max_replica": most, "scale_down_delay": 60}
    return model_of(name, token_deployment(service, autoscaling, [{"kind": "constant", "rate": REQUESTS / service}], startup=QUICK))


MADE: Mapping[str, Callable[[str, np.random.Generator], Scenario]] = {
    "tokens-at-max": _tokens_at_max,
    "tokens-woken": _tokens_woken,
    "tokens-promoted": _tokens_promoted,
    "tokens-let-go-slowly": _tokens_let_go_slowly,
    "tokens-edited": _tokens_edited,
    "tokens-pinned": _tokens_pinned,
}
"""By kind: what makes one variation of it."""
