"""Examples of ``spend_spike``: what is compared with what, and what is too small to matter."""

from __future__ import annotations

from collections.abc import Mapping

from serving_rules.model import Example, Values

__all__ = [
    "BASELINE",
    "CAP",
    "COST",
    "GROWTH",
    "MODEL_GROWTH",
    "WORKSPACE_BASELINE",
    "WORKSPACE_GROWTH",
    "WORKSPACE_SPIKE",
]

_COST = "serving:cost_dollars_per_hour"
_WORKSPACE = "serving_workspace:cost_dollars_per_hour"


def _together(name: str, at: str, target: str, objects: Mapping[str, tuple[Mapping[str, Values], float | None]]) -> Example:
    """Objects (label and value to inputs and what is recorded) in one test."""
    inputs = {f"{key}{{{label}}}": value for label, (series, _) in objects.items() for key, value in series.items()}
    return Example(name, inputs, at, {f"{target}{{{label}}}": value for label, (_, value) in objects.items() if value is not None})


_PRICE = "serving:replica_price_dollars_per_hour:current"

BASELINE = (
    _together(
        "the same hour of last week comes first, and one replica is allowed",
        "5m",
        "serving:cost_dollars_per_hour:baseline",
        {
            'deployment_id="both"': ({f"{_COST}:last_week": 12, f"{_COST}:yesterday": 30, _PRICE: 5}, 12),
            'deployment_id="yesterday"': ({f"{_COST}:yesterday": 30, _PRICE: 5}, 30),
            'deployment_id="nothing-then"': ({f"{_COST}:yesterday": 3, _PRICE: 5}, 5),
            'deployment_id="nothing-last-week"': ({f"{_COST}:last_week": 0, f"{_COST}:yesterday": 30, _PRICE: 5}, 5),
            'deployment_id="next-to-nothing-last-week"': ({f"{_COST}:last_week": 3, _PRICE: 5}, 5),
            'deployment_id="new"': ({_PRICE: 5}, None),
            'deployment_id="no-price"': ({f"{_COST}:yesterday": 30}, None),
        },
    ),
)

GROWTH = (
    Example("five times as much", {f"{_COST}:avg1h": 60, f"{_COST}:baseline": 12}, "5m", {"serving:spend_growth:ratio": 5}),
    Example("a replica that is free", {f"{_COST}:avg1h": 60, f"{_COST}:baseline": 0}, "5m", {}),
)

MODEL_GROWTH = (
    Example(
        "a new deployment takes over from an old one",
        {f"{_COST}:avg1h": 3, f'{_COST}:avg1h{{deployment_id="d-two"}}': 12, f"{_COST}:baseline": 10},
        "5m",
        {"serving_model:spend_growth:ratio": 1.5},
    ),
    Example(
        "two with a past, and another model",
        {
            f"{_COST}:avg1h": 3,
            f'{_COST}:avg1h{{deployment_id="d-two"}}': 12,
            f"{_COST}:baseline": 2,
            f'{_COST}:baseline{{deployment_id="d-two"}}': 3,
            f'{_COST}:avg1h{{model_id="m-two"}}': 12,
            f'{_COST}:baseline{{model_id="m-two"}}': 0,
        },
        "5m",
        {"serving_model:spend_growth:ratio": 3},
    ),
)

COST = (
    Example(
        "what is more than usual, for a day",
        {f"{_COST}:avg1h": 25, f"{_COST}:baseline": 10},
        "5m",
        {"serving:spend_spike_dollars_per_day:cost": 360},
    ),
    Example("twice is no spike", {f"{_COST}:avg1h": 20, f"{_COST}:baseline": 10}, "5m", {}),
)


def _cap(expected: float | None, **change: Values) -> tuple[dict[str, Values], float | None]:
    inputs: dict[str, Values] = {"peak": "5 _ 100x9", "floor": 1, "ceiling": 100, "growth": 2.1, **change}
    return {
        "serving:desired_replicas:peak7d": inputs["peak"],
        "serving:min_replicas:current": inputs["floor"],
        "serving:max_replicas:current": inputs["ceiling"],
        "serving:spend_growth:ratio": inputs["growth"],
    }, expected


CAP = (
    _together(
        "one and a half times the peak of the week before the last day, rounded up",
        "1440m",
        "serving:spend_spike_max_replicas:cap",
        {
            'deployment_id="spike"': _cap(8),
            'deployment_id="no-need"': _cap(2, peak="0 _ 100x9"),
            'deployment_id="floor-is-more"': _cap(9, floor=9),
            'deployment_id="ceiling-is-that"': _cap(None, ceiling=8),
            'deployment_id="ceiling-is-one-more"': _cap(8, ceiling=9),
            'deployment_id="twice-is-no-spike"': _cap(None, growth=2),
            'deployment_id="need-not-known"': _cap(None, peak="_ _ 100x9", floor=9),
        },
    ),
)

WORKSPACE_BASELINE = (
    _together(
        "the same hour of last week comes first",
        "5m",
        "serving_workspace:cost_dollars_per_hour:baseline",
        {
            'workspace="both"': ({f"{_WORKSPACE}:last_week": 12, f"{_WORKSPACE}:yesterday": 30}, 12),
            'workspace="yesterday"': ({f"{_WORKSPACE}:yesterday": 30}, 30),
        },
    ),
)

WORKSPACE_GROWTH = (
    Example(
        "five times as much",
        {
            f"{_WORKSPACE}:avg1h": 60,
            f"{_WORKSPACE}:baseline": 12,
            f'{_WORKSPACE}:avg1h{{workspace="w-two"}}': 60,
            f'{_WORKSPACE}:baseline{{workspace="w-two"}}': 0,
        },
        "5m",
        {"serving_workspace:spend_growth:ratio": 5},
    ),
)

WORKSPACE_SPIKE = (
    Example(
        "what is more than usual, for a day",
        {f"{_WORKSPACE}:avg1h": 25, f"{_WORKSPACE}:baseline": 10},
        "5m",
        {"serving_workspace:spend_spike_dollars_per_day:cost": 360},
    ),
    Example("twice is no spike", {f"{_WORKSPACE}:avg1h": 20, f"{_WORKSPACE}:baseline": 10}, "5m", {}),
)
