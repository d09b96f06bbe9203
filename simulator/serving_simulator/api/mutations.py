"""Faults that change what an answer says."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from serving_simulator.api.call import Answer
from serving_simulator.api.errors import NotFound
from serving_simulator.api.faults import Fault

__all__ = ["mutate"]

Params = Mapping[str, str]


def _each_object(document: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    """Rebuild a document with ``change`` applied to every object in it, innermost first."""
    if isinstance(document, dict):
        return change({key: _each_object(value, change) for key, value in document.items()})
    if isinstance(document, list | tuple):
        return [_each_object(value, change) for value in document]
    return document


def _malformed_json(answer: Answer, fault: Fault, params: Params) -> None:  # noqa: ARG001 - one signature for all
    answer.body, answer.document = answer.encode()[:-1] + b',"unfinished": ', None


def _null_metrics(answer: Answer, fault: Fault, params: Params) -> None:  # noqa: ARG001
    for value_set in answer.document.get("metric_values", ()):
        value_set["values"] = [[None] * len(column) for column in value_set["values"]]


def _missing_fields(answer: Answer, fault: Fault, params: Params) -> None:  # noqa: ARG001
    fields: Collection[str] = fault.parameter("fields")
    answer.document = _each_object(answer.document, lambda found: {key: value for key, value in found.items() if key not in fields})


def _unknown_values(answer: Answer, fault: Fault, params: Params) -> None:  # noqa: ARG001
    fields, value = fault.parameter("fields"), fault.parameter("value")

    def change(found: dict[str, Any]) -> dict[str, Any]:
        changed = {key: value if key in fields and isinstance(old, str) else old for key, old in found.items()}
        return {**changed, "added_later": {"since": "a newer server"}}

    answer.document = _each_object(answer.document, change)


def _vanish(answer: Answer, fault: Fault, params: Params) -> None:
    if fault.deployment is None or params.get("deployment_id") == fault.deployment:
        raise NotFound("No OracleVersion matches the given query.")

    def change(found: dict[str, Any]) -> dict[str, Any]:
        for name in ("current_deployment", "candidate_deployment"):
            if isinstance(found.get(name), dict) and found[name].get("id") == fault.deployment:
                found[name] = None
        for name in ("deployments", "items"):
            if isinstance(found.get(name), list):
                found[name] = [each for each in found[name] if fault.deployment not in (each.get("id"), each.get("deployment_id"))]
        return found

    answer.document = _each_object(answer.document, change)


def _sample_lines(body: bytes) -> list[int]:
    """Where the samples of a page begin."""
    starts, position = [], 0
    for line in body.splitlines(keepends=True):
        if not line.startswith(b"#"):
            starts.append(position)
        position += len(line)
    return starts


def _invalid_line(answer: Answer, fault: Fault, params: Params) -> None:  # noqa: ARG001
    starts = _sample_lines(answer.body) or [0]
    position = {"start": 0, "middle": starts[len(starts) // 2], "end": len(answer.body)}[fault.parameter("position")]
    lines = "".join(f"{line}\n" for line in fault.parameter("lines")).encode()
    answer.body = answer.body[:position] + lines + answer.body[position:]


def _duplicate_series(answer: Answer, fault: Fault, params: Params) -> None:  # noqa: ARG001
    pieces, last, count = [], 0, int(fault.parameter("count"))
    for start in _sample_lines(answer.body)[:count]:
        end = answer.body.index(b"\n", start) + 1
        pieces += [answer.body[last:end], answer.body[start:end]]
        last = end
    answer.body = b"".join([*pieces, answer.body[last:]])


def _stale(answer: Answer, fault: Fault, params: Params) -> None:  # noqa: ARG001
    if fault.memory is None:
        fault.memory = answer.body
    answer.body = fault.memory


_MUTATIONS: dict[str, Callable[[Answer, Fault, Params], None]] = {
    "malformed_json": _malformed_json,
    "null_metrics": _null_metrics,
    "missing_fields": _missing_fields,
    "unknown_values": _unknown_values,
    "vanish": _vanish,
    "invalid_line": _invalid_line,
    "duplicate_series": _duplicate_series,
    "stale": _stale,
}


def mutate(answer: Answer, fault: Fault, params: Params) -> None:
    """Apply a content fault to a good answer. Raises ``NotFound`` for what has vanished."""
    _MUTATIONS[fault.kind](answer, fault, params)
