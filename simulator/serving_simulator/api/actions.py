"""The writes that a closed loop needs: autoscaling settings, activation, promotion, terminating a replica.

Each becomes an action of the world, in the words of fleet timelines.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from serving_simulator.api.call import Answer, Call, json_answer
from serving_simulator.api.errors import NotFound
from serving_simulator.api.inventory import deployment_document, settings_document
from serving_simulator.views import DeploymentView

__all__ = ["activate", "deactivate", "patch_settings", "promote", "promote_to_environment", "terminate_replica"]

_RANGES: dict[str, tuple[int, int | None]] = {
    "min_replica": (0, None),
    "max_replica": (1, None),
    "autoscaling_window": (10, 3600),
    "scale_down_delay": (0, 3600),
    "concurrency_target": (1, None),
    "target_utilization_percentage": (1, 100),
    "target_in_flight_tokens": (1, None),
    "max_scale_down_rate": (1, 50),
}


def _act(call: Call, **action: Any) -> None:
    try:
        call.world.act(action)
    except KeyError as error:
        raise NotFound(f"No object matches the given query: {error.args[0] if error.args else ''}") from None
    except ValueError as error:
        raise call.invalid(str(error)) from None


def _changes(call: Call, deployment: DeploymentView) -> dict[str, int | None]:
    if not isinstance(call.body, dict):
        raise call.invalid("the body must be a JSON object")
    changes: dict[str, int | None] = {}
    for name, value in call.body.items():
        if name not in _RANGES:
            raise call.invalid(f"{name}: unknown setting, allowed: {', '.join(_RANGES)}")
        if value is None:
            continue
        low, high = _RANGES[name]
        if isinstance(value, bool) or not isinstance(value, int) or value < low or (high is not None and value > high):
            raise call.invalid(
                f"{name}: found {str(value)[:40]}, allowed: a whole number of at least {low}" + (f", at most {high}" if high else "")
            )
        changes[name] = value
    if deployment.is_development and changes.keys() & {"min_replica", "max_replica"}:
        raise call.invalid("min_replica and max_replica of a development deployment cannot be changed")
    merged = {**(settings_document(deployment.autoscaling_settings) or {}), **changes}
    if merged.get("min_replica", 0) > merged.get("max_replica", merged.get("min_replica", 0)):
        raise call.invalid("min_replica must not be above max_replica")
    return changes


def patch_settings(call: Call) -> Answer:
    """``PATCH …/autoscaling_settings``: asynchronous, as on the platform; the answer says only that the change was accepted."""
    deployment = call.deployment()
    changes = _changes(call, deployment)
    current = settings_document(deployment.autoscaling_settings) or {}
    if all(current.get(name) == value for name, value in changes.items()):
        return json_answer({"status": "UNCHANGED", "message": "The settings are already in force."})
    _act(call, action="settings", deployment=deployment.id, change=changes)
    return json_answer({"status": "ACCEPTED", "message": "The change was accepted and takes effect shortly."})


def _switching(action: str) -> Callable[[Call], Answer]:
    def handler(call: Call) -> Answer:
        _act(call, action=action, deployment=call.deployment().id)
        return json_answer({"success": True})

    handler.__doc__ = f"``POST …/{action}``."
    return handler


activate = _switching("activate")
deactivate = _switching("deactivate")


def promote(call: Call) -> Answer:
    """``POST …/deployments/{deployment_id}/promote``: to production."""
    model, deployment = call.model(), call.deployment()
    _act(call, action="promote", environment=f"{model.id}/production", deployment=deployment.id)
    return json_answer(deployment_document(call, call.deployment_of(model, deployment.id)))


def promote_to_environment(call: Call) -> Answer:
    """``POST …/environments/{env_name}/promote``: the body names the ``deployment_id``."""
    model = call.model()
    environment = call.environment(model)
    wanted = call.body.get("deployment_id") if isinstance(call.body, dict) else None
    if not isinstance(wanted, str):
        raise call.invalid("deployment_id: required")
    deployment = call.deployment_of(model, wanted)
    _act(call, action="promote", environment=f"{model.id}/{environment.name}", deployment=deployment.id)
    return json_answer(deployment_document(call, call.deployment_of(model, deployment.id)))


def terminate_replica(call: Call) -> Answer:
    """``DELETE …/replicas/{replica_id}``."""
    _act(call, action="terminate", deployment=call.deployment().id, replica=call.params["replica_id"])
    return json_answer({"success": True})
