"""C7: requests arrive where no replica is, in a flood or for too long."""

from __future__ import annotations

from serving_rules.detections.cold_flood import cases
from serving_rules.detections.cold_flood.records import FLOOD, PARKED, RECORDS
from serving_rules.detections.cold_flood.runbook import FLOOD_RUNBOOK, PARKED_RUNBOOK
from serving_rules.guards import NOT_DEVELOPMENT, NOT_TOKENS
from serving_rules.model import Alert, Detection, Inhibition, Kind, Severity, Threshold
from serving_rules.promql import DEPLOYMENT, name_of, text_by, value_of

__all__ = ["DETECTION"]

_FOR_MIN = "serving:min_replicas:for_cold_flood"
_COST = value_of("serving:cold_flood_dollars_per_day:cost", form='printf "%.2f"', before=" ($", after=" a day)", otherwise="")

_CAUSES = {
    "no hardware": " There is no hardware for it: another instance type or region, or support.",
    "slow load": " A replica is loading.",
    "crash on load": " Its replicas crash while loading: read the log of load(), or promote the previous deployment.",
}

DETECTION = Detection(
    id="C7",
    slug="cold_flood",
    title="Cold flood: a burst meets zero replicas, or requests stay parked",
    catches="Many requests at once for a deployment that is scaled to zero, and requests that no replica takes for minutes, whatever the "
    "reason.",
    origins=("E2",),
    thresholds=(
        Threshold(
            "flood",
            4,
            "Four requests for every slot of the one replica that a wake starts: it will not keep up when it comes. A single polite "
            "request never reaches it, since it is four even for a target of 1.",
            minimum=1,
            maximum=1000,
            unit="times the concurrency target",
        ),
    ),
    records=RECORDS,
    alerts=(
        Alert(
            "ServingRequestsParked",
            Severity.CRITICAL,
            Kind.SYMPTOM,
            # After a crash of all replicas as well as at zero: whoever waits does not care. A promotion does not hold it back for the same
            # reason.
            f"{PARKED} {NOT_DEVELOPMENT}",
            for_="2m",
            # Longer than what it silences, which is kept for 20: a replica that comes at last must not be announced by a page about its
            # start.
            keep_firing_for="25m",
            summary="Requests have waited for minutes, and no replica is active to serve them.",
            description=name_of
            + ' has had at least {{ $value | printf "%.0f" }} requests parked for five minutes and no active replica; starting: '
            + value_of("serving:starting_replicas:max")
            + ". They end in 500 once the parking timeout (10 to 20 minutes) is over."
            + text_by("serving:stuck_starting_cause:current", "cause", _CAUSES, otherwise="")
            + value_of(_FOR_MIN, before=" min_replica is 0; set it to ", after=_COST + ".", otherwise=""),
            proof=cases.PARKED,
        ),
        Alert(
            "ServingColdFlood",
            Severity.WARNING,
            Kind.SYMPTOM,
            # One sample is enough: the feed is up to two minutes late, and four requests a slot were parked for that long. A start of
            # less than two minutes would hide from a second one.
            f"""
            {FLOOD}
            unless (serving:min_replicas:current > 0)
            {NOT_TOKENS} {NOT_DEVELOPMENT}
            """,
            for_="0m",
            keep_firing_for="5m",
            summary="A burst of requests meets a deployment that is scaled to zero.",
            description=name_of
            + ' has {{ $value | printf "%.0f" }} requests parked and no active replica; a start takes '
            + value_of("serving:startup_seconds:typical", form="humanizeDuration", otherwise="an unknown time")
            + ". min_replica is "
            + value_of("serving:min_replicas:current")
            + "; set it to "
            + value_of(_FOR_MIN)
            + _COST
            + ", or let a schedule raise it 15 minutes before the usual hour."
            + value_of(
                "serving:max_replicas:for_cold_flood",
                before=" Lower max_replica from " + value_of("serving:max_replicas:current") + " to ",
                after=": the backlog asks for more replicas than the load needs.",
                otherwise="",
            ),
            proof=cases.FLOOD,
        ),
    ),
    inhibitions=(
        Inhibition(
            "ServingColdFlood",
            ("ServingScaleToZeroChurn",),
            DEPLOYMENT,
            "The flood is what the next wake looks like; its advice, a floor, also ends the churn.",
        ),
        Inhibition(
            "ServingRequestsParked",
            (
                "ServingColdFlood",
                "ServingScaleToZeroChurn",
                "ServingReplicasStuckStarting",
                "ServingBelowMinReplicas",
                "ServingDeploymentStuck",
            ),
            DEPLOYMENT,
            "The page is out, and its text names the cause of a start that does not end.",
        ),
    ),
    runbooks={"ServingColdFlood": FLOOD_RUNBOOK, "ServingRequestsParked": PARKED_RUNBOOK},
    fires_on=("flood-from-zero", "bursts-short-delay", "crash-on-load"),
    silent_on=(
        "rare-requests-from-zero",
        "diurnal",
        "hourly-bursts",
        "nightly-drain",
        "promotion",
        "first-deployment",
        "development",
        "scrape-outage",
        "async-only",
        "plain-feed",
    ),
)
