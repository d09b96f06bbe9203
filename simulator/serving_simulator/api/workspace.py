"""What belongs to the workspace as a whole: teams, regions, the user and the organization behind a key, the keys, environment groups."""

from __future__ import annotations

from typing import Any

from serving_simulator.api.call import Answer, Call, json_answer, timestamp
from serving_simulator.api.errors import NotFound

__all__ = ["api_keys", "environment_groups", "organization_me", "regions", "team", "teams", "users_me"]


def _teams(call: Call) -> list[dict[str, Any]]:
    created = timestamp(call.organization.created_at)
    return [{"id": each.id, "name": each.name, "default": each.default, "created_at": created} for each in call.organization.teams]


def teams(call: Call) -> Answer:
    """``GET /v1/teams``: ``name`` filters exactly."""
    wanted = call.one("name")
    return json_answer({"teams": [each for each in _teams(call) if wanted in (None, each["name"])]})


def team(call: Call) -> Answer:
    """``GET /v1/teams/{team_id}``."""
    found = next((each for each in _teams(call) if each["id"] == call.params["team_id"]), None)
    if found is None:
        raise NotFound("No Team matches the given query.")
    return json_answer(found)


def regions(call: Call) -> Answer:
    """``GET /v1/regions``."""
    return json_answer({"regions": [{"slug": slug, "display_name": name} for slug, name in call.organization.regions.items()]})


def users_me(call: Call) -> Answer:
    """``GET /v1/users/me``: a cheap check of a key."""
    owner = call.organization
    return json_answer({"user_id": owner.user_id, "email": owner.user_email, "name": "Operator", "workspace_name": owner.name})


def organization_me(call: Call) -> Answer:
    """``GET /v1/organizations/me``: the organization behind the key."""
    owner = call.organization
    document = {"org_id": owner.id, "name": owner.name, "created_at": timestamp(owner.created_at), "aws_assume_role": None}
    return json_answer(document)


def api_keys(call: Call) -> Answer:
    """``GET /v1/api_keys``: public prefixes, types and scopes; never a key."""
    owner = call.organization
    user = {"user_id": owner.user_id, "email": owner.user_email, "name": "Operator"}
    keys = [
        {
            "prefix": key.prefix,
            "name": key.name,
            "type": key.type,
            "model_ids": None if key.models is None else sorted(key.models),
            "team_name": None if key.type == "PERSONAL" else owner.default_team.name,
            "created_at": timestamp(owner.created_at),
            "last_used_at": None,
            "owner": user if key.type == "PERSONAL" else None,
        }
        for key in owner.keys
    ]
    return json_answer({"keys": keys})


def environment_groups(call: Call) -> Answer:  # noqa: ARG001 - every handler takes the call
    """``GET /v1/environment_groups``: none here; an empty page."""
    return json_answer({"items": [], "pagination": {"has_more": False, "cursor": None}})
