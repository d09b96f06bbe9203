"""C24: single status codes, each with its own meaning.

Shares come from counts of ten minutes and need a minimum of answers: one failed request at low traffic is no share. ``records`` makes them,
``cases`` proves the alerts, ``runbooks`` has their pages. Close codes of WebSockets (1000 to 1015) and statuses of gRPC equal none of the
codes named here; they count as answers, no more.
"""

from __future__ import annotations

from serving_rules.detections.status_codes import cases
from serving_rules.detections.status_codes.records import RECORDS, SHARE
from serving_rules.detections.status_codes.runbooks import RUNBOOKS
from serving_rules.guards import NOT_ROLLOUT
from serving_rules.model import Alert, Dashboard, Detection, Guard, Kind, Severity, Threshold
from serving_rules.promql import DEPLOYMENT, name_of, names, text_by, value_of

__all__ = ["DETECTION"]

_ON = f"on ({names(DEPLOYMENT)})"

_NOT_DEVELOPMENT = Guard(
    "NOT_DEVELOPMENT",
    f"unless {_ON} serving:development:flag",
    "Development deployments fail while their author works; the alerts here keep the status code, so ids alone are compared.",
)


def _share(code: str, threshold: str) -> str:
    """Select the share of one answer, where it is beyond its threshold and the answers are enough to speak of a share."""
    return f"""
    ({SHARE}{{status_code="{code}"}} > {threshold})
    and (serving:requests_by_code:increase10m >= $events)
    {_NOT_DEVELOPMENT}
    """


def _says(code: str, what: str) -> str:
    return (
        name_of
        + f" {what} {{{{ $value | humanizePercentage }}}} of its requests of the last 10 minutes ("
        + value_of("serving:requests_by_code:increase10m", where={"status_code": code})
        + f" of them, status {code}). "
    )


_SHED = {
    "at_maximum": "It is at max_replica ("
    + value_of("serving:max_replicas:current")
    + "): raise it to "
    + value_of("serving:max_replicas:recommended", otherwise="what the load needs")
    + ".",
    "reject_policy": "Its backpressure policy is REJECT_ON_FULL, and every slot is taken while replicas start: warm replicas (min_replica, "
    "now " + value_of("serving:min_replicas:current") + ") or QUEUE_ON_FULL end it.",
}


def _alert(name: str, severity: Severity, kind: Kind, expr: str, for_: str, summary: str, description: str) -> Alert:
    return Alert(
        name,
        severity,
        kind,
        expr,
        for_=for_,
        keep_firing_for="10m",
        summary=summary,
        description=description,
        proof=cases.PROOFS[name],
        extra_labels=("status_code",),
        dashboard=Dashboard.DEPLOYMENT,
    )


def _ratio(name: str, default: float, reason: str) -> Threshold:
    return Threshold(name, default, reason, minimum=0, maximum=0.99, unit="ratio", matching=f"{_ON} group_left ()")


DETECTION = Detection(
    id="C24",
    slug="status_codes",
    title="Status codes: shed, expired, crashed, no endpoint, timed out, given up",
    catches="Answers that each have one meaning on this platform: 429, 500 while nothing serves, 502, 503, 504 and 499.",
    origins=("D2", "E2"),
    thresholds=(
        Threshold(
            "events",
            10,
            "Answers with the code within 10 minutes before its share means anything. With fewer, one client's bad minute is a large share "
            "of a quiet deployment; more hide quiet deployments altogether.",
            minimum=2,
            maximum=100_000,
            unit="requests",
            matching=f"{_ON} group_left ()",
        ),
        _ratio("shed_ratio", 0.01, "Refused requests are retried by good clients: one in a hundred is where the rest feel it."),
        _ratio("expired_ratio", 0.01, "Requests that waited out the whole timeout are lost; one in a hundred pages."),
        _ratio(
            "crash_ratio",
            0.01,
            "One crash loses the requests of one replica, well below a hundredth of ten minutes; a hundredth is several.",
        ),
        _ratio("no_endpoint_ratio", 0.01, "A drain loses single requests; a hundredth means that there is nobody to route to."),
        _ratio(
            "timeout_ratio",
            0.005,
            "A request that ran into the timeout has held a slot for twenty minutes: half a per cent of them can fill a fleet.",
        ),
        _ratio("give_up_ratio", 0.01, "Some clients always close early; below a hundredth nobody would look."),
        Threshold(
            "give_up_factor",
            3,
            "Times its own median of the day that the share of given-up requests must reach: habits differ from model to model.",
            minimum=1,
            maximum=100,
            matching=f"{_ON} group_left ()",
        ),
        Threshold(
            "rise",
            1.2,
            "Requests in flight against their mean of the hour, above which they are rising: clients that leave a queue leave because it "
            "grows.",
            minimum=1,
            maximum=10,
            matching="",
        ),
        Threshold(
            "quick_seconds",
            300,
            "Mean time of requests that ended in 500, below which they are the model's own errors: a wait that expires has lasted 600 to "
            "1200 s.",
            minimum=1,
            maximum=1200,
            unit="s",
        ),
    ),
    records=RECORDS,
    alerts=(
        _alert(
            "ServingRequestsShed",
            Severity.WARNING,
            Kind.SYMPTOM,
            # At zero replicas the worker of the asynchronous queue is refused by design, until the first replica is there.
            f"""
            {_share("429", "$shed_ratio")}
            unless {_ON} (serving:active_replicas:max == 0)
            """,
            for_="10m",
            summary="Requests are refused with 429.",
            description=_says("429", "refuses")
            + text_by(
                "serving:requests_shed:reason",
                "reason",
                _SHED,
                otherwise="It is not at max_replica and does not refuse on full: a rate limit in front of it, or queued payloads that fill "
                "the router's memory.",
            ),
        ),
        _alert(
            "ServingRequestsExpired",
            Severity.CRITICAL,
            Kind.SYMPTOM,
            f"""
            {_share("500", "$expired_ratio")}
            and {_ON} ((serving:active_replicas:max == 0) or (serving:starting_replicas:max > 0))
            unless {_ON} (serving:server_error_seconds:mean10m < $quick_seconds)
            """,
            for_="2m",
            summary="Requests wait for a replica until they expire.",
            description=_says("500", "let expire")
            + value_of("serving:active_replicas:max")
            + " replicas serve and "
            + value_of("serving:starting_replicas:max")
            + " are starting; the expired requests had waited for "
            + value_of("serving:server_error_seconds:mean10m", form="humanizeDuration", otherwise="an unknown time")
            + " on average. Get a replica up first; then keep min_replica (now "
            + value_of("serving:min_replicas:current")
            + ") at "
            + value_of("serving:min_replicas:recommended", otherwise="1 or more")
            + ".",
        ),
        _alert(
            "ServingReplicaCrashes",
            Severity.WARNING,
            Kind.SYMPTOM,
            f"""
            {_share("502", "$crash_ratio")}
            unless {_ON} serving:no_restarts:flag
            """,
            for_="10m",
            summary="Requests are broken off by replicas that crash.",
            description=_says("502", "breaks off")
            + "Restarts in the last 15 minutes: "
            + value_of("serving:restart_loop:count15m", otherwise="unknown, the pod-health flag is off")
            + ". Read the replicas' log just before a restart: out of memory, or an input that crashes predict().",
        ),
        _alert(
            "ServingNoEndpoint",
            Severity.WARNING,
            Kind.SYMPTOM,
            f"""
            {_share("503", "$no_endpoint_ratio")}
            {NOT_ROLLOUT}
            """,
            for_="5m",
            summary="Requests find no endpoint, and no promotion explains it.",
            description=_says("503", "has no endpoint for")
            + value_of("serving:active_replicas:max")
            + " replicas serve. No promotion is under way: replicas that stop without draining, or whose circuit breaker is open.",
        ),
        _alert(
            "ServingRequestTimeouts",
            Severity.WARNING,
            Kind.SYMPTOM,
            _share("504", "$timeout_ratio"),
            for_="10m",
            summary="Requests run past the timeout.",
            description=_says("504", "times out")
            + "Each of them held a slot until the platform's timeout (1200 s). Send such work asynchronously (up to 3600 s), stream it, or "
            "make it shorter; where they are all one replica's, terminate that.",
        ),
        _alert(
            "ServingClientsGivingUp",
            Severity.WARNING,
            Kind.SYMPTOM,
            f"""
            {_share("499", "$give_up_ratio")}
            and ({SHARE} > serving:requests_by_code:share_median1d * $give_up_factor)
            and {_ON} (serving:inflight_requests:avg5m > $rise * serving:inflight_requests:mean1h)
            """,
            for_="10m",
            summary="Clients give up more often than usual while requests pile up.",
            description=_says("499", "loses")
            + "The day's median is "
            + value_of("serving:requests_by_code:share_median1d", where={"status_code": "499"}, form="humanizePercentage")
            + "; requests in flight are "
            + value_of("serving:inflight_requests:avg5m")
            + " after "
            + value_of("serving:inflight_requests:mean1h")
            + " on average of the hour. Clients leave a queue before it shows as errors: look for the alert on capacity or cold starts.",
        ),
    ),
    runbooks=RUNBOOKS,
    fires_on=("max-one-overloaded", "reject-on-full", "crash-on-load", "crash-loop", "crash-during-ramp", "hung-replica", "no-endpoint"),
    silent_on=(
        "low-traffic-one-error",
        "one-restart",
        "promotion",
        "websocket",
        "async-only",
        "diurnal",
        "nightly-drain",
        "development",
        "plain-feed",
    ),
)
