"""Examples of ``records``. What evidence is expected comes from ``chance``, which tests hold against the exact distribution."""

from __future__ import annotations

import math
from collections.abc import Mapping

from serving_rules.detections.slo.windows import Indicator
from serving_rules.model import Example, Values

__all__ = ["BUDGET", "BURN", "EVIDENCE", "FIRST_BYTE", "PER_HOUR", "left", "left_seconds", "objective"]

_INFO = "serving:deployment:info"
_OBJECTIVE = "serving_environment:sli_objective_ratio:current"
_BUDGET = "serving_environment:sli_budget_ratio:current"
_FIRST_BYTE = "serving_environment:first_byte_objective_seconds:current"
_RATIO = "serving_environment:sli_bad_ratio:mean"
_SUM = "serving_environment:sli_requests:sum"
_BURN = "serving_environment:burn_rate:current"
_EVIDENCE = "serving_environment:sli_evidence:current"
_PER_HOUR = "serving_environment:budget_ratio_per_hour:used"
_LEFT_SECONDS = "serving_environment:budget_seconds:left"

_NEIGHBOURS: tuple[Mapping[str, str], ...] = (
    {"platform": "other"},
    {"workspace": "w-two"},
    {"model_id": "m-two"},
    {"environment": "staging"},
)
"""Environments that differ from that under test in one label."""


def _at(name: str, sli: str = "availability", window: str = "", **labels: str) -> str:
    every = {"sli": sli, "window": window, **labels}
    pairs = ",".join(f'{label}="{value}"' for label, value in every.items() if value)
    return f"{name}{{{pairs}}}" if pairs else name


_ENVIRONMENTS: dict[str, Values] = {
    _at(_INFO, "", model_name="chat", environment="production"): 1,
    _at(_INFO, "", model_name="chat", environment="production", deployment_id="d-two"): 1,
    _at(_INFO, "", model_name="chat", environment="", deployment_id="d-three"): 1,
    **{_at(_INFO, "", **{"model_name": "chat", "environment": "production", **who}): 1.0 for who in _NEIGHBOURS},
}
_EACH: tuple[Mapping[str, str], ...] = ({}, *_NEIGHBOURS)


def objective(indicator: Indicator) -> tuple[Example, ...]:
    """Every environment has both objectives."""
    expected = {_at(_OBJECTIVE, sli, **who): value for sli, value in (("availability", 0.99), ("latency", 0.95)) for who in _EACH}
    if indicator is Indicator.LATENCY:
        return (Example("without environments there is none", {}, "1m", {}),)
    return (Example("for each environment, however many deployments it has", _ENVIRONMENTS, "1m", expected),)


FIRST_BYTE = (Example("for each environment", _ENVIRONMENTS, "1m", {_at(_FIRST_BYTE, "", **who): 60 for who in _EACH}),)

_EXACT = {0.999: 0.001, 0.9: 0.1, 0.99: 0.01, 0.9995: 0.0005, 0.99999: 0.00001, 0.9999993: 0.000001}

BUDGET = (
    Example(
        "decimals as a person writes them",
        {_at(_OBJECTIVE, environment=f"e{place}"): value for place, value in enumerate(_EXACT)},
        "1m",
        {_at(_BUDGET, environment=f"e{place}"): value for place, value in enumerate(_EXACT.values())},
    ),
    Example("no objective, no budget", {_at(_OBJECTIVE): 0, _at(_OBJECTIVE, "latency"): 0.5}, "1m", {_at(_BUDGET, "latency"): 0.5}),
)

_TWO_BUDGETS: dict[str, Values] = {_at(_BUDGET): 0.25, _at(_BUDGET, "latency"): 0.5, **{_at(_BUDGET, **who): 0.125 for who in _NEIGHBOURS}}

BURN = (
    Example(
        "each window against the budget of its own indicator and environment",
        {
            **_TWO_BUDGETS,
            _at(_RATIO, window="1h"): 0.5,
            _at(_RATIO, window="3d"): 0,
            _at(_RATIO, "latency", "1h"): 0.75,
            **{_at(_RATIO, window="1h", **who): 0.5 for who in _NEIGHBOURS},
            _at(_RATIO, environment="without"): 0.5,
        },
        "1m",
        {
            _at(_BURN, window="1h"): 2,
            _at(_BURN, window="3d"): 0,
            _at(_BURN, "latency", "1h"): 1.5,
            **{_at(_BURN, window="1h", **who): 4 for who in _NEIGHBOURS},
        },
    ),
)


def _seen(requests: float, ratio: float, budget: float, sli: str = "availability", window: str = "1h", **who: str) -> dict[str, Values]:
    """Return what the evidence is computed from."""
    return {
        _at(_SUM, sli, window, **who): requests,
        _at(_RATIO, sli, window, **who): ratio,
        _at(_BURN, sli, window, **who): ratio / budget,
        _at(_BUDGET, sli, **who): budget,
    }


def _evidence(requests: float, ratio: float, budget: float) -> float:
    """Compute the formula once more, in the order of the rule: promtool compares to the last bit."""
    rest: float = (1 - ratio) ** (1 - ratio)
    return requests * (ratio * math.log(ratio / budget) + math.log(rest) - (1 - ratio) * math.log(1 - budget))


EVIDENCE = (
    Example(
        "each window of each indicator",
        {
            **_seen(100, 0.5, 0.25),
            **_seen(400, 0.375, 0.25, window="6h"),
            **_seen(50, 0.75, 0.5, sli="latency"),
            **{key: value for who in _NEIGHBOURS for key, value in _seen(64, 0.5, 0.125, **who).items()},
        },
        "1m",
        {
            _at(_EVIDENCE, window="1h"): _evidence(100, 0.5, 0.25),
            _at(_EVIDENCE, window="6h"): _evidence(400, 0.375, 0.25),
            _at(_EVIDENCE, "latency", "1h"): _evidence(50, 0.75, 0.5),
            **{_at(_EVIDENCE, window="1h", **who): _evidence(64, 0.5, 0.125) for who in _NEIGHBOURS},
        },
    ),
    Example("nothing was good", _seen(3, 1, 0.25), "1m", {_at(_EVIDENCE, window="1h"): _evidence(3, 1, 0.25)}),
    Example("as many as allowed", _seen(100, 0.25, 0.25), "1m", {}),
    Example("nothing was bad", _seen(100, 0, 0.25), "1m", {}),
)


def left(indicator: Indicator) -> tuple[Example, ...]:
    """Half of the budget, more than all of it, and none of a stranger's."""
    name = f"serving_environment:{indicator}_budget_ratio:left30d"
    other = next(each for each in Indicator if each is not indicator)
    return (
        Example(
            "used in part, used up, missed; each of its own",
            {
                _at(f"{_RATIO}30d", indicator, "30d"): 0.125,
                _at(f"{_RATIO}30d", other, "30d"): 0.5,
                _at(_BUDGET, indicator): 0.25,
                _at(_BUDGET, other): 0.5,
                **{_at(f"{_RATIO}30d", indicator, "30d", **who): 0.25 for who in _NEIGHBOURS},
                **{_at(_BUDGET, indicator, **who): 0.125 for who in _NEIGHBOURS},
                _at(f"{_RATIO}30d", other, "30d", environment="strange"): 0.5,
                _at(_BUDGET, indicator, environment="strange"): 0.5,
                _at(f"{_RATIO}30d", indicator, "30d", environment="odd"): 0.5,
                _at(_BUDGET, other, environment="odd"): 0.5,
            },
            "1m",
            {name: 0.5, **{_at(name, "", **who): -1 for who in _NEIGHBOURS}},
        ),
    )


PER_HOUR = (
    Example(
        "only what goes faster than allowed",
        {_at(_BURN, window="1h"): 14.4, _at(_BURN, window="6h"): 1, _at(_BURN, window="1d"): 0.5, _at(_BURN, "latency", "3d"): 1.5},
        "1m",
        {_at(_PER_HOUR, window="1h"): 14.4 / 720, _at(_PER_HOUR, "latency", "3d"): 1.5 / 720},
    ),
)


def left_seconds(indicator: Indicator) -> tuple[Example, ...]:
    """Half of the budget is left, nothing is, and nobody knows."""
    other = next(each for each in Indicator if each is not indicator)
    own, others = (f"serving_environment:{each}_budget_ratio:left30d" for each in (indicator, other))
    return (
        Example(
            "half of it, for two windows",
            {
                _at(_PER_HOUR, indicator, "1h"): 0.0625,
                _at(_PER_HOUR, indicator, "6h"): 0.03125,
                own: 0.5,
                others: 0.25,
                **{_at(_PER_HOUR, indicator, "1h", **who): 0.0625 for who in _NEIGHBOURS},
                **{_at(own, "", **who): 0.75 for who in _NEIGHBOURS},
            },
            "1m",
            {
                _at(_LEFT_SECONDS, indicator, "1h"): 28_800,
                _at(_LEFT_SECONDS, indicator, "6h"): 57_600,
                **{_at(_LEFT_SECONDS, indicator, "1h", **who): 43_200 for who in _NEIGHBOURS},
            },
        ),
        Example("all of it is used up", {_at(_PER_HOUR, indicator, "1h"): 0.0625, own: 0}, "1m", {}),
        Example("too much is used up", {_at(_PER_HOUR, indicator, "1h"): 0.0625, own: -0.5}, "1m", {}),
        Example(
            "nobody knows as yet, except of its neighbours",
            {_at(_PER_HOUR, indicator, "1h"): 0.0625, others: 0.25, **{_at(own, "", **who): 0.75 for who in _NEIGHBOURS}},
            "1m",
            {_at(_LEFT_SECONDS, indicator, "1h"): 57_600},
        ),
    )
