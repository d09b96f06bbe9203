"""Examples of ``records``, one sample a minute.

What lies before a window and what lies in its first half tell it from one twice or half as long.
"""

from __future__ import annotations

from collections.abc import Mapping

from serving_rules.model import Example, Values

__all__ = [
    "COUNT1H",
    "COUNT3H",
    "COUNT15M",
    "GAP",
    "GAP_MEDIAN",
    "IN_VAIN",
    "LAST",
    "NOTHING_SERVES",
    "NOTHING_SERVES_15M",
    "PATTERNS",
    "RETURNS",
    "STOPPED",
]

_RESTARTS = "serving:restarts:increase1m"
_RETURNS = "serving:replica_returns:inferred1m"
_ACTIVE = "serving:active_replicas:max"
_STARTING = "serving:starting_replicas:max"
_INFLIGHT = "serving:inflight_requests:max"
_MINIMUM = "serving:min_replicas:current"
_CRASHES = 'serving:requests_by_code:rate5m{status_code="502"}'


def _at(last: int, **events: float) -> str:
    """Zeros for each minute up to ``last``, with events: ``m70=2`` is a 2 in minute 70."""
    values = {int(minute[1:]): value for minute, value in events.items()}
    return " ".join(f"{values.get(minute, 0):g}" for minute in range(last + 1))


def _returns(name: str, change: Mapping[str, Values | None], *, returns: bool) -> Example:
    """Take a replica that went in minute 90 and came back in minute 100, while requests ended in 502."""
    base: dict[str, Values | None] = {
        _ACTIVE: "3x89 2x9 3x60",
        "serving:active_replicas:raised1m": _at(120, m100=1),
        _CRASHES: _at(120, m90=0.2, m91=0.2, m92=0.2),
    }
    inputs = {key: value for key, value in {**base, **change}.items() if value is not None}
    return Example(name, inputs, "100m", {_RETURNS: 1} if returns else {})


RETURNS = (
    _returns("one went with 502s and came back ten minutes later", {}, returns=True),
    _returns("two came back together", {_ACTIVE: "3x89 1x9 3x60", "serving:active_replicas:raised1m": _at(120, m100=2)}, returns=True),
    _returns("the step is seen a minute late", {_ACTIVE: "2x98 3x60"}, returns=True),
    _returns("nothing came back", {"serving:active_replicas:raised1m": 0}, returns=False),
    _returns("a scale-up beyond what there was", {_ACTIVE: "3x89 2x9 4x60"}, returns=False),
    _returns("what there was, longer ago than 15 minutes", {_ACTIVE: "3x82 2x16 3x60"}, returns=False),
    _returns("back within two minutes", {_ACTIVE: "3x97 2 2 3x60", _CRASHES: _at(120, m98=0.2)}, returns=True),
    _returns("the autoscaler takes and gives without 502s", {_CRASHES: 0}, returns=False),
    _returns("other answers", {_CRASHES: None, 'serving:requests_by_code:rate5m{status_code="200"}': 3}, returns=False),
    _returns("the 502s are older", {_CRASHES: _at(120, m80=0.2)}, returns=False),
    _returns("it had been below its floor", {_CRASHES: 0, _MINIMUM: 3}, returns=True),
    _returns("below its floor ten minutes ago", {_CRASHES: 0, _MINIMUM: 2, _ACTIVE: "3x89 1 2x8 3x60"}, returns=True),
    _returns("never below its floor", {_CRASHES: 0, _MINIMUM: 2}, returns=False),
    _returns("below its floor too long ago", {_CRASHES: 0, _MINIMUM: 2, _ACTIVE: "3x80 1 3x8 2x8 3x60"}, returns=False),
    _returns("the restart counter knows better", {_RESTARTS: 0}, returns=False),
    _returns("and did 50 minutes ago", {_RESTARTS: "0x50 stale"}, returns=False),
    _returns("the counter has been gone for 70 minutes", {_RESTARTS: "0x30 stale"}, returns=True),
)

_HISTORY = _at(130, m65=2, m80=4, m110=1, m120=1, m125=1)

COUNT15M = (
    Example("restarts", {_RESTARTS: _HISTORY, _RETURNS: _at(130, m120=1)}, "130m", {"serving:restart_loop:count15m": 2}),
    Example("inferred", {_RETURNS: _HISTORY}, "130m", {"serving:restart_loop:count15m": 2}),
)

_FAILED_1H = 'serving:startups:increase1h{outcome="FAILED"}'
_FAILED_3H = 'serving:startups:increase3h{outcome="FAILED"}'
_SUCCESS_1H = 'serving:startups:increase1h{outcome="SUCCESS"}'
_SUCCESS_3H = 'serving:startups:increase3h{outcome="SUCCESS"}'


def _counts(record: str, last: int, examples: Mapping[str, tuple[Mapping[str, Values], float | None]]) -> tuple[Example, ...]:
    return tuple(Example(name, inputs, f"{last}m", {} if value is None else {record: value}) for name, (inputs, value) in examples.items())


COUNT1H = _counts(
    "serving:restart_loop:count1h",
    130,
    {
        "restarts of the hour": ({_RESTARTS: _HISTORY}, 7),
        "the last one 20 minutes ago": ({_RESTARTS: _at(130, m65=2, m80=4, m110=1)}, 5),
        "the last one 50 minutes ago: over": ({_RESTARTS: _at(130, m65=2, m80=4)}, None),
        "a single one": ({_RESTARTS: _at(130, m120=1)}, 1),
        "two halves, which no counter has": ({_RESTARTS: _at(130, m115=0.5, m125=0.5)}, 1),
        "two inferred halves": ({_RETURNS: _at(130, m115=0.5, m125=0.5)}, 1),
        "inferred ones": ({_RETURNS: _HISTORY}, 7),
        "inferred ones, the last 20 minutes ago": ({_RETURNS: _at(130, m65=2, m80=4, m110=1)}, 5),
        "inferred ones, over": ({_RETURNS: _at(130, m65=2, m80=4)}, None),
        "more failed start-ups than restarts": ({_RESTARTS: _at(130, m120=1), _FAILED_1H: 4, _SUCCESS_1H: 9}, 4),
        "more restarts than failed start-ups": ({_RESTARTS: _HISTORY, _FAILED_1H: 4}, 7),
        "start-ups alone": ({_FAILED_1H: 4}, 4),
        "successful start-ups": ({_SUCCESS_1H: 9}, None),
    },
)

_LONG = _at(390, m100=8, m250=4, m340=1, m380=1)

COUNT3H = _counts(
    "serving:restart_loop:count3h",
    390,
    {
        "restarts of three hours": ({_RESTARTS: _LONG}, 6),
        "the last one 50 minutes ago": ({_RESTARTS: _at(390, m100=8, m250=4, m340=1)}, 5),
        "the last one 100 minutes ago: over": ({_RESTARTS: _at(390, m250=4, m290=1)}, None),
        "two halves, which no counter has": ({_RESTARTS: _at(390, m350=0.5, m380=0.5)}, 1),
        "two inferred halves": ({_RETURNS: _at(390, m350=0.5, m380=0.5)}, 1),
        "inferred ones": ({_RETURNS: _LONG}, 6),
        "inferred ones, the last 50 minutes ago": ({_RETURNS: _at(390, m100=8, m250=4, m340=1)}, 5),
        "inferred ones, over": ({_RETURNS: _at(390, m250=4, m290=1)}, None),
        "more failed start-ups than restarts": (
            {_RESTARTS: _at(390, m380=1), _FAILED_3H: 4, _FAILED_1H: 1, _SUCCESS_3H: 9, _SUCCESS_1H: 5},
            4,
        ),
        "more restarts than failed start-ups": ({_RESTARTS: _LONG, _FAILED_3H: 4, _FAILED_1H: 1}, 6),
        "failed start-ups, none in the last hour": ({_FAILED_3H: 4, _FAILED_1H: 0, _SUCCESS_1H: 5}, None),
    },
)

IN_VAIN = _counts(
    "serving:restart_loop:in_vain3h",
    5,
    {
        "none succeeded": ({_FAILED_3H: 4, _FAILED_1H: 1, _SUCCESS_3H: 0, _SUCCESS_1H: 0}, 4),
        "one succeeded": ({_FAILED_3H: 4, _FAILED_1H: 1, _SUCCESS_3H: 1, _SUCCESS_1H: 0}, 0),
        "none in the last hour": ({_FAILED_3H: 4, _FAILED_1H: 0, _SUCCESS_3H: 0, _SUCCESS_1H: 3}, None),
    },
)

NOTHING_SERVES = _counts(
    "serving:restart_loop:nothing_serves",
    5,
    {
        "requests wait": ({_ACTIVE: 0, _INFLIGHT: 1}, 1),
        "the floor asks for one": ({_ACTIVE: 0, _INFLIGHT: 0, _MINIMUM: 1}, 1),
        "one starts, and no floor is known yet": ({_ACTIVE: 0, _INFLIGHT: 0, _STARTING: 1}, 1),
        "nobody asks": ({_ACTIVE: 0, _INFLIGHT: 0, _MINIMUM: 0, _STARTING: 0}, None),
        "one serves": ({_ACTIVE: 1, _INFLIGHT: 1, _MINIMUM: 1, _STARTING: 1}, None),
    },
)

_DOWN = "serving:restart_loop:nothing_serves"

NOTHING_SERVES_15M = _counts(
    "serving:restart_loop:nothing_serves15m",
    40,
    {
        "ten minutes ago": ({_DOWN: "_x30 1 stale"}, 1),
        "twenty minutes ago": ({_DOWN: "_x20 1 stale"}, None),
        "two levels in the window": ({_DOWN: "_x27 0 1 0"}, 1),
    },
)

_UP_20 = "1x20 0x30"
_UP_10 = "1x30 0x30"

STOPPED = _counts(
    "serving:restart_loop:stopped",
    40,
    {
        "nothing for a quarter of an hour": ({_ACTIVE: _UP_20, _STARTING: _UP_20, _INFLIGHT: _UP_20}, 1),
        "it served ten minutes ago": ({_ACTIVE: _UP_10, _STARTING: _UP_20, _INFLIGHT: _UP_20}, None),
        "it started ten minutes ago": ({_ACTIVE: _UP_20, _STARTING: _UP_10, _INFLIGHT: _UP_20}, None),
        "a request waited ten minutes ago": ({_ACTIVE: _UP_20, _STARTING: _UP_20, _INFLIGHT: _UP_10}, None),
        "one starts and one request waits": ({_ACTIVE: 0, _STARTING: 1, _INFLIGHT: 1}, None),
        "one serves and one starts": ({_ACTIVE: 1, _STARTING: 1, _INFLIGHT: 0}, None),
        "the floor is zero": ({_ACTIVE: 0, _STARTING: 0, _INFLIGHT: 0, _MINIMUM: 0}, 1),
        "the floor asks for one": ({_ACTIVE: 0, _STARTING: 0, _INFLIGHT: 0, _MINIMUM: 1}, None),
    },
)

LAST = _counts(
    "serving:restart_timestamp_seconds:last",
    300,
    {
        "remembered": ({_RESTARTS: _at(300, m140=2)}, 8400),
        "the last of two": ({_RESTARTS: _at(300, m140=2, m290=1)}, 17400),
        "over a gap of 50 minutes": ({_RESTARTS: "0x140 1 stale _x48 0x200"}, 8460),
        "forgotten after a gap of 70 minutes": ({_RESTARTS: "0x140 1 stale _x68 0x200"}, None),
        "forgotten with the deployment": ({_RESTARTS: "0x140 1 stale"}, None),
        "none yet": ({_RESTARTS: 0}, None),
    },
)

GAP = _counts(
    "serving:restart_gap_seconds:at_restart",
    60,
    {
        "half an hour after the one before": ({_RESTARTS: _at(60, m30=1, m60=2)}, 1800),
        "in the minute after the one before": ({_RESTARTS: _at(60, m59=1, m60=1)}, 60),
        "no restart now": ({_RESTARTS: _at(60, m30=1)}, None),
        "the first one": ({_RESTARTS: _at(60, m60=1)}, None),
    },
)

_GAP = "serving:restart_gap_seconds:at_restart"

GAP_MEDIAN = _counts(
    "serving:restart_gap_seconds:median3h",
    390,
    {
        "of three": ({_GAP: "_x220 1000 _x79 2000 _x59 2500 _x20"}, 2000),
        "what is longer ago does not count": ({_GAP: "_x100 10 10 10 10 _x116 1000 _x79 2000 _x59 2500 _x20"}, 2000),
    },
)

_COUNT = {"serving:restart_loop:count1h": 3, "serving:restart_loop:count3h": 4}
_LOADING = {**_COUNT, "serving:active_replicas:raised1m": 0, _STARTING: 1}
_LIVENESS = {**_COUNT, "serving:restart_gap_seconds:median3h": 1860.0}


def _pattern(name: str, examples: Mapping[str, tuple[Mapping[str, Values], float | Mapping[str, float] | None]]) -> tuple[Example, ...]:
    """Examples of one pattern: its value, none, or the other pattern that explains the restarts."""
    # At an odd minute: a pattern that held itself back would be there every other minute, the first included.
    found = []
    for title, (inputs, value) in examples.items():
        values = {name: value} if isinstance(value, int | float) else value or {}
        found.append(
            Example(title, inputs, "131m", {f'serving:restart_loop:pattern{{pattern="{each}"}}': at for each, at in values.items()})
        )
    return tuple(found)


PATTERNS = {
    "memory": _pattern(
        "memory",
        {
            "half an hour ago": ({**_COUNT, "serving:memory_ratio:max": "0.5x89 0.97 0.5x99"}, 0.97),
            "exactly the threshold": ({**_COUNT, "serving:memory_ratio:max": 0.95}, 0.95),
            "just under it": ({**_COUNT, "serving:memory_ratio:max": 0.949}, None),
            "more than an hour ago": ({**_COUNT, "serving:memory_ratio:max": "0.5x59 0.97 0.5x99"}, None),
            "no restarts": ({"serving:restart_loop:count3h": 0, "serving:memory_ratio:max": 0.97}, None),
        },
    ),
    "crash_on_load": _pattern(
        "crash_on_load",
        {
            "start-ups fail": ({**_COUNT, _FAILED_3H: 5, _SUCCESS_3H: 9, "serving:active_replicas:raised1m": 1}, 5),
            "exactly the threshold": ({**_COUNT, _FAILED_3H: 3}, 3),
            "just under it, although none becomes active": ({**_LOADING, _FAILED_3H: 2.9}, None),
            "no restarts any more": ({"serving:restart_loop:count3h": 0, _FAILED_3H: 5}, None),
            "without start-ups: none becomes active, one is always starting": (_LOADING, 3),
            "one became active 50 minutes ago": ({**_LOADING, "serving:active_replicas:raised1m": _at(130, m80=1)}, None),
            "two halves became active, which no replica does": (
                {**_LOADING, "serving:active_replicas:raised1m": _at(131, m90=0.5, m110=0.5)},
                None,
            ),
            "one became active 100 minutes ago": ({**_LOADING, "serving:active_replicas:raised1m": _at(130, m30=1)}, 3),
            "none is starting": ({**_LOADING, _STARTING: 0}, None),
            "one was starting 50 minutes ago": ({**_LOADING, _STARTING: _at(130, m80=1)}, 3),
            "one was starting 100 minutes ago": ({**_LOADING, _STARTING: _at(130, m30=1)}, None),
            "no restarts": ({**_LOADING, "serving:restart_loop:count1h": 0}, None),
            "memory explains it": ({**_LOADING, "serving:memory_ratio:max": 0.97}, {"memory": 0.97}),
        },
    ),
    "liveness": _pattern(
        "liveness",
        {
            "a minute more than the threshold": (_LIVENESS, 1860),
            "the lower bound": ({**_LIVENESS, "serving:restart_gap_seconds:median3h": 1620}, 1620),
            "just under it": ({**_LIVENESS, "serving:restart_gap_seconds:median3h": 1619}, None),
            "the upper bound": ({**_LIVENESS, "serving:restart_gap_seconds:median3h": 2250}, 2250),
            "just above it": ({**_LIVENESS, "serving:restart_gap_seconds:median3h": 2251}, None),
            "no restarts": ({**_LIVENESS, "serving:restart_loop:count3h": 0}, None),
            "memory explains it": ({**_LIVENESS, "serving:memory_ratio:max": 0.97}, {"memory": 0.97}),
            "crashes on load explain it": ({**_LIVENESS, _FAILED_3H: 3}, {"crash_on_load": 3}),
        },
    ),
    "crash_in_predict": _pattern(
        "crash_in_predict",
        {
            "a hundred and twenty in the hour": ({**_COUNT, _CRASHES: _at(130, m20=9, m80=1, m120=1)}, 120),
            "other answers": ({**_COUNT, 'serving:requests_by_code:rate5m{status_code="200"}': 9}, None),
            "none": ({**_COUNT, _CRASHES: 0}, None),
            "no restarts": ({"serving:restart_loop:count3h": 0, _CRASHES: 1}, None),
            "memory explains it": ({**_COUNT, _CRASHES: 1, "serving:memory_ratio:max": 0.97}, {"memory": 0.97}),
            "crashes on load explain it": ({**_COUNT, _CRASHES: 1, _FAILED_3H: 3}, {"crash_on_load": 3}),
            "the liveness check explains it": ({**_LIVENESS, _CRASHES: 1}, {"liveness": 1860}),
        },
    ),
}
