"""Proofs of the alerts on status codes."""

from __future__ import annotations

from collections.abc import Mapping

from serving_rules.detections.status_codes.records import SHARE
from serving_rules.model import Case, Outcome, Proof, Values

__all__ = ["PROOFS"]

Inputs = dict[str, Values | None]

_NAME = "chat (production), deployment d-one"
_ACTIVE = "serving:active_replicas:max"
_STARTING = "serving:starting_replicas:max"
_WAITED = "serving:server_error_seconds:mean10m"
_NOW = "serving:inflight_requests:avg5m"
_HOUR = "serving:inflight_requests:mean1h"
_MEDIAN = 'serving:requests_by_code:share_median1d{status_code="499"}'
_MAXIMUM = "serving:max_replicas:current"
_REASON = "serving:requests_shed:reason"


def _share(code: str) -> str:
    return f'{SHARE}{{status_code="{code}"}}'


def _count(code: str) -> str:
    return f'serving:requests_by_code:increase10m{{status_code="{code}"}}'


def _common(code: str, threshold: float) -> tuple[Case, ...]:
    return (
        Case("exactly the share that is accepted", Outcome.UNDER, {_share(code): threshold}),
        Case("a little more", Outcome.AT, {_share(code): threshold * 1.01}, fires=True),
        Case("nine answers are no share", Outcome.UNDER, {_count(code): 9}),
        Case("just under ten", Outcome.UNDER, {_count(code): 9.9}),
        Case("exactly ten", Outcome.AT, {_count(code): 10}, fires=True),
        Case("one failed request of two", Outcome.UNDER, {_share(code): 0.5, _count(code): 1}),
        Case("a development deployment", Outcome.GUARD, {"serving:development:flag": 1}),
        Case("other answers", Outcome.GUARD, {_share(code): None, _count(code): None, _share("418"): 0.9, _count("418"): 900}),
        Case(
            "close codes of a WebSocket",
            Outcome.GUARD,
            {_share(code): None, _count(code): None, _count("1006"): 900, _count(f"{code}0"): 900},
        ),
        Case(
            "at zero nothing is answered",
            Outcome.ZERO,
            {_share(code): None, _count(code): None, _ACTIVE: 0} if code in {"429", "500"} else {_share(code): None},
        ),
    )


def _proof(code: str, threshold: float, more: Mapping[str, Values], description: str, *cases: Case) -> Proof:
    return Proof(
        base={_share(code): 0.042, _count(code): 42, **more},
        quiet={_share(code): 0},
        description=f"{_NAME} {description}",
        cases=(*_common(code, threshold), *cases),
        labels={"status_code": code},
    )


PROOFS = {
    "ServingRequestsShed": _proof(
        "429",
        0.01,
        {
            _ACTIVE: 4,
            f'{_REASON}{{reason="at_maximum"}}': 0.042,
            _MAXIMUM: 4,
            "serving:max_replicas:recommended": 7,
            "serving:min_replicas:current": 1,
        },
        "refuses 4.2% of its requests of the last 10 minutes (42 of them, status 429). It is at max_replica (4): raise it to 7.",
        Case(
            "the backpressure policy refuses",
            Outcome.OVER,
            {f'{_REASON}{{reason="at_maximum"}}': None, f'{_REASON}{{reason="reject_policy"}}': 0.042},
            fires=True,
            description=f"{_NAME} refuses 4.2% of its requests of the last 10 minutes (42 of them, status 429). Its backpressure policy is "
            f"REJECT_ON_FULL, and "
            "every slot is taken while replicas start: warm replicas (min_replica, now 1) or QUEUE_ON_FULL end it.",
        ),
        Case(
            "neither: a limit in front of it",
            Outcome.OVER,
            {f'{_REASON}{{reason="at_maximum"}}': None},
            fires=True,
            description=f"{_NAME} refuses 4.2% of its requests of the last 10 minutes (42 of them, status 429). It is not at max_replica "
            f"and does not refuse on "
            "full: a rate limit in front of it, or queued payloads that fill the router's memory.",
        ),
        Case("at zero the asynchronous queue is refused by design", Outcome.ZERO, {_ACTIVE: 0}),
        Case("half a replica, which there is not", Outcome.OVER, {_ACTIVE: 0.5}, fires=True),
    ),
    "ServingRequestsExpired": _proof(
        "500",
        0.01,
        {_ACTIVE: 0, _STARTING: 1, _WAITED: 1200, "serving:min_replicas:current": 0, "serving:min_replicas:recommended": 2},
        "let expire 4.2% of its requests of the last 10 minutes (42 of them, status 500). 0 replicas serve and 1 are starting; the expired "
        "requests had waited for 20m 0s on average. Get a replica up first; then keep min_replica (now 0) at 2.",
        Case("nothing serves and nothing starts", Outcome.OVER, {_STARTING: 0}, fires=True),
        Case("some serve, one starts", Outcome.OVER, {_ACTIVE: 3}, fires=True),
        Case("some serve, none starts: the model's own errors", Outcome.GUARD, {_ACTIVE: 3, _STARTING: 0}),
        Case("they were quick: the model's own errors", Outcome.GUARD, {_WAITED: 299}),
        Case("they took exactly five minutes", Outcome.AT, {_WAITED: 300}, fires=True),
        Case("nobody knows how long they took", Outcome.ABSENT, {_WAITED: None}, fires=True),
    ),
    "ServingReplicaCrashes": _proof(
        "502",
        0.01,
        {"serving:restart_loop:count15m": 2},
        "breaks off 4.2% of its requests of the last 10 minutes (42 of them, status 502). Restarts in the last 15 minutes: 2. Read the "
        "replicas' log just before a restart: out of memory, or an input that crashes predict().",
        Case("the restart counter saw nothing", Outcome.GUARD, {"serving:no_restarts:flag": 1}),
        Case(
            "without the pod-health flag",
            Outcome.ABSENT,
            {"serving:restart_loop:count15m": None},
            fires=True,
            description=f"{_NAME} breaks off 4.2% of its requests of the last 10 minutes (42 of them, status 502). Restarts in the last 15 "
            f"minutes: unknown, the "
            "pod-health flag is off. Read the replicas' log just before a restart: out of memory, or an input that crashes predict().",
        ),
    ),
    "ServingNoEndpoint": _proof(
        "503",
        0.01,
        {_ACTIVE: 2},
        "has no endpoint for 4.2% of its requests of the last 10 minutes (42 of them, status 503). 2 replicas serve. No promotion is under "
        "way: replicas that stop without draining, or whose circuit breaker is open.",
        Case("a promotion moves the endpoint", Outcome.GUARD, {"serving_model:rollout:recent30m": 1}),
    ),
    "ServingRequestTimeouts": _proof(
        "504",
        0.005,
        {},
        "times out 4.2% of its requests of the last 10 minutes (42 of them, status 504). Each of them held a slot until the platform's "
        "timeout (1200 s). Send such work asynchronously (up to 3600 s), stream it, or make it shorter; where they are all one replica's, "
        "terminate that.",
    ),
    "ServingClientsGivingUp": _proof(
        "499",
        0.01,
        {_MEDIAN: 0.001, _NOW: 90, _HOUR: 50},
        "loses 4.2% of its requests of the last 10 minutes (42 of them, status 499). The day's median is 0.1%; requests in flight are 90 "
        "after 50 on average of the hour. Clients leave a queue before it shows as errors: look for the alert on capacity or cold starts.",
        Case("exactly three times its median", Outcome.UNDER, {_share("499"): 0.375, _MEDIAN: 0.125}),
        Case("more than three times its median", Outcome.AT, {_share("499"): 0.376, _MEDIAN: 0.125}, fires=True),
        Case("no median yet", Outcome.ABSENT, {_MEDIAN: None}),
        Case(
            "another answer beyond its own median",
            Outcome.GUARD,
            {
                _share("499"): None,
                _count("499"): None,
                _share("418"): 0.9,
                _count("418"): 900,
                'serving:requests_by_code:share_median1d{status_code="418"}': 0.001,
            },
        ),
        Case("requests in flight at exactly 1.2 times the hour's mean", Outcome.UNDER, {_NOW: 60, _HOUR: 50}),
        Case("requests in flight a little higher", Outcome.AT, {_NOW: 61, _HOUR: 50}, fires=True),
        Case("requests in flight fall", Outcome.GUARD, {_NOW: 20, _HOUR: 50}),
    ),
}
