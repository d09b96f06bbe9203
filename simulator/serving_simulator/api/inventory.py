"""Models, deployments and environments: the routes that say what exists and how it is set."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from serving_simulator.api.call import Answer, Call, json_answer, timestamp
from serving_simulator.api.errors import NotFound
from serving_simulator.views import AutoscalingSettings, DeploymentView, EnvironmentView, ModelView

__all__ = ["deployment", "deployment_document", "deployments", "environment", "environments", "instance_type_document", "model", "models"]
__all__ += ["instance_type_prices", "instance_types", "promotion_settings_document", "settings_document", "team_models"]


def settings_document(settings: AutoscalingSettings | None) -> dict[str, Any] | None:
    """Spell autoscaling settings; None (no deploy has finished yet) is null."""
    return None if settings is None else asdict(settings)


def _model_document(view: ModelView) -> dict[str, Any]:
    return {
        "id": view.id,
        "created_at": timestamp(view.created_at),
        "name": view.name,
        "deployments_count": view.deployments_count,
        "production_deployment_id": view.production_deployment_id,
        "development_deployment_id": view.development_deployment_id,
        "instance_type_name": view.instance_type_name,
        "team_name": view.team_name,
    }


def deployment_document(call: Call, view: DeploymentView) -> dict[str, Any]:
    """Spell a deployment. The fields of August 2026 are missing where the switch says so."""
    document = {
        "id": view.id,
        "created_at": timestamp(view.created_at),
        "name": view.name,
        "model_id": view.model_id,
        "is_production": view.is_production,
        "is_development": view.is_development,
        "status": view.status,
        "active_replica_count": view.active_replica_count,
        "autoscaling_settings": settings_document(view.autoscaling_settings),
        "instance_type_name": view.instance_type_name,
        "environment": view.environment,
        "labels": None if view.labels is None else dict(view.labels),
    }
    if call.state.switches.august_2026:
        slug = view.region
        names = call.organization.regions
        document["region"] = None if slug is None else {"slug": slug, "display_name": names.get(slug, slug)}
        document["request_backpressure_settings"] = {"policy": view.backpressure_policy}
    return document


def instance_type_document(call: Call, name: str | None) -> dict[str, Any]:
    """Spell the instance type with a name or id; one that has left the price list keeps its name."""
    found = call.organization.instance_type(name)
    if found is None:
        unknown = {"id": name or "", "name": name or "", "memory_limit_mib": 0, "millicpu_limit": 0}
        return {**unknown, "gpu_count": 0, "gpu_type": None, "gpu_memory_limit_mib": None}
    return {
        "id": found.key,
        "name": found.name,
        "memory_limit_mib": found.memory_limit_mib,
        "millicpu_limit": found.millicpu_limit,
        "gpu_count": found.gpu_count,
        "gpu_type": found.gpu_type,
        "gpu_memory_limit_mib": found.gpu_memory_limit_mib,
    }


def promotion_settings_document(settings: Any) -> dict[str, Any]:
    """Spell promotion settings: the platform's defaults, overridden by what the view has."""
    rolling = {
        "rolling_deploy_strategy": "REPLICA",
        "max_surge_percent": 25,
        "max_unavailable_percent": 0,
        "stabilization_time_seconds": 0,
        "replica_overhead_percent": 0,
    }
    given = dict(settings)
    rolling |= given.pop("rolling_deploy_config", None) or {}
    return {
        "redeploy_on_promotion": False,
        "rolling_deploy": False,
        "promotion_cleanup_strategy": "SCALE_TO_ZERO",
        "ramp_up_while_promoting": False,
        "ramp_up_duration_seconds": 600,
        **given,
        "rolling_deploy_config": rolling,
    }


def _environment_document(call: Call, view: EnvironmentView) -> dict[str, Any]:
    found = {each.id: deployment_document(call, each) for each in call.world.deployments(view.model_id)}
    promotion = view.promotion
    document: dict[str, Any] = {
        "name": view.name,
        "created_at": timestamp(view.created_at),
        "model_id": view.model_id,
        "current_deployment": found.get(view.current_deployment_id or ""),
        "candidate_deployment": found.get(view.candidate_deployment_id or ""),
        "in_progress_promotion": None if promotion is None else asdict(promotion),
        "autoscaling_settings": settings_document(view.autoscaling_settings),
        "promotion_settings": promotion_settings_document(view.promotion_settings),
        "instance_type": instance_type_document(call, view.instance_type_name),
    }
    if call.state.switches.august_2026:
        applied = None
        if view.applied_settings is not None:
            applied = {"schedule_id": view.applied_schedule_id, "autoscaling_settings": settings_document(view.applied_settings)}
        document["request_backpressure_settings"] = {"policy": view.backpressure_policy}
        document["autoscaling_schedules"] = {
            "timezone": view.schedule_timezone,
            "schedules": [dict(schedule) for schedule in view.schedules],
            "applied_state": applied,
        }
    return document


def _named(call: Call, views: Any) -> Any:
    wanted = call.one("name")
    return [view for view in views if wanted is None or view.name == wanted]


def models(call: Call) -> Answer:
    """``GET /v1/models``: every model of the organization, ``name`` filters exactly."""
    return json_answer({"models": [_model_document(view) for view in _named(call, call.world.models())]})


def team_models(call: Call) -> Answer:
    """``GET /v1/teams/{team_id}/models``: the models of one team."""
    team = next((each for each in call.organization.teams if each.id == call.params["team_id"]), None)
    if team is None:
        raise NotFound("No Team matches the given query.")
    views = [view for view in call.world.models() if view.team_name == team.name]
    return json_answer({"models": [_model_document(view) for view in _named(call, views)]})


def model(call: Call) -> Answer:
    """``GET /v1/models/{model_id}``."""
    return json_answer(_model_document(call.model()))


def deployments(call: Call) -> Answer:
    """``GET …/deployments``: every deployment, inactive and failed ones too; ``name`` filters exactly."""
    views = _named(call, call.world.deployments(call.model().id))
    return json_answer({"deployments": [deployment_document(call, view) for view in views]})


def deployment(call: Call) -> Answer:
    """``GET …/deployments/{deployment_id|production|development}``."""
    return json_answer(deployment_document(call, call.deployment()))


def environments(call: Call) -> Answer:
    """``GET …/environments``."""
    views = call.world.environments(call.model().id)
    return json_answer({"environments": [_environment_document(call, view) for view in views]})


def environment(call: Call) -> Answer:
    """``GET …/environments/{env_name}``."""
    return json_answer(_environment_document(call, call.environment(call.model())))


def instance_types(call: Call) -> Answer:
    """``GET /v1/instance_types``."""
    return json_answer({"instance_types": [instance_type_document(call, each.key) for each in call.organization.instance_types]})


def instance_type_prices(call: Call) -> Answer:
    """``GET /v1/instance_type_prices``: US dollars per minute."""
    priced = [{"instance_type": instance_type_document(call, each.key), "price": each.price} for each in call.organization.instance_types]
    return json_answer({"instance_types": priced})
