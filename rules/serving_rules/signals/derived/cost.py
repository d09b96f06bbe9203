"""Dollars an hour, at list price."""

from __future__ import annotations

from serving_rules.guards import NOT_DEVELOPMENT
from serving_rules.model import Example, Record, RecordGroup

__all__ = ["GROUPS"]

_PRICE = "serving:replica_price_dollars_per_hour:current"


def _dollars(name: str, replicas: str, meaning: str, *examples: Example) -> Record:
    """Return a record of what ``replicas`` cost an hour. Nobody pays for development deployments."""
    return Record(name, f"{replicas} * {_PRICE}\n{NOT_DEVELOPMENT}", meaning, examples=examples)


def _examples(name: str, inputs: dict[str, float | str], dollars: float) -> tuple[Example, ...]:
    priced = {**inputs, _PRICE: 1.5}
    return (
        Example("at 1.50 dollars", priced, "5m", {name: dollars}),
        Example("no price", inputs, "5m", {}),
        Example("a development deployment is free", {**priced, "serving:development:flag": 1}, "5m", {}),
    )


GROUPS = (
    RecordGroup(
        "serving-cost",
        "List-price estimates; the platform bills started minutes of replicas that load or serve.",
        (
            _dollars(
                "serving:cost_dollars_per_hour:active",
                "serving:active_replicas:max",
                "What the active replicas cost, US dollars an hour.",
                *_examples("serving:cost_dollars_per_hour:active", {"serving:active_replicas:max": 4}, 6),
            ),
            _dollars(
                "serving:cost_dollars_per_hour:starting",
                "serving:starting_replicas:max",
                "What the starting replicas cost if all of them load, US dollars an hour: an upper bound, waiting for hardware is free.",
                *_examples("serving:cost_dollars_per_hour:starting", {"serving:starting_replicas:max": 3}, 4.5),
            ),
            _dollars(
                "serving:cost_dollars_per_hour:surplus",
                "clamp_min(serving:active_replicas:max - serving:desired_replicas:raw, 0)",
                "What the active replicas beyond those that the load asks for cost, US dollars an hour: floor, delay or a target mis-set.",
                *_examples(
                    "serving:cost_dollars_per_hour:surplus", {"serving:active_replicas:max": 4, "serving:desired_replicas:raw": 1}, 4.5
                ),
                Example(
                    "too few",
                    {"serving:active_replicas:max": 1, "serving:desired_replicas:raw": 4, _PRICE: 1.5},
                    "5m",
                    {"serving:cost_dollars_per_hour:surplus": 0},
                ),
            ),
        ),
    ),
)
