"""Examples of ``latency_after_scale_down``: when requests are slow after a removal, what an episode is, and what is advised."""

from __future__ import annotations

from collections.abc import Mapping

from serving_rules.detections.latency_after_scale_down import names
from serving_rules.model import Example, Values

__all__ = ["ADVICE", "COST", "EPISODES", "FLOOR", "NOW", "START", "STEP"]

_SLOW: dict[str, Values] = {
    "serving:latency_seconds:p95": 6,
    "serving:latency_seconds:p95_median6h": 2,
    "serving:active_replicas:step1m": "0x9 -1 0x30",
    "serving:active_replicas:max": 4,
    "serving:inflight_requests:max": "9x10 30x4 9x30",
    "serving:effective_concurrency:current": 5,
    "serving:sync_requests:rate5m": 0.5,
}


def _now(name: str, ratio: float | None, at: str = "15m", **change: float | str) -> Example:
    """Return an example of the condition; keywords are the short names of its inputs."""
    short = {
        "p95": "serving:latency_seconds:p95",
        "step": "serving:active_replicas:step1m",
        "active": "serving:active_replicas:max",
        "inflight": "serving:inflight_requests:max",
        "rate": "serving:sync_requests:rate5m",
        "restarts": "serving:restarts:increase1m",
        "bounds": "serving:bounds:changes30m",
        "rollout": "serving_model:rollout:recent30m",
        "model": 'serving_model:rollout:recent30m{model_id="m-two"}',
        "workspace": 'serving_model:rollout:recent30m{workspace="w-two"}',
        "platform": 'serving_model:rollout:recent30m{platform="p-two"}',
        "median": "serving:latency_seconds:p95_median6h",
    }
    return Example(
        name, {**_SLOW, **{short[each]: values for each, values in change.items()}}, at, {} if ratio is None else {names.NOW: ratio}
    )


_AT_LIMIT = {names.DELAY: 3600, "serving:min_replicas:current": 2, "serving:active_replicas:avg2h": 4.2}
_PRICED = {names.DELAY: 300, "serving:scale_down_delay_seconds:recommended": 1140, "serving:replica_price_dollars_per_hour:current": 2}
_STARTS = "0x29 1 0x60 1 0x200 1 0x200"


def _advised(name: str, inputs: Mapping[str, Values], expect: Mapping[str, float], *, at: str = "80m", episodes: int = 5) -> Example:
    """Return an example of advice, some minutes after the last of these episodes."""
    starts = f"_x{int(at[:-1]) - 15} " + " ".join(["1140"] * episodes)
    return Example(name, {names.START: starts, **inputs}, at, expect)


NOW = (
    _now("three times as slow", 3),
    _now("exactly half as slow again", None, p95=3),
    _now("a little more", 1.75, p95=3.5),
    _now("no usual latency is known", None, median=0),
    _now("nothing was removed", None, step="0x2 -1 0x30"),
    _now("nine minutes ago", 3, at="18m", inflight=21),
    _now("only additions", None, step="0x9 1 0x30"),
    _now("scaled to zero", None, active=0),
    _now("load just fits", None, inflight=20),
    _now("half as much again for three of five minutes", 3, at="17m"),
    _now("for two of five minutes", None, at="18m"),
    _now("one request a minute", 3, rate=0.0166666666666666667),
    _now("fewer", None, rate=0.016),
    _now("a replica crashed within a quarter of an hour", None, at="18m", inflight=21, restarts="0x4 1 0x40"),
    _now("a replica crashed before that", 3, at="24m", inflight=21, step="0x17 -1 0x30", restarts="0x4 1 0x40"),
    _now("no crash", 3, restarts=0),
    _now("two crashes, less than a quarter of an hour ago", None, at="18m", inflight=21, restarts="0x4 1 1 0x40"),
    _now("during a promotion", None, rollout=1),
    _now("a promotion of another model, workspace and platform", 3, model=1, workspace=1, platform=1),
    _now("the bounds were changed", None, bounds=1),
    _now("the bounds were not changed", 3, bounds=0),
)
START = (
    Example("after quiet", {names.NOW: "_x20 3 3", names.DELAY: 300}, "20m", {names.START: 1140}),
    Example("the next minute is the same episode", {names.NOW: "_x20 3 3", names.DELAY: 300}, "21m", {}),
    Example("so is one nine minutes later", {names.NOW: "_x20 3 stale _x7 3", names.DELAY: 300}, "29m", {}),
    Example("one twelve minutes later is another", {names.NOW: "_x20 3 stale _x10 3", names.DELAY: 300}, "32m", {names.START: 1140}),
    Example("no episode", {names.NOW: "_x20 3 stale", names.DELAY: 300}, "40m", {}),
)
EPISODES = (Example("four, one is older", {names.START: "_x50 900 _x11 900 _x137 900 _x99 900 _x109 900"}, "420m", {names.EPISODES: 4}),)
ADVICE = (
    Example("the longest counts", {names.START: "_x50 9000 _x11 1140 1140 1140 1140 _x200 900 _x20"}, "420m", {names.ADVICE: 1140}),
    Example("at most an hour", {names.START: "_x70 4800 4800 4800 4800 4800"}, "80m", {names.ADVICE: 3600}),
    Example("too few episodes", {names.START: "_x70 1140 1140 1140 1140"}, "80m", {}),
)
FLOOR = (
    _advised("four and a bit", {**_AT_LIMIT, "serving:active_replicas:avg2h": 4.2}, {names.FLOOR: 5}),
    _advised("the floor is as high already", {**_AT_LIMIT, "serving:active_replicas:avg2h": 2}, {}),
    _advised("the delay can grow", {**_AT_LIMIT, names.DELAY: 3599}, {}),
    _advised("too few episodes", _AT_LIMIT, {}, episodes=4),
)
STEP = (
    _advised("half of them at once, five hours ago", {"serving:active_replicas:drop_ratio": "_x90 0.5"}, {names.STEP: 0.2}, at="390m"),
    _advised("that was seven hours ago", {"serving:active_replicas:drop_ratio": "_x20 0.5 _x200 0.25"}, {}, at="440m"),
    _advised("three in ten", {"serving:active_replicas:drop_ratio": 0.3}, {}),
    _advised("two steps, one of them large", {"serving:active_replicas:drop_ratio": "0.5 stale _x50 0.25"}, {names.STEP: 0.2}),
    _advised("small steps are set already", {"serving:active_replicas:drop_ratio": 0.5, "serving:max_scale_down_ratio:current": 0.2}, {}),
    _advised(
        "larger ones are set",
        {"serving:active_replicas:drop_ratio": 0.5, "serving:max_scale_down_ratio:current": 0.21},
        {names.STEP: 0.2},
    ),
    _advised("too few episodes", {"serving:active_replicas:drop_ratio": 0.5}, {}, episodes=4),
)
COST = (
    # Two starts in six hours (one is older), 840 seconds longer, two dollars an hour.
    _advised("eight removals a day", {**_PRICED, "serving:active_replicas:raised1m": _STARTS}, {names.COST: 3.7333333333333334}, at="420m"),
    _advised("too few episodes", {**_PRICED, "serving:active_replicas:raised1m": _STARTS}, {}, at="420m", episodes=4),
)
