"""``async_queue_status`` on the model and chain hosts."""

from __future__ import annotations

from serving_simulator.api.call import Answer, Call, json_answer
from serving_simulator.api.chains import deployment_in_environment
from serving_simulator.api.errors import ApiError, NotFound, NotPermitted

__all__ = ["chain_queue", "model_queue"]

_SERVING_NOTHING = ("INACTIVE", "DEACTIVATING")


class _ModelNotFound(NotFound):
    error_code = "model_does_not_exist"


def _missing(what: str) -> ApiError:
    return _ModelNotFound(f"{what} not found or not active")


def _model_deployment(call: Call, model_id: str) -> str:
    environment = call.params.get("region") or call.params.get("env_name")
    try:
        views = call.world.deployments(model_id)
        if environment is not None:
            current = next((each.current_deployment_id for each in call.world.environments(model_id) if each.name == environment), None)
            chosen = next((view for view in views if view.id == current), None)
        else:
            wanted = call.params["deployment_id"]
            chosen = next((view for view in views if view.id == wanted or (wanted == "development" and view.is_development)), None)
    except KeyError:
        raise _missing("Model") from None
    # Inference paths of a switched-off deployment answer 404; that its queue status does too is a guess (reference e).
    if chosen is None or chosen.status in _SERVING_NOTHING:
        raise _missing("Deployment")
    return chosen.id


def model_queue(call: Call) -> Answer:
    """Show the queue of one deployment, live. An environment means the deployment that is currently behind it."""
    model_id = call.params["model_id"]
    if call.key is not None and not call.key.sees(model_id):
        raise NotPermitted("This API key may not call this model.")
    view = call.world.async_queue(_model_deployment(call, model_id))
    document = {
        "model_id": view.model_id,
        "deployment_id": view.deployment_id,
        "num_queued_requests": view.queued,
        "num_in_progress_requests": view.in_progress,
    }
    return json_answer(document)


def chain_queue(call: Call) -> Answer:
    """Show the queue of a chain deployment. As documented, the answer says ``model_id`` for the chain's id (reference e)."""
    chain_id = call.params["chain_id"]
    environment = call.params.get("region") or call.params.get("env_name")
    try:
        deployments = call.world.chain_deployments(chain_id)
    except KeyError:
        raise _missing("Chain") from None
    if environment is not None:
        found = deployment_in_environment(call, chain_id, environment).id
    else:
        wanted = call.params["deployment_id"]
        if all(each.id != wanted for each in deployments):
            raise _missing("Chain deployment")
        found = wanted
    try:
        view = call.world.async_queue(found)
        queued, running = view.queued, view.in_progress
    except KeyError:  # the world queues nothing for chains
        queued = running = 0
    return json_answer({"model_id": chain_id, "deployment_id": found, "num_queued_requests": queued, "num_in_progress_requests": running})
