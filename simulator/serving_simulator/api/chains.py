"""Chains, their deployments with chainlets, and their environments."""

from __future__ import annotations

from typing import Any

from serving_simulator.api.call import Answer, Call, json_answer, timestamp
from serving_simulator.api.errors import NotFound
from serving_simulator.api.inventory import instance_type_document, promotion_settings_document, settings_document
from serving_simulator.views import ChainDeploymentView, ChainView

__all__ = [
    "chain",
    "chain_deployment",
    "chain_deployments",
    "chain_environment",
    "chain_environments",
    "chains",
    "deployment_in_environment",
]


def _chain_document(view: ChainView) -> dict[str, Any]:
    return {
        "id": view.id,
        "created_at": timestamp(view.created_at),
        "name": view.name,
        "deployments_count": view.deployments_count,
        "team_name": view.team_name,
    }


def _deployment_document(view: ChainDeploymentView) -> dict[str, Any]:
    chainlets = [
        {
            "id": each.id,
            "name": each.name,
            "autoscaling_settings": settings_document(each.autoscaling_settings),
            "instance_type_name": each.instance_type_name,
            "active_replica_count": each.active_replica_count,
            "status": each.status,
        }
        for each in view.chainlets
    ]
    return {
        "id": view.id,
        "created_at": timestamp(view.created_at),
        "chain_id": view.chain_id,
        "environment": view.environment,
        "chainlets": chainlets,
        "status": view.status,
    }


def _environment_document(call: Call, view: ChainView, name: str, current: ChainDeploymentView) -> dict[str, Any]:
    settings = [
        {
            "chainlet_name": each.name,
            "autoscaling_settings": settings_document(each.autoscaling_settings),
            "instance_type": instance_type_document(call, each.instance_type_name),
        }
        for each in current.chainlets
    ]
    return {
        "name": name,
        "created_at": timestamp(view.created_at),
        "chain_id": view.id,
        "promotion_settings": promotion_settings_document({}),
        "chainlet_settings": settings,
        "current_deployment": _deployment_document(current),
        "candidate_deployment": None,
    }


def deployment_in_environment(call: Call, chain_id: str, name: str) -> ChainDeploymentView:
    """Return the deployment behind an environment of a chain. Raises ``NotFound``."""
    found = next((each for each in call.world.chain_deployments(chain_id) if each.environment == name), None)
    if found is None:
        raise NotFound("No ChainEnvironment matches the given query.")
    return found


def chains(call: Call) -> Answer:
    """``GET /v1/chains``."""
    return json_answer({"chains": [_chain_document(view) for view in call.world.chains()]})


def chain(call: Call) -> Answer:
    """``GET /v1/chains/{chain_id}``."""
    return json_answer(_chain_document(call.chain()))


def chain_deployments(call: Call) -> Answer:
    """``GET …/deployments``."""
    return json_answer({"deployments": [_deployment_document(view) for view in call.world.chain_deployments(call.chain().id)]})


def chain_deployment(call: Call) -> Answer:
    """``GET …/deployments/{chain_deployment_id}``."""
    wanted = call.params["chain_deployment_id"]
    for view in call.world.chain_deployments(call.chain().id):
        if view.id == wanted:
            return json_answer(_deployment_document(view))
    raise NotFound("No ChainDeployment matches the given query.")


def chain_environments(call: Call) -> Answer:
    """``GET …/environments``: a list of chain environments.

    The published description says that it is a list of *model* environments (d.9: almost certainly a slip). The fields that both have are
    the same; those that only a model environment has are added with harmless values, so that readers of either kind can parse the answer.
    """
    view = call.chain()
    documents = []
    for deployed in call.world.chain_deployments(view.id):
        if deployed.environment is None:
            continue
        document = _environment_document(call, view, deployed.environment, deployed)
        first = deployed.chainlets[0]
        as_model = {
            "model_id": view.id,
            "current_deployment": None,
            "autoscaling_settings": settings_document(first.autoscaling_settings) or {},
            "instance_type": instance_type_document(call, first.instance_type_name),
            "request_backpressure_settings": {"policy": None},
        }
        documents.append({**document, **as_model})
    return json_answer({"environments": documents})


def chain_environment(call: Call) -> Answer:
    """``GET …/environments/{env_name}``."""
    view = call.chain()
    name = call.params["env_name"]
    return json_answer(_environment_document(call, view, name, deployment_in_environment(call, view.id, name)))
