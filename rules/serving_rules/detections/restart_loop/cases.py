"""Proofs of the alerts of a restart loop."""

from __future__ import annotations

from serving_rules.model import Case, Outcome, Proof, Values

__all__ = ["CRITICAL", "WARNING"]

_COUNT15M = "serving:restart_loop:count15m"
_COUNT1H = "serving:restart_loop:count1h"
_COUNT3H = "serving:restart_loop:count3h"
_IN_VAIN = "serving:restart_loop:in_vain3h"
_DOWN = "serving:restart_loop:nothing_serves15m"
_STOPPED = "serving:restart_loop:stopped"
_START = "serving:startup_seconds:typical"


def _pattern(name: str, value: float) -> dict[str, Values | None]:
    return {'serving:restart_loop:pattern{pattern="memory"}': None, f'serving:restart_loop:pattern{{pattern="{name}"}}': value}


_BASE: dict[str, Values] = {
    _COUNT15M: 2,
    _COUNT1H: 4,
    _COUNT3H: 4,
    _IN_VAIN: 0,
    _START: 120,
    "serving:active_replicas:max": 2,
    'serving:restart_loop:pattern{pattern="memory"}': 0.97,
    "serving:memory_limit_bytes:recommended": 21_500_000_000,
    "serving:batch_size_ratio:for_memory_near_limit": 0.928,
}

_QUIET: dict[str, Values | None] = {_COUNT15M: 0, _COUNT1H: 2, _COUNT3H: 2}

_NAME = "chat (production), deployment d-one"
_SLOW: dict[str, Values | None] = {_COUNT1H: 1}

_COMMON = (
    Case("two restarts in an hour", Outcome.UNDER, {_COUNT1H: 2, _COUNT3H: 2}),
    Case("exactly three", Outcome.AT, {_COUNT1H: 3, _COUNT3H: 3}, fires=True),
    Case("three in three hours are accidents where a start is quick", Outcome.UNDER, {**_SLOW, _COUNT3H: 3}),
    Case("three in three hours are a loop where a start takes long", Outcome.AT, {**_SLOW, _COUNT3H: 3, _START: 901}, fires=True),
    Case("exactly a quarter of an hour is not long", Outcome.UNDER, {**_SLOW, _COUNT3H: 3, _START: 900}),
    Case("two in three hours, however long a start takes", Outcome.UNDER, {**_SLOW, _COUNT3H: 2, _START: 901}),
    Case("four in three hours", Outcome.UNDER, {**_SLOW, _COUNT3H: 4}),
    Case("five in three hours", Outcome.AT, {**_SLOW, _COUNT3H: 5}, fires=True),
    Case("two starts in vain", Outcome.UNDER, {_COUNT1H: 0, _COUNT3H: 0, _IN_VAIN: 2.9}),
    Case("three starts in vain", Outcome.AT, {_COUNT1H: 0, _COUNT3H: 0, _IN_VAIN: 3}, fires=True),
    Case("without the start-ups API", Outcome.ABSENT, {_IN_VAIN: None, _START: None}, fires=True),
    Case("a development deployment comes and goes", Outcome.GUARD, {"serving:development:flag": 1}),
    Case("scaled to zero after the loop", Outcome.ZERO, {_STOPPED: 1}),
)

WARNING = Proof(
    base=_BASE,
    quiet=_QUIET,
    description=f"{_NAME} restarted or failed to start 4 times in the last hour and 4 times in the last three; 2 replicas serve. Memory "
    f"had reached 97% of "
    "its limit: give it an instance type with at least 20.02GiB of memory, or cut the batch to 92.8% of its size.",
    cases=(
        *_COMMON,
        Case("nothing serves: the page's", Outcome.OVER, {_DOWN: 1}),
        Case("something serves", Outcome.OVER, {_DOWN: 0}, fires=True),
        Case("two in a quarter of an hour", Outcome.UNDER, {_COUNT15M: 2.9}, fires=True),
        Case("three in a quarter of an hour: the page's", Outcome.OVER, {_COUNT15M: 3}),
        Case("nothing is known of the last quarter of an hour", Outcome.ABSENT, {_COUNT15M: None}, fires=True),
        Case("a promotion does not hold it back", Outcome.OVER, {"serving:restart_loop:count1h": 9}, fires=True),
        Case(
            "it crashes while loading",
            Outcome.OVER,
            _pattern("crash_on_load", 4.07),
            fires=True,
            description=f"{_NAME} restarted or failed to start 4 times in the last hour and 4 times in the last three; 2 replicas serve. 4 "
            f"of them died "
            "while the model was loading: read the log of load() on the newest replica, and promote the previous deployment. Where every "
            "start dies after the same time, set startup_threshold_seconds to twice what a start needs.",
        ),
        Case(
            "its liveness check restarts it",
            Outcome.OVER,
            _pattern("liveness", 1860),
            fires=True,
            description=f"{_NAME} restarted or failed to start 4 times in the last hour and 4 times in the last three; 2 replicas serve. "
            f"They come every "
            "31m 0s, about restart_threshold_seconds (1800 s): the health check fails and the platform restarts the container. Fix "
            "is_healthy(), or raise restart_threshold_seconds (at most 3000).",
        ),
        Case(
            "requests crash it",
            Outcome.OVER,
            _pattern("crash_in_predict", 42),
            fires=True,
            description=f"{_NAME} restarted or failed to start 4 times in the last hour and 4 times in the last three; 2 replicas serve. "
            f"42 requests of that "
            "hour ended in 502: a request crashes the container. Read the log just before a restart for the input that does it.",
        ),
        Case(
            "nobody knows why",
            Outcome.OVER,
            {'serving:restart_loop:pattern{pattern="memory"}': None},
            fires=True,
            description=f"{_NAME} restarted or failed to start 4 times in the last hour and 4 times in the last three; 2 replicas serve. "
            f"Memory, 502s and "
            "start-ups do not say why: read the log just before the last restart.",
        ),
    ),
)

CRITICAL = Proof(
    base={**_BASE, _COUNT15M: 3, "serving:active_replicas:max": 0},
    quiet=_QUIET,
    description=f"{_NAME} restarted or failed to start 4 times in the last hour and 4 times in the last three; 0 replicas serve. Memory "
    f"had reached 97% of "
    "its limit: give it an instance type with at least 20.02GiB of memory, or cut the batch to 92.8% of its size.",
    cases=(
        *_COMMON,
        Case("two in a quarter of an hour while replicas serve: a ticket", Outcome.UNDER, {_COUNT15M: 2, _DOWN: 0}),
        Case("just under three, and nothing known of the replicas", Outcome.UNDER, {_COUNT15M: 2.9}),
        Case("nothing served at some time", Outcome.OVER, {_COUNT15M: 0, _DOWN: 1}, fires=True),
        Case("nothing served, and no counter of the last quarter of an hour", Outcome.ABSENT, {_COUNT15M: None, _DOWN: 1}, fires=True),
    ),
)
