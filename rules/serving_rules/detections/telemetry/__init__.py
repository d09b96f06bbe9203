"""C28: the data themselves: an exporter that is gone, sources that fail, numbers that are old or contradict each other."""

from __future__ import annotations

from serving_rules.detections.telemetry.records import RECORDS
from serving_rules.detections.telemetry.runbooks import RUNBOOKS
from serving_rules.guards import NOT_DEVELOPMENT
from serving_rules.model import (
    EVERYTHING,
    Alert,
    Case,
    Dashboard,
    Detection,
    Inhibition,
    Kind,
    Outcome,
    Proof,
    Scope,
    Severity,
    Threshold,
)
from serving_rules.promql import WORKSPACE, by, name_of, names, value_of

__all__ = ["DETECTION"]

_SOURCE = names((*WORKSPACE, "source"))

_NO_THRESHOLD = "the condition is a yes or no"
_NO_ZERO = "it is about the exporter, whatever runs"

_UP = "serving_workspace:source_up:max"
_SUPPORTED = "serving_workspace:source_supported:max"


def _failing(matcher: str) -> str:
    return f"""
    (serving_workspace:source_up:max{{{matcher}}} == 0)
    unless (serving_workspace:source_supported:max == 0)
    """


def _of(source: str) -> dict[str, str]:
    return {name: f'{name}{{source="{source}"}}' for name in (_UP, _SUPPORTED)}


_FEED, _INVENTORY = _of("feed"), _of("inventory")

_FAILING_TEXT = (
    "The source {{ $labels.source }} of workspace {{ $labels.workspace }} fails; it last succeeded "
    + value_of(
        "serving_workspace:source_age_seconds:now", labels=(*WORKSPACE, "source"), form="humanizeDuration", otherwise="an unknown time"
    )
    + " ago. "
)

DETECTION = Detection(
    id="C28",
    slug="telemetry",
    title="Telemetry: the data are missing, old or contradictory",
    catches="Everything that makes the other alerts blind or wrong: an exporter that is gone, a source that fails, is throttled or is old.",
    origins=(),
    thresholds=(
        Threshold(
            "silent_seconds",
            180,
            "Seconds without a report from any exporter of a workspace; with `for` it makes five minutes, longer than a restart of "
            "Prometheus or of the exporter.",
            minimum=60,
            maximum=86_400,
            unit="s",
            scope=Scope.WORKSPACE,
        ),
        Threshold(
            "stale_seconds",
            300,
            "Age of a source's last success that is accepted at any cadence; beyond it, three intervals of the source count. The feed "
            "refreshes every 30 s.",
            minimum=60,
            maximum=86_400,
            unit="s",
            scope=Scope.WORKSPACE,
            matching="on (platform, workspace) group_left ()",
        ),
        Threshold(
            "throttled",
            3,
            "Refused polls (429) in 15 minutes. One is an accident; three mean that something else spends the same budget.",
            minimum=1,
            maximum=1000,
            scope=Scope.WORKSPACE,
            matching="on (platform, workspace) group_left ()",
        ),
        Threshold(
            "settings_seconds",
            900,
            "Age of the settings at which what the alerts recommend may be out of date.",
            minimum=60,
            maximum=86_400,
            unit="s",
            scope=Scope.WORKSPACE,
        ),
    ),
    records=RECORDS,
    alerts=(
        Alert(
            "ServingExporterDown",
            Severity.CRITICAL,
            Kind.CAUSE,
            """
            (serving_workspace:exporter_silent_seconds:now > $silent_seconds)
            and (serving_workspace:exporter_silent_seconds:now < 604800)
            """,
            for_="2m",
            summary="No exporter reports a workspace any more: its alerts are blind.",
            description="No exporter has reported workspace {{ $labels.workspace }} for {{ $value | humanizeDuration }}. Every other "
            "alert "
            "of the workspace is "
            "silent because nothing is known, not because nothing is wrong.",
            scope=Scope.WORKSPACE,
            dashboard=Dashboard.EXPORTER,
            proof=Proof(
                base={"serving_workspace:exporter_silent_seconds:now": 181},
                quiet={"serving_workspace:exporter_silent_seconds:now": 0},
                description="No exporter has reported workspace w-one for 3m 1s. Every other alert of the workspace is silent because "
                "nothing is known, not "
                "because nothing is wrong.",
                cases=(
                    Case("three minutes", Outcome.UNDER, {"serving_workspace:exporter_silent_seconds:now": 180}),
                    Case("a second more", Outcome.AT, {"serving_workspace:exporter_silent_seconds:now": 181}, fires=True),
                    Case("six days", Outcome.OVER, {"serving_workspace:exporter_silent_seconds:now": 604799}, fires=True),
                    Case(
                        "after a week it was taken away on purpose",
                        Outcome.GUARD,
                        {"serving_workspace:exporter_silent_seconds:now": 604800},
                    ),
                ),
                waived={Outcome.ZERO: _NO_ZERO},
            ),
        ),
        Alert(
            "ServingSourceFailing",
            Severity.CRITICAL,
            Kind.CAUSE,
            _failing('source="feed"'),
            for_="5m",
            summary="The platform's feed cannot be read: load, replicas and latency are unknown.",
            description=_FAILING_TEXT + "Load, replicas and latency are unknown until it is back.",
            scope=Scope.WORKSPACE,
            extra_labels=("source",),
            dashboard=Dashboard.EXPORTER,
            proof=Proof(
                base={_FEED[_UP]: 0, _FEED[_SUPPORTED]: 1, 'serving_workspace:source_age_seconds:now{source="feed"}': 330},
                quiet={_FEED[_UP]: 1},
                labels={"source": "feed"},
                description="The source feed of workspace w-one fails; it last succeeded 5m 30s ago. Load, replicas and latency are "
                "unknown until it is back.",
                cases=(
                    Case("it is not permitted to the key", Outcome.GUARD, {_FEED[_SUPPORTED]: 0}),
                    Case("another source fails", Outcome.GUARD, {_FEED[_UP]: 1, _INVENTORY[_UP]: 0, _INVENTORY[_SUPPORTED]: 1}),
                    Case("whether it is permitted is not known", Outcome.ABSENT, {_FEED[_SUPPORTED]: None}, fires=True),
                ),
                waived={Outcome.UNDER: _NO_THRESHOLD, Outcome.AT: _NO_THRESHOLD, Outcome.ZERO: _NO_ZERO},
            ),
        ),
        Alert(
            "ServingSourceFailing",
            Severity.WARNING,
            Kind.CAUSE,
            _failing('source!="feed"'),
            for_="5m",
            summary="A source of the exporter fails.",
            description=_FAILING_TEXT + "Its series leave the page when they are too old; what needs them falls silent then.",
            scope=Scope.WORKSPACE,
            extra_labels=("source",),
            dashboard=Dashboard.EXPORTER,
            proof=Proof(
                base={_INVENTORY[_UP]: 0, _INVENTORY[_SUPPORTED]: 1, 'serving_workspace:source_age_seconds:now{source="inventory"}': 330},
                quiet={_INVENTORY[_UP]: 1},
                labels={"source": "inventory"},
                description="The source inventory of workspace w-one fails; it last succeeded 5m 30s ago. Its series leave the page when "
                "they are too old; what "
                "needs them falls silent then.",
                cases=(
                    Case("it is not permitted to the key", Outcome.GUARD, {_INVENTORY[_SUPPORTED]: 0}),
                    Case("whether it is permitted is not known", Outcome.ABSENT, {_INVENTORY[_SUPPORTED]: None}, fires=True),
                ),
                waived={Outcome.UNDER: _NO_THRESHOLD, Outcome.AT: _NO_THRESHOLD, Outcome.ZERO: _NO_ZERO},
            ),
        ),
        Alert(
            "ServingSourceStale",
            Severity.WARNING,
            Kind.CAUSE,
            f"""
            (serving_workspace:source_age_seconds:now > $stale_seconds)
            and (serving_workspace:source_age_seconds:now > 3 * serving_workspace:source_interval_seconds:max)
            and on ({_SOURCE}) (serving_workspace:source_up:max == 1)
            unless (serving_workspace:source_supported:max == 0)
            """,
            for_="2m",
            summary="A source has not been read for several of its intervals.",
            description="The source {{ $labels.source }} of workspace {{ $labels.workspace }} last succeeded {{ $value | "
            "humanizeDuration "
            "}} ago, although its "
            "last poll did not fail; its interval is "
            + value_of(
                "serving_workspace:source_interval_seconds:max",
                labels=(*WORKSPACE, "source"),
                form="humanizeDuration",
            )
            + ". The exporter hangs or is starved.",
            scope=Scope.WORKSPACE,
            extra_labels=("source",),
            dashboard=Dashboard.EXPORTER,
            proof=Proof(
                base={
                    'serving_workspace:source_age_seconds:now{source="prices"}': 901,
                    'serving_workspace:source_interval_seconds:max{source="prices"}': 300,
                    _of("prices")[_UP]: 1,
                    _of("prices")[_SUPPORTED]: 1,
                },
                quiet={'serving_workspace:source_age_seconds:now{source="prices"}': 10},
                labels={"source": "prices"},
                description="The source prices of workspace w-one last succeeded 15m 1s ago, although its last poll did not fail; its "
                "interval is 5m 0s. The "
                "exporter hangs or is starved.",
                cases=(
                    Case("three intervals", Outcome.UNDER, {'serving_workspace:source_age_seconds:now{source="prices"}': 900}),
                    Case("a second more", Outcome.AT, {'serving_workspace:source_age_seconds:now{source="prices"}': 901}, fires=True),
                    Case(
                        "five minutes of a fast source",
                        Outcome.UNDER,
                        {
                            'serving_workspace:source_age_seconds:now{source="prices"}': 300,
                            'serving_workspace:source_interval_seconds:max{source="prices"}': 30,
                        },
                    ),
                    Case(
                        "more than five minutes of a fast source",
                        Outcome.AT,
                        {
                            'serving_workspace:source_age_seconds:now{source="prices"}': 301,
                            'serving_workspace:source_interval_seconds:max{source="prices"}': 30,
                        },
                        fires=True,
                    ),
                    Case("it fails, which is another alert", Outcome.GUARD, {_of("prices")[_UP]: 0}),
                    Case("it is not permitted", Outcome.GUARD, {_of("prices")[_SUPPORTED]: 0}),
                ),
                waived={Outcome.ZERO: _NO_ZERO},
            ),
        ),
        Alert(
            "ServingApiThrottled",
            Severity.WARNING,
            Kind.CAUSE,
            "serving_workspace:source_throttled:increase15m >= $throttled",
            for_="5m",
            summary="The platform refuses the exporter's requests with 429.",
            description="The platform refused "
            """{{ $value | printf "%.0f" }} polls of the source {{ $labels.source }} of workspace {{ $labels.workspace }} in 15 minutes. """
            "The feed allows 6 requests a minute for the whole organization: scrape the exporter from every Prometheus, and let only one "
            "client poll the feed.",
            scope=Scope.WORKSPACE,
            extra_labels=("source",),
            dashboard=Dashboard.EXPORTER,
            proof=Proof(
                base={'serving_workspace:source_throttled:increase15m{source="feed"}': 3},
                quiet={'serving_workspace:source_throttled:increase15m{source="feed"}': 0},
                labels={"source": "feed"},
                description="The platform refused 3 polls of the source feed of workspace w-one in 15 minutes. The feed allows 6 "
                "requests "
                "a minute for the whole "
                "organization: scrape the exporter from every Prometheus, and let only one client poll the feed.",
                cases=(
                    Case("fewer than three", Outcome.UNDER, {'serving_workspace:source_throttled:increase15m{source="feed"}': 2.9}),
                    Case("three", Outcome.AT, {'serving_workspace:source_throttled:increase15m{source="feed"}': 3}, fires=True),
                ),
                waived={Outcome.GUARD: "a refusal is a refusal", Outcome.ZERO: _NO_ZERO},
            ),
        ),
        Alert(
            "ServingSettingsStale",
            Severity.WARNING,
            Kind.CAUSE,
            f"""
            max {by(WORKSPACE)} (serving_workspace:source_age_seconds:now{{source="inventory"}}) > $settings_seconds
            """,
            for_="2m",
            summary="Settings and status have not been read for a quarter of an hour.",
            description="Settings and status of workspace {{ $labels.workspace }} were last read {{ $value | humanizeDuration }} ago. "
            "Present settings in alerts "
            "may be out of date, and what needs them falls silent when they leave the page.",
            scope=Scope.WORKSPACE,
            dashboard=Dashboard.EXPORTER,
            proof=Proof(
                base={'serving_workspace:source_age_seconds:now{source="inventory"}': 901},
                quiet={'serving_workspace:source_age_seconds:now{source="inventory"}': 30},
                description="Settings and status of workspace w-one were last read 15m 1s ago. Present settings in alerts may be out of "
                "date, and what needs them "
                "falls silent when they leave the page.",
                cases=(
                    Case("a quarter of an hour", Outcome.UNDER, {'serving_workspace:source_age_seconds:now{source="inventory"}': 900}),
                    Case("a second more", Outcome.AT, {'serving_workspace:source_age_seconds:now{source="inventory"}': 901}, fires=True),
                    Case(
                        "only the inventory's age counts",
                        Outcome.GUARD,
                        {
                            'serving_workspace:source_age_seconds:now{source="inventory"}': 30,
                            'serving_workspace:source_age_seconds:now{source="prices"}': 20_000,
                        },
                    ),
                ),
                waived={Outcome.ZERO: _NO_ZERO},
            ),
        ),
        Alert(
            "ServingPodHealthBlind",
            Severity.INFO,
            Kind.CAUSE,
            f"""
            count {by(WORKSPACE)} (serving:active_replicas:max > 0)
            unless on ({names(WORKSPACE)}) count {by(WORKSPACE)} (serving:pods:max)
            """,
            for_="1h",
            summary="Restarts and readiness are not exported: crash loops are seen late.",
            description='{{ $value | printf "%.0f" }} deployments of workspace {{ $labels.workspace }} run, and none exports pod '
            "readiness or "
            "restarts: the platform's pod-health flag is off for the organization. Ask its support to switch it on; until then crash "
            "loops "
            "show only through start-ups and status codes.",
            scope=Scope.WORKSPACE,
            dashboard=Dashboard.EXPORTER,
            proof=Proof(
                base={"serving:active_replicas:max": 1},
                quiet={'serving:pods:max{condition="true"}': 1},
                description="1 deployments of workspace w-one run, and none exports pod readiness or restarts: the platform's pod-health "
                "flag is off for the "
                "organization. Ask its support to switch it on; until then crash loops show only through start-ups and status codes.",
                cases=(
                    Case(
                        "another deployment's pods are seen: the flag is on",
                        Outcome.GUARD,
                        {'serving:pods:max{deployment_id="d-two",condition="true"}': 1},
                    ),
                    Case("nothing runs", Outcome.ZERO, {"serving:active_replicas:max": 0}),
                    Case("one replica runs", Outcome.AT, {"serving:active_replicas:max": 1}, fires=True),
                ),
                waived={Outcome.UNDER: _NO_THRESHOLD},
            ),
        ),
        Alert(
            "ServingReplicaCountsDisagree",
            Severity.INFO,
            Kind.CAUSE,
            f"""
            serving:replica_counts:difference
            {NOT_DEVELOPMENT}
            """,
            for_="10m",
            summary="Feed and management API count different numbers of active replicas.",
            description="For "
            + name_of
            + " the management API counts "
            + value_of("serving:api_active_replicas:max")
            + " active replicas and the feed "
            + value_of("serving:active_replicas:max")
            + ", for more than half an hour. One of the two is wrong; alerts follow the feed.",
            dashboard=Dashboard.EXPORTER,
            proof=Proof(
                base={
                    "serving:replica_counts:difference": 3,
                    "serving:api_active_replicas:max": 5,
                    "serving:active_replicas:max": 2,
                },
                quiet={"serving:replica_counts:difference": None},
                description="For chat (production), deployment d-one the management API counts 5 active replicas and the feed 2, for "
                "more "
                "than half an hour. One of "
                "the two is wrong; alerts follow the feed.",
                cases=(
                    Case("a live-reload server counts as active", Outcome.GUARD, {"serving:development:flag": 1}),
                    Case("the feed says zero", Outcome.ZERO, {"serving:replica_counts:difference": 5}, fires=True),
                    Case("the feed says more", Outcome.OVER, {"serving:replica_counts:difference": -1}, fires=True),
                ),
                waived={Outcome.UNDER: "the record has no value while the counts agree", Outcome.AT: "any difference counts"},
            ),
        ),
    ),
    inhibitions=(
        Inhibition(
            "ServingExporterDown",
            EVERYTHING,
            WORKSPACE,
            "What still fires for the workspace rests on what the rules remember.",
        ),
        Inhibition(
            "ServingExporterDown",
            (
                "ServingSourceFailing",
                "ServingSourceStale",
                "ServingApiThrottled",
                "ServingSettingsStale",
                "ServingPodHealthBlind",
                "ServingReplicaCountsDisagree",
            ),
            WORKSPACE,
            "Its sources are gone with it.",
        ),
        Inhibition(
            "ServingSourceFailing",
            ("ServingSettingsStale",),
            WORKSPACE,
            "Settings that cannot be read grow old.",
            source_labels={"source": "inventory"},
        ),
        Inhibition(
            "ServingApiThrottled",
            ("ServingSourceFailing", "ServingSourceStale"),
            (*WORKSPACE, "source"),
            "A source that is refused fails; the refusal says why.",
        ),
    ),
    runbooks=RUNBOOKS,
    fires_on=("long-scrape-outage", "feed-failing", "exporter-down", "throttled"),
    silent_on=("scrape-outage", "plain-feed", "diurnal"),
)
