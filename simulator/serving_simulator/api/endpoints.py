"""The table of every endpoint. Aliases ``production`` and ``development`` stand where a deployment id stands."""

from __future__ import annotations

from collections.abc import Iterator

from serving_simulator.api import actions, admin, audit, billing, chains, inventory, metrics_query, queues, startups, workspace
from serving_simulator.api.access import Family
from serving_simulator.api.errors import Surface
from serving_simulator.api.feed import feed
from serving_simulator.api.routing import Endpoint, Handler

__all__ = ["ENDPOINTS"]

_MODEL, _CHAIN = "/v1/models/{model_id}", "/v1/chains/{chain_id}"
_DEPLOYMENT, _ENVIRONMENT = f"{_MODEL}/deployments/{{deployment_id}}", f"{_MODEL}/environments/{{env_name}}"
_SWITCHING_PER_MINUTE = 20


def _read(template: str, handler: Handler, family: Family = Family.MANAGEMENT) -> Endpoint:
    return Endpoint("GET", Surface.MANAGEMENT, template, family, handler)


def _write(method: str, template: str, handler: Handler, per_minute: int | None = None) -> Endpoint:
    return Endpoint(method, Surface.MANAGEMENT, template, Family.MANAGEMENT, handler, per_minute)


def _queues(surface: Surface, handler: Handler) -> Iterator[Endpoint]:
    """Yield the queue routes: the bare path is for regional hosts, the others name an environment or a deployment."""
    paths: dict[str, dict[str, str]] = {
        "/production/async_queue_status": {"env_name": "production"},
        "/development/async_queue_status": {"deployment_id": "development"},
        "/environments/{env_name}/async_queue_status": {},
        "/deployment/{deployment_id}/async_queue_status": {},
        "/async_queue_status": {},
    }
    for template, fixed in paths.items():
        yield Endpoint("GET", surface, template, Family.INFERENCE, handler, fixed=fixed)


def _admin(method: str, template: str, handler: Handler) -> Endpoint:
    return Endpoint(method, Surface.ADMIN, template, Family.ADMIN, handler)


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", Surface.FEED, "/metrics", Family.FEED, feed),
    _read("/v1/models", inventory.models),
    _read(_MODEL, inventory.model),
    _read(f"{_MODEL}/deployments", inventory.deployments),
    _read(_DEPLOYMENT, inventory.deployment),
    _read(f"{_MODEL}/environments", inventory.environments),
    _read(_ENVIRONMENT, inventory.environment),
    _read(f"{_DEPLOYMENT}/metrics", metrics_query.deployment_metrics),
    _read(f"{_ENVIRONMENT}/metrics", metrics_query.environment_metrics),
    _read(f"{_DEPLOYMENT}/startups", startups.deployment_startups),
    _read(f"{_DEPLOYMENT}/startups/summary", startups.deployment_summary),
    _read(f"{_ENVIRONMENT}/startups", startups.environment_startups),
    _read(f"{_ENVIRONMENT}/startups/summary", startups.environment_summary),
    _read("/v1/instance_types", inventory.instance_types),
    _read("/v1/instance_type_prices", inventory.instance_type_prices),
    _read("/v1/audit_logs", audit.workspace_log),
    _read(f"{_MODEL}/audit_logs", audit.model_log),
    _read(f"{_CHAIN}/audit_logs", audit.chain_log),
    _read("/v1/chains", chains.chains),
    _read(_CHAIN, chains.chain),
    _read(f"{_CHAIN}/deployments", chains.chain_deployments),
    _read(f"{_CHAIN}/deployments/{{chain_deployment_id}}", chains.chain_deployment),
    _read(f"{_CHAIN}/environments", chains.chain_environments),
    _read(f"{_CHAIN}/environments/{{env_name}}", chains.chain_environment),
    _read("/v1/billing/usage_summary", billing.usage_summary),
    _read("/v1/teams", workspace.teams),
    _read("/v1/teams/{team_id}", workspace.team),
    _read("/v1/teams/{team_id}/models", inventory.team_models),
    _read("/v1/teams/{team_id}/regions", workspace.regions),
    _read("/v1/regions", workspace.regions),
    _read("/v1/users/me", workspace.users_me),
    _read("/v1/organizations/me", workspace.organization_me),
    _read("/v1/environment_groups", workspace.environment_groups),
    _read("/v1/api_keys", workspace.api_keys, Family.KEYS),
    _write("PATCH", f"{_DEPLOYMENT}/autoscaling_settings", actions.patch_settings),
    _write("POST", f"{_DEPLOYMENT}/activate", actions.activate, _SWITCHING_PER_MINUTE),
    _write("POST", f"{_DEPLOYMENT}/deactivate", actions.deactivate, _SWITCHING_PER_MINUTE),
    _write("POST", f"{_DEPLOYMENT}/promote", actions.promote),
    _write("POST", f"{_ENVIRONMENT}/promote", actions.promote_to_environment),
    _write("DELETE", f"{_DEPLOYMENT}/replicas/{{replica_id}}", actions.terminate_replica),
    *_queues(Surface.MODEL, queues.model_queue),
    *_queues(Surface.CHAIN, queues.chain_queue),
    _admin("GET", "/", admin.index),
    _admin("GET", "/_emulator", admin.index),
    _admin("GET", "/_emulator/", admin.index),
    _admin("GET", "/_emulator/requests", admin.requests),
    _admin("DELETE", "/_emulator/requests", admin.clear_requests),
    _admin("GET", "/_emulator/faults", admin.faults),
    _admin("POST", "/_emulator/faults", admin.add_faults),
    _admin("DELETE", "/_emulator/faults", admin.clear_faults),
    _admin("DELETE", "/_emulator/faults/{fault_id}", admin.remove_fault),
    _admin("GET", "/_emulator/truth", admin.truth),
    _admin("GET", "/_emulator/truth/{deployment_id}", admin.truth_of),
    _admin("GET", "/_emulator/clock", admin.clock),
    _admin("GET", "/_emulator/fleet", admin.fleet),
    _admin("GET", "/_emulator/switches", admin.switches),
    _admin("PATCH", "/_emulator/switches", admin.change_switches),
    _admin("POST", "/_emulator/actions", admin.act),
)
