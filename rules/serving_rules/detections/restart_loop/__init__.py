"""C15: containers die, start and die again.

``records`` weighs the evidence and tells the patterns apart, ``records_examples`` proves it, ``cases`` proves the alerts, ``runbook`` is
the page.
"""

from __future__ import annotations

from serving_rules.detections.restart_loop import cases
from serving_rules.detections.restart_loop.records import RECORDS
from serving_rules.detections.restart_loop.runbook import RUNBOOK
from serving_rules.guards import NOT_DEVELOPMENT
from serving_rules.model import Alert, Dashboard, Detection, Inhibition, Kind, Severity, Threshold
from serving_rules.promql import DEPLOYMENT, name_of, names, text_by, value_of

__all__ = ["DETECTION"]

# No guard against promotions: a candidate that crashes must be heard before it gets the traffic.
_LOOP = f"""
serving:restart_loop:count3h
and (
  (serving:restart_loop:count1h >= $restarts)
  or
  ((serving:restart_loop:count3h >= $restarts) and (serving:startup_seconds:typical > $long_start_seconds))
  or
  (serving:restart_loop:count3h >= $slow_restarts)
  or
  (serving:restart_loop:in_vain3h >= $restarts)
)
{NOT_DEVELOPMENT}
unless serving:restart_loop:stopped
"""

_FELT = """
(
  (serving:restart_loop:nothing_serves15m > 0)
  or
  (serving:restart_loop:count15m >= $burst)
)
"""

_PATTERNS = {
    "memory": "Memory had reached {{ .Value | humanizePercentage }} of its limit: give it an instance type with at least "
    + value_of("serving:memory_limit_bytes:recommended", form='humanize1024 | printf "%sB"')
    + " of memory, or cut the batch to "
    + value_of("serving:batch_size_ratio:for_memory_near_limit", form="humanizePercentage")
    + " of its size.",
    "crash_on_load": '{{ .Value | printf "%.0f" }} of them died while the model was loading: '
    "read the log of load() on the newest replica, and promote the previous deployment. Where every start dies after the same time, set "
    "startup_threshold_seconds to twice what a start needs.",
    "liveness": "They come every {{ .Value | humanizeDuration }}, about restart_threshold_seconds ($restart_threshold_seconds s): the "
    "health check fails and the platform restarts the container. Fix is_healthy(), or raise restart_threshold_seconds (at most 3000).",
    "crash_in_predict": '{{ .Value | printf "%.0f" }} requests of that hour ended in 502: '
    "a request crashes the container. Read the log just before a restart for the input that does it.",
}

_DESCRIPTION = (
    name_of
    + " restarted or failed to start "
    + value_of("serving:restart_loop:count1h")
    + ' times in the last hour and {{ $value | printf "%.0f" }} times in the last three; '
    + value_of("serving:active_replicas:max")
    + " replicas serve. "
    + text_by(
        "serving:restart_loop:pattern",
        "pattern",
        _PATTERNS,
        otherwise="Memory, 502s and start-ups do not say why: read the log just before the last restart.",
    )
)


def _inhibits(targets: tuple[str, ...], why: str, source: dict[str, str] | None = None, target: dict[str, str] | None = None) -> Inhibition:
    return Inhibition("ServingRestartLoop", targets, DEPLOYMENT, why, source or {}, target or {})


DETECTION = Detection(
    id="C15",
    slug="restart_loop",
    title="Restart loop: containers die again and again",
    catches="Replicas that crash, are restarted and crash again: while serving, for want of memory, by their liveness check, or while "
    "loading the model.",
    origins=(),
    thresholds=(
        Threshold(
            "restarts",
            3,
            "One restart is ordinary. The back-off between two restarts grows to 5 minutes at most, so a loop makes three within 20 to 60 "
            "minutes. Fewer find accidents; more find the loop later, and none of a model that loads for a quarter of an hour.",
            minimum=2,
            maximum=60,
            unit="restarts",
            matching=f"on ({names(DEPLOYMENT)}) group_left ()",
        ),
        Threshold(
            "long_start_seconds",
            900,
            "A model that needs a quarter of an hour to load restarts at most three times an hour: its restarts are counted over 3 hours.",
            minimum=60,
            maximum=7200,
            unit="s",
        ),
        Threshold(
            "slow_restarts",
            5,
            "Restarts in 3 hours that are a loop at any load time. A liveness check at the platform's default of 1800 s restarts a single "
            "broken replica twice an hour, which the hour's count never sees.",
            minimum=3,
            maximum=180,
            unit="restarts",
        ),
        Threshold(
            "burst",
            3,
            "Restarts in 15 minutes that page although replicas still serve: at that pace each of them loses requests in flight.",
            minimum=2,
            maximum=60,
            unit="restarts",
        ),
        Threshold(
            "memory_ratio",
            0.95,
            "Share of its memory that a replica used within the last hour for the restarts to be put down to memory. Only the text depends "
            "on it.",
            minimum=0.5,
            maximum=1,
            unit="ratio",
        ),
        Threshold(
            "restart_threshold_seconds",
            1800,
            "The health check's restart_threshold_seconds (no API gives it; 1800 is the platform's default). Restarts that come about as "
            "often are put down to the liveness check. Only the text depends on it: set it for models with a threshold of their own.",
            minimum=10,
            maximum=3000,
            unit="s",
        ),
    ),
    records=RECORDS,
    alerts=(
        Alert(
            "ServingRestartLoop",
            Severity.CRITICAL,
            Kind.CAUSE,
            f"{_LOOP} and {_FELT}",
            for_="0m",
            keep_firing_for="1h",  # a loop is what an hour's restarts make: an hour without is its end
            summary="Replicas crash again and again, and users feel it.",
            description=_DESCRIPTION,
            proof=cases.CRITICAL,
            dashboard=Dashboard.DEPLOYMENT,
        ),
        Alert(
            "ServingRestartLoop",
            Severity.WARNING,
            Kind.CAUSE,
            f"{_LOOP} unless {_FELT}",
            for_="0m",
            keep_firing_for="1h",  # a loop is what an hour's restarts make: an hour without is its end
            summary="Replicas crash again and again, and others serve meanwhile.",
            description=_DESCRIPTION,
            proof=cases.WARNING,
            dashboard=Dashboard.DEPLOYMENT,
        ),
    ),
    inhibitions=(
        _inhibits(
            ("ServingThrash", "ServingConcurrencyTargetTooHigh", "ServingPodsNotReady"),
            "Replicas that die and return look like flapping, slow and unready ones; the loop is why.",
        ),
        _inhibits(
            ("ServingColdStartGap", "ServingBelowMinReplicas", "ServingReplicaCrashes", "ServingClientsGivingUp"),
            "Fewer replicas, replicas that start, requests that end in 502, users who leave: the loop's consequences.",
            target={"severity": "warning"},
        ),
        _inhibits(
            (
                "ServingColdStartGap",
                "ServingBelowMinReplicas",
                "ServingReplicasStuckStarting",
                "ServingRequestsParked",
                "ServingDeploymentUnhealthy",
            ),
            "One page for one incident, and this one says why nothing serves. A page is silenced by a page alone, never by a ticket.",
            source={"severity": "critical"},
            target={"severity": "critical"},
        ),
    ),
    runbooks={"ServingRestartLoop": RUNBOOK},
    fires_on=("crash-on-load", "crash-loop", "crash-during-ramp", "memory-leak"),
    silent_on=(
        "one-restart",
        "counter-reset",
        "label-change",
        "promotion",
        "scrape-outage",
        "diurnal",
        "nightly-drain",
        "boundary-noise",
        "development",
    ),
)
