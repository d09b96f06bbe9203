"""Examples of the records of stuck replicas."""

from __future__ import annotations

from serving_rules.model import Example, Values

__all__ = ["CAUSE", "LIMIT", "THRESHOLD"]

_STALLED = "serving:starting_seconds:stalled"
_TYPICAL, _P90 = "serving:startup_seconds:typical", "serving:startup_seconds:p90"
_RESTARTS = "serving:restarts:sum2h"
_LIMIT = "serving:stuck_starting_seconds:limit"
_CAUSE = "serving:stuck_starting_cause:current"
_THRESHOLD = "serving:startup_threshold_seconds:for_stuck_starting"

_PLACES = ({"deployment_id": "d-two"}, {"model_id": "m-two"}, {"workspace": "w-two"}, {"platform": "other"})


def _of(name: str, **labels: str) -> str:
    pairs = ",".join(f'{label}="{value}"' for label, value in labels.items())
    return f"{name}{{{pairs}}}"


def _outcome(outcome: str, **place: str) -> str:
    return _of("serving:startups:increase1h", **place, outcome=outcome)


def _phase(phase: str, **place: str) -> str:
    return _of("serving:starting_in_phase:max", **place, phase=phase)


def _status(status: str, **place: str) -> str:
    return _of("serving:status:current", **place, status=status)


def _elsewhere(*series: str, value: float = 1) -> dict[str, Values]:
    """Return the same series of everything that differs from the deployment in one of its ids."""
    found: dict[str, Values] = {}
    for place in _PLACES:
        words = ",".join(f'{label}="{name}"' for label, name in place.items())
        found |= {each.replace("{", f"{{{words},") if "{" in each else f"{each}{{{words}}}": value for each in series}
    return found


_WITHOUT = _of(_CAUSE, cause="no hardware")
_CRASHES: dict[str, Values] = {_STALLED: 400, _outcome("FAILED"): 3, _outcome("SUCCESS"): 0, _outcome("STALLED"): 9}
LIMIT = (
    Example("starts of unknown length", {_STALLED: 60}, "1m", {_LIMIT: 1200}),
    Example("quick starts", {_STALLED: 60, _TYPICAL: 100}, "1m", {_LIMIT: 1200}),
    Example("ordinary starts", {_STALLED: 60, _TYPICAL: 600}, "1m", {_LIMIT: 1200}),
    Example("slow starts", {_STALLED: 60, _TYPICAL: 700}, "1m", {_LIMIT: 1400}),
    Example("starts of more than half an hour", {_STALLED: 60, _TYPICAL: 2000}, "1m", {_LIMIT: 3600}),
    Example("nothing starts", {_TYPICAL: 700, _outcome("FAILED"): 3}, "1m", {}),
    Example("three starts failed, none succeeded", {**_CRASHES, _TYPICAL: 700}, "1m", {_LIMIT: 300}),
    Example("more than three failed", {**_CRASHES, _outcome("FAILED"): 7}, "1m", {_LIMIT: 300}),
    Example("two failed", {**_CRASHES, _outcome("FAILED"): 2.9}, "1m", {_LIMIT: 1200}),
    Example("one succeeded", {**_CRASHES, _outcome("SUCCESS"): 1}, "1m", {_LIMIT: 1200}),
    Example("nothing is known of successes", {**_CRASHES, _outcome("SUCCESS"): "_"}, "1m", {_LIMIT: 300}),
    Example("stalled is no verdict", {_STALLED: 400, _outcome("STALLED"): 9}, "1m", {_LIMIT: 1200}),
    Example(
        "others that fail and succeed",
        {_STALLED: 400, **_elsewhere(_outcome("FAILED"), value=9)},
        "1m",
        {_LIMIT: 1200},
    ),
    Example("no hardware", {_STALLED: 200, _TYPICAL: 100, _WITHOUT: 1}, "1m", {_LIMIT: 300}),
    Example("no hardware, and starts take four minutes", {_STALLED: 200, _TYPICAL: 240, _WITHOUT: 1}, "1m", {_LIMIT: 480}),
    Example("no hardware, and starts take half an hour", {_STALLED: 200, _TYPICAL: 1800, _WITHOUT: 1}, "1m", {_LIMIT: 1200}),
    Example("no hardware, and starts of unknown length", {_STALLED: 200, _WITHOUT: 1}, "1m", {_LIMIT: 1200}),
    Example("no hardware after three crashes", {**_CRASHES, _TYPICAL: 240, _WITHOUT: 1}, "1m", {_LIMIT: 300}),
    Example("no hardware, and nothing starts any more", {_TYPICAL: 100, _WITHOUT: 1}, "1m", {}),
    Example("another cause", {_STALLED: 200, _TYPICAL: 100, _of(_CAUSE, cause="slow load"): 1}, "1m", {_LIMIT: 1200}),
    Example("others without hardware", {_STALLED: 200, _TYPICAL: 100, **_elsewhere(_WITHOUT)}, "1m", {_LIMIT: 1200}),
    Example("others that succeed", {**_CRASHES, **_elsewhere(_outcome("SUCCESS"), value=9)}, "1m", {_LIMIT: 300}),
)


def _found(cause: str) -> dict[str, float]:
    return {_of(_CAUSE, cause=cause): 1}


_STARTS: dict[str, Values] = {_STALLED: 120}
_NO_HARDWARE: dict[str, Values] = {
    **_STARTS,
    _phase("scheduling"): 2,
    _phase("image_pull"): 0,
    _phase("readiness"): 0,
    _phase("unknown"): 9,
}
_SLOW: dict[str, Values] = {**_STARTS, _phase("scheduling"): 0, _phase("weight_download"): 1, _phase("readiness"): 1, _phase("unknown"): 0}
CAUSE = (
    Example("two starts failed", {**_NO_HARDWARE, _outcome("FAILED"): 2, _outcome("SUCCESS"): 9}, "1m", _found("crash on load")),
    Example("one start failed", {**_NO_HARDWARE, _outcome("FAILED"): 1.9, _outcome("STALLED"): 9}, "1m", _found("no hardware")),
    Example("containers restarted", {**_SLOW, _RESTARTS: 2}, "1m", _found("crash on load")),
    Example("one container restarted", {**_SLOW, _RESTARTS: 1.9}, "1m", _found("slow load")),
    Example("they are being scheduled", _NO_HARDWARE, "1m", _found("no hardware")),
    Example("as many are being scheduled as load", {**_SLOW, _phase("scheduling"): 2}, "1m", _found("no hardware")),
    Example("more of them load", {**_SLOW, _phase("scheduling"): 1}, "1m", _found("slow load")),
    Example("one of them loads", {**_NO_HARDWARE, _phase("scheduling"): 0, _phase("image_pull"): 1}, "1m", _found("slow load")),
    Example("the API knows no open start", {**_NO_HARDWARE, _phase("scheduling"): 0}, "1m", {}),
    Example("without the API the status says that they load", {**_STARTS, _status("LOADING_MODEL"): 1}, "1m", _found("slow load")),
    Example("another status says nothing", {**_STARTS, _status("DEPLOYING"): 1}, "1m", {}),
    Example("nothing starts", {_outcome("FAILED"): 2, _phase("scheduling"): 2, _phase("readiness"): 1}, "1m", {}),
    *(
        Example(f"in the first two minutes nothing is known: {each}", {**inputs, _STALLED: 119}, "1m", {})
        for each, inputs in {"hardware": _NO_HARDWARE, "load": _SLOW, "crash": {**_STARTS, _outcome("FAILED"): 2}}.items()
    ),
    Example(
        "others crash, wait and load",
        {
            **_STARTS,
            **_elsewhere(_outcome("FAILED"), value=9),
            **_elsewhere(_RESTARTS, value=9),
        },
        "1m",
        {},
    ),
    Example("others wait", {**_STARTS, **_elsewhere(_phase("scheduling"), value=9), **_elsewhere(_phase("readiness"), value=0)}, "1m", {}),
    Example("others load", {**_STARTS, **_elsewhere(_phase("readiness"))}, "1m", {}),
    Example("others load by their status", {**_STARTS, **_elsewhere(_status("LOADING_MODEL"))}, "1m", {}),
    Example(
        "each has its own",
        {
            **_NO_HARDWARE,
            **_elsewhere(_STALLED, value=120),
            **_elsewhere(_phase("readiness"), value=9),
            **_elsewhere(_phase("scheduling"), value=0),
        },
        "1m",
        {**_found("no hardware"), **{_of(_CAUSE, **place, cause="slow load"): 1 for place in _PLACES}},
    ),
    Example(
        "each has its own crash",
        {**_NO_HARDWARE, **_elsewhere(_STALLED, value=120), **_elsewhere(_outcome("FAILED"), value=9)},
        "1m",
        {**_found("no hardware"), **{_of(_CAUSE, **place, cause="crash on load"): 1 for place in _PLACES}},
    ),
)
THRESHOLD = (
    Example("whole minutes of two starts", {_STALLED: 60, _P90: 610}, "1m", {_THRESHOLD: 1260}),
    Example("no more than the platform allows", {_STALLED: 60, _P90: 1600}, "1m", {_THRESHOLD: 3000}),
    Example("nothing starts", {_P90: 610}, "1m", {}),
)
