"""The emulator's own pages under ``/_emulator``: what came in, what goes wrong, what is true. No key is needed and none is shown."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec

from serving_simulator.api.call import Answer, Call, json_answer, timestamp
from serving_simulator.api.errors import Invalid, NotFound
from serving_simulator.api.faults import KINDS, FaultError
from serving_simulator.api.index_page import render
from serving_simulator.api.switches import ApiSwitches

__all__ = ["act", "add_faults", "change_switches", "clear_faults", "clear_requests", "clock", "faults", "fleet", "index", "remove_fault"]
__all__ += ["requests", "switches", "truth", "truth_of"]

_NO_CONTENT = 204


def _plain(value: Any) -> Any:
    """Turn whatever the world hands out into JSON values."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if hasattr(value, "item"):  # a NumPy scalar
        return value.item()
    return str(value)


def _document(value: Any) -> Answer:
    return Answer(body=msgspec.json.encode(value, enc_hook=_plain))


def index(call: Call) -> Answer:
    """``GET /_emulator/``: what is here, for people."""
    return Answer(body=render(call).encode(), content_type="text/html; charset=utf-8")


def requests(call: Call) -> Answer:
    """``GET /_emulator/requests``: every request, oldest first; ``endpoint`` (a template) and ``since`` (Unix seconds) filter."""
    since = call.one("since")
    try:
        instant = None if since is None else float(since)
    except ValueError:
        raise Invalid(f"since: found {since!r}, allowed: Unix seconds") from None
    report = call.state.log.report(endpoint=call.one("endpoint"), since=instant)
    return json_answer({"now": call.now, **report})


def clear_requests(call: Call) -> Answer:
    """``DELETE /_emulator/requests``: start counting anew. Rate limits are not touched."""
    call.state.log.clear()
    return Answer(status=_NO_CONTENT)


def faults(call: Call) -> Answer:
    """``GET /_emulator/faults``: what is in force, and every kind with its parameters."""
    kinds = {
        name: {"stage": kind.stage.value, "summary": kind.summary, "parameters": dict(kind.parameters), "endpoint": kind.endpoint}
        for name, kind in KINDS.items()
    }
    book = call.state.faults
    return json_answer({"faults": [fault.describe() for fault in book], "hits": dict(book.hits), "kinds": kinds})


def add_faults(call: Call) -> Answer:
    """``POST /_emulator/faults``: switch on one fault, or a list of them."""
    documents = call.body if isinstance(call.body, list) else [call.body]
    if not documents or not all(isinstance(document, dict) for document in documents):
        raise Invalid("the body must be a fault or a list of faults")
    try:
        added = [call.state.faults.add(document, call.now).describe() for document in documents]
    except FaultError as error:
        raise Invalid(str(error)) from None
    return json_answer(added if isinstance(call.body, list) else added[0], status=201)


def clear_faults(call: Call) -> Answer:
    """``DELETE /_emulator/faults``: switch all off."""
    call.state.faults.clear()
    return Answer(status=_NO_CONTENT)


def remove_fault(call: Call) -> Answer:
    """``DELETE /_emulator/faults/{fault_id}``: switch one off."""
    call.state.faults.remove(call.params["fault_id"])
    return Answer(status=_NO_CONTENT)


def _deployment_ids(call: Call) -> list[str]:
    """Return deployments, and chainlets, which are deployments underneath."""
    world = call.world
    own = [deployment.id for model in world.models() for deployment in world.deployments(model.id)]
    return own + [let.id for chain in world.chains() for deployed in world.chain_deployments(chain.id) for let in deployed.chainlets]


def truth(call: Call) -> Answer:
    """``GET /_emulator/truth``: the true values of every deployment and chainlet at this instant."""
    return _document({"now": call.world.now, "deployments": {each: call.world.truth(each) for each in _deployment_ids(call)}})


def truth_of(call: Call) -> Answer:
    """``GET /_emulator/truth/{deployment_id}``."""
    return _document(call.world.truth(call.params["deployment_id"]))


def clock(call: Call) -> Answer:
    """``GET /_emulator/clock``: the platform's present and how fast it moves."""
    now = call.now
    return json_answer({"now": now, "now_text": timestamp(now), "world": call.world.now, "speed": call.state.clock.speed})


def fleet(call: Call) -> Answer:
    """``GET /_emulator/fleet``: what exists, in short."""
    models = [
        {
            "id": model.id,
            "name": model.name,
            "deployments": [
                {"id": each.id, "name": each.name, "status": each.status, "environment": each.environment}
                for each in call.world.deployments(model.id)
            ],
        }
        for model in call.world.models()
    ]
    chains = [{"id": chain.id, "name": chain.name} for chain in call.world.chains()]
    keys = [{"prefix": key.prefix, "type": key.type, "name": key.name} for key in call.organization.keys]
    return json_answer({"organization": call.organization.name, "models": models, "chains": chains, "keys": keys})


def switches(call: Call) -> Answer:
    """``GET /_emulator/switches``: how undocumented behaviour is set."""
    return json_answer(msgspec.to_builtins(call.state.switches))


def change_switches(call: Call) -> Answer:
    """``PATCH /_emulator/switches``: change any subset."""
    if not isinstance(call.body, dict):
        raise Invalid("the body must be a JSON object")
    try:
        changed = msgspec.convert({**msgspec.to_builtins(call.state.switches), **call.body}, ApiSwitches)
    except msgspec.ValidationError as error:
        raise Invalid(f"switches: {error}") from None
    call.state.switches = changed
    return switches(call)


def act(call: Call) -> Answer:
    """``POST /_emulator/actions``: do what a fleet's timeline can do, now."""
    if not isinstance(call.body, dict):
        raise Invalid('the body must be an action, for example {"action": "load", "factor": 2}')
    try:
        call.world.act(call.body)
    except KeyError as error:
        raise NotFound(f"no such object: {error.args[0] if error.args else ''}") from None
    except ValueError as error:
        raise Invalid(str(error)) from None
    return json_answer({"done": call.body.get("action"), "now": call.world.now})
