"""Examples of ``environment``. Windows are pinned from both sides, as in ``demand_examples``."""

from __future__ import annotations

from serving_rules.model import Example, Values

__all__ = ["ARRIVALS", "AVG5M", "DEMAND", "INFLIGHT", "NEEDED", "TARGET", "best", "recent"]

_INFO = "serving:deployment:info"
_TARGET = "serving:concurrency_target:current"
_ENVIRONMENT_TARGET = "serving_environment:concurrency_target:current"
_ACTIVE = "serving_environment:active_replicas:sum"
_STARTING = "serving_environment:starting_replicas:sum"
_MAX = "serving_environment:max_replicas:current"
_SUM = "serving_environment:inflight_requests:sum"
_AVG = "serving_environment:inflight_requests:avg5m"
_ARRIVALS = "serving_environment:arrivals:rate5m"
_DEMAND = "serving_environment:ceiling_demand_ratio:avg5m"
_INFLIGHT = "serving_environment:ceiling_inflight_ratio:current"
_NEEDED = "serving_environment:max_replicas:needed"


def _of(name: str, **labels: str) -> str:
    pairs = ",".join(f'{label}="{value}"' for label, value in labels.items())
    return f"{name}{{{pairs}}}"


def recent(source: str, target: str) -> tuple[Example, ...]:
    """Present for half an hour after the last sample."""
    return (
        Example("half an hour ago", {source: "1x5 _x40"}, "34m", {target: 1}),
        Example("longer ago", {source: "1x5 _x40"}, "36m", {}),
    )


_PLACES: tuple[dict[str, str], ...] = ({}, {"model_id": "m-two"}, {"workspace": "w-two"}, {"platform": "other"})


def best(source: str, target: str) -> tuple[Example, ...]:
    """Return the largest over the deployments of an environment; the same ids elsewhere are others."""
    inputs: dict[str, Values] = {}
    expect: dict[str, float] = {}
    for number, place in enumerate(_PLACES, start=1):
        inputs |= {
            _of(source, **place): 4 * number,
            _of(source, **place, deployment_id="d-two"): 3 * number,
            _of(source, **place, deployment_id="d-three"): 7 * number,
            _of(source, **place, deployment_id="d-four"): 900,
            _of(_INFO, **place): 1,
            _of(_INFO, **place, deployment_id="d-two"): 1,
            _of(_INFO, **place, deployment_id="d-three", environment="staging"): 1,
            _of(_INFO, **place, deployment_id="d-four", environment=""): 1,
        }
        expect |= {_of(target, **place): 4 * number, _of(target, **place, environment="staging"): 7 * number}
    return (Example("the larger of two deployments", inputs, "1m", expect),)


TARGET = (
    *best(_TARGET, _ENVIRONMENT_TARGET),
    Example("one that scales on tokens", {_TARGET: 4, _INFO: 1, "serving:target_inflight_tokens:current": 60000}, "1m", {}),
)
AVG5M = (Example("five minutes, no more and no less", {_SUM: "80x13 _x3 4x1 8x2"}, "21m", {_AVG: 6.4}),)


def _phase(phase: str, **labels: str) -> str:
    return _of("serving_environment:phase_requests:rate5m", **labels, rollout_phase=phase)


ARRIVALS = (
    Example(
        "a backlog grows by 2.5 a second, in five minutes, no more and no less",
        {
            _phase("stable"): 3,
            _phase("promoting"): 1,
            _SUM: "0+600x13 _x2 0x2 300 600",
            _phase("stable", environment="staging"): 7,
            _of(_SUM, environment="staging"): 5,
        },
        "20m",
        {_ARRIVALS: 6.5, _of(_ARRIVALS, environment="staging"): 7},
    ),
    Example("those that leave unanswered have not arrived", {_phase("stable"): 1, _SUM: "10000-120x10"}, "10m", {_ARRIVALS: 0}),
)
_FULL: dict[str, Values] = {
    _SUM: 30,
    _MAX: 10,
    _ACTIVE: 7,
    _STARTING: 3,
    "serving:effective_concurrency:current": 2,
    _TARGET: 2.5,
    _INFO: 1,
}
DEMAND = (
    Example("half as much again, with three on their way", _FULL, "10m", {_DEMAND: 1.5}),
    Example("more than the ceiling", {**_FULL, _ACTIVE: 12}, "10m", {_DEMAND: 1.5}),
    Example("a backlog counts twice at most", {**_FULL, _SUM: 90}, "10m", {_DEMAND: 2}),
    Example("room to grow", {**_FULL, _STARTING: 2}, "10m", {_DEMAND: 0}),
    Example("settings that are none", {**_FULL, _MAX: 0}, "10m", {}),
)
INFLIGHT = (
    Example("at the ceiling", {**_FULL, _ACTIVE: 10, _STARTING: 0}, "10m", {_INFLIGHT: 1.2}),
    Example("at the ceiling, some of it on its way", {**_FULL, _ACTIVE: 6, _STARTING: 4}, "10m", {_INFLIGHT: 2}),
    Example("room to grow, and something on its way", {**_FULL, _ACTIVE: 6, _STARTING: 3}, "10m", {_INFLIGHT: 0}),
    Example("room to grow, and nothing on its way", {**_FULL, _ACTIVE: 6, _STARTING: 0}, "10m", {_INFLIGHT: 2}),
    Example("an idle candidate beside a full deployment", {**_FULL, _ACTIVE: 20, _STARTING: 0}, "10m", {_INFLIGHT: 1.2}),
    Example("nothing serves", {**_FULL, _ACTIVE: 0, _STARTING: 0}, "10m", {}),
)
_LACK: dict[str, Values] = {
    _phase("stable"): "90x17 8 6x4 10x4",
    _SUM: 30,
    _MAX: 4,
    "serving:effective_concurrency:current": 3,
    _TARGET: 4,
    "serving:replica_throughput:typical": 2,
    _INFO: 1,
}
NEEDED = (
    Example("ten minutes of arrivals", _LACK, "28m", {_NEEDED: 6}),
    Example("one more than the ceiling at least", {**_LACK, _phase("stable"): 1}, "20m", {_NEEDED: 5}),
    Example("and where nothing was measured", {_MAX: 4}, "20m", {_NEEDED: 5}),
)
